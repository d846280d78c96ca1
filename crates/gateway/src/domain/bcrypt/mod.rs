//! bcrypt, cut into slices: the same function as everybody's, made so that whoever runs it may stop between two rounds.
//!
//! A hash takes its tenth of a second or more on purpose, and a guest that computes holds its thread for as long. The
//! cipher is a library's (`blowfish`), and so is what bcrypt adds to its key schedule; here is only the loop around it.

mod parts;
#[cfg(test)]
mod tests;

use blowfish::Blowfish;
use zeroize::Zeroizing;

pub(super) use parts::Parts;

use super::Password;

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
    key: Box<Zeroizing<[u8; Password::MAX_BYTES]>>,
    key_bytes: usize,
    cost: u32,
    salt: [u8; 16],
    rounds_left: u32,
}

impl Bcrypt {
    /// Begins to hash `password`, at most 72 bytes of it.
    pub(super) fn begin(password: &[u8], cost: u32, salt: [u8; 16]) -> Self {
        let mut key = Box::new(Zeroizing::new([0; Password::MAX_BYTES]));
        let length = password.len().min(Password::MAX_BYTES);
        key[..length].copy_from_slice(&password[..length]);
        // The NUL that ends the password is part of the key, where there is room for it.
        let key_bytes = (length + 1).min(Password::MAX_BYTES);
        let mut cipher = Box::new(Blowfish::bc_init_state());
        cipher.salted_expand_key(&salt, &key[..key_bytes]);
        Self {
            cipher,
            key,
            key_bytes,
            cost,
            salt,
            rounds_left: 1 << cost,
        }
    }

    /// How many rounds are left to do.
    pub fn rounds_left(&self) -> u32 {
        self.rounds_left
    }

    /// Does at most `rounds` rounds, and gives the hash if they were the last ones.
    pub fn advance(&mut self, rounds: u32) -> Option<super::PasswordHash> {
        let rounds = rounds.min(self.rounds_left);
        for _ in 0..rounds {
            self.cipher.bc_expand_key(&self.key[..self.key_bytes]);
            self.cipher.bc_expand_key(&self.salt);
        }
        self.rounds_left -= rounds;
        (self.rounds_left == 0).then(|| super::PasswordHash::of_parts(self.parts()))
    }

    fn parts(&self) -> Parts {
        let mut words = PLAINTEXT;
        for [left, right] in words.as_chunks_mut().0 {
            for _ in 0..ENCRYPTIONS {
                [*left, *right] = self.cipher.bc_encrypt([*left, *right]);
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
