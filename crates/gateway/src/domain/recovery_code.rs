//! Recovery codes: what signs in whoever has lost the device with the second factor. Each works once.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{Invalid, typed_code};
use crate::ports::Entropy;

/// 120 bits, which is twenty-four letters and digits without a rest. From 112 on, a fast hash is enough (OWASP ASVS 5.0, 6.5.2).
const BYTES: usize = 15;
/// Eight of them are five bytes.
const LETTERS: usize = BYTES / 5 * 8;
/// Crockford's thirty-two: none that is taken for another is among them twice (I and L are read as 1, O as 0).
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A code as it is shown, once, and typed. `Debug` does not show it.
#[derive(Clone)]
pub struct RecoveryCode(Zeroizing<[u8; BYTES]>);

/// What is stored of it: SHA-256, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryCodeHash(String);

/// The text is no recovery code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a recovery code is twenty-four letters and digits, in groups of four")]
pub struct InvalidRecoveryCode;

impl Invalid for InvalidRecoveryCode {
    fn code(&self) -> &'static str {
        "recovery_code_malformed"
    }
}

impl RecoveryCode {
    /// A new code.
    pub fn generate(entropy: &impl Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; BYTES]);
        entropy.fill(bytes.as_mut());
        Self(bytes)
    }

    /// Reads a code as a person types it: in either case, with dashes and spaces or without, and with letters for the digits that
    /// look like them.
    pub fn parse(text: &str) -> Result<Self, InvalidRecoveryCode> {
        let letters = typed_code::meant(text);
        if letters.len() != LETTERS {
            return Err(InvalidRecoveryCode);
        }
        let mut bytes = Zeroizing::new([0; BYTES]);
        for (five, eight) in bytes.chunks_mut(5).zip(letters.as_bytes().chunks(8)) {
            let mut bits: u64 = 0;
            for letter in eight {
                bits = (bits << 5) | value(*letter).ok_or(InvalidRecoveryCode)?;
            }
            five.copy_from_slice(&bits.to_be_bytes()[3..]);
        }
        Ok(Self(bytes))
    }

    /// The code as it is shown. Named so that it is seen where it is used.
    pub fn reveal(&self) -> String {
        let mut shown = String::new();
        for five in self.0.chunks(5) {
            let bits: u64 = five.iter().fold(0, |bits, byte| (bits << 8) | u64::from(*byte));
            for place in (0..8).rev() {
                // A dash before every fourth letter, which is where the length divides by five.
                if shown.len() % 5 == 4 {
                    shown.push('-');
                }
                let [.., last] = (bits >> (5 * place)).to_be_bytes();
                shown.push(char::from(ALPHABET[usize::from(last & 31)]));
            }
        }
        shown
    }

    /// What is stored of it.
    pub fn hash(&self) -> RecoveryCodeHash {
        RecoveryCodeHash(HEXLOWER.encode(&Sha256::digest(self.0.as_ref())))
    }
}

impl std::fmt::Debug for RecoveryCode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("RecoveryCode(..)")
    }
}

/// What a letter of a code stands for.
fn value(letter: u8) -> Option<u64> {
    let meant = match letter.to_ascii_lowercase() {
        b'o' => b'0',
        b'i' | b'l' => b'1',
        other => other,
    };
    let place = ALPHABET.iter().position(|known| *known == meant)?;
    u64::try_from(place).ok()
}

impl RecoveryCodeHash {
    /// The hash as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::CountingEntropy;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = RecoveryCode::generate(&CountingEntropy::default());
        let shown = code.reveal();
        assert_eq!((shown.len(), shown.matches('-').count()), (29, 5));
        for typed in [
            shown.clone(),
            shown.to_uppercase(),
            shown.replace('-', ""),
            shown.replace('-', " "),
            shown.replace('-', "\u{2013}"),
            format!("\u{a0}{shown}\r\n"),
            shown.replace('0', "O").replace('1', "l"),
            shown.replace('0', "o").replace('1', "I"),
            shown
                .chars()
                .map(|c| match c {
                    '!'..='~' => char::from_u32(u32::from(c) + 0xfee0).unwrap(),
                    other => other,
                })
                .collect(),
        ] {
            assert_eq!(
                RecoveryCode::parse(&typed).unwrap().hash(),
                code.hash(),
                "{typed}"
            );
        }
        assert_eq!(format!("{code:?}"), "RecoveryCode(..)");
    }

    #[test]
    fn every_code_is_read_back() {
        for byte in 0..=255 {
            let code = RecoveryCode(Zeroizing::new([byte; BYTES]));
            assert_eq!(RecoveryCode::parse(&code.reveal()).unwrap().0, code.0);
        }
        let first = RecoveryCode(Zeroizing::new(
            *b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e",
        ));
        assert_eq!(first.reveal(), "000g-40r4-0m30-e209-185g-r38e");
    }

    #[test]
    fn anything_else_is_none() {
        for text in [
            "",
            "abcd",
            "abcd-efgh-jkmn-pqrs-tvwx-yz0",
            "abcd-efgh-jkmn-pqrs-tvwx-yzu0",
            "abcd-efgh-jkmn-pqrs-tvwx-yz0\u{e9}",
            "abcd-efgh-ijkl-mnop",
            "abcd-efgh-jkmn-pqrs-tvwx-yzu1",
            "abcd-efgh-jkmn-pqrs-tvwx-yz01-2",
            "é",
        ] {
            assert!(RecoveryCode::parse(text).is_err(), "{text:?}");
        }
    }
}
