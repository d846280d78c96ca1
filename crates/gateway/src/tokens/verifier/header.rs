//! The header of a token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::Rejection;

/// Exactly what we write. A token that brings its own key (`jwk`, `jku`, `x5u`, `x5c`), that asks for an extension
/// (`crit`), or that says anything else, is not ours; nor is one that says a thing twice.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// The name of the key that `token` claims to be signed with.
pub(super) fn key_id(token: &str) -> Result<String, Rejection> {
    let (first, _) = token.split_once('.').ok_or(Rejection::Malformed)?;
    let json = URL_SAFE_NO_PAD.decode(first).map_err(|_| Rejection::Malformed)?;
    let header: Header = serde_json::from_slice(&json).map_err(|_| Rejection::Header)?;
    if header.alg == "EdDSA" && header.typ == "JWT" {
        Ok(header.kid)
    } else {
        Err(Rejection::Header)
    }
}
