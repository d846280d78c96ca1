//! A request, said in one sentence: `app.get("/api/v1/me").by(&ada).await`.

use std::future::{Future, IntoFuture};
use std::net::IpAddr;
use std::pin::Pin;
use std::time::Duration;

use http::Method;
use serde_json::Value;

use crate::{Answer, User};

/// A request that is sent when it is awaited.
#[must_use = "a call is sent when it is awaited"]
pub struct Call {
    method: Method,
    url: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Option<reqwest::Body>,
    address: Option<IpAddr>,
}

impl Call {
    /// A request without a body.
    pub fn new(method: Method, url: String) -> Self {
        Self {
            method,
            url,
            headers: Vec::new(),
            body: None,
            address: None,
        }
    }

    /// Adds a header. A name that is already there stays, and is sent too.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Sends this user's access token.
    pub fn by(self, user: &User) -> Self {
        self.token(&user.access_token)
    }

    /// Sends this access token.
    pub fn token(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// Sends a JSON body.
    pub fn json(self, body: &Value) -> Self {
        self.typed_body("application/json", body.to_string())
    }

    /// Sends a body of this content type.
    pub fn typed_body(self, content_type: &str, body: impl Into<reqwest::Body>) -> Self {
        self.header("content-type", content_type).body(body)
    }

    /// Sends a body of no content type.
    pub fn body(mut self, body: impl Into<reqwest::Body>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sends from this loopback address (all of 127.0.0.0/8 is ours): another client, to the gateway.
    pub fn from(mut self, address: &str) -> Self {
        self.address = Some(address.parse().expect("an IP address"));
        self
    }

    /// Sends the request and gives the response as soon as its headers are there.
    pub async fn start(self) -> reqwest::Response {
        self.try_start().await.expect("an answer")
    }

    /// The same to a gateway that may be killed before it answers.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn try_start(self) -> reqwest::Result<reqwest::Response> {
        // A pool cannot outlive the test's runtime, and a client of its own makes every call a connection of its own.
        let client = reqwest::Client::builder()
            .local_address(self.address)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(60))
            .no_proxy()
            .build()
            .expect("an HTTP client");
        let mut request = client.request(self.method, self.url);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = self.body {
            request = request.body(body);
        }
        request.send().await
    }
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Answer::read(self.start().await).await })
    }
}
