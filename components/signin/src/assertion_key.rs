//! `GET /internal/assertion-key`: the private half of the key that signs caller assertions, for the proxy.
//!
//! The proxy has no database, and is to have none. Only who is part of the application and has this component among its
//! `allowed_outbound_hosts` can ask: the trigger is private.

use std::net::{IpAddr, Ipv4Addr};

use http::{HeaderMap, HeaderValue, header};
use jetway_gateway::client::{self, Client};
use jetway_gateway::http::{HttpError, Problem, Response, ok};
use jetway_gateway::ports::{Clock, Ports};
use jetway_gateway::sessions::{SigningKeys, signing_keys};

use crate::app::App;

/// The client's address in a request from within the application.
const WITHIN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

pub(crate) async fn show<P: Ports>(headers: &HeaderMap, app: &App<'_, P>) -> Result<Response, HttpError> {
    let mut response = ok(&keys_for(headers, app).await?.assertions.hand_over());
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The keys, for another function of the application; 404 for everybody else.
pub(crate) async fn keys_for<P: Ports>(
    headers: &HeaderMap,
    app: &App<'_, P>,
) -> Result<SigningKeys, HttpError> {
    // The second lock on this door: a manifest that puts the component on a public route by mistake gives no key away.
    let peer = Client::of_request(headers, &client::Settings::default()).address;
    if peer != Some(WITHIN) {
        return Err(Problem::not_found().into());
    }
    if let Some(keys) = app.memory.keys().get(app.ports.clock().now()) {
        return Ok(keys);
    }
    let (store, ports) = (app.store().await?, app.ports);
    let keys = signing_keys(
        &store,
        ports.key_value(),
        app.memory.keys(),
        ports.clock(),
        ports.entropy(),
        &app.settings.rotation,
    );
    Ok(keys.await?)
}
