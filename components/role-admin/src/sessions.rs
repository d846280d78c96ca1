//! `/api/v1/users/{id}/sessions`.

use jetway_gateway::domain::SessionId;
use jetway_gateway::http::{HttpError, Response, no_content, ok};
use jetway_gateway::ports::Ports;
use jetway_gateway::roles::RolesError;
use jetway_gateway::store::sessions::Session;
use serde::Serialize;

use crate::app::App;
use crate::handler::AdministrationOf;
use crate::users::user_id;

#[derive(Serialize)]
struct Sessions {
    sessions: Vec<Session>,
    /// Always null: a person's open sessions fit on a page.
    next_cursor: Option<String>,
}

pub(crate) async fn list<P: Ports>(
    id: &str,
    administration: &AdministrationOf<'_, P>,
) -> Result<Response, HttpError> {
    Ok(ok(&Sessions {
        sessions: administration.sessions(user_id(id)?).await?,
        next_cursor: None,
    }))
}

pub(crate) async fn delete_all<P: Ports, F>(
    id: &str,
    administration: &AdministrationOf<'_, P>,
    app: &App<'_, P, F>,
) -> Result<Response, HttpError> {
    administration
        .end_sessions(user_id(id)?, &app.announcer())
        .await?;
    Ok(no_content())
}

pub(crate) async fn delete<P: Ports, F>(
    (id, session): (&str, &str),
    administration: &AdministrationOf<'_, P>,
    app: &App<'_, P, F>,
) -> Result<Response, HttpError> {
    let user = user_id(id)?;
    // A text that can be no id is the id of no session.
    let session = SessionId::parse(session).map_err(|_| RolesError::UnknownSession)?;
    administration
        .end_session(user, session, &app.announcer())
        .await?;
    Ok(no_content())
}
