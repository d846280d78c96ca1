//! The routes of this component.

use http::Request;
use jetway_gateway::http::{Body, HttpError, Response, Routes};
use jetway_gateway::ports::Ports;
use jetway_gateway::tokens::Identity;

use crate::app::App;
use crate::{
    assertion_key, by_mail, export, me, mfa, password, preferences, public_keys, ready, refresh, sessions,
    signin, signout, unsubscribe,
};

#[derive(Clone, Copy, Debug)]
enum Open {
    SignIn,
    AskForCode,
    SignInByCode,
    KnowDevice,
    Refresh,
    SignOut,
    Ready,
    AssertionKey,
    PublicKeys,
    ShowUnsubscribe,
    Unsubscribe,
}

/// What anybody may ask for.
const OPEN: Routes<Open> = Routes(&[
    ("POST", "/api/v1/signin", Open::SignIn),
    ("POST", "/api/v1/signin/email", Open::AskForCode),
    ("POST", "/api/v1/signin/email/verify", Open::SignInByCode),
    ("POST", "/api/v1/signin/device", Open::KnowDevice),
    ("POST", "/api/v1/token/refresh", Open::Refresh),
    ("POST", "/api/v1/signout", Open::SignOut),
    ("GET", "/internal/ready", Open::Ready),
    ("GET", "/internal/assertion-key", Open::AssertionKey),
    ("GET", "/internal/keys", Open::PublicKeys),
    ("GET", "/api/v1/notifications/unsubscribe", Open::ShowUnsubscribe),
    ("POST", "/api/v1/notifications/unsubscribe", Open::Unsubscribe),
]);

#[derive(Clone, Copy, Debug)]
enum Own {
    Show,
    Change,
    ShowEmailChange,
    CancelEmailChange,
    Delete,
    Export,
    ListSessions,
    EndSession,
    ChangePassword,
    ShowMfa,
    BeginTotp,
    ConfirmTotp,
    RemoveTotp,
    ReplaceRecoveryCodes,
    ShowPreferences,
    ChangePreferences,
}

/// What only the signed-in may ask for, about themselves.
const OWN: Routes<Own> = Routes(&[
    ("GET", "/api/v1/me", Own::Show),
    ("PATCH", "/api/v1/me", Own::Change),
    ("DELETE", "/api/v1/me", Own::Delete),
    ("GET", "/api/v1/me/email-change", Own::ShowEmailChange),
    ("DELETE", "/api/v1/me/email-change", Own::CancelEmailChange),
    ("POST", "/api/v1/me/delete", Own::Delete),
    ("GET", "/api/v1/me/export", Own::Export),
    ("GET", "/api/v1/me/sessions", Own::ListSessions),
    ("DELETE", "/api/v1/me/sessions/:id", Own::EndSession),
    ("PUT", "/api/v1/me/password", Own::ChangePassword),
    ("GET", "/api/v1/me/mfa", Own::ShowMfa),
    ("POST", "/api/v1/me/mfa/totp", Own::BeginTotp),
    ("POST", "/api/v1/me/mfa/totp/confirm", Own::ConfirmTotp),
    ("DELETE", "/api/v1/me/mfa/totp", Own::RemoveTotp),
    ("POST", "/api/v1/me/mfa/totp/disable", Own::RemoveTotp),
    ("POST", "/api/v1/me/mfa/recovery-codes", Own::ReplaceRecoveryCodes),
    ("GET", "/api/v1/me/notification-preferences", Own::ShowPreferences),
    (
        "PUT",
        "/api/v1/me/notification-preferences",
        Own::ChangePreferences,
    ),
]);

/// Answers a request.
pub async fn handle<P: Ports>(request: Request<impl Body>, app: &App<'_, P>) -> Result<Response, HttpError> {
    let path = request.uri().path();
    // Who is not signed in does not learn which routes and methods there are behind the door.
    if path == "/api/v1/me" || path.starts_with("/api/v1/me/") {
        let caller = app.caller(request.headers()).await?;
        let of_caller = |error: HttpError| error.of_user(caller.user());
        return own(request, app, &caller).await.map_err(of_caller);
    }
    match OPEN.find(request.method(), path)?.endpoint {
        Open::SignIn => signin::create(request, app).await,
        Open::AskForCode => by_mail::ask(request, app).await,
        Open::SignInByCode => by_mail::verify(request, app).await,
        Open::KnowDevice => by_mail::open_link(request, app).await,
        Open::Refresh => refresh::create(request, app).await,
        Open::SignOut => signout::create(request, app).await,
        Open::Ready => ready::show(app).await,
        Open::AssertionKey => assertion_key::show(request.headers(), app).await,
        Open::PublicKeys => public_keys::show(request.headers(), app).await,
        Open::ShowUnsubscribe => unsubscribe::show(request.uri(), app).await,
        Open::Unsubscribe => unsubscribe::create(&request, app).await,
    }
}

async fn own<P: Ports>(
    request: Request<impl Body>,
    app: &App<'_, P>,
    caller: &Identity,
) -> Result<Response, HttpError> {
    let found = OWN.find(request.method(), request.uri().path())?;
    match found.endpoint {
        Own::Show => me::show(app, caller).await,
        Own::Change => me::update(request, app, caller).await,
        Own::Delete => me::delete(request, app, caller).await,
        Own::ShowEmailChange => me::show_email_change(app, caller).await,
        Own::CancelEmailChange => me::cancel_email_change(app, caller).await,
        Own::Export => export::show(request.uri(), app, caller).await,
        Own::ListSessions => sessions::list(app, caller).await,
        Own::EndSession => sessions::delete(found.parameter("id"), app, caller).await,
        Own::ChangePassword => password::update(request, app, caller).await,
        Own::ShowMfa => mfa::show(app, caller).await,
        Own::BeginTotp => mfa::begin(request, app, caller).await,
        Own::ConfirmTotp => mfa::confirm(request, app, caller).await,
        Own::RemoveTotp => mfa::remove(request, app, caller).await,
        Own::ReplaceRecoveryCodes => mfa::replace_codes(request, app, caller).await,
        Own::ShowPreferences => preferences::show(app, caller).await,
        Own::ChangePreferences => preferences::update(request, app, caller).await,
    }
}
