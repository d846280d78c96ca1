//! A store that hangs is one that fails, a moment later: nobody waits for it for ever.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use jetway_tests::app::new_email;
use jetway_tests::redis::Redis;
use jetway_tests::{Setup, TestApp};

/// Far longer than the limit of three seconds, on a busy machine too.
const SOON: Duration = Duration::from_secs(30);

fn on_redis(url: &str) -> TestApp {
    let store = format!("[key_value_store.default]\ntype = \"redis\"\nurl = \"{url}\"\n");
    Setup::usual().with_runtime_config(&store).start()
}

async fn expect_the_policy_of_a_failure(app: &TestApp) {
    let start = Instant::now();
    app.get("/api/v1/flights").await.expect(200);
    app.sign_up(&new_email()).await.expect_problem(503, "not_ready");
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    // The gateway's own limit, which holds on every host.
    for words in ["event=not_counted", "no answer within 3 s", "uncounted="] {
        assert!(app.log().contains(words), "{words}: {}", app.log());
    }
}

#[tokio::test]
async fn a_store_that_accepts_and_never_answers_holds_nobody_up_for_ever() {
    // The system accepts connections for it.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let app = on_redis(&format!("redis://{}", silent.local_addr().unwrap()));

    expect_the_policy_of_a_failure(&app).await;
}

#[tokio::test]
async fn a_store_that_hangs_after_a_while_is_counted_in_again_when_it_comes_back() {
    let redis = Redis::start();
    let app = on_redis(&redis.url());
    app.get("/api/v1/flights").await.expect(200);
    app.sign_up(&new_email()).await.expect_json(201);

    redis.freeze();
    // Longer than an instance believes in it without having asked.
    tokio::time::sleep(Duration::from_secs(2)).await;
    expect_the_policy_of_a_failure(&app).await;
    redis.thaw();

    let start = Instant::now();
    while redis.number("stats/rate-limit-uncounted").await.is_none() {
        assert!(
            start.elapsed() < SOON * 2,
            "nobody wrote down what had passed: {}",
            app.log()
        );
        app.get("/api/v1/flights").await.expect(200);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    app.sign_up(&new_email()).await.expect_json(201);
}
