//! The framing of a message, as far as it is seen here (RFC 9112, section 6).
//!
//! Whoever parses HTTP before us has found where the message ends. Where the fields say something else besides, the next one
//! might find another end: such a message goes nowhere. Hosts show these fields, or hide them, as their version has it.

use http::{HeaderMap, HeaderName, header};

use super::{Code, HttpError};

/// Refuses a request that could be framed, or directed, in more than one way.
pub fn check_request(headers: &HeaderMap) -> Result<(), HttpError> {
    let bad = |detail| Err(HttpError::new(Code::BadRequest, detail));
    if count(headers, &header::HOST) > 1 {
        return bad("Send Host once.");
    }
    if !length_is_plain(headers) {
        return bad("Send Content-Length once, as a whole number.");
    }
    if !headers.contains_key(header::TRANSFER_ENCODING) {
        return Ok(());
    }
    if headers.contains_key(header::CONTENT_LENGTH) {
        return bad("Send Content-Length or Transfer-Encoding, not both.");
    }
    if is_chunked(headers) {
        return Ok(());
    }
    Err(HttpError::new(
        Code::NotImplemented,
        "Of the transfer codings only `chunked` is understood.",
    ))
}

/// Whether the body of an answer is what it seems. A length beside chunks says nothing (RFC 9112, section 6.3) and is taken
/// away.
pub fn accept_answer(headers: &mut HeaderMap) -> bool {
    if !headers.contains_key(header::TRANSFER_ENCODING) {
        return true;
    }
    headers.remove(header::CONTENT_LENGTH);
    is_chunked(headers)
}

fn count(headers: &HeaderMap, name: &HeaderName) -> usize {
    headers.get_all(name).iter().count()
}

fn length_is_plain(headers: &HeaderMap) -> bool {
    let is_number = || {
        headers.get(header::CONTENT_LENGTH).is_some_and(|value| {
            let digits = value.as_bytes();
            !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
        })
    };
    match count(headers, &header::CONTENT_LENGTH) {
        0 => true,
        1 => is_number(),
        _ => false,
    }
}

fn is_chunked(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let only = codings.next().filter(|_| codings.next().is_none());
    only.is_some_and(|coding| coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked"))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn map(headers: &[(&'static str, &'static str)]) -> HeaderMap {
        let headers = headers.iter();
        headers.fold(HeaderMap::new(), |mut map, (name, value)| {
            map.append(*name, HeaderValue::from_static(value));
            map
        })
    }

    fn code(headers: &[(&'static str, &'static str)]) -> Result<(), Code> {
        check_request(&map(headers)).map_err(|error| error.problem().code())
    }

    const CHUNKED: (&str, &str) = ("transfer-encoding", "Chunked");

    #[test]
    fn a_request_is_framed_in_one_way() {
        for headers in [&[][..], &[("host", "a"), ("content-length", "0")], &[CHUNKED]] {
            assert_eq!(code(headers), Ok(()), "{headers:?}");
        }
        for headers in [
            &[("host", "a"), ("host", "a")][..],
            &[("content-length", "5"), ("content-length", "5")],
            &[("content-length", "5, 5")],
            &[("content-length", "+5")],
            &[("content-length", "")],
            &[("content-length", "5"), CHUNKED],
        ] {
            assert_eq!(code(headers), Err(Code::BadRequest), "{headers:?}");
        }
    }

    /// RFC 9112, section 6.1.
    #[test]
    fn codings_that_nobody_decodes_are_refused() {
        for coding in ["gzip, chunked", "x, chunked", "chunked, chunked", "identity", ""] {
            let headers = [("transfer-encoding", coding)];
            assert_eq!(code(&headers), Err(Code::NotImplemented), "{coding}");
            assert!(!accept_answer(&mut map(&headers)), "{coding}");
        }
        assert_eq!(code(&[CHUNKED, CHUNKED]), Err(Code::NotImplemented));
    }

    /// RFC 9112, section 6.3.
    #[test]
    fn a_length_beside_chunks_says_nothing() {
        let mut headers = map(&[CHUNKED, ("content-length", "3")]);
        assert!(accept_answer(&mut headers));
        assert!(!headers.contains_key("content-length"));
        let mut headers = map(&[("content-length", "3")]);
        assert!(accept_answer(&mut headers) && headers.contains_key("content-length"));
    }
}
