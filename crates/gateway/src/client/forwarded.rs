//! The header `Forwarded` (RFC 7239), read from the right.
//!
//! Whoever writes the left end of this header must not be able to spoil the right end, which a trusted proxy wrote. A
//! parser that starts on the left can be led astray there, by a quote that never ends; so elements are cut off from the
//! right, and each is understood by itself. That is why no library is used: those there are start on the left.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Cuts off the last element of a list: what is left of its comma, if there is one, and the element.
pub(super) fn split_last(line: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let mut quoted = false;
    for (index, byte) in line.iter().enumerate().rev() {
        match byte {
            b'"' if quoted && ends_in_escape(&line[..index]) => {}
            b'"' => quoted = !quoted,
            b',' if !quoted => return (Some(&line[..index]), &line[index + 1..]),
            _ => {}
        }
    }
    (None, line)
}

/// Whether what follows is escaped: backslashes pair up from the left.
fn ends_in_escape(text: &[u8]) -> bool {
    text.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// The address after `for`, if the element is well-formed and tells one: proxies may say `unknown` or make up a name.
pub(super) fn address(element: &[u8]) -> Option<IpAddr> {
    let mut found = None;
    let mut rest = element;
    loop {
        rest = rest.trim_ascii_start();
        if !rest.is_empty() && !rest.starts_with(b";") {
            let (name, after) = token(rest)?;
            let (value, after) = value(after.strip_prefix(b"=")?)?;
            if name.eq_ignore_ascii_case(b"for") && found.replace(node(&value)?).is_some() {
                return None;
            }
            rest = after.trim_ascii_start();
        }
        match rest.split_first() {
            None => return found,
            Some((b';', after)) => rest = after,
            Some(_) => return None,
        }
    }
}

fn value(text: &[u8]) -> Option<(Cow<'_, [u8]>, &[u8])> {
    match text.strip_prefix(b"\"") {
        Some(text) => quoted(text),
        None => token(text).map(|(token, rest)| (Cow::Borrowed(token), rest)),
    }
}

fn token(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let is_tchar = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let length = text.iter().take_while(|byte| is_tchar(byte)).count();
    if length == 0 {
        None
    } else {
        Some(text.split_at(length))
    }
}

/// The text up to the closing quote, without the backslashes that escape, and what follows.
fn quoted(text: &[u8]) -> Option<(Cow<'_, [u8]>, &[u8])> {
    let mut end = 0;
    let mut escapes = false;
    loop {
        match text.get(end)? {
            b'"' => break,
            b'\\' => {
                escapes = true;
                end += 2;
            }
            _ => end += 1,
        }
    }
    let inside = &text[..end];
    let value = if escapes {
        Cow::Owned(unescaped(inside))
    } else {
        Cow::Borrowed(inside)
    };
    Some((value, &text[end + 1..]))
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        plain.extend(if *byte == b'\\' { bytes.next() } else { Some(byte) });
    }
    plain
}

/// Section 6 of the RFC: an IPv4 address, or an IPv6 address in brackets, and perhaps a port.
fn node(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let (address, port): (IpAddr, &str) = match text.strip_prefix('[') {
        Some(text) => {
            let (address, port) = text.split_once(']')?;
            (address.parse::<Ipv6Addr>().ok()?.into(), port)
        }
        None => {
            let (address, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            (address.parse::<Ipv4Addr>().ok()?.into(), port)
        }
    };
    (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then(|| address.to_canonical())
}

/// A port, or a name that hides one.
fn is_port(text: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    match text.strip_prefix('_') {
        Some(name) => is_name(name),
        None => (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn elements(mut line: &str) -> Vec<&str> {
        let mut elements = Vec::new();
        loop {
            let (rest, element) = split_last(line.as_bytes());
            elements.push(std::str::from_utf8(element).unwrap());
            match rest {
                Some(rest) => line = std::str::from_utf8(rest).unwrap(),
                None => return elements,
            }
        }
    }

    fn address_in(element: &str) -> Option<String> {
        address(element.as_bytes()).map(|address| address.to_string())
    }

    #[test]
    fn elements_end_at_commas_that_are_not_quoted() {
        assert_eq!(elements("for=a, for=b,c"), ["c", " for=b", "for=a"]);
        assert_eq!(elements(r#"x="a,b";for=c, d"#), [" d", r#"x="a,b";for=c"#]);
        assert_eq!(elements(r#"x="a\",b", d"#), [" d", r#"x="a\",b""#]);
        assert_eq!(elements(r#"x="a\\",b, d"#), [" d", "b", r#"x="a\\""#]);
        assert_eq!(elements(""), [""]);
    }

    #[test]
    fn an_address_is_found_as_the_rfc_writes_it() {
        for (element, address) in [
            ("for=192.0.2.43", "192.0.2.43"),
            (r#"For="[2001:db8:cafe::17]:4711""#, "2001:db8:cafe::17"),
            (r#"FOR="[2001:DB8:cafe::17]""#, "2001:db8:cafe::17"),
            (r#"for="192.0.2.43:47011""#, "192.0.2.43"),
            (r#"for="192.0.2.43:_hidden""#, "192.0.2.43"),
            ("for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"),
            ("  proto=https ; for=192.0.2.60  ", "192.0.2.60"),
            (r#";host="a;for=6.6.6.6,\"";;for=192.0.2.60;"#, "192.0.2.60"),
            (r#"for="\192.0\.2.60""#, "192.0.2.60"),
            (r#"for="[::ffff:192.0.2.60]""#, "192.0.2.60"),
            ("host=\"\u{e4}\";for=192.0.2.60", "192.0.2.60"),
        ] {
            assert_eq!(address_in(element).as_deref(), Some(address), "{element}");
        }
    }

    #[test]
    fn anything_else_tells_no_address() {
        for element in [
            "",
            " ",
            "for=unknown",
            "for=_hidden",
            r#"for="unknown:80""#,
            "by=192.0.2.43",
            "192.0.2.43",
            "for=",
            "for",
            "for =192.0.2.43",
            "for= 192.0.2.43",
            r#"for="192.0.2.43"#,
            r#"for="192.0.2.43\"#,
            r#"for="192.0.2.43"x"#,
            "for=192.0.2.43:80",
            "for=2001:db8::1",
            r#"for="2001:db8::1""#,
            "for=[2001:db8::1]",
            r#"for="[192.0.2.43]""#,
            r#"for="[2001:db8::1"#,
            r#"for="[2001:db8::1]80""#,
            r#"for="192.0.2.43:""#,
            r#"for="192.0.2.43:800000""#,
            r#"for="192.0.2.43:_""#,
            "for=192.0.2.43 proto=http",
            "for=192.0.2.43;for=192.0.2.44",
            "for=192.0.2.43;proto",
            "for=192.0.2.043",
            "for=3221226027",
        ] {
            assert_eq!(address_in(element), None, "{element}");
        }
    }

    proptest! {
        #[test]
        fn nothing_on_the_left_changes_the_last_element(left in "[ -~\u{e4}]{0,60}", host in "[ -~]{0,20}") {
            let host = host.replace('\\', "\\\\").replace('"', "\\\"");
            let last = format!(r#" for=198.51.100.9;host="{host}""#);
            let line = format!("{left},{last}");
            let (rest, element) = split_last(line.as_bytes());
            prop_assert_eq!(element, last.as_bytes());
            prop_assert_eq!(rest, Some(left.as_bytes()));
            prop_assert_eq!(address_in(&last), Some("198.51.100.9".to_owned()));
        }

        #[test]
        fn every_address_is_read_as_it_is_written(address: IpAddr, port: Option<u16>) {
            let port = port.map_or(String::new(), |port| format!(":{port}"));
            let node = match address {
                IpAddr::V4(address) => format!("{address}{port}"),
                IpAddr::V6(address) => format!("[{address}]{port}"),
            };
            prop_assert_eq!(super::address(format!("for=\"{node}\"").as_bytes()), Some(address.to_canonical()));
        }

        #[test]
        fn no_bytes_are_too_strange(bytes: Vec<u8>) {
            let (_, element) = split_last(&bytes);
            let _ = super::address(element);
        }

        #[test]
        fn nor_are_those_that_mean_something(text in "(for|=|\"|\\\\|;|,| |\\[|\\]|:|1\\.2\\.3\\.4|::1|x){0,12}") {
            let (_, element) = split_last(text.as_bytes());
            let _ = super::address(element);
        }
    }
}
