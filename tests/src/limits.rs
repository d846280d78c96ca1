//! `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11), read with a parser of RFC 9651 that
//! the gateway has no part in.

use crate::Answer;
use crate::structured_field::{self, BareItem, Item};

/// An item of `RateLimit-Policy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The policy's name.
    pub name: String,
    /// `q`: requests a window.
    pub quota: i64,
    /// `w`: the window's seconds.
    pub window: i64,
}

/// An item of `RateLimit`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remaining {
    /// The policy's name.
    pub name: String,
    /// `r`: requests left in this window.
    pub remaining: i64,
    /// `t`: seconds until the window ends.
    pub reset: i64,
}

/// The answer's policies.
#[track_caller]
pub fn policies(answer: &Answer) -> Vec<Policy> {
    let items = items(answer, "ratelimit-policy");
    let policy = |item: &Item| Policy {
        name: name(item),
        quota: number(item, "q"),
        window: number(item, "w"),
    };
    items.iter().map(policy).collect()
}

/// What the answer says is left.
#[track_caller]
pub fn remaining(answer: &Answer) -> Vec<Remaining> {
    let items = items(answer, "ratelimit");
    let remaining = |item: &Item| Remaining {
        name: name(item),
        remaining: number(item, "r"),
        reset: number(item, "t"),
    };
    items.iter().map(remaining).collect()
}

/// The seconds of `Retry-After`.
#[track_caller]
pub fn retry_after(answer: &Answer) -> i64 {
    let seconds = answer.header("retry-after").and_then(|value| value.parse().ok());
    seconds.unwrap_or_else(|| panic!("no Retry-After in seconds: {}", answer.describe()))
}

#[track_caller]
fn items(answer: &Answer, header: &str) -> Vec<Item> {
    let field = answer
        .header(header)
        .unwrap_or_else(|| panic!("no {header}: {}", answer.describe()));
    structured_field::list(field)
        .unwrap_or_else(|error| panic!("{header} is not a list of items ({error}): {field}"))
}

fn name(item: &Item) -> String {
    match &item.value {
        BareItem::String(name) => name.clone(),
        other => panic!("a policy's name is a string, not {other:?}"),
    }
}

fn number(item: &Item, key: &str) -> i64 {
    match item.parameter(key) {
        Some(BareItem::Integer(number)) => *number,
        other => panic!("{key} is an integer, not {other:?}"),
    }
}
