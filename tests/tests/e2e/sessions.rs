//! `GET /api/v1/me/sessions` and `DELETE /api/v1/me/sessions/{id}`.

use jetway_tests::{TestApp, User, tokens};
use serde_json::Value;
use uuid::Uuid;

async fn sessions_of(app: &TestApp, user: &User) -> Vec<Value> {
    let list = app.get("/api/v1/me/sessions").by(user).await.expect_json(200);
    list["sessions"].as_array().unwrap().clone()
}

fn session_of(user: &User) -> String {
    tokens::read(&user.access_token).1["sid"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_user_sees_their_own_sessions_and_which_one_it_is() {
    let app = TestApp::shared();
    let (ada, _bob) = (app.new_user().await, app.new_user().await);
    let other = app.signed_in_again(&ada).await;

    let sessions = sessions_of(app, &ada).await;

    let mut ids: Vec<_> = sessions
        .iter()
        .map(|session| session["id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    assert_eq!(ids, [session_of(&ada), session_of(&other)]);
    for session in &sessions {
        assert_eq!(session["current"], session["id"] == session_of(&ada).as_str());
        assert!(
            session.get("refresh_token").is_none() && session.get("hash").is_none(),
            "{session}"
        );
    }
}

#[tokio::test]
async fn a_session_remembers_what_signed_in_and_not_what_that_claimed_to_be() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    let call = app
        .sign_in(&user.email, &user.password)
        .from("127.0.0.77")
        .header("spin-client-addr", "6.6.6.6:1");
    let answer = call.header("user-agent", "Testfox/1.0").await.expect_json(200);
    let session = session_of(&User::from_answer(&answer, &user.password));

    let sessions = sessions_of(app, &user).await;
    let shown = sessions
        .iter()
        .find(|shown| shown["id"] == session.as_str())
        .unwrap();
    assert_eq!(shown["user_agent"], "Testfox/1.0");
    assert!(
        shown["client_address"]
            .as_str()
            .unwrap()
            .starts_with("127.0.0.77"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_user_ends_one_of_their_sessions() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let lost = app.signed_in_again(&user).await;

    app.delete(&format!("/api/v1/me/sessions/{}", session_of(&lost)))
        .by(&user)
        .await
        .expect_empty(204);

    app.eventually(401, || app.get("/api/v1/auth/check").by(&lost))
        .await;
    app.refresh(&lost)
        .await
        .expect_problem(401, "invalid_refresh_token");
    assert_eq!(sessions_of(app, &user).await.len(), 1);
    app.refresh(&user).await.expect_json(200);
}

#[tokio::test]
async fn nobody_ends_the_session_of_somebody_else() {
    let app = TestApp::shared();
    let (ada, bob) = (app.new_user().await, app.new_user().await);

    for id in [
        session_of(&ada),
        Uuid::now_v7().to_string(),
        "nonsense".to_owned(),
    ] {
        app.delete(&format!("/api/v1/me/sessions/{id}"))
            .by(&bob)
            .await
            .expect_problem(404, "not_found");
    }

    app.refresh(&ada).await.expect_json(200);
}

#[tokio::test]
async fn nobody_s_sessions_are_not_shown() {
    let app = TestApp::shared();

    app.get("/api/v1/me/sessions")
        .await
        .expect_problem(401, "unauthenticated");
    app.delete("/api/v1/me/sessions/x")
        .await
        .expect_problem(401, "unauthenticated");
}
