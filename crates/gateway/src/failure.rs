//! What can fail underneath every use case, whatever it is about.

use crate::hashing::TooBusy;
use crate::ports::KeyValueError;
use crate::store::StoreError;
use crate::tokens::IssuingFailed;

/// Something underneath failed; the client can do nothing about it but try again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The database.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// The key-value store.
    #[error(transparent)]
    KeyValue(#[from] KeyValueError),
    /// The queue of hashes.
    #[error(transparent)]
    TooBusy(#[from] TooBusy),
    /// The signing of a token.
    #[error(transparent)]
    Issuing(#[from] IssuingFailed),
}

impl Failure {
    /// Whether it may well work in a moment: others were in the way, or a store was away.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Store(StoreError::Busy) | Self::KeyValue(_))
    }
}
