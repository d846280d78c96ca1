//! `POST /api/v1/signout`.

use http::Request;
use jetway_gateway::http::{FieldError, HttpError, Query, Response, no_content};
use jetway_gateway::ports::Ports;
use jetway_gateway::sessions;
use jetway_gateway::store::sessions::{EndReason, Which};
use jetway_gateway::tokens::Identity;

use crate::app::App;

pub(crate) async fn create<P: Ports, B>(
    request: &Request<B>,
    app: &App<'_, P>,
    caller: &Identity,
) -> Result<Response, HttpError> {
    let query = Query::parse(request.uri(), &["scope"])?;
    let which = match query.get("scope") {
        None | Some("local") => Which::Only(caller.session()),
        Some("others") => Which::AllBut(caller.session()),
        Some("global") => Which::All,
        Some(_) => {
            let detail = "The scopes are: local, global, others.";
            return Err(FieldError::parameter("scope", "invalid_value", detail).into());
        }
    };
    let store = app.store().await?;
    let announcer = app.sessions(&store).announcer();
    sessions::end(&store, &announcer, caller.user(), which, EndReason::SignedOut).await?;
    Ok(no_content())
}
