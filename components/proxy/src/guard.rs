//! What stands before the services: the checks that the middleware `rate-limit` and `auth-check` make for other components,
//! called here as functions of the same library.
//!
//! Each layer of middleware would cost a request about half of what forwarding it costs, and a route that lost its line in the
//! manifest would stand open. Here `rate_limits` and `access_policy` are variables that the component does not work without.

use http::Request as Head;
use jetway_gateway::access::{Admitted, admit};
use jetway_gateway::client::Client;
use jetway_gateway::http::{HttpError, RequestId};
use jetway_gateway::ports::Clock as _;
use jetway_gateway::rate_limit::{Memory, add_headers, count_request};
use jetway_gateway::spin::{KeysOfSignin, SpinKeyValue, SpinWay, SystemClock, sweep_when_answered};
use jetway_gateway::tokens::VerifierCache;

use crate::handler;
use crate::settings::Settings;

/// What this instance remembers of tokens.
pub(crate) static TOKENS: VerifierCache = VerifierCache::of(&KeysOfSignin);
static MEMORY: Memory = Memory::new();

/// Lets the request pass, with the caller's identity in its headers or with none; or answers 401, 403 or 429. Gives who sent
/// it, and how all its limits stand.
pub(crate) async fn pass(
    head: &mut Head<()>,
    client: &Client,
    request_id: &RequestId,
    settings: &Settings,
) -> Result<Admitted, HttpError> {
    let (store, clock, way) = (&SpinKeyValue, &SystemClock, &SpinWay);
    let (outside, now) = ((store, clock, way), clock.now());
    sweep_when_answered(&MEMORY.sweep, now, settings.limits.sweep_period());
    let counted = count_request(head, client, request_id, outside, now, &settings.limits, &MEMORY);
    let mut usages = counted.await?;
    let verifier = settings.admission.tokens.verifier(store, clock, &TOKENS);
    let outside = (store, clock, way, &MEMORY);
    let admitted = match handler::check(head) {
        Ok(()) => admit(head, request_id, &settings.admission, &verifier, outside).await,
        Err(refused) => Err(refused),
    };
    match admitted {
        Ok(admitted) => {
            usages.extend(admitted.usages);
            Ok(Admitted { usages, ..admitted })
        }
        Err(mut error) => {
            add_headers(error.headers_mut(), &usages);
            Err(error)
        }
    }
}
