//! The routes of this component.

use http::{Request, Uri};
use jetway_gateway::domain::{EmailAddress, Invalid};
use jetway_gateway::http::json::read_bytes;
use jetway_gateway::http::{Body, Code, FieldError, HttpError, Query, Response, Routes, accepted, ok, ready};
use jetway_gateway::notifications::{Delivery, InternalToken, MailSecrets, Malformed, WakeUp};
use jetway_gateway::ports::{Databases, OutboundHttp, Ports};
use jetway_gateway::store::inbox::{self, Received};
use jetway_gateway::store::refused_messages::{self, RefusedMessage};
use jetway_gateway::store::{self, Rule, Schema, Store, StoreError};
use serde::Serialize;

use crate::settings::Settings;

/// What the handlers work with.
#[derive(Debug)]
pub struct App<'a, P, H, F> {
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
    /// Publishes, once the response is on its way, the events that have waited for it.
    pub publish: F,
}

#[derive(Clone, Copy, Debug)]
enum Endpoint {
    Sweep,
    Events,
    Inbox,
    RefusedMessages,
}

/// What needs the internal token.
const ROUTES: Routes<Endpoint> = Routes(&[
    ("POST", "/internal/notifications/sweep", Endpoint::Sweep),
    ("POST", "/internal/events", Endpoint::Events),
    ("GET", "/internal/inbox", Endpoint::Inbox),
    ("GET", "/internal/refused-messages", Endpoint::RefusedMessages),
]);

/// What `status` asks, on a private route.
const READY: Routes<()> = Routes(&[("GET", "/internal/ready", ())]);

/// How an event may be sent (CloudEvents 1.0, HTTP binding, section 3.2: structured mode).
const EVENT: &[&str] = &["application/cloudevents+json", "application/json"];

#[derive(Serialize)]
struct Messages<T> {
    messages: Vec<T>,
}

/// Answers a request.
pub async fn handle<P: Ports, H: OutboundHttp, F: Fn()>(
    request: Request<impl Body>,
    app: &App<'_, P, H, F>,
) -> Result<Response, HttpError> {
    let path = request.uri().path();
    if path == "/internal/ready" {
        READY.find(request.method(), path)?;
        return app.is_ready().await;
    }
    // Who does not know the token does not learn which routes and methods there are behind the door.
    InternalToken::admit(app.settings.internal_token.as_ref(), request.headers())?;
    match ROUTES.find(request.method(), path)?.endpoint {
        Endpoint::Sweep => app.sweep(request.uri()).await,
        Endpoint::Events => app.take_event(request).await,
        Endpoint::Inbox => app.inbox(request.uri()).await,
        Endpoint::RefusedMessages => app.refused_messages(request.uri()).await,
    }
}

impl<P: Ports, H: OutboundHttp, F: Fn()> App<'_, P, H, F> {
    async fn sweep(&self, uri: &Uri) -> Result<Response, HttpError> {
        Query::parse(uri, &[])?;
        let tally = self.delivery().sweep().await?;
        (self.publish)();
        Ok(ok(&tally))
    }

    /// Takes an event about a booking. What a service hands over here has arrived once it is answered; Redis promises that to nobody.
    async fn take_event(&self, request: Request<impl Body>) -> Result<Response, HttpError> {
        Query::parse(request.uri(), &[])?;
        let body = read_bytes(request, EVENT).await?;
        let event = match WakeUp::parse(&body) {
            Ok(WakeUp::Booking(event)) => event,
            Ok(WakeUp::Ours(_) | WakeUp::NotForUs) => {
                let detail = "Events of this type and source are not taken here.";
                return Err(FieldError::at("/type", "invalid_value", detail).into());
            }
            Err(Malformed::NoCloudEvent(error)) if error.is_syntax() || error.is_eof() => {
                return Err(HttpError::new(Code::MalformedJson, format!("{error}.")));
            }
            Err(malformed) => {
                return Err(FieldError::at("", "invalid_value", format!("{malformed}.")).into());
            }
        };
        match self.delivery().take(&event).await {
            Ok(()) => Ok(accepted()),
            Err(StoreError::Refused(Rule::UnknownUser)) => {
                let detail = "There is no such user.";
                Err(FieldError::at("/data/user_id", "unknown_user", detail).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn inbox(&self, uri: &Uri) -> Result<Response, HttpError> {
        let query = Query::parse(uri, &["to"])?;
        let to = query.get("to").unwrap_or_default();
        let to =
            EmailAddress::parse(to).map_err(|e| FieldError::parameter("to", e.code(), format!("{e}.")))?;
        let messages: Vec<Received> = inbox::messages_to(&self.connect().await?, &to).await?;
        Ok(ok(&Messages { messages }))
    }

    async fn refused_messages(&self, uri: &Uri) -> Result<Response, HttpError> {
        Query::parse(uri, &[])?;
        let messages: Vec<RefusedMessage> = refused_messages::newest(&self.connect().await?).await?;
        Ok(ok(&Messages { messages }))
    }

    async fn is_ready(&self) -> Result<Response, HttpError> {
        let store = self.connect().await.map_err(HttpError::not_ready)?;
        store.ping().await.map_err(HttpError::not_ready)?;
        Ok(ready())
    }

    async fn connect(&self) -> Result<Store<<P::Databases as Databases>::Connection>, StoreError> {
        store::connect(self.ports.databases(), self.schema).await
    }

    fn delivery(&self) -> Delivery<'_, P, H> {
        Delivery {
            ports: self.ports,
            schema: self.schema,
            settings: &self.settings.notifications,
            http: self.http,
            secrets: self.secrets,
        }
    }
}
