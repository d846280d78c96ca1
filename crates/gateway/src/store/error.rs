//! Why the store did not do what it was asked to.

use super::Rule;
use crate::ports::DatabaseError;

/// Why the store did not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A rule of the schema refused it.
    #[error("refused by the rule {0:?}")]
    Refused(Rule),
    /// Others kept the database locked for too long; it may work the next time.
    #[error("the database stayed locked")]
    Busy,
    /// A row is not of the shape that the schema promises.
    #[error("damaged data: {0}")]
    Damaged(String),
    /// Anything else; the database's own words, for the log alone.
    #[error("{0}")]
    Failed(String),
}

impl From<DatabaseError> for StoreError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Locked => Self::Busy,
            DatabaseError::Constraint(words) => match Rule::of(&words) {
                Some(rule) => Self::Refused(rule),
                None => Self::Failed(words),
            },
            other @ DatabaseError::Other(_) => Self::Failed(other.to_string()),
        }
    }
}

impl StoreError {
    /// A value out of the database that does not parse.
    pub(super) fn damaged(what: impl std::fmt::Display) -> Self {
        Self::Damaged(what.to_string())
    }
}
