//! The way through.

use std::rc::Rc;

use http::{HeaderMap, Request as Head};
use jetway_gateway::access::Admitted;
use jetway_gateway::browser::Visit;
use jetway_gateway::client::{Approach, Client};
use jetway_gateway::http::{HttpError, RequestId, Response as Answer, finish};
use jetway_gateway::per_instance::PerInstance;
use jetway_gateway::ports::Clock as _;
use jetway_gateway::proxy::{
    Asked as AskedFor, Attempts, News, Next, Service, Turn, hide_inner_addresses, overloaded, pause,
    response_headers,
};
use jetway_gateway::rate_limit::add_headers;
use jetway_gateway::refusals::{Asked, Refusal};
use jetway_gateway::spin::http::{
    Begun, ErrorCode, NoResponse, Request, Response, Unread, answer, ended, forward_response, receive_head,
    request_of, send, send_upload, wait,
};
use jetway_gateway::spin::{IdEntropy, SpinKeyValue, SpinVariables, SpinWay, SystemClock, SystemEntropy};

use crate::assertion;
use crate::gate::Gate;
use crate::guard;
use crate::handler::{self, BodyOf, Outbound, Plan};
use crate::ready;

thread_local! { static GATE: PerInstance<Gate> = const { PerInstance::new() }; }

jetway_gateway::http_component!(handle);

async fn handle(request: Request) -> Response {
    let (request_id, mut head) = receive_head(&request);
    let request = Unread::new(request);
    let gate = PerInstance::get_or_try_init(&GATE, &SpinWay, async || {
        Gate::open(&SpinVariables, &request_id).await
    })
    .await;
    let visit = match (&head, &gate) {
        (Ok(head), Ok(gate)) => Visit::of(head, &gate.settings.browser),
        _ => Visit::unknown(),
    };
    let our_own = |result| {
        let mut response = finish(result, &request_id);
        visit.dress(response.headers_mut());
        response
    };
    if let Some(response) = visit.preflight() {
        return answer(our_own(Ok(response)));
    }
    let reply = match (&mut head, &gate) {
        (Ok(head), Ok(gate)) => respond(request, head, gate, &visit, &request_id).await,
        (Err(error), _) => Err(error.clone()),
        (_, Err(error)) => Err(error.clone().into()),
    };
    let mut response = match reply {
        Ok(Reply::OfService(response)) => return response,
        Ok(Reply::OurOwn(response)) => our_own(Ok(response)),
        Err(error) => our_own(Err(error)),
    };
    if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
        let asked = match (&head, &gate) {
            (Ok(head), Ok(gate)) => Some(Asked::of(head, &gate.settings.browser.client)),
            _ => None,
        };
        refusal.log(&request_id, asked.as_ref(), &SystemClock);
    }
    answer(response)
}

/// Whose answer the client gets.
enum Reply {
    OfService(Response),
    OurOwn(Answer),
}

async fn respond(
    request: Unread,
    head: &mut Head<()>,
    gate: &Rc<Gate>,
    visit: &Visit,
    request_id: &RequestId,
) -> Result<Reply, HttpError> {
    let settings = &gate.settings;
    if handler::is_private(head)? {
        return ready::check(settings, request_id).await.map(Reply::OurOwn);
    }
    let client = Client::of_request(head.headers(), &settings.limits.client);
    let Admitted { caller, usages } = guard::pass(head, &client, request_id, settings).await?;
    let approach = Approach::of(head, &client, &settings.limits.client);
    let told = async {
        match handler::plan(head, &client, approach, request_id, &IdEntropy)? {
            Plan::Answer(mut response) => {
                add_headers(response.headers_mut(), &usages);
                Ok(Reply::OurOwn(response))
            }
            Plan::Forward(mut outbound) => {
                let body = begin(request, &mut outbound, gate).await?;
                let now = SystemClock.now();
                let headers = &mut outbound.headers;
                assertion::put_on(headers, head, caller.as_ref(), now, settings, request_id).await?;
                let dress = |headers: &mut HeaderMap| {
                    add_headers(headers, &usages);
                    visit.dress(headers);
                };
                let asked = AskedFor::of(head.uri().path(), client.key(settings.limits.client.ipv6_prefix));
                let attempts = Attempts::new(asked, now, outbound.may_be_sent_again());
                forward(body, *outbound, gate, attempts, request_id, dress)
                    .await
                    .map(Reply::OfService)
            }
        }
    };
    told.await.map_err(|mut error: HttpError| {
        add_headers(error.headers_mut(), &usages);
        error
    })
}

/// The body that goes along. Where nobody says how long it is, its first piece is waited for, to know whether there is one.
async fn begin(
    mut request: Unread,
    outbound: &mut Outbound,
    gate: &Gate,
) -> Result<Option<Begun>, HttpError> {
    if outbound.body == BodyOf::Nothing {
        return Ok(None);
    }
    let Some(body) = request.take().map(Begun::from) else {
        return Ok(None);
    };
    match outbound.body {
        BodyOf::Nothing | BodyOf::Sender => Ok(Some(body)),
        BodyOf::Unknown => {
            let limit = gate.upload_limits().client;
            let begun = body.with_first_piece(limit).await;
            let service = gate.service(outbound.destination).name();
            let begun = begun.map_err(|error| error.failure.into_error(service, error.cause))?;
            outbound.settle(begun.is_some())?;
            Ok(begun)
        }
    }
}

/// Sends the request, again where it may be, and hands the last answer on.
async fn forward(
    body: Option<Begun>,
    outbound: Outbound,
    gate: &Rc<Gate>,
    mut attempts: Attempts,
    request_id: &RequestId,
    dress: impl FnOnce(&mut HeaderMap),
) -> Result<Response, HttpError> {
    let service = gate.service(outbound.destination);
    gate.keep_up_to_date(outbound.destination, &attempts, request_id);
    service.count_request();

    let mut message = Message { body, outbound, gate };
    let (mut last, mut next) = (None, Next::Enough);
    while let Some(turn) = service.turn(&attempts, &SpinKeyValue, &SystemClock).await {
        // What the last attempt brought is let go before the next, with its connection.
        if next == Next::Retry {
            if !service.spend_retry() {
                break;
            }
            drop(last.take());
            wait(pause(attempts.count(), &SystemEntropy)).await;
        }
        let result = message.send(service, turn).await;
        let outcome = ended(&result);
        last = Some(result);
        next = service.note(&mut attempts, turn, outcome);
        if let Turn::Probe(index, probe) = turn {
            let news = service.conclude_probe(index, probe, outcome, SystemClock.now());
            gate.tell(message.outbound.destination, news, request_id);
        }
        if next == Next::Enough {
            break;
        }
    }
    conclude(service, &attempts)
        .into_iter()
        .for_each(|news| gate.tell(message.outbound.destination, news, request_id));

    let failed = |error: NoResponse| error.failure.into_error(service.name(), error.cause);
    let response = last.ok_or_else(overloaded)?.map_err(failed)?;
    let services = [&*gate.settings.flights, &*gate.settings.bookings];
    let rewrite = |mut headers| {
        hide_inner_addresses(&mut headers, &services, &message.outbound.own);
        let mut headers = response_headers(headers, request_id);
        dress(&mut headers);
        headers
    };
    forward_response(response, rewrite).map_err(|error| failed(error.into()))
}

fn conclude(service: &Service, attempts: &Attempts) -> Vec<News> {
    if attempts.all_went_well() {
        return Vec::new();
    }
    service.conclude(attempts, SystemClock.now())
}

/// What is sent. The client's body can be sent once, and everything else as often as need be.
struct Message<'a> {
    body: Option<Begun>,
    outbound: Outbound,
    gate: &'a Gate,
}

impl Message<'_> {
    async fn send(&mut self, service: &Service, turn: Turn) -> Result<Response, NoResponse> {
        let target = service.target(turn, self.outbound.path.as_ref());
        let target = target.ok_or(ErrorCode::HttpRequestUriInvalid)?;
        let Outbound {
            method,
            body,
            headers,
            ..
        } = &self.outbound;
        if *body == BodyOf::Nothing {
            return Ok(send(request_of(method, &target, headers, self.gate.options())?).await?);
        }
        let body = self.body.take().ok_or(ErrorCode::HttpProtocolError)?;
        let options = self.gate.upload_options();
        let limits = self.gate.upload_limits();
        send_upload(body, method, &target, headers, options, limits).await
    }
}
