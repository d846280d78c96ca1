//! The caller assertion of a request, signed with the key that `signin` hands over, or another instance has left.

use std::time::Duration;

use http::{HeaderMap, Request as Head, StatusCode, Uri};
use jetway_gateway::assertion::{
    Asserter, KeyHandover, KeySource, KeyUnavailable, KnownKey, Memory, Mode, Shared, Subject,
};
use jetway_gateway::http::{HttpError, RequestId, read_limited};
use jetway_gateway::ports::{Clock as _, Timestamp};
use jetway_gateway::spin::http::{Timeouts, get};
use jetway_gateway::spin::{SpinKeyValue, SystemClock, SystemEntropy};
use jetway_gateway::tokens::Identity;

use crate::settings::Settings;

/// A private trigger: reachable from within the application alone.
const KEY: &str = "http://signin.spin.internal/internal/assertion-key";

/// A key is said in far fewer bytes.
const MAX_ANSWER: usize = 1024;

/// A client is waiting.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(1),
    first_byte: Duration::from_secs(2),
    between_bytes: Duration::from_secs(1),
};

static MEMORY: Memory = Memory::new();

/// Sets the assertion of the request `head`, which `caller` sent, on the headers that go to the service.
pub(crate) async fn put_on(
    headers: &mut HeaderMap,
    head: &Head<()>,
    caller: Option<&Identity>,
    now: Timestamp,
    settings: &Settings,
    request_id: &RequestId,
) -> Result<(), HttpError> {
    let asserter = Asserter {
        memory: &MEMORY,
        now,
        source: source(settings, request_id),
        issuer: &settings.admission.tokens.issuer,
        mode: settings.caller_assertion,
    };
    asserter
        .put_on(headers, &Subject::of(head), caller, request_id)
        .await
}

/// Gets the key before the first request needs it.
pub(crate) async fn warm(settings: &Settings, request_id: &RequestId) {
    if settings.caller_assertion != Mode::Off {
        let source = source(settings, request_id);
        MEMORY.warm(SystemClock.now(), &source).await;
    }
}

fn source<'a>(settings: &'a Settings, request_id: &'a RequestId) -> impl KeySource + use<'a> {
    Shared {
        origin: FromSignin { request_id },
        secret: settings.assertion_secret.as_ref(),
        store: &SpinKeyValue,
        clock: &SystemClock,
        entropy: &SystemEntropy,
    }
}

struct FromSignin<'a> {
    request_id: &'a RequestId,
}

impl KeySource for FromSignin<'_> {
    async fn fetch(&self) -> Result<KnownKey, KeyUnavailable> {
        // Of when it is asked: what is answered may be as old.
        let since = SystemClock.now();
        let (status, mut body) = get(&Uri::from_static(KEY), self.request_id, TIMEOUTS)
            .await
            .map_err(|error| KeyUnavailable(format!("{error:?}")))?;
        if status != StatusCode::OK {
            return Err(KeyUnavailable(format!("signin answers {status}")));
        }
        let json = read_limited(&mut body, MAX_ANSWER)
            .await
            .map_err(|_| KeyUnavailable("the answer of signin broke off".to_owned()))?;
        let key = KeyHandover::read(json).map_err(|error| KeyUnavailable(error.to_string()))?;
        Ok(KnownKey { key, since })
    }
}
