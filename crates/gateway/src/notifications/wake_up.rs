//! What a message on a channel wants of us.

use crate::bookings::{BookingEvent, Envelope, InvalidBookingEvent};
use crate::domain::{EventId, InvalidId};

/// As long as a message may be, in bytes. No event comes near it.
const MAX_MESSAGE: usize = 64 * 1024;

/// A message, by what is to be done about it. The channel is not known here, only the payload: the type of the event decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WakeUp {
    /// An event of our own has happened, and is in the outbox.
    Ours(EventId),
    /// Something has become of a booking.
    Booking(Box<BookingEvent>),
    /// Somebody else's event, which nobody here waits for.
    NotForUs,
}

/// Why a message is none that we understand. The words are for whoever wrote it, and may repeat some of it: they are kept, and are
/// not for the log.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// It is longer than any event.
    #[error("it is longer than {MAX_MESSAGE} bytes")]
    TooLong,
    /// It is no CloudEvent in JSON.
    #[error("it is no CloudEvent: {0}")]
    NoCloudEvent(#[from] serde_json::Error),
    /// An event of ours has an id of ours.
    #[error(transparent)]
    Id(#[from] InvalidId),
    /// An event about a booking does not say what it should.
    #[error(transparent)]
    Booking(#[from] InvalidBookingEvent),
}

/// The `source` of our own events.
const OURS: &str = "/jetway";

impl WakeUp {
    /// Reads a message. What it says of our own events is not believed: the outbox has them.
    pub fn parse(payload: &[u8]) -> Result<Self, Malformed> {
        if payload.len() > MAX_MESSAGE {
            return Err(Malformed::TooLong);
        }
        let envelope: Envelope<'_> = serde_json::from_slice(payload)?;
        if envelope.source == OURS {
            Ok(Self::Ours(EventId::parse(&envelope.id)?))
        } else if BookingEvent::is(&envelope.kind) {
            Ok(Self::Booking(Box::new(BookingEvent::read(envelope)?)))
        } else {
            Ok(Self::NotForUs)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ID: &str = "01893726-efee-7f02-8fbf-9f2b7bc2f910";

    fn parse(event: &Value) -> Result<WakeUp, String> {
        WakeUp::parse(event.to_string().as_bytes()).map_err(|error| error.to_string())
    }

    fn event(kind: &str) -> Value {
        json!({
            "specversion": "1.0", "id": "7", "source": "/bookings", "type": kind, "subject": "b-1",
            "time": "2026-01-02T03:04:05Z", "traceparent": "an extension",
            "data": {
                "booking_id": "b-1", "user_id": ID, "departure_at": "2026-02-03T10:00:00+01:00", "seats": 2,
                "flight": { "number": "LH 1", "from": "FRA", "to": "JFK" },
            },
        })
    }

    #[test]
    fn an_event_of_ours_is_known_by_its_id() {
        let ours = json!({ "specversion": "1.0", "id": ID, "source": "/jetway", "type": "x", "data": {} });
        assert_eq!(parse(&ours), Ok(WakeUp::Ours(EventId::parse(ID).unwrap())));
    }

    #[test]
    fn an_event_about_a_booking_says_what_has_become_of_it() {
        for kind in ["confirmed", "changed", "cancelled"] {
            let kind = format!("com.jetway.booking.{kind}.v1");
            let Ok(WakeUp::Booking(booking)) = parse(&event(&kind)) else {
                panic!("{kind}");
            };
            assert_eq!((booking.kind, booking.data.booking_id.as_str()), (kind, "b-1"));
            assert_eq!(
                Some(booking.departure_at),
                crate::domain::parse_rfc3339("2026-02-03T09:00:00Z")
            );
        }
        let mut timeless = event("com.jetway.booking.changed.v1");
        timeless.as_object_mut().unwrap().remove("time");
        assert!(matches!(parse(&timeless), Ok(WakeUp::Booking(booking)) if booking.time.is_none()));
    }

    #[test]
    fn an_event_of_others_is_not_for_us() {
        for kind in [
            "x",
            "com.jetway.booking.confirmed.v2",
            "com.jetway.booking.reminder.v1",
        ] {
            assert_eq!(parse(&event(kind)), Ok(WakeUp::NotForUs), "{kind}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_booking_is_named() {
        let long = "x".repeat(300);
        for (place, value, named) in [
            ("/specversion", json!("0.3"), "specversion"),
            ("/id", json!(""), "id"),
            ("/time", json!("yesterday"), "time"),
            ("/data", json!(7), "data"),
            ("/data", Value::Null, "data"),
            ("/data/booking_id", json!(""), "data.booking_id"),
            ("/data/booking_id", json!(7), "data"),
            ("/data/user_id", json!("7"), "UUID"),
            ("/data/departure_at", json!("soon"), "data.departure_at"),
            ("/data/flight/number", json!(long), "data.flight.number"),
            ("/data/flight", json!({}), "data"),
        ] {
            let mut event = event("com.jetway.booking.confirmed.v1");
            *event.pointer_mut(place).unwrap() = value;
            let error = parse(&event).unwrap_err();
            assert!(error.contains(named), "{place}: {error}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let long = vec![b' '; MAX_MESSAGE + 1];
        for payload in [
            &b""[..],
            b"\xff",
            b"null",
            b"[]",
            br#"{"id":"x"}"#,
            br#"{"specversion":"1.0","id":"x","source":"/jetway","type":"x"}"#,
            br#"{"specversion":"1.0","id":7,"source":"/jetway","type":"x"}"#,
            br#"{"specversion":"1.0","id":"7","id":"8","source":"/x","type":"x"}"#,
            &long,
        ] {
            assert!(WakeUp::parse(payload).is_err(), "{payload:?}");
        }
    }
}
