//! The time that an answer takes says nothing of whether an address has an account: that of a refused sign-in, of a request for a mail,
//! of a code that is tried.
//!
//! For each reason many answers are timed, in turns and in a new order every round, on one connection. A rank test
//! (Mann-Whitney) compares each reason with an unknown address: it asks whether one is *mostly* slower than the other, and so a
//! few answers that took long because the machine was busy weigh no more than any other. Hashes are as cheap as can be, so that
//! a statement or a hash too many is a large part of the whole.

use std::time::{Duration, Instant};

use http::Method;
use jetway_tests::TestApp;
use jetway_tests::app::{PASSWORD, new_email};
use jetway_tests::state;
use serde_json::{Value, json};

/// How often each is timed in one sample.
const ROUNDS: usize = 300;

/// How many samples must agree that there is a difference. Of two equal ones, one sample says so in some 16,000.
const SAMPLES: usize = 3;

/// From how many standard deviations on ranks are told apart.
const SIGNIFICANT: f64 = 4.0;

/// Whose address it is, and what is asked of it.
struct Reason {
    name: &'static str,
    email: String,
    path: &'static str,
    method: Method,
    body: Value,
    /// Whether each request is about an address of its own, which nobody has.
    is_fresh: bool,
    cookie: String,
    token: String,
    status: u16,
}

impl Reason {
    fn new(name: &'static str, path: &'static str, status: u16, body: impl FnOnce(&str) -> Value) -> Self {
        let email = new_email();
        Self {
            name,
            body: body(&email),
            email,
            path,
            method: Method::POST,
            is_fresh: false,
            cookie: String::new(),
            token: String::new(),
            status,
        }
    }

    fn body(&self) -> Value {
        let mut body = self.body.clone();
        if self.is_fresh {
            body["email"] = json!(new_email());
        }
        body
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_takes_as_long_whatever_its_reason() {
    let app = concealing();
    let reasons = reasons(&app).await;
    assert_alike(&app, &reasons, || {}).await;
}

/// A gateway whose sign-up does not tell.
fn concealing() -> TestApp {
    TestApp::with(&[("bcrypt_cost", "5"), ("require_verified_email", "true")])
}

/// Fails where the time tells one of the reasons from the first.
async fn assert_alike(app: &TestApp, reasons: &[Reason], before_round: impl Fn()) {
    let mut suspects: Vec<(usize, f64)> = (1..reasons.len()).map(|reason| (reason, 0.0)).collect();
    for sample in 0..SAMPLES {
        let times = time(app, reasons, &before_round).await;
        suspects.retain_mut(|(reason, before)| {
            let z = mann_whitney(&times[*reason], &times[0]);
            eprintln!(
                "sample {sample}: {:<22} median {:?}, unknown {:?}, z = {z:.2}",
                reasons[*reason].name,
                median(&times[*reason]),
                median(&times[0])
            );
            let persists = z.abs() > SIGNIFICANT && z * *before >= 0.0;
            *before = z;
            persists
        });
        if suspects.is_empty() {
            return;
        }
    }
    let told: Vec<_> = suspects
        .iter()
        .map(|(reason, z)| format!("{} (z = {z:.1})", reasons[*reason].name))
        .collect();
    panic!("the time tells them from an unknown address: {told:?}");
}

/// The first is an address that nobody has.
async fn reasons(app: &TestApp) -> Vec<Reason> {
    let reason = |name, password: &'static str| {
        Reason::new(
            name,
            "/api/v1/signin",
            401,
            |email| json!({"email": email, "password": password}),
        )
    };
    let reasons = vec![
        reason("unknown", PASSWORD),
        reason("unknown, again", PASSWORD),
        reason("wrong password", "not the password"),
        reason("disabled", PASSWORD),
        reason("unverified", "not the password"),
        reason("wrong, with old hash", "not the password"),
    ];
    for reason in &reasons[2..] {
        // Addresses are to be verified here, and so sign-up does not tell.
        app.sign_up(&reason.email).await.expect(202);
    }
    let set = |reason: &Reason, change: &str| set(app, reason, change);
    for reason in [&reasons[2], &reasons[3], &reasons[5]] {
        set(reason, "email_verified_at = created_at");
    }
    set(&reasons[3], "disabled_at = created_at");
    // Half of the rounds.
    let old = "password_hash = '$2b$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'";
    set(&reasons[5], old);
    reasons
}

fn set(app: &TestApp, reason: &Reason, change: &str) {
    let statement = format!("UPDATE users SET {change} WHERE email = ?1");
    let changed = state::database(&app.state()).execute(&statement, [&reason.email]);
    assert_eq!(changed.unwrap(), 1);
}

/// An address that nobody has, one twice, and those of a verified, an unverified and a disabled account.
async fn addresses(app: &TestApp, path: &'static str, status: u16, more: &Value) -> Vec<Reason> {
    let names = ["unknown", "unknown, again", "verified", "unverified", "disabled"];
    let reasons = names.map(|name| {
        Reason::new(name, path, status, |email| {
            let mut body = more.clone();
            body["email"] = json!(email);
            body
        })
    });
    for reason in &reasons[2..] {
        app.sign_up(&reason.email).await.expect(202);
    }
    for reason in [&reasons[2], &reasons[4]] {
        set(app, reason, "email_verified_at = created_at");
    }
    set(app, &reasons[4], "disabled_at = created_at");
    reasons.into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_for_a_code_takes_as_long_whoever_the_address_is() {
    let app = concealing();
    let reasons = addresses(&app, "/api/v1/signin/email", 202, &json!({})).await;
    assert_alike(&app, &reasons, || {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_for_a_reset_takes_as_long_whoever_the_address_is() {
    let app = concealing();
    let reasons = addresses(&app, "/api/v1/password/forgot", 202, &json!({})).await;
    assert_alike(&app, &reasons, || {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_for_another_mail_takes_as_long_whoever_the_address_is() {
    let app = concealing();
    let reasons = addresses(&app, "/api/v1/email/resend", 202, &json!({})).await;
    assert_alike(&app, &reasons, || {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_code_takes_as_long_whoever_the_address_is() {
    let app = concealing();
    let wrong = json!({"code": "00000000"});
    let mut reasons = addresses(&app, "/api/v1/signin/email/verify", 401, &wrong).await;
    for reason in &mut reasons {
        let ask = app
            .post("/api/v1/signin/email")
            .json(&json!({"email": reason.email}));
        reason.cookie = ask.await.cookie("__Host-jetway_signin");
    }
    let state = app.state();
    // As if each had been asked for again.
    let again = || {
        let database = state::database(&state);
        database.busy_timeout(Duration::from_secs(5)).unwrap();
        database
            .execute_batch("UPDATE signin_codes SET tries = 0")
            .unwrap();
    };
    assert_alike(&app, &reasons, again).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_up_takes_as_long_whoever_the_address_is() {
    let app = concealing();
    let mut reasons = addresses(&app, "/api/v1/signup", 202, &json!({"password": PASSWORD})).await;
    for reason in &mut reasons[..2] {
        reason.is_fresh = true;
    }
    assert_alike(&app, &reasons, || {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_address_takes_as_long_whoever_the_address_is() {
    let app = TestApp::with(&[("bcrypt_cost", "5")]);
    let user = app.new_user().await;
    let taken = app.new_user().await.email;
    let mut reasons = Vec::new();
    for name in ["unknown", "unknown, again", "taken"] {
        let mut reason = Reason::new(
            name,
            "/api/v1/me",
            202,
            |email| json!({"email": email, "current_password": PASSWORD}),
        );
        (reason.method, reason.token) = (Method::PATCH, user.access_token.clone());
        reason.is_fresh = name != "taken";
        reasons.push(reason);
    }
    reasons[2].body["email"] = json!(taken);
    assert_alike(&app, &reasons, || {}).await;
}

/// How long each answer took, by reason.
async fn time(app: &TestApp, reasons: &[Reason], before_round: &impl Fn()) -> Vec<Vec<Duration>> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut times = vec![Vec::with_capacity(ROUNDS); reasons.len()];
    let mut order: Vec<usize> = (0..reasons.len()).collect();
    let mut random: u64 = 0x9e37_79b9_7f4a_7c15;
    for round in 0..ROUNDS + 10 {
        shuffle(&mut order, &mut random);
        before_round();
        for &reason in &order {
            let asked = &reasons[reason];
            let url = format!("http://{}{}", app.address(), asked.path);
            let mut call = client
                .request(asked.method.clone(), &url)
                .header("cookie", &asked.cookie)
                .json(&asked.body());
            if !asked.token.is_empty() {
                call = call.bearer_auth(&asked.token);
            }
            let start = Instant::now();
            let answer = call.send().await.unwrap();
            let taken = start.elapsed();
            assert_eq!(answer.status(), asked.status, "{}", asked.name);
            answer.bytes().await.unwrap();
            // The first ones meet instances that are still starting.
            if round >= 10 {
                times[reason].push(taken);
            }
        }
    }
    times
}

/// Fisher and Yates, with Marsaglia's xorshift: the same order in every run is as good as any.
fn shuffle(order: &mut [usize], random: &mut u64) {
    for last in (1..order.len()).rev() {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        let other = usize::try_from(*random % (last as u64 + 1)).unwrap();
        order.swap(last, other);
    }
}

/// By how many standard deviations the ranks of `a` among both are above what they would be if both were alike.
fn mann_whitney(a: &[Duration], b: &[Duration]) -> f64 {
    let mut all: Vec<(Duration, bool)> = a.iter().map(|time| (*time, true)).collect();
    all.extend(b.iter().map(|time| (*time, false)));
    all.sort_unstable();
    // Nanoseconds are never equal often enough for ties to matter.
    let ranks = all.iter().zip(1_u32..).filter(|((_, is_a), _)| *is_a);
    let sum: f64 = ranks.map(|(_, rank)| f64::from(rank)).sum();
    let count = |times: &[Duration]| f64::from(u32::try_from(times.len()).unwrap());
    let (a, b) = (count(a), count(b));
    let expected = a * (a + b + 1.0) / 2.0;
    let deviation = (a * b * (a + b + 1.0) / 12.0).sqrt();
    (sum - expected) / deviation
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times[times.len() / 2]
}

#[test]
fn the_rank_test_gives_what_the_textbook_gives() {
    let millis = |times: &[u64]| {
        times
            .iter()
            .copied()
            .map(Duration::from_millis)
            .collect::<Vec<_>>()
    };
    // Complete separation of four and four: U = 16, whose mean is 8 and standard deviation the root of 12.
    let z = mann_whitney(&millis(&[5, 6, 7, 8]), &millis(&[1, 2, 3, 4]));
    assert!((z - 8.0 / 12.0_f64.sqrt()).abs() < 1e-9, "{z}");
    let z = mann_whitney(&millis(&[1, 4, 5, 8]), &millis(&[2, 3, 6, 7]));
    assert!(z.abs() < 1e-9, "{z}");
}
