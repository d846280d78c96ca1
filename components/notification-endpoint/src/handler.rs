//! The routes of this component.

use http::{Request, Uri};
use jetway_gateway::domain::{EmailAddress, Invalid};
use jetway_gateway::http::{FieldError, HttpError, Query, Response, Routes, ok, ready};
use jetway_gateway::notifications::{Delivery, InternalToken, MailSecrets};
use jetway_gateway::ports::{OutboundHttp, Ports};
use jetway_gateway::store::inbox::{self, Received};
use jetway_gateway::store::{self, Schema};
use serde::Serialize;

use crate::settings::Settings;

/// What the handlers work with.
#[derive(Debug)]
pub struct App<'a, P, H> {
    /// The outside.
    pub ports: &'a P,
    /// What this instance knows of the database's schema.
    pub schema: &'a Schema,
    /// The variables.
    pub settings: &'a Settings,
    /// The way to a provider of mail.
    pub http: &'a H,
    /// What this instance knows of the secrets that go into mails.
    pub secrets: &'a MailSecrets,
}

#[derive(Clone, Copy, Debug)]
enum Endpoint {
    Sweep,
    Inbox,
}

/// What needs the internal token.
const ROUTES: Routes<Endpoint> = Routes(&[
    ("POST", "/internal/notifications/sweep", Endpoint::Sweep),
    ("GET", "/internal/inbox", Endpoint::Inbox),
]);

/// What `status` asks, on a private route.
const READY: Routes<()> = Routes(&[("GET", "/internal/ready", ())]);

#[derive(Serialize)]
struct Inbox {
    messages: Vec<Received>,
}

/// Answers a request.
pub async fn handle<B, P: Ports, H: OutboundHttp>(
    request: &Request<B>,
    app: &App<'_, P, H>,
) -> Result<Response, HttpError> {
    let path = request.uri().path();
    if path == "/internal/ready" {
        READY.find(request.method(), path)?;
        return is_ready(app).await;
    }
    // Who does not know the token does not learn which routes and methods there are behind the door.
    InternalToken::admit(app.settings.internal_token.as_ref(), request.headers())?;
    match ROUTES.find(request.method(), path)?.endpoint {
        Endpoint::Sweep => sweep(request.uri(), app).await,
        Endpoint::Inbox => inbox(request.uri(), app).await,
    }
}

async fn sweep<P: Ports, H: OutboundHttp>(uri: &Uri, app: &App<'_, P, H>) -> Result<Response, HttpError> {
    Query::parse(uri, &[])?;
    let delivery = Delivery {
        ports: app.ports,
        schema: app.schema,
        mail: &app.settings.mail,
        http: app.http,
        secrets: app.secrets,
    };
    Ok(ok(&delivery.sweep().await?))
}

async fn inbox<P: Ports, H>(uri: &Uri, app: &App<'_, P, H>) -> Result<Response, HttpError> {
    let query = Query::parse(uri, &["to"])?;
    let to = query.get("to").unwrap_or_default();
    let to = EmailAddress::parse(to).map_err(|e| FieldError::parameter("to", e.code(), format!("{e}.")))?;
    let store = store::connect(app.ports.databases(), app.schema).await?;
    let messages = inbox::messages_to(&store, &to).await?;
    Ok(ok(&Inbox { messages }))
}

async fn is_ready<P: Ports, H>(app: &App<'_, P, H>) -> Result<Response, HttpError> {
    let store = store::connect(app.ports.databases(), app.schema)
        .await
        .map_err(HttpError::not_ready)?;
    store.ping().await.map_err(HttpError::not_ready)?;
    Ok(ready())
}
