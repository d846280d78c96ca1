//! Admitting a request.

use http::Request;

use super::{AccessPolicy, authenticate, check_policy, set_identity};
use crate::config::{ConfigError, read, read_optional};
use crate::http::{HttpError, RequestId};
use crate::ports::{Clock, GiveWay, KeyValue, Variables};
use crate::rate_limit::{self, By, Memory, OnFailure, Partition, RateLimits, Usage};
use crate::rules::Target;
use crate::tokens::{Identity, Verifier};

/// The variables of the component behind.
#[derive(Clone, Debug)]
pub struct AdmissionSettings {
    /// Who may do what.
    pub policy: AccessPolicy,
    /// Whose tokens are taken.
    pub tokens: super::Settings,
    /// How often a user may come. Those by user are counted here, once it is certain who it is: nobody can use up the quota of
    /// another, nor invent users to have one more.
    pub rate_limits: Option<RateLimits>,
    /// What to do with a request that could not be counted.
    pub on_failure: OnFailure,
}

impl AdmissionSettings {
    /// Reads `access_policy`, `issuer` and `audience`, and, where they are, `rate_limits` and `rate_limit_on_failure`.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        Ok(Self {
            policy: read(variables, "access_policy", AccessPolicy::parse).await?,
            tokens: super::Settings::read(variables).await?,
            rate_limits: read_optional(variables, "rate_limits", RateLimits::parse).await?,
            on_failure: read_optional(variables, "rate_limit_on_failure", OnFailure::parse)
                .await?
                .unwrap_or(OnFailure::Refuse),
        })
    }
}

/// What is known of a request that may pass.
#[derive(Debug)]
pub struct Admitted {
    /// Who sent it; nobody where there was no token.
    pub caller: Option<Identity>,
    /// How the limits by user stand.
    pub usages: Vec<Usage>,
}

/// Lets the request pass with the caller's identity in its headers, or with none; or answers 401, 403 or 429.
pub async fn admit<B, K: KeyValue, C: Clock>(
    request: &mut Request<B>,
    request_id: &RequestId,
    settings: &AdmissionSettings,
    verifier: &Verifier<'_, K, C>,
    (store, clock, way, memory): (&K, &C, &impl GiveWay, &Memory),
) -> Result<Admitted, HttpError> {
    let caller = authenticate(request.headers(), verifier).await?;
    let of_caller = |error: HttpError| match &caller {
        Some(caller) => error.of_user(caller.user()),
        None => error,
    };
    let limits: Vec<_> = limits(request, settings, caller.as_ref()).collect();
    let usages = if limits.is_empty() {
        Vec::new()
    } else {
        let (outside, now) = ((store, clock, way), clock.now());
        rate_limit::admit(limits, request_id, outside, now, settings.on_failure, memory)
            .await
            .map_err(of_caller)?
    };
    settings
        .policy
        .requirement(request.method(), request.uri().path())
        .and_then(|requirement| check_policy(requirement, caller.as_ref()))
        .map_err(|mut error| {
            rate_limit::add_headers(error.headers_mut(), &usages);
            error
        })?;
    set_identity(request.headers_mut(), caller.as_ref());
    Ok(Admitted { caller, usages })
}

/// The limits of a user.
fn limits<'s, B>(
    request: &Request<B>,
    settings: &'s AdmissionSettings,
    identity: Option<&Identity>,
) -> impl Iterator<Item = (&'s std::sync::Arc<rate_limit::Limit>, Partition)> {
    let user = identity.map(|identity| Partition::User(identity.user()));
    let limited = user.zip(settings.rate_limits.as_ref());
    limited.into_iter().flat_map(|(user, rate_limits)| {
        let target = Target::of(request.method(), request.uri().path());
        let limits = rate_limits.of(By::User, &target);
        limits.into_iter().map(move |limit| (limit, user))
    })
}

#[cfg(test)]
mod tests {
    use crate::access::IDENTITY_HEADERS;
    use crate::http::Code;
    use crate::test_support::{NobodyWaits, TestTokens, TestVariables, block_on};

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
        let variables = TestVariables::default()
            .with("access_policy", POLICY)
            .with("rate_limits", "* /... user by=user 2;w=60");
        let settings = block_on(AdmissionSettings::read(&variables)).unwrap();
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
        let id = RequestId::parse("r-1").unwrap();
        let outside = (&tokens.store, &tokens.clock, &NobodyWaits, &Memory::new());
        block_on(admit(&mut request, &id, &settings, &verifier, outside))
            .map_err(|error| error.problem().code())?;
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
        for (method, path) in [("GET", "/flights"), ("POST", "/flights"), ("PUT", "/bookings/7")] {
            let (id, token) = tokens.issue(&["airline", "customer"]);
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
        for authorization in [
            "Bearer x.y.z",
            "Basic YTpi, Bearer x.y.z",
            "Bearer",
            &format!("Bearer {good}x"),
        ] {
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
    fn a_user_is_counted_whatever_becomes_of_the_request_and_nobody_else_is() {
        let tokens = TestTokens::default();
        let bearer = format!("Bearer {}", tokens.issue(&["customer"]).1);
        for _ in 0..3 {
            assert!(ask(&tokens, "GET", "/flights", Some("Bearer x.y.z")).is_err());
            assert!(ask(&tokens, "GET", "/flights", None).is_ok());
        }
        assert!(ask(&tokens, "GET", "/flights", Some(&bearer)).is_ok());
        assert_eq!(
            ask(&tokens, "POST", "/flights", Some(&bearer)).unwrap_err(),
            Code::Forbidden
        );
        assert_eq!(
            ask(&tokens, "GET", "/flights", Some(&bearer)).unwrap_err(),
            Code::RateLimited
        );
        let other = format!("Bearer {}", tokens.issue(&["customer"]).1);
        assert!(ask(&tokens, "GET", "/flights", Some(&other)).is_ok());
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
