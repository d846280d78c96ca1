//! `/api/v1/users/{id}/disabled`.

use jetway_gateway::domain::UserId;
use jetway_gateway::http::{HttpError, Response, no_content};
use jetway_gateway::ports::Ports;

use crate::app::App;
use crate::handler::AdministrationOf;
use crate::users::user_id;

pub(crate) async fn create<P: Ports, F: Fn(UserId)>(
    id: &str,
    administration: &AdministrationOf<'_, P>,
    app: &App<'_, P, F>,
) -> Result<Response, HttpError> {
    let user = user_id(id)?;
    administration.disable(user).await?;
    (app.publish)(user);
    Ok(no_content())
}

pub(crate) async fn delete<P: Ports, F: Fn(UserId)>(
    id: &str,
    administration: &AdministrationOf<'_, P>,
    app: &App<'_, P, F>,
) -> Result<Response, HttpError> {
    let user = user_id(id)?;
    administration.enable(user).await?;
    (app.publish)(user);
    Ok(no_content())
}
