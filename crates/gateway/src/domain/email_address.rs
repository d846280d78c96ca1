//! An e-mail address.

use serde::{Deserialize, Serialize};

use super::Invalid;

/// The longest address that a mail server must take (RFC 5321 section 4.5.3.1.3, less the angle brackets).
const MAX_OCTETS: usize = 254;
const MAX_LOCAL_OCTETS: usize = 64;
const MAX_LABEL_OCTETS: usize = 63;

/// An e-mail address of the form that HTML's `<input type=email>` takes, in ASCII, of at most 254 octets.
///
/// It is kept as its owner wrote it; two addresses that differ only in case are the same address, here as in the
/// database.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

/// Why a text is no [`EmailAddress`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmailAddress {
    /// Longer than a mail server must take.
    #[error("the e-mail address is longer than 254 characters")]
    TooLong,
    /// Not of the form `local@domain`.
    #[error("the e-mail address is not of the form name@example.com")]
    Malformed,
}

impl Invalid for InvalidEmailAddress {
    fn code(&self) -> &'static str {
        match self {
            Self::TooLong => "email_too_long",
            Self::Malformed => "email_malformed",
        }
    }
}

impl EmailAddress {
    /// Takes `text` exactly as it stands: spaces around it are the client's mistake to mend.
    pub fn parse(text: &str) -> Result<Self, InvalidEmailAddress> {
        if text.len() > MAX_OCTETS {
            return Err(InvalidEmailAddress::TooLong);
        }
        let (local, domain) = text.split_once('@').ok_or(InvalidEmailAddress::Malformed)?;
        if is_local_part(local) && domain.split('.').all(is_label) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidEmailAddress::Malformed)
        }
    }

    /// The address as its owner wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.split_once('@').map_or("", |(local, _)| local)
    }

    /// The one spelling that all spellings of this address share, for keys and comparisons.
    pub fn canonical(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl PartialEq for EmailAddress {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for EmailAddress {}

impl TryFrom<String> for EmailAddress {
    type Error = InvalidEmailAddress;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

fn is_local_part(local: &str) -> bool {
    !local.is_empty()
        && local.len() <= MAX_LOCAL_OCTETS
        && local
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&b))
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= MAX_LABEL_OCTETS
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_addresses_are_taken_as_they_stand() {
        for text in [
            "ada@example.com",
            "Ada.Lovelace+flights@mail.example.co.uk",
            "o'hara@example.com",
            "a@localhost",
        ] {
            assert_eq!(EmailAddress::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "@",
            "ada",
            "ada@",
            "@example.com",
            "a b@example.com",
            " a@example.com",
            "a@@b",
            "a@b@c",
            "a@b..c",
            "a@-b",
            "a@b-",
            "ä@example.com",
            "a@exämple.com",
            "a@b\n",
            "a@b\0",
            "a,b@c",
            "<a@b>",
        ] {
            assert_eq!(
                EmailAddress::parse(text),
                Err(InvalidEmailAddress::Malformed),
                "{text:?}"
            );
        }
    }

    #[test]
    fn an_address_has_at_most_254_octets_and_its_local_part_64() {
        let domain = [&"d".repeat(63)[..]; 2].join(".");
        let of_length = |n: usize| {
            format!(
                "{}@{domain}.{}",
                "l".repeat(63),
                "e".repeat(n - 63 - 1 - domain.len() - 1)
            )
        };
        assert!(EmailAddress::parse(&of_length(254)).is_ok());
        assert_eq!(
            EmailAddress::parse(&of_length(255)),
            Err(InvalidEmailAddress::TooLong)
        );
        assert!(EmailAddress::parse(&format!("{}@example.com", "l".repeat(65))).is_err());
    }

    #[test]
    fn case_does_not_tell_two_addresses_apart() {
        assert_eq!(
            EmailAddress::parse("Ada@Example.com"),
            EmailAddress::parse("ada@example.COM")
        );
    }
}
