//! Hashing passwords beside everything else: in slices, a few in lockstep, and no longer a queue than one can wait for.
//!
//! A hash computes for a tenth of a second and more. In one go it would hold the thread, and all other requests with it; so
//! it gives way after every round ([`GiveWay`](crate::ports::GiveWay)). An instance that gives way is sent further requests,
//! which want hashes too: some are computed together, because that takes hardly longer than one ([`Bcrypt::LANES`]), the others
//! wait in the order in which they came, and whoever would wait for too long is told so at once.

mod pace;
mod queue;
mod settings;

pub use queue::{HashingQueue, LONGEST_WAIT, TooBusy};
pub use settings::Settings;

use crate::domain::{Bcrypt, BcryptCost, Password, PasswordHash};
use crate::log;
use crate::ports::{Entropy, Ports};

/// Makes password hashes, and checks passwords against them.
#[derive(Debug)]
pub struct Hasher<'a, P> {
    ports: &'a P,
    queue: &'a HashingQueue,
    settings: &'a Settings,
}

impl<'a, P: Ports> Hasher<'a, P> {
    /// A hasher by these settings. `queue` is to be the instance's one.
    pub fn new(ports: &'a P, queue: &'a HashingQueue, settings: &'a Settings) -> Self {
        Self {
            ports,
            queue,
            settings,
        }
    }

    /// The hash of `password`, with a fresh salt.
    pub async fn hash(&self, password: &Password) -> Result<PasswordHash, TooBusy> {
        let mut salt = [0; 16];
        self.ports.entropy().fill(&mut salt);
        let Settings { cost, peppers } = self.settings;
        let begin = || PasswordHash::begin(password, peppers, *cost, salt);
        let computed = self.compute(begin).await?;
        Ok(computed.peppered(peppers))
    }

    /// Whether `hash` is that of `password`. Where its pepper is not configured it is nobody's, after the same work; where it is too dear,
    /// at once.
    pub async fn verify(&self, hash: &PasswordHash, password: &Password) -> Result<bool, TooBusy> {
        if self.is_too_dear(hash) {
            return Ok(false);
        }
        let peppers = &self.settings.peppers;
        let computed = self.compute(|| hash.check(password, peppers)).await?;
        Ok(self.is_match(hash, &computed))
    }

    /// The same, with as much work as for a hash of the configured cost, or of `highest` where that is more: whatever hash
    /// is checked, it takes as long. One that is [too dear](Self::dearest_checked) is nobody's, after the same work.
    pub async fn verify_evenly(
        &self,
        hash: &PasswordHash,
        password: &Password,
        highest: Option<BcryptCost>,
    ) -> Result<bool, TooBusy> {
        let highest = highest.map_or(0, BcryptCost::rounds);
        let Settings { cost, peppers } = self.settings;
        let is_too_dear = self.is_too_dear(hash);
        let nobodys = self.hash_of_nobody();
        let hash = if is_too_dear { &nobodys } else { hash };
        let rounds = cost.rounds().max(highest).max(hash.cost().rounds());
        let begin = || hash.check(password, peppers).in_at_least(rounds);
        let computed = self.compute(begin).await?;
        Ok(self.is_match(hash, &computed) & !is_too_dear)
    }

    /// The dearest hash that a password is checked against.
    pub fn dearest_checked(&self) -> BcryptCost {
        self.settings.cost.dearest_checked()
    }

    /// Its owner sets a new password by a mail; the log says so to whoever wonders.
    fn is_too_dear(&self, hash: &PasswordHash) -> bool {
        let is_too_dear = hash.cost() > self.dearest_checked();
        if is_too_dear {
            log::background("password_hash_too_dear", &[("cost", &hash.cost().digits())]);
        }
        is_too_dear
    }

    /// Whether a new hash of the same password would be of another form, pepper or cost.
    pub fn is_outdated(&self, hash: &PasswordHash) -> bool {
        hash.is_outdated(&self.settings.peppers, self.settings.cost)
    }

    /// What to check a password of nobody against, so that it is the same work as for somebody.
    pub fn hash_of_nobody(&self) -> PasswordHash {
        PasswordHash::of_nobody(self.settings.cost)
    }

    fn is_match(&self, hash: &PasswordHash, computed: &PasswordHash) -> bool {
        let missing = hash.missing_pepper(&self.settings.peppers);
        if let Some(version) = missing {
            log::background("password_pepper_missing", &[("version", &version.to_string())]);
        }
        hash.is_matched_by(computed) & missing.is_none()
    }

    /// What comes of what `begin` begins.
    async fn compute(&self, begin: impl FnOnce() -> Bcrypt) -> Result<PasswordHash, TooBusy> {
        let place = self.queue.enter(begin)?;
        Ok(place.compute(self.ports.clock(), self.ports.way()).await)
    }
}
