//! `POST /api/v1/email/verify` and `POST /api/v1/email/resend`.

use http::{Request, header};
use jetway_gateway::accounts::{self, Purpose, TokenError};
use jetway_gateway::domain::{EmailAddress, OneTimeToken, UserId};
use jetway_gateway::http::{Body, Code, HttpError, Response, accepted, json, no_content};
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

#[derive(Deserialize)]
struct Resend {
    email: String,
}

pub(crate) async fn verify<P: Ports, F: Fn(UserId)>(
    request: Request<impl Body>,
    app: &App<'_, P, F>,
) -> Result<Response, HttpError> {
    let body: Verify = json::read(request).await?;
    // A text that can be no token is a token that nobody has.
    let token = OneTimeToken::parse(&body.token).map_err(|_| TokenError::Dead)?;
    let store = app.store().await?;
    let user = accounts::verify_email(&store, &app.announcer(), &token).await?;
    app.tell(Some(user));
    Ok(no_content())
}

/// Whoever is signed in need not say their address; whoever is not says it, because they may have to verify it before they can.
pub(crate) async fn resend<P: Ports, F: Fn(UserId)>(
    request: Request<impl Body>,
    app: &App<'_, P, F>,
) -> Result<Response, HttpError> {
    let by_email = ByEmail::of(&request);
    let email = if request.headers().contains_key(header::AUTHORIZATION) {
        own_address(&request, app).await?
    } else {
        let body: Resend = json::read(request).await?;
        field("/email", EmailAddress::parse(&body.email))?
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
    request: &Request<impl Body>,
    app: &App<'_, P, F>,
) -> Result<EmailAddress, HttpError> {
    let caller = app.caller(request.headers()).await?;
    let user = users::find(&app.store().await?, caller.user()).await?;
    let gone = || HttpError::new(Code::InvalidToken, "The account is no longer there.");
    Ok(user.ok_or_else(gone)?.email)
}
