//! `POST /api/v1/token/refresh`.

use http::Request;
use jetway_gateway::domain::RefreshToken;
use jetway_gateway::http::{Body, HttpError, Response, json};
use jetway_gateway::ports::Ports;
use jetway_gateway::sessions::RefreshError;
use serde::Deserialize;

use crate::app::App;
use crate::tokens;

#[derive(Deserialize)]
struct Refresh {
    refresh_token: String,
}

pub(crate) async fn create<P: Ports>(
    request: Request<impl Body>,
    app: &App<'_, P>,
) -> Result<Response, HttpError> {
    let body: Refresh = json::read(request).await?;
    // A text that can be no token is a token that nobody has.
    let token = RefreshToken::parse(&body.refresh_token).map_err(|_| RefreshError::Dead)?;
    let store = app.store().await?;
    let refreshed = app.sessions(&store).refresh(&token).await;
    if let Err(RefreshError::Replayed { user }) = refreshed {
        (app.publish.0)(user);
    }
    Ok(tokens::answer(&refreshed?))
}
