//! The proofs that come with a request.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::proof::Proof;
use super::{COOKIE, KEPT};

/// Where a client that keeps no cookies sends back what it was given.
pub const DEVICE_HEADER: HeaderName = HeaderName::from_static("jetway-device");

/// Between the proofs of one value.
pub(super) const BETWEEN: char = '~';

/// What a request shows of the people who have signed in on its device; nothing of it has been checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presented(pub(super) Vec<Proof>);

impl Presented {
    /// Looks into the cookie and the header. What is malformed is as if it were not there.
    pub fn of(headers: &HeaderMap) -> Self {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(text);
        let cookies = cookies
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='));
        let others = headers.get_all(DEVICE_HEADER).iter().filter_map(text);
        let mut proofs: Vec<Proof> = Vec::new();
        for proof in cookies.chain(others).flat_map(|value| value.split(BETWEEN)) {
            if proofs.len() == KEPT {
                break;
            }
            if let Some(proof) = Proof::parse(proof)
                && !proofs.contains(&proof)
            {
                proofs.push(proof);
            }
        }
        Self(proofs)
    }

    /// Whether there is nothing to check.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok()
}
