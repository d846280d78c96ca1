//! Notifications: what is to be told, who has claimed it, how it went.
//!
//! Each step is one statement. Between a claim and its end the row is the claimer's until the lease ends; the end names the
//! lease, and changes nothing where the row is somebody else's by then.

mod claims;
mod clearing;
mod dead_letters;

pub use claims::{Claimed, Extent, Lease, claim, give_up, mark_done, put_off, retire_exhausted};
pub use clearing::clear_away;
pub use dead_letters::{Notification, State, find, list, retry};
