//! A shuttle for the impatient: whenever somebody searches, there is a flight that leaves in two hours and a minute or two.
//!
//! People are reminded of a flight two hours before it leaves. Whoever books this one sees that happen within two minutes, however
//! long ago the service started; the timetable's flights leave at times of their own.

use time::{Duration, OffsetDateTime};
use uuid::{Builder, Uuid};

use super::model::{Flight, Price};

/// How long before its departure the next one takes its place.
const AHEAD: Duration = Duration::minutes(121);

/// The flight that is the next to leave [`AHEAD`] of `now`, on a full minute. It is the same for all who search within a minute.
pub(super) fn as_of(now: OffsetDateTime) -> Flight {
    let earliest = now + AHEAD;
    let departs_at = earliest.truncate_to_minute() + Duration::MINUTE;
    let minute_of_day = u32::from(departs_at.hour()) * 60 + u32::from(departs_at.minute());
    Flight {
        id: id(departs_at),
        number: format!("LX{}", 2000 + minute_of_day),
        airline: "LX".to_owned(),
        from: "ZRH".to_owned(),
        to: "GVA".to_owned(),
        departs_at,
        arrives_at: departs_at + Duration::minutes(50),
        price: Price {
            amount_minor: 8_900,
            currency: "EUR".to_owned(),
        },
        seats_available: 180,
    }
}

/// The departure decides the id, so that the flight can be put into the timetable any number of times.
fn id(departs_at: OffsetDateTime) -> Uuid {
    let millis = u64::try_from(departs_at.unix_timestamp()).unwrap_or_default() * 1000;
    Builder::from_unix_timestamp_millis(millis, b"\0\0ZRH-GVA\0").into_uuid()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn it_leaves_more_than_121_and_at_most_122_minutes_from_now() {
        for (now, departure) in [
            (
                datetime!(2030-03-04 05:06:00 UTC),
                datetime!(2030-03-04 07:08 UTC),
            ),
            (
                datetime!(2030-03-04 05:06:59.9 UTC),
                datetime!(2030-03-04 07:08 UTC),
            ),
            (
                datetime!(2030-03-04 22:58:30 UTC),
                datetime!(2030-03-05 01:00 UTC),
            ),
        ] {
            let flight = as_of(now);
            assert_eq!(flight.departs_at, departure);
            let ahead = departure - now;
            assert!(AHEAD < ahead && ahead <= AHEAD + Duration::MINUTE);
        }
    }

    #[test]
    fn it_is_one_for_all_who_search_within_a_minute() {
        let now = datetime!(2030-03-04 05:06:07 UTC);
        let id = as_of(now).id;
        assert_eq!(as_of(now + Duration::seconds(50)).id, id);
        assert_ne!(as_of(now + Duration::minutes(1)).id, id);
        assert_eq!(id.get_version_num(), 7);
    }
}
