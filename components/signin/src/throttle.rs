//! The rate limits by e-mail address. The middleware counts by client, before anybody has read the body; these are counted
//! here, by whoever has. A device that has signed in with the address before has a count of its own, so that a flood from
//! elsewhere does not use up its owner's.

use http::{Method, Request};
use jetway_gateway::Failure;
use jetway_gateway::http::{HttpError, Response};
use jetway_gateway::ports::Ports;
use jetway_gateway::rate_limit::{By, Partition, add_headers, exceeded};
use jetway_gateway::slowdown::Who;

use crate::app::App;

/// The limits of a request, to be looked up before its body is read.
#[derive(Debug)]
pub(crate) struct Throttle {
    method: Method,
    path: String,
}

impl Throttle {
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        Self {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
        }
    }

    /// Counts the request as one about this address, and answers with `handler` unless it is one too many. Every answer
    /// says how the limits stand.
    pub(crate) async fn by_email<P: Ports>(
        self,
        who: &Who<'_>,
        app: &App<'_, P>,
        handler: impl AsyncFnOnce() -> Result<Response, HttpError>,
    ) -> Result<Response, HttpError> {
        let limits = app.settings.rate_limits.of(By::Email, &self.method, &self.path);
        let partition = match who.device {
            Some(device) => Partition::Device(device),
            None => Partition::email(&who.email.canonical()),
        };
        let limits = limits.map(|limit| (limit, partition));
        // What cannot be counted is refused: better no sign-in than one that may be tried without end.
        let limiter = &app.memory.limiter;
        limiter.note_request();
        let usages = limiter
            .count(app.ports.key_value(), app.ports.clock(), app.ports.way(), limits)
            .await
            .map_err(Failure::from)?;
        let answer = match exceeded(&usages) {
            Some(problem) => Err(problem.into()),
            None => handler().await,
        };
        match answer {
            Ok(mut response) => {
                add_headers(response.headers_mut(), &usages);
                Ok(response)
            }
            Err(mut error) => {
                add_headers(error.headers_mut(), &usages);
                Err(error)
            }
        }
    }
}
