//! The way through.

use std::rc::Rc;

use http::Request as Head;
use jetway_gateway::http::{HttpError, RequestId, finish};
use jetway_gateway::per_instance::PerInstance;
use jetway_gateway::ports::Clock as _;
use jetway_gateway::proxy::{
    Attempts, News, Service, Turn, may_be_sent_again, overloaded, pause, response_headers,
};
use jetway_gateway::spin::http::{
    BodyOf, ErrorCode, Request, Response, answer, ended, failure_of, forward_request, forward_response,
    options_of, receive_head, request_of, send, wait,
};
use jetway_gateway::spin::{SpinKeyValue, SpinVariables, SystemClock, SystemEntropy};

use crate::assertion;
use crate::gate::Gate;
use crate::handler::{self, Outbound, Plan};
use crate::ready;

thread_local! { static GATE: PerInstance<Gate> = const { PerInstance::new() }; }

jetway_gateway::http_component!(handle);

async fn handle(request: Request) -> Response {
    let (request_id, head) = receive_head(&request);
    let result = async { respond(request, &head?, &request_id).await };
    result
        .await
        .unwrap_or_else(|error| answer(finish(Err(error), &request_id)))
}

async fn respond(request: Request, head: &Head<()>, request_id: &RequestId) -> Result<Response, HttpError> {
    let gate =
        PerInstance::get_or_try_init(&GATE, async || Gate::open(&SpinVariables, request_id).await).await?;
    match handler::plan(head, request_id, &gate.settings, &SystemEntropy)? {
        Plan::Ready => Ok(answer(finish(
            ready::check(&gate.settings, request_id).await,
            request_id,
        ))),
        Plan::Answer(response) => Ok(answer(finish(Ok(response), request_id))),
        Plan::Forward(mut outbound) => {
            assertion::put_on(&mut outbound.headers, head, &gate.settings, request_id).await?;
            forward(request, *outbound, &gate, request_id).await
        }
    }
}

/// Sends the request, again where it may be, and hands the last answer on.
async fn forward(
    request: Request,
    outbound: Outbound,
    gate: &Rc<Gate>,
    request_id: &RequestId,
) -> Result<Response, HttpError> {
    let service = gate.service(outbound.destination);
    let resendable = may_be_sent_again(&outbound.method, outbound.has_body);
    let mut attempts = Attempts::new(SystemClock.now(), resendable);
    gate.keep_up_to_date(outbound.destination, &attempts, request_id);
    service.count_request();

    let mut message = Message::new(request, outbound, gate);
    let mut last = None;
    while let Some(turn) = service.turn(&attempts, &SpinKeyValue, &SystemClock).await {
        if last.is_some() {
            if !service.spend_retry() {
                break;
            }
            // What the last attempt brought is let go before the wait, with its connection.
            drop(last.take());
            wait(pause(attempts.count(), &SystemEntropy)).await;
        }
        let result = message.send(service, turn).await;
        let outcome = ended(&result);
        last = Some(result);
        let again = service.note(&mut attempts, turn, outcome);
        if let Turn::Probe(index, probe) = turn {
            let news = service.conclude_probe(index, probe, outcome, SystemClock.now());
            gate.tell(message.outbound.destination, news, request_id);
        }
        if !again {
            break;
        }
    }
    conclude(service, &attempts)
        .into_iter()
        .for_each(|news| gate.tell(message.outbound.destination, news, request_id));

    let failed = |error: ErrorCode| failure_of(&error).into_error(service.name(), format!("{error:?}"));
    let response = last.ok_or_else(overloaded)?.map_err(failed)?;
    forward_response(response, |headers| response_headers(headers, request_id)).map_err(failed)
}

fn conclude(service: &Service, attempts: &Attempts) -> Vec<News> {
    if attempts.all_went_well() {
        return Vec::new();
    }
    service.conclude(attempts, SystemClock.now())
}

/// What is sent. The client's body can be sent once, and everything else as often as need be.
struct Message<'a> {
    request: Option<Request>,
    outbound: Outbound,
    gate: &'a Gate,
}

impl<'a> Message<'a> {
    fn new(request: Request, outbound: Outbound, gate: &'a Gate) -> Self {
        Self {
            request: Some(request),
            outbound,
            gate,
        }
    }

    async fn send(&mut self, service: &Service, turn: Turn) -> Result<Response, ErrorCode> {
        let target = service.target(turn, self.outbound.path.as_ref());
        let target = target.ok_or(ErrorCode::HttpRequestUriInvalid)?;
        let timeouts = &self.gate.settings.timeouts;
        let Outbound {
            method,
            has_body,
            headers,
            ..
        } = &mut self.outbound;
        if may_be_sent_again(method, *has_body) {
            return send(request_of(method, &target, headers, timeouts)?).await;
        }
        let request = self.request.take().ok_or(ErrorCode::HttpProtocolError)?;
        let body = if *has_body {
            BodyOf::Incoming
        } else {
            BodyOf::Nothing
        };
        let headers = std::mem::take(headers);
        let options = Some(options_of(timeouts));
        send(forward_request(request, method, &target, headers, body, options)?).await
    }
}
