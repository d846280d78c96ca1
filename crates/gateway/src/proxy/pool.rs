//! Which of a service's addresses is called next.

use super::health::{Ejection, Health, Probe};
use super::outcomes::Asked;
use super::upstream::Upstream;
use crate::ports::Timestamp;

/// The addresses of a service, and what this instance knows of each.
#[derive(Debug)]
pub(super) struct Pool {
    addresses: Vec<(Upstream, Health)>,
    /// Whose turn it is.
    next: usize,
}

/// A call that may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// To this address.
    Call(usize),
    /// To this ejected address, if nobody else has the right to.
    Probe(usize, Probe),
}

impl Turn {
    pub(super) fn index(self) -> usize {
        match self {
            Self::Call(index) | Self::Probe(index, _) => index,
        }
    }
}

/// The addresses that one request was sent to, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tried {
    /// All of them.
    pub(super) any: u32,
    /// Those that must not be asked again.
    pub(super) declined: u32,
    /// Those that failed. A request speaks against an address once, however often it was sent there.
    pub(super) failed: u32,
    /// Those among them that could not be reached.
    pub(super) away: u32,
    /// Those that answered well.
    pub(super) worked: u32,
}

pub(super) fn bit(index: usize) -> u32 {
    1_u32.wrapping_shl(u32::try_from(index).unwrap_or(0))
}

impl Pool {
    /// These addresses, the first turn being that of the address at `start`, so that not all instances begin with the same.
    pub(super) fn new(upstreams: Vec<Upstream>, start: usize) -> Self {
        Self {
            addresses: upstreams
                .into_iter()
                .map(|upstream| (upstream, Health::default()))
                .collect(),
            next: start,
        }
    }

    pub(super) fn upstream(&self, index: usize) -> Option<&Upstream> {
        self.addresses.get(index).map(|(upstream, _)| upstream)
    }

    pub(super) fn len(&self) -> usize {
        self.addresses.len()
    }

    pub(super) fn health(&mut self, index: usize) -> Option<&mut Health> {
        self.addresses.get_mut(index).map(|(_, health)| health)
    }

    /// The next call of a request; `None` where there is nothing left to try. An address that the request has not been at comes
    /// before one that it has, where it is sent again only if that has not failed time and again, and a probe before both, unless the request could not be sent again if the probe fails.
    pub(super) fn turn(&mut self, tried: &Tried, can_be_sent_again: bool, now: Timestamp) -> Option<Turn> {
        if tried.any == 0
            && let Some(probe) = self.probe(can_be_sent_again, now)
        {
            return Some(probe);
        }
        let index = self
            .round(|index| tried.any & bit(index) == 0)
            .or_else(|| self.round(|index| tried.declined & bit(index) == 0 && !self.is_failing(index)))?;
        self.next = index + 1;
        Some(Turn::Call(index))
    }

    fn round(&self, may: impl Fn(usize) -> bool) -> Option<usize> {
        let count = self.addresses.len();
        (0..count)
            .map(|offset| self.next.wrapping_add(offset) % count)
            .find(|&index| may(index) && !self.is_ejected(index))
    }

    fn probe(&mut self, can_be_sent_again: bool, now: Timestamp) -> Option<Turn> {
        let others_work = self.addresses.iter().any(|(_, health)| !health.is_ejected());
        if others_work && !can_be_sent_again {
            return None;
        }
        let mut ejected = self.addresses.iter_mut().enumerate();
        ejected
            .find_map(|(index, (_, health))| Some(Turn::Probe(index, health.take_probe(now, others_work)?)))
    }

    fn is_ejected(&self, index: usize) -> bool {
        self.addresses
            .get(index)
            .is_some_and(|(_, health)| health.is_ejected())
    }

    fn is_failing(&self, index: usize) -> bool {
        self.addresses
            .get(index)
            .is_some_and(|(_, health)| health.is_failing())
    }

    /// A call failed; `asked` is `None` where that speaks for itself. Gives the ejection that follows from it, if any.
    pub(super) fn failed(
        &mut self,
        index: usize,
        asked: Option<Asked>,
        began: Timestamp,
        now: Timestamp,
    ) -> Option<Ejection> {
        let others = self.addresses.iter().enumerate();
        let mut at_work = others
            .filter(|(other, (_, health))| *other != index && !health.is_ejected())
            .map(|(_, (_, health))| health)
            .peekable();
        let others_work = at_work.peek().is_some();
        // What another address has answered is no fault of what was asked for.
        let asked = asked.filter(|asked| !at_work.any(|other| other.has_answered(asked)));
        self.health(index)?.failed(asked, began, now, others_work)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(count: usize) -> Pool {
        let upstreams = (1..=count).map(|port| Upstream::parse(&format!("http://a:{port}")).unwrap());
        Pool::new(upstreams.collect(), 0)
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    fn calls(pool: &mut Pool, count: usize, now: Timestamp) -> Vec<usize> {
        (0..count)
            .filter_map(|_| pool.turn(&Tried::default(), true, now))
            .map(Turn::index)
            .collect()
    }

    fn eject(pool: &mut Pool, index: usize) {
        while pool.failed(index, None, at(0), at(0)).is_none() {}
    }

    #[test]
    fn addresses_take_turns() {
        assert_eq!(calls(&mut pool(3), 6, at(0)), [0, 1, 2, 0, 1, 2]);
        let upstream = Upstream::parse("http://a").unwrap();
        let mut single = Pool::new(vec![upstream], usize::MAX);
        assert_eq!(calls(&mut single, 3, at(0)), [0, 0, 0]);
    }

    #[test]
    fn an_ejected_address_is_passed_over_and_all_ejected_leave_nothing() {
        let mut pool = pool(2);
        eject(&mut pool, 0);
        assert_eq!(calls(&mut pool, 3, at(0)), [1, 1, 1]);
        eject(&mut pool, 1);
        assert_eq!(pool.turn(&Tried::default(), true, at(0)), None);
    }

    #[test]
    fn a_retry_goes_to_another_address_first() {
        let mut pool = pool(2);
        let first_failed = Tried {
            any: 0b01,
            ..Tried::default()
        };
        assert_eq!(pool.turn(&first_failed, true, at(0)), Some(Turn::Call(1)));
        assert_eq!(pool.turn(&first_failed, true, at(0)), Some(Turn::Call(1)));
        let both_failed = Tried {
            any: 0b11,
            declined: 0b10,
            ..Tried::default()
        };
        assert_eq!(pool.turn(&both_failed, true, at(0)), Some(Turn::Call(0)));
        let both_declined = Tried {
            declined: 0b11,
            ..both_failed
        };
        assert_eq!(pool.turn(&both_declined, true, at(0)), None);
    }

    #[test]
    fn an_address_that_fails_and_fails_is_not_asked_twice_by_one_request() {
        let mut pool = pool(1);
        let tried = Tried {
            any: 1,
            ..Tried::default()
        };
        for _ in 0..3 {
            assert_eq!(pool.turn(&tried, true, at(0)), Some(Turn::Call(0)));
            pool.failed(0, None, at(0), at(0));
        }
        assert_eq!(pool.turn(&tried, true, at(0)), None);
        assert_eq!(pool.turn(&Tried::default(), true, at(0)), Some(Turn::Call(0)));
    }

    #[test]
    fn one_request_is_the_probe_and_the_others_go_elsewhere() {
        let mut pool = pool(2);
        eject(&mut pool, 0);
        let turns: Vec<_> = (0..3)
            .filter_map(|_| pool.turn(&Tried::default(), true, at(2000)))
            .collect();
        assert!(matches!(turns[0], Turn::Probe(0, _)), "{turns:?}");
        assert_eq!(turns[1..], [Turn::Call(1), Turn::Call(1)]);
    }

    #[test]
    fn what_cannot_be_sent_again_is_no_probe_while_others_work() {
        let mut pool = pool(2);
        eject(&mut pool, 0);
        assert_eq!(pool.turn(&Tried::default(), false, at(2000)), Some(Turn::Call(1)));
        eject(&mut pool, 1);
        let probe = pool.turn(&Tried::default(), false, at(9000));
        assert!(matches!(probe, Some(Turn::Probe(..))), "{probe:?}");
    }
}
