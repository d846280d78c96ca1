//! From a request to who is calling, and whether they may.

use http::HeaderMap;

use super::bearer::bearer_token;
use super::policy::Requirement;
use crate::config::{self, ConfigError};
use crate::http::{Code, HttpError};
use crate::ports::{Clock, KeyValue, Variables};
use crate::tokens::{Identity, Verifier, VerifierCache, VerifyError};

/// What verifying a token needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Who issues our tokens.
    pub issuer: String,
    /// Whom they are for.
    pub audience: String,
}

impl Settings {
    /// Reads the variables `issuer` and `audience`.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        Ok(Self {
            issuer: config::read(variables, "issuer", config::text).await?,
            audience: config::read(variables, "audience", config::text).await?,
        })
    }

    /// A verifier of such tokens.
    pub fn verifier<'a, K: KeyValue, C: Clock>(
        &'a self,
        store: &'a K,
        clock: &'a C,
        cache: &'a VerifierCache,
    ) -> Verifier<'a, K, C> {
        Verifier::new(store, clock, cache, &self.issuer, &self.audience)
    }
}

/// Who is calling; nobody where there is no token. A token that is there and not good is an error on every route, public
/// ones too: its owner believes to be signed in.
pub async fn authenticate<K: KeyValue, C: Clock>(
    headers: &HeaderMap,
    verifier: &Verifier<'_, K, C>,
) -> Result<Option<Identity>, HttpError> {
    let invalid = || HttpError::new(Code::InvalidToken, "Refresh it, or sign in again.");
    let Some(token) = bearer_token(headers).map_err(|_| invalid())? else {
        return Ok(None);
    };
    match verifier.verify(token).await {
        Ok(identity) => Ok(Some(identity)),
        Err(VerifyError::Rejected(_)) => Err(invalid()),
        Err(VerifyError::Unavailable(error)) => Err(HttpError::not_ready(error)),
    }
}

/// Who is calling a route that is only for the signed-in.
pub async fn authenticate_signed_in<K: KeyValue, C: Clock>(
    headers: &HeaderMap,
    verifier: &Verifier<'_, K, C>,
) -> Result<Identity, HttpError> {
    authenticate(headers, verifier).await?.ok_or_else(unauthenticated)
}

/// Whether the caller may: first who they are, then what they may, so that a stranger learns nothing of the roles.
pub fn check_policy(requirement: &Requirement, identity: Option<&Identity>) -> Result<(), HttpError> {
    match (requirement, identity) {
        (Requirement::Public, _) | (Requirement::SignedIn, Some(_)) => Ok(()),
        (Requirement::SignedIn | Requirement::AnyRole(_), None) => Err(unauthenticated()),
        (Requirement::AnyRole(roles), Some(identity)) if roles.iter().any(|role| identity.has_role(role)) => {
            Ok(())
        }
        (Requirement::AnyRole(_), Some(identity)) => {
            let error = HttpError::new(Code::Forbidden, "None of your roles allows it.");
            Err(error.of_user(identity.user()))
        }
    }
}

fn unauthenticated() -> HttpError {
    HttpError::new(
        Code::Unauthenticated,
        "Send `Authorization: Bearer` and your access token.",
    )
}
