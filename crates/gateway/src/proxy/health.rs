//! What an instance knows of one address: how its last calls ended, and whether it is out of service.
//!
//! An address that fails is *ejected*: it gets no requests but *probes*, single requests of clients at set times, until one succeeds.
//! With one address this is the service's circuit breaker; with several it is outlier ejection, and the breaker is open where all
//! are ejected. Nothing here knows of other instances: see [`Service`](super::Service).

use super::outcomes::{Asked, Outcomes};
use crate::ports::Timestamp;

/// The longest time, in seconds, between two probes while others do the work.
const LONGEST_WAIT: u64 = 30;

/// That an address is out of service. All times are seconds since the Unix epoch, so that the probes of all instances fall on the
/// same seconds, also if two of them found out one after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ejection {
    /// Since when.
    pub since: u64,
    /// The second of the last probe; 0 before the first.
    pub last_probe: u64,
}

impl Ejection {
    /// One that begins with the next second: the first probe comes after a second at least.
    fn after(now: Timestamp) -> Self {
        Self {
            since: now.as_secs() + 1,
            last_probe: 0,
        }
    }

    /// The second whose probe is due, if one is. Without another address, every second has one. With others at work, the wait
    /// doubles: probes after 1, 3, 7, 15 and 31 seconds, and then every half minute.
    fn due_probe(&self, now: Timestamp, others_work: bool) -> Option<u64> {
        let elapsed = now.as_secs().saturating_sub(self.since);
        let second = if others_work {
            last_scheduled(elapsed)
        } else {
            elapsed
        };
        let at = self.since + second;
        (second > 0 && at > self.last_probe).then_some(at)
    }
}

/// The last second, up to `elapsed`, of a schedule whose steps double.
fn last_scheduled(elapsed: u64) -> u64 {
    let (mut at, mut wait) = (0, 1);
    while wait < LONGEST_WAIT {
        if at + wait > elapsed {
            return at;
        }
        at += wait;
        wait *= 2;
    }
    at + elapsed.saturating_sub(at) / LONGEST_WAIT * LONGEST_WAIT
}

/// One address, as this instance sees it.
#[derive(Clone, Debug)]
pub(super) struct Health {
    outcomes: Outcomes,
    ejection: Option<Ejection>,
    /// Whether the other instances can know of the ejection.
    is_shared: bool,
    /// Which ejection ended last by a probe of ours: others may still tell of it for a moment.
    ended: Option<u64>,
    /// What began before is no evidence: it hung in the outage that is over.
    trusted_from: Timestamp,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            outcomes: Outcomes::default(),
            ejection: None,
            is_shared: false,
            ended: None,
            trusted_from: Timestamp::from_millis(0),
        }
    }
}

impl Health {
    pub(super) fn ejection(&self) -> Option<Ejection> {
        self.ejection
    }

    pub(super) fn is_ejected(&self) -> bool {
        self.ejection.is_some()
    }

    /// Whether there is no point in asking again what has just failed: it fails and fails.
    pub(super) fn is_failing(&self) -> bool {
        self.outcomes.fail_and_fail()
    }

    /// Whether it has answered such a request lately.
    pub(super) fn has_answered(&self, asked: &Asked) -> bool {
        self.outcomes.have_success_at_path_of(asked)
    }

    /// A call that began then went well.
    pub(super) fn succeeded(&mut self, asked: Asked, began: Timestamp) {
        if self.is_evidence(began) {
            self.outcomes.succeeded(asked);
        }
    }

    /// A call that began then failed; `asked` is `None` where that speaks for itself. Gives the ejection, if that was one failure too
    /// many.
    pub(super) fn failed(
        &mut self,
        asked: Option<Asked>,
        began: Timestamp,
        now: Timestamp,
        others_work: bool,
    ) -> Option<Ejection> {
        if !self.is_evidence(began) {
            return None;
        }
        self.outcomes.failed(asked);
        let is_dead = if others_work {
            self.outcomes.speak_against_one_of_several()
        } else {
            self.outcomes.speak_against_the_last()
        };
        if is_dead {
            self.ejection = Some(Ejection::after(now));
            self.is_shared = false;
        }
        self.ejection
    }

    fn is_evidence(&self, began: Timestamp) -> bool {
        self.ejection.is_none() && began >= self.trusted_from
    }

    /// Takes the probe that is due, if one is: the instance asks for each once.
    pub(super) fn take_probe(&mut self, now: Timestamp, others_work: bool) -> Option<Probe> {
        let ejection = self.ejection.as_mut()?;
        let second = ejection.due_probe(now, others_work)?;
        let previous = std::mem::replace(&mut ejection.last_probe, second);
        Some(Probe {
            ejection: *ejection,
            previous,
        })
    }

    /// A probe succeeded: the address is back.
    pub(super) fn returned(&mut self, probe: &Probe, now: Timestamp) {
        self.ended = Some(probe.ejection.since);
        self.put_back(now);
    }

    /// The others can know of the ejection from now on, and say when it is over.
    pub(super) fn shared(&mut self) {
        self.is_shared = self.is_ejected();
    }

    /// What all instances know of this address.
    pub(super) fn learn(&mut self, shared: Option<Ejection>, now: Timestamp) {
        match (shared, self.ejection) {
            (Some(shared), None) if self.ended == Some(shared.since) => {}
            // Several instances may have found out at once: all go by what is in the store.
            (Some(shared), known) => {
                let probed = known.map_or(0, |known| known.last_probe);
                self.ejection = Some(Ejection {
                    // The clock of another machine may be ahead of ours.
                    since: shared.since.min(Ejection::after(now).since),
                    last_probe: shared.last_probe.max(probed),
                });
                self.is_shared = true;
            }
            (None, Some(_)) if self.is_shared => self.put_back(now),
            (None, _) => {}
        }
    }

    fn put_back(&mut self, now: Timestamp) {
        self.ejection = None;
        self.is_shared = false;
        self.outcomes = Outcomes::default();
        self.trusted_from = now;
    }
}

/// The right to send one request to an ejected address, if nobody else has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The ejection, with this probe as its last.
    pub(super) ejection: Ejection,
    /// The last one before, as far as this instance knows.
    pub(super) previous: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    fn asked() -> Asked {
        let client = crate::client::Client::of_request(&http::HeaderMap::new(), &Default::default());
        Asked::of("/", client.key(Default::default()))
    }

    /// Fails, without another address, until it is ejected: after how many failures.
    fn failures_until_ejected(health: &mut Health, others_work: bool) -> usize {
        (1..=100)
            .find(|_| health.failed(None, at(0), at(0), others_work).is_some())
            .unwrap()
    }

    #[test]
    fn the_only_address_is_ejected_when_it_fails_and_fails() {
        assert_eq!(failures_until_ejected(&mut Health::default(), false), 5);
    }

    #[test]
    fn one_of_several_is_ejected_sooner() {
        assert_eq!(failures_until_ejected(&mut Health::default(), true), 3);
    }

    #[test]
    fn a_history_of_successes_holds_the_only_address_for_fifteen_calls_at_most() {
        let mut health = Health::default();
        for _ in 0..1000 {
            health.succeeded(asked(), at(0));
        }
        assert!(failures_until_ejected(&mut health, false) <= 15);
    }

    #[test]
    fn a_service_that_fails_every_other_request_goes_on() {
        let mut health = Health::default();
        for _ in 0..1000 {
            health.succeeded(asked(), at(0));
            assert_eq!(health.failed(None, at(0), at(0), false), None);
            assert_eq!(health.failed(None, at(0), at(0), true), None);
        }
    }

    #[test]
    fn alone_it_is_probed_every_second_once() {
        let ejection = Ejection {
            since: 1000,
            last_probe: 0,
        };
        assert_eq!(ejection.due_probe(at(999), false), None);
        assert_eq!(ejection.due_probe(at(1000), false), Some(1001));
        let probed = Ejection {
            last_probe: 1001,
            ..ejection
        };
        assert_eq!(probed.due_probe(at(1999), false), None);
        assert_eq!(probed.due_probe(at(3500), false), Some(1003));
    }

    #[test]
    fn beside_others_it_is_probed_ever_more_rarely_up_to_every_half_minute() {
        let seconds: Vec<_> = (1..=100)
            .filter(|&second| last_scheduled(second) == second)
            .collect();
        assert_eq!(seconds, [1, 3, 7, 15, 31, 61, 91]);
    }

    #[test]
    fn a_probe_that_succeeds_brings_it_back_and_what_hung_before_says_nothing() {
        let mut health = Health::default();
        failures_until_ejected(&mut health, false);
        assert_eq!(health.take_probe(at(1000), false), None);
        let probe = health.take_probe(at(2000), false).unwrap();
        assert_eq!(health.take_probe(at(2500), false), None);
        health.returned(&probe, at(2600));
        assert!(!health.is_ejected());
        for _ in 0..50 {
            assert_eq!(health.failed(None, at(2500), at(2700), false), None);
        }
    }

    #[test]
    fn an_ejection_that_nobody_was_told_of_is_not_ended_by_silence() {
        let mut health = Health::default();
        failures_until_ejected(&mut health, false);
        health.learn(None, at(500));
        assert!(health.is_ejected());
        health.shared();
        health.learn(None, at(600));
        assert!(!health.is_ejected());
    }

    #[test]
    fn old_news_of_an_ejection_that_we_ended_is_ignored() {
        let mut health = Health::default();
        failures_until_ejected(&mut health, false);
        let probe = health.take_probe(at(2000), false).unwrap();
        health.returned(&probe, at(2100));
        health.learn(Some(probe.ejection), at(2200));
        assert!(!health.is_ejected());
        // A new one is news.
        let next = Ejection {
            since: 1003,
            last_probe: 0,
        };
        health.learn(Some(next), at(2200));
        assert!(health.is_ejected());
    }

    #[test]
    fn a_clock_that_is_ahead_does_not_keep_it_out() {
        let mut health = Health::default();
        let ahead = Ejection {
            since: 4600,
            last_probe: 0,
        };
        health.learn(Some(ahead), at(0));
        assert!(health.take_probe(at(2000), false).is_some());
    }
}
