//! One limit, and how it is written.

use std::sync::Arc;

use sfv::{BareItem, List, ListEntry, Parser};

/// What a limit counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum By {
    /// The client's address.
    Client,
    /// The e-mail address that the request is about. Counted by the component that reads the address.
    Email,
    /// The signed-in user. Counted by `auth-check`, once the token has been verified.
    User,
    /// Nothing: all requests that the rule is for are counted together.
    Route,
}

impl By {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Client, Self::Email, Self::User, Self::Route];

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Email => "email",
            Self::User => "user",
            Self::Route => "route",
        }
    }
}

/// So many requests in so long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The policy's name, as answers show it.
    pub policy: Arc<str>,
    /// How many requests a window takes.
    pub quota: u64,
    /// How long a window is, in seconds.
    pub window: u64,
    /// What is counted together.
    pub by: By,
}

/// Not a list of limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a list of limits such as `10;w=60, 5;w=60;by=email`")]
pub struct InvalidLimits;

/// The longest window: a day more than a year keeps all arithmetic on times far from its limits.
const MAX_WINDOW: i64 = 366 * 24 * 60 * 60;

/// Reads a structured-field list (RFC 9651) of integers, each the quota of a limit, with the parameters `w`, the window in
/// seconds, and `by`, which is `default_by` where it is left out. `name` becomes the policy's name; where it has several
/// limits, the later ones say in their names what sets them apart.
pub fn parse_limits(name: &str, default_by: By, text: &str) -> Result<Vec<Limit>, InvalidLimits> {
    let list: List = Parser::new(text).parse().map_err(|_| InvalidLimits)?;
    let mut limits: Vec<Limit> = Vec::with_capacity(list.len());
    for entry in list {
        let ListEntry::Item(item) = entry else {
            return Err(InvalidLimits);
        };
        let quota = positive(&item.bare_item, i64::MAX)?;
        let mut window = None;
        let mut by = default_by;
        for (key, value) in &item.params {
            match key.as_str() {
                "w" => window = Some(positive(value, MAX_WINDOW)?),
                "by" => by = parse_by(value)?,
                _ => return Err(InvalidLimits),
            }
        }
        let window = window.ok_or(InvalidLimits)?;
        let kind = (by != default_by).then_some(by);
        let policy = distinct_name(name, kind, window, &limits);
        limits.push(Limit {
            policy,
            quota,
            window,
            by,
        });
    }
    if limits.is_empty() {
        Err(InvalidLimits)
    } else {
        Ok(limits)
    }
}

fn positive(value: &BareItem, max: i64) -> Result<u64, InvalidLimits> {
    let value = value.as_integer().map(i64::from).ok_or(InvalidLimits)?;
    if value > max {
        return Err(InvalidLimits);
    }
    u64::try_from(value)
        .ok()
        .filter(|value| *value > 0)
        .ok_or(InvalidLimits)
}

fn parse_by(value: &BareItem) -> Result<By, InvalidLimits> {
    let name = value.as_token().map(sfv::TokenRef::as_str);
    name.and_then(By::parse).ok_or(InvalidLimits)
}

fn distinct_name(name: &str, kind: Option<By>, window: u64, others: &[Limit]) -> Arc<str> {
    let name = match kind {
        None => name.to_owned(),
        Some(by) => format!("{name}-{}", by.name()),
    };
    if others.iter().any(|other| *other.policy == *name) {
        format!("{name}-{window}s").into()
    } else {
        name.into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn limits_are_read_with_their_names() {
        let limits = parse_limits("signin", By::Client, "10;w=60, 5;w=60;by=email, 100;w=3600").unwrap();
        let limit = |policy: &str, quota, window, by| Limit {
            policy: policy.into(),
            quota,
            window,
            by,
        };
        assert_eq!(
            limits,
            [
                limit("signin", 10, 60, By::Client),
                limit("signin-email", 5, 60, By::Email),
                limit("signin-3600s", 100, 3600, By::Client),
            ]
        );
    }

    #[test]
    fn anything_else_is_refused() {
        let bad = [
            "",
            "10",
            "10;w",
            "10;w=0",
            "0;w=60",
            "-1;w=60",
            "10;w=60s",
            "1.5;w=60",
            "ten;w=60",
            "\"10\";w=60",
            "(10);w=60",
            "10;w=60;by=moon",
            "10;w=60;by=\"email\"",
            "10;w=60;burst=3",
            "10;w=60,",
            "10 w=60",
            "10;w=99999999999",
        ];
        for text in bad {
            assert_eq!(parse_limits("x", By::Client, text), Err(InvalidLimits), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(quota in 1_u64..999_999_999_999_999, window in 1_u64..31_000_000) {
            let limits = parse_limits("x", By::Client, &format!("{quota};w={window}")).unwrap();
            prop_assert_eq!((limits[0].quota, limits[0].window), (quota, window));
        }

        #[test]
        fn nothing_panics(text in "[ -~]{0,40}") {
            let _ = parse_limits("x", By::Client, &text);
        }
    }
}
