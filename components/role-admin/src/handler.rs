//! The routes of this component.

use http::Request;
use jetway_gateway::domain::UserId;
use jetway_gateway::http::{Body, Found, HttpError, Problem, Response, Routes};
use jetway_gateway::ports::{Databases, Ports};
use jetway_gateway::roles::{Administration, Permitted};

use crate::app::App;
use crate::{audit, bootstrap, disabled, grants, notifications, ready, roles, sessions, users};

#[derive(Clone, Copy, Debug)]
enum Open {
    Bootstrap,
    Ready,
}

/// What needs no administrator.
const OPEN: Routes<Open> = Routes(&[
    ("POST", "/api/v1/admin/bootstrap", Open::Bootstrap),
    ("GET", "/internal/ready", Open::Ready),
]);

#[derive(Clone, Copy, Debug)]
enum Admin {
    ListRoles,
    CreateRole,
    DeleteRole,
    ListUsers,
    ShowUser,
    DeleteUser,
    TakeSecondFactor,
    ListGrants,
    Grant,
    Revoke,
    Disable,
    Enable,
    ListSessions,
    EndSessions,
    EndSession,
    Audit,
    ListNotifications,
    RetryNotification,
}

/// What needs one.
const ADMIN: Routes<Admin> = Routes(&[
    ("GET", "/api/v1/roles", Admin::ListRoles),
    ("POST", "/api/v1/roles", Admin::CreateRole),
    ("DELETE", "/api/v1/roles/:name", Admin::DeleteRole),
    ("GET", "/api/v1/users", Admin::ListUsers),
    ("GET", "/api/v1/users/:id", Admin::ShowUser),
    ("DELETE", "/api/v1/users/:id", Admin::DeleteUser),
    ("DELETE", "/api/v1/users/:id/mfa", Admin::TakeSecondFactor),
    ("GET", "/api/v1/users/:id/roles", Admin::ListGrants),
    ("PUT", "/api/v1/users/:id/roles/:name", Admin::Grant),
    ("DELETE", "/api/v1/users/:id/roles/:name", Admin::Revoke),
    ("PUT", "/api/v1/users/:id/disabled", Admin::Disable),
    ("DELETE", "/api/v1/users/:id/disabled", Admin::Enable),
    ("GET", "/api/v1/users/:id/sessions", Admin::ListSessions),
    ("DELETE", "/api/v1/users/:id/sessions", Admin::EndSessions),
    ("DELETE", "/api/v1/users/:id/sessions/:session", Admin::EndSession),
    ("GET", "/api/v1/audit", Admin::Audit),
    ("GET", "/api/v1/notifications", Admin::ListNotifications),
    (
        "POST",
        "/api/v1/notifications/:id/retry",
        Admin::RetryNotification,
    ),
]);

/// An administration on a connection of the ports' database.
pub(crate) type AdministrationOf<'a, P> = Administration<
    'a,
    <<P as Ports>::Databases as Databases>::Connection,
    <P as Ports>::KeyValue,
    <P as Ports>::Clock,
>;

/// Answers a request.
pub async fn handle<P: Ports, F: Fn(UserId)>(
    request: Request<impl Body>,
    app: &App<'_, P, F>,
) -> Result<Response, HttpError> {
    let path = request.uri().path();
    if path == "/api/v1/admin/bootstrap" && app.settings.bootstrap_token.is_none() {
        return Err(Problem::not_found().into());
    }
    if path == "/api/v1/admin/bootstrap" || path.starts_with("/internal/") {
        return match OPEN.find(request.method(), path)?.endpoint {
            Open::Bootstrap => bootstrap::create(request, app).await,
            Open::Ready => ready::show(app).await,
        };
    }
    // Who is not an administrator does not learn which routes and methods there are behind the door.
    let caller = app.caller(request.headers()).await?;
    let of_caller = |error: HttpError| error.of_user(caller.user());
    let store = app.store().await?;
    let permitted = Permitted::check(&caller, &store, app.settings.require_second_factor)
        .await
        .map_err(|refused| of_caller(refused.into()))?;
    let found = ADMIN.find(request.method(), path)?;
    let origin = app.origin(request.headers());
    let (key_value, clock) = (app.ports.key_value(), app.ports.clock());
    let administration = Administration::new(&store, key_value, clock, permitted, origin);
    administer(request, found, &administration, app)
        .await
        .map_err(of_caller)
}

async fn administer<P: Ports, F: Fn(UserId)>(
    request: Request<impl Body>,
    found: Found<Admin>,
    administration: &AdministrationOf<'_, P>,
    app: &App<'_, P, F>,
) -> Result<Response, HttpError> {
    let (id, name) = (found.parameter("id"), found.parameter("name"));
    match found.endpoint {
        Admin::ListRoles => roles::list::<P>(request.uri(), administration).await,
        Admin::CreateRole => roles::create::<P>(request, administration).await,
        Admin::DeleteRole => roles::delete::<P>(name, administration).await,
        Admin::ListUsers => users::list::<P>(request.uri(), administration).await,
        Admin::ShowUser => users::show::<P>(id, administration).await,
        Admin::DeleteUser => users::delete(id, administration, app).await,
        Admin::TakeSecondFactor => users::take_second_factor(id, administration, app).await,
        Admin::ListGrants => grants::list::<P>(id, administration).await,
        Admin::Grant => grants::create((id, name), administration, app).await,
        Admin::Revoke => grants::delete((id, name), administration, app).await,
        Admin::Disable => disabled::create(id, administration, app).await,
        Admin::Enable => disabled::delete(id, administration, app).await,
        Admin::ListSessions => sessions::list::<P>(id, administration).await,
        Admin::EndSessions => sessions::delete_all(id, administration, app).await,
        Admin::EndSession => {
            let session = found.parameter("session");
            sessions::delete((id, session), administration, app).await
        }
        Admin::Audit => audit::list::<P>(request.uri(), administration).await,
        Admin::ListNotifications => notifications::list::<P>(request.uri(), administration).await,
        Admin::RetryNotification => notifications::retry::<P>(id, administration).await,
    }
}
