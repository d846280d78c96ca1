//! The port for outbound HTTP, natively.

use std::time::Duration;

use jetway_gateway::ports::{NoAnswer, OutboundHttp};

/// Long for a server on this machine, short for a test that waits for it in vain.
const LIMIT: Duration = Duration::from_secs(2);

/// A real client.
pub(crate) struct Client(reqwest::Client);

impl Client {
    pub(crate) fn new() -> Self {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        Self(client.timeout(LIMIT).no_proxy().build().unwrap())
    }
}

impl OutboundHttp for Client {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, NoAnswer> {
        let failed = |error: reqwest::Error| {
            if error.is_timeout() {
                NoAnswer::Timeout
            } else {
                NoAnswer::Broken(error.to_string())
            }
        };
        let request = reqwest::Request::try_from(request).map_err(failed)?;
        let response = self.0.execute(request).await.map_err(failed)?;
        let mut answer = http::Response::builder().status(response.status());
        for (name, value) in response.headers() {
            answer = answer.header(name, value);
        }
        let body = response.bytes().await.unwrap_or_default();
        Ok(answer.body(body.to_vec()).unwrap())
    }
}
