//! The token of an unsubscribe link: whoever has it can turn off one kind of mail to one person, and nothing else.
//!
//! It has no end. A mail is years old when somebody finds it in their mailbox and wants no more of its kind, and what the token
//! does can be undone by its owner at any time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::Category;
use crate::domain::UserId;
use crate::mac::hmac_sha256;
use crate::ports::{Database, Entropy};
use crate::store::secrets::{CachedSecret, ServerSecret};
use crate::store::{Store, StoreError};

/// What sets these MACs apart from whatever else the same secret might one day be used for.
const PURPOSE: &[u8] = b"jetway unsubscribe 1";
/// Half of an HMAC-SHA-256 (RFC 2104, section 5): more than can be guessed at one HTTP request a try.
const MAC_BYTES: usize = 16;

/// What tokens are signed with. `Debug` does not show it; dropped, it is wiped.
#[derive(Clone)]
pub struct UnsubscribeKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for UnsubscribeKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("UnsubscribeKey(..)")
    }
}

/// No token, or none of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token is not one that the gateway has signed")]
pub struct InvalidUnsubscribeToken;

/// What an instance remembers of the key: one for an instance, as a `static`.
#[derive(Debug)]
pub struct UnsubscribeKeyCache(CachedSecret);

impl UnsubscribeKeyCache {
    /// Nothing is known yet.
    pub const fn new() -> Self {
        Self(CachedSecret::new("unsubscribe"))
    }

    /// The key, read or made.
    pub async fn get<D: Database>(
        &self,
        store: &Store<D>,
        entropy: &impl Entropy,
    ) -> Result<UnsubscribeKey, StoreError> {
        Ok(UnsubscribeKey::of(&self.0.get(store, entropy).await?))
    }
}

impl Default for UnsubscribeKeyCache {
    fn default() -> Self {
        Self::new()
    }
}

impl UnsubscribeKey {
    fn of(secret: &ServerSecret) -> Self {
        Self(Zeroizing::new(*secret.reveal()))
    }

    /// The token for links in mails of `category` to `user`.
    pub fn token(&self, user: UserId, category: Category) -> String {
        let payload = format!("{user}.{}", category.as_str());
        let mac = self.mac(&payload);
        URL_SAFE_NO_PAD.encode([payload.as_bytes(), b".", &mac].concat())
    }

    /// Whose mails of which category a token turns off.
    pub fn verify(&self, token: &str) -> Result<(UserId, Category), InvalidUnsubscribeToken> {
        self.read(token).ok_or(InvalidUnsubscribeToken)
    }

    fn read(&self, token: &str) -> Option<(UserId, Category)> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (rest, mac) = bytes.split_last_chunk::<MAC_BYTES>()?;
        let payload = std::str::from_utf8(rest.strip_suffix(b".")?).ok()?;
        // Compared in a time that says nothing of where they differ.
        if !bool::from(self.mac(payload).ct_eq(mac)) {
            return None;
        }
        let (user, category) = payload.split_once('.')?;
        let category = Category::parse(category).filter(|category| category.is_optional())?;
        Some((UserId::parse(user).ok()?, category))
    }

    fn mac(&self, payload: &str) -> [u8; MAC_BYTES] {
        let whole = hmac_sha256(self.0.as_slice(), &[PURPOSE, payload.as_bytes()]);
        let mut half = [0; MAC_BYTES];
        half.copy_from_slice(&whole[..MAC_BYTES]);
        half
    }
}

#[cfg(test)]
impl UnsubscribeKey {
    /// A key of 32 times this byte.
    pub(super) fn for_test(byte: u8) -> Self {
        Self(Zeroizing::new([byte; 32]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "01893726-efee-7f02-8fbf-9f2b7bc2f910";

    fn key(byte: u8) -> UnsubscribeKey {
        UnsubscribeKey::for_test(byte)
    }

    #[test]
    fn a_token_says_whose_mails_of_which_kind() {
        let user = UserId::parse(USER).unwrap();
        for category in Category::OPTIONAL {
            let token = key(1).token(user, category);
            assert_eq!(key(1).verify(&token), Ok((user, category)));
            assert_eq!(key(2).verify(&token), Err(InvalidUnsubscribeToken));
        }
    }

    #[test]
    fn no_other_text_is_one() {
        let token = key(1).token(UserId::parse(USER).unwrap(), Category::Bookings);
        for at in 0..token.len() {
            let mut other = token.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            let other = String::from_utf8(other).unwrap();
            assert_eq!(key(1).verify(&other), Err(InvalidUnsubscribeToken), "{other}");
        }
        for other in [
            "",
            "x",
            &token[1..],
            &token[..token.len() - 1],
            &format!("{token}A"),
            &format!("{token}="),
        ] {
            assert_eq!(key(1).verify(other), Err(InvalidUnsubscribeToken), "{other}");
        }
    }

    #[test]
    fn no_token_turns_off_what_keeps_an_account_safe() {
        let token = key(1).token(UserId::parse(USER).unwrap(), Category::Security);
        assert_eq!(key(1).verify(&token), Err(InvalidUnsubscribeToken));
    }
}
