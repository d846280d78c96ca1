//! The flight service, as the booking service calls it.

use std::time::Duration;

use axum::http::StatusCode;
use reqwest::{Client, Response};
use uuid::Uuid;

use crate::flights::Flight;
use crate::flights::reservations::Reservation;
use crate::problem::Problem;

/// A client of the flight service.
pub(crate) struct FlightService {
    base_url: String,
    client: Client,
}

impl FlightService {
    pub(crate) fn new(base_url: &str) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .connect_timeout(Duration::from_secs(2))
            .timeout(Duration::from_secs(5))
            .build()?;
        Ok(Self {
            base_url: base_url.trim_end_matches('/').to_owned(),
            client,
        })
    }

    /// Takes seats for a booking, and answers the flight they are on.
    pub(super) async fn reserve(&self, flight: Uuid, booking: Uuid, seats: u32) -> Result<Flight, Problem> {
        let request = self
            .client
            .put(self.reservation_url(flight, booking))
            .json(&Reservation { seats });
        let answer = request.send().await.map_err(|error| unreachable(&error))?;
        match answer.status() {
            StatusCode::OK => answer.json().await.map_err(|error| unreachable(&error)),
            StatusCode::NOT_FOUND => Err(Problem::invalid("flight_id", "There is no such flight.")),
            StatusCode::CONFLICT => Err(conflict(answer).await),
            _ => Err(broken()),
        }
    }

    /// Gives a booking's seats back. To ask twice does no harm.
    pub(super) async fn release(&self, flight: Uuid, booking: Uuid) -> Result<(), Problem> {
        let request = self.client.delete(self.reservation_url(flight, booking));
        let answer = request.send().await.map_err(|error| unreachable(&error))?;
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(broken())
        }
    }

    fn reservation_url(&self, flight: Uuid, booking: Uuid) -> String {
        format!(
            "{}/internal/flights/{flight}/reservations/{booking}",
            self.base_url
        )
    }
}

async fn conflict(answer: Response) -> Problem {
    let body: serde_json::Value = answer.json().await.unwrap_or_default();
    if body["code"] == "departed" {
        Problem::new(StatusCode::CONFLICT, "departed", "The flight has departed.")
    } else {
        Problem::new(
            StatusCode::CONFLICT,
            "sold_out",
            "The flight has not that many seats left.",
        )
    }
}

fn unreachable(error: &reqwest::Error) -> Problem {
    if error.is_timeout() {
        let detail = "The flight service took too long to answer.";
        Problem::new(StatusCode::GATEWAY_TIMEOUT, "upstream_timeout", detail)
    } else {
        let detail = "The flight service could not be reached.";
        Problem::new(StatusCode::BAD_GATEWAY, "upstream_unreachable", detail)
    }
}

fn broken() -> Problem {
    let detail = "The flight service gave an answer that makes no sense.";
    Problem::new(StatusCode::BAD_GATEWAY, "upstream_unreachable", detail)
}
