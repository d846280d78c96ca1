//! What the tests have in common.

use std::cell::RefCell;

use http::Request;
use jetway_gateway::accounts;
use jetway_gateway::domain::{EmailAddress, NewUser, Password, UserId};
use jetway_gateway::http::{RequestId, Response, finish};
use jetway_gateway::sessions::OutdatedHash;
use jetway_gateway::test_support::{TestPorts, TestVariables, block_on};
use jetway_gateway::tokens::VerifierCache;
use serde_json::{Value, json};
use signin::app::{App, Memory, Publish, Upgrades, upgrade};
use signin::handler;
use signin::settings::Settings;

pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) struct TestApp {
    pub(crate) ports: TestPorts,
    /// Of whom something was to be published.
    pub(crate) published: RefCell<Vec<UserId>>,
    memory: Memory,
    pub(crate) variables: TestVariables,
}

/// Somebody's tokens.
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl TestApp {
    /// With enough sign-ins for a test; those of the limits set their own.
    pub(crate) fn new() -> Self {
        Self::with(TestVariables::default().with("rate_limits", "* /... default 300;w=60"))
    }

    pub(crate) fn with(variables: TestVariables) -> Self {
        Self {
            ports: TestPorts::default(),
            published: RefCell::default(),
            memory: Memory::new(VerifierCache::trusting_the_store()),
            variables,
        }
    }

    /// Another instance of the same gateway, which remembers nothing.
    pub(crate) fn fresh_instance(self) -> Self {
        Self {
            memory: Memory::new(VerifierCache::trusting_the_store()),
            ..self
        }
    }

    pub(crate) fn call(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Response {
        self.call_from("192.0.2.7:4711", method, path, token, body)
    }

    /// The same, where the host says that the client is at this address.
    pub(crate) fn call_from(
        &self,
        address: &str,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Response {
        self.call_with(&[], address, method, path, token, body)
    }

    fn call_with(
        &self,
        headers: &[(&str, &str)],
        address: &str,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Response {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("user-agent", "test/1");
        request = request
            .header("spin-client-addr", "6.6.6.6:6")
            .header("spin-client-addr", address);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let settings = block_on(Settings::read(&self.variables)).unwrap();
        let upgrades = RefCell::<Vec<OutdatedHash>>::default();
        let app = App {
            ports: &self.ports,
            settings: &settings,
            memory: &self.memory,
            request_id: &RequestId::parse("r-1").unwrap(),
            publish: Publish(&|user| self.published.borrow_mut().push(user)),
            upgrades: Upgrades(&|outdated| upgrades.borrow_mut().push(outdated)),
        };
        let answer = block_on(handler::handle(request.body(body).unwrap(), &app));
        // As the component does it, once the answer is on its way.
        for outdated in upgrades.take() {
            block_on(upgrade(outdated, &self.ports, &settings, &self.memory)).unwrap();
        }
        finish(answer, &RequestId::parse("r-1").unwrap())
    }

    pub(crate) fn get(&self, path: &str, tokens: &Tokens) -> Response {
        self.call("GET", path, Some(&tokens.access), None)
    }

    pub(crate) fn sign_up(&self, email: &str) {
        let new = NewUser {
            email: EmailAddress::parse(email).unwrap(),
            password: Password::parse(PASSWORD.to_owned()).unwrap(),
        };
        let ports = &self.ports;
        block_on(accounts::sign_up(
            &ports.databases.store(),
            new,
            &ports.hasher(),
            &ports.clock,
            &ports.entropy,
        ))
        .unwrap();
    }

    /// Tries to sign in from this address, on a device that shows this cookie.
    pub(crate) fn try_sign_in_on(
        &self,
        device: &str,
        address: &str,
        email: &str,
        password: &str,
    ) -> Response {
        let body = json!({"email": email, "password": password});
        let headers = [("cookie", device)];
        self.call_with(&headers, address, "POST", "/api/v1/signin", None, Some(&body))
    }

    pub(crate) fn try_sign_in(&self, email: &str, password: &str) -> Response {
        self.call(
            "POST",
            "/api/v1/signin",
            None,
            Some(&json!({"email": email, "password": password})),
        )
    }

    pub(crate) fn sign_in(&self, email: &str) -> Tokens {
        tokens_of(&self.try_sign_in(email, PASSWORD))
    }

    pub(crate) fn refresh(&self, token: &str) -> Response {
        self.call(
            "POST",
            "/api/v1/token/refresh",
            None,
            Some(&json!({"refresh_token": token})),
        )
    }
}

#[track_caller]
pub(crate) fn tokens_of(response: &Response) -> Tokens {
    assert_eq!(response.status(), 200, "{:?}", response.body());
    let json = json_of(response);
    let text = |name: &str| json[name].as_str().unwrap().to_owned();
    Tokens {
        access: text("access_token"),
        refresh: text("refresh_token"),
    }
}

pub(crate) fn json_of(response: &Response) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

#[track_caller]
pub(crate) fn assert_problem(response: &Response, status: u16, code: &str) {
    let problem = json_of(response);
    assert_eq!(
        (response.status().as_u16(), &problem["code"]),
        (status, &json!(code)),
        "{problem}"
    );
}
