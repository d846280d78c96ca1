//! Things break, and the gateway says so and goes on.

use std::time::{Duration, Instant};

use jetway_tests::app::{PASSWORD, new_email};
use jetway_tests::redis::Redis;
use jetway_tests::setup::unused_port;
use jetway_tests::{TestApp, state};
use tokio::net::TcpListener;

/// Far longer than a sign-up takes, far shorter than any connection's timeout.
const PROMPT: Duration = Duration::from_secs(10);

async fn assert_sign_up_is_prompt(app: &TestApp) {
    let start = Instant::now();
    let email = new_email();
    app.sign_up(&email).await.expect_json(201);
    app.sign_in(&email, PASSWORD).await.expect_json(200);
    assert!(start.elapsed() < PROMPT, "{:?}", start.elapsed());
}

#[tokio::test]
async fn without_redis_sign_up_neither_fails_nor_waits() {
    assert_sign_up_is_prompt(TestApp::shared()).await;
}

#[tokio::test]
async fn when_redis_goes_sign_up_neither_fails_nor_waits_and_when_it_is_back_events_flow_again() {
    let port = unused_port();
    let redis = Redis::on(port);
    let app = TestApp::with(&[("redis_url", &redis.url())]);
    assert_sign_up_is_prompt(&app).await;

    redis.kill();
    for _ in 0..3 {
        assert_sign_up_is_prompt(&app).await;
    }

    let redis = Redis::on(port);
    let mut events = redis.subscribe("jetway.events").await;
    assert_sign_up_is_prompt(&app).await;
    events.next().await;
}

#[tokio::test]
async fn a_redis_that_accepts_and_never_answers_holds_nobody_up() {
    // Nobody accepts: the kernel does, and then nothing comes.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    let app = TestApp::with(&[("redis_url", &url)]);

    for _ in 0..3 {
        assert_sign_up_is_prompt(&app).await;
    }
}

#[tokio::test]
async fn a_dropped_table_is_a_500_that_tells_nothing() {
    let app = TestApp::start();
    let user = app.new_user().await;
    let break_it = "DROP TABLE refresh_tokens; DROP TABLE sessions; DROP TABLE user_roles; DROP TABLE users;";
    state::database(&app.state())
        .execute_batch(&format!("PRAGMA foreign_keys = OFF; {break_it}"))
        .unwrap();

    let sign_up = app.sign_up(&new_email()).await;
    let sign_in = app.sign_in(&user.email, PASSWORD).await;

    for answer in [sign_up, sign_in] {
        answer.expect_problem(500, "internal_error");
        let said = String::from_utf8_lossy(&answer.body).to_lowercase();
        for secret in ["sql", "table", "users", ".db"] {
            assert!(!said.contains(secret), "{said}");
        }
    }
    // The log has the cause, and the routes that do without the database go on.
    assert!(app.log().contains("no such table"), "{}", app.log());
    app.get("/api/v1/flights").by(&user).await.expect(200);
    app.get("/healthz").await.expect(200);
}

#[tokio::test]
async fn a_locked_database_is_a_problem_and_passes() {
    let app = TestApp::start();
    let user = app.new_user().await;
    let connection = state::database(&app.state());
    connection.execute_batch("BEGIN EXCLUSIVE").unwrap();

    let answer = app.sign_up(&new_email()).await;

    answer.expect_problem(503, "not_ready");
    app.get("/api/v1/bookings").by(&user).await.expect(200);
    connection.execute_batch("ROLLBACK").unwrap();
    app.sign_up(&new_email()).await.expect_json(201);
}

#[tokio::test]
async fn a_key_value_store_that_is_no_store_is_a_problem() {
    let mut app = TestApp::start();
    let user = app.new_user().await;
    app.restart_after(|state| {
        for suffix in ["-wal", "-shm"] {
            std::fs::remove_file(format!("{}{suffix}", state::key_value_file(state).display())).ok();
        }
        std::fs::write(
            state::key_value_file(state),
            "this is no database, and never was one".repeat(100),
        )
        .unwrap();
    });

    for path in ["/api/v1/flights", "/api/v1/me", "/api/v1/bookings"] {
        let answer = app.get(path).by(&user).await;
        // Whoever cannot be told from a signed-out user, or counted, is not waved on.
        assert!(answer.status.is_server_error(), "{}", answer.describe());
        let code = answer.json()["code"].as_str().unwrap().to_owned();
        answer.expect_problem(answer.status.as_u16(), &code);
    }
    app.get("/readyz").await.expect_problem(503, "not_ready");
    app.get("/healthz").await.expect(200);
}
