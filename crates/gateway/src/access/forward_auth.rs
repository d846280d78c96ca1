//! Forward authentication: a gateway elsewhere asks whether a request may pass, and as whom.

use http::Request;

use super::authenticate::{authenticate, check_policy};
use super::identity_headers::set_identity;
use super::policy::Requirement;
use crate::domain::RoleName;
use crate::http::{FieldError, HttpError, Response, query_parameter};
use crate::ports::{Clock, KeyValue};
use crate::tokens::Verifier;

/// 200 with the identity in headers, 401, or 403 where `?role=NAME` asks for a role that the caller does not have.
pub async fn forward_auth<B, K: KeyValue, C: Clock>(
    request: &Request<B>,
    verifier: &Verifier<'_, K, C>,
) -> Result<Response, HttpError> {
    let identity = authenticate(request.headers(), verifier).await?;
    // A stranger gets the same answer whatever the question is.
    check_policy(&Requirement::SignedIn, identity.as_ref())?;
    check_policy(&requirement(request)?, identity.as_ref())?;
    let mut response = Response::default();
    set_identity(response.headers_mut(), identity.as_ref());
    Ok(response)
}

fn requirement<B>(request: &Request<B>) -> Result<Requirement, HttpError> {
    let Some(name) = query_parameter(request.uri(), "role")? else {
        return Ok(Requirement::SignedIn);
    };
    let role = RoleName::parse(&name).map_err(|error| {
        HttpError::invalid(vec![FieldError::parameter(
            "role",
            "invalid_value",
            error.to_string(),
        )])
    })?;
    Ok(Requirement::AnyRole(vec![role]))
}
