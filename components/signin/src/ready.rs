//! `GET /internal/ready`.

use jetway_gateway::http::{HttpError, Response, ok};
use jetway_gateway::ports::Ports;
use jetway_gateway::sessions::published_signing_keys;
use serde::Serialize;

use crate::app::App;

#[derive(Serialize)]
struct Ready {
    ready: bool,
}

/// Ready where the database is migrated and answers, and the signing keys are there and published (which this sees to).
pub(crate) async fn show<P: Ports>(app: &App<'_, P>) -> Result<Response, HttpError> {
    let store = app.store().await.map_err(HttpError::not_ready)?;
    store.ping().await.map_err(HttpError::not_ready)?;
    let ports = app.ports;
    published_signing_keys(
        &store,
        ports.key_value(),
        ports.clock(),
        ports.entropy(),
        &app.settings.rotation,
    )
    .await
    .map_err(HttpError::not_ready)?;
    Ok(ok(&Ready { ready: true }))
}
