//! Paths that every server understands the same way.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::http::{Code, HttpError};

/// Refuses a path that a server behind us could read as another one than the policy was asked about: dot segments, plain or
/// encoded, encoded separators, backslashes, control characters, bytes that are no UTF-8 (overlong forms among them), broken
/// escapes, and what neither the standard (RFC 3986, section 2) nor browsers leave unescaped. All of it also where a server
/// decodes once more.
pub fn check_path(path: &str) -> Result<(), HttpError> {
    let safe = path.starts_with('/')
        && path
            .split('/')
            .all(|segment| is_plain(segment) && is_safe(segment, MAX_DECODINGS));
    if safe {
        Ok(())
    } else {
        Err(HttpError::new(
            Code::UnsafePath,
            "Send the path in UTF-8, without dot segments, encoded separators and broken escapes.",
        ))
    }
}

/// Whether a segment has only what may stand in one, and whole escapes.
fn is_plain(segment: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%[]|^{}".contains(&byte);
    segment.bytes().all(allowed) && escapes_are_whole(segment)
}

/// How often a server may decode one path. What is escaped more often is meant to be misread.
const MAX_DECODINGS: u8 = 4;

fn is_safe(segment: &str, decodings: u8) -> bool {
    let Ok(decoded) = percent_decode_str(segment).decode_utf8() else {
        return false;
    };
    // Some servers cut path parameters off before they look for dots: `..;x` is `..` to them. Windows sees no spaces at the
    // end, and takes wide dots and slashes for plain ones.
    let name = decoded.split([';', '?', '#']).next().unwrap_or_default().trim();
    let is_dots = matches!(name.replace(['\u{ff0e}', '\u{2024}'], ".").as_str(), "." | "..");
    let forbidden = |letter: char| {
        letter.is_control()
            || matches!(
                letter,
                '/' | '\\' | '\u{ff0f}' | '\u{ff3c}' | '\u{2215}' | '\u{2044}'
            )
    };
    let goes_on = match &decoded {
        Cow::Borrowed(_) => true,
        Cow::Owned(text) => decodings > 0 && is_safe(text, decodings - 1),
    };
    !is_dots && !decoded.contains(forbidden) && goes_on
}

fn escapes_are_whole(segment: &str) -> bool {
    segment.split('%').skip(1).all(|rest| {
        let mut digits = rest.bytes();
        let mut is_hex = || digits.next().is_some_and(|byte| byte.is_ascii_hexdigit());
        is_hex() && is_hex()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_paths_pass() {
        for path in [
            "/",
            "/api/v1/flights",
            "/api/v1/flights/",
            "/a//b",
            "/a/...",
            "/a/.b",
            "/a/b..",
            "/a/%20b;c=1",
            "/a/%C3%A9",
            "/a/x;v=1,2/@:!$&'()*",
            "/a[0]|b^{c}",
            "/a/100%25",
            "/a/100%25off",
            "/a/%2520b",
        ] {
            assert!(check_path(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn ambiguous_paths_do_not() {
        for path in [
            "",
            "a",
            "/a/../b",
            "/..",
            "/a/.",
            "/a/./b",
            "/a/%2e%2e/b",
            "/a/%2E./b",
            "/a/.%2e",
            "/%2e",
            "/a%2fb",
            "/a%2Fb",
            "/a\\b",
            "/a%5cb",
            "/a/..;x=1/b",
            "/a/%2e%2e%3bx",
            "/a%00",
            "/a%0d%0a",
            "/a%",
            "/a%2",
            "/a%zz",
            "/a%é",
            "/é",
            "/a%ff",
            "/a%e9",
            "/%c0%ae%c0%ae/x",
            "/a%c0%afb",
            "/%252e%252e",
            "/%25252e%25252e/x",
            "/a%252fb",
            "/a%255cb",
            "/a%2500",
            "/%2e%2e%20/x",
            "/..%3fx",
            "/%ef%bc%8e%ef%bc%8e/x",
            "/a%ef%bc%8fb",
            "/a%c2%85",
            "/a<b",
            "/a\"b",
            "/a b",
            "/a`b",
            "/a%252525252525252525",
            "/a#b",
            "/%u002e",
        ] {
            let code = check_path(path).unwrap_err().problem().code();
            assert_eq!(code, Code::UnsafePath, "{path}");
        }
    }

    proptest! {
        #[test]
        fn what_passes_stays_below_its_first_segment(rest in "[-./%25a-fE;\\\\]{0,12}") {
            let path = format!("/api/{rest}");
            if check_path(&path).is_ok() {
                // Resolve as a careless server would: decode first, then take the dots away.
                let decoded = percent_decode_str(&path).decode_utf8_lossy().into_owned();
                let mut stack = Vec::new();
                for segment in decoded.split('/').filter(|segment| !segment.is_empty()) {
                    match segment {
                        "." => {}
                        ".." => drop(stack.pop()),
                        other => stack.push(other),
                    }
                }
                prop_assert_eq!(stack.first(), Some(&"api"));
            }
        }
    }
}
