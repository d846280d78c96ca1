//! The message of an event, in plain words.

use serde::Deserialize;

use super::Message;
use crate::domain::{EmailAddress, RoleName};
use crate::events::CloudEvent;

/// The event says something else than events of its type do.
#[derive(Debug, thiserror::Error)]
#[error("the event's data is not that of its type: {0}")]
pub struct RenderError(#[from] serde_json::Error);

#[derive(Deserialize)]
struct Role {
    role: RoleName,
}

/// What `to` is told of an event; `None` where nobody is told.
pub fn render(event: &CloudEvent, to: EmailAddress) -> Result<Option<Message>, RenderError> {
    let role = || serde_json::from_str::<Role>(event.data().get()).map(|data| data.role);
    let (subject, text) = match event.kind() {
        "com.jetway.user.registered.v1" => (
            "Welcome to Jetway".to_owned(),
            "Your account is ready: sign in and find a flight.".to_owned(),
        ),
        "com.jetway.role.granted.v1" => {
            let role = role()?;
            (
                format!("You have the role {}", role.as_str()),
                format!("An administrator has given you the role {}.", role.as_str()),
            )
        }
        "com.jetway.role.revoked.v1" => {
            let role = role()?;
            (
                format!("You no longer have the role {}", role.as_str()),
                format!("An administrator has taken the role {} from you.", role.as_str()),
            )
        }
        _ => return Ok(None),
    };
    Ok(Some(Message {
        to,
        kind: event.kind().to_owned(),
        occurred_at: event.time().to_owned(),
        // Nothing in it needs escaping: a role's name has letters, digits and dashes.
        html: format!("<!doctype html><title>{subject}</title><p>{text}</p>"),
        subject,
        text,
        idempotency_key: event.id().to_owned(),
        unsubscribe: None,
    }))
}
