//! `/api/v1/users/{id}/roles`.

use jetway_gateway::domain::{RoleName, UserId};
use jetway_gateway::http::{Code, HttpError, Response, no_content, ok};
use jetway_gateway::ports::Ports;
use jetway_gateway::roles::RolesError;
use jetway_gateway::store::Rule;
use serde::Serialize;

use crate::app::App;
use crate::handler::AdministrationOf;
use crate::users::user_id;

#[derive(Serialize)]
struct Roles {
    roles: Vec<RoleName>,
    /// Always null: a person's roles fit on a page.
    next_cursor: Option<String>,
}

pub(crate) async fn list<P: Ports>(
    id: &str,
    administration: &AdministrationOf<'_, P>,
) -> Result<Response, HttpError> {
    let user = administration.user(user_id(id)?).await?;
    Ok(ok(&Roles {
        roles: user.user.roles,
        next_cursor: None,
    }))
}

pub(crate) async fn create<P: Ports, F: Fn(UserId)>(
    (id, name): (&str, &str),
    administration: &AdministrationOf<'_, P>,
    app: &App<'_, P, F>,
) -> Result<Response, HttpError> {
    let user = user_id(id)?;
    let granted = match role_name(name) {
        Ok(role) => administration.grant(user, &role).await,
        Err(unknown) => Err(unknown),
    };
    granted.map_err(|error| match error {
        // The user is there, and so is the place for the role: it is the role that is wrong.
        RolesError::Refused(Rule::UnknownRole) => {
            HttpError::new(Code::UnknownRole, "Make the role before you give it to somebody.")
        }
        other => other.into(),
    })?;
    (app.publish)(user);
    Ok(no_content())
}

pub(crate) async fn delete<P: Ports, F: Fn(UserId)>(
    (id, name): (&str, &str),
    administration: &AdministrationOf<'_, P>,
    app: &App<'_, P, F>,
) -> Result<Response, HttpError> {
    let user = user_id(id)?;
    administration.revoke(user, &role_name(name)?).await?;
    (app.publish)(user);
    Ok(no_content())
}

/// The name in a path. A text that can be no role name is the name of no role.
fn role_name(text: &str) -> Result<RoleName, RolesError> {
    RoleName::parse(text).map_err(|_| RolesError::Refused(Rule::UnknownRole))
}
