//! `GET /internal/ready`.

use jetway_gateway::domain::UserId;
use jetway_gateway::http::{HttpError, Response, ready};
use jetway_gateway::ports::Ports;

use crate::app::App;

/// Ready where the database is migrated and answers.
pub(crate) async fn show<P: Ports, F: Fn(UserId)>(app: &App<'_, P, F>) -> Result<Response, HttpError> {
    let store = app.store().await.map_err(HttpError::not_ready)?;
    store.ping().await.map_err(HttpError::not_ready)?;
    Ok(ready())
}
