//! `GET`, `PATCH` and `DELETE /api/v1/me`.

use http::Request;
use jetway_gateway::accounts::{self, Shown, TokenMaker};
use jetway_gateway::domain::{EmailAddress, Password, User, UserId};
use jetway_gateway::http::{Body, Code, HttpError, Problem, Response, accepted, json, no_content, ok};
use jetway_gateway::ports::{Clock as _, Ports};
use jetway_gateway::problems::field;
use jetway_gateway::rate_limit::ByEmail;
use jetway_gateway::store::accounts as account;
use jetway_gateway::tokens::Identity;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::mfa;

#[derive(Serialize)]
struct Account {
    #[serde(flatten)]
    user: User,
    email_verified: bool,
}

/// What may be changed, and what proves that one may.
#[derive(Deserialize)]
struct Change {
    email: String,
    current_password: String,
    code: Option<String>,
    recovery_code: Option<String>,
}

#[derive(Deserialize)]
struct Delete {
    password: String,
    code: Option<String>,
    recovery_code: Option<String>,
}

pub(crate) async fn show<P: Ports>(app: &App<'_, P>, caller: &Identity) -> Result<Response, HttpError> {
    let store = app.store().await?;
    // The account as it is now; the token only says how it was.
    let (user, email_verified) = account::find(&store, caller.user()).await?.ok_or_else(gone)?;
    Ok(ok(&Account { user, email_verified }))
}

/// A merge patch (RFC 7396). The address stays the old one until whoever reads mails to the new one says so.
pub(crate) async fn update<P: Ports>(
    request: Request<impl Body>,
    app: &App<'_, P>,
    caller: &Identity,
) -> Result<Response, HttpError> {
    let by_email = ByEmail::of(&request);
    let body: Change = json::read_patch(request).await?;
    let email = field("/email", EmailAddress::parse(&body.email))?;
    let second_factor = mfa::given(body.code.as_deref(), body.recovery_code.as_deref())?;
    let shown = Shown::password(Password::claimed(body.current_password).ok());
    let shown = app.shown_by(caller, shown.with_second_factor(second_factor));
    let (limits, limiter) = (&app.settings.rate_limits, &app.memory.limiter);
    by_email
        .count(&email, limits, limiter, app.ports, async || {
            let store = app.store().await?;
            let secret = app.one_time_token_secret(&store).await?;
            let maker = TokenMaker {
                secret: &secret,
                lifetime: app.settings.email_token_lifetime,
                clock: app.ports.clock(),
                entropy: app.ports.entropy(),
            };
            let (user, hasher) = (caller.user(), app.hasher());
            app.guarded(caller, async || {
                let owner =
                    accounts::request_email_change(&store, user, &email, shown, &maker, &hasher).await?;
                // Whether there is somebody else to tell is not to be seen by the time that the answer takes.
                let nobody = || UserId::generate(app.ports.clock(), app.ports.entropy());
                for told in [user, owner.unwrap_or_else(nobody)] {
                    (app.publish.0)(told);
                }
                Ok(accepted())
            })
            .await
        })
        .await
}

pub(crate) async fn delete<P: Ports>(
    request: Request<impl Body>,
    app: &App<'_, P>,
    caller: &Identity,
) -> Result<Response, HttpError> {
    // Not every client can send a body with a DELETE.
    let shown = match json::read_if_there::<Delete>(request).await? {
        Some(body) => {
            let second_factor = mfa::given(body.code.as_deref(), body.recovery_code.as_deref())?;
            Shown::password(Password::claimed(body.password).ok()).with_second_factor(second_factor)
        }
        None => Shown::sign_in(),
    };
    let shown = app.shown_by(caller, shown);
    let store = app.store().await?;
    let announcer = app.sessions(&store).announcer();
    app.guarded(caller, async || {
        accounts::delete_account(&store, &announcer, caller.user(), shown, &app.hasher()).await?;
        (app.publish.0)(caller.user());
        Ok(no_content())
    })
    .await
}

/// `GET /api/v1/me/email-change`: the pending address.
pub(crate) async fn show_email_change<P: Ports>(
    app: &App<'_, P>,
    caller: &Identity,
) -> Result<Response, HttpError> {
    let store = app.store().await?;
    let pending = account::pending_email(&store, caller.user(), app.ports.clock().now()).await?;
    Ok(ok(&pending.ok_or_else(Problem::not_found)?))
}

/// `DELETE /api/v1/me/email-change`.
pub(crate) async fn cancel_email_change<P: Ports>(
    app: &App<'_, P>,
    caller: &Identity,
) -> Result<Response, HttpError> {
    let store = app.store().await?;
    account::cancel_email_change(&store, caller.user()).await?;
    Ok(no_content())
}

pub(crate) fn gone() -> HttpError {
    HttpError::new(Code::InvalidToken, "The account is no longer there.")
}
