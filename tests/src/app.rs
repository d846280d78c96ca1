//! One gateway process with a state folder, variables and stub services of its own.

use std::collections::BTreeMap;
use std::env;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use http::Method;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::call::Call;
use crate::process::Process;
use crate::upstream::Upstream;
use crate::{Answer, User, prerequisites};

/// A password that every rule accepts.
pub const PASSWORD: &str = "correct horse battery";

/// What the test gateways are told as `bootstrap_token`, unless a test says otherwise.
pub const BOOTSTRAP_TOKEN: &str = "test-bootstrap-token-of-32-bytes";

/// The first start of a host that has an empty compile cache compiles every component, perhaps beside a busy build.
const PATIENCE: Duration = Duration::from_secs(180);

/// A running gateway.
pub struct TestApp {
    process: Process,
    address: SocketAddr,
    state: Arc<TempDir>,
    variables: BTreeMap<String, String>,
    flights: Upstream,
    bookings: Upstream,
    admin: OnceCell<User>,
}

impl TestApp {
    /// The gateway that all tests share whose data can be disjoint: limits too wide to meet, nobody's Redis.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<TestApp> = OnceLock::new();
        SHARED.get_or_init(|| {
            let app = Self::start();
            show_log_on_panic(app.process.shared_log());
            app
        })
    }

    /// A gateway of its own, with the variables that the shared one has.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// A gateway of its own, with these variables set besides the usual ones (or instead of them).
    pub fn with(variables: &[(&str, &str)]) -> Self {
        Self::with_upstreams(Upstream::echo(), Upstream::echo(), variables)
    }

    /// A gateway of its own in front of these two services, with the rate limits that the manifest sets by itself.
    pub fn with_default_limits(flights: Upstream, bookings: Upstream) -> Self {
        let mut variables = usual_variables(&flights, &bookings);
        variables.retain(|name, _| !name.starts_with("rate_limit_"));
        Self::on(new_state(), variables, flights, bookings)
    }

    /// A gateway of its own in front of these two services.
    pub fn with_upstreams(flights: Upstream, bookings: Upstream, variables: &[(&str, &str)]) -> Self {
        let mut all = usual_variables(&flights, &bookings);
        all.extend(
            variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        Self::on(new_state(), all, flights, bookings)
    }
    fn on(
        state: Arc<TempDir>,
        variables: BTreeMap<String, String>,
        flights: Upstream,
        bookings: Upstream,
    ) -> Self {
        let process = start_gateway(state.path(), &variables);
        let address = serving_address(&process);
        Self {
            process,
            address,
            state,
            variables,
            flights,
            bookings,
            admin: OnceCell::new(),
        }
    }

    /// `count` gateways that start at the same moment on one new state folder.
    pub fn several_at_once(count: usize) -> Vec<Self> {
        let (flights, bookings) = (Upstream::echo(), Upstream::echo());
        let variables = usual_variables(&flights, &bookings);
        let state = new_state();
        let started: Vec<_> = (0..count)
            .map(|_| start_gateway(state.path(), &variables))
            .collect();
        started
            .into_iter()
            .map(|process| Self {
                address: serving_address(&process),
                process,
                state: Arc::clone(&state),
                variables: variables.clone(),
                flights: flights.clone(),
                bookings: bookings.clone(),
                admin: OnceCell::new(),
            })
            .collect()
    }

    /// A second gateway on the same state folder, with these variables changed.
    pub fn another_with(&self, changed: &[(&str, &str)]) -> Self {
        let mut variables = self.variables.clone();
        variables.extend(
            changed
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        Self::on(
            Arc::clone(&self.state),
            variables,
            self.flights.clone(),
            self.bookings.clone(),
        )
    }

    /// A second gateway on the same state folder.
    pub fn another(&self) -> Self {
        self.another_with(&[])
    }

    /// Stops the gateway as an operator does and starts it again on the same state.
    pub fn restart(&mut self) {
        self.process.stop();
        self.start_again();
    }

    /// Kills the gateway, as a power cut would, and starts it again on the same state.
    pub fn crash_and_restart(&mut self) {
        self.process.kill();
        self.start_again();
    }

    /// Stops the gateway, does something to its state folder, and starts it again.
    pub fn restart_after(&mut self, change: impl FnOnce(&Path)) {
        self.process.stop();
        change(self.state.path());
        self.start_again();
    }

    fn start_again(&mut self) {
        self.process = start_gateway(self.state.path(), &self.variables);
        self.address = serving_address(&self.process);
    }

    /// Where the gateway listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The gateway's state folder.
    pub fn state(&self) -> &Path {
        self.state.path()
    }

    /// The service behind `/api/v1/flights/...`.
    pub fn flights(&self) -> &Upstream {
        &self.flights
    }

    /// The service behind `/api/v1/bookings/...`.
    pub fn bookings(&self) -> &Upstream {
        &self.bookings
    }

    /// Everything that the gateway wrote so far.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// A request of any method.
    pub fn call(&self, method: Method, path: &str) -> Call {
        Call::new(method, format!("http://{}{path}", self.address))
    }

    /// A GET.
    pub fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    /// A POST.
    pub fn post(&self, path: &str) -> Call {
        self.call(Method::POST, path)
    }

    /// A PUT.
    pub fn put(&self, path: &str) -> Call {
        self.call(Method::PUT, path)
    }

    /// A DELETE.
    pub fn delete(&self, path: &str) -> Call {
        self.call(Method::DELETE, path)
    }

    /// Tries to sign up with the usual password.
    pub fn sign_up(&self, email: &str) -> Call {
        self.post("/api/v1/signup")
            .json(&json!({"email": email, "password": PASSWORD}))
    }

    /// Tries to sign in.
    pub fn sign_in(&self, email: &str, password: &str) -> Call {
        self.post("/api/v1/signin")
            .json(&json!({"email": email, "password": password}))
    }

    /// A new session of this user.
    pub async fn signed_in_again(&self, user: &User) -> User {
        let answer = self.sign_in(&user.email, &user.password).await.expect_json(200);
        User::from_answer(&answer, &user.password)
    }

    /// A new user, signed in.
    pub async fn new_user(&self) -> User {
        self.new_user_from("127.0.0.1").await
    }

    /// A new user, signed in, whose client has this loopback address.
    pub async fn new_user_from(&self, client: &str) -> User {
        let email = new_email();
        self.sign_up(&email).from(client).await.expect_json(201);
        let answer = self.sign_in(&email, PASSWORD).from(client).await.expect_json(200);
        User::from_answer(&answer, PASSWORD)
    }

    /// A new user who has this role besides `customer`, signed in.
    pub async fn new_user_with_role(&self, role: &str) -> User {
        let user = self.new_user().await;
        let path = format!("/api/v1/users/{}/roles/{role}", user.id);
        self.put(&path).by(self.admin().await).await.expect_empty(204);
        self.signed_in_again(&user).await
    }

    /// The first administrator, signed in.
    pub async fn admin(&self) -> &User {
        self.admin
            .get_or_init(|| async {
                let email = new_email();
                self.bootstrap(BOOTSTRAP_TOKEN, &email).await.expect_json(201);
                let answer = self.sign_in(&email, PASSWORD).await.expect_json(200);
                User::from_answer(&answer, PASSWORD)
            })
            .await
    }

    /// Tries to become the first administrator.
    pub fn bootstrap(&self, token: &str, email: &str) -> Call {
        let body = json!({"token": token, "email": email, "password": PASSWORD});
        self.post("/api/v1/admin/bootstrap").json(&body)
    }

    /// Trades the user's refresh token for a new pair.
    pub fn refresh(&self, user: &User) -> Call {
        self.post("/api/v1/token/refresh")
            .json(&json!({"refresh_token": user.refresh_token}))
    }

    /// Repeats a request until it answers with this status: what one instance knows reaches the others a moment later.
    pub async fn eventually(&self, status: u16, call: impl Fn() -> Call) -> Answer {
        for _ in 0..100 {
            let answer = call().await;
            if answer.status == status {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("never answered {status}: {}", call().await.describe());
    }
}

fn new_state() -> Arc<TempDir> {
    Arc::new(tempfile::tempdir().expect("a folder for the state"))
}

/// Cheap hashes, limits too wide to meet, nobody's Redis.
fn usual_variables(flights: &Upstream, bookings: &Upstream) -> BTreeMap<String, String> {
    let nobody = format!("redis://127.0.0.1:{}", unused_port());
    let variables = [
        ("flight_service_url", flights.url()),
        ("booking_service_url", bookings.url()),
        ("redis_url", nobody),
        ("bcrypt_cost", "4".to_owned()),
        ("bootstrap_token", BOOTSTRAP_TOKEN.to_owned()),
        ("rate_limit_default", "1000000;w=60".to_owned()),
        ("rate_limit_signup", "1000000;w=60".to_owned()),
        (
            "rate_limit_signin",
            "1000000;w=60, 1000000;w=60;by=email".to_owned(),
        ),
    ];
    variables
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// An address that nobody has used.
pub fn new_email() -> String {
    format!("user-{}@example.com", unique())
}

/// A number that no other test has.
pub fn unique() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A port that nobody listens on.
pub fn unused_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener
        .local_addr()
        .expect("a bound listener has an address")
        .port()
}

/// Starts the runtime under test on `state`, and does not wait for it.
pub fn start_gateway(state: &Path, variables: &BTreeMap<String, String>) -> Process {
    Process::start(&prerequisites::runtime(), |command| {
        command.arg("up").arg("--from").arg(prerequisites::manifest());
        command
            .args(["--listen", "127.0.0.1:0"])
            .arg("--state-dir")
            .arg(state);
        for (name, _) in
            env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SPIN_VARIABLE_"))
        {
            command.env_remove(name);
        }
        for (name, value) in variables {
            command.env(format!("SPIN_VARIABLE_{}", name.to_uppercase()), value);
        }
    })
}

/// The address that a starting gateway prints when it serves.
pub fn serving_address(process: &Process) -> SocketAddr {
    let address = process.wait_for("Serving http://", PATIENCE);
    address
        .parse()
        .unwrap_or_else(|_| panic!("not an address: {address}"))
}

/// Prints the end of the shared gateway's log with every failed test: nobody else can say which line belongs to it.
fn show_log_on_panic(log: Arc<Mutex<String>>) {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        usual(info);
        if let Ok(log) = log.lock() {
            let lines: Vec<_> = log.lines().collect();
            let tail = &lines[lines.len().saturating_sub(30)..];
            eprintln!("--- the end of the shared gateway's log ---\n{}", tail.join("\n"));
        }
    }));
}
