//! Heads of HTTP/1 requests, to the letter of RFC 9112 and RFC 9110.
//!
//! Hyper reads heads too. What it lets through and this refuses is what two readers may understand differently, or what a server
//! must not pass on; and what it refuses, it refuses without a word.

use http::uri::Authority;
use http::{StatusCode, Uri};

/// As much of a head as is read: what hyper takes.
pub(super) const MAX_HEAD: usize = 400 * 1024;
/// The most lines of header fields: what hyper takes.
const MAX_FIELDS: usize = 100;
/// The longest target: what can be told of it.
const MAX_TARGET: usize = 65_534;

/// How the body behind a head is framed (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes, perhaps none.
    Length(u64),
    /// In chunks.
    Chunked,
}

/// Why a request is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The status of the answer.
    pub(crate) status: StatusCode,
    /// A sentence for whoever sent it.
    pub(crate) detail: &'static str,
}

const fn refused(status: StatusCode, detail: &'static str) -> Refused {
    Refused { status, detail }
}

const fn bad(detail: &'static str) -> Refused {
    refused(StatusCode::BAD_REQUEST, detail)
}

/// A head that has grown too long.
pub(super) const TOO_LONG: Refused = refused(
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    "The head of the request is too long.",
);

/// A head that did not come.
pub(super) const TOO_LATE: Refused = refused(
    StatusCode::REQUEST_TIMEOUT,
    "The head of the request did not come in time.",
);

/// What a head that begins a refused request still says, for the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Its method was HEAD: the answer has no content.
    pub(crate) is_head: bool,
    /// Its one `Host`, if that names one.
    pub(crate) host: Option<String>,
    /// Its one `Origin`.
    pub(crate) origin: Option<String>,
}

/// Checks a whole head, with the empty line at its end.
pub(super) fn check(head: &[u8]) -> Result<Framing, Refused> {
    let mut lines = Lines(head);
    let (version, authority) = check_request_line(lines.next().unwrap_or_default())?;
    let mut fields = Fields {
        authority,
        ..Fields::default()
    };
    let mut count = 0;
    for line in lines {
        count += 1;
        if count > MAX_FIELDS {
            return Err(refused(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "The request has more than 100 header fields.",
            ));
        }
        fields.add(line)?;
    }
    fields.framing(version)
}

/// What can be said of whoever sent a head that is refused.
pub(super) fn asked(head: &[u8]) -> Asked {
    let mut lines = Lines(head);
    let mut asked = Asked {
        is_head: lines.next().is_some_and(|line| line.starts_with(b"HEAD ")),
        ..Asked::default()
    };
    let (mut hosts, mut origins) = (0, 0);
    for (name, value) in lines.filter_map(|line| split(line).ok()) {
        let Ok(value) = std::str::from_utf8(value) else {
            continue;
        };
        if name.eq_ignore_ascii_case(b"host") {
            hosts += 1;
            asked.host = (hosts == 1 && Authority::try_from(value).is_ok()).then(|| value.to_owned());
        } else if name.eq_ignore_ascii_case(b"origin") {
            origins += 1;
            asked.origin = (origins == 1).then(|| value.to_owned());
        }
    }
    asked
}

/// The lines of a head, without their ends. A line that ends otherwise than by CRLF keeps what is wrong with it.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let end = self.0.windows(2).position(|end| end == b"\r\n")?;
        let line = &self.0[..end];
        self.0 = &self.0[end + 2..];
        (!line.is_empty()).then_some(line)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Http10,
    Http11,
}

/// RFC 9112, section 3: exactly two spaces, a method, a target and a version that we speak.
fn check_request_line(line: &[u8]) -> Result<(Version, Option<Authority>), Refused> {
    let mut parts = line.split(|byte| *byte == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(bad("The request line is not one."));
    };
    if method.is_empty() || !method.iter().all(|byte| is_token(*byte)) {
        return Err(bad("The method is not valid."));
    }
    let version = match version {
        b"HTTP/1.1" => Version::Http11,
        b"HTTP/1.0" => Version::Http10,
        other if other.starts_with(b"HTTP/") => {
            return Err(refused(
                StatusCode::HTTP_VERSION_NOT_SUPPORTED,
                "This is HTTP/1.1, and HTTP/2 by prior knowledge.",
            ));
        }
        _ => return Err(bad("The request line is not one.")),
    };
    if target.len() > MAX_TARGET {
        return Err(refused(
            StatusCode::URI_TOO_LONG,
            "The target of the request is too long.",
        ));
    }
    // A fragment is no part of a target: whoever sends one and whoever reads it may mean different things.
    let is_of_its_method = target != b"*" || method == b"OPTIONS";
    let uri = Uri::try_from(target)
        .ok()
        .filter(|_| !target.contains(&b'#') && is_of_its_method);
    let uri = uri.ok_or(bad("The target of the request is not valid."))?;
    let authority = uri.authority().filter(|_| method != b"CONNECT").cloned();
    Ok((version, authority))
}

/// What of the fields has a say in how the request is read.
#[derive(Default)]
struct Fields {
    /// The authority of a target in absolute form, which `Host` may not contradict.
    authority: Option<Authority>,
    hosts: u32,
    length: Option<u64>,
    codings: Option<Vec<String>>,
}

impl Fields {
    fn add(&mut self, line: &[u8]) -> Result<(), Refused> {
        let (name, value) = split(line)?;
        if std::str::from_utf8(value).is_err() {
            return Err(bad("A header field is not in UTF-8."));
        }
        if name.eq_ignore_ascii_case(b"host") {
            self.hosts += 1;
            let host = Authority::try_from(value)
                .ok()
                .filter(|host| !host.as_str().contains('@'));
            let is_alone = self.hosts == 1;
            match (host, &self.authority) {
                (Some(host), Some(authority)) if is_alone && host == *authority => {}
                (Some(_), None) if is_alone => {}
                (Some(_), Some(_)) if is_alone => return Err(bad("The Host differs from the target.")),
                _ => return Err(bad("There has to be one Host, and one that names a host.")),
            }
        } else if name.eq_ignore_ascii_case(b"content-length") {
            let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
            let text = std::str::from_utf8(value).unwrap_or_default();
            match text.parse() {
                Ok(length) if is_number && self.length.is_none() => self.length = Some(length),
                _ => {
                    return Err(bad(
                        "There has to be one Content-Length, and one that is a number.",
                    ));
                }
            }
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            let text = String::from_utf8_lossy(value).to_ascii_lowercase();
            let codings = text
                .split(',')
                .map(|coding| coding.trim_matches([' ', '\t']).to_owned());
            self.codings.get_or_insert_default().extend(codings);
        }
        Ok(())
    }

    /// RFC 9112, sections 3.2, 6.1 and 6.3.
    fn framing(self, version: Version) -> Result<Framing, Refused> {
        if self.hosts == 0 {
            return Err(bad("There has to be one Host, and one that names a host."));
        }
        let Some(codings) = self.codings else {
            return Ok(Framing::Length(self.length.unwrap_or(0)));
        };
        if version == Version::Http10 {
            return Err(bad("HTTP/1.0 has no Transfer-Encoding."));
        }
        if self.length.is_some() {
            return Err(bad(
                "A request has either a Transfer-Encoding or a Content-Length.",
            ));
        }
        let count = codings.iter().filter(|coding| *coding == "chunked").count();
        match codings.as_slice() {
            [only] if only == "chunked" => Ok(Framing::Chunked),
            [.., last] if last == "chunked" && count == 1 => Err(refused(
                StatusCode::NOT_IMPLEMENTED,
                "Of the transfer codings, only `chunked` is known here.",
            )),
            _ => Err(bad(
                "The last transfer coding of a request has to be `chunked`, once.",
            )),
        }
    }
}

/// Name and value of a field line (RFC 9112, section 5.1; RFC 9110, section 5.5): no space before the colon, no folding, no control
/// characters.
fn split(line: &[u8]) -> Result<(&[u8], &[u8]), Refused> {
    const BAD_FIELD: Refused = bad("A header field is not valid.");
    let colon = line.iter().position(|byte| *byte == b':').ok_or(BAD_FIELD)?;
    let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
    let is_control = |byte: &u8| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f;
    if name.is_empty() || !name.iter().all(|byte| is_token(*byte)) || value.iter().any(is_control) {
        return Err(BAD_FIELD);
    }
    Ok((name, value))
}

/// RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(head: &str) -> u16 {
        match check(head.as_bytes()) {
            Ok(_) => 200,
            Err(refused) => refused.status.as_u16(),
        }
    }

    fn with(fields: &str) -> u16 {
        status(&format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n"))
    }

    #[test]
    fn what_is_right_is_taken() {
        for (head, framing) in [
            ("GET / HTTP/1.1\r\nHost: a:80\r\n\r\n", Framing::Length(0)),
            ("GET /a?b=%20{} HTTP/1.0\r\nhost:a\r\n\r\n", Framing::Length(0)),
            ("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", Framing::Length(0)),
            ("OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", Framing::Length(0)),
            (
                "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length:  5 \r\n\r\n",
                Framing::Length(5),
            ),
            (
                "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n",
                Framing::Chunked,
            ),
            (
                "GET / HTTP/1.1\r\nHost: a\r\nX: \u{e9}\r\nY:\r\nZ: a\tb\r\n\r\n",
                Framing::Length(0),
            ),
        ] {
            assert_eq!(check(head.as_bytes()), Ok(framing), "{head:?}");
        }
    }

    #[test]
    fn transfer_codings_but_chunked_are_not_implemented() {
        for codings in ["gzip, chunked", "x,chunked", "gzip\r\nTransfer-Encoding: chunked"] {
            assert_eq!(
                with(&format!("Transfer-Encoding: {codings}\r\n")),
                501,
                "{codings:?}"
            );
        }
        for codings in [
            "chunked, chunked",
            "chunked, gzip",
            "gzip",
            "identity",
            "",
            "\u{b}chunked",
            "chunked,",
        ] {
            assert_eq!(
                with(&format!("Transfer-Encoding: {codings}\r\n")),
                400,
                "{codings:?}"
            );
        }
        assert_eq!(with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), 400);
        assert_eq!(
            status("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
            400
        );
    }

    #[test]
    fn what_two_readers_may_read_differently_is_refused() {
        for length in [
            "+5",
            "5, 5",
            "0x5",
            "-1",
            "5 5",
            "",
            "5\r\nContent-Length: 5",
            "99999999999999999999",
        ] {
            assert_eq!(with(&format!("Content-Length: {length}\r\n")), 400, "{length:?}");
        }
        for field in [
            "X : 1\r\n",
            " X: 1\r\n",
            "X: 1\r\n 2\r\n",
            ": 1\r\n",
            "no colon\r\n",
            "X\0: 1\r\n",
            "X: a\0b\r\n",
            "X: a\rb\r\n",
            "X: a\nY: b\r\n",
            "Host: b\r\n",
        ] {
            assert_eq!(with(field), 400, "{field:?}");
        }
        for host in ["", "Host: a b\r\n", "Host: a@b\r\n", "Host: a/b\r\n", "Host:\r\n"] {
            assert_eq!(status(&format!("GET / HTTP/1.1\r\n{host}\r\n")), 400, "{host:?}");
        }
        for line in [
            "GET /#x HTTP/1.1",
            "GET /<x> HTTP/1.1",
            "GET  / HTTP/1.1",
            "G(T / HTTP/1.1",
            "GET / HTTP",
            "GET /",
            "GET * HTTP/1.1",
            "GET http://b/ HTTP/1.1",
        ] {
            assert_eq!(status(&format!("{line}\r\nHost: a\r\n\r\n")), 400, "{line:?}");
        }
        assert_eq!(status("GET / HTTP/3.0\r\nHost: a\r\n\r\n"), 505);
        assert!(check(b"GET / HTTP/1.1\r\nHost: a\r\nX: \xe9\r\n\r\n").is_err());
    }

    #[test]
    fn sizes_are_bounded() {
        assert_eq!(with(&"X: 1\r\n".repeat(99)), 200);
        assert_eq!(with(&"X: 1\r\n".repeat(100)), 431);
        let target = |length| {
            status(&format!(
                "GET /{} HTTP/1.1\r\nHost: a\r\n\r\n",
                "a".repeat(length)
            ))
        };
        assert_eq!((target(60_000), target(70_000)), (200, 414));
    }

    #[test]
    fn a_refused_head_still_says_who_asked() {
        let head = b"HEAD /<> HTTP/1.1\r\nHost: a\r\nOrigin: https://b\r\n\r\n";
        let expected = Asked {
            is_head: true,
            host: Some("a".to_owned()),
            origin: Some("https://b".to_owned()),
        };
        assert_eq!(asked(head), expected);
        assert_eq!(asked(b"x\r\n\r\n"), Asked::default());
        assert_eq!(asked(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").host, None);
    }
}
