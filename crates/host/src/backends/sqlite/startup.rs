//! The statements that `--sqlite` runs before the application starts.

use std::{collections::BTreeMap, fs, io};

use super::{Database, Error};

/// The database of statements that name none.
const DEFAULT: &str = "default";

/// Why the statements did not run.
#[derive(Debug, thiserror::Error)]
pub enum StartupError {
    /// The file after the `@` cannot be read.
    #[error("--sqlite @{path}: cannot read the file: {reason}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why not.
        reason: io::Error,
    },
    /// The label after the file names no database.
    #[error("--sqlite {argument}: there is no SQLite database {label:?}")]
    NoSuchDatabase {
        /// The argument as it was given.
        argument: String,
        /// The label in it.
        label: String,
    },
    /// SQLite refused them.
    #[error("--sqlite {argument}: {reason}")]
    Refused {
        /// The argument as it was given.
        argument: String,
        /// What SQLite said.
        reason: Error,
    },
}

/// Runs the arguments of `--sqlite` in their order: each is SQL for the database `default`, or `@FILE` or `@FILE:LABEL`
/// for the SQL in a file.
pub async fn run_startup_statements(
    databases: &BTreeMap<String, Database>,
    arguments: &[String],
) -> Result<(), StartupError> {
    for argument in arguments {
        let (sql, label) = match argument.strip_prefix('@') {
            None => (argument.clone(), DEFAULT),
            Some(file) => {
                let (path, label) = file.rsplit_once(':').unwrap_or((file, DEFAULT));
                let sql = fs::read_to_string(path).map_err(|reason| StartupError::Unreadable {
                    path: path.to_owned(),
                    reason,
                })?;
                (sql, label)
            }
        };
        let argument = || argument.clone();
        let database = databases.get(label).ok_or_else(|| StartupError::NoSuchDatabase {
            argument: argument(),
            label: label.to_owned(),
        })?;
        database
            .open()
            .execute_batch(sql)
            .await
            .map_err(|reason| StartupError::Refused {
                argument: argument(),
                reason,
            })?;
    }
    Ok(())
}
