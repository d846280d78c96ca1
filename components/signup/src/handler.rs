//! `POST /api/v1/signup`, and whether the component is ready for it.

use http::Request;
use jetway_gateway::accounts;
use jetway_gateway::domain::{EmailAddress, NewUser, Password, UserId};
use jetway_gateway::hashing::{Hasher, HashingQueue};
use jetway_gateway::http::{Body, HttpError, Response, Routes, created, json, ok};
use jetway_gateway::ports::Ports;
use jetway_gateway::problems::{both, field};
use jetway_gateway::store::{self, Schema};
use serde::{Deserialize, Serialize};

use crate::settings::Settings;

/// What the handler works with.
#[derive(Debug)]
pub struct App<'a, P, F> {
    /// The outside.
    pub ports: &'a P,
    /// What this instance knows of the database's schema.
    pub schema: &'a Schema,
    /// The hashes that this instance has to do.
    pub hashes: &'a HashingQueue,
    /// The variables.
    pub settings: &'a Settings,
    /// Publishes what has happened to a user, once the answer is on its way.
    pub publish: F,
}

#[derive(Clone, Copy, Debug)]
enum Endpoint {
    SignUp,
    Ready,
}

const ROUTES: Routes<Endpoint> = Routes(&[
    ("POST", "/api/v1/signup", Endpoint::SignUp),
    ("GET", "/internal/ready", Endpoint::Ready),
]);

#[derive(Deserialize)]
struct SignUp {
    email: String,
    password: String,
}

#[derive(Serialize)]
struct Ready {
    ready: bool,
}

/// Answers a request.
pub async fn handle<P: Ports, F: Fn(UserId)>(
    request: Request<impl Body>,
    app: &App<'_, P, F>,
) -> Result<Response, HttpError> {
    match ROUTES.find(request.method(), request.uri().path())?.endpoint {
        Endpoint::SignUp => sign_up(request, app).await,
        Endpoint::Ready => ready(app).await,
    }
}

async fn sign_up<P: Ports, F: Fn(UserId)>(
    request: Request<impl Body>,
    app: &App<'_, P, F>,
) -> Result<Response, HttpError> {
    let body: SignUp = json::read(request).await?;
    let (email, password) = both(
        field("/email", EmailAddress::parse(&body.email)),
        field("/password", Password::parse(body.password)),
    )?;
    let store = store::connect(app.ports.databases(), app.schema).await?;
    let new = NewUser { email, password };
    let hasher = Hasher::new(app.ports, app.hashes, app.settings.bcrypt_cost);
    let (clock, entropy) = (app.ports.clock(), app.ports.entropy());
    let user = accounts::sign_up(&store, new, &hasher, clock, entropy).await?;
    (app.publish)(user.id);
    Ok(created(&format!("/api/v1/users/{}", user.id), &user))
}

async fn ready<P: Ports, F>(app: &App<'_, P, F>) -> Result<Response, HttpError> {
    let store = store::connect(app.ports.databases(), app.schema)
        .await
        .map_err(HttpError::not_ready)?;
    store.ping().await.map_err(HttpError::not_ready)?;
    Ok(ok(&Ready { ready: true }))
}
