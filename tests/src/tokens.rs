//! Access tokens, read and forged by hand (RFC 7515), so that the gateway's own library proves nothing about itself.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
use serde_json::Value;

/// A token's header and claims, whoever signed it.
#[track_caller]
pub fn read(token: &str) -> (Value, Value) {
    let parts: Vec<_> = token.split('.').collect();
    assert_eq!(parts.len(), 3, "not a compact JWS: {token}");
    (part(parts[0]), part(parts[1]))
}

/// Whether the key with the token's `kid` in this JWK set signed it.
#[track_caller]
pub fn is_signed_by(token: &str, jwks: &Value) -> bool {
    let (header, _) = read(token);
    let keys = jwks["keys"].as_array().expect("a JWK set has keys");
    let key = keys
        .iter()
        .find(|key| key["kid"] == header["kid"])
        .expect("the token's key is in the set");
    let key: [u8; 32] = decode(key["x"].as_str().expect("an OKP key has x"))
        .try_into()
        .expect("32 bytes");
    let (signed, signature) = token.rsplit_once('.').expect("a compact JWS");
    let signature = Signature::from_slice(&decode(signature)).expect("64 bytes");
    VerifyingKey::from_bytes(&key)
        .expect("a point")
        .verify(signed.as_bytes(), &signature)
        .is_ok()
}

/// A token with this header and these claims, signed with a key of our own.
pub fn forge(header: &Value, claims: &Value) -> String {
    let signed = unsigned(header, claims);
    let signature = SigningKey::from_bytes(&[7; 32]).sign(signed.as_bytes());
    format!("{signed}.{}", BASE64URL.encode(signature.to_bytes()))
}

/// A token with this header and these claims, whose MAC has this secret (HS256).
pub fn forge_with_secret(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let signed = unsigned(header, claims);
    let key = jsonwebtoken::EncodingKey::from_secret(secret);
    let mac = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, jsonwebtoken::Algorithm::HS256);
    format!("{signed}.{}", mac.expect("HMAC never fails"))
}

/// The header and the claims, without the signature and the dot before it.
pub fn unsigned(header: &Value, claims: &Value) -> String {
    format!(
        "{}.{}",
        BASE64URL.encode(header.to_string()),
        BASE64URL.encode(claims.to_string())
    )
}

fn part(encoded: &str) -> Value {
    serde_json::from_slice(&decode(encoded)).expect("JSON in a token")
}

fn decode(encoded: &str) -> Vec<u8> {
    BASE64URL.decode(encoded).expect("base64url without padding")
}
