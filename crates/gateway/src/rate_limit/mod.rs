//! Rate limits: sliding windows over the key-value store, exact across all instances and machines that share it.
//!
//! A rule of the variable `rate_limits` names the requests it is for, the policy, and the policy's limits. The middleware
//! counts those by client and by route; one by e-mail address or by user is counted by the component that knows it, with
//! the same [`Limiter`]. Every answer to a limited request says how it stands (draft-ietf-httpapi-ratelimit-headers-11).
//!
//! A window is cut into buckets ([`tally`] has the rules), whose permits are counted in [`counter`]s. An instance fetches permits in
//! [`lease`]s sized by how fast they go, and serves requests from memory; a refusal is remembered for as long as it holds.

mod admit;
mod buckets;
mod by_email;
mod counter;
mod headers;
mod lease;
mod limit;
mod limiter;
mod partition;
mod request;
mod rules;
mod settings;
mod stored;
mod sweep;
mod tally;
mod uncounted;
mod usage;

pub use admit::{Memory, admit};
pub use by_email::ByEmail;
pub(crate) use counter::expiring_key;
pub use headers::{add_headers, exceeded};
pub use limit::{By, InvalidLimits, Limit, parse_limits};
pub use limiter::Limiter;

pub use partition::Partition;
pub use request::count_request;
pub use rules::{OnFailure, RateLimits};
pub use settings::Settings;
pub(crate) use stored::count_of;
pub use sweep::Sweep;
pub use uncounted::{UNCOUNTED_KEY, Uncounted};
pub use usage::Usage;
