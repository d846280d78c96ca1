//! Who is calling, by the `Authorization` header (RFC 6750).

use http::{HeaderMap, header};

use crate::http::{Code, HttpError};
use crate::ports::{Clock, KeyValue};
use crate::tokens::{Identity, Rejection, Verifier, VerifyError};

/// The caller, or 401.
pub async fn authenticate<K: KeyValue, C: Clock>(
    headers: &HeaderMap,
    verifier: &Verifier<'_, K, C>,
) -> Result<Identity, HttpError> {
    let token = bearer_token(headers)?.ok_or_else(|| {
        HttpError::new(
            Code::Unauthenticated,
            "Send `Authorization: Bearer` and an access token.",
        )
    })?;
    Ok(verifier.verify(token).await?)
}

/// The bearer token, or `None` where there is no `Authorization` header at all. Anything else in it, or two of them, is
/// an invalid token: a caller who means to be somebody is never taken for nobody.
pub fn bearer_token(headers: &HeaderMap) -> Result<Option<&str>, VerifyError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Rejection::Malformed.into());
    }
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .ok_or(Rejection::Malformed)?;
    let token = token.trim_start_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() {
        Ok(Some(token))
    } else {
        Err(Rejection::Malformed.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token_of(values: &[&str]) -> Result<Option<String>, VerifyError> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        bearer_token(&headers).map(|token| token.map(str::to_owned))
    }

    #[test]
    fn the_scheme_is_read_without_case() {
        for value in ["Bearer abc", "bearer abc", "BEARER  abc"] {
            assert_eq!(token_of(&[value]), Ok(Some("abc".to_owned())), "{value}");
        }
    }

    #[test]
    fn no_header_is_nobody_and_a_bad_one_is_not() {
        assert_eq!(token_of(&[]), Ok(None));
        for values in [
            &["Bearer"][..],
            &["Bearer "],
            &["Basic abc"],
            &["abc"],
            &[""],
            &["Bearer a", "Bearer a"],
        ] {
            assert_eq!(token_of(values), Err(Rejection::Malformed.into()), "{values:?}");
        }
    }
}
