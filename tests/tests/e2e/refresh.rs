//! `POST /api/v1/token/refresh`.

use std::collections::BTreeSet;
use std::time::Duration;

use jetway_tests::redis::Redis;
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

/// Past the time in which a token is given its successor again.
async fn past_the_grace() {
    tokio::time::sleep(Duration::from_millis(10_500)).await;
}

#[tokio::test]
async fn a_client_that_lost_the_answer_asks_again_and_goes_on() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let lost = User::from_answer(&app.refresh(&user).await.expect_json(200), &user.password);

    let next = User::from_answer(&app.refresh(&user).await.expect_json(200), &user.password);

    assert_eq!(next.refresh_token, lost.refresh_token);
    app.get("/api/v1/me").by(&next).await.expect_json(200);
    app.refresh(&next).await.expect_json(200);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_given_again_however_late_and_no_theft_is_seen() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let lost = User::from_answer(&app.refresh(&user).await.expect_json(200), &user.password);
    past_the_grace().await;

    let next = User::from_answer(&app.refresh(&user).await.expect_json(200), &user.password);

    assert_eq!(next.refresh_token, lost.refresh_token);
    app.refresh(&next).await.expect_json(200);
}

#[tokio::test]
async fn a_token_that_others_overtook_is_refused_and_ends_nothing() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let second = User::from_answer(&app.refresh(&user).await.expect_json(200), &user.password);
    let third = User::from_answer(&app.refresh(&second).await.expect_json(200), &user.password);

    app.refresh(&user)
        .await
        .expect_problem(401, "invalid_refresh_token");

    app.refresh(&third).await.expect_json(200);
}

#[tokio::test]
async fn a_token_whose_successor_was_used_ends_its_whole_family_and_no_other_and_the_platform_is_told() {
    let redis = Redis::start();
    let app = TestApp::with(&[("redis_url", &redis.url())]);
    let mut events = redis.subscribe("jetway.events").await;
    let user = app.new_user().await;
    assert_eq!(events.next().await["type"], "com.jetway.user.registered.v1");
    let other = app.signed_in_again(&user).await;
    let next = User::from_answer(&app.refresh(&user).await.expect_json(200), &user.password);
    let next = User::from_answer(&app.refresh(&next).await.expect_json(200), &user.password);
    past_the_grace().await;

    app.refresh(&user)
        .await
        .expect_problem(401, "invalid_refresh_token");

    app.refresh(&next)
        .await
        .expect_problem(401, "invalid_refresh_token");
    app.eventually(401, || app.get("/api/v1/auth/check").by(&next))
        .await;
    app.get("/api/v1/auth/check").by(&other).await.expect(200);
    app.refresh(&other).await.expect_json(200);
    loop {
        let event = events.next().await;
        if event["type"] == "com.jetway.refresh_token.replayed.v1" {
            let session = &tokens::read(&user.access_token).1["sid"];
            assert_eq!(event["subject"], user.id.as_str());
            assert_eq!(event["data"], json!({"user_id": user.id, "session_id": session}));
            break;
        }
    }
}

#[tokio::test]
async fn fifty_trades_of_one_token_at_once_on_two_gateways_get_the_same_successor() {
    let apps = Setup::usual().start_several(2);
    let user = apps[0].new_user().await;
    let before = apps[0].rows_in("refresh_tokens");

    let calls: Vec<_> = (0..50)
        .map(|i| tokio::spawn(apps[i % 2].refresh(&user).into_future()))
        .collect();
    let mut successors = BTreeSet::new();
    for call in calls {
        let answer = call.await.unwrap().expect_json(200);
        successors.insert(answer["refresh_token"].as_str().unwrap().to_owned());
    }

    assert_eq!(successors.len(), 1);
    assert_eq!(apps[0].rows_in("refresh_tokens"), before + 1);
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
async fn a_session_ends_in_any_case_at_its_time() {
    let app = TestApp::with(&[("session_ttl", "3")]);
    let mut user = app.new_user().await;
    let start = std::time::Instant::now();
    while start.elapsed() < Duration::from_secs(20) {
        let answer = app.refresh(&user).await;
        if answer.status == 401 {
            answer.expect_problem(401, "invalid_refresh_token");
            return;
        }
        user = User::from_answer(&answer.expect_json(200), &user.password);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("it was refreshed for ever");
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
