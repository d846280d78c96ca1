//! `/api/v1/me/mfa`: the second factor.

use http::Request;
use jetway_gateway::domain::{Origin, Password, RecoveryCode, TotpCode, typed_code};
use jetway_gateway::http::{Body, FieldError, HttpError, Response, created, json, no_content, ok};
use jetway_gateway::ports::{Databases, Ports};
use jetway_gateway::problems::field;
use jetway_gateway::second_factor::{Given, OwnSecondFactor};
use jetway_gateway::store::second_factor;
use jetway_gateway::tokens::Identity;
use serde::{Deserialize, Serialize};

use crate::app::{App, StoreOf};

/// The state, and where it is shown.
const MFA: &str = "/api/v1/me/mfa";

#[derive(Serialize)]
struct State {
    totp: Totp,
    recovery_codes_left: i64,
}

#[derive(Serialize)]
struct Totp {
    enabled: bool,
    enabled_at: Option<String>,
}

#[derive(Deserialize)]
struct Begin {
    current_password: String,
}

#[derive(Serialize)]
struct Begun {
    secret: String,
    otpauth_uri: String,
}

#[derive(Deserialize)]
struct Confirm {
    code: String,
}

/// The password, and one of the two codes.
#[derive(Deserialize)]
struct Prove {
    current_password: String,
    code: Option<String>,
    recovery_code: Option<String>,
}

#[derive(Serialize)]
struct RecoveryCodes {
    recovery_codes: Vec<String>,
}

pub(crate) async fn show<P: Ports>(app: &App<'_, P>, caller: &Identity) -> Result<Response, HttpError> {
    let store = app.store().await?;
    let state = second_factor::state(&store, caller.user()).await?;
    Ok(ok(&State {
        totp: Totp {
            enabled: state.since.is_some(),
            enabled_at: state.since,
        },
        recovery_codes_left: state.recovery_codes_left,
    }))
}

pub(crate) async fn begin<P: Ports>(
    request: Request<impl Body>,
    app: &App<'_, P>,
    caller: &Identity,
) -> Result<Response, HttpError> {
    let origin = app.origin(request.headers());
    let body: Begin = json::read(request).await?;
    let password = Password::claimed(body.current_password).ok();
    let store = app.store().await?;
    let own = own(&store, app, caller, origin);
    let begin = async || Ok(own.begin(password, &app.hasher()).await?);
    let secret = app.guarded(caller, begin).await?;
    Ok(created(
        MFA,
        &Begun {
            secret: secret.to_base32(),
            otpauth_uri: secret.to_uri(&app.settings.issuer.issuer, caller.email()),
        },
    ))
}

pub(crate) async fn confirm<P: Ports>(
    request: Request<impl Body>,
    app: &App<'_, P>,
    caller: &Identity,
) -> Result<Response, HttpError> {
    let origin = app.origin(request.headers());
    let body: Confirm = json::read(request).await?;
    let code = field("/code", TotpCode::parse(&body.code))?;
    let store = app.store().await?;
    let codes = own(&store, app, caller, origin).confirm(code).await?;
    (app.publish.0)(caller.user());
    Ok(shown(&codes))
}

pub(crate) async fn remove<P: Ports>(
    request: Request<impl Body>,
    app: &App<'_, P>,
    caller: &Identity,
) -> Result<Response, HttpError> {
    let origin = app.origin(request.headers());
    let (password, given) = prove(json::read(request).await?)?;
    let store = app.store().await?;
    let own = own(&store, app, caller, origin);
    let announcer = app.sessions(&store).announcer();
    let remove = async || Ok(own.remove(password, &given, &announcer, &app.hasher()).await?);
    app.guarded(caller, remove).await?;
    (app.publish.0)(caller.user());
    Ok(no_content())
}

pub(crate) async fn replace_codes<P: Ports>(
    request: Request<impl Body>,
    app: &App<'_, P>,
    caller: &Identity,
) -> Result<Response, HttpError> {
    let origin = app.origin(request.headers());
    let (password, given) = prove(json::read(request).await?)?;
    let store = app.store().await?;
    let own = own(&store, app, caller, origin);
    let replace = async || Ok(own.replace_codes(password, &given, &app.hasher()).await?);
    let codes = app.guarded(caller, replace).await?;
    Ok(shown(&codes))
}

/// What stands in the fields `code` and `recovery_code`, of which one is enough; the first counts. One that was left empty is as if it
/// were left out: that is how forms send what nobody has filled in.
pub(crate) fn given(code: Option<&str>, recovery_code: Option<&str>) -> Result<Option<Given>, FieldError> {
    given_at(("/code", code), recovery_code)
}

/// The same, where the field of the code has another name.
pub(crate) fn given_at(
    (name, code): (&str, Option<&str>),
    recovery_code: Option<&str>,
) -> Result<Option<Given>, FieldError> {
    let filled_in = |field: &&str| !typed_code::is_left_out(field);
    match (code.filter(filled_in), recovery_code.filter(filled_in)) {
        (Some(code), _) => field(name, TotpCode::parse(code)).map(|code| Some(Given::Code(code))),
        (None, Some(code)) => {
            field("/recovery_code", RecoveryCode::parse(code)).map(|code| Some(Given::Recovery(code)))
        }
        (None, None) => Ok(None),
    }
}

fn prove(body: Prove) -> Result<(Option<Password>, Given), HttpError> {
    let given = given(body.code.as_deref(), body.recovery_code.as_deref())?;
    let missing = || FieldError::at("/code", "missing_field", "Give a code or a recovery code.");
    let given = given.ok_or_else(missing)?;
    Ok((Password::claimed(body.current_password).ok(), given))
}

/// The codes are shown this once.
fn shown(codes: &[RecoveryCode]) -> Response {
    ok(&RecoveryCodes {
        recovery_codes: codes.iter().map(RecoveryCode::reveal).collect(),
    })
}

type OwnOf<'a, P> = OwnSecondFactor<
    'a,
    <<P as Ports>::Databases as Databases>::Connection,
    <P as Ports>::Clock,
    <P as Ports>::Entropy,
>;

fn own<'a, P: Ports>(
    store: &'a StoreOf<P>,
    app: &'a App<'_, P>,
    owner: &'a Identity,
    origin: Origin,
) -> OwnOf<'a, P> {
    OwnSecondFactor {
        store,
        clock: app.ports.clock(),
        entropy: app.ports.entropy(),
        owner,
        origin,
    }
}
