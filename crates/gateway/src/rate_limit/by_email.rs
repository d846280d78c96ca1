//! The limits by e-mail address. The middleware counts by client, before anybody has read the body; these are counted by the component,
//! which has.

use http::{Method, Request};

use super::{By, Limiter, Partition, RateLimits, add_headers, exceeded};
use crate::Failure;
use crate::domain::EmailAddress;
use crate::http::{HttpError, Response};
use crate::ports::{Clock as _, Ports};
use crate::rules::Target;

/// What the limits of a request are found by, to be kept when its body is read.
#[derive(Debug)]
pub struct ByEmail {
    method: Method,
    path: String,
}

impl ByEmail {
    /// The limits of this request.
    pub fn of<B>(request: &Request<B>) -> Self {
        Self {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
        }
    }

    /// Counts the request as one about `email`, as [`count_as`](Self::count_as) does.
    pub async fn count<P: Ports>(
        self,
        email: &EmailAddress,
        rate_limits: &RateLimits,
        limiter: &Limiter,
        ports: &P,
        handler: impl AsyncFnOnce() -> Result<Response, HttpError>,
    ) -> Result<Response, HttpError> {
        let partition = Partition::email(&email.canonical());
        self.count_as(partition, rate_limits, limiter, ports, handler)
            .await
    }

    /// Counts the request as one of `partition`, and answers with `handler` unless it is one too many. Every answer says how the
    /// limits stand. What cannot be counted is refused: better none than as many as somebody likes.
    pub async fn count_as<P: Ports>(
        self,
        partition: Partition,
        rate_limits: &RateLimits,
        limiter: &Limiter,
        ports: &P,
        handler: impl AsyncFnOnce() -> Result<Response, HttpError>,
    ) -> Result<Response, HttpError> {
        let target = Target::of(&self.method, &self.path);
        let limits = rate_limits.of(By::Email, &target);
        let limits = limits.into_iter().map(|limit| (limit, partition));
        limiter.note_request();
        let (store, clock, way) = (ports.key_value(), ports.clock(), ports.way());
        let usages = limiter
            .count(store, clock, way, limits, clock.now())
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
