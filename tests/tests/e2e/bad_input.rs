//! Bad input on the identity routes, each with its status and code.

use http::Method;
use jetway_tests::app::{PASSWORD, new_email};
use jetway_tests::{Answer, TestApp, raw};
use serde_json::{Value, json};

const ROUTES: [&str; 4] = [
    "/api/v1/signup",
    "/api/v1/signin",
    "/api/v1/token/refresh",
    "/api/v1/admin/bootstrap",
];

/// What each route answers to this body, sent as JSON.
async fn everywhere(body: impl AsRef<[u8]>) -> Vec<Answer> {
    let mut answers = Vec::new();
    for route in ROUTES {
        let call = TestApp::shared()
            .post(route)
            .typed_body("application/json", body.as_ref().to_vec());
        answers.push(call.await);
    }
    answers
}

/// A sign-up with this password.
async fn sign_up_with(password: &str) -> Answer {
    let body = json!({"email": new_email(), "password": password});
    TestApp::shared().post("/api/v1/signup").json(&body).await
}

#[tokio::test]
async fn what_is_not_json_is_malformed() {
    for body in [
        "",
        " ",
        "{",
        "hello",
        "{\"email\":}",
        "{}{}",
        "{'email': 'a'}",
        "[1,]",
        "\u{feff}{}",
    ] {
        for answer in everywhere(body).await {
            answer.expect_problem(400, "malformed_json");
        }
    }
}

#[tokio::test]
async fn bad_utf_8_is_malformed() {
    for body in [
        &b"{\"email\":\"\xff@example.com\"}"[..],
        b"\xc3\x28",
        b"{\"email\":\"\xed\xa0\x80\"}",
    ] {
        for answer in everywhere(body).await {
            answer.expect_problem(400, "malformed_json");
        }
    }
}

#[tokio::test]
async fn json_3000_deep_is_malformed() {
    let arrays = "[".repeat(3000) + &"]".repeat(3000);
    let objects = r#"{"email":"#.repeat(3000) + "1" + &"}".repeat(3000);

    for body in [arrays, objects, "[".repeat(3000)] {
        for answer in everywhere(&body).await {
            answer.expect_problem(400, "malformed_json");
        }
    }
    // And nothing died of it.
    TestApp::shared().new_user().await;
}

#[tokio::test]
async fn a_duplicate_key_is_malformed_and_named() {
    let body = r#"{"email": "a@example.com", "password": "long enough", "email": "b@example.com"}"#;

    for route in ["/api/v1/signup", "/api/v1/signin"] {
        let answer = TestApp::shared()
            .post(route)
            .typed_body("application/json", body)
            .await;
        let problem = answer.expect_problem(400, "malformed_json");
        assert_eq!(problem["errors"][0]["code"], "duplicate_key");
        assert_eq!(problem["errors"][0]["pointer"], "/email");
    }
    // The same key in other letters is the same key.
    let escaped = r#"{"refresh_token": "a", "refresh_\u0074oken": "b"}"#;
    let answer = TestApp::shared()
        .post("/api/v1/token/refresh")
        .typed_body("application/json", escaped)
        .await;
    answer.expect_problem(400, "malformed_json");
}

#[tokio::test]
async fn a_wrong_type_is_invalid_and_named() {
    for route in ["/api/v1/signup", "/api/v1/signin"] {
        for wrong in [json!(1), json!(null), json!(true), json!([]), json!({})] {
            let body = json!({"email": wrong, "password": PASSWORD});
            assert_eq!(
                TestApp::shared()
                    .post(route)
                    .json(&body)
                    .await
                    .expect_invalid("/email"),
                "wrong_type"
            );
            let body = json!({"email": new_email(), "password": wrong});
            assert_eq!(
                TestApp::shared()
                    .post(route)
                    .json(&body)
                    .await
                    .expect_invalid("/password"),
                "wrong_type"
            );
        }
    }
    for body in ["[]", "null", "\"text\"", "1"] {
        for answer in everywhere(body).await {
            assert_eq!(answer.expect_invalid(""), "wrong_type");
        }
    }
}

#[tokio::test]
async fn a_missing_field_is_invalid_and_named() {
    let cases = [
        ("/api/v1/signup", json!({"email": new_email()}), "/password"),
        ("/api/v1/signup", json!({"password": PASSWORD}), "/email"),
        ("/api/v1/signin", json!({"email": new_email()}), "/password"),
        ("/api/v1/signin", json!({"password": PASSWORD}), "/email"),
        ("/api/v1/token/refresh", json!({}), "/refresh_token"),
    ];
    for (route, body, pointer) in cases {
        let answer = TestApp::shared().post(route).json(&body).await;
        assert_eq!(answer.expect_invalid(pointer), "missing_field");
    }
}

#[tokio::test]
async fn an_unknown_field_is_invalid_and_named() {
    let user = json!({"email": new_email(), "password": PASSWORD, "roles": ["admin"]});
    let cases = [
        ("/api/v1/signup", user.clone(), "/roles"),
        ("/api/v1/signin", user, "/roles"),
        (
            "/api/v1/token/refresh",
            json!({"refresh_token": "x", "scope": "all"}),
            "/scope",
        ),
    ];
    for (route, body, pointer) in cases {
        let answer = TestApp::shared().post(route).json(&body).await;
        assert_eq!(answer.expect_invalid(pointer), "unknown_field");
    }
}

#[tokio::test]
async fn a_body_over_64_kib_is_too_large_and_one_of_64_kib_is_not() {
    let body = |length: usize| {
        let start = format!(r#"{{"email":"{}","password":"{PASSWORD}""#, new_email());
        let space = " ".repeat(length - start.len() - 1);
        format!("{start}{space}}}")
    };
    let app = TestApp::shared();
    let sign_up = |body: String| app.post("/api/v1/signup").typed_body("application/json", body);

    sign_up(body(64 * 1024)).await.expect_json(201);
    sign_up(body(64 * 1024 + 1))
        .await
        .expect_problem(413, "body_too_large");
    for answer in everywhere(body(1024 * 1024)).await {
        answer.expect_problem(413, "body_too_large");
    }
}

#[tokio::test]
async fn a_body_that_never_says_its_length_is_too_large_as_well() {
    let app = TestApp::shared();
    let piece = "x".repeat(1024);
    let chunks = format!("{:x}\r\n{piece}\r\n", piece.len()).repeat(65);
    let head = "POST /api/v1/signup HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\
                content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";

    let answer = raw::exchange(app.address(), format!("{head}{chunks}0\r\n\r\n")).await;

    answer.expect_problem(413, "body_too_large");
}

#[tokio::test]
async fn an_address_has_at_most_254_characters() {
    let of_length = |length: usize| {
        let label = "d".repeat(60);
        let start = format!(
            "{}@{label}.{label}.{label}.",
            new_email().replace(['@', '.'], "-")
        );
        format!("{start}{}", "e".repeat(length - start.len()))
    };
    let sign_up = |email: String| TestApp::shared().sign_up(&email);

    assert_eq!(
        sign_up(of_length(255)).await.expect_invalid("/email"),
        "email_too_long"
    );
    sign_up(of_length(254)).await.expect_json(201);
}

#[tokio::test]
async fn what_is_no_address_is_invalid() {
    for email in [
        "",
        "ada",
        "@",
        "ada@",
        "@example.com",
        "a b@example.com",
        " ada@example.com",
        "ada@example.com\n",
        "a@b@c",
        "ada@exa\0mple.com",
    ] {
        assert_eq!(
            TestApp::shared().sign_up(email).await.expect_invalid("/email"),
            "email_malformed"
        );
    }
}

#[tokio::test]
async fn a_password_has_8_to_128_characters() {
    let longest = "correct horse battery! ".repeat(6);
    let refused = async |password: &str| sign_up_with(password).await.expect_invalid("/password");
    assert_eq!(refused("").await, "password_too_short");
    assert_eq!(refused("kx7#qLm").await, "password_too_short");
    sign_up_with("kx7#qLm2").await.expect_json(201);
    sign_up_with(&longest[..128]).await.expect_json(201);
    assert_eq!(refused(&longest[..129]).await, "password_too_long");
    // Characters, not bytes, and a letter with its accent is one of them however it was typed.
    assert_eq!(
        refused("\u{e9}\u{e8}\u{e0}\u{f9}\u{e7}").await,
        "password_too_short"
    );
    assert_eq!(
        refused("e\u{301}e\u{300}a\u{300}u\u{300}").await,
        "password_too_short"
    );
    sign_up_with("\u{1f511}\u{1f98a}\u{1f30b}\u{1f40c}\u{1f9ed}\u{1f680}\u{1f355}\u{26c4}")
        .await
        .expect_json(201);
}

#[tokio::test]
async fn a_password_that_is_soon_guessed_is_refused() {
    for (password, code) in [
        ("password", "password_too_common"),
        ("Iloveyou", "password_too_common"),
        ("Password123!", "password_too_guessable"),
        ("aaaaaaaaaaaaaaaaaaaa", "password_too_guessable"),
    ] {
        assert_eq!(
            sign_up_with(password).await.expect_invalid("/password"),
            code,
            "{password}"
        );
    }
    let body = json!({"email": "lovelace.ada@example.com", "password": "it is Lovelace.Ada, me"});
    assert_eq!(
        TestApp::shared()
            .post("/api/v1/signup")
            .json(&body)
            .await
            .expect_invalid("/password"),
        "password_contains_email"
    );
}

#[tokio::test]
async fn everything_that_is_wrong_is_said_at_once() {
    let body = json!({"email": "no address", "password": "short"});

    let problem = TestApp::shared()
        .post("/api/v1/signup")
        .json(&body)
        .await
        .expect_problem(422, "invalid_request");

    let pointers: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].clone())
        .collect();
    assert_eq!(pointers, [Value::from("/email"), Value::from("/password")]);
}

#[tokio::test]
async fn a_wrong_content_type_is_unsupported() {
    let app = TestApp::shared();
    let body = json!({"email": new_email(), "password": PASSWORD}).to_string();

    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonx",
        "text/json",
        "application/json; charset=latin1",
    ] {
        for route in ROUTES {
            let answer = app.post(route).typed_body(content_type, body.clone()).await;
            answer.expect_problem(415, "unsupported_media_type");
        }
    }
    app.post("/api/v1/signup")
        .body(body.clone())
        .await
        .expect_problem(415, "unsupported_media_type");
    app.post("/api/v1/signup")
        .typed_body("Application/JSON; charset=utf-8", body)
        .await
        .expect_json(201);
}

#[tokio::test]
async fn a_wrong_method_is_not_allowed() {
    let app = TestApp::shared();

    for route in ROUTES {
        for method in [
            Method::GET,
            Method::PUT,
            Method::DELETE,
            Method::PATCH,
            Method::OPTIONS,
        ] {
            let answer = app.call(method, route).await;
            answer.expect_problem(405, "method_not_allowed");
            assert!(answer.header("allow").unwrap().contains("POST"));
        }
    }
}

#[tokio::test]
async fn a_refusal_never_repeats_the_password() {
    let secret = "a secret that is far too long to be taken as a password, and must never come back";

    let answer = sign_up_with(secret).await;

    answer.expect_invalid("/password");
    assert!(!String::from_utf8_lossy(&answer.body).contains("far too long"));
    assert!(!TestApp::shared().log().contains("far too long"));
}
