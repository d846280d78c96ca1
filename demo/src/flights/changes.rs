//! Telling the booking service of flights that leave at another time, so that it can tell whoever has booked them.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::store::Flights;
use crate::outbox::{Delivery, Outbox};

/// Tells the booking service; or nobody, where there is none.
pub(crate) struct Changes {
    outbox: Option<Outbox<Uuid>>,
}

impl Changes {
    pub(super) fn to_nobody() -> Self {
        Self { outbox: None }
    }

    /// Told to the booking service under this URL, which may be there later; and the task that does it.
    pub(super) fn to(url: &str, flights: Arc<Flights>) -> Result<(Self, JoinHandle<()>), reqwest::Error> {
        let client = Client::builder()
            .connect_timeout(Duration::from_secs(2))
            .timeout(Duration::from_secs(5))
            .build()?;
        let (outbox, task) = Outbox::start(BookingService {
            changed_flights: format!("{}/internal/changed-flights", url.trim_end_matches('/')),
            client,
            flights,
        });
        Ok((Self { outbox: Some(outbox) }, task))
    }

    /// Tells that this flight leaves at another time. The caller does not wait.
    pub(super) fn tell(&self, flight: Uuid) {
        if let Some(outbox) = &self.outbox {
            outbox.put(flight);
        }
    }
}

struct BookingService {
    changed_flights: String,
    client: Client,
    flights: Arc<Flights>,
}

impl Delivery for BookingService {
    type Item = Uuid;
    const TO: &'static str = "the booking service";

    /// Tells the flight as it is by now: of two changes that come at once the booking service ends with the later.
    async fn deliver(&mut self, id: &Uuid) -> Result<(), String> {
        let Some(flight) = self.flights.get(*id) else {
            // Withdrawn since then.
            return Ok(());
        };
        let request = self.client.post(&self.changed_flights).json(&flight);
        let answer = request.send().await.map_err(|error| error.to_string())?;
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(format!("it answered {}", answer.status()))
        }
    }
}
