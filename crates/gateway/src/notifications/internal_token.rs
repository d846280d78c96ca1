//! The secret that opens the routes under /internal.

use http::HeaderMap;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::access::{bearer_token, is_b64token};
use crate::config::{ConfigError, read_optional};
use crate::http::{Code, HttpError, Problem};
use crate::ports::Variables;

/// The secret that the scheduler of the sweep shares with the gateway, as configured. `Debug` does not show it.
pub struct InternalToken(String);

impl InternalToken {
    /// Reads `internal_token`; `None` where it is empty, and then there are no such routes.
    pub async fn read(variables: &impl Variables) -> Result<Option<Self>, ConfigError> {
        // One that no header can carry would lock everybody out, and look as if the secret were wrong.
        read_optional(variables, "internal_token", |token| {
            if is_b64token(token) {
                Ok(Self(token.to_owned()))
            } else {
                Err("has characters that a bearer token cannot have (letters, digits and -._~+/ it can)")
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
        assert_eq!(admit("s3cret", Some("Bearer s3cret")), Ok(()));
    }

    #[test]
    fn who_does_not_is_told_so() {
        for none in [None, Some("Basic s3cret"), Some("")] {
            assert_eq!(admit("s3cret", none), Err(Code::Unauthenticated), "{none:?}");
        }
        for wrong in ["Bearer s3cre", "Bearer s3crets", "Bearer"] {
            assert_eq!(admit("s3cret", Some(wrong)), Err(Code::InvalidToken), "{wrong}");
        }
    }

    #[test]
    fn where_there_is_none_there_is_nothing() {
        for authorization in [None, Some("Bearer "), Some("Bearer s3cret")] {
            assert_eq!(admit("", authorization), Err(Code::NotFound));
        }
    }

    #[test]
    fn one_that_no_header_can_carry_is_refused_by_name_and_not_quoted() {
        let variables = TestVariables::default().with("internal_token", "s3cret with spaces");
        let error = block_on(InternalToken::read(&variables)).unwrap_err().to_string();
        assert!(
            error.contains("`internal_token`") && !error.contains("s3cret"),
            "{error}"
        );
    }

    #[test]
    fn it_is_never_shown() {
        assert_eq!(
            format!("{:?}", InternalToken("s3cret".to_owned())),
            "InternalToken(..)"
        );
    }
}
