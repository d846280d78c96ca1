//! `GET /internal/ready`.

use jetway_gateway::http::{HttpError, Response, ok};
use jetway_gateway::ports::Ports;
use jetway_gateway::tokens::published_key_set;
use serde::Serialize;

use crate::app::App;

#[derive(Serialize)]
struct Ready {
    ready: bool,
}

/// Ready where the database is migrated and answers, and the key-value store does. The keys in it are `signin`'s to
/// publish.
pub(crate) async fn show<P: Ports, F>(app: &App<'_, P, F>) -> Result<Response, HttpError> {
    let store = app.store().await.map_err(HttpError::not_ready)?;
    store.ping().await.map_err(HttpError::not_ready)?;
    published_key_set(app.ports.key_value())
        .await
        .map_err(HttpError::not_ready)?;
    Ok(ok(&Ready { ready: true }))
}
