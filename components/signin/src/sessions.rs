//! `GET /api/v1/me/sessions` and `DELETE /api/v1/me/sessions/{id}`.

use jetway_gateway::domain::SessionId;
use jetway_gateway::http::{Code, HttpError, Response, no_content, ok};
use jetway_gateway::ports::{Clock, Ports};
use jetway_gateway::sessions;
use jetway_gateway::store::sessions::{EndReason, Session, Which, list as open_sessions};
use jetway_gateway::tokens::Identity;
use serde::Serialize;

use crate::app::App;

#[derive(Serialize)]
struct Sessions {
    sessions: Vec<Listed>,
    /// Always null: a person's open sessions fit on a page.
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    session: Session,
    /// Whether it is the one that asks.
    current: bool,
}

pub(crate) async fn list<P: Ports>(app: &App<'_, P>, caller: &Identity) -> Result<Response, HttpError> {
    let store = app.store().await?;
    let sessions = open_sessions(&store, caller.user(), app.ports.clock().now()).await?;
    let current = caller.session();
    let listed = |session: Session| Listed {
        current: session.id == current,
        session,
    };
    Ok(ok(&Sessions {
        sessions: sessions.into_iter().map(listed).collect(),
        next_cursor: None,
    }))
}

pub(crate) async fn delete<P: Ports>(
    id: &str,
    app: &App<'_, P>,
    caller: &Identity,
) -> Result<Response, HttpError> {
    // Somebody else's session is as unknown as one that never was.
    let unknown = || HttpError::new(Code::NotFound, "You have no open session of this id.");
    let id = SessionId::parse(id).map_err(|_| unknown())?;
    let store = app.store().await?;
    let announcer = app.sessions(&store).announcer();
    let ended = sessions::end(
        &store,
        &announcer,
        caller.user(),
        Which::Only(id),
        EndReason::SignedOut,
    )
    .await?;
    if ended.is_empty() {
        Err(unknown())
    } else {
        Ok(no_content())
    }
}
