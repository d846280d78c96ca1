//! The key of the caller assertions: who gets it, and what happens where it cannot be had.

use ed25519_dalek::SigningKey;
use jetway_tests::upstream::Seen;
use jetway_tests::{Answer, Setup, TestApp, raw, state, tokens};

use crate::assertion::{ASSERTION, assertion, jwks};

/// The name of the key that signed what reached the service.
fn kid(answer: &Answer) -> String {
    tokens::read(&assertion(answer)).0["kid"].to_string()
}

#[tokio::test]
async fn the_private_half_is_to_be_had_from_within_alone() {
    let app = TestApp::shared();
    app.get("/api/v1/flights").await.expect(200);

    for headers in [
        "",
        "host: signin.spin.internal\r\n",
        "spin-client-addr: 0.0.0.0:0\r\n",
        "x-forwarded-for: 0.0.0.0\r\n",
    ] {
        for target in [
            "/internal/assertion-key",
            "//internal/assertion-key",
            "/signin/internal/assertion-key",
            "/api/v1/me/../../../internal/assertion-key",
            "/api/v1/signin/internal/assertion-key",
            "/api/v1/flights/../../../internal/assertion-key",
            "http://signin.spin.internal/internal/assertion-key",
        ] {
            let Some(answer) = raw::try_get(app.address(), target, headers).await else {
                continue;
            };
            assert!(answer.status.is_client_error(), "{target}: {}", answer.describe());
            assert!(!String::from_utf8_lossy(&answer.body).contains("private_key"));
        }
    }
}

#[tokio::test]
async fn a_route_that_lets_strangers_in_by_mistake_gives_no_key_away() {
    let app = Setup::usual()
        .with_manifest_edit("route = \"/api/v1/signout\"", "route = \"/internal/...\"")
        .start();

    app.get("/internal/ready").await.expect(200);
    for own in ["", "0.0.0.0:0"] {
        let call = app.get("/internal/assertion-key").header("spin-client-addr", own);
        call.await.expect_problem(404, "not_found");
    }
}

#[tokio::test]
async fn where_the_key_cannot_be_had_the_variable_decides() {
    // The manifest no longer lets the proxy ask.
    let cut_off = |mode| {
        Setup::usual()
            .with_manifest_edit(", \"http://signin.spin.internal\"]", "]")
            .with(&[("caller_assertion", mode)])
            .start()
    };

    let optional = cut_off("optional");
    let answer = optional.get("/api/v1/flights").header(ASSERTION, "forged").await;
    assert!(Seen::of(&answer).header(ASSERTION).is_empty());
    assert!(
        optional.log().contains("event=assertion_missing"),
        "{}",
        optional.log()
    );

    let required = cut_off("required");
    let refused = required.get("/api/v1/flights").await;
    refused.expect_problem(503, "not_ready");
    assert!(refused.header("retry-after").is_some());
    assert!(!required.flights().saw("/api/v1/flights"));
}

#[tokio::test]
async fn a_new_key_signs_and_the_old_one_still_verifies() {
    let mut app = TestApp::start();
    let old = assertion(&app.get("/api/v1/flights").await);
    app.restart_after(|folder| {
        let key = SigningKey::from_bytes(&[7; 32]);
        let kid = format!("{:0>43}", "new");
        let insert = "INSERT INTO assertion_keys (kid, private_key, created_at, published_at)
             VALUES (?1, ?2, '9999-01-01T00:00:00.000Z', '2020-01-01T00:00:00.000Z')";
        state::database(folder)
            .execute(insert, (kid, key.to_bytes()))
            .unwrap();
    });

    let new = assertion(&app.get("/api/v1/flights").await);

    let jwks = jwks(&app).await;
    assert_eq!(jwks["keys"].as_array().unwrap().len(), 3);
    assert_ne!(tokens::read(&new).0["kid"], tokens::read(&old).0["kid"]);
    assert!(tokens::is_signed_by(&new, &jwks) && tokens::is_signed_by(&old, &jwks));
    assert_eq!(app.rows_in("signing_keys"), 1);
}

#[tokio::test]
async fn many_who_come_first_agree_on_one_key() {
    let apps = Setup::usual().start_several(2);
    let calls = (0..16).map(|each| apps[each % 2].get("/api/v1/flights").into_future());
    let calls: tokio::task::JoinSet<_> = calls.collect();
    let answers = calls.join_all().await;

    let kids: std::collections::BTreeSet<_> = answers
        .iter()
        .map(|answer| tokens::read(&assertion(answer)).0["kid"].to_string())
        .collect();
    assert_eq!(kids.len(), 1, "{kids:?}");
    assert_eq!(apps[0].rows_in("assertion_keys"), 1);
    assert_eq!(jwks(&apps[0]).await, jwks(&apps[1]).await);
}

#[tokio::test]
async fn with_a_secret_the_instances_leave_the_key_to_one_another() {
    const SECRET: (&str, &str) = ("assertion_secret", "of which nobody has the first idea");
    let mut app = TestApp::with(&[SECRET]);
    let first = kid(&app.get("/api/v1/flights").await);

    // In the store is nothing that anybody could sign with.
    let seed: Vec<u8> = state::database(&app.state())
        .query_row("SELECT private_key FROM assertion_keys", [], |row| row.get(0))
        .unwrap();
    let sealed: Vec<u8> = state::key_value(&app.state())
        .query_row(
            "SELECT value FROM spin_key_value WHERE key = 'assertion-key/sealed'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(!sealed.windows(8).any(|part| seed.starts_with(part)));

    let published = jwks(&app).await;

    // Without the database `signin` hands over nothing.
    app.restart_after(|folder| {
        let file = state::database_file(folder);
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(file).unwrap();
    });
    assert_eq!(kid(&app.get("/api/v1/flights").await), first);
    assert!(tokens::is_signed_by(
        &assertion(&app.get("/api/v1/flights").await),
        &published
    ));

    // Another secret, or none, opens nothing.
    for secret in ["another that is as hard to guess as that", ""] {
        let other = app.another_with(&[("assertion_secret", secret)]);
        let answer = other.get("/api/v1/flights").await;
        assert!(Seen::of(&answer).header(ASSERTION).is_empty(), "{secret}");
    }
}

#[tokio::test]
async fn a_secret_that_can_be_guessed_is_refused_and_not_shown() {
    let app = TestApp::with(&[("assertion_secret", "hunter2")]);
    let problem = app
        .get("/api/v1/flights")
        .await
        .expect_problem(503, "misconfigured");
    assert!(problem["detail"].as_str().unwrap().contains("assertion_secret"));
    assert!(!app.log().contains("hunter2"));
}
