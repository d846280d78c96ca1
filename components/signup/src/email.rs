//! `POST /api/v1/email/verify` and `POST /api/v1/email/resend`.

use http::{HeaderMap, Request, header};
use jetway_gateway::accounts::{self, Purpose, TokenError};
use jetway_gateway::domain::{EmailAddress, OneTimeToken, UserId};
use jetway_gateway::http::{Body, Code, FieldError, HttpError, Response, accepted, json, no_content};
use jetway_gateway::ports::Ports;
use jetway_gateway::problems::field;
use jetway_gateway::rate_limit::ByEmail;
use jetway_gateway::store::users;
use serde::Deserialize;

use crate::app::{App, Mail};

#[derive(Deserialize)]
struct Verify {
    token: String,
}

#[derive(Default, Deserialize)]
struct Resend {
    email: Option<String>,
}

/// Whoever sends an access token of the account along shows that they are who signed up. One that is worth nothing is no obstacle: the
/// link is proof enough of the address.
pub(crate) async fn verify<P: Ports, F: Fn(UserId)>(
    request: Request<impl Body>,
    app: &App<'_, P, F>,
) -> Result<Response, HttpError> {
    let headers = request.headers().clone();
    let body: Verify = json::read(request).await?;
    // A text that can be no token is a token that nobody has.
    let token = OneTimeToken::parse(&body.token).map_err(|_| TokenError::Dead)?;
    let store = app.store().await?;
    let prover = if headers.contains_key(header::AUTHORIZATION) {
        match app.caller(&headers).await {
            Ok(caller) => Some(caller.user()),
            // Whether it is good cannot be told now: what may be its owner's is not to end for that.
            Err(error) if error.problem().code().status().is_server_error() => return Err(error),
            Err(_) => None,
        }
    } else {
        None
    };
    let secret = app.secret(&store).await?;
    let resets = app.token_maker(&secret, Mail::Password);
    let user = accounts::verify_email(&store, &app.announcer(), &token, prover, &resets).await?;
    app.tell(Some(user));
    Ok(no_content())
}

/// Whoever says an address means that one, whatever token comes along: browsers and libraries send stale ones with every request. Whoever
/// says none is to be signed in.
pub(crate) async fn resend<P: Ports, F: Fn(UserId)>(
    request: Request<impl Body>,
    app: &App<'_, P, F>,
) -> Result<Response, HttpError> {
    let by_email = ByEmail::of(&request);
    let headers = request.headers().clone();
    let body: Resend = json::read_if_there(request).await?.unwrap_or_default();
    let email = match body.email {
        Some(email) => field("/email", EmailAddress::parse(&email))?,
        None if headers.contains_key(header::AUTHORIZATION) => own_address(&headers, app).await?,
        None => return Err(FieldError::at("/email", "missing_field", "The field is needed.").into()),
    };
    app.limited(by_email, &email, async || {
        let store = app.store().await?;
        let secret = app.secret(&store).await?;
        let maker = app.token_maker(&secret, Mail::Email);
        app.tell(accounts::request_mail(&store, Purpose::VerifyEmail, &email, &maker).await?);
        Ok(accepted())
    })
    .await
}

async fn own_address<P: Ports, F: Fn(UserId)>(
    headers: &HeaderMap,
    app: &App<'_, P, F>,
) -> Result<EmailAddress, HttpError> {
    let caller = app.caller(headers).await?;
    let user = users::find(&app.store().await?, caller.user()).await?;
    let gone = || HttpError::new(Code::InvalidToken, "The account is no longer there.");
    Ok(user.ok_or_else(gone)?.email)
}
