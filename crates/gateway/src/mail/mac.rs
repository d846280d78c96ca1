//! HMAC-SHA-256.

use hmac::digest::Key;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroize as _;

/// The longest key: a block of SHA-256, which is also the most that Standard Webhooks allow.
pub(super) const MAX_KEY: usize = 64;

/// The MAC of `parts`, one after the other, under a key of at most [`MAX_KEY`] bytes (what is beyond does not count).
pub(super) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // Filled up to a block with zeros, as HMAC itself does it: a key of a block cannot have the wrong length.
    let mut block = Key::<Hmac<Sha256>>::default();
    for (filled, byte) in block.iter_mut().zip(key) {
        *filled = *byte;
    }
    let mut mac = Hmac::<Sha256>::new(&block);
    block.zeroize();
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
