//! bcrypt, cut into slices: the same function as everybody's, made so that whoever runs it may stop between two rounds, and
//! do several in the time of one.
//!
//! A hash takes its tenth of a second or more on purpose, and a guest that computes holds its thread for as long.

mod blowfish;
mod parts;
mod pi;
#[cfg(test)]
mod tests;

use self::blowfish::{Blowfish, LANES, Words, repeated};
use zeroize::Zeroizing;

pub(super) use parts::Parts;

/// The most bytes that bcrypt reads of a password.
const MAX_BYTES: usize = 72;

/// What bcrypt encrypts with the key that the password made: "OrpheanBeholderScryDoubt".
const PLAINTEXT: [u32; 6] = [
    0x4f72_7068,
    0x6561_6e42,
    0x6568_6f6c,
    0x6465_7253,
    0x6372_7944,
    0x6f75_6274,
];

/// How often the plaintext is encrypted.
const ENCRYPTIONS: usize = 64;

/// A hash on its way. What it knows of the password is wiped when it is dropped.
pub struct Bcrypt {
    // In boxes, because a future holds it: four kilobytes of S-boxes, and a key that must not be left behind by a move.
    cipher: Box<Blowfish>,
    key: Box<Zeroizing<Words>>,
    cost: u32,
    salt: [u8; 16],
    rounds_left: u32,
    /// Rounds to do after those, for nothing but the time they take.
    idle_rounds_left: u32,
    done: Option<Parts>,
}

impl Bcrypt {
    /// How many hashes [`advance`](Self::advance) takes at once.
    pub const LANES: usize = LANES;

    /// Begins to hash `password`, at most 72 bytes of it.
    pub(super) fn begin(password: &[u8], cost: u32, salt: [u8; 16]) -> Self {
        // The NUL that ends the password is part of the key, where there is room for it.
        let ended = password.iter().copied().chain([0]).take(MAX_BYTES);
        let bytes: Zeroizing<Vec<u8>> = Zeroizing::new(ended.collect());
        let key = Box::new(Zeroizing::new(repeated(&bytes)));
        let mut cipher = Box::new(Blowfish::new());
        cipher.expand_salted(&key, &salt);
        Self {
            cipher,
            key,
            cost,
            salt,
            rounds_left: 1 << cost,
            idle_rounds_left: 0,
            done: None,
        }
    }

    /// Does as much work in all as a hash of at least `rounds` rounds, and gives the same hash.
    #[must_use]
    pub fn in_at_least(mut self, rounds: u32) -> Self {
        self.idle_rounds_left = rounds.saturating_sub(self.rounds_left);
        self
    }

    /// How many rounds are left to do.
    pub fn rounds_left(&self) -> u32 {
        self.rounds_left.saturating_add(self.idle_rounds_left)
    }

    /// Does a round of each of `hashes` that has any left, of the first [`LANES`](Self::LANES) of them: it takes hardly longer
    /// than a round of one.
    pub fn advance<'h>(hashes: impl IntoIterator<Item = &'h mut Self>) {
        let mut lanes = hashes
            .into_iter()
            .filter(|hash| hash.rounds_left() > 0)
            .take(LANES);
        match [lanes.next(), lanes.next(), lanes.next(), lanes.next()] {
            [Some(a), Some(b), Some(c), Some(d)] => Self::round([a, b, c, d]),
            [Some(a), Some(b), Some(c), None] => Self::round([a, b, c]),
            [Some(a), Some(b), ..] => Self::round([a, b]),
            [Some(a), ..] => Self::round([a]),
            [None, ..] => {}
        }
    }

    /// A round of each.
    fn round<const N: usize>(mut hashes: [&mut Self; N]) {
        for hash in &mut hashes {
            hash.cipher.mix(&hash.key);
        }
        blowfish::schedule(hashes.each_mut().map(|hash| &mut *hash.cipher));
        for hash in &mut hashes {
            hash.cipher.mix(&repeated(&hash.salt));
        }
        blowfish::schedule(hashes.each_mut().map(|hash| &mut *hash.cipher));
        for hash in hashes {
            hash.count_round();
        }
    }

    /// Notes that a round is done: one that counts, or after those an idle one.
    fn count_round(&mut self) {
        if self.done.is_some() {
            self.idle_rounds_left -= 1;
            return;
        }
        self.rounds_left -= 1;
        if self.rounds_left == 0 {
            self.done = Some(self.parts());
        }
    }

    /// The hash, once no rounds are left.
    pub fn hash(&self) -> Option<super::PasswordHash> {
        let done = self.done.filter(|_| self.idle_rounds_left == 0);
        done.map(super::PasswordHash::of_parts)
    }

    fn parts(&self) -> Parts {
        let mut words = PLAINTEXT;
        for block in words.as_chunks_mut().0 {
            for _ in 0..ENCRYPTIONS {
                *block = self.cipher.encrypt(*block);
            }
        }
        let mut digest = [0; 23];
        // The last of the 24 bytes has never been part of a bcrypt hash.
        for (byte, of) in digest
            .iter_mut()
            .zip(words.iter().flat_map(|word| word.to_be_bytes()))
        {
            *byte = of;
        }
        Parts {
            cost: self.cost,
            salt: self.salt,
            digest,
        }
    }
}

impl std::fmt::Debug for Bcrypt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bcrypt({} rounds left)", self.rounds_left)
    }
}
