//! The answer to whoever has signed in or refreshed.

use jetway_gateway::domain::{EmailAddress, RoleName, UserId};
use jetway_gateway::http::{Response, ok};
use jetway_gateway::sessions::Grant;
use serde::Serialize;

#[derive(Serialize)]
struct Tokens<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
    refresh_token: &'a str,
    user: User<'a>,
}

#[derive(Serialize)]
struct User<'a> {
    id: UserId,
    email: &'a EmailAddress,
    roles: &'a [RoleName],
}

/// 200 with the tokens (the form of RFC 6749, section 5.1) and whose they are.
pub(crate) fn answer(grant: &Grant) -> Response {
    ok(&Tokens {
        access_token: grant.access_token.reveal(),
        token_type: "Bearer",
        expires_in: grant.access_token.lifetime.as_secs(),
        refresh_token: &grant.refresh_token.reveal(),
        user: User {
            id: grant.user.id,
            email: &grant.user.email,
            roles: &grant.user.roles,
        },
    })
}
