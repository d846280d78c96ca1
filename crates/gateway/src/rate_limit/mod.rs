//! Rate limits: exact fixed windows over the key-value store.
//!
//! A rule of the variable `rate_limits` names the requests it is for, the policy, and the policy's limits. The middleware
//! counts those by client; one by e-mail address is counted by the component that has read the address, with the same
//! [`count`]. Every answer to a limited request says how it stands (draft-ietf-httpapi-ratelimit-headers-11).

mod counter;
mod headers;
mod limit;
mod rules;
mod settings;

pub use counter::{Partition, Usage, count, count_all};
pub use headers::{add_headers, exceeded};
pub use limit::{By, InvalidLimits, Limit, parse_limits};
pub use rules::{OnFailure, RateLimits};
pub use settings::Settings;
