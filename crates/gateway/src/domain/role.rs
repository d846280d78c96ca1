//! Roles: names that policies ask for.

use serde::{Deserialize, Serialize};

use super::{DisplayText, Invalid};

const MAX_NAME: usize = 64;
const MAX_DESCRIPTION: usize = 200;

/// The name of a role: a lower-case letter, then lower-case letters, digits, `-` and `_`; at most 64 characters. So it
/// needs no quoting in a header, a path or a policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleName(String);

/// The text is no role name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role name is a lower-case letter and then lower-case letters, digits, - and _, at most 64 in all")]
pub struct InvalidRoleName;

impl Invalid for InvalidRoleName {
    fn code(&self) -> &'static str {
        "role_name_malformed"
    }
}

impl RoleName {
    /// Reads a role name.
    pub fn parse(text: &str) -> Result<Self, InvalidRoleName> {
        let well_formed = text.len() <= MAX_NAME
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        if well_formed {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidRoleName)
        }
    }

    /// The role of those who administer the others.
    pub fn admin() -> Self {
        Self("admin".to_owned())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RoleName {
    type Error = InvalidRoleName;

    fn try_from(text: String) -> Result<Self, InvalidRoleName> {
        Self::parse(&text)
    }
}

impl From<RoleName> for String {
    fn from(name: RoleName) -> Self {
        name.0
    }
}

/// What a role is for, in a line of at most 200 characters, all of which are seen; may be empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoleDescription(String);

/// The text is no description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role description is one line of at most 200 characters, none of them invisible")]
pub struct InvalidRoleDescription;

impl Invalid for InvalidRoleDescription {
    fn code(&self) -> &'static str {
        "role_description_malformed"
    }
}

impl RoleDescription {
    /// Takes `text` as it stands.
    pub fn parse(text: String) -> Result<Self, InvalidRoleDescription> {
        if text.chars().count() > MAX_DESCRIPTION || !DisplayText::is_plain(&text) {
            return Err(InvalidRoleDescription);
        }
        Ok(Self(text))
    }

    /// The description as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A role as it is stored and shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Role {
    /// What policies ask for.
    pub name: RoleName,
    /// What it is for.
    pub description: RoleDescription,
    /// When it was made (RFC 3339, UTC).
    pub created_at: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_name_needs_no_quoting_anywhere() {
        for text in ["admin", "airline", "tier-2_support", &"r".repeat(64)] {
            assert_eq!(RoleName::parse(text).unwrap().as_str(), text);
        }
        for text in [
            "",
            "Admin",
            "2nd",
            "-x",
            "a b",
            "a,b",
            "a/b",
            "é",
            "a\n",
            &"r".repeat(65),
        ] {
            assert_eq!(RoleName::parse(text), Err(InvalidRoleName), "{text:?}");
        }
    }

    #[test]
    fn a_description_is_one_line() {
        assert!(RoleDescription::parse("Réserve des sièges".to_owned()).is_ok());
        assert!(RoleDescription::parse("é".repeat(200)).is_ok());
        assert!(RoleDescription::parse("é".repeat(201)).is_err());
        for text in [
            "two\nlines",
            "two\u{2028}lines",
            "\u{202e}nimda",
            "ad\u{200b}min",
            "\u{e0041}",
            "a\u{ad}b",
        ] {
            assert!(RoleDescription::parse(text.to_owned()).is_err(), "{text:?}");
        }
    }
}
