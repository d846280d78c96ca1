//! The way through.

use std::time::Duration;

use http::Request as Head;
use jetway_gateway::http::{HttpError, RequestId, finish};
use jetway_gateway::per_instance::PerInstance;
use jetway_gateway::proxy::response_headers;
use jetway_gateway::spin::http::{
    BodyOf, ErrorCode, Request, Response, Timeouts, answer, failure_of, forward_request, forward_response,
    receive_head, send,
};
use jetway_gateway::spin::{SpinVariables, SystemEntropy};

use crate::assertion;
use crate::handler::{self, Outbound, Plan};
use crate::ready;
use crate::settings::Settings;

const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(2),
    first_byte: Duration::from_secs(30),
    between_bytes: Duration::from_secs(30),
};

thread_local! { static SETTINGS: PerInstance<Settings> = const { PerInstance::new() }; }

jetway_gateway::http_component!(handle);

async fn handle(request: Request) -> Response {
    let (request_id, head) = receive_head(&request);
    let result = async { respond(request, &head?, &request_id).await };
    result
        .await
        .unwrap_or_else(|error| answer(finish(Err(error), &request_id)))
}

async fn respond(request: Request, head: &Head<()>, request_id: &RequestId) -> Result<Response, HttpError> {
    let settings =
        PerInstance::get_or_try_init(&SETTINGS, async || Settings::read(&SpinVariables).await).await?;
    match handler::plan(head, request_id, &settings, &SystemEntropy)? {
        Plan::Ready => Ok(answer(finish(
            ready::check(&settings, request_id).await,
            request_id,
        ))),
        Plan::Answer(response) => Ok(answer(finish(Ok(response), request_id))),
        Plan::Forward(mut outbound) => {
            assertion::put_on(&mut outbound.headers, head, &settings, request_id).await?;
            forward(request, *outbound, request_id).await
        }
    }
}

async fn forward(
    request: Request,
    outbound: Outbound,
    request_id: &RequestId,
) -> Result<Response, HttpError> {
    let failed = |error: ErrorCode| failure_of(&error).into_error(format!("{error:?}"));
    let Outbound {
        method,
        target,
        headers,
        has_body,
    } = outbound;
    let body = if has_body {
        BodyOf::Incoming
    } else {
        BodyOf::Nothing
    };
    let options = Some(TIMEOUTS.to_options());
    let request = forward_request(request, &method, &target, headers, body, options).map_err(failed)?;
    let response = send(request).await.map_err(failed)?;
    forward_response(response, |headers| response_headers(headers, request_id)).map_err(failed)
}
