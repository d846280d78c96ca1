//! What the tests have in common.

use std::cell::RefCell;
use std::time::Duration;

use http::Request;
use jetway_gateway::accounts;
use jetway_gateway::domain::{
    AuthMethod, Authentication, EmailAddress, NewUser, Password, SessionId, User, UserId,
};
use jetway_gateway::hashing::HashingQueue;
use jetway_gateway::http::{RequestId, Response, finish};
use jetway_gateway::ports::Clock as _;
use jetway_gateway::sessions::{Rotation, published_signing_keys};
use jetway_gateway::store::{Schema, users};
use jetway_gateway::test_support::{TestPorts, TestVariables, block_on};
use jetway_gateway::tokens::{Issuer, VerifierCache, epoch_of};
use role_admin::app::App;
use role_admin::handler;
use role_admin::settings::Settings;
use serde_json::{Value, json};

pub(crate) const BOOTSTRAP_TOKEN: &str = "a secret of the operator's";

pub(crate) struct TestApp {
    pub(crate) ports: TestPorts,
    pub(crate) published: RefCell<Vec<UserId>>,
    schema: Schema,
    hashes: HashingQueue,
    verifier: VerifierCache,
    variables: TestVariables,
}

impl TestApp {
    pub(crate) fn new() -> Self {
        Self::with(TestVariables::default().with("bootstrap_token", BOOTSTRAP_TOKEN))
    }

    pub(crate) fn with(variables: TestVariables) -> Self {
        Self {
            ports: TestPorts::default(),
            published: RefCell::default(),
            schema: Schema::new(),
            hashes: HashingQueue::new(),
            verifier: VerifierCache::trusting_the_store(),
            variables,
        }
    }

    pub(crate) fn call(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let settings = block_on(Settings::read(&self.variables)).unwrap();
        let app = App {
            ports: &self.ports,
            settings: &settings,
            schema: &self.schema,
            hashes: &self.hashes,
            verifier: &self.verifier,
            request_id: &RequestId::parse("r-1").unwrap(),
            publish: |user| self.published.borrow_mut().push(user),
        };
        let answer = block_on(handler::handle(request.body(body).unwrap(), &app));
        finish(answer, &RequestId::parse("r-1").unwrap())
    }

    pub(crate) fn bootstrap(&self, token: &str, email: &str) -> Response {
        let body = json!({"token": token, "email": email, "password": "correct horse battery"});
        self.call("POST", "/api/v1/admin/bootstrap", None, Some(&body))
    }

    /// The first administrator's access token.
    pub(crate) fn admin(&self) -> String {
        let answer = self.bootstrap(BOOTSTRAP_TOKEN, "admin@example.com");
        assert_eq!(answer.status(), 201, "{:?}", answer.body());
        self.published.borrow_mut().clear();
        self.token(UserId::parse(json_of(&answer)["id"].as_str().unwrap()).unwrap())
    }

    /// An access token for a user as of now.
    pub(crate) fn token(&self, user: UserId) -> String {
        let (store, ports) = (self.ports.databases.store(), &self.ports);
        let user = block_on(users::find(&store, user)).unwrap().unwrap();
        let key = block_on(published_signing_keys(
            &store,
            &ports.key_value,
            &ports.clock,
            &ports.entropy,
            &Rotation {
                max_age: Duration::from_secs(90 * 86400),
                publish_ahead: Duration::from_secs(600),
                access_tokens: Duration::from_secs(600),
            },
        ))
        .unwrap()
        .access_tokens;
        let issuer = Issuer {
            issuer: "jetway".to_owned(),
            audience: "jetway".to_owned(),
            lifetime: Duration::from_secs(600),
        };
        let authentication = Authentication {
            session: SessionId::generate(&ports.clock, &ports.entropy),
            methods: AuthMethod::PASSWORD.to_vec(),
            at: ports.clock.now(),
        };
        let epoch = block_on(epoch_of(&ports.key_value, user.id)).unwrap();
        let token = issuer
            .issue(&key, &user, &authentication, epoch, &ports.clock, &ports.entropy)
            .unwrap();
        token.reveal().to_owned()
    }

    pub(crate) fn sign_up(&self, email: &str) -> User {
        // Ids grow with time.
        self.ports.clock.advance(Duration::from_millis(2));
        let new = NewUser {
            email: EmailAddress::parse(email).unwrap(),
            password: Password::parse("correct horse battery".to_owned()).unwrap(),
        };
        let ports = &self.ports;
        block_on(accounts::sign_up(
            &ports.databases.store(),
            new,
            &ports.hasher(),
            &ports.clock,
            &ports.entropy,
        ))
        .unwrap()
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
