//! A timetable to start with: real airports and airlines, made-up flights.
//!
//! It is the same in every run but for the departures, which are counted from now: the first leaves within the
//! hour, the last in about ten days. Flying time and price follow from the distance, so that both look right.

use time::{Duration, OffsetDateTime};
use uuid::{Builder, Uuid};

use super::model::{Flight, Price};

struct Airport {
    code: &'static str,
    latitude: f64,
    longitude: f64,
}

const fn airport(code: &'static str, latitude: f64, longitude: f64) -> Airport {
    Airport {
        code,
        latitude,
        longitude,
    }
}

const AIRPORTS: [Airport; 20] = [
    airport("AMS", 52.31, 4.76),
    airport("ARN", 59.65, 17.92),
    airport("ATH", 37.94, 23.94),
    airport("BCN", 41.30, 2.08),
    airport("CDG", 49.01, 2.55),
    airport("CPH", 55.62, 12.65),
    airport("DUB", 53.42, -6.27),
    airport("DXB", 25.25, 55.36),
    airport("FCO", 41.80, 12.25),
    airport("FRA", 50.03, 8.56),
    airport("HEL", 60.32, 24.96),
    airport("HND", 35.55, 139.78),
    airport("IST", 41.28, 28.75),
    airport("JFK", 40.64, -73.78),
    airport("LHR", 51.47, -0.45),
    airport("LIS", 38.77, -9.13),
    airport("MAD", 40.47, -3.56),
    airport("SIN", 1.36, 103.99),
    airport("VIE", 48.11, 16.57),
    airport("ZRH", 47.46, 8.55),
];

/// Airlines with the airport they fly from.
const AIRLINES: [(&str, &str); 14] = [
    ("AF", "CDG"),
    ("AY", "HEL"),
    ("BA", "LHR"),
    ("EI", "DUB"),
    ("EK", "DXB"),
    ("IB", "MAD"),
    ("JL", "HND"),
    ("KL", "AMS"),
    ("LH", "FRA"),
    ("LX", "ZRH"),
    ("OS", "VIE"),
    ("SQ", "SIN"),
    ("TK", "IST"),
    ("TP", "LIS"),
];

/// How often the whole network is flown, and how far apart the departures are.
const ROUNDS: usize = 3;
const DESTINATIONS_PER_HUB: usize = 5;
const HEADWAY: Duration = Duration::minutes(35);

/// Bookable seats, in the order flights come up: some are all but full, one in a while has a single seat left.
const SEATS: [u32; 11] = [142, 38, 9, 180, 64, 3, 96, 211, 17, 1, 120];

/// The timetable as it looks at `now`.
pub(super) fn starting_at(now: OffsetDateTime) -> Vec<Flight> {
    let first = on_a_five(now) + Duration::minutes(25);
    (0..ROUNDS)
        .flat_map(|round| (0..DESTINATIONS_PER_HUB).map(move |nth| (round, nth)))
        .flat_map(|(round, nth)| {
            AIRLINES
                .iter()
                .enumerate()
                .map(move |(airline, _)| (round, nth, airline))
        })
        .filter_map(|(round, nth, airline)| legs(round, nth, airline))
        .flatten()
        .zip(0u32..)
        .map(|(leg, index)| leg.at(first + HEADWAY * index, index))
        .collect()
}

/// One flight without its time.
struct Leg {
    airline: &'static str,
    number: usize,
    from: &'static Airport,
    to: &'static Airport,
}

/// An airline's flight out to its `nth` destination of a `round`, and the flight back.
fn legs(round: usize, nth: usize, airline: usize) -> Option<[Leg; 2]> {
    let (code, hub) = AIRLINES.get(airline)?;
    let hub_index = AIRPORTS.iter().position(|airport| airport.code == *hub)?;
    // Steps from the hub through the other airports, never back onto the hub itself.
    let step = 1 + (airline * 3 + round * 7 + nth * 4) % (AIRPORTS.len() - 1);
    let (hub, away) = (
        &AIRPORTS[hub_index],
        &AIRPORTS[(hub_index + step) % AIRPORTS.len()],
    );
    let number = 100 + step * 10 + round * 2;
    Some([
        Leg {
            airline: code,
            number,
            from: hub,
            to: away,
        },
        Leg {
            airline: code,
            number: number + 1,
            from: away,
            to: hub,
        },
    ])
}

impl Leg {
    fn at(&self, departs_at: OffsetDateTime, index: u32) -> Flight {
        let kilometres = distance(self.from, self.to);
        let flying_time = on_a_five_minutes(30.0 + kilometres / 840.0 * 60.0);
        let euros = 35.0 + kilometres * 0.085 + f64::from(index % 7) * 6.0;
        Flight {
            id: id(index),
            number: format!("{}{}", self.airline, self.number),
            airline: self.airline.to_owned(),
            from: self.from.code.to_owned(),
            to: self.to.code.to_owned(),
            departs_at,
            arrives_at: departs_at + flying_time,
            price: Price {
                amount_minor: euros.round() as u32 * 100,
                currency: "EUR".to_owned(),
            },
            seats_available: SEATS[index as usize % SEATS.len()],
        }
    }
}

/// Ids stay the same from run to run, so that a link to a flight outlives a restart: the time in them is that of the
/// flight's place in the timetable and not of today.
fn id(index: u32) -> Uuid {
    const PUBLISHED_MILLIS: u64 = 1_767_225_600_000;
    let mut rest = [0; 10];
    rest[6..].copy_from_slice(&index.wrapping_mul(0x9e37_79b1).to_be_bytes());
    Builder::from_unix_timestamp_millis(PUBLISHED_MILLIS + u64::from(index), &rest).into_uuid()
}

/// The great-circle distance in kilometres (haversine formula).
fn distance(from: &Airport, to: &Airport) -> f64 {
    const EARTH_RADIUS: f64 = 6371.0;
    let (from_latitude, to_latitude) = (from.latitude.to_radians(), to.latitude.to_radians());
    let half_north = (to_latitude - from_latitude) / 2.0;
    let half_east = (to.longitude - from.longitude).to_radians() / 2.0;
    let chord = half_north.sin().powi(2) + from_latitude.cos() * to_latitude.cos() * half_east.sin().powi(2);
    2.0 * EARTH_RADIUS * chord.sqrt().asin()
}

fn on_a_five_minutes(minutes: f64) -> Duration {
    Duration::minutes((minutes / 5.0).round() as i64 * 5)
}

/// The last full five minutes before `now`.
fn on_a_five(now: OffsetDateTime) -> OffsetDateTime {
    let past = now.unix_timestamp().rem_euclid(300);
    now - Duration::seconds(past) - Duration::nanoseconds(i64::from(now.nanosecond()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2030-03-04 05:06:07.8 UTC);

    #[test]
    fn a_few_hundred_flights_leave_from_within_the_hour_to_ten_days_ahead() {
        let flights = starting_at(NOW);
        assert_eq!(flights.len(), 420);
        assert!(flights.iter().all(|flight| flight.departs_at > NOW));
        assert!(
            flights
                .iter()
                .any(|flight| flight.departs_at < NOW + Duration::HOUR)
        );
        assert!(
            flights
                .iter()
                .any(|flight| flight.departs_at > NOW + Duration::days(9))
        );
    }

    #[test]
    fn ids_are_distinct_and_the_same_in_every_run() {
        let ids = |now| {
            starting_at(now)
                .into_iter()
                .map(|flight| flight.id)
                .collect::<Vec<_>>()
        };
        let first = ids(NOW);
        assert_eq!(first, ids(NOW + Duration::days(3)));
        assert_eq!(first.iter().collect::<HashSet<_>>().len(), first.len());
        assert!(first.iter().all(|id| id.get_version_num() == 7));
    }

    #[test]
    fn flights_are_plausible() {
        for flight in starting_at(NOW) {
            assert_ne!(flight.from, flight.to);
            let flying_time = flight.arrives_at - flight.departs_at;
            assert!(
                (Duration::minutes(45)..Duration::hours(16)).contains(&flying_time),
                "{flight:?}"
            );
            assert!(
                (4_000..200_000).contains(&flight.price.amount_minor),
                "{flight:?}"
            );
            assert!(flight.seats_available > 0);
            assert_eq!(flight.departs_at.second(), 0);
        }
    }

    #[test]
    fn no_two_flights_of_one_number_leave_on_the_same_day() {
        let mut seen = HashSet::new();
        for flight in starting_at(NOW) {
            assert!(
                seen.insert((flight.number.clone(), flight.departs_at.date())),
                "{flight:?}"
            );
        }
    }
}
