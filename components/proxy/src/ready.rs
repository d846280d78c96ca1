//! `GET /internal/ready`.

use std::time::Duration;

use futures_util::future::{join, join_all};
use http::uri::PathAndQuery;
use jetway_gateway::http::{Code, HttpError, RequestId, Response, ready};
use jetway_gateway::proxy::{Upstream, UpstreamFailure};
use jetway_gateway::spin::http::{ErrorCode, Timeouts, failure_of, get};

use crate::settings::Settings;

/// Whoever asks for readiness will not wait for long.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(1),
    first_byte: Duration::from_secs(3),
    between_bytes: Duration::from_secs(1),
};

/// Ready where both services answer at one address at least, with whatever status: what they think of themselves is not for us to
/// judge. An address that the manifest does not let us call is a mistake, whatever the others do.
pub(crate) async fn check(settings: &Settings, request_id: &RequestId) -> Result<Response, HttpError> {
    let (flights, bookings) = join(
        answers("flight", &settings.flights, request_id),
        answers("booking", &settings.bookings, request_id),
    )
    .await;
    flights.and(bookings)?;
    Ok(ready())
}

async fn answers(service: &str, upstreams: &[Upstream], request_id: &RequestId) -> Result<(), HttpError> {
    let asked = upstreams.iter().map(async |upstream| {
        let target = upstream.target(Some(&PathAndQuery::from_static("/healthz")));
        get(&target, request_id, TIMEOUTS).await.map(|_| ())
    });
    let results = join_all(asked).await;
    let denied = |error: &&ErrorCode| failure_of(error) == UpstreamFailure::Denied;
    if let Some(error) = results
        .iter()
        .filter_map(|result| result.as_ref().err())
        .find(denied)
    {
        return Err(UpstreamFailure::Denied.into_error(service, format!("{error:?}")));
    }
    if results.iter().any(Result::is_ok) {
        return Ok(());
    }
    let detail = format!("The {service} service does not answer.");
    Err(HttpError::new(Code::NotReady, detail).caused_by(format!("{service} service: {results:?}")))
}
