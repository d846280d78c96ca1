//! Which requests may be sent again, and when.

use std::time::Duration;

use http::Method;

use crate::ports::Entropy;

/// How often a request is sent at most: once, and two retries.
pub(super) const MAX_ATTEMPTS: usize = 3;

/// The longest wait before the first retry; each further one may take twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Whether a request may be sent again: only what changes nothing, and only without a body, which the first attempt used up.
pub fn may_be_sent_again(method: &Method, has_body: bool) -> bool {
    !has_body && matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// How long to wait before the attempt that follows `attempts`: anything from nothing to the longest, at random, so that clients
/// who failed together do not come back together.
pub fn pause(attempts: usize, entropy: &impl Entropy) -> Duration {
    let longest = FIRST_PAUSE * 2_u32.saturating_pow(u32::try_from(attempts.saturating_sub(1)).unwrap_or(0));
    let mut random = [0; 4];
    entropy.fill(&mut random);
    longest.mul_f64(f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX))
}

/// Whether a `Retry-After` asks for more time than a retry would give. A date, or what nobody understands, is taken for yes: whoever
/// says anything but "now" means later.
pub fn asks_for_time(retry_after: &[u8]) -> bool {
    retry_after.trim_ascii().iter().any(|byte| *byte != b'0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{ConstantEntropy, CountingEntropy};

    #[test]
    fn only_what_changes_nothing_and_has_no_body_is_sent_again() {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            assert!(may_be_sent_again(&method, false), "{method}");
            assert!(!may_be_sent_again(&method, true), "{method}");
        }
        for method in [
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
            Method::TRACE,
        ] {
            assert!(!may_be_sent_again(&method, false), "{method}");
        }
        let unknown = Method::from_bytes(b"PROPFIND").unwrap();
        assert!(!may_be_sent_again(&unknown, false));
    }

    #[test]
    fn the_pause_is_random_and_its_bound_doubles() {
        assert_eq!(pause(1, &ConstantEntropy(0)), Duration::ZERO);
        assert_eq!(pause(1, &ConstantEntropy(255)), FIRST_PAUSE);
        assert_eq!(pause(2, &ConstantEntropy(255)), FIRST_PAUSE * 2);
        let entropy = CountingEntropy::default();
        let pauses: std::collections::BTreeSet<_> = (0..50).map(|_| pause(1, &entropy)).collect();
        assert!(pauses.len() > 40, "{pauses:?}");
    }

    #[test]
    fn anything_but_now_asks_for_time() {
        for text in ["1", "120", " 5", "Fri, 31 Dec 2027 23:59:59 GMT", "soon"] {
            assert!(asks_for_time(text.as_bytes()), "{text}");
        }
        for text in ["0", "00", " 0 ", ""] {
            assert!(!asks_for_time(text.as_bytes()), "{text}");
        }
    }
}
