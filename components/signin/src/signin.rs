//! `POST /api/v1/signin`.

use http::{HeaderMap, Request, header};
use jetway_gateway::domain::{EmailAddress, Password};
use jetway_gateway::http::{Body, HttpError, Response, json};
use jetway_gateway::ports::Ports;
use jetway_gateway::problems::field;
use jetway_gateway::sessions::{Client, Credentials};
use serde::Deserialize;

use crate::app::App;
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
    let client = client(request.headers());
    let body: SignIn = json::read(request).await?;
    let credentials = Credentials {
        email: field("/email", EmailAddress::parse(&body.email))?,
        // What cannot be a password is a wrong one: this is not the place to teach which rules passwords keep.
        password: Password::parse(body.password).ok(),
    };
    let store = app.store().await?;
    let grant = app
        .sessions(&store)
        .sign_in(credentials, &client, app.settings.bcrypt_cost)
        .await?;
    Ok(tokens::answer(&grant))
}

/// What is kept of the client for the user to recognise the session by.
fn client(headers: &HeaderMap) -> Client {
    let text = |value: &http::HeaderValue| {
        let text = String::from_utf8_lossy(value.as_bytes());
        text.chars()
            .filter(|c| !c.is_control())
            .take(MAX_USER_AGENT)
            .collect::<String>()
    };
    Client {
        // The host's own word is the last; whatever stands before it, the client wrote.
        address: headers.get_all("spin-client-addr").iter().last().map(text),
        user_agent: headers.get(header::USER_AGENT).map(text),
    }
}
