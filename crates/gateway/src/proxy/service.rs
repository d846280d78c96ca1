//! A service behind the gateway: its addresses, and what the instances tell each other about them.
//!
//! An instance decides from its own calls alone that an address is out of service, and then tells the others through the key-value
//! store; it asks the store twice a second what they have told. Nothing is written while all is well, and a store that fails leaves
//! each instance with what it knows itself. In the store there is, for each ejected address and only for those:
//!
//! - `breaker/ejected/SERVICE/ADDRESS`: since when, and when it was last probed, in seconds; only ever `set`.
//! - `breaker/SECOND/SERVICE/ADDRESS`: a counter, which whoever makes the probe of this second has brought to 1. It is removed with
//!   the next probe; should one be left, the second in its key says that it is over.

use std::cell::RefCell;
use std::time::Duration;

use http::Uri;
use http::uri::PathAndQuery;

use super::budget::RetryBudget;
use super::failure::{Again, Ended, Evidence};
use super::health::{Ejection, Probe};
use super::outcomes::Asked;
use super::pool::{Pool, Tried, Turn, bit};
use super::retry::MAX_ATTEMPTS;
use super::upstream::Upstream;
use crate::ports::{Clock, Entropy, KeyValue, KeyValueError, Timestamp};

/// How old may be what is known of the others. Half a second, so that all know of a dead service within one.
const MAX_AGE: Duration = Duration::from_millis(500);

/// A service, as one instance sees it.
#[derive(Debug)]
pub struct Service {
    name: &'static str,
    pool: RefCell<Pool>,
    budget: RefCell<RetryBudget>,
    read_at: RefCell<Timestamp>,
}

/// The attempts of one request.
#[derive(Clone, Copy, Debug)]
pub struct Attempts {
    asked: Asked,
    began: Timestamp,
    can_be_sent_again: bool,
    count: usize,
    tried: Tried,
    had_stale_connection: bool,
}

/// What follows an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing: this is the client's answer.
    Enough,
    /// Another one, if the budget has a retry left.
    Retry,
    /// Another one at once and for nothing: the connection may have been one that the service had ended before.
    FreshConnection,
}

impl Attempts {
    /// None yet, of a request that came in at this moment.
    pub fn new(asked: Asked, began: Timestamp, can_be_sent_again: bool) -> Self {
        Self {
            asked,
            began,
            can_be_sent_again,
            count: 0,
            tried: Tried::default(),
            had_stale_connection: false,
        }
    }

    /// When the request came in.
    pub fn began(&self) -> Timestamp {
        self.began
    }

    /// Whether no address failed.
    pub fn all_went_well(&self) -> bool {
        self.tried.failed == 0
    }

    /// How many there were.
    pub fn count(&self) -> usize {
        self.count
    }
}

/// What the other instances should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// This address is out of service.
    Ejected(usize, Ejection),
    /// It was probed, and is still out of service as far as is known.
    Probed(usize, Probe),
    /// It is back.
    Returned(usize, Probe),
}

impl Service {
    /// The service of this name at these addresses. The first turn goes to one at random.
    pub fn new(name: &'static str, upstreams: Vec<Upstream>, entropy: &impl Entropy) -> Self {
        let mut start = [0];
        entropy.fill(&mut start);
        Self {
            name,
            pool: RefCell::new(Pool::new(upstreams, usize::from(start[0]))),
            budget: RefCell::default(),
            read_at: RefCell::new(Timestamp::from_millis(0)),
        }
    }

    /// Its name, as in its variables.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Where this path is at the address of a turn.
    pub fn target(&self, turn: Turn, path: Option<&PathAndQuery>) -> Option<Uri> {
        Some(self.pool.borrow().upstream(turn.index())?.target(path))
    }

    /// Counts a request, which earns a part of a retry.
    pub fn count_request(&self) {
        self.budget.borrow_mut().earn();
    }

    /// Whether it is time to ask what the others know. Says so once, to whom then does it.
    pub fn is_out_of_date(&self, now: Timestamp) -> bool {
        let mut read_at = self.read_at.borrow_mut();
        let is_old = now >= read_at.after(MAX_AGE);
        if is_old {
            *read_at = now;
        }
        is_old
    }

    /// Asks the store what the others know.
    pub async fn refresh(&self, store: &impl KeyValue, clock: &impl Clock) -> Result<(), KeyValueError> {
        *self.read_at.borrow_mut() = clock.now();
        let count = self.pool.borrow().len();
        for index in 0..count {
            self.learn(index, store, clock.now()).await?;
        }
        Ok(())
    }

    /// Asks the store about one address: whether the others say that it is out of service.
    async fn learn(
        &self,
        index: usize,
        store: &impl KeyValue,
        now: Timestamp,
    ) -> Result<bool, KeyValueError> {
        let shared = store.get(&self.ejected_key(index)).await?;
        let shared = shared.as_deref().and_then(decode);
        if let Some(health) = self.pool.borrow_mut().health(index) {
            health.learn(shared, now);
        }
        Ok(shared.is_some())
    }

    /// The next call of a request, or `None` where none is left to make: then the service is overloaded, or the last answer is
    /// the client's. Asks the store only where a probe is due, of which there is one for all instances.
    pub async fn turn(&self, attempts: &Attempts, store: &impl KeyValue, clock: &impl Clock) -> Option<Turn> {
        loop {
            let turn = self.next_turn(attempts, clock)?;
            let Turn::Probe(index, probe) = turn else {
                return Some(turn);
            };
            // Without a store, each instance makes its own.
            if self.claim(index, &probe, store).await.unwrap_or(true) {
                return Some(turn);
            }
        }
    }

    fn next_turn(&self, attempts: &Attempts, clock: &impl Clock) -> Option<Turn> {
        let now = if attempts.count == 0 {
            attempts.began
        } else {
            clock.now()
        };
        let mut pool = self.pool.borrow_mut();
        pool.turn(&attempts.tried, attempts.can_be_sent_again, now)
    }

    /// Whether this instance makes the probe. A key that is there already is only read, which costs less than to count.
    async fn claim(&self, index: usize, probe: &Probe, store: &impl KeyValue) -> Result<bool, KeyValueError> {
        let key = self.probe_key(index, probe.ejection.last_probe);
        if store.get(&key).await?.is_some() {
            return Ok(false);
        }
        Ok(store.increment(&key, 1).await? == 1)
    }

    /// Notes how an attempt ended, and says whether to make another: the request may be sent again, and has been sent fewer than
    /// three times. A connection that was stale is no attempt, once for each request, and no evidence.
    pub fn note(&self, attempts: &mut Attempts, turn: Turn, ended: Ended) -> Next {
        if attempts.can_be_sent_again && ended.may_be_a_stale_connection() && !attempts.had_stale_connection {
            attempts.had_stale_connection = true;
            return Next::FreshConnection;
        }
        let this = bit(turn.index());
        attempts.count += 1;
        attempts.tried.any |= this;
        match ended.evidence() {
            Evidence::Works => {
                attempts.tried.failed &= !this;
                attempts.tried.worked |= this;
                if let Some(health) = self.pool.borrow_mut().health(turn.index()) {
                    health.succeeded(attempts.asked, attempts.began);
                }
            }
            Evidence::IsAway => {
                attempts.tried.failed |= this;
                attempts.tried.away |= this;
            }
            Evidence::Fails => attempts.tried.failed |= this,
            Evidence::None => {}
        }
        if ended.again() == Again::Elsewhere {
            attempts.tried.declined |= this;
        }
        if attempts.can_be_sent_again && ended.again() != Again::No && attempts.count < MAX_ATTEMPTS {
            Next::Retry
        } else {
            Next::Enough
        }
    }

    /// Takes a retry from the budget.
    pub fn spend_retry(&self) -> bool {
        self.budget.borrow_mut().spend()
    }

    /// Draws the conclusions of a request whose last attempts failed. What failed at several addresses and succeeded at none speaks
    /// about what was asked for, and against none of them; what another one answered, against the address alone.
    pub fn conclude(&self, attempts: &Attempts, now: Timestamp) -> Vec<News> {
        let Tried {
            failed, away, worked, ..
        } = attempts.tried;
        let lies_with_the_request = worked == 0 && (failed & !away).count_ones() > 1;
        let mut pool = self.pool.borrow_mut();
        (0..pool.len())
            .filter(|&index| failed & bit(index) != 0)
            .filter(|&index| away & bit(index) != 0 || !lies_with_the_request)
            .filter_map(|index| {
                let speaks_for_itself = worked != 0 || away & bit(index) != 0;
                let asked = (!speaks_for_itself).then_some(attempts.asked);
                Some(News::Ejected(
                    index,
                    pool.failed(index, asked, attempts.began, now)?,
                ))
            })
            .collect()
    }

    /// Draws the conclusion of a probe.
    pub fn conclude_probe(&self, index: usize, probe: Probe, ended: Ended, now: Timestamp) -> News {
        if ended.evidence() != Evidence::Works {
            return News::Probed(index, probe);
        }
        if let Some(health) = self.pool.borrow_mut().health(index) {
            health.returned(&probe, now);
        }
        News::Returned(index, probe)
    }

    /// Tells the others.
    pub async fn tell(&self, news: News, store: &impl KeyValue) -> Result<(), KeyValueError> {
        match news {
            News::Ejected(index, ejection) => {
                if self
                    .learn(index, store, Timestamp::from_millis(ejection.since * 1000))
                    .await?
                {
                    return Ok(());
                }
                store.set(&self.ejected_key(index), &encode(&ejection)).await?;
                if let Some(health) = self.pool.borrow_mut().health(index) {
                    health.shared();
                }
                Ok(())
            }
            News::Probed(index, probe) => {
                let still_out = self
                    .pool
                    .borrow_mut()
                    .health(index)
                    .and_then(|health| health.ejection());
                if let Some(ejection) = still_out {
                    store.set(&self.ejected_key(index), &encode(&ejection)).await?;
                }
                let last = probe.ejection.last_probe;
                self.forget_probes(index, &probe, last.saturating_sub(1), store)
                    .await
            }
            News::Returned(index, probe) => {
                store.delete(&self.ejected_key(index)).await?;
                self.forget_probes(index, &probe, probe.ejection.last_probe, store)
                    .await
            }
        }
    }

    /// Removes the counters of the probes up to this second. What this instance knows of the others' may be some seconds old.
    async fn forget_probes(
        &self,
        index: usize,
        probe: &Probe,
        last: u64,
        store: &impl KeyValue,
    ) -> Result<(), KeyValueError> {
        const SECONDS: u64 = 3;
        let recent = last.saturating_sub(SECONDS).max(probe.previous + 1)..=last;
        for second in std::iter::once(probe.previous).chain(recent) {
            if second > 0 {
                store.delete(&self.probe_key(index, second)).await?;
            }
        }
        Ok(())
    }

    fn ejected_key(&self, index: usize) -> String {
        format!("breaker/ejected/{}", self.address(index))
    }

    fn probe_key(&self, index: usize, second: u64) -> String {
        format!("breaker/{second}/{}", self.address(index))
    }

    fn address(&self, index: usize) -> String {
        let pool = self.pool.borrow();
        let address = pool.upstream(index).map(Upstream::to_string).unwrap_or_default();
        format!("{}/{address}", self.name)
    }

    /// The address of a piece of news, for the log.
    pub fn address_of(&self, news: &News) -> String {
        let (News::Ejected(index, _) | News::Probed(index, _) | News::Returned(index, _)) = news;
        self.address(*index)
    }
}

fn encode(ejection: &Ejection) -> Vec<u8> {
    format!("{} {}", ejection.since, ejection.last_probe).into_bytes()
}

/// What nobody of us wrote is as good as nothing.
fn decode(bytes: &[u8]) -> Option<Ejection> {
    let (since, last_probe) = std::str::from_utf8(bytes).ok()?.split_once(' ')?;
    Some(Ejection {
        since: since.parse().ok()?,
        last_probe: last_probe.parse().ok()?,
    })
}

/// Whether a key of the store claims a probe that is long over. Whoever made the probe removes its claim; one that came to nothing
/// leaves it, for whoever sweeps the store.
pub fn is_old_claim(key: &str, now: Timestamp) -> bool {
    const OLD: u64 = 60;
    let second = key
        .strip_prefix("breaker/")
        .and_then(|rest| rest.split('/').next());
    second
        .and_then(|second| second.parse::<u64>().ok())
        .is_some_and(|second| second.saturating_add(OLD) < now.as_secs())
}

#[cfg(test)]
mod tests;
