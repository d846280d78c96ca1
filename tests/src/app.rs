//! One gateway process with a state folder, variables and stub services of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use http::Method;
use serde_json::json;
use tokio::sync::OnceCell;

use crate::call::Call;
use crate::process::Process;
use crate::setup::{Setup, serving_address};
use crate::upstream::Upstream;
use crate::{Answer, User, state};

/// A password that every rule accepts.
pub const PASSWORD: &str = "correct horse battery";

/// What the test gateways are told as `bootstrap_token`, unless a test says otherwise.
pub const BOOTSTRAP_TOKEN: &str = "test-bootstrap-token-of-32-bytes";

/// What the test gateways are told as `internal_token`, unless a test says otherwise.
pub const INTERNAL_TOKEN: &str = "test-internal-token-of-32-bytes";

/// A running gateway.
pub struct TestApp {
    process: Process,
    address: SocketAddr,
    setup: Setup,
    admin: OnceCell<User>,
}

impl TestApp {
    /// The gateway that all tests share whose data can be disjoint.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<TestApp> = OnceLock::new();
        SHARED.get_or_init(|| {
            let app = Self::start();
            show_log_on_panic(app.process.shared_log());
            app
        })
    }

    /// A gateway of its own.
    pub fn start() -> Self {
        Setup::usual().start()
    }

    /// A gateway of its own, with these variables set besides the usual ones (or instead of them).
    pub fn with(variables: &[(&str, &str)]) -> Self {
        Setup::usual().with(variables).start()
    }

    /// A gateway of its own in front of these two services.
    pub fn in_front_of(flights: Upstream, bookings: Upstream) -> Self {
        Setup::in_front_of(flights, bookings).start()
    }

    /// Waits until a process that has been launched with this set-up serves.
    pub(crate) fn serving(process: Process, setup: Setup) -> Self {
        let address = serving_address(&process);
        Self {
            process,
            address,
            setup,
            admin: OnceCell::new(),
        }
    }

    /// A second gateway on the same state folder, with these variables changed.
    pub fn another_with(&self, changed: &[(&str, &str)]) -> Self {
        self.setup.clone().with(changed).start()
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

    /// Kills the gateway, as a power cut would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Kills the gateway, as a power cut would, and starts it again on the same state.
    pub fn crash_and_restart(&mut self) {
        self.kill();
        self.start_again();
    }

    /// Stops the gateway, does something to its state folder, and starts it again.
    pub fn restart_after(&mut self, change: impl FnOnce(&Path)) {
        self.process.stop();
        change(&self.setup.state());
        self.start_again();
    }

    fn start_again(&mut self) {
        self.process = self.setup.launch();
        self.address = serving_address(&self.process);
    }

    /// Tells the gateway to end, as an operator does, and waits until it has.
    pub fn stop(&mut self) -> ExitStatus {
        self.process.stop()
    }

    /// Where the gateway listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The gateway's state folder.
    pub fn state(&self) -> PathBuf {
        self.setup.state()
    }

    /// How many rows a table of the gateway's database has.
    pub fn rows_in(&self, table: &str) -> i64 {
        state::number(
            &self.state(),
            &format!("SELECT count(*) FROM {table} WHERE ?1 = ''"),
            "",
        )
    }

    /// The service behind `/api/v1/flights/...`.
    pub fn flights(&self) -> &Upstream {
        &self.setup.flights
    }

    /// The service behind `/api/v1/bookings/...`.
    pub fn bookings(&self) -> &Upstream {
        &self.setup.bookings
    }

    /// How much the gateway's memory grew at the most while `work` went on, and what it was before, in KiB.
    pub async fn memory_during(&self, work: impl Future<Output = ()>) -> (u64, u64) {
        self.process.forget_peak_memory();
        let before = self.process.peak_memory();
        work.await;
        (self.process.peak_memory().saturating_sub(before), before)
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

    /// A PATCH of this path.
    pub fn patch(&self, path: &str) -> Call {
        self.call(Method::PATCH, path)
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

    /// Has whatever is due delivered, and gives the figures.
    pub async fn sweep(&self) -> serde_json::Value {
        self.post("/internal/notifications/sweep")
            .token(INTERNAL_TOKEN)
            .await
            .expect_json(200)
    }

    /// The mail to an address, the newest first.
    pub async fn inbox(&self, to: &str) -> Vec<serde_json::Value> {
        let path = format!("/internal/inbox?to={to}");
        let answer = self.get(&path).token(INTERNAL_TOKEN).await.expect_json(200);
        answer["messages"].as_array().expect("a list").clone()
    }

    /// A new session of this user.
    pub async fn signed_in_again(&self, user: &User) -> User {
        let answer = self.sign_in(&user.email, &user.password).await.expect_json(200);
        User::from_answer(&answer, &user.password)
    }

    /// A new user, signed in, whose address is verified.
    pub async fn new_user(&self) -> User {
        self.new_user_from("127.0.0.1").await
    }

    /// A new user, signed in, who has not shown to have their address.
    pub async fn new_unverified_user(&self) -> User {
        let email = new_email();
        self.sign_up(&email).await.expect_json(201);
        let answer = self.sign_in(&email, PASSWORD).await.expect_json(200);
        User::from_answer(&answer, PASSWORD)
    }

    /// A new user, signed in, whose client has this loopback address.
    pub async fn new_user_from(&self, client: &str) -> User {
        let email = new_email();
        let signed_up = self.sign_up(&email).from(client).await.expect_json(201);
        let id = signed_up["id"].as_str().expect("a user has an id");
        let token = self.mail("email.verification_requested", id).token;
        self.post("/api/v1/email/verify")
            .json(&json!({"token": token}))
            .from(client)
            .await
            .expect_empty(204);
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

/// An address that nobody has used.
pub fn new_email() -> String {
    format!("user-{}@example.com", unique())
}

/// A number that no other test has.
pub fn unique() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Prints the end of the shared gateway's log with every failed test: nobody else can say which line belongs to it.
fn show_log_on_panic(log: Arc<Mutex<String>>) {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        usual(info);
        if let Ok(log) = log.lock() {
            let lines: Vec<_> = log.lines().collect();
            let tail = &lines[lines.len().saturating_sub(12)..];
            eprintln!("--- the end of the shared gateway's log ---\n{}", tail.join("\n"));
        }
    }));
}
