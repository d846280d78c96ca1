//! The layout of the state folder, with Spin's file names: one can change from one to the other and keep the data.

use std::path::{Path, PathBuf};

/// Where an application keeps its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateDir(Option<PathBuf>);

impl StateDir {
    /// `given` is what the command line or else the runtime config says: nothing means `.spin` beside the manifest, an
    /// empty value means that nothing is kept.
    pub fn new(given: Option<&str>, base_dir: &Path) -> std::io::Result<Self> {
        match given {
            Some("") => Ok(Self(None)),
            Some(path) => std::path::absolute(path).map(|path| Self(Some(path))),
            None => Ok(Self(Some(base_dir.join(".spin")))),
        }
    }

    /// The folder itself, unless nothing is kept.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.0.as_deref()
    }

    /// The file of the key-value store `default`.
    #[must_use]
    pub fn key_value_file(&self) -> Option<PathBuf> {
        self.0.as_ref().map(|dir| dir.join("sqlite_key_value.db"))
    }

    /// The file of the SQLite database `default`.
    #[must_use]
    pub fn sqlite_file(&self) -> Option<PathBuf> {
        self.0.as_ref().map(|dir| dir.join("sqlite_db.db"))
    }

    /// The folder of the components' logs, where nothing else is said.
    #[must_use]
    pub fn log_dir(&self) -> Option<PathBuf> {
        self.0.as_ref().map(|dir| dir.join("logs"))
    }
}

/// The files that a component's standard output and standard error are appended to, in that order.
#[must_use]
pub fn log_files(log_dir: &Path, component: &str) -> [PathBuf; 2] {
    ["stdout", "stderr"].map(|stream| log_dir.join(format!("{component}_{stream}.txt")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lies_beside_the_manifest_with_spins_names() {
        let dir = StateDir::new(None, Path::new("/app")).unwrap();
        assert_eq!(
            dir.key_value_file().unwrap(),
            Path::new("/app/.spin/sqlite_key_value.db")
        );
        assert_eq!(dir.sqlite_file().unwrap(), Path::new("/app/.spin/sqlite_db.db"));
        let logs = dir.log_dir().unwrap();
        assert_eq!(
            log_files(&logs, "signup")[0],
            Path::new("/app/.spin/logs/signup_stdout.txt")
        );
        assert_eq!(
            log_files(&logs, "signup")[1],
            Path::new("/app/.spin/logs/signup_stderr.txt")
        );
    }

    #[test]
    fn an_empty_value_keeps_nothing() {
        let dir = StateDir::new(Some(""), Path::new("/app")).unwrap();
        assert_eq!(
            (dir.path(), dir.key_value_file(), dir.sqlite_file()),
            (None, None, None)
        );
    }

    #[test]
    fn a_relative_value_starts_at_the_working_directory() {
        let dir = StateDir::new(Some("state"), Path::new("/app")).unwrap();
        assert_eq!(
            dir.path().unwrap(),
            std::env::current_dir().unwrap().join("state")
        );
    }
}
