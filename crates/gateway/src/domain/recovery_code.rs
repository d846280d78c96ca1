//! Recovery codes: what signs in whoever has lost the device with the second factor. Each works once.

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::Invalid;
use crate::ports::Entropy;

/// 120 bits, which is twenty-four letters and digits without a rest. From 112 on, a fast hash is enough (OWASP ASVS 5.0, 6.5.2).
const BYTES: usize = 15;

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

    /// Reads a code as a person types it: in either case, with dashes and spaces or without.
    pub fn parse(text: &str) -> Result<Self, InvalidRecoveryCode> {
        let letters: Zeroizing<String> = text
            .chars()
            .filter(|c| !matches!(c, '-' | ' '))
            .map(|c| c.to_ascii_uppercase())
            .collect::<String>()
            .into();
        let bytes = Zeroizing::new(
            BASE32_NOPAD
                .decode(letters.as_bytes())
                .map_err(|_| InvalidRecoveryCode)?,
        );
        let bytes = bytes.as_slice().try_into().map_err(|_| InvalidRecoveryCode)?;
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// The code as it is shown. Named so that it is seen where it is used.
    pub fn reveal(&self) -> String {
        let letters = BASE32_NOPAD.encode(self.0.as_ref()).to_ascii_lowercase();
        let mut shown = String::new();
        for (place, letter) in letters.chars().enumerate() {
            if place > 0 && place % 4 == 0 {
                shown.push('-');
            }
            shown.push(letter);
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
    fn anything_else_is_none() {
        for text in [
            "",
            "abcd",
            "abcd-efgh-ijkl-mnop-qrst-uvw",
            "abcd-efgh-ijkl-mnop",
            "abcd-efgh-ijkl-mnop-qrst-uvw1",
            "abcd-efgh-ijkl-mnop-qrst-uvwx-y",
            "é",
        ] {
            assert!(RecoveryCode::parse(text).is_err(), "{text:?}");
        }
    }
}
