//! How a service knows who is calling without believing bare headers: it verifies the gateway's caller assertion.
//!
//! A [`Verifier`] fetches the gateway's public keys when it first needs them, so that the gateway may start after the
//! service. An assertion counts only if a key made for assertions signed it, for this service, this method and this target,
//! within the last half minute; docs/assertion.md says why each of these matters.

mod keys;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::problem::Problem;
use keys::Keys;

const ASSERTION: &str = "x-jetway-assertion";

/// The header `typ`. An access token, which the same gateway signs, has another.
const TYPE: &str = "jetway-assertion+jwt";

/// How far the gateway's clock may be from ours, in seconds.
const LEEWAY: u64 = 5;

/// Where assertions come from.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// Its address, under which it publishes its keys.
    pub url: String,
    /// What it calls itself: its variable `issuer`.
    pub issuer: String,
}

/// Verifies assertions for one service.
pub(crate) struct Verifier {
    service: &'static str,
    issuer: String,
    keys: Keys,
}

/// What an assertion says of the caller.
#[derive(Debug, Deserialize)]
struct Claims {
    /// Absent where nobody is signed in.
    sub: Option<String>,
    roles: Vec<String>,
    method: String,
    /// Absent where it is long; then there is its digest.
    target: Option<String>,
    target_sha256: Option<String>,
    iat: u64,
}

impl Claims {
    /// Whether these are the method and the target, one way or the other.
    fn are_about(&self, method: &Method, target: &str) -> bool {
        let is_target = match (&self.target, &self.target_sha256) {
            (Some(named), None) => named == target,
            (None, Some(digest)) => *digest == URL_SAFE_NO_PAD.encode(Sha256::digest(target)),
            _ => false,
        };
        is_target && self.method == method.as_str()
    }
}

/// Why a request is not believed.
#[derive(Debug)]
enum Refused {
    /// It has no assertion, or one that is not good for it. Which it is does not concern whoever forges one.
    NotAsserted,
    /// The gateway's keys cannot be fetched.
    NoKeys,
}

impl Verifier {
    pub(crate) fn new(service: &'static str, gateway: &Gateway) -> Result<Self, reqwest::Error> {
        Ok(Self {
            service,
            issuer: gateway.issuer.clone(),
            keys: Keys::published_by(&gateway.url)?,
        })
    }

    async fn verify(&self, headers: &HeaderMap, method: &Method, uri: &Uri) -> Result<Claims, Refused> {
        let mut assertions = headers.get_all(ASSERTION).iter();
        let (Some(assertion), None) = (assertions.next(), assertions.next()) else {
            return Err(Refused::NotAsserted);
        };
        let assertion = assertion.to_str().map_err(|_| Refused::NotAsserted)?;
        let header = jsonwebtoken::decode_header(assertion).map_err(|_| Refused::NotAsserted)?;
        let (Some(TYPE), Some(kid)) = (header.typ.as_deref(), &header.kid) else {
            return Err(Refused::NotAsserted);
        };
        let key = self.keys.named(kid).await.map_err(|_| Refused::NoKeys)?;
        let claims = self.claims(assertion, &key.ok_or(Refused::NotAsserted)?)?;
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        if claims.are_about(method, target) && claims.iat <= now() + LEEWAY {
            Ok(claims)
        } else {
            Err(Refused::NotAsserted)
        }
    }

    fn claims(&self, assertion: &str, key: &DecodingKey) -> Result<Claims, Refused> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_required_spec_claims(&["iss", "aud", "exp"]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[self.service]);
        validation.leeway = LEEWAY;
        jsonwebtoken::decode(assertion, key, &validation)
            .map(|data| data.claims)
            .map_err(|_| Refused::NotAsserted)
    }
}

fn now() -> u64 {
    jsonwebtoken::get_current_timestamp()
}

/// Believes the assertion and nothing else: the identity headers become what it says, whatever they were. Without a verifier
/// they stay, for services that only the gateway can reach.
pub(crate) async fn identify(
    State(verifier): State<Option<Arc<Verifier>>>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(verifier) = verifier else {
        return next.run(request).await;
    };
    let claims = verifier.verify(request.headers(), request.method(), request.uri());
    match claims.await {
        Ok(claims) => {
            let roles = claims.roles.join(",");
            set(request.headers_mut(), "x-user-id", claims.sub.as_deref());
            set(
                request.headers_mut(),
                "x-user-roles",
                claims.sub.as_ref().map(|_| roles.as_str()),
            );
            next.run(request).await
        }
        Err(refused) => Problem::from(refused).into_response(),
    }
}

fn set(headers: &mut HeaderMap, name: &'static str, value: Option<&str>) {
    let name = HeaderName::from_static(name);
    match value.and_then(|value| HeaderValue::from_str(value).ok()) {
        Some(value) => drop(headers.insert(name, value)),
        None => drop(headers.remove(name)),
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NotAsserted => {
                let detail = "The request does not come through the gateway.";
                // Not a 401: the caller may well be signed in, and signing in again would change nothing.
                Self::new(StatusCode::FORBIDDEN, "invalid_assertion", detail)
            }
            Refused::NoKeys => {
                let detail = "The gateway's keys cannot be fetched.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", detail)
            }
        }
    }
}
