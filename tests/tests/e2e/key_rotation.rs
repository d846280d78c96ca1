//! Signing keys are replaced while the gateways work, and nobody notices.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jetway_tests::app::{PASSWORD, new_email};
use jetway_tests::{Setup, TestApp, state, tokens};

async fn published(app: &TestApp) -> BTreeSet<String> {
    let answer = app.get("/.well-known/jwks.json").await;
    answer.expect(200);
    assert!(
        answer
            .header("cache-control")
            .is_some_and(|value| value.contains("max-age"))
    );
    let keys = answer.json();
    let keys = keys["keys"].as_array().unwrap().iter();
    keys.filter(|key| key.get("https://jetway.dev/purpose").is_none())
        .map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

fn kid(token: &str) -> String {
    tokens::read(token).0["kid"].as_str().unwrap().to_owned()
}

/// What `cargo xtask keys rotate` does.
fn rotate(app: &TestApp) {
    let database = state::database(&app.state());
    database.busy_timeout(Duration::from_secs(30)).unwrap();
    database
        .execute_batch(
            "UPDATE signing_keys SET due_at = 'now' WHERE due_at IS NULL;
             UPDATE assertion_keys SET due_at = 'now' WHERE due_at IS NULL;",
        )
        .unwrap();
}

#[tokio::test]
async fn keys_are_replaced_under_load_and_no_request_fails() {
    let apps = Setup::usual()
        .with(&[("signing_key_publish_ahead", "4s"), ("access_token_ttl", "60s")])
        .start_several(2);
    let email = new_email();
    apps[0].sign_up(&email).await.expect_json(201);
    let first = apps[0].sign_in(&email, PASSWORD).await.expect_json(200);
    let old = kid(first["access_token"].as_str().unwrap());
    let last_of_the_old = Mutex::new(first["access_token"].as_str().unwrap().to_owned());
    assert_eq!(published(&apps[0]).await, BTreeSet::from([old.clone()]));

    let (done, requests) = (AtomicBool::new(false), AtomicUsize::new(0));
    let load = async |number: usize| {
        let mut session = apps[0].sign_in(&email, PASSWORD).await.expect_json(200);
        let mut kids = BTreeSet::new();
        for round in 0.. {
            if done.load(Ordering::Relaxed) {
                break;
            }
            let app = &apps[(number + round) % 2];
            // Either gateway refreshes, and the other takes what it issued: at once.
            session = app
                .post("/api/v1/token/refresh")
                .json(&serde_json::json!({"refresh_token": session["refresh_token"]}))
                .await
                .expect_json(200);
            let token = session["access_token"].as_str().unwrap();
            if kid(token) == old {
                *last_of_the_old.lock().unwrap() = token.to_owned();
            }
            kids.insert(kid(token));
            for app in &apps {
                app.get("/api/v1/bookings/1").token(token).await.expect(200);
                app.get("/api/v1/me").token(token).await.expect_json(200);
            }
            if round % 200 == 0 {
                app.sign_in(&email, PASSWORD).await.expect_json(200);
            }
            requests.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        kids
    };
    let director = async {
        let deadline = Instant::now() + Duration::from_secs(400);
        let wait = async |what: &dyn Fn() -> bool| {
            while !what() {
                assert!(Instant::now() < deadline, "the keys were not replaced in time");
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        };
        tokio::time::sleep(Duration::from_secs(1)).await;
        rotate(&apps[0]);
        wait(&|| apps[0].rows_in("signing_keys") == 2).await;
        // The new one is published, and the old one signs no more in the end: its private half is gone.
        wait(&|| apps[0].rows_in("retired_signing_keys") == 1).await;
        assert_eq!(apps[0].rows_in("signing_keys"), 1);
        let keys = published(&apps[1]).await;
        assert!(keys.len() == 2 && keys.contains(&old), "{keys:?}");
        // What it signed is good until its own end.
        let token = last_of_the_old.lock().unwrap().clone();
        let claims = tokens::read(&token).1;
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        if claims["exp"].as_u64().unwrap() > now.as_secs() + 5 {
            for app in &apps {
                app.get("/api/v1/bookings/1").token(&token).await.expect(200);
            }
        }
        wait(&|| apps[0].rows_in("retired_signing_keys") == 0).await;
        done.store(true, Ordering::Relaxed);
    };
    let (a, b, c, ()) = tokio::join!(load(0), load(1), load(2), director);

    for kids in [a, b, c] {
        assert_eq!(
            kids.len(),
            2,
            "each worker saw the old key and the new one: {kids:?}"
        );
        assert!(kids.contains(&old));
    }
    assert!(requests.load(Ordering::Relaxed) > 50);
    for app in &apps {
        let keys = published(app).await;
        assert!(keys.len() == 1 && !keys.contains(&old), "{keys:?}");
    }
    // Nobody was signed out: the very first refresh token is still good.
    apps[1]
        .post("/api/v1/token/refresh")
        .json(&serde_json::json!({"refresh_token": first["refresh_token"]}))
        .await
        .expect_json(200);
}

#[tokio::test]
async fn readiness_replaces_keys_where_nobody_signs_in_and_a_bad_variable_is_named() {
    let app = TestApp::start();
    app.get("/readyz").await.expect_json(200);
    rotate(&app);
    // What was found out is good for a second.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    app.get("/readyz").await.expect_json(200);
    assert_eq!(app.rows_in("signing_keys"), 2);
    assert_eq!(published(&app).await.len(), 2);

    let bad = app.another_with(&[("signing_key_max_age", "5m")]);
    let answer = bad.get("/readyz").await;
    assert_ne!(answer.status, 200);
    let answer = bad.sign_in(&new_email(), PASSWORD).await;
    assert!(
        answer.describe().contains("signing_key_max_age"),
        "{}",
        answer.describe()
    );
}
