//! `/api/v1/users/...`.

use jetway_tests::app::{PASSWORD, new_email};
use jetway_tests::{TestApp, User, state, tokens};
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test]
async fn an_admin_finds_a_user_by_address_in_any_case() {
    let app = TestApp::shared();
    let email = new_email();
    let account = as_administrators_see_it(app.sign_up(&email).await.expect_json(201));

    let path = format!("/api/v1/users?email={}", email.to_uppercase());
    let found = app.get(&path).by(app.admin().await).await.expect_json(200);

    assert_eq!(found, json!({"users": [account], "next_cursor": null}));
}

/// What sign-up answered, with what administrators see besides.
fn as_administrators_see_it(mut account: Value) -> Value {
    account["disabled"] = json!(false);
    account["email_verified"] = json!(false);
    account
}

#[tokio::test]
async fn an_address_that_nobody_has_finds_nobody() {
    let app = TestApp::shared();

    let found = app
        .get("/api/v1/users?email=nobody@example.com")
        .by(app.admin().await)
        .await
        .expect_json(200);

    assert_eq!(found, json!({"users": [], "next_cursor": null}));
}

#[tokio::test]
async fn a_user_is_shown_as_sign_up_answered_it_with_the_accounts_state() {
    let app = TestApp::shared();
    let account = as_administrators_see_it(app.sign_up(&new_email()).await.expect_json(201));

    let path = format!("/api/v1/users/{}", account["id"].as_str().unwrap());
    let shown = app.get(&path).by(app.admin().await).await.expect_json(200);

    assert_eq!(shown, account);
}

#[tokio::test]
async fn pages_show_every_user_once() {
    let app = TestApp::start();
    let admin = app.admin().await.clone();
    let mut expected = vec![admin.id.clone()];
    for _ in 0..6 {
        expected.push(
            app.sign_up(&new_email()).await.expect_json(201)["id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }

    let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = app
            .get(&format!("/api/v1/users?limit=3{cursor}"))
            .by(&admin)
            .await
            .expect_json(200);
        let users = page["users"].as_array().unwrap();
        assert!(users.len() <= 3);
        seen.extend(users.iter().map(|user| user["id"].as_str().unwrap().to_owned()));
        pages += 1;
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }

    assert_eq!(pages, 3);
    seen.sort();
    expected.sort();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_bad_page_is_refused() {
    let app = TestApp::shared();

    for query in [
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=100000",
        "cursor=%00",
        "cursor=nonsense",
        "limits=3",
    ] {
        let answer = app
            .get(&format!("/api/v1/users?{query}"))
            .by(app.admin().await)
            .await;
        answer.expect_problem(422, "invalid_request");
    }
}

#[tokio::test]
async fn a_granted_role_is_there_from_the_next_token_on() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let path = format!("/api/v1/users/{}/roles", user.id);

    app.put(&format!("{path}/airline"))
        .by(app.admin().await)
        .await
        .expect_empty(204);

    let roles = app.get(&path).by(app.admin().await).await.expect_json(200);
    assert_eq!(roles["roles"], json!(["airline", "customer"]));
    let old = app.post("/api/v1/flights").by(&user).json(&json!({})).await;
    old.expect_problem(403, "forbidden");
    let next = User::from_answer(&app.refresh(&user).await.expect_json(200), PASSWORD);
    app.post("/api/v1/flights")
        .by(&next)
        .json(&json!({}))
        .await
        .expect(200);
}

#[tokio::test]
async fn granting_and_revoking_twice_is_the_same_as_once() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let path = format!("/api/v1/users/{}/roles/airline", user.id);

    for _ in 0..2 {
        app.put(&path).by(app.admin().await).await.expect_empty(204);
    }
    assert_eq!(
        roles_in_new_token(app, &user).await,
        json!(["airline", "customer"])
    );
    for _ in 0..2 {
        app.delete(&path).by(app.admin().await).await.expect_empty(204);
    }
    assert_eq!(roles_in_new_token(app, &user).await, json!(["customer"]));
}

async fn roles_in_new_token(app: &TestApp, user: &User) -> Value {
    tokens::read(&app.signed_in_again(user).await.access_token).1["roles"].clone()
}

#[tokio::test]
async fn only_a_role_that_exists_is_granted() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    let answer = app
        .put(&format!("/api/v1/users/{}/roles/nosuchrole", user.id))
        .by(app.admin().await)
        .await;

    answer.expect_problem(422, "unknown_role");
}

#[tokio::test]
async fn who_does_not_exist_is_not_found() {
    let app = TestApp::shared();
    let somebody = app.new_user().await.id;
    // Another UUID of version 7.
    let nobody = format!("{}{}", &somebody[..24], "000000000000");

    for id in [
        nobody.as_str(),
        "not-an-id",
        &Uuid::nil().to_string(),
        &somebody.to_uppercase(),
    ] {
        let path = format!("/api/v1/users/{id}");
        app.get(&path)
            .by(app.admin().await)
            .await
            .expect_problem(404, "not_found");
        app.get(&format!("{path}/roles"))
            .by(app.admin().await)
            .await
            .expect_problem(404, "not_found");
        app.put(&format!("{path}/roles/airline"))
            .by(app.admin().await)
            .await
            .expect_problem(404, "not_found");
        app.delete(&format!("{path}/roles/airline"))
            .by(app.admin().await)
            .await
            .expect_problem(404, "not_found");
    }
}

#[tokio::test]
async fn the_last_admin_stays() {
    let app = TestApp::start();
    let admin = app.admin().await;
    let path = format!("/api/v1/users/{}/roles/admin", admin.id);

    app.delete(&path)
        .by(admin)
        .await
        .expect_problem(409, "last_admin");

    app.get("/api/v1/roles").by(admin).await.expect_json(200);
    let other = app.new_user_with_role("admin").await;
    app.delete(&path).by(&other).await.expect_empty(204);
    app.get("/api/v1/roles")
        .by(admin)
        .await
        .expect_problem(403, "forbidden");
}

#[tokio::test]
async fn the_database_itself_keeps_the_last_admin() {
    let app = TestApp::start();
    let admin = app.admin().await;

    let removal = "DELETE FROM user_roles WHERE user_id = ?1";
    let refused = state::database(&app.state())
        .execute(removal, [&admin.id])
        .unwrap_err();

    assert!(refused.to_string().contains("last_admin"), "{refused}");
}

#[tokio::test]
async fn no_user_shows_a_password_or_its_hash() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    let list = app
        .get("/api/v1/users")
        .by(app.admin().await)
        .await
        .expect_json(200);
    let one = app
        .get(&format!("/api/v1/users/{}", user.id))
        .by(app.admin().await)
        .await
        .expect_json(200);

    for shown in [list["users"][0].clone(), one] {
        let members: Vec<_> = shown.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            members,
            ["created_at", "disabled", "email", "email_verified", "id", "roles"]
        );
    }
}
