//! `GET` and `PUT /api/v1/me/notification-preferences`.

use http::Request;
use jetway_gateway::http::{Body, Code, FieldError, HttpError, Response, json, no_content, ok};
use jetway_gateway::mail::Preferences;
use jetway_gateway::ports::{Clock, Ports};
use jetway_gateway::store::preferences;
use jetway_gateway::tokens::Identity;
use serde::{Deserialize, Serialize};

use crate::app::App;

/// What a person is told: by mail, until there is another way.
#[derive(Serialize, Deserialize)]
struct Document {
    /// Always on. It may be sent back, as everything that was read may.
    #[serde(default = "always")]
    security: bool,
    account: bool,
    bookings: bool,
    reminders: bool,
}

fn always() -> bool {
    true
}

pub(crate) async fn show<P: Ports>(app: &App<'_, P>, caller: &Identity) -> Result<Response, HttpError> {
    let store = app.store().await?;
    let preferences = preferences::of(&store, caller.user()).await?;
    Ok(ok(&Document {
        security: always(),
        account: preferences.account,
        bookings: preferences.bookings,
        reminders: preferences.reminders,
    }))
}

pub(crate) async fn update<P: Ports>(
    request: Request<impl Body>,
    app: &App<'_, P>,
    caller: &Identity,
) -> Result<Response, HttpError> {
    let document: Document = json::read(request).await?;
    if !document.security {
        let detail = "Mails that keep an account safe cannot be turned off.";
        return Err(FieldError::at("/security", "invalid_value", detail).into());
    }
    let chosen = Preferences {
        account: document.account,
        bookings: document.bookings,
        reminders: document.reminders,
    };
    let store = app.store().await?;
    if preferences::set(&store, caller.user(), chosen, app.ports.clock().now()).await? {
        Ok(no_content())
    } else {
        Err(HttpError::new(
            Code::InvalidToken,
            "The account is no longer there.",
        ))
    }
}
