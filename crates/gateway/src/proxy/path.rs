//! Paths that every server understands the same way.

use percent_encoding::percent_decode_str;

use crate::http::{Code, HttpError};

/// Refuses a path that a server behind us could read as another one than the policy was asked about: dot segments, plain
/// or encoded, encoded separators, backslashes, control characters, broken escapes.
pub fn check_path(path: &str) -> Result<(), HttpError> {
    let safe = path.starts_with('/') && path.split('/').all(is_safe_segment);
    if safe {
        Ok(())
    } else {
        Err(HttpError::new(
            Code::UnsafePath,
            "Send the path without dot segments, encoded separators and broken escapes.",
        ))
    }
}

fn is_safe_segment(segment: &str) -> bool {
    if !escapes_are_whole(segment) {
        return false;
    }
    let decoded: Vec<u8> = percent_decode_str(segment).collect();
    // Some servers cut path parameters off before they look for dots: `..;x` is `..` to them.
    let name = decoded.split(|&byte| byte == b';').next().unwrap_or_default();
    let forbidden = |byte: u8| matches!(byte, b'/' | b'\\') || byte.is_ascii_control();
    name != b"." && name != b".." && !decoded.iter().copied().any(forbidden)
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
            "/%252e%252e",
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
