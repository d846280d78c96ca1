//! `GET /internal/ready`.

use std::time::Duration;

use futures_util::future::join;
use http::uri::PathAndQuery;
use jetway_gateway::http::{Code, HttpError, RequestId, Response, ready};
use jetway_gateway::proxy::Upstream;
use jetway_gateway::spin::http::{Timeouts, get};

use crate::settings::Settings;

/// Whoever asks for readiness will not wait for long.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(1),
    first_byte: Duration::from_secs(3),
    between_bytes: Duration::from_secs(1),
};

/// Ready where both services answer, with whatever status: what they think of themselves is not for us to judge.
pub(crate) async fn check(settings: &Settings, request_id: &RequestId) -> Result<Response, HttpError> {
    let (flights, bookings) = join(
        answers("flight", &settings.flights, request_id),
        answers("booking", &settings.bookings, request_id),
    )
    .await;
    flights.and(bookings)?;
    Ok(ready())
}

async fn answers(service: &str, upstream: &Upstream, request_id: &RequestId) -> Result<(), HttpError> {
    let target = upstream.target(Some(&PathAndQuery::from_static("/healthz")));
    match get(&target, request_id, TIMEOUTS).await {
        Ok(_) => Ok(()),
        Err(error) => {
            let detail = format!("The {service} service does not answer.");
            Err(HttpError::new(Code::NotReady, detail).caused_by(format!("{service} service: {error:?}")))
        }
    }
}
