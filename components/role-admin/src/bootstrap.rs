//! `POST /api/v1/admin/bootstrap`.

use http::Request;
use jetway_gateway::accounts;
use jetway_gateway::domain::{EmailAddress, NewUser, Password, UserId};
use jetway_gateway::http::{Body, Code, HttpError, Problem, Response, created, json};
use jetway_gateway::ports::Ports;
use jetway_gateway::problems::{both, field};
use serde::Deserialize;

use crate::app::App;

#[derive(Deserialize)]
struct Bootstrap {
    token: String,
    email: String,
    password: String,
}

pub(crate) async fn create<P: Ports, F: Fn(UserId)>(
    request: Request<impl Body>,
    app: &App<'_, P, F>,
) -> Result<Response, HttpError> {
    let configured = app
        .settings
        .bootstrap_token
        .as_ref()
        .ok_or_else(Problem::not_found)?;
    let origin = app.origin(request.headers());
    let body: Bootstrap = json::read(request).await?;
    let permission = configured
        .check(&body.token)
        .ok_or_else(|| HttpError::new(Code::Forbidden, "This is not the bootstrap token."))?;
    let email = field("/email", EmailAddress::parse(&body.email));
    let password = Password::choose(body.password, email.as_ref().ok());
    let (email, password) = both(email, field("/password", password))?;
    let store = app.store().await?;
    let new = NewUser { email, password };
    let (hasher, clock, entropy) = (app.hasher(), app.ports.clock(), app.ports.entropy());
    let user = accounts::bootstrap(&store, permission, new, &origin, &hasher, clock, entropy).await?;
    (app.publish)(user.id);
    Ok(created(&format!("/api/v1/users/{}", user.id), &user))
}
