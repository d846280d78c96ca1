//! `POST /api/v1/password/forgot` and `POST /api/v1/password/reset`.

use http::{HeaderMap, Request, header};
use jetway_gateway::accounts::{self, Purpose, TokenError};
use jetway_gateway::devices::Presented;
use jetway_gateway::domain::{EmailAddress, OneTimeToken, Password, UserId};
use jetway_gateway::http::{Body, HttpError, Response, accepted, json, no_content};
use jetway_gateway::ports::Ports;
use jetway_gateway::problems::field;
use jetway_gateway::rate_limit::ByEmail;
use jetway_gateway::store::users;
use serde::Deserialize;

use crate::app::{App, Mail, StoreOf};

#[derive(Deserialize)]
struct Forgot {
    email: String,
}

#[derive(Deserialize)]
struct Reset {
    token: String,
    new_password: String,
}

pub(crate) async fn forgot<P: Ports, F: Fn(UserId)>(
    request: Request<impl Body>,
    app: &App<'_, P, F>,
) -> Result<Response, HttpError> {
    let by_email = ByEmail::of(&request);
    let body: Forgot = json::read(request).await?;
    let email = field("/email", EmailAddress::parse(&body.email))?;
    app.limited(by_email, &email, async || {
        let store = app.store().await?;
        let secret = app.secret(&store).await?;
        let maker = app.token_maker(&secret, Mail::Password);
        app.tell(accounts::request_mail(&store, Purpose::ResetPassword, &email, &maker).await?);
        Ok(accepted())
    })
    .await
}

pub(crate) async fn reset<P: Ports, F: Fn(UserId)>(
    request: Request<impl Body>,
    app: &App<'_, P, F>,
) -> Result<Response, HttpError> {
    let presented = Presented::of(request.headers());
    let body: Reset = json::read(request).await?;
    // Whose it is to be is only known by the token: whether it contains their address is looked at then.
    let new = field("/new_password", Password::choose(body.new_password, None))?;
    // A text that can be no token is a token that nobody has.
    let token = OneTimeToken::parse(&body.token).map_err(|_| TokenError::Dead)?;
    let store = app.store().await?;
    let user = accounts::reset_password(&store, &app.announcer(), &token, &new, &app.hasher()).await?;
    app.tell(Some(user));
    let mut response = no_content();
    remember(response.headers_mut(), &presented, user, &store, app).await;
    Ok(response)
}

/// Whoever has read the mail is at a device of theirs: from now on nobody else's guesses hold it up. The password is set by then,
/// whatever becomes of this.
async fn remember<P: Ports, F: Fn(UserId)>(
    headers: &mut HeaderMap,
    presented: &Presented,
    user: UserId,
    store: &StoreOf<P>,
    app: &App<'_, P, F>,
) {
    let (clock, entropy) = (app.ports.clock(), app.ports.entropy());
    let Ok(Some(user)) = users::find(store, user).await else {
        return;
    };
    let Ok(key) = app.memory.device_key.get(store, entropy).await else {
        return;
    };
    if let Some(cookie) = key.cookie(presented, &user.email, clock, entropy) {
        headers.append(header::SET_COOKIE, cookie);
    }
}
