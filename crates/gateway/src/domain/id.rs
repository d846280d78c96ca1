//! Ids: UUID version 7 (RFC 9562), so that an index on them grows at its end, as text.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Invalid;
use crate::ports::{Clock, Entropy};

/// The text is no id: not a UUID of version 7 in its usual form (36 characters, lower case).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the id is not a UUID of version 7")]
pub struct InvalidId;

impl Invalid for InvalidId {
    fn code(&self) -> &'static str {
        "id_malformed"
    }
}

fn generate(clock: &impl Clock, entropy: &impl Entropy) -> Uuid {
    let mut random = [0; 10];
    entropy.fill(&mut random);
    uuid::Builder::from_unix_timestamp_millis(clock.now().as_millis(), &random).into_uuid()
}

fn parse(text: &str) -> Result<Uuid, InvalidId> {
    let id = Uuid::try_parse(text).map_err(|_| InvalidId)?;
    // The crate reads other spellings too. One spelling for an id: a second would be a second key for the same thing.
    let usual = id.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text;
    if usual && id.get_version_num() == 7 {
        Ok(id)
    } else {
        Err(InvalidId)
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Uuid);

        impl $name {
            /// A new id, of this moment.
            pub fn generate(clock: &impl Clock, entropy: &impl Entropy) -> Self {
                Self(generate(clock, entropy))
            }

            /// Reads an id in its usual form.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                parse(text).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    };
}

id! {
    /// Names a user.
    UserId
}
id! {
    /// Names a session: one sign-in and all the refreshes that follow from it.
    SessionId
}
id! {
    /// Names one access token (the claim `jti`).
    TokenId
}
id! {
    /// Names an event, and the notification of it.
    EventId
}
id! {
    /// Names a one-time token, which is derived from it.
    OneTimeTokenId
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01893726-efee-7f02-8fbf-9f2b7bc2f910";

    #[test]
    fn an_id_is_read_and_written_in_its_usual_form() {
        assert_eq!(UserId::parse(ID).unwrap().to_string(), ID);
    }

    #[test]
    fn every_other_spelling_is_refused() {
        let braced = format!("{{{ID}}}");
        let urn = format!("urn:uuid:{ID}");
        let others = ["", "x", &ID.to_uppercase(), &ID.replace('-', ""), &braced, &urn];
        for text in others {
            assert_eq!(UserId::parse(text), Err(InvalidId), "{text:?}");
        }
    }

    #[test]
    fn only_version_7_is_an_id() {
        assert_eq!(
            UserId::parse("f47ac10b-58cc-4372-a567-0e02b2c3d479"),
            Err(InvalidId)
        );
    }
}
