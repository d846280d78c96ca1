//! Making proofs, and checking them.

use http::HeaderValue;
use subtle::ConstantTimeEq as _;

use super::presented::BETWEEN;
use super::proof::{DeviceId, Proof};
use super::{COOKIE, KEPT, LIFETIME, Presented};
use crate::domain::EmailAddress;
use crate::ports::{Clock, Database, Entropy, Timestamp};
use crate::store::secrets::{CachedSecret, ServerSecret};
use crate::store::{Store, StoreError};

/// What sets these MACs apart from whatever else the same secret might one day be used for.
const PURPOSE: &[u8] = b"jetway device cookie 1";

/// The secret that the proofs are made with.
#[derive(Clone, Debug)]
pub struct DeviceKey(ServerSecret);

/// What an instance remembers of the secret: one for an instance, as a `static`.
#[derive(Debug)]
pub struct DeviceKeyCache(CachedSecret);

impl DeviceKeyCache {
    /// Nothing is known yet.
    pub const fn new() -> Self {
        Self(CachedSecret::new("device_cookies"))
    }

    /// The key, where it has been read before.
    pub fn known(&self) -> Option<DeviceKey> {
        self.0.known().map(DeviceKey)
    }

    /// The key, read or made.
    pub async fn get<D: Database>(
        &self,
        store: &Store<D>,
        entropy: &impl Entropy,
    ) -> Result<DeviceKey, StoreError> {
        self.0.get(store, entropy).await.map(DeviceKey)
    }
}

impl Default for DeviceKeyCache {
    fn default() -> Self {
        Self::new()
    }
}

impl DeviceKey {
    /// The device that has signed in with this address before, if one of the proofs says so.
    pub fn recognise(&self, presented: &Presented, email: &EmailAddress, now: Timestamp) -> Option<DeviceId> {
        let proofs = presented.0.iter();
        let mut good = proofs.filter(|proof| self.is_good(proof, email, now));
        good.next().map(|proof| proof.device)
    }

    /// The cookie for a device that has signed in with this address just now: a new proof, before those of other people who have
    /// signed in on it.
    pub fn cookie(
        &self,
        presented: &Presented,
        email: &EmailAddress,
        clock: &impl Clock,
        entropy: &impl Entropy,
    ) -> Option<HeaderValue> {
        let now = clock.now();
        let mut device = DeviceId([0; 16]);
        entropy.fill(&mut device.0);
        let mut value = self
            .proof(device, email, now.after(LIFETIME).as_secs())
            .to_string();
        // Those that are not ours are good for nobody and are handed back all the same: whose they are cannot be told.
        let of_others = presented
            .0
            .iter()
            .filter(|proof| now.as_secs() < proof.expires && !self.is_good(proof, email, now));
        for proof in of_others.take(KEPT - 1) {
            value.push(BETWEEN);
            value.push_str(&proof.to_string());
        }
        let age = LIFETIME.as_secs();
        let cookie = format!("{COOKIE}={value}; Max-Age={age}; Path=/; Secure; HttpOnly; SameSite=Strict");
        HeaderValue::try_from(cookie).ok()
    }

    fn is_good(&self, proof: &Proof, email: &EmailAddress, now: Timestamp) -> bool {
        // Compared in a time that says nothing of where they differ.
        let is_ours = self.mac(proof.device, email, proof.expires).ct_eq(&proof.mac);
        bool::from(is_ours) && now.as_secs() < proof.expires
    }

    fn proof(&self, device: DeviceId, email: &EmailAddress, expires: u64) -> Proof {
        let mac = self.mac(device, email, expires);
        Proof { device, expires, mac }
    }

    fn mac(&self, device: DeviceId, email: &EmailAddress, expires: u64) -> [u8; 16] {
        // What has a fixed length comes first, so that no two readings have the same bytes.
        let (expires, email) = (expires.to_be_bytes(), email.canonical());
        let message = [&device.0[..], &expires, email.as_bytes()].concat();
        let whole = self.0.mac(PURPOSE, &message);
        let mut half = [0; 16];
        half.copy_from_slice(&whole[..16]);
        half
    }
}
