//! The request id: one name for a request, in every answer, every log line and every call that follows from it.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::ports::{Clock, Entropy};

/// The header that carries it.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longer ones would only fill the log.
const MAX_LENGTH: usize = 128;

/// 1 to 128 characters of `A-Z a-z 0-9 . _ -`: safe in a header, in a log line and in a JSON string as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// The id that a client gave, if it is well-formed.
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let well_formed = (1..=MAX_LENGTH).contains(&text.len()) && text.bytes().all(allowed);
        well_formed.then(|| Self(text.to_owned()))
    }

    /// The one well-formed id among the headers of a request, else a new UUIDv7. Two ids are as good as none: nobody could
    /// say which one the answer's is.
    pub fn of_request(headers: &HeaderMap, clock: &impl Clock, entropy: &impl Entropy) -> Self {
        let mut values = headers.get_all(&REQUEST_ID).iter();
        values
            .next()
            .filter(|_| values.next().is_none())
            .and_then(|value| Self::parse(value.to_str().ok()?))
            .unwrap_or_else(|| Self::generate(clock, entropy))
    }

    fn generate(clock: &impl Clock, entropy: &impl Entropy) -> Self {
        let mut random = [0; 10];
        entropy.fill(&mut random);
        let id = uuid::Builder::from_unix_timestamp_millis(clock.now().as_millis(), &random).into_uuid();
        Self(id.to_string())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as the value of a header.
    pub fn to_header(&self) -> HeaderValue {
        // The alphabet above is a subset of what a header value may hold, so the alternative is never taken.
        HeaderValue::from_str(&self.0).unwrap_or_else(|_| HeaderValue::from_static("invalid"))
    }

    #[cfg(test)]
    pub(crate) fn for_test(text: &str) -> Self {
        Self::parse(text).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_support::{ConstantEntropy, TestClock};

    fn id_of(values: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(REQUEST_ID, HeaderValue::from_str(value).unwrap());
        }
        RequestId::of_request(&headers, &TestClock::at_secs(1_700_000_000), &ConstantEntropy(7)).0
    }

    #[test]
    fn a_well_formed_id_is_kept() {
        for id in ["a", "0191-abc_DEF.9", &"x".repeat(128)] {
            assert_eq!(id_of(&[id]), id);
        }
    }

    #[test]
    fn anything_else_is_replaced_by_a_uuid_v7() {
        for ids in [
            &[][..],
            &[""],
            &["a b"],
            &["a\"b"],
            &["é"],
            &[&"x".repeat(129)],
            &["a", "b"],
        ] {
            let id = uuid::Uuid::parse_str(&id_of(ids)).unwrap();
            assert_eq!(id.get_version_num(), 7, "{ids:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_parsed_fits_a_header_unchanged(text in ".{0,140}") {
            if let Some(id) = RequestId::parse(&text) {
                let header = id.to_header();
                prop_assert_eq!(header.to_str().unwrap(), text);
            }
        }
    }
}
