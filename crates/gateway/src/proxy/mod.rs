//! The parts of the proxy that are only logic: where a request goes, what its headers become, and what a failure means.

mod budget;
mod cookies;
mod failure;
mod forwarded;
mod headers;
mod health;
mod inner;
mod max_forwards;
mod outcomes;
mod path;
mod pool;
mod retry;
mod service;
mod timeouts;
mod trace;
mod upstream;

pub use failure::{Ended, UpstreamFailure, overloaded};
pub use headers::{Hop, check_loop, request_headers, response_headers};
pub use health::{Ejection, Probe};
pub use inner::{OwnAddress, hide_inner_addresses};
pub use max_forwards::{MaxForwards, check_method, final_answer};
pub use outcomes::Asked;
pub use path::check_path;
pub use pool::Turn;
pub use retry::{asks_for_time, may_be_sent_again, pause};
pub use service::{Attempts, News, Next, Service, is_old_claim};
pub use timeouts::Timeouts;
pub use trace::TraceContext;
pub use upstream::{InvalidUpstream, InvalidUpstreams, Upstream};
