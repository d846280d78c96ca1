//! The parts of the proxy that are only logic: where a request goes, what its headers become, and what a failure means.

mod forwarded;
mod headers;
mod max_forwards;
mod path;
mod trace;
mod upstream;

pub use forwarded::forwarded_scheme;
pub use headers::{Hop, request_headers, response_headers};
pub use max_forwards::{MaxForwards, final_answer};
pub use path::check_path;
pub use trace::TraceContext;
pub use upstream::{InvalidUpstream, Upstream, UpstreamFailure};
