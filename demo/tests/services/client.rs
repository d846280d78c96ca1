//! Both services on free ports, and a client that speaks as the gateway would.

use jetway_demo::{BookingOptions, FlightOptions, Running, start_bookings, start_flights};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const ALICE: &str = "01940000-0000-7000-8000-00000000000a";
pub(crate) const BOB: &str = "01940000-0000-7000-8000-00000000000b";

pub(crate) struct Demo {
    pub(crate) flights: Running,
    pub(crate) bookings: Running,
    client: Client,
}

impl Demo {
    pub(crate) async fn start() -> Self {
        let (flights, bookings) = (free_port().await, free_port().await);
        let options = FlightOptions {
            bookings: Some(format!("http://{}", bookings.local_addr().unwrap())),
            ..FlightOptions::default()
        };
        let flights = start_flights(flights, &options).unwrap();
        let bookings = start_bookings(bookings, &flights.url(), &BookingOptions::default()).unwrap();
        Self {
            flights,
            bookings,
            client: Client::new(),
        }
    }

    pub(crate) fn flight_request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.flights.url() + path)
    }

    pub(crate) fn booking_request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.bookings.url() + path)
    }

    pub(crate) async fn search(&self, query: &str) -> Value {
        answer(self.flight_request(Method::GET, &format!("/api/v1/flights{query}")))
            .await
            .1
    }

    pub(crate) async fn flight(&self, id: &str) -> Value {
        answer(self.flight_request(Method::GET, &format!("/api/v1/flights/{id}")))
            .await
            .1
    }

    /// A flight with that many seats left, from the timetable.
    pub(crate) async fn flight_with_seats(&self, seats: u64) -> String {
        let list = self.search("?limit=100").await;
        let flights = list["flights"].as_array().unwrap();
        let flight = flights
            .iter()
            .find(|flight| flight["seats_available"] == seats)
            .unwrap();
        flight["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn seats_left(&self, flight: &str) -> u64 {
        self.flight(flight).await["seats_available"].as_u64().unwrap()
    }

    pub(crate) async fn book(&self, user: &str, flight: &str, seats: u64) -> (StatusCode, Value) {
        let body = json!({"flight_id": flight, "seats": seats});
        answer(
            self.booking_request(Method::POST, "/api/v1/bookings")
                .header("x-user-id", user)
                .json(&body),
        )
        .await
    }

    pub(crate) async fn as_user(&self, user: &str, method: Method, path: &str) -> (StatusCode, Value) {
        answer(self.booking_request(method, path).header("x-user-id", user)).await
    }
}

/// Sends a request; an empty body becomes `null`.
pub(crate) async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    let status = response.status();
    let body = response.bytes().await.unwrap();
    (
        status,
        if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&body).unwrap()
        },
    )
}

async fn free_port() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}
