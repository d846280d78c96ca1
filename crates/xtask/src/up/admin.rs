//! The first administrator of a gateway on a laptop.
//!
//! Its e-mail and password stay in `.spin/dev-admin.json`, beside the database that knows the account, as the body of a
//! sign-in. Nothing of it is fixed: a password that everybody knows would sooner or later guard something real.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::http;
use super::secret::{self, random_hex};

const EMAIL: &str = "admin@example.com";
const FILE: &str = "dev-admin.json";

/// Who the administrator is to be, and the one-time proof that we may say so.
pub(super) struct Admin {
    file: PathBuf,
    email: String,
    password: String,
    bootstrap_token: String,
    remembered: bool,
}

impl Admin {
    /// The administrator of the last time, or a new one with a random password. It is on disk before the gateway hears
    /// of it, so that no account is made whose password is lost.
    pub(super) fn remembered_or_new(state: &Path) -> Result<Self> {
        let file = state.join(FILE);
        let bootstrap_token = random_hex()?;
        let (email, password, remembered) = match fs::read(&file) {
            Ok(text) => {
                let broken = || {
                    format!(
                        "{} is broken: delete it, and the .spin folder with it",
                        file.display()
                    )
                };
                let (email, password) = parse(&text).with_context(broken)?;
                (email, password, true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let password = random_hex()?;
                let body = json!({"email": EMAIL, "password": password}).to_string();
                secret::write(&file, &body).with_context(|| format!("cannot write {}", file.display()))?;
                (EMAIL.to_owned(), password, false)
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
        };
        Ok(Self {
            file,
            email,
            password,
            bootstrap_token,
            remembered,
        })
    }

    /// The secret that the gateway must be given for [`Self::bootstrap`].
    pub(super) fn bootstrap_token(&self) -> &str {
        &self.bootstrap_token
    }

    /// Makes the account if there is no administrator yet, and tells what to say about it.
    pub(super) fn bootstrap(&self, gateway: SocketAddr) -> Result<String> {
        let Self {
            email,
            password,
            bootstrap_token: token,
            ..
        } = self;
        let body = json!({"token": token, "email": email, "password": password}).to_string();
        let answer = http::post(gateway, "/api/v1/admin/bootstrap", &body)?;
        match answer.status {
            201 => Ok(self.credentials()),
            409 if self.remembered => Ok(self.credentials()),
            409 => {
                // The account in the file was not made: it must not be taken for one the next time.
                fs::remove_file(&self.file).context("cannot remove the unused administrator file")?;
                Ok("there is one already, whose password only its owner knows".to_owned())
            }
            status => bail!(
                "the gateway refused to make the first administrator: {status} {}",
                answer.body
            ),
        }
    }

    fn credentials(&self) -> String {
        format!("{}  {}  (kept in .spin/{FILE})", self.email, self.password)
    }
}

fn parse(text: &[u8]) -> Option<(String, String)> {
    let admin: Value = serde_json::from_slice(text).ok()?;
    Some((
        admin.get("email")?.as_str()?.to_owned(),
        admin.get("password")?.as_str()?.to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_administrator_is_remembered_and_readable_by_its_owner_only() {
        let state = std::env::temp_dir().join(random_hex().unwrap());
        let first = Admin::remembered_or_new(&state).unwrap();
        let second = Admin::remembered_or_new(&state).unwrap();
        assert_eq!((&first.email, &first.password), (&second.email, &second.password));
        assert_ne!(first.bootstrap_token, second.bootstrap_token);
        let mode = fs::metadata(state.join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::remove_dir_all(state).unwrap();
    }
}
