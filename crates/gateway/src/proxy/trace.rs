//! Trace context (W3C Recommendation, level 1, version 00): one trace from the client through the gateway to the services.
//!
//! Of level 2, which is no recommendation yet, we keep the flag that says a trace id is random where a client set it, and do
//! not set it ourselves.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::ports::Entropy;

pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(super) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The parts of `00-<trace id>-<span id>-<flags>`.
const LENGTH: usize = 55;
const TRACE_ID: std::ops::Range<usize> = 3..35;
const SPAN_ID: std::ops::Range<usize> = 36..52;
const FLAGS: std::ops::Range<usize> = 53..55;

/// The gateway's place in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The header's value, always valid.
    text: [u8; LENGTH],
    continued: bool,
}

impl TraceContext {
    /// Continues the trace of the request, or starts one where it has none that is well-formed.
    pub fn of_request(headers: &HeaderMap, entropy: &impl Entropy) -> Self {
        let mut values = headers.get_all(TRACEPARENT).iter();
        // Two are as good as none: nobody could say which one is true.
        let incoming = values.next().filter(|_| values.next().is_none());
        let incoming = incoming.and_then(|value| parse(value.to_str().ok()?));
        let mut text = [b'-'; LENGTH];
        text[..2].copy_from_slice(b"00");
        write_hex(&mut text[SPAN_ID], random::<8>(entropy));
        match incoming {
            Some((trace_id, flags)) => {
                text[TRACE_ID].copy_from_slice(trace_id.as_bytes());
                write_hex(&mut text[FLAGS], [flags]);
            }
            // Not sampled: the gateway records no spans itself, and the services decide for themselves.
            None => {
                write_hex(&mut text[TRACE_ID], random::<16>(entropy));
                write_hex(&mut text[FLAGS], [0]);
            }
        }
        Self {
            text,
            continued: incoming.is_some(),
        }
    }

    /// Whether the trace is the client's; only then does its `tracestate` mean anything.
    pub fn is_continued(&self) -> bool {
        self.continued
    }

    /// The value of `traceparent`.
    pub fn to_header(&self) -> HeaderValue {
        // Digits, letters and dashes: the alternative is never taken.
        HeaderValue::from_bytes(&self.text).unwrap_or_else(|_| HeaderValue::from_static("invalid"))
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&String::from_utf8_lossy(&self.text))
    }
}

/// Trace id and flags of a `traceparent`. Later versions may add fields, which version 00 does not hand on.
fn parse(value: &str) -> Option<(&str, u8)> {
    let mut fields = value.split('-');
    let (version, trace_id, parent_id, flags) =
        (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let extra = fields.next().is_some();
    let is_hex = |text: &str, length| {
        text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_id = |text: &str, length| is_hex(text, length) && text.bytes().any(|byte| byte != b'0');
    let known = is_hex(version, 2) && version != "ff" && !(version == "00" && extra);
    let valid = known && is_id(trace_id, 32) && is_id(parent_id, 16) && is_hex(flags, 2);
    // Of the flags, the first two bits have a meaning; the others have to be zero.
    let flags = u8::from_str_radix(flags, 16).unwrap_or(0) & 0b11;
    valid.then_some((trace_id, flags))
}

fn random<const BYTES: usize>(entropy: &impl Entropy) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    entropy.fill(&mut bytes);
    if bytes.iter().all(|byte| *byte == 0) {
        // The one id that is not valid.
        bytes[BYTES - 1] = 1;
    }
    bytes
}

fn write_hex<const BYTES: usize>(text: &mut [u8], bytes: [u8; BYTES]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;
    use crate::test_support::ConstantEntropy;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    fn context(traceparents: &[&str]) -> TraceContext {
        let mut headers = HeaderMap::new();
        for value in traceparents {
            headers.append(TRACEPARENT, HeaderValue::from_str(value).unwrap());
        }
        TraceContext::of_request(&headers, &ConstantEntropy(0xab))
    }

    #[test]
    fn a_trace_is_continued_under_a_span_of_our_own() {
        let continued = context(&[&format!("00-{TRACE}-b7ad6b7169203331-01")]);
        assert_eq!(continued.to_string(), format!("00-{TRACE}-abababababababab-01"));
        assert!(continued.is_continued());
        assert!(context(&[&format!("cc-{TRACE}-b7ad6b7169203331-01-more")]).is_continued());
        assert_eq!(continued.to_header(), continued.to_string());
    }

    #[test]
    fn flags_without_a_meaning_are_not_handed_on() {
        for (given, kept) in [
            ("00", "00"),
            ("01", "01"),
            ("02", "02"),
            ("03", "03"),
            ("fd", "01"),
            ("fc", "00"),
        ] {
            let continued = context(&[&format!("00-{TRACE}-b7ad6b7169203331-{given}")]);
            assert!(
                continued.to_string().ends_with(&format!("-{kept}")),
                "{given}: {continued}"
            );
        }
    }

    #[test]
    fn anything_else_starts_a_new_one() {
        let good = format!("00-{TRACE}-b7ad6b7169203331-01");
        let zero = "0".repeat(32);
        let bad = [
            String::new(),
            "00".to_owned(),
            format!("{good}-more"),
            good.to_uppercase(),
            good.replace("00-", "ff-"),
            good.replace(TRACE, &zero),
            good.replace("b7ad6b7169203331", "0000000000000000"),
            good.replace("-01", "-1"),
            good.replace("-01", "-01x"),
            good.replace("00-", "cc-").replace("-01", "-01x"),
            good.replace("00-", "0-"),
            good.replace("00-", "-"),
            good.replace('b', "B"),
            good.replace(TRACE, &TRACE[1..]),
            format!("{good}-"),
            format!("{good}, {good}"),
        ];
        for value in bad {
            let context = context(&[&value]);
            assert!(!context.is_continued(), "{value}");
            assert_eq!(
                context.to_string(),
                format!("00-{}-{}-00", "ab".repeat(16), "ab".repeat(8))
            );
        }
        assert!(!context(&[&good, &good]).is_continued());
    }

    #[test]
    fn the_id_that_is_not_valid_is_never_made() {
        let context = TraceContext::of_request(&HeaderMap::new(), &ConstantEntropy(0));
        assert!(parse(&context.to_string()).is_some());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_goes_out_is_always_valid(value in "[ -~]{0,70}") {
            prop_assert!(parse(&context(&[&value]).to_string()).is_some());
        }

        #[test]
        fn every_valid_one_is_continued(
            version in "[0-9a-e][0-9a-f]",
            trace in "[0-9a-f]{31}[1-9a-f]",
            parent in "[0-9a-f]{15}[1-9a-f]",
            flags in "[0-9a-f]{2}",
        ) {
            let continued = context(&[&format!("{version}-{trace}-{parent}-{flags}")]);
            prop_assert!(continued.is_continued());
            prop_assert_eq!(&continued.to_string()[TRACE_ID], &trace);
            prop_assert_ne!(&continued.to_string()[SPAN_ID], &parent);
        }
    }
}
