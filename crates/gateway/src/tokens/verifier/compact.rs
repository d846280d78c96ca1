//! The compact form of a token (RFC 7515, section 3.1), taken apart strictly.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Rejection, strict_json};

/// The three parts of a token, decoded: nothing of them is believed yet.
#[derive(Debug)]
pub(super) struct Compact<'a> {
    /// What the signature is over: the first two parts and the dot between them, as they stand.
    pub(super) signed: &'a [u8],
    /// The name of the key that the token claims to be signed with.
    pub(super) kid: String,
    claims: Vec<u8>,
    /// The signature.
    pub(super) signature: Vec<u8>,
}

/// Exactly what we write. A token that brings its own key (`jwk`, `jku`, `x5u`, `x5c`), that asks for an extension
/// (`crit`), or that says anything else, is not ours.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

impl<'a> Compact<'a> {
    /// Takes `token` apart: three parts and no more, each in the one base64url that there is for its bytes (no padding, no
    /// white space, no stray bits at the end), so that no other text is the same token.
    pub(super) fn parse(token: &'a str) -> Result<Self, Rejection> {
        let (signed, signature) = token.rsplit_once('.').ok_or(Rejection::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(Rejection::Malformed)?;
        Ok(Self {
            signed: signed.as_bytes(),
            kid: key_id(&decode(header)?)?,
            claims: decode(claims)?,
            signature: decode(signature)?,
        })
    }

    /// What the token says. To be asked for once its signature has been verified.
    pub(super) fn claims<T: DeserializeOwned>(&self) -> Result<T, Rejection> {
        strict_json::object(&self.claims).ok_or(Rejection::Malformed)
    }
}

fn decode(part: &str) -> Result<Vec<u8>, Rejection> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Rejection::Malformed)
}

fn key_id(header: &[u8]) -> Result<String, Rejection> {
    let header: Header = strict_json::object(header).ok_or(Rejection::Header)?;
    if header.alg == "EdDSA" && header.typ == "JWT" {
        Ok(header.kid)
    } else {
        Err(Rejection::Header)
    }
}
