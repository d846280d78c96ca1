//! Signing keys, each kind in a pair of tables of its own: those that sign or will, and the public halves of those that
//! signed. Which table a statement is about follows from the type of the key: none can take one kind for the other.

use std::time::Duration;

use super::{Columns, Store, StoreError};
use crate::assertion::{self, AssertionKey};
use crate::domain::rfc3339;
use crate::ports::{Database, Entropy, Timestamp, Value};
use crate::tokens::{Jwk, SigningKey};

/// A kind of signing key.
pub trait Kind: Sized {
    /// The table of those that sign or will.
    const TABLE: &'static str;
    /// The table of those that signed.
    const RETIRED: &'static str;
    /// How long after its successor's start a key may still be signing somewhere.
    const LINGERS: Duration;

    /// A new key.
    fn generate(entropy: &impl Entropy) -> Self;
    /// Reads one out of the database.
    fn parse(seed: &[u8]) -> Result<Self, StoreError>;
    /// The private half.
    fn seed(&self) -> &[u8; 32];
    /// The public half.
    fn public(&self) -> &Jwk;
    /// The public half of the key that signed, from the bytes that are kept of it.
    fn public_of(bytes: &[u8; 32]) -> Jwk;
    /// How long that lives which it signs, where access tokens live for so long.
    fn longest_token(access_tokens: Duration) -> Duration;
}

impl Kind for SigningKey {
    const TABLE: &'static str = "signing_keys";
    const RETIRED: &'static str = "retired_signing_keys";
    // An instance looks anew after ten seconds; the rest is for a request under way and for clocks that differ.
    const LINGERS: Duration = Duration::from_secs(30);

    fn generate(entropy: &impl Entropy) -> Self {
        Self::generate(entropy)
    }

    fn parse(seed: &[u8]) -> Result<Self, StoreError> {
        Self::parse(seed).map_err(StoreError::damaged)
    }

    fn seed(&self) -> &[u8; 32] {
        self.reveal_seed()
    }

    fn public(&self) -> &Jwk {
        self.public()
    }

    fn public_of(bytes: &[u8; 32]) -> Jwk {
        Jwk::new(bytes)
    }

    fn longest_token(access_tokens: Duration) -> Duration {
        access_tokens
    }
}

impl Kind for AssertionKey {
    const TABLE: &'static str = "assertion_keys";
    const RETIRED: &'static str = "retired_assertion_keys";
    // A proxy that was handed a key keeps it for minutes, and for longer while it can get no newer one.
    const LINGERS: Duration = Duration::from_secs(3600);

    fn generate(entropy: &impl Entropy) -> Self {
        Self::generate(entropy)
    }

    fn parse(seed: &[u8]) -> Result<Self, StoreError> {
        Self::parse(seed).map_err(StoreError::damaged)
    }

    fn seed(&self) -> &[u8; 32] {
        self.reveal_seed()
    }

    fn public(&self) -> &Jwk {
        self.public()
    }

    fn public_of(bytes: &[u8; 32]) -> Jwk {
        Jwk::of_assertions(bytes)
    }

    fn longest_token(_: Duration) -> Duration {
        assertion::LIFETIME
    }
}

/// A key that signs, or signed until just now, or will.
#[derive(Debug)]
pub struct StoredKey<K> {
    /// The key.
    pub key: K,
    /// When it was made.
    pub made_at: Timestamp,
    /// Since when it has been published, if it has.
    pub published_at: Option<Timestamp>,
    /// The longest life of a token that it may have signed.
    pub longest_token: Duration,
    /// Whether it is to have a successor whatever its age.
    pub due: bool,
}

/// What is kept of a key that signed.
#[derive(Debug)]
pub struct RetiredKey {
    /// The public half.
    pub public: Jwk,
    /// From when nobody needs it.
    pub unpublish_at: Timestamp,
}

/// All keys of a kind, as they were at one moment; each list has the newest first.
#[derive(Debug)]
pub struct StoredKeys<K> {
    /// Those that sign or will.
    pub keys: Vec<StoredKey<K>>,
    /// Those that signed.
    pub retired: Vec<RetiredKey>,
}

/// All keys of the kind. One statement: a key that is being retired is in exactly one of the lists.
pub async fn list<K: Kind, D: Database>(store: &Store<D>) -> Result<StoredKeys<K>, StoreError> {
    let (table, retired) = (K::TABLE, K::RETIRED);
    let statement = format!(
        "SELECT 1, private_key, created_at AS at, kid, published_at, longest_token, due_at IS NOT NULL FROM {table}
         UNION ALL SELECT 0, public_key, unpublish_at, kid, NULL, 0, 0 FROM {retired}
         ORDER BY at DESC, kid"
    );
    let mut all = StoredKeys {
        keys: Vec::new(),
        retired: Vec::new(),
    };
    for mut row in store.run(&statement, &[]).await? {
        if row.integer()? == 1 {
            all.keys.push(stored_key(&mut row)?);
        } else {
            all.retired.push(retired_key::<K>(&mut row)?);
        }
    }
    Ok(all)
}

/// Stores `key`, unless there is one that was made after `old` and whose successor nobody has asked for. Of any number of
/// instances that find at once that a new key is due, one's is stored.
pub async fn insert_successor<K: Kind, D: Database>(
    store: &Store<D>,
    key: &K,
    now: Timestamp,
    old: Timestamp,
) -> Result<(), StoreError> {
    let table = K::TABLE;
    let statement = format!(
        "INSERT INTO {table} (kid, private_key, created_at)
         SELECT ?1, ?2, ?3 WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE created_at > ?4 AND due_at IS NULL)"
    );
    let parameters = [
        Value::Text(key.public().kid.clone()),
        Value::Blob(key.seed().to_vec()),
        Value::Text(rfc3339(now)),
        Value::Text(rfc3339(old)),
    ];
    store.run(&statement, &parameters).await.map(drop)
}

/// Notes that the key is published, since now if it was not before, and how long the tokens live that it signs from now on.
pub async fn note_published<K: Kind, D: Database>(
    store: &Store<D>,
    key: &K,
    now: Timestamp,
    longest_token: Duration,
) -> Result<(), StoreError> {
    let statement = format!(
        "UPDATE {} SET published_at = coalesce(published_at, ?2), longest_token = max(longest_token, ?3) WHERE kid = ?1",
        K::TABLE
    );
    let parameters = [
        Value::Text(key.public().kid.clone()),
        Value::Text(rfc3339(now)),
        Value::Integer(longest_token.as_secs().try_into().unwrap_or(i64::MAX)),
    ];
    store.run(&statement, &parameters).await.map(drop)
}

/// Deletes the private half of `key` and keeps the public one until then. It happens once.
pub async fn retire<K: Kind, D: Database>(
    store: &Store<D>,
    key: &K,
    unpublish_at: Timestamp,
) -> Result<(), StoreError> {
    let (table, retired) = (K::TABLE, K::RETIRED);
    let public = key.public();
    let bytes = public
        .bytes()
        .ok_or_else(|| StoreError::damaged("no public key"))?;
    let statement = format!(
        "INSERT INTO {retired} (kid, public_key, unpublish_at)
         SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM {table} WHERE kid = ?1)"
    );
    let parameters = [
        Value::Text(public.kid.clone()),
        Value::Blob(bytes.to_vec()),
        Value::Text(rfc3339(unpublish_at)),
    ];
    store.run(&statement, &parameters).await.map(drop)
}

/// Deletes what nobody needs any more.
pub async fn unpublish<K: Kind, D: Database>(store: &Store<D>, now: Timestamp) -> Result<(), StoreError> {
    let statement = format!("DELETE FROM {} WHERE unpublish_at <= ?1", K::RETIRED);
    store
        .run(&statement, &[Value::Text(rfc3339(now))])
        .await
        .map(drop)
}

fn stored_key<K: Kind>(row: &mut Columns) -> Result<StoredKey<K>, StoreError> {
    let key = K::parse(&row.blob()?)?;
    let made_at = row.timestamp()?;
    row.text()?;
    Ok(StoredKey {
        key,
        made_at,
        published_at: row.optional_timestamp()?,
        longest_token: Duration::from_secs(row.integer()?.try_into().unwrap_or_default()),
        due: row.integer()? == 1,
    })
}

fn retired_key<K: Kind>(row: &mut Columns) -> Result<RetiredKey, StoreError> {
    let public = row.blob()?.try_into();
    Ok(RetiredKey {
        public: K::public_of(&public.map_err(|_| StoreError::damaged("no public key"))?),
        unpublish_at: row.timestamp()?,
    })
}
