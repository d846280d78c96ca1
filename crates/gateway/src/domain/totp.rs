//! Time-based one-time passwords (RFC 6238): HMAC-SHA-1, steps of thirty seconds, six digits, which is what every authenticator app
//! can do.

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, Mac as _};
use sha1::Sha1;
use subtle::{ConditionallySelectable as _, ConstantTimeEq as _};
use zeroize::Zeroizing;

use super::{EmailAddress, Invalid, typed_code};
use crate::ports::{Entropy, Timestamp};

/// As long as the hash's output (RFC 4226, section 4, R6).
const SECRET_BYTES: usize = 20;
const STEP_SECONDS: u64 = 30;
const DIGITS: usize = 6;

/// What a device and the gateway both know. `Debug` does not show it.
#[derive(Clone)]
pub struct TotpSecret(Zeroizing<[u8; SECRET_BYTES]>);

/// Six digits, as a person types them.
#[derive(Clone, Copy)]
pub struct TotpCode(u32);

/// A span of thirty seconds since the Unix epoch, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TotpStep(u64);

/// The text is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a code is six digits")]
pub struct InvalidTotpCode;

impl Invalid for InvalidTotpCode {
    fn code(&self) -> &'static str {
        "code_malformed"
    }
}

impl TotpSecret {
    /// A new secret.
    pub fn generate(entropy: &impl Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        entropy.fill(bytes.as_mut());
        Self(bytes)
    }

    /// The secret of these bytes, if it can be one.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// The bytes, as they are stored. Named so that it is seen where they are used.
    pub fn reveal(&self) -> &[u8; SECRET_BYTES] {
        &self.0
    }

    /// The secret as a person types it into a device.
    pub fn to_base32(&self) -> String {
        BASE32_NOPAD.encode(self.0.as_ref())
    }

    /// The secret as a device reads it from a picture: the key URI of authenticator apps.
    pub fn to_uri(&self, issuer: &str, account: &EmailAddress) -> String {
        let quoted = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let (issuer, account) = (quoted(issuer), quoted(account.as_str()));
        let secret = self.to_base32();
        format!(
            "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}"
        )
    }

    /// The step whose code this is: that of `now`, or one before or after it, for clocks that differ. All three are compared
    /// whatever comes of the first, and in a time that tells nothing of the right code.
    pub fn step_of(&self, code: TotpCode, now: Timestamp) -> Option<TotpStep> {
        let current = now.as_secs() / STEP_SECONDS;
        let mut found = u64::MAX;
        // The earliest that matches is the one that counts as used.
        for step in [current.saturating_add(1), current, current.saturating_sub(1)] {
            let right = (hotp(self.0.as_ref(), step) % 10_u32.pow(DIGITS as u32)).ct_eq(&code.0);
            found = u64::conditional_select(&found, &step, right);
        }
        (found != u64::MAX).then_some(TotpStep(found))
    }
}

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("TotpSecret(..)")
    }
}

impl TotpCode {
    /// Reads six digits, as a person types them.
    pub fn parse(text: &str) -> Result<Self, InvalidTotpCode> {
        let digits = typed_code::meant(text);
        let well_formed = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.parse().map_err(|_| InvalidTotpCode)?;
        well_formed.then_some(Self(number)).ok_or(InvalidTotpCode)
    }
}

impl std::fmt::Debug for TotpCode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("TotpCode(..)")
    }
}

impl TotpStep {
    /// The step's number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// The 31 bits of RFC 4226, section 5.3, of which a code is the last digits.
fn hotp(secret: &[u8], counter: u64) -> u32 {
    // A key of any length is one for HMAC, so that the alternative is never taken; it would be a code that nobody has.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret) else {
        return u32::MAX;
    };
    mac.update(&counter.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest[digest.len() - 1] & 0xf);
    let word = [
        digest[offset],
        digest[offset + 1],
        digest[offset + 2],
        digest[offset + 3],
    ];
    u32::from_be_bytes(word) & 0x7fff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8; 20] = b"12345678901234567890";

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    fn step_of(code: &str, secs: u64) -> Option<u64> {
        let secret = TotpSecret::from_bytes(SECRET).unwrap();
        let step = secret.step_of(TotpCode::parse(code).unwrap(), at(secs));
        step.map(TotpStep::number)
    }

    #[test]
    fn the_values_of_rfc_4226_appendix_d() {
        let truncated: [u32; 10] = [
            1284755224, 1094287082, 137359152, 1726969429, 1640338314, 868254676, 1918287922, 82162583,
            673399871, 645520489,
        ];
        let codes = [
            755224, 287082, 359152, 969429, 338314, 254676, 287922, 162583, 399871, 520489,
        ];
        for (counter, (truncated, code)) in (0..).zip(truncated.into_iter().zip(codes)) {
            assert_eq!(hotp(SECRET, counter), truncated);
            assert_eq!(hotp(SECRET, counter) % 1_000_000, code);
        }
    }

    #[test]
    fn the_values_of_rfc_6238_appendix_b() {
        for (secs, code) in [
            (59, 94287082),
            (1111111109, 7081804),
            (1111111111, 14050471),
            (1234567890, 89005924),
            (2000000000, 69279037),
            (20000000000, 65353130),
        ] {
            assert_eq!(hotp(SECRET, secs / STEP_SECONDS) % 100_000_000, code);
            let six_digits = format!("{:06}", code % 1_000_000);
            assert_eq!(step_of(&six_digits, secs), Some(secs / STEP_SECONDS));
        }
    }

    #[test]
    fn a_clock_may_differ_by_one_step_either_way() {
        // The code of step 1.
        let code = "287082";
        assert_eq!(step_of(code, 0), Some(1));
        assert_eq!(step_of(code, 30), Some(1));
        assert_eq!(step_of(code, 89), Some(1));
        assert_eq!(step_of(code, 90), None);
        assert_eq!(step_of("000000", 59), None);
    }

    #[test]
    fn a_code_is_six_digits() {
        for text in [
            "",
            "12345",
            "1234567",
            "12345a",
            "+12345",
            " 12345",
            "12345\u{bd}",
            "123 456 7",
            "١٢٣٤٥",
        ] {
            assert!(TotpCode::parse(text).is_err(), "{text:?}");
        }
        assert!(TotpCode::parse("000000").is_ok());
    }

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        for text in [
            "287 082",
            "287-082",
            " 287082\r\n",
            "\u{a0}287\u{a0}082",
            "２８７０８２",
            "٢٨٧٠٨٢",
        ] {
            assert_eq!(step_of(text, 30), Some(1), "{text:?}");
        }
    }

    #[test]
    fn a_secret_is_given_as_devices_read_it_and_shown_to_nobody_else() {
        let secret = TotpSecret::from_bytes(SECRET).unwrap();
        assert_eq!(secret.to_base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let account = EmailAddress::parse("ada+1@example.com").unwrap();
        assert_eq!(
            secret.to_uri("Jet way", &account),
            "otpauth://totp/Jet%20way:ada%2B1%40example%2Ecom?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Jet%20way&algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(
            format!("{secret:?} {:?}", TotpCode::parse("123456")),
            "TotpSecret(..) Ok(TotpCode(..))"
        );
        assert!(TotpSecret::from_bytes(b"short").is_none());
    }
}
