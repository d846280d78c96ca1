//! What administrators do to users: `/api/v1/users/{id}/disabled` and `/sessions`.

use jetway_tests::app::PASSWORD;
use jetway_tests::{TestApp, User, state};
use serde_json::json;

fn disabled(user: &User) -> String {
    format!("/api/v1/users/{}/disabled", user.id)
}

fn sessions(user: &User) -> String {
    format!("/api/v1/users/{}/sessions", user.id)
}

/// Until what has been announced has reached every instance.
async fn assert_signed_out(app: &TestApp, user: &User) {
    app.eventually(401, || app.get("/api/v1/bookings").by(user)).await;
    app.refresh(user)
        .await
        .expect_problem(401, "invalid_refresh_token");
}

#[tokio::test]
async fn a_disabled_user_is_signed_out_everywhere_and_cannot_sign_in() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let second = app.signed_in_again(&user).await;

    app.put(&disabled(&user))
        .by(app.admin().await)
        .await
        .expect_empty(204);

    assert_signed_out(app, &user).await;
    assert_signed_out(app, &second).await;
    let refused = app.sign_in(&user.email, PASSWORD).await;
    let refused = refused.expect_problem(401, "invalid_credentials");
    let wrong = app.sign_in(&user.email, "another password").await;
    assert_eq!(
        refused["detail"],
        wrong.expect_problem(401, "invalid_credentials")["detail"]
    );
}

#[tokio::test]
async fn an_enabled_user_signs_in_again_and_old_sessions_stay_over() {
    let app = TestApp::shared();
    let admin = app.admin().await;
    let user = app.new_user().await;

    for _ in 0..2 {
        app.put(&disabled(&user)).by(admin).await.expect_empty(204);
    }
    let shown = app.get(&format!("/api/v1/users/{}", user.id)).by(admin).await;
    assert_eq!(shown.expect_json(200)["disabled"], json!(true));
    for _ in 0..2 {
        app.delete(&disabled(&user)).by(admin).await.expect_empty(204);
    }

    app.sign_in(&user.email, PASSWORD).await.expect_json(200);
    assert_signed_out(app, &user).await;
    let shown = app.get(&format!("/api/v1/users/{}", user.id)).by(admin).await;
    assert_eq!(shown.expect_json(200)["disabled"], json!(false));
}

#[tokio::test]
async fn the_last_administrator_who_can_sign_in_stays_one() {
    let app = TestApp::start();
    let first = app.admin().await;
    let second = app.new_user_with_role("admin").await;
    app.put(&disabled(&second)).by(first).await.expect_empty(204);

    // The disabled one does not count.
    app.put(&disabled(first))
        .by(first)
        .await
        .expect_problem(409, "last_admin");
    // Whatever becomes of such an act, tokens from before it are worth nothing.
    let first = app.signed_in_again(first).await;
    app.delete(&format!("/api/v1/users/{}/roles/admin", first.id))
        .by(&first)
        .await
        .expect_problem(409, "last_admin");

    let first = app.signed_in_again(&first).await;
    app.get("/api/v1/roles").by(&first).await.expect_json(200);
}

#[tokio::test]
async fn a_disabled_administrator_is_one_no_longer_whatever_the_token_says() {
    let app = TestApp::shared();
    let other = app.new_user_with_role("admin").await;
    app.get("/api/v1/roles").by(&other).await.expect_json(200);

    app.put(&disabled(&other))
        .by(app.admin().await)
        .await
        .expect_empty(204);

    // At once, by the database; the token itself is refused a moment later.
    let answer = app.get("/api/v1/roles").by(&other).await;
    assert!(
        [401, 403].contains(&answer.status.as_u16()),
        "{}",
        answer.describe()
    );
}

#[tokio::test]
async fn two_admins_who_disable_each_other_do_not_both_succeed() {
    for _ in 0..5 {
        let app = TestApp::start();
        let first = app.admin().await.clone();
        let second = app.new_user_with_role("admin").await;

        let (one, other) = tokio::join!(
            app.put(&disabled(&second)).by(&first),
            app.put(&disabled(&first)).by(&second),
        );

        let statuses = [one.status.as_u16(), other.status.as_u16()];
        assert!(statuses.contains(&204), "{} {}", one.describe(), other.describe());
        assert!(
            statuses.iter().any(|status| [401, 403, 409].contains(status)),
            "{statuses:?}"
        );
        let enabled = "SELECT count(*) FROM user_roles JOIN users ON users.id = user_id
            WHERE role = ?1 AND disabled_at IS NULL";
        assert_eq!(state::number(&app.state(), enabled, "admin"), 1);
    }
}

#[tokio::test]
async fn an_admin_sees_a_users_sessions_and_ends_one_or_all() {
    let app = TestApp::shared();
    let admin = app.admin().await;
    let first = app.new_user().await;
    let second = app.signed_in_again(&first).await;
    let third = app.signed_in_again(&first).await;

    let list = app.get(&sessions(&first)).by(admin).await.expect_json(200);
    let open = list["sessions"].as_array().unwrap();
    assert_eq!((open.len(), &list["next_cursor"]), (3, &json!(null)));
    assert_eq!(open[0]["client_address"], "127.0.0.1");
    // The latest first.
    let last = format!("{}/{}", sessions(&first), open[0]["id"].as_str().unwrap());
    app.delete(&last).by(admin).await.expect_empty(204);
    app.delete(&last).by(admin).await.expect_problem(404, "not_found");

    assert_signed_out(app, &third).await;
    app.get("/api/v1/me").by(&second).await.expect_json(200);
    for _ in 0..2 {
        app.delete(&sessions(&first)).by(admin).await.expect_empty(204);
    }
    assert_signed_out(app, &first).await;
    assert_signed_out(app, &second).await;
    let list = app.get(&sessions(&first)).by(admin).await.expect_json(200);
    assert_eq!(list["sessions"], json!([]));
    app.sign_in(&first.email, PASSWORD).await.expect_json(200);
}

#[tokio::test]
async fn a_session_is_ended_only_as_its_own_users() {
    let app = TestApp::shared();
    let admin = app.admin().await;
    let (ada, bob) = (app.new_user().await, app.new_user().await);
    let list = app.get(&sessions(&bob)).by(admin).await.expect_json(200);
    let id = list["sessions"][0]["id"].as_str().unwrap();

    for path in [
        format!("{}/{id}", sessions(&ada)),
        format!("{}/x", sessions(&ada)),
    ] {
        app.delete(&path).by(admin).await.expect_problem(404, "not_found");
    }

    app.get("/api/v1/me").by(&bob).await.expect_json(200);
}

#[tokio::test]
async fn who_does_not_exist_is_not_found_and_who_is_no_administrator_is_refused() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let nobody = User {
        id: format!("{}000000000000", &user.id[..24]),
        ..user.clone()
    };

    for call in [
        app.put(&disabled(&nobody)),
        app.delete(&disabled(&nobody)),
        app.get(&sessions(&nobody)),
        app.delete(&sessions(&nobody)),
    ] {
        call.by(app.admin().await).await.expect_problem(404, "not_found");
    }
    for call in [
        app.put(&disabled(&user)),
        app.delete(&disabled(&user)),
        app.get(&sessions(&user)),
        app.delete(&sessions(&user)),
    ] {
        call.by(&user).await.expect_problem(403, "forbidden");
    }
}
