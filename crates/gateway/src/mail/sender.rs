//! Who mails are from.

use crate::domain::EmailAddress;

const MAX_NAME_CHARS: usize = 64;

/// Who mails are from: an address, and a name for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The address.
    pub address: EmailAddress,
    /// The name.
    pub name: Option<String>,
}

/// Not a sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not of the form `Name <name@example.com>` or `name@example.com`")]
pub struct InvalidSender;

impl Sender {
    /// Reads `Name <name@example.com>`, or an address alone. A name has no quotes, brackets or control characters: it is written in
    /// quotes, and needs nothing escaped.
    pub fn parse(text: &str) -> Result<Self, InvalidSender> {
        let address = |text: &str| EmailAddress::parse(text).map_err(|_| InvalidSender);
        let Some((name, rest)) = text.split_once('<') else {
            return Ok(Self {
                address: address(text.trim())?,
                name: None,
            });
        };
        let inner = rest.strip_suffix('>').ok_or(InvalidSender)?;
        let name = name.trim();
        let plain = |c: char| !c.is_control() && !r#""\<>@"#.contains(c);
        if name.is_empty() || name.chars().count() > MAX_NAME_CHARS || !name.chars().all(plain) {
            return Err(InvalidSender);
        }
        Ok(Self {
            address: address(inner)?,
            name: Some(name.to_owned()),
        })
    }

    /// The domain of the address.
    pub fn domain(&self) -> &str {
        self.address.as_str().rsplit('@').next().unwrap_or_default()
    }
}

/// As the header `From` has it.
impl std::fmt::Display for Sender {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.name {
            Some(name) => write!(formatter, "\"{name}\" <{}>", self.address.as_str()),
            None => formatter.write_str(self.address.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_quoted() {
        let sender = Sender::parse("Jetway, Inc. <no-reply@mail.example.com>").unwrap();
        assert_eq!(sender.to_string(), "\"Jetway, Inc.\" <no-reply@mail.example.com>");
        assert_eq!(sender.domain(), "mail.example.com");
        assert_eq!(
            Sender::parse("a@example.com").unwrap().to_string(),
            "a@example.com"
        );
    }

    #[test]
    fn what_could_be_read_as_more_than_one_sender_is_none() {
        for text in [
            "",
            "Jetway",
            "<a@example.com>",
            "Jetway <a@example.com",
            "Jetway <a@example.com>, b@example.com",
            "\"Jetway\" <a@example.com>",
            "Jet\r\nBcc: b@example.com <a@example.com>",
            "Jet\\ <a@example.com>",
            "a@example.com, b@example.com",
        ] {
            assert_eq!(Sender::parse(text), Err(InvalidSender), "{text:?}");
        }
    }
}
