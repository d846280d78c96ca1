//! `/api/v1/users`.

use http::Uri;
use jetway_gateway::domain::{Account, EmailAddress, Invalid, UserId};
use jetway_gateway::http::{FieldError, HttpError, Query, Response, no_content, ok};
use jetway_gateway::ports::Ports;
use jetway_gateway::roles::RolesError;
use jetway_gateway::store::Rule;
use serde::Serialize;

use crate::app::App;
use crate::handler::AdministrationOf;
use crate::page::Page;

#[derive(Serialize)]
struct Users {
    users: Vec<Account>,
    next_cursor: Option<String>,
}

/// The users, in the order in which they signed up; with `email`, the one of exactly that address, in whatever case.
pub(crate) async fn list<P: Ports>(
    uri: &Uri,
    administration: &AdministrationOf<'_, P>,
) -> Result<Response, HttpError> {
    let query = Query::parse(uri, &["email", "limit", "cursor"])?;
    let page = Page::parse("users", &query)?;
    let invalid = |e| FieldError::parameter("email", Invalid::code(&e), format!("{e}."));
    let email = query
        .get("email")
        .map(EmailAddress::parse)
        .transpose()
        .map_err(invalid)?;
    let after = page.after(UserId::parse)?;
    let users = administration
        .list_users(email.as_ref(), after, page.to_read())
        .await?;
    let (users, next_cursor) = page.cut(users, |account| account.user.id.to_string())?;
    Ok(ok(&Users { users, next_cursor }))
}

pub(crate) async fn show<P: Ports>(
    id: &str,
    administration: &AdministrationOf<'_, P>,
) -> Result<Response, HttpError> {
    Ok(ok(&administration.user(user_id(id)?).await?))
}

pub(crate) async fn delete<P: Ports, F: Fn(UserId)>(
    id: &str,
    administration: &AdministrationOf<'_, P>,
    app: &App<'_, P, F>,
) -> Result<Response, HttpError> {
    let user = user_id(id)?;
    administration.delete(user).await?;
    (app.publish)(user);
    Ok(no_content())
}

pub(crate) async fn take_second_factor<P: Ports, F: Fn(UserId)>(
    id: &str,
    administration: &AdministrationOf<'_, P>,
    app: &App<'_, P, F>,
) -> Result<Response, HttpError> {
    let user = user_id(id)?;
    administration.take_second_factor(user).await?;
    (app.publish)(user);
    Ok(no_content())
}

/// The id in a path. A text that can be no id is the id of nobody.
pub(crate) fn user_id(text: &str) -> Result<UserId, RolesError> {
    UserId::parse(text).map_err(|_| RolesError::Refused(Rule::UnknownUser))
}
