//! Telling people what has happened: each event once, whatever fails in between.
//!
//! A notification comes with its event, in one statement. A wake-up from Redis delivers it at once; a sweep, every few seconds,
//! takes what no wake-up took: lost messages, claims whose owner was never heard of again, tries that are due again. Both claim
//! before they try, so that of any number at work each notification has one at a time, and a second wake-up finds nothing to do.
//!
//! What is told is told at least once: whoever dies between delivering and saying so leaves it to the next, which hands the
//! mailer the same idempotency key.

mod backoff;
mod courier;
mod delivery;
mod internal_token;
mod settings;
mod wake_up;

pub use backoff::MAX_ATTEMPTS;
pub use courier::{Courier, Tally};
pub use delivery::{Delivery, MailSecrets};
pub use internal_token::InternalToken;
pub use settings::Settings;
pub use wake_up::{Malformed, WakeUp};
