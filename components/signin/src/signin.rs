//! `POST /api/v1/signin`.

use http::{HeaderMap, Request, header};
use jetway_gateway::client::{self, Client as NetworkClient};
use jetway_gateway::domain::{EmailAddress, Password};
use jetway_gateway::http::{Body, HttpError, Response, json};
use jetway_gateway::ports::Ports;
use jetway_gateway::problems::field;
use jetway_gateway::sessions::{Client, Credentials};
use serde::Deserialize;

use crate::app::App;
use crate::throttle::Throttle;
use crate::tokens;

/// No longer than a person would read.
const MAX_USER_AGENT: usize = 256;

#[derive(Deserialize)]
struct SignIn {
    email: String,
    password: String,
}

pub(crate) async fn create<P: Ports>(
    request: Request<impl Body>,
    app: &App<'_, P>,
) -> Result<Response, HttpError> {
    let client = describe(request.headers(), &app.settings.client);
    let throttle = Throttle::of(&request);
    let body: SignIn = json::read(request).await?;
    let email = field("/email", EmailAddress::parse(&body.email))?;
    // What cannot be a password is a wrong one: this is not the place to teach which rules passwords keep.
    let password = Password::parse(body.password).ok();
    let credentials = Credentials {
        email: email.clone(),
        password,
    };
    throttle
        .by_email(&email, app, async || sign_in(credentials, &client, app).await)
        .await
}

async fn sign_in<P: Ports>(
    credentials: Credentials,
    client: &Client,
    app: &App<'_, P>,
) -> Result<Response, HttpError> {
    let store = app.store().await?;
    let grant = app
        .sessions(&store)
        .sign_in(credentials, client, &app.hasher())
        .await?;
    Ok(tokens::answer(&grant))
}

/// What is kept of the client for the user to recognise the session by.
fn describe(headers: &HeaderMap, settings: &client::Settings) -> Client {
    let address = NetworkClient::of_request(headers, settings).address;
    let user_agent = headers.get(header::USER_AGENT).map(|value| {
        let text = String::from_utf8_lossy(value.as_bytes());
        text.chars()
            .filter(|c| !c.is_control())
            .take(MAX_USER_AGENT)
            .collect()
    });
    Client {
        address: address.map(|address| address.to_string()),
        user_agent,
    }
}
