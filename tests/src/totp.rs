//! A device with a second factor, as RFC 6238 describes it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, Mac};
use sha1::Sha1;

const STEP: u64 = 30;

/// What an authenticator app makes of a secret.
#[derive(Clone, Debug)]
pub struct Device {
    secret: Vec<u8>,
}

impl Device {
    /// A device that was given this secret, in base 32.
    pub fn with_secret(secret: &str) -> Self {
        let secret = data_encoding::BASE32_NOPAD
            .decode(secret.as_bytes())
            .expect("a secret in base 32");
        Self { secret }
    }

    /// The code of now, or of so many steps after it (before it, where negative). Never just before the step ends, so that the code
    /// is still good when it arrives.
    pub async fn code(&self, later: i64) -> String {
        loop {
            let seconds = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .expect("a clock after 1970")
                .as_secs();
            if seconds % STEP < 20 {
                return self.code_of((seconds / STEP).saturating_add_signed(later));
            }
            tokio::time::sleep(Duration::from_secs(STEP - seconds % STEP)).await;
        }
    }

    fn code_of(&self, step: u64) -> String {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.secret).expect("a key of any length");
        mac.update(&step.to_be_bytes());
        let digest = mac.finalize().into_bytes();
        let offset = usize::from(digest[19] & 15);
        let word = u32::from_be_bytes(digest[offset..offset + 4].try_into().expect("four bytes"));
        format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
    }
}
