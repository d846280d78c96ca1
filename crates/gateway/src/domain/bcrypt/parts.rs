//! The parts of a bcrypt hash, and the text that they are written as.

use base64::Engine as _;
use base64::alphabet::BCRYPT;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::NO_PAD;

const BASE64: GeneralPurpose = GeneralPurpose::new(&BCRYPT, NO_PAD);

/// `$2b$`, two digits, `$`, and 22 characters of salt before 31 of digest.
const TEXT_BYTES: usize = 60;
/// Three names of one function. `$2x$` is not among them: it marks hashes of a function that had a bug.
const VERSIONS: [&str; 3] = ["$2a$", "$2b$", "$2y$"];
/// bcrypt's own limits.
const COSTS: std::ops::RangeInclusive<u32> = 4..=31;

/// What a hash is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Parts {
    pub(in super::super) cost: u32,
    pub(in super::super) salt: [u8; 16],
    pub(in super::super) digest: [u8; 23],
}

impl Parts {
    /// Reads the text of a hash; `None` where it is none.
    pub(in super::super) fn parse(text: &str) -> Option<Self> {
        if text.len() != TEXT_BYTES || !text.is_ascii() {
            return None;
        }
        let (version, rest) = text.split_at(4);
        let (cost, rest) = rest.split_at(2);
        let (salt, digest) = rest.strip_prefix('$')?.split_at(22);
        if !VERSIONS.contains(&version) || !cost.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let mut parts = Self {
            cost: cost.parse().ok().filter(|cost| COSTS.contains(cost))?,
            salt: [0; 16],
            digest: [0; 23],
        };
        let read = (
            BASE64.decode_slice(salt, &mut parts.salt),
            BASE64.decode_slice(digest, &mut parts.digest),
        );
        matches!(read, (Ok(16), Ok(23))).then_some(parts)
    }

    /// The text, in the newest version's name.
    pub(in super::super) fn to_text(self) -> String {
        let Self { cost, salt, digest } = self;
        format!("$2b${cost:02}${}{}", BASE64.encode(salt), BASE64.encode(digest))
    }
}
