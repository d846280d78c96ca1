//! Which headers go through the proxy, and which do not.

use axum::extract::Request;
use axum::response::{AppendHeaders, IntoResponse};
use jetway_tests::upstream::{Seen, Upstream};
use jetway_tests::{TestApp, raw};

const FOREIGN_IDENTITY: [(&str, &str); 3] = [
    ("x-user-id", "somebody-else"),
    ("x-user-email", "boss@example.com"),
    ("x-user-roles", "admin"),
];

#[tokio::test]
async fn the_identity_is_set() {
    let app = TestApp::shared();
    let user = app.new_user_with_role("airline").await;

    for path in ["/api/v1/flights", "/api/v1/bookings"] {
        let seen = Seen::of(&app.get(path).by(&user).await);
        assert_eq!(seen.header("x-user-id"), [&user.id]);
        assert_eq!(seen.header("x-user-email"), [&user.email]);
        assert_eq!(seen.header("x-user-roles"), ["airline,customer"]);
        assert_eq!(
            seen.header("authorization"),
            [format!("Bearer {}", user.access_token)]
        );
    }
}

#[tokio::test]
async fn a_foreign_identity_is_removed() {
    let app = TestApp::shared();

    let mut call = app.get("/api/v1/flights");
    for (name, value) in FOREIGN_IDENTITY {
        call = call.header(name, value);
    }
    let seen = Seen::of(&call.await);

    for (name, _) in FOREIGN_IDENTITY {
        assert!(seen.header(name).is_empty(), "{name}: {:?}", seen.header(name));
    }
}

#[tokio::test]
async fn a_foreign_identity_is_replaced() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    let mut call = app.get("/api/v1/bookings").by(&user);
    for (name, value) in FOREIGN_IDENTITY {
        call = call.header(name, value).header(&name.to_uppercase(), value);
    }
    let seen = Seen::of(&call.await);

    assert_eq!(seen.header("x-user-id"), [&user.id]);
    assert_eq!(seen.header("x-user-email"), [&user.email]);
    assert_eq!(seen.header("x-user-roles"), ["customer"]);
}

#[tokio::test]
async fn spin_s_own_headers_go_no_further() {
    let app = TestApp::shared();

    let seen = Seen::of(
        &app.get("/api/v1/flights")
            .header("spin-client-addr", "6.6.6.6:1")
            .header("spin-x", "y")
            .await,
    );

    let spin: Vec<_> = seen
        .headers()
        .filter(|(name, _)| name.starts_with("spin-"))
        .collect();
    assert_eq!(spin, []);
}

#[tokio::test]
async fn one_host_is_sent_and_it_is_the_service_s() {
    let app = TestApp::shared();

    let seen = Seen::of(&app.get("/api/v1/flights").await);

    assert_eq!(seen.header("host"), [app.flights().authority()]);
}

#[tokio::test]
async fn the_service_learns_where_the_request_came_from() {
    let app = TestApp::shared();

    let answer = app
        .get("/api/v1/flights")
        .from("127.0.0.9")
        .header("x-forwarded-for", "6.6.6.6")
        .await;

    let seen = Seen::of(&answer);
    let id = answer.header("x-request-id").unwrap();
    assert_eq!(seen.header("x-request-id"), [id]);
    let addresses = seen.header("x-forwarded-for").join(", ");
    assert_eq!(addresses.rsplit(", ").next(), Some("127.0.0.9"));
    assert_eq!(seen.header("x-forwarded-proto"), ["http"]);
    assert_eq!(seen.header("x-forwarded-host"), [app.address().to_string()]);
    let forwarded = seen.header("forwarded").join(", ");
    let last = forwarded.rsplit(", ").next().unwrap();
    assert!(
        last.contains("for=127.0.0.9") || last.contains("for=\"127.0.0.9"),
        "{forwarded}"
    );
    assert!(last.contains("proto=http"), "{forwarded}");
}

#[tokio::test]
async fn a_client_cannot_claim_another_host_or_scheme() {
    let app = TestApp::shared();

    let call = app
        .get("/api/v1/flights")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "evil.example");
    let seen = Seen::of(&call.header("forwarded", "for=6.6.6.6;host=evil.example").await);

    assert_eq!(seen.header("x-forwarded-proto"), ["http"]);
    assert_eq!(seen.header("x-forwarded-host"), [app.address().to_string()]);
    assert!(!seen.header("forwarded").join(", ").contains("evil.example"));
}

#[tokio::test]
async fn a_trace_goes_on_and_a_broken_one_is_replaced() {
    let app = TestApp::shared();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let given = format!("00-{trace}-00f067aa0ba902b7-01");

    let known = Seen::of(&app.get("/api/v1/flights").header("traceparent", &given).await);
    let new = Seen::of(&app.get("/api/v1/flights").await);
    let broken = Seen::of(
        &app.get("/api/v1/flights")
            .header("traceparent", "00-zz-1-1")
            .await,
    );

    assert_eq!(known.header("traceparent").len(), 1);
    assert!(known.header("traceparent")[0].contains(trace));
    for seen in [new, broken] {
        let parent = seen.header("traceparent").join("");
        let lengths: Vec<_> = parent.split('-').map(str::len).collect();
        assert_eq!(lengths, [2, 32, 16, 2], "{parent}");
    }
}

#[tokio::test]
async fn other_headers_go_on_with_all_their_values() {
    let app = TestApp::shared();

    let call = app
        .get("/api/v1/flights")
        .header("accept-language", "en")
        .header("x-custom", "one");
    let seen = Seen::of(&call.header("x-custom", "two").header("cookie", "a=1; b=2").await);

    assert_eq!(seen.header("accept-language"), ["en"]);
    assert_eq!(seen.header("x-custom"), ["one", "two"]);
    assert_eq!(seen.header("cookie"), ["a=1; b=2"]);
}

#[tokio::test]
async fn hop_by_hop_request_headers_end_here() {
    let app = TestApp::shared();
    let headers = "keep-alive: timeout=5\r\nte: gzip\r\nproxy-authorization: Basic x\r\n\
                   proxy-connection: close\r\nupgrade: websocket\r\n";

    let answer = raw::get(app.address(), "/api/v1/flights", headers).await;

    let seen = Seen::of(&answer);
    for name in [
        "keep-alive",
        "te",
        "proxy-authorization",
        "proxy-connection",
        "upgrade",
    ] {
        assert!(seen.header(name).is_empty(), "{name}: {:?}", seen.header(name));
    }
}

#[tokio::test]
async fn several_cookies_come_back_as_several() {
    let service = |_: Request| async {
        let cookies = [
            ("set-cookie", "a=1; Path=/"),
            ("set-cookie", "b=2"),
            ("set-cookie", "c=3, d"),
        ];
        (AppendHeaders(cookies), "with cookies").into_response()
    };
    let app = TestApp::in_front_of(Upstream::answering(service), Upstream::echo());

    let answer = app.get("/api/v1/flights").await;

    answer.expect(200);
    let cookies: Vec<_> = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect();
    assert_eq!(cookies, ["a=1; Path=/", "b=2", "c=3, d"]);
}

#[tokio::test]
async fn hop_by_hop_answer_headers_end_here() {
    let words = "HTTP/1.1 200 OK\r\nconnection: close\r\nkeep-alive: timeout=5\r\n\
                 proxy-authenticate: Basic\r\ntransfer-encoding: chunked\r\nx-own: kept\r\n\r\n4\r\nbody\r\n0\r\n\r\n";
    let app = TestApp::in_front_of(Upstream::saying(words), Upstream::echo());

    let answer = app.get("/api/v1/flights").await;

    answer.expect(200);
    assert_eq!(answer.body, "body");
    assert_eq!(answer.header("x-own"), Some("kept"));
    for name in ["keep-alive", "proxy-authenticate"] {
        assert_eq!(answer.header(name), None, "{name}");
    }
}

#[tokio::test]
async fn a_service_cannot_speak_for_the_gateway() {
    let words = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-request-id: from-the-service\r\nratelimit: \"x\";r=0;t=0\r\n\
                 ratelimit-policy: \"x\";q=0;w=1\r\nconnection: close\r\n\r\nok";
    let app = TestApp::in_front_of(Upstream::saying(words), Upstream::echo());

    let answer = app
        .get("/api/v1/flights")
        .header("x-request-id", "from-the-client")
        .await;

    answer.expect(200);
    assert_eq!(answer.header("x-request-id"), Some("from-the-client"));
    let limits = jetway_tests::limits::remaining(&answer);
    assert!(
        limits
            .iter()
            .any(|limit| limit.name == "default" && limit.remaining > 0),
        "{limits:?}"
    );
}

#[tokio::test]
async fn the_length_of_an_answer_stays_known() {
    let service = |_: Request| async { "twelve chars".to_owned() };
    let app = TestApp::in_front_of(Upstream::answering(service), Upstream::echo());

    let answer = app.get("/api/v1/flights").await;

    answer.expect(200);
    assert_eq!(answer.header("content-length"), Some("12"));
    assert_eq!(answer.header("transfer-encoding"), None);
}
