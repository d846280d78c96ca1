//! The routes of this component.

use http::{HeaderValue, Request, header};
use jetway_gateway::access::{self, forward_auth};
use jetway_gateway::browser;
use jetway_gateway::config::ConfigError;
use jetway_gateway::http::{HttpError, Response, Routes, ok, ready};
use jetway_gateway::ports::{Clock, KeyValue, Variables};
use jetway_gateway::rate_limit;
use jetway_gateway::tokens::{VerifierCache, published_key_set};

/// Long enough to spare us most requests, short enough that a new key is known everywhere before the old one goes.
const KEYS_MAY_BE_KEPT: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// The component's variables.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whose tokens are taken.
    pub tokens: access::Settings,
}

impl Settings {
    /// Reads them, and those of the middleware in front, so that readiness finds a bad one before a client does.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        rate_limit::Settings::read(variables).await?;
        browser::Settings::read(variables).await?;
        Ok(Self {
            tokens: access::Settings::read(variables).await?,
        })
    }
}

/// What the handlers work with.
#[derive(Debug)]
pub struct App<'a, K, C> {
    /// The key-value store.
    pub store: &'a K,
    /// The clock.
    pub clock: &'a C,
    /// What this instance remembers of keys and sign-outs.
    pub cache: &'a VerifierCache,
    /// The variables.
    pub settings: &'a Settings,
}

#[derive(Clone, Copy, Debug)]
enum Endpoint {
    Check,
    Keys,
    Ready,
}

const ROUTES: Routes<Endpoint> = Routes(&[
    ("GET", "/api/v1/auth/check", Endpoint::Check),
    ("GET", "/.well-known/jwks.json", Endpoint::Keys),
    ("GET", "/internal/ready", Endpoint::Ready),
]);

/// Answers a request.
pub async fn handle<B, K: KeyValue, C: Clock>(
    request: &Request<B>,
    app: &App<'_, K, C>,
) -> Result<Response, HttpError> {
    match ROUTES.find(request.method(), request.uri().path())?.endpoint {
        Endpoint::Check => {
            forward_auth(
                request,
                &app.settings.tokens.verifier(app.store, app.clock, app.cache),
            )
            .await
        }
        Endpoint::Keys => keys(app.cache, app.store).await,
        Endpoint::Ready => is_ready(app.store).await,
    }
}

async fn keys(cache: &VerifierCache, store: &impl KeyValue) -> Result<Response, HttpError> {
    let keys = cache.public_keys(store).await.map_err(HttpError::not_ready)?;
    // A set without keys would be kept by whoever asked, and every token refused; an error is asked again.
    let keys = keys.ok_or_else(|| HttpError::not_ready("no signing key has been published yet"))?;
    let mut response = ok(&keys);
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, KEYS_MAY_BE_KEPT);
    Ok(response)
}

/// Ready where the store answers; that the keys are in it is for `signin` to see to.
async fn is_ready(store: &impl KeyValue) -> Result<Response, HttpError> {
    published_key_set(store).await.map_err(HttpError::not_ready)?;
    Ok(ready())
}

#[cfg(test)]
mod tests {
    use jetway_gateway::http::Code;
    use jetway_gateway::test_support::{TestTokens, TestVariables, block_on};

    use super::*;

    fn ask(tokens: &TestTokens, target: &str, token: Option<&str>) -> Result<Response, Code> {
        let settings = block_on(Settings::read(&TestVariables::default())).unwrap();
        let app = App {
            store: &tokens.store,
            clock: &tokens.clock,
            cache: &tokens.cache,
            settings: &settings,
        };
        let mut request = Request::builder().uri(target);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        block_on(handle(&request.body(()).unwrap(), &app)).map_err(|error| error.problem().code())
    }

    #[test]
    fn a_signed_in_user_is_told_by_headers() {
        let tokens = TestTokens::default();
        let (id, token) = tokens.issue(&["customer"]);
        for target in [
            "/api/v1/auth/check",
            "/api/v1/auth/check?role=customer",
            "/api/v1/auth/check?x=1",
        ] {
            let response = ask(&tokens, target, Some(&token)).unwrap();
            assert_eq!(response.status(), 200);
            assert_eq!(response.headers()["x-user-id"], id.as_str());
            assert_eq!(response.headers()["x-user-email"], "ann@example.com");
            assert_eq!(response.headers()["x-user-roles"], "customer");
        }
    }

    #[test]
    fn others_are_refused_strangers_first() {
        let tokens = TestTokens::default();
        let token = tokens.issue(&["customer"]).1;
        for target in [
            "/api/v1/auth/check",
            "/api/v1/auth/check?role=admin",
            "/api/v1/auth/check?role=%ff",
        ] {
            assert_eq!(
                ask(&tokens, target, None).unwrap_err(),
                Code::Unauthenticated,
                "{target}"
            );
        }
        let code = |target| ask(&tokens, target, Some(&token)).unwrap_err();
        assert_eq!(code("/api/v1/auth/check?role=admin"), Code::Forbidden);
        assert_eq!(code("/api/v1/auth/check?role=a%20b"), Code::InvalidRequest);
        assert_eq!(
            code("/api/v1/auth/check?role=customer&role=admin"),
            Code::InvalidRequest
        );
        assert_eq!(
            ask(&tokens, "/api/v1/auth/check", Some("x.y.z")).unwrap_err(),
            Code::InvalidToken
        );
    }

    #[test]
    fn the_public_keys_may_be_kept_for_a_while() {
        let response = ask(&TestTokens::default(), "/.well-known/jwks.json", None).unwrap();
        assert_eq!(response.headers()["cache-control"], "public, max-age=300");
        let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(body["keys"][0]["kty"], "OKP");
        assert!(body["keys"][0].get("d").is_none());
    }

    #[test]
    fn without_keys_there_is_no_empty_set_to_be_kept() {
        let tokens = TestTokens::default();
        tokens.store.clear();
        assert_eq!(
            ask(&tokens, "/.well-known/jwks.json", None).unwrap_err(),
            Code::NotReady
        );
        assert_eq!(ask(&tokens, "/internal/ready", None).unwrap().status(), 200);
        tokens.store.set_down(true);
        assert_eq!(ask(&tokens, "/internal/ready", None).unwrap_err(), Code::NotReady);
    }
}
