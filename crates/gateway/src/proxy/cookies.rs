//! Cookies that are between a browser and the gateway.
//!
//! Their names begin with `__Host-jetway_`. A service is not told them, and cannot set them.

use http::{HeaderMap, HeaderValue, header};

/// Browsers know no case in `__Host-`, and so neither do we.
const PREFIX: &[u8] = b"__host-jetway_";

fn is_ours(pair: &[u8]) -> bool {
    // A cookie that is all value (`=__Host-...`) is sent back without its equals sign.
    let name = pair.trim_ascii_start();
    let name = name.strip_prefix(b"=").unwrap_or(name).trim_ascii_start();
    name.get(..PREFIX.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

/// A line of `Cookie` without ours; `None` where nothing else is in it.
pub(super) fn without_our_cookies(line: &HeaderValue) -> Option<HeaderValue> {
    let pairs = || line.as_bytes().split(|byte| *byte == b';');
    if !pairs().any(is_ours) {
        return Some(line.clone());
    }
    let kept: Vec<&[u8]> = pairs()
        .filter(|pair| !is_ours(pair))
        .map(<[u8]>::trim_ascii)
        .collect();
    let kept = HeaderValue::from_bytes(&kept.join(&b"; "[..])).ok();
    kept.filter(|kept| !kept.is_empty())
}

/// Removes what a service would set of ours.
pub(super) fn remove_our_cookies(headers: &mut HeaderMap) {
    let is_one = |value: &HeaderValue| is_ours(value.as_bytes());
    if !headers.get_all(header::SET_COOKIE).iter().any(is_one) {
        return;
    }
    let all = headers.get_all(header::SET_COOKIE).iter();
    let others: Vec<HeaderValue> = all.filter(|value| !is_one(value)).cloned().collect();
    headers.remove(header::SET_COOKIE);
    for value in others {
        headers.append(header::SET_COOKIE, value);
    }
}
