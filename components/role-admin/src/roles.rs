//! `/api/v1/roles`.

use http::{Request, Uri};
use jetway_gateway::domain::{Role, RoleDescription, RoleName};
use jetway_gateway::http::{Body, HttpError, Query, Response, created, json, no_content, ok};
use jetway_gateway::ports::Ports;
use jetway_gateway::problems::{both, field};
use jetway_gateway::roles::RolesError;
use jetway_gateway::store::Rule;
use serde::{Deserialize, Serialize};

use crate::handler::AdministrationOf;
use crate::page::Page;

#[derive(Serialize)]
struct Roles {
    roles: Vec<Role>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct NewRole {
    name: String,
    description: Option<String>,
}

pub(crate) async fn list<P: Ports>(
    uri: &Uri,
    administration: &AdministrationOf<'_, P>,
) -> Result<Response, HttpError> {
    let page = Page::parse("roles", &Query::parse(uri, &["limit", "cursor"])?)?;
    let after = page.after(RoleName::parse)?;
    let roles = administration.list_roles(after.as_ref(), page.to_read()).await?;
    let (roles, next_cursor) = page.cut(roles, |role| role.name.as_str().to_owned())?;
    Ok(ok(&Roles { roles, next_cursor }))
}

pub(crate) async fn create<P: Ports>(
    request: Request<impl Body>,
    administration: &AdministrationOf<'_, P>,
) -> Result<Response, HttpError> {
    let body: NewRole = json::read(request).await?;
    let (name, description) = both(
        field("/name", RoleName::parse(&body.name)),
        field(
            "/description",
            RoleDescription::parse(body.description.unwrap_or_default()),
        ),
    )?;
    let role = administration.create_role(&name, &description).await?;
    Ok(created(&format!("/api/v1/roles/{}", role.name.as_str()), &role))
}

pub(crate) async fn delete<P: Ports>(
    name: &str,
    administration: &AdministrationOf<'_, P>,
) -> Result<Response, HttpError> {
    // A text that can be no role name is the name of no role.
    let name = RoleName::parse(name).map_err(|_| RolesError::Refused(Rule::UnknownRole))?;
    administration.delete_role(&name).await?;
    Ok(no_content())
}
