//! The bearer token of a request (RFC 6750, section 2.1).

use http::{HeaderMap, header};

/// There is an `Authorization` header that speaks of a bearer token, and not one well-formed token in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the authorization header does not hold one bearer token")]
pub struct MalformedBearer;

/// The token, if the request has one. Tokens in the query or the body are not looked for: they end up in logs.
///
/// Credentials of another scheme are none of ours, nor is a header that is empty: such a request is one without a token (RFC
/// 6750, section 3.1), and a service may know what to do with them. But a token that only a careless service would find in
/// the header must not go by us unseen.
pub fn bearer_token(headers: &HeaderMap) -> Result<Option<&str>, MalformedBearer> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    // Of two headers, somebody behind us might read the other one.
    if values.next().is_some() {
        return Err(MalformedBearer);
    }
    let value = value.as_bytes();
    if !speaks_of_bearer(value) {
        return Ok(None);
    }
    let value = std::str::from_utf8(value).map_err(|_| MalformedBearer)?;
    let (scheme, token) = value.split_once(' ').ok_or(MalformedBearer)?;
    let token = token.trim_matches(' ');
    if scheme.eq_ignore_ascii_case(SCHEME) && is_b64token(token) {
        Ok(Some(token))
    } else {
        Err(MalformedBearer)
    }
}

const SCHEME: &str = "bearer";

fn speaks_of_bearer(value: &[u8]) -> bool {
    let is_scheme = |part: &[u8]| part.eq_ignore_ascii_case(SCHEME.as_bytes());
    // Most begin with it.
    value.get(..SCHEME.len()).is_some_and(is_scheme) || value.windows(SCHEME.len()).any(is_scheme)
}

/// Whether a text can stand after `Bearer`.
pub(crate) fn is_b64token(token: &str) -> bool {
    let unpadded = token.trim_end_matches('=');
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    // Without an early end, many bytes are looked at in one step.
    !unpadded.is_empty() && unpadded.bytes().fold(true, |all, byte| all & allowed(byte))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn token(values: &[&str]) -> Result<Option<String>, MalformedBearer> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        bearer_token(&headers).map(|token| token.map(str::to_owned))
    }

    #[test]
    fn one_bearer_token_is_found() {
        for value in [
            "Bearer a.b-c_d~e+f/g==",
            "bearer a.b-c_d~e+f/g==",
            "BEARER   a.b-c_d~e+f/g== ",
        ] {
            assert_eq!(token(&[value]), Ok(Some("a.b-c_d~e+f/g==".to_owned())), "{value}");
        }
        assert_eq!(token(&[]), Ok(None));
    }

    #[test]
    fn what_is_no_credential_of_ours_is_none() {
        for value in [
            "",
            "Basic YTpi",
            "Basic",
            "Digest username=\"a\"",
            "Negotiate YTpi",
            "DPoP a.b.c",
            "x.y.z",
        ] {
            assert_eq!(token(&[value]), Ok(None), "{value:?}");
        }
    }

    #[test]
    fn anything_else_is_malformed() {
        for value in [
            "Bearer",
            "Bearer ",
            "Bearer a b",
            "Bearer a,b",
            "Basic YTpi, Bearer a.b.c",
            "Bearer\ta.b.c",
            "token=Bearer a.b.c",
            "Bearer =",
            "Bearer a=b",
            "Bearera",
        ] {
            assert_eq!(token(&[value]), Err(MalformedBearer), "{value:?}");
        }
        assert_eq!(token(&["Bearer a", "Bearer a"]), Err(MalformedBearer));
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_was_sent(sent in "[-A-Za-z0-9._~+/]{1,60}={0,2}") {
            prop_assert_eq!(token(&[&format!("Bearer {sent}")]), Ok(Some(sent)));
        }
    }
}
