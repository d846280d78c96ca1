//! Where the public keys come from: `signin`, over HTTP within the application, or the database that it keeps them in.

use std::time::Duration;

use ::http::{HeaderMap, StatusCode, Uri};

use super::http::{Timeouts, get};
use super::{IdEntropy, SpinDatabases, SpinVariables, SystemClock};
use crate::config::read_optional;
use crate::http::{RequestId, read_limited};
use crate::ports::KeyValueError;
use crate::sessions::owned_keys;
use crate::store::{self, Schema};
use crate::tokens::{JwkSet, KeyOwner, OwnedKeys};

/// A private trigger: reachable from within the application alone.
const WITHIN: &str = "http://signin.spin.internal/internal/keys";
/// Names another place, for an application that has no `signin`.
const VARIABLE: &str = "key_set_url";
/// A set is said in far fewer bytes.
const MAX_ANSWER: usize = 64 * 1024;
/// A client is waiting.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(1),
    first_byte: Duration::from_secs(5),
    between_bytes: Duration::from_secs(1),
};

static SCHEMA: Schema = Schema::new();

/// `signin`, or the gateway at the optional variable `key_set_url`. For components without a database.
#[derive(Clone, Copy, Debug)]
pub struct KeysOfSignin;

impl KeyOwner for KeysOfSignin {
    fn keys(&self) -> OwnedKeys<'_> {
        Box::pin(async { fetch().await.map_err(KeyValueError) })
    }
}

async fn fetch() -> Result<JwkSet, String> {
    let elsewhere = read_optional(&SpinVariables, VARIABLE, str::parse::<Uri>)
        .await
        .map_err(|error| error.to_string())?;
    let target = elsewhere.unwrap_or(Uri::from_static(WITHIN));
    let id = RequestId::of_request(&HeaderMap::new(), &SystemClock, &IdEntropy);
    let (status, mut body) = get(&target, &id, TIMEOUTS)
        .await
        .map_err(|error| format!("asking for the public keys: {error:?}"))?;
    if status != StatusCode::OK {
        return Err(format!("asked for the public keys, their owner answers {status}"));
    }
    let json = read_limited(&mut body, MAX_ANSWER)
        .await
        .map_err(|_| "the answer with the public keys broke off".to_owned())?;
    serde_json::from_slice(&json).map_err(|error| format!("what should be public keys is not: {error}"))
}

/// The database, for components that can open it.
#[derive(Clone, Copy, Debug)]
pub struct KeysOfDatabase;

impl KeyOwner for KeysOfDatabase {
    fn keys(&self) -> OwnedKeys<'_> {
        Box::pin(async {
            let failed =
                |error: store::StoreError| KeyValueError(format!("reading the public keys: {error}"));
            let store = store::connect(&SpinDatabases, &SCHEMA).await.map_err(failed)?;
            owned_keys(&store).await.map_err(failed)
        })
    }
}
