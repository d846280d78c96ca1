//! Devices that have signed in before, told by a cookie (OWASP: "Slow Down Online Guessing Attacks with Device Cookies").
//!
//! At each sign-in the device gets proof that it has signed in with this address. The proof authenticates nothing: whoever has it
//! still needs the password. It only says whose failures are counted apart from everybody's, so that a flood of guesses from
//! elsewhere holds up nobody at their own desk.
//!
//! A proof names no address: it is a random id and an expiry, and a MAC over both *and* the address it is good for. One browser
//! may hold the proofs of a few people; each is good for its own address alone.

mod asking;
mod key;
mod presented;
mod proof;

pub use asking::{AskedBefore, SIGNIN_HEADER};
pub use key::{DeviceKey, DeviceKeyCache};
pub use presented::{DEVICE_HEADER, Presented};
pub use proof::DeviceId;

use std::time::Duration;

/// The cookie's name. The prefix makes browsers refuse one that was set without TLS or by another host of the same site.
pub(crate) const COOKIE: &str = "__Host-jetway_device";

/// For how long a device is known after it has last signed in.
pub const LIFETIME: Duration = Duration::from_secs(180 * 24 * 60 * 60);

/// How many proofs a cookie holds: the newest ones.
const KEPT: usize = 4;

#[cfg(test)]
mod tests;
