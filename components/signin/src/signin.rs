//! `POST /api/v1/signin`.

use http::{HeaderMap, Request, header};
use jetway_gateway::client::Client as NetworkClient;
use jetway_gateway::devices::Presented;
use jetway_gateway::domain::{DisplayText, EmailAddress, Password};
use jetway_gateway::http::{Body, HttpError, RequestId, Response, json};
use jetway_gateway::log;
use jetway_gateway::ports::Ports;
use jetway_gateway::problems::field;
use jetway_gateway::rate_limit::{ByEmail, Partition};
use jetway_gateway::second_factor::SecondFactorError;
use jetway_gateway::sessions::{Client, Credentials, Grant, NotSignedIn, SignInError};
use jetway_gateway::slowdown::Who;
use serde::Deserialize;

use crate::app::App;
use crate::device;
use crate::mfa;
use crate::tokens;

/// No longer than a person would read.
const MAX_USER_AGENT: usize = 256;

#[derive(Deserialize)]
struct SignIn {
    email: String,
    password: String,
    code: Option<String>,
    recovery_code: Option<String>,
}

pub(crate) async fn create<P: Ports>(
    request: Request<impl Body>,
    app: &App<'_, P>,
) -> Result<Response, HttpError> {
    let network = NetworkClient::of_request(request.headers(), &app.settings.client);
    let mut client = describe(request.headers(), &network);
    let presented = Presented::of(request.headers());
    let by_email = ByEmail::of(&request);
    let body: SignIn = json::read(request).await?;
    let email = field("/email", EmailAddress::parse(&body.email))?;
    let second_factor = mfa::given(body.code.as_deref(), body.recovery_code.as_deref())?;
    // What cannot be a password is a wrong one: this is not the place to teach which rules passwords keep.
    let password = Password::claimed(body.password).ok();
    let who = Who {
        email: &email,
        client: network.key(app.settings.client.ipv6_prefix),
        device: device::trusted(&presented, &email, app).await?,
    };
    client.is_known = who.device.is_some();
    let credentials = Credentials {
        email: email.clone(),
        password,
        second_factor,
    };
    // A device that has signed in with the address before has a count of its own, so that a flood from elsewhere does not use up
    // its owner's.
    let counted_as = match who.device {
        Some(device) => Partition::Device(device),
        None => Partition::email(&email.canonical()),
    };
    let (limits, limiter) = (&app.settings.rate_limits, &app.memory.limiter);
    by_email
        .count_as(counted_as, limits, limiter, app.ports, async || {
            let attempt = app.slowdown().begin(&who).await?;
            match sign_in(credentials, &client, app).await {
                Ok(mut response) => {
                    attempt.succeeded().await;
                    device::remember(response.headers_mut(), &presented, &email, app).await;
                    Ok(response)
                }
                Err(failed) if is_guess(&failed.why) => Err(failed.into()),
                Err(failed) => {
                    attempt.came_to_nothing().await;
                    Err(failed.into())
                }
            }
        })
        .await
}

async fn sign_in<P: Ports>(
    credentials: Credentials,
    client: &Client,
    app: &App<'_, P>,
) -> Result<Response, NotSignedIn> {
    let store = app.store().await?;
    let mut grant = app
        .sessions(&store)
        .sign_in(credentials, client, &app.hasher())
        .await?;
    note(&grant, client, app.request_id);
    if let Some(outdated) = grant.outdated.take() {
        app.upgrades.0(outdated);
    }
    Ok(tokens::answer(&grant))
}

/// Whether it was a guess that failed, and so stays counted.
fn is_guess(why: &SignInError) -> bool {
    matches!(
        why,
        SignInError::InvalidCredentials | SignInError::SecondFactor(SecondFactorError::Refused)
    )
}

/// A sign-in is a line of the log, as a failed one is: each costs a hash, which bounds them.
pub(crate) fn note(grant: &Grant, client: &Client, request_id: &RequestId) {
    let user = grant.user.id.to_string();
    let methods: Vec<_> = grant.methods.iter().map(|method| method.as_str()).collect();
    let methods = methods.join(" ");
    let mut fields = vec![("user", user.as_str()), ("methods", methods.as_str())];
    if let Some(address) = &client.address {
        fields.push(("client", address));
    }
    log::info(request_id, "signed_in", &fields);
}

/// What is kept of the client for the user to recognise the session by.
pub(crate) fn describe(headers: &HeaderMap, network: &NetworkClient) -> Client {
    let user_agent = headers.get(header::USER_AGENT).map(|value| {
        let text = String::from_utf8_lossy(value.as_bytes());
        DisplayText::of(&text).cut(MAX_USER_AGENT).into()
    });
    Client {
        address: network.address.map(|address| address.to_string()),
        user_agent,
        is_known: false,
    }
}
