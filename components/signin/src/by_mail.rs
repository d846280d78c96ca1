//! `POST /api/v1/signin/email` and `/verify`: signing in by a code out of a mail; and `POST /api/v1/signin/device`, for the link in it.

use std::time::Duration;

use http::{Request, header};
use jetway_gateway::client::Client as NetworkClient;
use jetway_gateway::devices::{AskedBefore, Presented};
use jetway_gateway::domain::{AskingBrowser, EmailAddress, OneTimeToken, SigninCode, UserId};
use jetway_gateway::http::{Body, Code, HttpError, Response, accepted, json, no_content};
use jetway_gateway::ports::{Clock as _, Ports};
use jetway_gateway::problems::field;
use jetway_gateway::rate_limit::{By, ByEmail, Partition};
use jetway_gateway::sessions::{self, CodeMaker, ShownCode, SignInError};
use jetway_gateway::store::signin_codes;
use serde::Deserialize;

use crate::app::App;
use crate::signin::{describe, note};
use crate::{device, mfa, tokens};

#[derive(Deserialize)]
struct Ask {
    email: String,
}

/// `code` is that of the mail; whoever has a second factor gives the code of their device besides.
#[derive(Deserialize)]
struct Verify {
    email: String,
    code: String,
    mfa_code: Option<String>,
    recovery_code: Option<String>,
}

#[derive(Deserialize)]
struct OpenLink {
    token: String,
}

/// The same answer, after the same work, whoever's the address is.
pub(crate) async fn ask<P: Ports>(
    request: Request<impl Body>,
    app: &App<'_, P>,
) -> Result<Response, HttpError> {
    let by_email = ByEmail::of(&request);
    let presented = Presented::of(request.headers());
    let asked_before = AskedBefore::of(request.headers());
    let link_lifetime = link_lifetime(&request, app);
    let body: Ask = json::read(request).await?;
    let email = field("/email", EmailAddress::parse(&body.email))?;
    // A known device has a count of its own: nobody else uses it up.
    let counted_as = match device::trusted(&presented, &email, app).await? {
        Some(device) => Partition::Device(device),
        None => Partition::email(&email.canonical()),
    };
    let (limits, limiter) = (&app.settings.rate_limits, &app.memory.limiter);
    by_email
        .count_as(counted_as, limits, limiter, app.ports, async || {
            let asking = AskingBrowser::generate(app.ports.entropy());
            send(&email, &asking, link_lifetime, app).await?;
            let mut response = accepted();
            if let Some(cookie) = asked_before.cookie(&asking, app.settings.signin_code_lifetime) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            Ok(response)
        })
        .await
}

/// No shorter than mails can be held back: whoever uses up those of an hour has sent a link that is good when the hour is over.
fn link_lifetime<P: Ports, B>(request: &Request<B>, app: &App<'_, P>) -> Duration {
    let (limits, path) = (&app.settings.rate_limits, request.uri().path());
    let window = limits.longest_window(By::Email, request.method(), path);
    app.settings
        .email_token_lifetime
        .max(Duration::from_secs(window.unwrap_or(0)))
}

async fn send<P: Ports>(
    email: &EmailAddress,
    asking: &AskingBrowser,
    link_lifetime: Duration,
    app: &App<'_, P>,
) -> Result<(), HttpError> {
    let store = app.store().await?;
    let secret = app.one_time_token_secret(&store).await?;
    let (clock, entropy) = (app.ports.clock(), app.ports.entropy());
    let maker = CodeMaker {
        secret: &secret,
        lifetime: app.settings.signin_code_lifetime,
        link_lifetime,
        clock,
        entropy,
    };
    let owner = sessions::request_code(&store, email, asking, &maker).await?;
    // Whether there is somebody to tell is not to be seen by the time that the answer takes.
    (app.publish.0)(owner.unwrap_or_else(|| UserId::generate(clock, entropy)));
    Ok(())
}

/// Not counted by address: each browser has its own codes, and five tries at each.
pub(crate) async fn verify<P: Ports>(
    request: Request<impl Body>,
    app: &App<'_, P>,
) -> Result<Response, HttpError> {
    let network = NetworkClient::of_request(request.headers(), &app.settings.client);
    let mut client = describe(request.headers(), &network);
    let presented = Presented::of(request.headers());
    let browsers = AskedBefore::of(request.headers()).hashes();
    let body: Verify = json::read(request).await?;
    let email = field("/email", EmailAddress::parse(&body.email))?;
    let code = field("/code", SigninCode::parse(&body.code))?;
    let factor = ("/mfa_code", body.mfa_code.as_deref());
    let shown = ShownCode {
        second_factor: mfa::given_at(factor, body.recovery_code.as_deref())?,
        email: email.clone(),
        browsers,
        code,
    };
    client.is_known = device::trusted(&presented, &email, app).await?.is_some();
    let store = app.store().await?;
    let secret = app.one_time_token_secret(&store).await?;
    let grant = app
        .sessions(&store)
        .sign_in_by_code(&shown, &client, &secret)
        .await;
    let grant = grant.map_err(|refused| match refused.why {
        SignInError::SecondFactorRequired => {
            let detail = "Send the code of the mail again, with an `mfa_code` of your device, or a `recovery_code`, besides.";
            let error = HttpError::new(Code::MfaRequired, detail);
            match refused.user {
                Some(user) => error.of_user(user),
                None => error,
            }
        }
        _ => refused.into(),
    })?;
    note(&grant, &client, app.request_id);
    (app.publish.0)(grant.user.id);
    let mut response = tokens::answer(&grant);
    device::remember(response.headers_mut(), &presented, &email, app).await;
    Ok(response)
}

/// Makes the browser one that is known. It signs nobody in: whoever opens a link that somebody else had sent gives nothing away.
pub(crate) async fn open_link<P: Ports>(
    request: Request<impl Body>,
    app: &App<'_, P>,
) -> Result<Response, HttpError> {
    let presented = Presented::of(request.headers());
    let body: OpenLink = json::read(request).await?;
    let unknown = || {
        HttpError::new(
            Code::TokenInvalid,
            "It is unknown, used or expired. Ask for another mail.",
        )
    };
    let token = OneTimeToken::parse(&body.token).map_err(|_| unknown())?;
    let store = app.store().await?;
    let opened = signin_codes::use_link(&store, &token.hash(), app.ports.clock().now()).await?;
    let (_, email) = opened.ok_or_else(unknown)?;
    let mut response = no_content();
    device::remember(response.headers_mut(), &presented, &email, app).await;
    Ok(response)
}
