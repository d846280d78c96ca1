//! What a message on a channel wants of us.

use serde::Deserialize;

use crate::domain::{EventId, InvalidId};

/// A message, by what is to be done about it. The channel is not known here, only the payload: the type of the event decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WakeUp {
    /// An event of our own has happened, and is in the outbox.
    Ours(EventId),
    /// Somebody else's event, which nobody here waits for.
    NotForUs,
}

/// Why a message is none that we understand. Its words are safe to log.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// It is no CloudEvent in JSON.
    #[error("it is no CloudEvent: {0}")]
    NoCloudEvent(#[from] serde_json::Error),
    /// An event of ours has an id of ours.
    #[error(transparent)]
    Id(#[from] InvalidId),
}

/// As much of a CloudEvent as it takes to find it again. What it says is not believed: the outbox has it.
#[derive(Deserialize)]
struct Envelope {
    id: String,
    source: String,
}

/// The `source` of our own events.
const OURS: &str = "/jetway";

impl WakeUp {
    /// Reads a message.
    pub fn parse(payload: &[u8]) -> Result<Self, Malformed> {
        let Envelope { id, source } = serde_json::from_slice(payload)?;
        if source == OURS {
            Ok(Self::Ours(EventId::parse(&id)?))
        } else {
            Ok(Self::NotForUs)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01893726-efee-7f02-8fbf-9f2b7bc2f910";

    #[test]
    fn an_event_of_ours_is_known_by_its_id() {
        let payload =
            format!(r#"{{"specversion":"1.0","id":"{ID}","source":"/jetway","type":"x","data":{{}}}}"#);
        let ours = WakeUp::Ours(EventId::parse(ID).unwrap());
        assert_eq!(WakeUp::parse(payload.as_bytes()).unwrap(), ours);
    }

    #[test]
    fn an_event_of_others_is_not_for_us() {
        let payload = br#"{"specversion":"1.0","id":"7","source":"/elsewhere","type":"x"}"#;
        assert_eq!(WakeUp::parse(payload).unwrap(), WakeUp::NotForUs);
    }

    #[test]
    fn anything_else_is_refused() {
        for payload in [
            &b""[..],
            b"\xff",
            b"null",
            b"[]",
            br#"{"id":"x"}"#,
            br#"{"id":"x","source":"/jetway"}"#,
            br#"{"id":7,"source":"/jetway"}"#,
        ] {
            assert!(WakeUp::parse(payload).is_err(), "{payload:?}");
        }
    }
}
