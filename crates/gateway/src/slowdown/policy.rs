//! How many failures are free, and how long one waits after more.

use std::time::Duration;

use sfv::{BareItem, Item, Parser};

/// After how many failures attempts are slowed down, and by how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    free: u64,
    free_by_email: u64,
    window: Duration,
    longest: Duration,
}

/// Not a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not of the form `5;email=20;w=900;max=900`, with max no longer than w")]
pub struct InvalidPolicy;

/// The most failures that can be free: all counts stay far from a counter's end.
const MOST: i64 = 1_000_000_000;

/// The longest window, in seconds: a day.
const LONGEST_WINDOW: i64 = 24 * 60 * 60;

impl Policy {
    /// Reads a structured field's item (RFC 9651): the failures that are free for one client, with the parameters `email`, those
    /// that are free for all clients of one address together, `w`, the window they are counted in, and `max`, the longest wait, in
    /// seconds.
    pub fn parse(text: &str) -> Result<Self, InvalidPolicy> {
        let item: Item = Parser::new(text).parse().map_err(|_| InvalidPolicy)?;
        let free = number(&item.bare_item, MOST)?;
        let (mut by_email, mut window, mut longest) = (None, None, None);
        for (key, value) in &item.params {
            match key.as_str() {
                "email" => by_email = Some(number(value, MOST)?),
                "w" => window = Some(number(value, LONGEST_WINDOW)?),
                "max" => longest = Some(number(value, LONGEST_WINDOW)?),
                _ => return Err(InvalidPolicy),
            }
        }
        let free_by_email = by_email.ok_or(InvalidPolicy)?;
        let window = window.ok_or(InvalidPolicy)?;
        // A wait that outlasted its window would be forgotten before it is over.
        let longest = longest
            .filter(|longest| *longest <= window)
            .ok_or(InvalidPolicy)?;
        if free_by_email < free {
            return Err(InvalidPolicy);
        }
        Ok(Self {
            free,
            free_by_email,
            window: Duration::from_secs(window),
            longest: Duration::from_secs(longest),
        })
    }

    /// How many failures of one client are free.
    pub(super) fn free(&self) -> u64 {
        self.free
    }

    /// How many failures about one address are free.
    pub(super) fn free_by_email(&self) -> u64 {
        self.free_by_email
    }

    /// From how many failures on a device is none that has signed in before.
    pub(super) fn distrusted_from(&self) -> u64 {
        self.free * 2
    }

    /// How long failures are counted together, in milliseconds.
    pub(super) fn window(&self) -> u64 {
        millis(self.window)
    }

    /// How long after the latest attempt the next may begin, in milliseconds: a second, and twice as long with each failure
    /// beyond the free ones.
    pub(super) fn wait(&self, failures: u64, free: u64) -> u64 {
        let Some(beyond) = failures.checked_sub(free) else {
            return 0;
        };
        let doubled = u32::try_from(beyond)
            .ok()
            .and_then(|beyond| 1000_u64.checked_shl(beyond));
        // Shifting drops what does not fit instead of saying so, so far steps count as the longest.
        let doubled = doubled.filter(|_| beyond < 32).unwrap_or(u64::MAX);
        doubled.min(millis(self.longest))
    }
}

fn number(value: &BareItem, most: i64) -> Result<u64, InvalidPolicy> {
    let number = value.as_integer().map(i64::from).ok_or(InvalidPolicy)?;
    if (1..=most).contains(&number) {
        u64::try_from(number).map_err(|_| InvalidPolicy)
    } else {
        Err(InvalidPolicy)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_the_longest() {
        let policy = Policy::parse("5;email=20;w=900;max=900").unwrap();
        let waits: Vec<_> = [0, 4, 5, 6, 7, 14, 15, 37, 38, 70, u64::MAX]
            .into_iter()
            .map(|failures| policy.wait(failures, policy.free()) / 1000)
            .collect();
        assert_eq!(waits, [0, 0, 1, 2, 4, 512, 900, 900, 900, 900, 900]);
        assert_eq!(policy.wait(19, policy.free_by_email()), 0);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "5",
            "5;w=900",
            "0;email=20;w=900;max=900",
            "5;email=4;w=900;max=900",
            "5;email=20;w=900;max=901",
            "5;email=20;w=86401;max=900",
            "5;email=20;w=900;max=900;x=1",
            "5, 6;email=20;w=900;max=900",
            "five;email=20;w=900;max=900",
        ] {
            assert_eq!(Policy::parse(text), Err(InvalidPolicy), "{text}");
        }
    }
}
