//! The signing key: made once, kept, agreed on.

use std::time::Duration;

use jetway_tests::app::{PASSWORD, new_email};
use jetway_tests::{Setup, TestApp, state, tokens};
use serde_json::Value;
use tokio::task::JoinSet;

#[tokio::test]
async fn two_gateways_that_start_at_once_agree_on_one_key() {
    let apps = Setup::usual().start_several(2);
    let email = new_email();
    apps[0].sign_up(&email).await.expect_json(201);

    // The first sign-in needs a key. Nobody can write for a while, so that all of these first ones find none.
    let writer = state::database(&apps[0].state());
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let calls = (0..12).map(|each| apps[each % 2].sign_in(&email, PASSWORD).into_future());
    let mut calls: JoinSet<_> = calls.collect();
    tokio::time::sleep(Duration::from_secs(2)).await;
    writer.execute_batch("COMMIT").unwrap();
    let mut sessions = Vec::new();
    while let Some(answer) = calls.join_next().await {
        let session = answer.unwrap().expect_json(200);
        sessions.push(session["access_token"].as_str().unwrap().to_owned());
    }

    assert_eq!(apps[0].rows_in("signing_keys"), 1);
    let published = keys(&apps[0]).await;
    // One for access tokens, one for caller assertions.
    assert_eq!(published.as_array().unwrap().len(), 2);
    assert_eq!(apps[0].rows_in("assertion_keys"), 1);
    assert_eq!(keys(&apps[1]).await, published);
    for token in sessions {
        assert_eq!(tokens::read(&token).0["kid"], published[0]["kid"]);
        for app in &apps {
            app.get("/api/v1/me").token(&token).await.expect_json(200);
            app.get("/api/v1/auth/check").token(&token).await.expect(200);
        }
    }
}

async fn keys(app: &TestApp) -> Value {
    app.get("/.well-known/jwks.json").await.json()["keys"].clone()
}

#[tokio::test]
async fn the_private_half_is_not_in_the_key_value_store() {
    let app = TestApp::start();
    app.new_user().await;
    let private = "SELECT * FROM signing_keys UNION ALL SELECT * FROM assertion_keys";
    let database = state::database(&app.state());
    let mut statement = database.prepare(private).unwrap();
    let columns = statement.column_count();
    let secrets: Vec<Vec<u8>> = statement
        .query_map([], |row| {
            Ok((0..columns)
                .filter_map(|column| row.get::<_, Vec<u8>>(column).ok())
                .collect::<Vec<_>>())
        })
        .unwrap()
        .flat_map(Result::unwrap)
        .collect();
    assert!(!secrets.is_empty(), "the private key is a BLOB");

    let store: Vec<u8> = ["", "-wal"]
        .iter()
        .filter_map(|suffix| {
            let file = state::key_value_file(&app.state());
            std::fs::read(format!("{}{suffix}", file.display())).ok()
        })
        .flatten()
        .collect();

    assert!(!store.is_empty());
    for secret in secrets {
        assert!(!store.windows(secret.len()).any(|bytes| bytes == secret));
    }
}

#[tokio::test]
async fn a_key_value_store_that_was_lost_is_filled_again() {
    let mut app = TestApp::start();
    let user = app.new_unverified_user().await;
    let published = keys(&app).await;
    app.restart_after(|state| std::fs::remove_file(state::key_value_file(state)).unwrap());

    app.get("/readyz").await.expect_json(200);

    assert_eq!(keys(&app).await, published);
    app.get("/api/v1/auth/check").by(&user).await.expect(200);
}
