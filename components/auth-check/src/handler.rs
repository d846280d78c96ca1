//! Admitting a request.

use http::Request;
use jetway_gateway::access::{self, AccessPolicy, authenticate, check_policy, set_identity};
use jetway_gateway::config::{ConfigError, read};
use jetway_gateway::http::HttpError;
use jetway_gateway::ports::{Clock, KeyValue, Variables};
use jetway_gateway::tokens::Verifier;

/// The variables of the component behind.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who may do what.
    pub policy: AccessPolicy,
    /// Whose tokens are taken.
    pub tokens: access::Settings,
}

impl Settings {
    /// Reads `access_policy`, `issuer` and `audience`.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        Ok(Self {
            policy: read(variables, "access_policy", AccessPolicy::parse).await?,
            tokens: access::Settings::read(variables).await?,
        })
    }
}

/// Lets the request pass with the caller's identity in its headers, or with none; or answers 401 or 403.
pub async fn admit<B, K: KeyValue, C: Clock>(
    request: &mut Request<B>,
    policy: &AccessPolicy,
    verifier: &Verifier<'_, K, C>,
) -> Result<(), HttpError> {
    let identity = authenticate(request.headers(), verifier).await?;
    let requirement = policy.requirement(request.method(), request.uri().path());
    check_policy(requirement, identity.as_ref())?;
    set_identity(request.headers_mut(), identity.as_ref());
    Ok(())
}

#[cfg(test)]
mod tests {
    use jetway_gateway::access::IDENTITY_HEADERS;
    use jetway_gateway::http::Code;
    use jetway_gateway::test_support::{TestTokens, TestVariables, block_on};

    use super::*;

    const POLICY: &str = "
        GET /flights/...  public
        *   /flights/...  role:admin role:airline
        *   /bookings/... signed-in
    ";

    /// Asks with a foreign identity, which must never come through.
    fn ask(
        tokens: &TestTokens,
        method: &str,
        path: &str,
        authorization: Option<&str>,
    ) -> Result<Request<()>, Code> {
        let variables = TestVariables::default().with("access_policy", POLICY);
        let settings = block_on(Settings::read(&variables)).unwrap();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-user-id", "root");
        request = request
            .header("x-user-roles", "admin")
            .header("x_user_email", "root@example.com");
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        let mut request = request.body(()).unwrap();
        let verifier = settings
            .tokens
            .verifier(&tokens.store, &tokens.clock, &tokens.cache);
        block_on(admit(&mut request, &settings.policy, &verifier)).map_err(|error| error.problem().code())?;
        Ok(request)
    }

    #[test]
    fn a_stranger_passes_where_it_is_public_and_without_any_identity() {
        let tokens = TestTokens::default();
        let request = ask(&tokens, "GET", "/flights/7", None).unwrap();
        assert_eq!(request.headers().len(), 0);
        for (method, path) in [("POST", "/flights"), ("GET", "/bookings"), ("GET", "/elsewhere")] {
            assert_eq!(
                ask(&tokens, method, path, None).unwrap_err(),
                Code::Unauthenticated,
                "{path}"
            );
        }
    }

    #[test]
    fn the_identity_goes_along_wherever_there_is_one() {
        let tokens = TestTokens::default();
        let (id, token) = tokens.issue(&["airline", "customer"]);
        for (method, path) in [("GET", "/flights"), ("POST", "/flights"), ("PUT", "/bookings/7")] {
            let request = ask(&tokens, method, path, Some(&format!("Bearer {token}"))).unwrap();
            let values = IDENTITY_HEADERS.map(|name| request.headers()[name].to_str().unwrap().to_owned());
            assert_eq!(values, [id.as_str(), "ann@example.com", "airline,customer"]);
            assert!(!request.headers().contains_key("x_user_email"));
        }
    }

    #[test]
    fn the_wrong_role_is_403() {
        let tokens = TestTokens::default();
        let bearer = format!("Bearer {}", tokens.issue(&["customer"]).1);
        for (method, path) in [("POST", "/flights"), ("GET", "/elsewhere")] {
            assert_eq!(
                ask(&tokens, method, path, Some(&bearer)).unwrap_err(),
                Code::Forbidden,
                "{path}"
            );
        }
    }

    #[test]
    fn a_bad_token_is_401_even_where_none_is_needed() {
        let tokens = TestTokens::default();
        let good = tokens.issue(&["admin"]).1;
        for authorization in ["Bearer x.y.z", "Basic YTpi", "Bearer", &format!("Bearer {good}x")] {
            assert_eq!(
                ask(&tokens, "GET", "/flights", Some(authorization)).unwrap_err(),
                Code::InvalidToken
            );
        }
        tokens.clock.advance(std::time::Duration::from_secs(600));
        let expired = ask(&tokens, "GET", "/flights", Some(&format!("Bearer {good}")));
        assert_eq!(expired.unwrap_err(), Code::InvalidToken);
    }

    #[test]
    fn what_cannot_be_verified_does_not_pass() {
        let tokens = TestTokens::default();
        let bearer = format!("Bearer {}", tokens.issue(&["admin"]).1);
        tokens.store.set_down(true);
        assert_eq!(
            ask(&tokens, "GET", "/flights", Some(&bearer)).unwrap_err(),
            Code::NotReady
        );
        assert!(ask(&tokens, "GET", "/flights", None).is_ok());
    }
}
