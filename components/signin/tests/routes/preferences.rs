//! `/api/v1/me/notification-preferences`, and the way out that stands in mails.

use jetway_gateway::domain::UserId;
use jetway_gateway::http::Response;
use jetway_gateway::mail::{Category, UnsubscribeKeyCache};
use jetway_gateway::test_support::block_on;
use serde_json::{Value, json};

use crate::app::{TestApp, Tokens, assert_problem, json_of};

const PREFERENCES: &str = "/api/v1/me/notification-preferences";

fn signed_in() -> (TestApp, Tokens) {
    let app = TestApp::new();
    app.sign_up("ada@example.com");
    let tokens = app.sign_in("ada@example.com");
    (app, tokens)
}

fn put(app: &TestApp, tokens: &Tokens, body: &Value) -> Response {
    app.call("PUT", PREFERENCES, Some(&tokens.access), Some(body))
}

fn all_but(category: &str) -> Value {
    let mut all = json!({"security": true, "account": true, "bookings": true, "reminders": true});
    if !category.is_empty() {
        all[category] = json!(false);
    }
    all
}

/// The link in a mail of `category` to the only user.
fn link(app: &TestApp, category: Category) -> String {
    let user = UserId::parse(&app.ports.databases.text("SELECT id FROM users LIMIT 1")).unwrap();
    let store = app.ports.databases.store();
    let key = block_on(UnsubscribeKeyCache::new().get(&store, &app.ports.entropy)).unwrap();
    format!(
        "/api/v1/notifications/unsubscribe?token={}",
        key.token(user, category)
    )
}

fn text(response: &Response) -> String {
    assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
    String::from_utf8(response.body().to_vec()).unwrap()
}

#[test]
fn everything_is_told_until_its_recipient_chooses() {
    let (app, tokens) = signed_in();
    assert_eq!(json_of(&app.get(PREFERENCES, &tokens)), all_but(""));

    let chosen = json!({"account": false, "bookings": true, "reminders": false});
    assert_eq!(put(&app, &tokens, &chosen).status(), 204);
    let expected = json!({"security": true, "account": false, "bookings": true, "reminders": false});
    assert_eq!(json_of(&app.get(PREFERENCES, &tokens)), expected);

    let export = json_of(&app.get("/api/v1/me/export", &tokens));
    let held = &export["notification_preferences"];
    assert_eq!(
        (&held[0]["category"], &held[0]["wanted"]),
        (&json!("account"), &json!(false)),
        "{held}"
    );

    // What was read can be sent back.
    assert_eq!(put(&app, &tokens, &all_but("bookings")).status(), 204);
    assert_eq!(json_of(&app.get(PREFERENCES, &tokens)), all_but("bookings"));
}

#[test]
fn security_cannot_be_turned_off_and_half_a_choice_is_none() {
    let (app, tokens) = signed_in();
    let refused = put(&app, &tokens, &all_but("security"));
    assert_problem(&refused, 422, "invalid_request");
    assert_eq!(json_of(&refused)["errors"][0]["pointer"], "/security");
    for body in [
        json!({"account": false}),
        json!({"account": 0, "bookings": true, "reminders": true}),
    ] {
        assert_problem(&put(&app, &tokens, &body), 422, "invalid_request");
    }
    assert_eq!(json_of(&app.get(PREFERENCES, &tokens)), all_but(""));
}

#[test]
fn nobody_sees_or_changes_what_others_have_chosen() {
    let (app, tokens) = signed_in();
    app.sign_up("bob@example.com");
    let bob = app.sign_in("bob@example.com");
    assert_eq!(put(&app, &tokens, &all_but("account")).status(), 204);
    assert_eq!(json_of(&app.get(PREFERENCES, &bob)), all_but(""));
    for method in ["GET", "PUT"] {
        assert_problem(&app.call(method, PREFERENCES, None, None), 401, "unauthenticated");
    }
}

#[test]
fn one_post_without_signing_in_turns_off_that_kind_alone() {
    let (app, tokens) = signed_in();
    let answer = app.call("POST", &link(&app, Category::Reminders), None, None);
    assert_eq!(answer.status(), 200);
    assert!(text(&answer).contains("reminders before departure"));
    assert_eq!(json_of(&app.get(PREFERENCES, &tokens)), all_but("reminders"));

    // Twice is as good as once.
    assert_eq!(
        app.call("POST", &link(&app, Category::Reminders), None, None)
            .status(),
        200
    );
    assert_eq!(json_of(&app.get(PREFERENCES, &tokens)), all_but("reminders"));
}

#[test]
fn a_scanner_that_follows_the_link_changes_nothing() {
    let (app, tokens) = signed_in();
    for method in ["GET", "HEAD"] {
        let answer = app.call(method, &link(&app, Category::Bookings), None, None);
        assert_eq!(answer.status(), 200, "{method}");
    }
    let page = text(&app.call("GET", &link(&app, Category::Bookings), None, None));
    assert!(
        page.contains("news of your bookings") && page.contains(r#"<form method="post">"#),
        "{page}"
    );
    assert_eq!(json_of(&app.get(PREFERENCES, &tokens)), all_but(""));
}

#[test]
fn a_token_of_nobodys_making_turns_off_nothing() {
    let (app, tokens) = signed_in();
    let forged = format!("{}A", link(&app, Category::Bookings));
    let security = link(&app, Category::Security);
    let none = "/api/v1/notifications/unsubscribe";
    for path in [
        &forged,
        &security,
        none,
        "/api/v1/notifications/unsubscribe?token=",
    ] {
        for method in ["GET", "POST"] {
            let refused = app.call(method, path, None, None);
            assert_problem(&refused, 422, "invalid_request");
            assert_eq!(json_of(&refused)["errors"][0]["parameter"], "token", "{path}");
        }
    }
    assert_eq!(json_of(&app.get(PREFERENCES, &tokens)), all_but(""));
}

#[test]
fn the_link_of_an_account_that_is_gone_says_the_same() {
    let (app, _) = signed_in();
    let link = link(&app, Category::Account);
    app.ports
        .databases
        .run("PRAGMA foreign_keys = ON; DELETE FROM users");
    assert_eq!(app.call("POST", &link, None, None).status(), 200);
    assert_eq!(
        app.ports
            .databases
            .text("SELECT count(*) FROM notification_preferences"),
        "0"
    );
}
