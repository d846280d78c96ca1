//! What browsers are told: whose pages may read an answer, and what must not be made of it.

use axum::extract::Request;
use axum::response::{AppendHeaders, IntoResponse};
use http::Method;
use jetway_tests::upstream::Upstream;
use jetway_tests::{Answer, Setup, TestApp};

const APP: &str = "https://app.example.com";
const LIST: (&str, &str) = (
    "cors_allowed_origins",
    "https://*.example.com, http://localhost:5173",
);

/// Expects that a page of `origin` may read this answer, credentials and all, and that it says so once.
#[track_caller]
fn expect_readable(answer: &Answer, origin: &str) {
    let described = answer.describe();
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some(origin),
        "{described}"
    );
    assert_eq!(
        answer.header("access-control-allow-credentials"),
        Some("true"),
        "{described}"
    );
    let exposed = answer.header("access-control-expose-headers").unwrap_or_default();
    for name in ["x-request-id", "ratelimit", "retry-after", "location"] {
        assert!(
            exposed.split(", ").any(|exposed| exposed == name),
            "{name}: {described}"
        );
    }
    expect_varies(answer);
}

#[track_caller]
fn expect_varies(answer: &Answer) {
    let varies = answer
        .headers
        .get_all("vary")
        .iter()
        .any(|value| value == "origin");
    assert!(varies, "{}", answer.describe());
}

/// Expects that the answer says nothing of CORS.
#[track_caller]
fn expect_no_cors(answer: &Answer) {
    let said = answer
        .headers
        .keys()
        .find(|name| name.as_str().starts_with("access-control-"));
    assert_eq!(said, None, "{}", answer.describe());
}

#[track_caller]
fn expect_secure(answer: &Answer) {
    assert_eq!(
        answer.header("x-content-type-options"),
        Some("nosniff"),
        "{}",
        answer.describe()
    );
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    let policy = answer.header("content-security-policy");
    assert_eq!(policy, Some("default-src 'none'; frame-ancestors 'none'"));
}

fn preflight(app: &TestApp, path: &str, origin: &str) -> jetway_tests::call::Call {
    app.call(Method::OPTIONS, path)
        .header("origin", origin)
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", "authorization,content-type")
}

#[tokio::test]
async fn every_answer_can_be_read_by_an_allowed_page_whatever_its_status() {
    let variables = [LIST, ("rate_limit_signup", "1;w=3600")];
    let app = Setup::in_front_of(Upstream::echo(), Upstream::dead())
        .with(&variables)
        .start();
    let user = app.new_user().await;

    let get = |path: &str| app.get(path).header("origin", APP);
    let answers = [
        (get("/api/v1/flights").await, 200),
        (get("/api/v1/me").by(&user).await, 200),
        (get("/api/v1/bookings").await, 401),
        (get("/api/v1/roles").by(&user).await, 403),
        (get("/api/v1/users/x/y/z").by(app.admin().await).await, 404),
        (get("/api/v1/signin").await, 405),
        (get("/api/v1/flights/a%2Fb").await, 400),
        (app.sign_up("late@example.com").header("origin", APP).await, 429),
        (get("/api/v1/bookings").by(&user).await, 502),
    ];

    for (answer, status) in answers {
        answer.expect(status);
        expect_readable(&answer, APP);
        expect_secure(&answer);
    }
}

#[tokio::test]
async fn a_preflight_is_answered_before_anybody_is_asked_who_they_are_and_is_not_counted() {
    let app = TestApp::with(&[LIST, ("rate_limit_default", "2;w=3600")]);

    for _ in 0..5 {
        for path in [
            "/api/v1/bookings/7",
            "/api/v1/flights",
            "/api/v1/me/password",
            "/api/v1/roles/x",
        ] {
            let answer = preflight(&app, path, APP).await;
            answer.expect_empty(204);
            assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
            assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
            assert_eq!(answer.header("access-control-max-age"), Some("7200"));
            let methods = answer.header("access-control-allow-methods").unwrap();
            assert!(methods.split(", ").any(|method| method == "PUT"), "{methods}");
            let headers = answer.header("access-control-allow-headers").unwrap();
            for name in ["authorization", "content-type", "idempotency-key", "traceparent"] {
                assert!(headers.split(", ").any(|allowed| allowed == name), "{headers}");
            }
            expect_varies(&answer);
        }
    }

    app.get("/api/v1/flights").await.expect(200);
}

#[tokio::test]
async fn another_page_is_told_nothing() {
    let app = TestApp::with(&[LIST]);

    for origin in [
        "null",
        "https://example.com",
        "https://evilexample.com",
        "https://app.example.com.evil",
        "https://app.example.com:8443",
        "http://app.example.com",
        "https://App.example.com",
        "http://localhost",
        "http://localhost:51730",
    ] {
        let answer = app.get("/api/v1/flights").header("origin", origin).await;
        answer.expect(200);
        expect_no_cors(&answer);
        expect_varies(&answer);

        let answer = preflight(&app, "/api/v1/flights", origin).await;
        answer.expect_empty(204);
        expect_no_cors(&answer);
    }
    let nobody = app.get("/api/v1/flights").await;
    expect_no_cors(&nobody);
    expect_varies(&nobody);
}

#[tokio::test]
async fn everybody_may_be_let_in_without_credentials() {
    let app = TestApp::with(&[("cors_allowed_origins", "*")]);

    for answer in [
        app.get("/api/v1/flights").header("origin", APP).await,
        app.get("/api/v1/bookings").await,
        preflight(&app, "/api/v1/bookings", "null").await,
    ] {
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
}

#[tokio::test]
async fn by_default_there_is_no_cors_and_a_service_cannot_bring_it_in() {
    let service = |_: Request| async {
        let own = [
            ("access-control-allow-origin", "*"),
            ("content-security-policy", "default-src 'self'"),
        ];
        (AppendHeaders(own), "a page").into_response()
    };
    let app = TestApp::in_front_of(Upstream::answering(service), Upstream::echo());

    let answer = app.get("/api/v1/flights").header("origin", APP).await;

    answer.expect(200);
    expect_no_cors(&answer);
    assert_eq!(
        answer.header("content-security-policy"),
        Some("default-src 'self'")
    );
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    preflight(&app, "/api/v1/bookings", APP)
        .await
        .expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn what_the_service_says_of_cors_is_replaced() {
    let service = |_: Request| async {
        let own = [
            ("access-control-allow-origin", "https://other.example"),
            ("access-control-allow-credentials", "false"),
            ("vary", "accept"),
        ];
        (AppendHeaders(own), "words").into_response()
    };
    let app = Setup::in_front_of(Upstream::answering(service), Upstream::echo())
        .with(&[LIST])
        .start();

    let answer = app.get("/api/v1/flights").header("origin", APP).await;

    expect_readable(&answer, APP);
    assert!(
        answer
            .headers
            .get_all("vary")
            .iter()
            .any(|value| value == "accept")
    );
}

#[tokio::test]
async fn what_has_no_middleware_before_it_is_secured_too() {
    let app = TestApp::shared();

    for (path, status) in [("/healthz", 200), ("/nowhere", 404), ("/readyz", 200)] {
        let answer = app.get(path).await;
        answer.expect(status);
        expect_secure(&answer);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn https_is_asked_for_where_the_client_came_by_it() {
    let app = TestApp::with(&[("trusted_proxies", "127.0.0.9")]);

    let by_https = |client: &str| {
        app.get("/api/v1/flights")
            .from(client)
            .header("x-forwarded-proto", "https")
    };
    assert_eq!(
        by_https("127.0.0.9").await.header("strict-transport-security"),
        Some("max-age=63072000")
    );
    assert_eq!(
        by_https("127.0.0.1").await.header("strict-transport-security"),
        None
    );
}

#[tokio::test]
async fn origins_that_are_none_are_refused_by_name() {
    let app = TestApp::with(&[("cors_allowed_origins", "app.example.com")]);

    for path in ["/api/v1/flights", "/readyz"] {
        let answer = app.get(path).await;
        let problem = answer.expect_problem(503, "misconfigured");
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .contains("`cors_allowed_origins`"),
            "{problem}"
        );
        expect_secure(&answer);
    }
}
