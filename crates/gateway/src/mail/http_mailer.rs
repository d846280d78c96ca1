//! The mailer of a gateway that has a provider.

use super::answer::{Answer, unanswered};
use super::providers::Provider;
use super::{Mailer, Message, Outcome, Sender};
use crate::ports::{Clock, OutboundHttp};

/// Hands messages to a provider over HTTP.
#[derive(Debug)]
pub struct HttpMailer<'a, H, C> {
    /// Who takes them.
    pub provider: &'a Provider,
    /// Who they are from.
    pub from: &'a Sender,
    /// The way there.
    pub http: &'a H,
    /// The clock.
    pub clock: &'a C,
}

impl<H: OutboundHttp, C: Clock> Mailer for HttpMailer<'_, H, C> {
    async fn deliver(&self, message: &Message) -> Outcome {
        let request = match self.provider.request(message, self.from, self.clock.now()) {
            Ok(request) => request,
            Err(error) => {
                return Outcome::Refused {
                    words: format!("the request could not be made: {error}"),
                };
            }
        };
        let provider = self.provider.name();
        let response = match self.http.send(request).await {
            Ok(response) => response,
            Err(error) => return unanswered(provider, &error),
        };
        let (status, body) = (response.status(), response.body());
        let answer = Answer {
            provider,
            words: self.provider.words(body),
            secrets: &self.provider.secrets(),
            now: self.clock.now(),
        };
        if self.provider.is_under_way(status, body) {
            answer.retry(status, response.headers())
        } else {
            answer.outcome(status, response.headers())
        }
    }
}
