//! The one error of handlers.

use http::HeaderMap;

use super::{Code, FieldError, Problem};
use crate::domain::UserId;

/// Why a handler did not answer: what the client may read, and apart from it what the log says.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpError {
    problem: Box<Problem>,
    cause: Option<String>,
    user: Option<UserId>,
}

impl HttpError {
    /// An error that the client can do something about; nothing is logged.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Problem::new(code, detail).into()
    }

    /// Input that is not valid: 422 with every error that was found.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        Problem::invalid(errors).into()
    }

    /// A failure of ours: the client learns only that it happened, the log has the cause.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::new(
            Code::InternalError,
            "The failure has been logged under this request id.",
        )
        .caused_by(cause)
    }

    /// Something that is not there yet or not at the moment: the client may try again, the log has the cause.
    pub fn not_ready(cause: impl std::fmt::Display) -> Self {
        Self::new(Code::NotReady, "Try again in a moment.").caused_by(cause)
    }

    /// Adds what the log is to say. It must hold no secret.
    #[must_use]
    pub fn caused_by(mut self, cause: impl std::fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// Says whose request it was, or whose account it was about. Only the log is told.
    #[must_use]
    pub fn of_user(mut self, user: UserId) -> Self {
        self.user = Some(user);
        self
    }

    /// Whose request it was, or whose account it was about, where that is known.
    pub fn user(&self) -> Option<UserId> {
        self.user
    }

    /// What the client may read.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// What only the log may say.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The headers of the answer.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        self.problem.headers_mut()
    }

    /// What the client may read, for good.
    pub fn into_problem(self) -> Problem {
        *self.problem
    }
}

impl From<Problem> for HttpError {
    fn from(problem: Problem) -> Self {
        Self {
            problem: Box::new(problem),
            cause: None,
            user: None,
        }
    }
}
