//! The signing key: made once, kept, agreed on.

use jetway_tests::{Setup, TestApp, state, tokens};
use serde_json::Value;

#[tokio::test]
async fn two_gateways_that_start_at_once_agree_on_one_key() {
    let apps = Setup::usual().start_several(2);
    let (one, other) = (&apps[0], &apps[1]);

    let (ada, bob) = tokio::join!(one.new_user(), other.new_user());

    let kid = |token: &str| tokens::read(token).0["kid"].clone();
    assert_eq!(kid(&ada.access_token), kid(&bob.access_token));
    assert_eq!(keys(one).await.as_array().unwrap().len(), 1);
    assert_eq!(keys(one).await, keys(other).await);
    assert_eq!(one.rows_in("signing_keys"), 1);
    other.get("/api/v1/me").by(&ada).await.expect_json(200);
    other.get("/api/v1/auth/check").by(&ada).await.expect(200);
    one.get("/api/v1/auth/check").by(&bob).await.expect(200);
}

async fn keys(app: &TestApp) -> Value {
    app.get("/.well-known/jwks.json").await.json()["keys"].clone()
}

#[tokio::test]
async fn the_private_half_is_not_in_the_key_value_store() {
    let app = TestApp::start();
    app.new_user().await;
    let private = "SELECT * FROM signing_keys";
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
    let user = app.new_user().await;
    let published = keys(&app).await;
    app.restart_after(|state| std::fs::remove_file(state::key_value_file(state)).unwrap());

    app.get("/readyz").await.expect_json(200);

    assert_eq!(keys(&app).await, published);
    app.get("/api/v1/auth/check").by(&user).await.expect(200);
}
