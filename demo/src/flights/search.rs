//! Reading flights: open to everyone.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;

use super::model::{Flight, is_airport_code};
use super::shuttle;
use super::store::Flights;
use crate::json::Parameters;
use crate::page;
use crate::problem::Problem;

/// The search parameters as they come.
#[derive(Deserialize)]
pub(super) struct Search {
    from: Option<String>,
    to: Option<String>,
    date: Option<String>,
    minutes_ahead: Option<u16>,
    limit: Option<usize>,
    cursor: Option<String>,
}

#[derive(Serialize)]
pub(super) struct FlightList {
    flights: Vec<Flight>,
    next_cursor: Option<String>,
}

/// `GET /api/v1/flights`: the flights that have not left yet, and with `minutes_ahead` none that leaves within so many minutes.
pub(super) async fn list(
    State(store): State<Arc<Flights>>,
    Parameters(search): Parameters<Search>,
) -> Result<Json<FlightList>, Problem> {
    let limit = page::limit(search.limit)?;
    let from = search.from.map(|code| airport("from", &code)).transpose()?;
    let to = search.to.map(|code| airport("to", &code)).transpose()?;
    let date = search.date.as_deref().map(day).transpose()?;
    let after = search.cursor.as_deref().map(place).transpose()?;
    let now = OffsetDateTime::now_utc();
    let earliest = now + Duration::minutes(search.minutes_ahead.unwrap_or_default().into());

    store.insert_if_absent(shuttle::as_of(now));
    let mut flights = store.list(|flight| {
        flight.departs_at > earliest
            && from.as_ref().is_none_or(|code| *code == flight.from)
            && to.as_ref().is_none_or(|code| *code == flight.to)
            && date.is_none_or(|date| date == flight.departs_at.date())
            && after.is_none_or(|after| after < flight.order())
    });
    let next_cursor = page::cut(&mut flights, limit, cursor);
    Ok(Json(FlightList { flights, next_cursor }))
}

/// `GET /api/v1/flights/{id}`.
pub(super) async fn show(
    State(store): State<Arc<Flights>>,
    Path(id): Path<String>,
) -> Result<Json<Flight>, Problem> {
    let id = flight_id(&id)?;
    store
        .get(id)
        .map(Json)
        .ok_or_else(|| Problem::not_found("flight"))
}

/// An id that is not a UUID names no flight.
pub(super) fn flight_id(id: &str) -> Result<Uuid, Problem> {
    id.parse().map_err(|_| Problem::not_found("flight"))
}

fn airport(parameter: &str, code: &str) -> Result<String, Problem> {
    let code = code.to_ascii_uppercase();
    if is_airport_code(&code) {
        Ok(code)
    } else {
        Err(Problem::invalid(parameter, "An IATA airport code, such as LHR."))
    }
}

fn day(date: &str) -> Result<Date, Problem> {
    Date::parse(date, format_description!("[year]-[month]-[day]"))
        .map_err(|_| Problem::invalid("date", "A UTC date, such as 2030-01-31."))
}

/// A cursor is the place of the last flight of a page, so that it stays right when flights come and go.
fn cursor(flight: &Flight) -> String {
    format!("{}.{}", flight.departs_at.unix_timestamp(), flight.id.simple())
}

fn place(cursor: &str) -> Result<(OffsetDateTime, Uuid), Problem> {
    cursor
        .split_once('.')
        .and_then(|(seconds, id)| {
            let departs_at = OffsetDateTime::from_unix_timestamp(seconds.parse().ok()?).ok()?;
            Some((departs_at, id.parse().ok()?))
        })
        .ok_or_else(|| Problem::invalid("cursor", "The next_cursor of an earlier answer."))
}
