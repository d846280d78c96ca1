//! `POST /api/v1/signout`: by a refresh token in the body, or by the access token where there is none. Whoever can refresh can sign out,
//! and so a body that is there counts, whatever `Authorization` says.

use http::Request;
use jetway_gateway::domain::{RefreshToken, SessionId, UserId};
use jetway_gateway::http::{Body, FieldError, HttpError, Query, Response, json, no_content};
use jetway_gateway::ports::Ports;
use jetway_gateway::sessions;
use jetway_gateway::store::sessions::{EndReason, Which, open_of_refresh_token};
use serde::Deserialize;

use crate::app::App;

#[derive(Deserialize)]
struct SignOut {
    refresh_token: Option<String>,
}

enum Scope {
    Local,
    Others,
    Global,
}

pub(crate) async fn create<P: Ports>(
    request: Request<impl Body>,
    app: &App<'_, P>,
) -> Result<Response, HttpError> {
    let headers = request.headers().clone();
    let scope = scope(&request);
    let body = json::read_if_there::<SignOut>(request).await;
    let Some(token) = body?.and_then(|body| body.refresh_token) else {
        // Who is not signed in learns nothing of the scopes.
        let caller = app.caller(&headers).await?;
        let ended = end(app, (caller.user(), caller.session()), scope?).await;
        return ended.map_err(|error| error.of_user(caller.user()));
    };
    let scope = scope?;
    // A text that can be no token is a token that nobody has: it is signed out already.
    let Ok(token) = RefreshToken::parse(&token) else {
        return Ok(no_content());
    };
    let found = open_of_refresh_token(&app.store().await?, &token.hash()).await?;
    match found {
        Some(session) => end(app, session, scope).await,
        None => Ok(no_content()),
    }
}

fn scope<B>(request: &Request<B>) -> Result<Scope, HttpError> {
    match Query::parse(request.uri(), &["scope"])?.get("scope") {
        None | Some("local") => Ok(Scope::Local),
        Some("others") => Ok(Scope::Others),
        Some("global") => Ok(Scope::Global),
        Some(_) => {
            let detail = "The scopes are: local, global, others.";
            Err(FieldError::parameter("scope", "invalid_value", detail).into())
        }
    }
}

async fn end<P: Ports>(
    app: &App<'_, P>,
    (user, session): (UserId, SessionId),
    scope: Scope,
) -> Result<Response, HttpError> {
    let which = match scope {
        Scope::Local => Which::Only(session),
        Scope::Others => Which::AllBut(session),
        Scope::Global => Which::All,
    };
    let store = app.store().await?;
    let announcer = app.sessions(&store).announcer();
    sessions::end(&store, &announcer, user, which, EndReason::SignedOut).await?;
    Ok(no_content())
}
