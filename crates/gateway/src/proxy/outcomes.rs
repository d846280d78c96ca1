//! How the last calls of an address ended, and what they say about it.
//!
//! A failure may lie with what was asked for or with who asked. So failures close an address only where they would do so without
//! any one path, and without any one client: whoever asks for a resource that always fails closes nothing for anybody else. What
//! speaks for itself needs no such second opinion: a connection that does not come about, and a path that another address of the
//! service has answered.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::client::ClientKey;

/// How many calls are remembered.
const MEMORY: usize = 15;
/// How many of them may be of one path, so that a path which everybody asks for does not push out all others.
const MOST_OF_ONE_PATH: usize = 5;
/// How many of them may be of one client, for the same reason.
const MOST_OF_ONE_CLIENT: usize = 10;
/// So many failures at least are evidence against the last address there is.
const MIN_FAILURES: usize = 5;
/// So many of them have to be left without any one path or client.
const MIN_FAILURES_OF_OTHERS: usize = 3;
/// So many failures one after another are evidence against one of several.
const OUTLIER_FAILURES: usize = 3;

/// What a request asked for and who asked, to tell whether failures have that in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    path: u64,
    client: u64,
}

impl Asked {
    /// A request of this client for this path. The query is left out: it is the path that decides who answers.
    pub fn of(path: &str, client: ClientKey) -> Self {
        let hash = |value: &dyn Fn(&mut DefaultHasher)| {
            let mut hasher = DefaultHasher::new();
            value(&mut hasher);
            hasher.finish()
        };
        Self {
            path: hash(&|hasher| path.hash(hasher)),
            client: hash(&|hasher| client.hash(hasher)),
        }
    }
}

/// How one call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Outcome {
    failed: bool,
    /// `None` where the failure speaks for itself.
    asked: Option<Asked>,
}

/// The last calls, the oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcomes {
    last: Vec<Outcome>,
}

impl Outcomes {
    /// A call went well.
    pub(super) fn succeeded(&mut self, asked: Asked) {
        self.push(Outcome {
            failed: false,
            asked: Some(asked),
        });
    }

    /// A call failed; `asked` is `None` where that speaks for itself.
    pub(super) fn failed(&mut self, asked: Option<Asked>) {
        self.push(Outcome { failed: true, asked });
    }

    /// Whether a call for this path went well.
    pub(super) fn have_success_at_path_of(&self, asked: &Asked) -> bool {
        let is_one = |outcome: &Outcome| {
            !outcome.failed && outcome.asked.is_some_and(|other| other.path == asked.path)
        };
        self.last.iter().any(is_one)
    }

    /// Forgets, in this order, what is over the share of its path, of its client, or just the oldest.
    fn push(&mut self, outcome: Outcome) {
        if let Some(asked) = outcome.asked {
            self.keep_below(MOST_OF_ONE_PATH, |other| other.path == asked.path);
            self.keep_below(MOST_OF_ONE_CLIENT, |other| other.client == asked.client);
        }
        if self.last.len() >= MEMORY {
            self.last.remove(0);
        }
        self.last.push(outcome);
    }

    fn keep_below(&mut self, most: usize, is_like_it: impl Fn(&Asked) -> bool) {
        let is_like_it = |outcome: &Outcome| outcome.asked.as_ref().is_some_and(&is_like_it);
        if self.last.iter().filter(|outcome| is_like_it(outcome)).count() >= most
            && let Some(oldest) = self.last.iter().position(is_like_it)
        {
            self.last.remove(oldest);
        }
    }

    /// Whether the last calls all failed: there is no point in asking again at once.
    pub(super) fn fail_and_fail(&self) -> bool {
        self.failures_in_a_row().count() >= OUTLIER_FAILURES
    }

    /// Whether an address is out of order that others can stand in for.
    pub(super) fn speak_against_one_of_several(&self) -> bool {
        let in_a_row: Vec<_> = self.failures_in_a_row().copied().collect();
        in_a_row.len() >= OUTLIER_FAILURES
            && (in_a_row.iter().filter(|outcome| outcome.asked.is_none()).count() >= OUTLIER_FAILURES
                || without_each(&in_a_row, |others| !others.is_empty()))
    }

    /// Whether the only address is out of order: four of five calls fail, whichever path or client is left out. A service that fails
    /// some requests still answers the others, and there is nobody else.
    pub(super) fn speak_against_the_last(&self) -> bool {
        mostly_fail(&self.last, MIN_FAILURES)
            && without_each(&self.last, |others| mostly_fail(others, MIN_FAILURES_OF_OTHERS))
    }

    fn failures_in_a_row(&self) -> impl Iterator<Item = &Outcome> {
        self.last.iter().rev().take_while(|outcome| outcome.failed)
    }
}

fn mostly_fail(outcomes: &[Outcome], at_least: usize) -> bool {
    let failures = outcomes.iter().filter(|outcome| outcome.failed).count();
    failures >= at_least && failures * 5 >= outcomes.len() * 4
}

/// Whether it holds for what is left without the calls of any one path, and of any one client, that has failed.
fn without_each(outcomes: &[Outcome], holds: impl Fn(&[Outcome]) -> bool) -> bool {
    let failed = || outcomes.iter().filter(|outcome| outcome.failed);
    let without = |is_left_out: &dyn Fn(&Asked) -> bool| -> Vec<Outcome> {
        let stays = |outcome: &&Outcome| !outcome.asked.as_ref().is_some_and(is_left_out);
        outcomes.iter().filter(stays).copied().collect()
    };
    failed().filter_map(|outcome| outcome.asked).all(|one| {
        holds(&without(&|other| other.path == one.path))
            && holds(&without(&|other| other.client == one.client))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked(path: u64, client: u64) -> Asked {
        Asked { path, client }
    }

    #[test]
    fn one_path_is_told_from_another_and_its_queries_are_not() {
        let client = crate::client::Client::of_request(&http::HeaderMap::new(), &Default::default());
        let client = client.key(Default::default());
        assert_eq!(Asked::of("/a", client), Asked::of("/a", client));
        assert_ne!(Asked::of("/a", client), Asked::of("/b", client));
    }

    #[test]
    fn connections_that_do_not_come_about_speak_for_themselves() {
        let mut outcomes = Outcomes::default();
        for _ in 0..4 {
            outcomes.failed(None);
            assert!(!outcomes.speak_against_the_last());
        }
        outcomes.failed(None);
        assert!(outcomes.speak_against_the_last());
    }

    #[test]
    fn a_service_that_fails_everybody_everything_is_found_out() {
        let mut outcomes = Outcomes::default();
        for call in 0..8 {
            outcomes.failed(Some(asked(call, call)));
        }
        assert!(outcomes.speak_against_the_last());
    }

    #[test]
    fn a_path_that_everybody_asks_for_does_not_hide_the_others() {
        let mut outcomes = Outcomes::default();
        for call in 0..1000 {
            outcomes.failed(Some(asked(0, call)));
            if call % 100 == 0 {
                outcomes.failed(Some(asked(call, call)));
            }
        }
        assert!(outcomes.speak_against_the_last());
    }

    /// What happens: whether it fails, which path, which client.
    fn history() -> impl Strategy<Value = Vec<(bool, u64, u64)>> {
        prop::collection::vec((any::<bool>(), 0_u64..4, 0_u64..4), 0..60)
    }

    proptest! {
        #[test]
        fn one_path_alone_never_speaks_against_an_address(history in history()) {
            let mut outcomes = Outcomes::default();
            for (failed, path, client) in history {
                match failed && path == 0 {
                    true => outcomes.failed(Some(asked(path, client))),
                    false => outcomes.succeeded(asked(path, client)),
                }
                prop_assert!(!outcomes.speak_against_the_last());
                prop_assert!(!outcomes.speak_against_one_of_several());
            }
        }

        #[test]
        fn one_client_alone_never_speaks_against_an_address(history in history()) {
            let mut outcomes = Outcomes::default();
            for (failed, path, client) in history {
                match failed && client == 0 {
                    true => outcomes.failed(Some(asked(path, client))),
                    false => outcomes.succeeded(asked(path, client)),
                }
                prop_assert!(!outcomes.speak_against_the_last());
                prop_assert!(!outcomes.speak_against_one_of_several());
            }
        }

        #[test]
        fn a_dead_service_is_found_out_whatever_was_before(history in history()) {
            let mut outcomes = Outcomes::default();
            for (failed, path, client) in history {
                match failed {
                    true => outcomes.failed(Some(asked(path, client))),
                    false => outcomes.succeeded(asked(path, client)),
                }
            }
            for _ in 0..MEMORY {
                outcomes.failed(None);
            }
            prop_assert!(outcomes.speak_against_the_last());
            prop_assert!(outcomes.speak_against_one_of_several());
        }
    }
}
