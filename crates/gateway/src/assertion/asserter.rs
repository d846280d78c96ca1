//! Putting an assertion on a request.

use http::{HeaderMap, HeaderValue};

use super::memory::{Kept, Place};
use super::{ASSERTION, AssertionClaims, AssertionKey, KeyUnavailable, LIFETIME, Memory, Mode};
use crate::http::names::{reads_as, remove_those};
use crate::http::{HttpError, RequestId};
use crate::log;
use crate::ports::Timestamp;
use crate::tokens::Identity;

/// Where the key comes from.
pub trait KeySource {
    /// The key that signs now.
    #[expect(
        async_fn_in_trait,
        reason = "a guest has one thread: no future of ours is ever sent to another"
    )]
    async fn fetch(&self) -> Result<KnownKey, KeyUnavailable>;
}

/// A key, and the moment at which it was known to be the one that signs.
#[derive(Debug)]
pub struct KnownKey {
    /// The key.
    pub key: AssertionKey,
    /// The moment.
    pub since: Timestamp,
}

/// The request that an assertion is about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The service that it goes to, as the claim `aud` names it.
    pub service: &'a str,
    /// Its method.
    pub method: &'a str,
    /// Its path and query, as they are sent.
    pub target: &'a str,
}

impl<'a> Subject<'a> {
    /// What goes to the service of this path: the one named by the segment after `/api/v1/`.
    pub fn of<B>(request: &'a http::Request<B>) -> Self {
        let uri = request.uri();
        let rest = uri.path().strip_prefix("/api/v1/").unwrap_or_default();
        Self {
            service: rest.split('/').next().unwrap_or_default(),
            method: request.method().as_str(),
            target: uri.path_and_query().map_or("/", |target| target.as_str()),
        }
    }
}

/// Puts assertions on requests.
#[derive(Debug)]
pub struct Asserter<'a, S> {
    /// What this instance remembers.
    pub memory: &'a Memory,
    /// Now.
    pub now: Timestamp,
    /// Where the key comes from.
    pub source: S,
    /// The claim `iss`.
    pub issuer: &'a str,
    /// What is to be done where there is no key.
    pub mode: Mode,
}

impl<S: KeySource> Asserter<'_, S> {
    /// Sets the assertion about `subject`, which `caller` sent, on `headers`, the outgoing ones; or leaves none there. Foreign
    /// ones are removed under every spelling.
    pub async fn put_on(
        &self,
        headers: &mut HeaderMap,
        subject: &Subject<'_>,
        caller: Option<&Identity>,
        request_id: &RequestId,
    ) -> Result<(), HttpError> {
        set_assertion(headers, None);
        if self.mode == Mode::Off {
            return Ok(());
        }
        match self.assertion(subject, caller).await {
            Ok(assertion) => {
                headers.insert(ASSERTION, assertion);
                Ok(())
            }
            Err(missing) if self.mode == Mode::Required => Err(HttpError::not_ready(missing)),
            Err(missing) => {
                log::warn(
                    request_id,
                    "assertion_missing",
                    &[("cause", &missing.to_string())],
                );
                Ok(())
            }
        }
    }

    /// One that is kept, or a new one.
    async fn assertion(
        &self,
        subject: &Subject<'_>,
        caller: Option<&Identity>,
    ) -> Result<HeaderValue, KeyUnavailable> {
        let now = self.now;
        let place = Place::of(subject, caller);
        if let Some(assertion) = self.memory.kept(&place, now) {
            return Ok(assertion);
        }
        let assertion = self.sign(subject, caller, now).await?;
        let kept = Kept {
            assertion: assertion.clone(),
            expires_at: now.after(LIFETIME),
        };
        self.memory.keep(place, kept, now);
        Ok(assertion)
    }

    async fn sign(
        &self,
        subject: &Subject<'_>,
        caller: Option<&Identity>,
        now: Timestamp,
    ) -> Result<HeaderValue, KeyUnavailable> {
        let key = self.memory.key(now, &self.source).await?;
        let claims = AssertionClaims::new(self.issuer, subject, caller, now);
        let assertion = key.sign(&claims).map_err(|e| KeyUnavailable(e.to_string()))?;
        HeaderValue::try_from(assertion).map_err(|e| KeyUnavailable(e.to_string()))
    }
}

/// Sets the header, or leaves none under any name that a service might take for it: many servers make no difference between
/// `-` and `_`.
pub fn set_assertion(headers: &mut HeaderMap, assertion: Option<HeaderValue>) {
    remove_those(headers, |name| reads_as(name, ASSERTION.as_str()));
    if let Some(assertion) = assertion {
        headers.insert(ASSERTION, assertion);
    }
}

#[cfg(test)]
mod tests;
