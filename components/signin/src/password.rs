//! `PUT /api/v1/me/password`.

use http::Request;
use jetway_gateway::accounts::{self, Shown};
use jetway_gateway::domain::Password;
use jetway_gateway::http::{Body, HttpError, Response, json, no_content};
use jetway_gateway::ports::Ports;
use jetway_gateway::problems::field;
use jetway_gateway::tokens::Identity;
use serde::Deserialize;

use crate::app::App;
use crate::mfa;

#[derive(Deserialize)]
struct ChangePassword {
    current_password: String,
    new_password: String,
    code: Option<String>,
    recovery_code: Option<String>,
}

pub(crate) async fn update<P: Ports>(
    request: Request<impl Body>,
    app: &App<'_, P>,
    caller: &Identity,
) -> Result<Response, HttpError> {
    let body: ChangePassword = json::read(request).await?;
    let new = field(
        "/new_password",
        Password::choose(body.new_password, Some(caller.email())),
    )?;
    let second_factor = mfa::given(body.code.as_deref(), body.recovery_code.as_deref())?;
    let current = Shown::password(Password::claimed(body.current_password).ok());
    let shown = app.shown_by(caller, current.with_second_factor(second_factor));
    let store = app.store().await?;
    let announcer = app.sessions(&store).announcer();
    app.guarded(caller, async || {
        accounts::change_password(&store, &announcer, caller, (shown, &new), &app.hasher()).await?;
        (app.publish.0)(caller.user());
        Ok(no_content())
    })
    .await
}
