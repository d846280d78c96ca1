//! Trace context (W3C Recommendation, version 00): one trace from the client through the gateway to the services.

use std::fmt;

use http::{HeaderMap, HeaderName};

use crate::ports::Entropy;

pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(super) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The gateway's place in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: String,
    span_id: String,
    flags: String,
    continued: bool,
}

impl TraceContext {
    /// Continues the trace of the request, or starts one where it has none that is well-formed.
    pub fn of_request(headers: &HeaderMap, entropy: &impl Entropy) -> Self {
        let mut values = headers.get_all(TRACEPARENT).iter();
        let incoming = values.next().filter(|_| values.next().is_none());
        let incoming = incoming.and_then(|value| parse(value.to_str().ok()?));
        let span_id = random_hex::<8>(entropy);
        match incoming {
            Some((trace_id, flags)) => Self {
                trace_id,
                span_id,
                flags,
                continued: true,
            },
            // Not sampled: the gateway records no spans itself, and the services decide for themselves.
            None => Self {
                trace_id: random_hex::<16>(entropy),
                span_id,
                flags: "00".to_owned(),
                continued: false,
            },
        }
    }

    /// Whether the trace is the client's; only then does its `tracestate` mean anything.
    pub fn is_continued(&self) -> bool {
        self.continued
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "00-{}-{}-{}", self.trace_id, self.span_id, self.flags)
    }
}

/// Trace id and flags of a `traceparent`. Later versions may add fields, which version 00 does not hand on.
fn parse(value: &str) -> Option<(String, String)> {
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
    // Of the flags, version 00 knows the first two bits.
    let flags = u8::from_str_radix(flags, 16).unwrap_or(0) & 0b11;
    valid.then(|| (trace_id.to_owned(), format!("{flags:02x}")))
}

fn random_hex<const BYTES: usize>(entropy: &impl Entropy) -> String {
    let mut bytes = [0; BYTES];
    entropy.fill(&mut bytes);
    if bytes.iter().all(|byte| *byte == 0) {
        // The one id that is not valid.
        bytes[BYTES - 1] = 1;
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
        #[test]
        fn what_goes_out_is_always_valid(value in "[ -~]{0,70}") {
            prop_assert!(parse(&context(&[&value]).to_string()).is_some());
        }
    }
}
