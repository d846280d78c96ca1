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
