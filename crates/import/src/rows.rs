//! The rows of the Node stack's tables, judged by the gateway's own types.

use jetway_gateway::domain::{
    BcryptCost, EmailAddress, PasswordHash, RoleDescription, RoleName, UserId, parse_rfc3339,
};
use jetway_gateway::ports::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::read::Row;

/// A user.
pub(crate) struct User {
    pub(crate) email: EmailAddress,
    pub(crate) hash: PasswordHash,
    pub(crate) created_at: Timestamp,
}

impl User {
    /// Reads a row; `dearest` is the cost up to which the gateway checks a hash. The reason why it is refused does not quote what may be a
    /// password.
    pub(crate) fn read(row: Row<'_>, now: Timestamp, dearest: BcryptCost) -> Result<Self, String> {
        let email = row
            .get(&["email", "emailaddress", "mail"])
            .ok_or("it has no e-mail address")?;
        let hash = row.get(&["password", "passwordhash", "hash"]);
        Ok(Self {
            email: EmailAddress::parse(email).map_err(|error| error.to_string())?,
            hash: read_hash(hash.ok_or("it has no password")?, dearest)?,
            created_at: row
                .get(&["createdat", "created"])
                .and_then(read_time)
                .unwrap_or(now),
        })
    }

    /// Its id here: the same whenever the same address is imported with the same time of sign-up.
    pub(crate) fn id(&self) -> Result<UserId, String> {
        let digest = Sha256::digest(format!("jetway import {}", self.email.canonical()));
        let mut bytes = [0; 10];
        bytes.copy_from_slice(&digest[..10]);
        let id = uuid::Builder::from_unix_timestamp_millis(self.created_at.as_millis(), &bytes).into_uuid();
        UserId::parse(&id.to_string()).map_err(|error| error.to_string())
    }
}

fn read_hash(text: &str, dearest: BcryptCost) -> Result<PasswordHash, String> {
    if text.starts_with("$2x$") {
        return Err(
            "its hash is of the form $2x$, which a faulty program made: it must set a new password".into(),
        );
    }
    let is_plain = ["$2a$", "$2b$", "$2y$"].iter().any(|form| text.starts_with(form));
    if !is_plain {
        return Err("what it has for a password is no bcrypt hash".into());
    }
    let cost = text.get(4..6).and_then(BcryptCost::of_digits);
    if cost.is_none_or(|cost| cost > dearest) {
        return Err(format!(
            "its hash has no cost, or one above {}, which the gateway does not check: it must set a new password",
            dearest.digits()
        ));
    }
    PasswordHash::parse(text.to_owned()).map_err(|_| "its bcrypt hash is damaged".into())
}

/// `2020-01-02 03:04:05` in UTC, as Sequelize keeps it in MySQL, or the form of JSON; with or without fractions.
fn read_time(text: &str) -> Option<Timestamp> {
    let text = text.trim_end_matches('Z').replace(' ', "T");
    let (seconds, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let is_number = fraction.bytes().all(|byte| byte.is_ascii_digit());
    let fraction: String = fraction.chars().chain("000".chars()).take(3).collect();
    parse_rfc3339(&format!("{seconds}.{fraction}Z")).filter(|_| is_number)
}

/// A role.
pub(crate) struct Role {
    pub(crate) name: RoleName,
    pub(crate) description: RoleDescription,
}

impl Role {
    pub(crate) fn read(row: Row<'_>) -> Result<Self, String> {
        let name = row.get(&["name", "role", "rolename"]).ok_or("it has no name")?;
        let description = row.get(&["description"]).unwrap_or_default();
        Ok(Self {
            // Roles were written in capitals there.
            name: RoleName::parse(&name.to_ascii_lowercase()).map_err(|error| error.to_string())?,
            description: RoleDescription::parse(description.to_owned()).map_err(|error| error.to_string())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_mysql_and_json_write_them() {
        for (text, millis) in [
            ("2020-01-02 03:04:05", 1_577_934_245_000),
            ("2020-01-02 03:04:05.678901", 1_577_934_245_678),
            ("2020-01-02T03:04:05.6Z", 1_577_934_245_600),
        ] {
            assert_eq!(read_time(text), Some(Timestamp::from_millis(millis)), "{text}");
        }
        for text in [
            "0000-00-00 00:00:00",
            "yesterday",
            "2020-01-02",
            "2020-01-02 03:04:05.x",
        ] {
            assert_eq!(read_time(text), None, "{text}");
        }
    }

    #[test]
    fn a_password_is_never_in_the_reason() {
        for text in [
            "hunter2",
            "$2x$10$hunter2",
            "$2b$31$hunter2",
            "$2b$10$hunter2",
            "$argon2id$hunter2",
        ] {
            let dearest = BcryptCost::parse("12").unwrap().dearest_checked();
            let reason = read_hash(text, dearest).unwrap_err();
            assert!(!reason.contains("hunter2"), "{reason}");
        }
    }
}
