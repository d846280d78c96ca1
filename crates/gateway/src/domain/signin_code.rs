//! The code out of a mail by which somebody signs in.

use subtle::ConstantTimeEq as _;

use super::{Invalid, OneTimeTokenId, typed_code};
use crate::mac::hmac_sha256;

/// Tells these codes from whatever else is derived from the same secret.
const LABEL: &[u8] = b"jetway sign-in code\0";
/// A hundred million codes, of which five are tried: one guess in twenty million is right.
const DIGITS: usize = 8;
const CODES: u64 = 100_000_000;

/// Eight digits. `Debug` shows nothing.
///
/// It is derived from its id and a secret of the server, as a [`OneTimeToken`](super::OneTimeToken) is: so it is stored nowhere.
#[derive(Clone, Copy)]
pub struct SigninCode(u64);

/// The text is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the code of a mail is eight digits")]
pub struct InvalidSigninCode;

impl Invalid for InvalidSigninCode {
    fn code(&self) -> &'static str {
        "code_malformed"
    }
}

impl SigninCode {
    /// The code of this id.
    pub fn derive(secret: &[u8; 32], id: OneTimeTokenId) -> Self {
        let mac = hmac_sha256(secret, &[LABEL, id.to_string().as_bytes()]);
        let (first, _) = mac.split_at(8);
        // Of 2^64 numbers: no code is likelier than another by more than one part in 10^11.
        let number = first
            .iter()
            .fold(0, |number, byte| (number << 8) | u64::from(*byte));
        Self(number % CODES)
    }

    /// Reads eight digits, as a person types them.
    pub fn parse(text: &str) -> Result<Self, InvalidSigninCode> {
        let digits = typed_code::meant(text);
        let well_formed = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.parse().map_err(|_| InvalidSigninCode)?;
        well_formed.then_some(Self(number)).ok_or(InvalidSigninCode)
    }

    /// Whether it is the same, told in a time that says nothing of where they differ.
    pub fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// The code as the mail has it: in one, so that telephones see that it is a code. Named so that it is seen where it is used.
    pub fn reveal(&self) -> String {
        format!("{:0DIGITS$}", self.0)
    }
}

impl std::fmt::Debug for SigninCode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SigninCode(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(last: char) -> OneTimeTokenId {
        OneTimeTokenId::parse(&format!("01893726-efee-7f02-8fbf-9f2b7bc2f91{last}")).unwrap()
    }

    #[test]
    fn a_code_is_derived_again_from_the_same_id_and_secret_only() {
        let code = SigninCode::derive(&[7; 32], id('0'));
        assert!(code.is(&SigninCode::derive(&[7; 32], id('0'))));
        assert!(!code.is(&SigninCode::derive(&[7; 32], id('1'))));
        assert!(!code.is(&SigninCode::derive(&[8; 32], id('0'))));
    }

    #[test]
    fn a_code_is_read_back_as_it_was_shown_and_however_it_is_typed() {
        let code = SigninCode(12_345);
        assert_eq!(code.reveal(), "00012345");
        for typed in [
            "0001 2345",
            "00012345",
            "0001-2345\n",
            "\u{ff10}\u{ff10}\u{ff10}12345",
        ] {
            assert!(SigninCode::parse(typed).unwrap().is(&code), "{typed:?}");
        }
        for typed in ["", "1234567", "123456789", "1234567a", "+1234567"] {
            assert!(SigninCode::parse(typed).is_err(), "{typed:?}");
        }
        assert_eq!(format!("{code:?}"), "SigninCode(..)");
    }
}
