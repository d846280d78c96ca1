//! `POST /api/v1/token/refresh`.

use std::time::Duration;

use jetway_tests::{Setup, TestApp, User, state, tokens};
use serde_json::json;

#[tokio::test]
async fn a_refresh_token_is_traded_for_the_next_pair() {
    let app = Setup::usual().with_defaults_of("access_token_ttl").start();
    let user = app.new_user().await;

    let answer = app.refresh(&user).await;

    answer.expect_json(200);
    let expected = json!({
        "access_token": "…",
        "token_type": "Bearer",
        "expires_in": 600,
        "refresh_token": "…",
        "user": {"id": user.id, "email": user.email, "roles": ["customer"]},
    });
    assert_eq!(answer.masked(&["access_token", "refresh_token"]), expected);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let next = User::from_answer(&answer.json(), &user.password);
    assert_ne!(next.refresh_token, user.refresh_token);
    let (before, after) = (
        tokens::read(&user.access_token).1,
        tokens::read(&next.access_token).1,
    );
    assert_eq!(before["sid"], after["sid"], "the session stays the same");
    assert_ne!(before["jti"], after["jti"]);
    app.get("/api/v1/me").by(&next).await.expect_json(200);
    app.refresh(&next).await.expect_json(200);
}

#[tokio::test]
async fn a_token_that_comes_twice_ends_its_whole_family() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let next = User::from_answer(&app.refresh(&user).await.expect_json(200), &user.password);

    app.refresh(&user)
        .await
        .expect_problem(401, "invalid_refresh_token");

    app.refresh(&next)
        .await
        .expect_problem(401, "invalid_refresh_token");
    app.eventually(401, || app.get("/api/v1/auth/check").by(&next))
        .await;
}

#[tokio::test]
async fn a_replay_ends_no_other_session() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let other = app.signed_in_again(&user).await;
    app.refresh(&user).await.expect_json(200);

    app.refresh(&user)
        .await
        .expect_problem(401, "invalid_refresh_token");

    app.refresh(&other).await.expect_json(200);
}

#[tokio::test]
async fn of_many_trades_of_one_token_at_once_at_most_one_wins() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    let calls: Vec<_> = (0..20)
        .map(|_| tokio::spawn(app.refresh(&user).into_future()))
        .collect();
    let mut won = 0;
    for call in calls {
        let answer = call.await.unwrap();
        if answer.status == 200 {
            won += 1;
        } else {
            answer.expect_problem(401, "invalid_refresh_token");
        }
    }

    assert_eq!(won, 1);
}

#[tokio::test]
async fn what_was_never_issued_is_refused() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    for token in [
        "",
        "x",
        &"A".repeat(43),
        &"A".repeat(5000),
        &user.access_token,
        "\u{e9}",
        "' OR 1=1 --",
    ] {
        let call = app
            .post("/api/v1/token/refresh")
            .json(&json!({"refresh_token": token}));
        call.await.expect_problem(401, "invalid_refresh_token");
    }
}

#[tokio::test]
async fn a_refresh_token_ends_with_its_time() {
    let app = TestApp::with(&[("refresh_token_ttl", "1")]);
    let user = app.new_user().await;
    tokio::time::sleep(Duration::from_millis(2100)).await;

    app.refresh(&user)
        .await
        .expect_problem(401, "invalid_refresh_token");
}

#[tokio::test]
async fn the_next_pair_has_the_roles_of_now() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let path = format!("/api/v1/users/{}/roles/airline", user.id);
    app.put(&path).by(app.admin().await).await.expect_empty(204);

    let answer = app.refresh(&user).await.expect_json(200);

    assert_eq!(answer["user"]["roles"], json!(["airline", "customer"]));
    let next = User::from_answer(&answer, &user.password);
    assert_eq!(
        tokens::read(&next.access_token).1["roles"],
        json!(["airline", "customer"])
    );
}

#[tokio::test]
async fn only_a_hash_of_the_refresh_token_is_stored() {
    let app = TestApp::start();
    let user = app.new_user().await;

    let disk = state::all_bytes(&app.state());

    for token in [&user.refresh_token, &user.access_token] {
        assert!(!disk.windows(token.len()).any(|bytes| bytes == token.as_bytes()));
        assert!(!app.log().contains(token.as_str()));
    }
}
