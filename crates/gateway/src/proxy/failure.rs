//! How an attempt to call a service ended, and what follows from it.

use http::StatusCode;

use crate::http::{Code, HttpError};

/// Why there is no answer from a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamFailure {
    /// No connection came about in time.
    ConnectTimeout,
    /// It did not answer in time.
    Timeout,
    /// No connection to it came about.
    Unreachable,
    /// It ended the connection before it answered.
    BrokenOff,
    /// Its answer cannot be read, or the connection was one that it had ended already: hosts do not tell these apart.
    Unreadable,
    /// The client did not send its body in time.
    ClientTimeout,
    /// The host has as many connections as it allows.
    NoConnectionLeft,
    /// The manifest does not let the gateway call this address.
    Denied,
    /// The request was no good, which is the client's doing.
    BadRequest,
}

impl UpstreamFailure {
    /// The answer to the client of the service of this name; `cause` is for the log.
    pub fn into_error(self, service: &str, cause: impl std::fmt::Display) -> HttpError {
        let error = match self {
            Self::ConnectTimeout => HttpError::new(Code::UpstreamTimeout, "No connection to it came about."),
            Self::Timeout => HttpError::new(
                Code::UpstreamTimeout,
                "Whether the request took effect is not known.",
            ),
            Self::Unreachable => HttpError::new(Code::UpstreamUnreachable, "Try again in a moment."),
            Self::BrokenOff | Self::Unreadable => HttpError::new(
                Code::UpstreamUnreachable,
                "It gave no answer that can be read. Whether the request took effect is not known.",
            ),
            Self::ClientTimeout => HttpError::new(Code::RequestTimeout, "The body did not come in time."),
            Self::NoConnectionLeft => overloaded(),
            Self::Denied => HttpError::new(
                Code::Misconfigured,
                format!(
                    "The variable `{service}_service_hosts` does not cover an address of `{service}_service_url`."
                ),
            ),
            Self::BadRequest => {
                HttpError::new(Code::BadRequest, "The request broke off or contradicts itself.")
            }
        };
        error.caused_by(cause)
    }
}

/// The answer while a service is not called at all.
pub fn overloaded() -> HttpError {
    crate::http::Problem::new(
        Code::UpstreamOverloaded,
        "It is given a rest. Try again in a moment.",
    )
    .with_retry_after(1)
    .into()
}

/// How one attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The service answered.
    Answered {
        /// With this status.
        status: StatusCode,
        /// And with a `Retry-After` that is longer than we would wait.
        later: bool,
    },
    /// It did not.
    Failed(UpstreamFailure),
}

/// What an attempt says about the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// It works.
    Works,
    /// It cannot be reached, whatever is asked for and by whom.
    IsAway,
    /// It does not, which may lie with what was asked for.
    Fails,
    /// Nothing: the reason lies with the client or with us, or nobody knows with whom.
    None,
}

/// Whether the same request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// To any address.
    Anywhere,
    /// To another address only.
    Elsewhere,
    /// Not at all.
    No,
}

impl Ended {
    /// What this says about the address. 502, 503 and 504 say that the service is not up to its work; every other answer is the
    /// service at work, a 500 too: it is as likely to be about the one request.
    pub fn evidence(self) -> Evidence {
        match self {
            Self::Answered { status, .. } => match status {
                StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
                    Evidence::Fails
                }
                _ => Evidence::Works,
            },
            Self::Failed(UpstreamFailure::ConnectTimeout | UpstreamFailure::Unreachable) => Evidence::IsAway,
            Self::Failed(UpstreamFailure::Timeout | UpstreamFailure::BrokenOff) => Evidence::Fails,
            Self::Failed(_) => Evidence::None,
        }
    }

    /// Whether the connection may have been one that the service had ended while nobody used it: every server does so now and then,
    /// and it says nothing about the next connection.
    pub fn may_be_a_stale_connection(self) -> bool {
        matches!(
            self,
            Self::Failed(UpstreamFailure::BrokenOff | UpstreamFailure::Unreadable)
        )
    }

    /// Whether another attempt makes sense. Not after a timeout: the service may be at work on the first one still. A
    /// connection that does not come about, or a service that asks for time, is not asked for again at the same address.
    pub fn again(self) -> Again {
        match self {
            Self::Answered { status, later } => match status {
                StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE if later => Again::Elsewhere,
                StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE => Again::Anywhere,
                _ => Again::No,
            },
            Self::Failed(UpstreamFailure::ConnectTimeout) => Again::Elsewhere,
            Self::Failed(
                UpstreamFailure::Unreachable | UpstreamFailure::BrokenOff | UpstreamFailure::Unreadable,
            ) => Again::Anywhere,
            Self::Failed(_) => Again::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, later: bool) -> Ended {
        Ended::Answered {
            status: StatusCode::from_u16(status).unwrap(),
            later,
        }
    }

    #[test]
    fn only_a_service_that_is_not_up_to_its_work_speaks_against_itself() {
        for status in [200, 204, 304, 400, 404, 409, 429, 500, 501, 505] {
            assert_eq!(answered(status, false).evidence(), Evidence::Works, "{status}");
            assert_eq!(answered(status, false).again(), Again::No, "{status}");
        }
        for status in [502, 503, 504] {
            assert_eq!(answered(status, false).evidence(), Evidence::Fails, "{status}");
        }
    }

    #[test]
    fn a_service_that_asks_for_time_gets_it() {
        assert_eq!(answered(503, false).again(), Again::Anywhere);
        assert_eq!(answered(503, true).again(), Again::Elsewhere);
        assert_eq!(answered(504, false).again(), Again::No);
    }

    #[test]
    fn a_timeout_is_not_tried_again_and_a_failed_connection_is() {
        let again = |failure| Ended::Failed(failure).again();
        assert_eq!(again(UpstreamFailure::Timeout), Again::No);
        assert_eq!(again(UpstreamFailure::Unreachable), Again::Anywhere);
        assert_eq!(again(UpstreamFailure::ConnectTimeout), Again::Elsewhere);
    }

    #[test]
    fn what_is_ours_or_the_clients_says_nothing_about_the_service() {
        for failure in [
            UpstreamFailure::Denied,
            UpstreamFailure::BadRequest,
            UpstreamFailure::NoConnectionLeft,
            UpstreamFailure::ClientTimeout,
        ] {
            assert_eq!(Ended::Failed(failure).evidence(), Evidence::None);
            assert_eq!(Ended::Failed(failure).again(), Again::No);
        }
    }

    #[test]
    fn an_address_that_is_not_granted_is_named_by_its_variable() {
        let error = UpstreamFailure::Denied.into_error("flight", "denied");
        assert_eq!(error.problem().code(), Code::Misconfigured);
        assert!(error.problem().detail().contains("`flight_service_hosts`"));
    }
}
