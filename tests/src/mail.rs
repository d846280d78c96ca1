//! The mails that the gateway asks for, as whoever delivers them sees them: the event, and the token derived from the id in it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use crate::{TestApp, state};

/// A mail that is to be written.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The event's data.
    pub data: Value,
    /// The token, where the mail has one.
    pub token: String,
    /// The code to sign in, where the mail has one; for other mails it is good for nothing.
    pub code: String,
}

impl TestApp {
    /// The newest mail of this kind (such as `password.reset_requested`) to or about this user.
    ///
    /// # Panics
    /// If there is none.
    pub fn mail(&self, kind: &str, user: &str) -> Mail {
        let query = format!(
            "SELECT data FROM outbox WHERE type = 'com.jetway.{kind}.v1' AND subject = ?1 ORDER BY rowid DESC LIMIT 1"
        );
        let data: Value =
            serde_json::from_str(&state::text(&self.state(), &query, user)).expect("an event's data is JSON");
        let id = data["token_id"].as_str();
        let token = id.map(|id| self.one_time_token(id)).unwrap_or_default();
        let code = id.map(|id| self.signin_code(id)).unwrap_or_default();
        Mail { data, token, code }
    }

    /// How many mails of this kind there have been for this user.
    pub fn mails(&self, kind: &str, user: &str) -> i64 {
        let query =
            format!("SELECT count(*) FROM outbox WHERE type = 'com.jetway.{kind}.v1' AND subject = ?1");
        state::number(&self.state(), &query, user)
    }

    /// The token of this id, derived from the secret in the gateway's database.
    fn one_time_token(&self, id: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.derived(b"jetway one-time token\0", id))
    }

    /// The code of this id: eight digits.
    fn signin_code(&self, id: &str) -> String {
        let mac = self.derived(b"jetway sign-in code\0", id);
        let mut first = [0; 8];
        first.copy_from_slice(&mac[..8]);
        format!("{:08}", u64::from_be_bytes(first) % 100_000_000)
    }

    fn derived(&self, label: &[u8], id: &str) -> Vec<u8> {
        let query = "SELECT secret FROM server_secrets WHERE name = ?1";
        let secret: [u8; 32] = state::database(&self.state())
            .query_row(query, ["one_time_tokens"], |row| row.get(0))
            .expect("the secret is there");
        let mut mac = Hmac::<Sha256>::new_from_slice(&secret).expect("a key of any length");
        mac.update(label);
        mac.update(id.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }
}
