//! How a limit stands.

use std::sync::Arc;

use super::limit::Limit;

/// How a limit stands after a request was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The limit.
    pub limit: Arc<Limit>,
    /// How many more requests pass before `reset`.
    pub remaining: u64,
    /// Seconds until permits come free, at least one: the oldest requests that count leave the window. Where the limit is
    /// exceeded, until the next request passes.
    pub reset: u64,
    /// Whether the request was one too many.
    pub exceeded: bool,
}
