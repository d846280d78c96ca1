//! The device that a sign-in comes from, and what it is given to be known by.

use http::{HeaderMap, header};
use jetway_gateway::Failure;
use jetway_gateway::devices::{DeviceId, Presented};
use jetway_gateway::domain::EmailAddress;
use jetway_gateway::http::HttpError;
use jetway_gateway::ports::{Clock as _, Ports};

use crate::app::App;

/// The device, if it has signed in with this address before and has not been guessing since.
pub(crate) async fn trusted<P: Ports>(
    presented: &Presented,
    email: &EmailAddress,
    app: &App<'_, P>,
) -> Result<Option<DeviceId>, HttpError> {
    if presented.is_empty() {
        return Ok(None);
    }
    let key = app.device_key().await?;
    let Some(device) = key.recognise(presented, email, app.ports.clock().now()) else {
        return Ok(None);
    };
    let is_trusted = app.slowdown().trusts(device).await.map_err(Failure::from)?;
    Ok(is_trusted.then_some(device))
}

/// Gives the device what it is known by from now on. It is signed in by then, whatever becomes of this.
pub(crate) async fn remember<P: Ports>(
    headers: &mut HeaderMap,
    presented: &Presented,
    email: &EmailAddress,
    app: &App<'_, P>,
) {
    let Ok(key) = app.device_key().await else {
        return;
    };
    let (clock, entropy) = (app.ports.clock(), app.ports.entropy());
    if let Some(cookie) = key.cookie(presented, email, clock, entropy) {
        headers.append(header::SET_COOKIE, cookie);
    }
}
