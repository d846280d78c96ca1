//! What a request's headers claim about the way that it came.

use std::net::IpAddr;

use http::header::ValueIter;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::address::parse_address;
use super::forwarded;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A header in which each proxy adds, on the right, whom it had the request from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    XForwardedFor,
    Forwarded,
}

impl Format {
    fn parse(name: &str) -> Option<Self> {
        [Self::XForwardedFor, Self::Forwarded]
            .into_iter()
            .find(|format| name.eq_ignore_ascii_case(format.header().as_str()))
    }

    fn header(self) -> HeaderName {
        match self {
            Self::XForwardedFor => X_FORWARDED_FOR,
            Self::Forwarded => header::FORWARDED,
        }
    }

    fn split_last(self, line: &[u8]) -> (Option<&[u8]>, &[u8]) {
        match self {
            Self::XForwardedFor => match line.iter().rposition(|byte| *byte == b',') {
                Some(comma) => (Some(&line[..comma]), &line[comma + 1..]),
                None => (None, line),
            },
            Self::Forwarded => forwarded::split_last(line),
        }
    }

    fn address(self, element: &[u8]) -> Option<IpAddr> {
        match self {
            Self::XForwardedFor => parse_address(element),
            Self::Forwarded => forwarded::address(element),
        }
    }
}

/// The headers that trusted proxies write. Of several, the first that a request has counts, and the others do not: two
/// lists that disagree cannot both be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyHeaders(Vec<Format>);

/// Not a list of headers that are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not one or both of `x-forwarded-for` and `forwarded`, with a comma between")]
pub struct InvalidProxyHeaders;

impl Default for ProxyHeaders {
    fn default() -> Self {
        Self(vec![Format::XForwardedFor, Format::Forwarded])
    }
}

impl ProxyHeaders {
    /// Names of headers, with commas between.
    pub fn parse(text: &str) -> Result<Self, InvalidProxyHeaders> {
        let mut formats = Vec::new();
        for name in text.split(',') {
            match Format::parse(name.trim()) {
                Some(format) if !formats.contains(&format) => formats.push(format),
                _ => return Err(InvalidProxyHeaders),
            }
        }
        Ok(Self(formats))
    }

    /// The addresses that the first of these headers names, from the right, up to what is no address.
    pub(super) fn claims<'a>(&self, headers: &'a HeaderMap) -> Option<Claims<'a>> {
        let format = self
            .0
            .iter()
            .find(|format| headers.contains_key(format.header()))?;
        Some(Claims {
            format: *format,
            lines: headers.get_all(format.header()).iter(),
            line: None,
        })
    }
}

/// Addresses, the nearest first. There is none behind one that cannot be read: nobody knows who wrote what is left of it.
#[derive(Debug)]
pub(super) struct Claims<'a> {
    format: Format,
    lines: ValueIter<'a, HeaderValue>,
    /// What is left of the current line.
    line: Option<&'a [u8]>,
}

impl Claims<'_> {
    pub(super) fn next(&mut self) -> Option<IpAddr> {
        // Bytes, not text: one strange byte on the left must not make the whole line unreadable.
        let line = match self.line.take() {
            Some(line) => line,
            None => self.lines.next_back()?.as_bytes(),
        };
        let (rest, element) = self.format.split_last(line);
        self.line = rest;
        self.format.address(element)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headers_are_those_two_in_any_order() {
        let formats = |text| ProxyHeaders::parse(text).map(|headers| headers.0);
        assert_eq!(formats("forwarded"), Ok(vec![Format::Forwarded]));
        assert_eq!(formats("X-Forwarded-For"), Ok(vec![Format::XForwardedFor]));
        assert_eq!(
            formats("Forwarded,x-forwarded-for"),
            Ok(vec![Format::Forwarded, Format::XForwardedFor])
        );
        assert_eq!(
            ProxyHeaders::parse("x-forwarded-for, forwarded"),
            Ok(ProxyHeaders::default())
        );
    }

    #[test]
    fn no_other_header_is_one() {
        for text in [
            "",
            "x-real-ip",
            "x_forwarded_for",
            "forwarded,",
            "forwarded x-forwarded-for",
            "forwarded, forwarded",
            "*",
        ] {
            assert_eq!(ProxyHeaders::parse(text), Err(InvalidProxyHeaders), "{text:?}");
        }
    }
}
