//! What the gateway derives tokens and cookies from: random, made on first use, the same for all instances ever after.

use std::sync::OnceLock;

use zeroize::Zeroizing;

use super::{Columns, Store, StoreError};
use crate::mac::hmac_sha256;
use crate::ports::{Database, Entropy, Value};

/// 256 random bits. `Debug` does not show them.
#[derive(Clone)]
pub struct ServerSecret(Zeroizing<[u8; 32]>);

impl ServerSecret {
    /// The bits, for a MAC. Named so that it is seen where they are used.
    pub fn reveal(&self) -> &[u8; 32] {
        &self.0
    }

    /// HMAC-SHA-256 over `purpose` and then `message`. No purpose is to be the beginning of another one.
    pub fn mac(&self, purpose: &[u8], message: &[u8]) -> [u8; 32] {
        hmac_sha256(&self.0[..], &[purpose, message])
    }
}

impl std::fmt::Debug for ServerSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ServerSecret(..)")
    }
}

/// What an instance remembers of one secret: one for an instance, as a `static`.
#[derive(Debug)]
pub struct CachedSecret {
    name: &'static str,
    secret: OnceLock<ServerSecret>,
}

impl CachedSecret {
    /// Nothing is known yet of the secret of this name.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            secret: OnceLock::new(),
        }
    }

    /// The secret, where it has been read before.
    pub fn known(&self) -> Option<ServerSecret> {
        self.secret.get().cloned()
    }

    /// The secret, read or made.
    pub async fn get<D: Database>(
        &self,
        store: &Store<D>,
        entropy: &impl Entropy,
    ) -> Result<ServerSecret, StoreError> {
        if let Some(known) = self.known() {
            return Ok(known);
        }
        let secret = load_or_create(store, self.name, entropy).await?;
        Ok(self.secret.get_or_init(|| secret).clone())
    }
}

/// The secret of this name. Of two instances that make it at once, one's is stored, and both read that.
pub async fn load_or_create<D: Database>(
    store: &Store<D>,
    name: &str,
    entropy: &impl Entropy,
) -> Result<ServerSecret, StoreError> {
    if let Some(secret) = find(store, name).await? {
        return Ok(secret);
    }
    let mut fresh = Zeroizing::new([0; 32]);
    entropy.fill(fresh.as_mut());
    let statement = "INSERT INTO server_secrets (name, secret, created_at)
         VALUES (?1, ?2, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) ON CONFLICT (name) DO NOTHING";
    let parameters = [Value::Text(name.to_owned()), Value::Blob(fresh.to_vec())];
    store.run(statement, &parameters).await?;
    find(store, name)
        .await?
        .ok_or_else(|| StoreError::damaged("a secret that was just stored is not there"))
}

async fn find<D: Database>(store: &Store<D>, name: &str) -> Result<Option<ServerSecret>, StoreError> {
    let statement = "SELECT secret FROM server_secrets WHERE name = ?1";
    let row = store.first(statement, &[Value::Text(name.to_owned())]).await?;
    row.map(|mut row| secret(&mut row)).transpose()
}

fn secret(row: &mut Columns) -> Result<ServerSecret, StoreError> {
    let bytes: [u8; 32] = row
        .blob()?
        .try_into()
        .map_err(|_| StoreError::damaged("a secret is not of 32 bytes"))?;
    Ok(ServerSecret(Zeroizing::new(bytes)))
}
