//! `GET /api/v1/me`.

use jetway_gateway::http::{Code, HttpError, Response, ok};
use jetway_gateway::ports::Ports;
use jetway_gateway::store::users;
use jetway_gateway::tokens::Identity;

use crate::app::App;

pub(crate) async fn show<P: Ports>(app: &App<'_, P>, caller: &Identity) -> Result<Response, HttpError> {
    let store = app.store().await?;
    // The account as it is now; the token only says how it was.
    let user = users::find(&store, caller.user()).await?;
    let gone = || HttpError::new(Code::InvalidToken, "The account is no longer there.");
    Ok(ok(&user.ok_or_else(gone)?))
}
