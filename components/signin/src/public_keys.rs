//! `GET /internal/keys`: the public keys, for those who verify tokens and have no database. What the key-value store says of keys is
//! worth nothing without this.

use http::{HeaderMap, HeaderValue, header};
use jetway_gateway::http::{HttpError, Response, ok};
use jetway_gateway::ports::Ports;

use crate::app::App;
use crate::assertion_key::keys_for;

pub(crate) async fn show<P: Ports>(headers: &HeaderMap, app: &App<'_, P>) -> Result<Response, HttpError> {
    let mut response = ok(&*keys_for(headers, app).await?.public);
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
