//! `/api/v1/notifications`.

use http::{StatusCode, Uri};
use jetway_gateway::domain::EventId;
use jetway_gateway::http::{FieldError, HttpError, Query, Response, ok, with_status};
use jetway_gateway::ports::Ports;
use jetway_gateway::roles::RolesError;
use jetway_gateway::store::Rule;
use jetway_gateway::store::notifications::{Notification, State};
use serde::Serialize;

use crate::handler::AdministrationOf;
use crate::page::Page;

#[derive(Serialize)]
struct Notifications {
    notifications: Vec<Notification>,
    next_cursor: Option<String>,
}

/// The notifications, in the order of their events; with `state`, those in it.
pub(crate) async fn list<P: Ports>(
    uri: &Uri,
    administration: &AdministrationOf<'_, P>,
) -> Result<Response, HttpError> {
    let query = Query::parse(uri, &["state", "limit", "cursor"])?;
    let page = Page::parse("notifications", &query)?;
    let unknown = || {
        FieldError::parameter(
            "state",
            "invalid_value",
            "One of pending, claimed, done and dead.",
        )
    };
    let state = query
        .get("state")
        .map(|name| State::parse(name).ok_or_else(unknown))
        .transpose()?;
    let after = page.after(EventId::parse)?;
    let notifications = administration
        .list_notifications(state, after, page.to_read())
        .await?;
    let (notifications, next_cursor) = page.cut(notifications, |notification| notification.id.to_string())?;
    Ok(ok(&Notifications {
        notifications,
        next_cursor,
    }))
}

/// Has one that was given up tried again: accepted, as it is the next sweep that does it.
pub(crate) async fn retry<P: Ports>(
    id: &str,
    administration: &AdministrationOf<'_, P>,
) -> Result<Response, HttpError> {
    // A text that can be no id is the id of nothing.
    let id = EventId::parse(id).map_err(|_| RolesError::Refused(Rule::UnknownNotification))?;
    let notification = administration.retry_notification(id).await?;
    Ok(with_status(StatusCode::ACCEPTED, &notification))
}
