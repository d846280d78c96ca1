//! What the store knows of a subject.
//!
//! Nothing in it expires by itself: a key begins with the moment from which nobody asks for it, by which the limiter's sweep
//! finds it. Failures are counted in windows, and those of the window before count half, so that they fade.

use super::{Policy, Subject};
use crate::ports::{KeyValue, KeyValueError, Timestamp};
use crate::rate_limit::{count_of, expiring_key};

/// The names of what is kept of a subject for one window.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    /// A counter: the failures, and the attempts that are under way.
    pub(super) failures: String,
    /// When the latest attempt began that had to be waited for; in milliseconds, as text.
    pub(super) latest: String,
}

/// How a subject stands.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) subject: Subject,
    pub(super) this: Keys,
    pub(super) before: Keys,
    /// What the counter of this window was when it was read.
    pub(super) counted: u64,
    /// What is left of the window before.
    pub(super) carried: u64,
    latest: Option<u64>,
}

impl Standing {
    pub(super) fn failures(&self) -> u64 {
        self.counted + self.carried
    }

    /// How long it is until the next attempt may begin, in milliseconds.
    pub(super) fn wait(&self, policy: &Policy, now: Timestamp) -> u64 {
        let wait = policy.wait(self.failures(), self.subject.free);
        let Some(latest) = self.latest else {
            return 0;
        };
        // Another machine's clock may be ahead of ours: nobody waits longer for that.
        latest
            .saturating_add(wait)
            .saturating_sub(now.as_millis())
            .min(wait)
    }
}

/// How all of them stand, in one look.
pub(super) async fn read(
    store: &impl KeyValue,
    policy: &Policy,
    now: Timestamp,
    subjects: &[Subject],
) -> Result<Vec<Standing>, KeyValueError> {
    let window = now.as_millis() / policy.window();
    let keys: Vec<[Keys; 2]> = subjects
        .iter()
        .map(|subject| [window, window.saturating_sub(1)].map(|window| keys(subject, policy, window)))
        .collect();
    let names: Vec<String> = keys
        .iter()
        .flatten()
        .flat_map(|keys| [keys.failures.clone(), keys.latest.clone()])
        .collect();
    let mut values = store.get_all(&names).await?.into_iter();
    let mut next = || values.next().flatten();
    let mut standings = Vec::with_capacity(subjects.len());
    for (subject, [this, before]) in subjects.iter().zip(keys) {
        let (counted, latest) = (count(next())?, moment(next()));
        let (carried, latest_before) = (count(next())? / 2, moment(next()));
        standings.push(Standing {
            subject: subject.clone(),
            this,
            before,
            counted,
            carried,
            latest: latest.or(latest_before),
        });
    }
    Ok(standings)
}

fn keys(subject: &Subject, policy: &Policy, window: u64) -> Keys {
    // A window is asked for until the next one is over, and on a machine whose clock is behind a little longer.
    let over = window.saturating_add(3).saturating_mul(policy.window());
    // The start tells windows apart when the variable changes.
    let name = |what| {
        expiring_key(
            over,
            &format!("slowdown/{}/{}/{what}", policy.window(), subject.name),
        )
    };
    Keys {
        failures: name("failures"),
        latest: name("latest"),
    }
}

fn count(value: Option<Vec<u8>>) -> Result<u64, KeyValueError> {
    let count = value.map_or(Some(0), |value| count_of(&value));
    count.ok_or_else(|| KeyValueError("a counter holds no count".to_owned()))
}

fn moment(value: Option<Vec<u8>>) -> Option<u64> {
    String::from_utf8(value?).ok()?.parse().ok()
}
