//! Forwards a request to the service and does nothing else: the bound for a gateway of one component.
//!
//! It works as Jetway's proxy does, on WASI's own messages, whose bodies it hands over as the streams that they are. Of the
//! headers it takes out those that WASI does not let anybody send, and looks at no other.
#![cfg(target_arch = "wasm32")]

use std::cell::RefCell;

use spin_sdk::variables;
use spin_sdk::wasip3::exports::http::handler::Guest;
use spin_sdk::wasip3::http::client;
use spin_sdk::wasip3::http::types::{ErrorCode, Fields, Method, Request, Response, Scheme};
use spin_sdk::wasip3::wit_future;

/// What whoever receives a message may see of its connection, and whoever sends one may not say.
const NOT_FOR_SENDERS: [&str; 4] = ["connection", "host", "keep-alive", "transfer-encoding"];

thread_local! { static SERVICE: RefCell<Option<String>> = const { RefCell::new(None) }; }

struct Forwarder;
spin_sdk::wasip3::http::service::export!(Forwarder);

impl Guest for Forwarder {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let request = outbound(request, &service().await?)?;
        inbound(client::send(request).await?)
    }
}

/// Host and port of the service, read once for each instance.
async fn service() -> Result<String, ErrorCode> {
    if let Some(known) = SERVICE.with_borrow(Clone::clone) {
        return Ok(known);
    }
    let url = variables::get("service_url")
        .await
        .map_err(|error| ErrorCode::InternalError(Some(error.to_string())))?;
    let authority = url.trim_start_matches("http://").to_owned();
    SERVICE.set(Some(authority.clone()));
    Ok(authority)
}

fn outbound(incoming: Request, service: &str) -> Result<Request, ErrorCode> {
    let invalid = |()| ErrorCode::HttpRequestUriInvalid;
    let headers = without_connection(&incoming.get_headers())?;
    let method = incoming.get_method();
    let path = incoming.get_path_with_query();
    let has_body = !matches!(method, Method::Get | Method::Head);
    let (done, reader) = wit_future::new(|| Ok(()));
    let (stream, trailers) = Request::consume_body(incoming, reader);
    drop(done);
    let (request, _sent) = Request::new(headers, has_body.then_some(stream), trailers, None);
    request
        .set_method(&method)
        .map_err(|()| ErrorCode::HttpRequestMethodInvalid)?;
    request.set_scheme(Some(&Scheme::Http)).map_err(invalid)?;
    request.set_authority(Some(service)).map_err(invalid)?;
    request.set_path_with_query(path.as_deref()).map_err(invalid)?;
    Ok(request)
}

fn inbound(incoming: Response) -> Result<Response, ErrorCode> {
    let headers = without_connection(&incoming.get_headers())?;
    let status = incoming.get_status_code();
    let (done, reader) = wit_future::new(|| Ok(()));
    let (stream, trailers) = Response::consume_body(incoming, reader);
    drop(done);
    let (response, _sent) = Response::new(headers, Some(stream), trailers);
    response
        .set_status_code(status)
        .map_err(|()| ErrorCode::HttpProtocolError)?;
    Ok(response)
}

fn without_connection(fields: &Fields) -> Result<Fields, ErrorCode> {
    let mut headers = fields.copy_all();
    headers.retain(|(name, _)| !NOT_FOR_SENDERS.contains(&name.as_str()));
    Fields::from_list(&headers).map_err(|error| ErrorCode::InternalError(Some(format!("{error:?}"))))
}
