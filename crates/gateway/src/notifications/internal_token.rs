//! The secret that opens the routes under /internal.

use http::HeaderMap;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::access::{bearer_token, is_b64token};
use crate::config::{ConfigError, MIN_SECRET_LENGTH, TOO_SHORT, read_optional};
use crate::http::{Code, HttpError, Problem};
use crate::ports::Variables;

/// The secret that the scheduler of the sweep shares with the gateway, as configured. `Debug` does not show it.
pub struct InternalToken(String);

impl InternalToken {
    /// Reads `internal_token`; `None` where it is empty, and then there are no such routes.
    pub async fn read(variables: &impl Variables) -> Result<Option<Self>, ConfigError> {
        // One that no header can carry would lock everybody out, and look as if the secret were wrong.
        read_optional(variables, "internal_token", |token| {
            if !is_b64token(token) {
                Err("has characters that a bearer token cannot have (letters, digits and -._~+/ it can)")
            } else if token.len() < MIN_SECRET_LENGTH {
                Err(TOO_SHORT)
            } else {
                Ok(Self(token.to_owned()))
            }
        })
        .await
    }

    /// Lets pass who knows it, in a time that tells nothing of it, not even its length.
    pub fn admit(configured: Option<&Self>, headers: &HeaderMap) -> Result<(), HttpError> {
        let Some(Self(token)) = configured else {
            return Err(Problem::not_found().into());
        };
        let given = match bearer_token(headers) {
            Ok(Some(given)) => given,
            Ok(None) => {
                return Err(HttpError::new(
                    Code::Unauthenticated,
                    "This needs the internal token.",
                ));
            }
            Err(malformed) => return Err(invalid().caused_by(malformed)),
        };
        if Sha256::digest(given).ct_eq(&Sha256::digest(token)).into() {
            Ok(())
        } else {
            Err(invalid())
        }
    }
}

impl std::fmt::Debug for InternalToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InternalToken(..)")
    }
}

fn invalid() -> HttpError {
    HttpError::new(Code::InvalidToken, "This is not the internal token.")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::test_support::{TestVariables, block_on};

    fn admit(configured: &str, authorization: Option<&str>) -> Result<(), Code> {
        let variables = TestVariables::default().with("internal_token", configured);
        let token = block_on(InternalToken::read(&variables)).unwrap();
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert("authorization", HeaderValue::from_str(value).unwrap());
        }
        InternalToken::admit(token.as_ref(), &headers).map_err(|error| error.problem().code())
    }

    #[test]
    fn who_knows_it_passes() {
        assert_eq!(
            admit("s3cret-of-16-char", Some("Bearer s3cret-of-16-char")),
            Ok(())
        );
    }

    #[test]
    fn who_does_not_is_told_so() {
        const TOKEN: &str = "s3cret-of-16-char";
        for none in [None, Some("Basic s3cret"), Some("")] {
            assert_eq!(admit(TOKEN, none), Err(Code::Unauthenticated), "{none:?}");
        }
        for wrong in ["Bearer s3cre", "Bearer s3cret-of-16-chars", "Bearer"] {
            assert_eq!(admit(TOKEN, Some(wrong)), Err(Code::InvalidToken), "{wrong}");
        }
    }

    #[test]
    fn where_there_is_none_there_is_nothing() {
        for authorization in [None, Some("Bearer "), Some("Bearer s3cret-of-16-char")] {
            assert_eq!(admit("", authorization), Err(Code::NotFound));
        }
    }

    #[test]
    fn one_that_no_header_can_carry_is_refused_by_name_and_not_quoted() {
        let variables = TestVariables::default().with("internal_token", "s3cret of words that are long");
        let error = block_on(InternalToken::read(&variables)).unwrap_err().to_string();
        assert!(
            error.contains("`internal_token`") && !error.contains("s3cret"),
            "{error}"
        );
    }

    #[test]
    fn a_short_one_is_refused_by_name() {
        let variables = TestVariables::default().with("internal_token", "1234");
        let error = block_on(InternalToken::read(&variables)).unwrap_err().to_string();
        assert!(error.contains("`internal_token` is shorter"), "{error}");
    }

    #[test]
    fn it_is_never_shown() {
        assert_eq!(
            format!("{:?}", InternalToken("s3cret-of-16-char".to_owned())),
            "InternalToken(..)"
        );
    }
}
