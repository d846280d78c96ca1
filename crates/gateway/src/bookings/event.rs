//! An event of the booking service.

use serde::{Deserialize, Serialize};

use crate::domain::{UserId, parse_rfc3339};
use crate::ports::Timestamp;

/// As long as a name in an event may be, in bytes: an id, a source, a flight's number.
const MAX_NAME: usize = 256;

/// What has become of a booking: one of the types that docs/events.md lists under "To the gateway".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookingEvent {
    /// Who tells of it. With `id`, it names the event (CloudEvents 1.0, section 3.1).
    pub source: String,
    /// Its id, unique in its source.
    pub id: String,
    /// Its type.
    pub kind: String,
    /// When it happened, where it says so.
    pub time: Option<Timestamp>,
    /// What it says.
    pub data: BookingData,
    /// `data.departure_at`.
    pub departure_at: Timestamp,
}

/// The data of an event about a booking, also of those that the gateway makes of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct BookingData {
    /// The booking service's id.
    pub booking_id: String,
    /// Whose booking it is.
    pub user_id: UserId,
    /// Of which flight.
    pub flight: Flight,
    /// When that leaves: RFC 3339, in the offset of the place if the service knows it.
    pub departure_at: String,
}

/// A flight.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Flight {
    /// Its number.
    pub number: String,
    /// Where it leaves.
    pub from: String,
    /// Where it goes.
    pub to: String,
}

/// Why an event about a booking cannot be taken. The words are for its sender, and may repeat some of it.
#[derive(Debug, thiserror::Error)]
pub enum InvalidBookingEvent {
    /// Another version of CloudEvents.
    #[error("`specversion` is not 1.0")]
    SpecVersion,
    /// An attribute or a text of the data is empty or too long.
    #[error("`{0}` is empty or longer than {MAX_NAME} bytes")]
    Name(&'static str),
    /// `time` is no time.
    #[error("`{0}` is not a time of RFC 3339 since 1970")]
    Time(&'static str),
    /// The data is not that of the type.
    #[error("`data` is not that of the type: {0}")]
    Data(serde_json::Error),
    /// There is no data.
    #[error("`data` is missing")]
    NoData,
}

/// The types of event that are about a booking.
const TYPES: [&str; 3] = [
    "com.jetway.booking.confirmed.v1",
    "com.jetway.booking.changed.v1",
    "com.jetway.booking.cancelled.v1",
];

/// The attributes of a CloudEvent that say what to do with it. Others are not looked at, as CloudEvents wants it.
#[derive(Debug, Deserialize)]
pub(crate) struct Envelope<'a> {
    pub specversion: String,
    pub id: String,
    pub source: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub time: Option<String>,
    #[serde(borrow)]
    pub data: Option<&'a serde_json::value::RawValue>,
}

impl BookingEvent {
    /// Whether events of this type are about bookings.
    pub(crate) fn is(kind: &str) -> bool {
        TYPES.contains(&kind)
    }

    /// Reads the event in an envelope whose type is one of ours.
    pub(crate) fn read(envelope: Envelope<'_>) -> Result<Self, InvalidBookingEvent> {
        if envelope.specversion != "1.0" {
            return Err(InvalidBookingEvent::SpecVersion);
        }
        let time = envelope
            .time
            .map(|time| parse_rfc3339(&time).ok_or(InvalidBookingEvent::Time("time")))
            .transpose()?;
        let data = envelope.data.ok_or(InvalidBookingEvent::NoData)?;
        let data: BookingData = serde_json::from_str(data.get()).map_err(InvalidBookingEvent::Data)?;
        let names = [
            ("source", &envelope.source),
            ("id", &envelope.id),
            ("data.booking_id", &data.booking_id),
            ("data.flight.number", &data.flight.number),
            ("data.flight.from", &data.flight.from),
            ("data.flight.to", &data.flight.to),
        ];
        if let Some((name, _)) = names
            .iter()
            .find(|(_, text)| text.is_empty() || text.len() > MAX_NAME)
        {
            return Err(InvalidBookingEvent::Name(name));
        }
        Ok(Self {
            departure_at: parse_rfc3339(&data.departure_at)
                .ok_or(InvalidBookingEvent::Time("data.departure_at"))?,
            source: envelope.source,
            id: envelope.id,
            kind: envelope.kind,
            time,
            data,
        })
    }
}
