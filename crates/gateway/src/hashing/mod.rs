//! Hashing passwords beside everything else: in slices, a few in lockstep, and no longer a queue than one can wait for.
//!
//! A hash computes for a tenth of a second and more. In one go it would hold the thread, and all other requests with it; so
//! it gives way after every round ([`GiveWay`](crate::ports::GiveWay)). An instance that gives way is sent further requests,
//! which want hashes too: some are computed together, because that takes hardly longer than one ([`Bcrypt::LANES`]), the others
//! wait in the order in which they came, and whoever would wait for too long is told so at once.

mod pace;
mod queue;

pub use queue::{HashingQueue, LONGEST_WAIT, TooBusy};

use crate::domain::{Bcrypt, BcryptCost, Password, PasswordHash};
use crate::ports::{Entropy, Ports};

/// Makes password hashes, and checks passwords against them.
#[derive(Debug)]
pub struct Hasher<'a, P> {
    ports: &'a P,
    queue: &'a HashingQueue,
    cost: BcryptCost,
}

impl<'a, P: Ports> Hasher<'a, P> {
    /// A hasher whose new hashes are of `cost`. `queue` is to be the instance's one.
    pub fn new(ports: &'a P, queue: &'a HashingQueue, cost: BcryptCost) -> Self {
        Self { ports, queue, cost }
    }

    /// The hash of `password`, with a fresh salt.
    pub async fn hash(&self, password: &Password) -> Result<PasswordHash, TooBusy> {
        let mut salt = [0; 16];
        self.ports.entropy().fill(&mut salt);
        self.compute(|| PasswordHash::begin(password, self.cost, salt))
            .await
    }

    /// Whether `hash` is that of `password`.
    pub async fn verify(&self, hash: &PasswordHash, password: &Password) -> Result<bool, TooBusy> {
        let computed = self.compute(|| hash.check(password)).await?;
        Ok(hash.is_matched_by(&computed))
    }

    /// The same, with as much work as for a hash of the configured cost, or of `highest` where that is more: whatever hash
    /// is checked, it takes as long.
    pub async fn verify_evenly(
        &self,
        hash: &PasswordHash,
        password: &Password,
        highest: Option<BcryptCost>,
    ) -> Result<bool, TooBusy> {
        let highest = highest.map_or(0, BcryptCost::rounds);
        let rounds = self.cost.rounds().max(highest).max(hash.rounds());
        let computed = self.compute(|| hash.check(password).in_at_least(rounds)).await?;
        Ok(hash.is_matched_by(&computed))
    }

    /// What to check a password of nobody against, so that it is the same work as for somebody.
    pub fn hash_of_nobody(&self) -> PasswordHash {
        PasswordHash::of_nobody(self.cost)
    }

    /// What comes of what `begin` begins.
    async fn compute(&self, begin: impl FnOnce() -> Bcrypt) -> Result<PasswordHash, TooBusy> {
        let place = self.queue.enter(begin)?;
        Ok(place.compute(self.ports.clock(), self.ports.way()).await)
    }
}
