//! What a service is told of a request, and what a client is told of a service.

use axum::extract::Request;
use axum::response::{AppendHeaders, IntoResponse};
use http::{Method, StatusCode};
use jetway_tests::upstream::{Seen, Upstream};
use jetway_tests::{Setup, TestApp, http2, raw};

/// What the gateway itself sets.
const SET: [&str; 3] = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];

#[tokio::test]
async fn a_name_of_the_gateway_s_arrives_under_no_spelling() {
    let app = TestApp::shared();

    for name in [
        "X-Forwarded_For",
        "X_Real_IP",
        "X_Original_URL",
        "client_ip",
        "cf-connecting-ip",
        "CF-Connecting-IPv6",
        "true-client-ip",
        "x.forwarded.host",
        "HTTP_X_FORWARDED_FOR",
        "x-envoy-external-address",
        "x-azure-clientip",
        "x-rewrite-url",
        "x-original-method",
        "x-http-method-override",
        "X_HTTP_Method",
        "x-method-override",
        "x_user_id",
        "x-user-permissions",
        "remote-user",
        "x-remote-user",
        "x-ms-client-principal",
        "x-ssl-client-cert",
        "x-auth-request-email",
        "proxy",
        "front-end-https",
        "spin_client_addr",
        "jetway-device",
        "x_jetway_assertion",
        "x_request_id",
        "transfer_encoding",
        "content_length",
    ] {
        let answer = raw::get(app.address(), "/api/v1/flights", &format!("{name}: 6.6.6.6\r\n")).await;
        let seen = Seen::of(&answer);
        let arrived: Vec<_> = seen
            .headers()
            .filter(|(name, value)| value.contains("6.6.6.6") && !SET.contains(name))
            .collect();
        assert_eq!(arrived, [], "{name}");
    }
}

#[tokio::test]
async fn other_names_arrive_with_underscores_too() {
    let app = TestApp::shared();
    let names = [
        "my_header",
        "x-tenant",
        "x_tenant_id",
        "baggage",
        "if-none-match",
        "x-correlation-id",
        "cf-ray",
    ];

    for name in names {
        let answer = raw::get(app.address(), "/api/v1/flights", &format!("{name}: 1\r\n")).await;
        assert_eq!(Seen::of(&answer).header(name), ["1"], "{name}");
    }
}

#[tokio::test]
async fn cookies_of_the_gateway_s_are_between_it_and_the_browser() {
    let service = |request: Request| async move {
        let cookies = request.headers().get("cookie").cloned();
        let own = [
            ("set-cookie", "a=1; Path=/"),
            ("set-cookie", "__Host-jetway_refresh=theirs; Secure; Path=/"),
            ("set-cookie", "__HOST-jetway_device=theirs"),
            ("x-user-id", "theirs"),
            ("clear-site-data", "\"*\""),
            ("ratelimit-limit", "1"),
            ("jetway-device", "theirs"),
        ];
        let told = cookies.map(|cookies| cookies.to_str().unwrap().to_owned());
        (AppendHeaders(own), told.unwrap_or_default()).into_response()
    };
    let app = TestApp::in_front_of(Upstream::answering(service), Upstream::echo());

    let answer = app
        .get("/api/v1/flights")
        .header(
            "cookie",
            "__Host-jetway_refresh=1; theme=dark; __Host-jetway_device=2",
        )
        .await;

    answer.expect(200);
    assert_eq!(answer.body, "theme=dark");
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1; Path=/"]);
    for name in ["x-user-id", "clear-site-data", "ratelimit-limit", "jetway-device"] {
        assert_eq!(answer.header(name), None, "{name}");
    }
}

const RESERVED: (&str, &str) = (
    "GET,HEAD  /api/v1/flights/...   public",
    "GET /api/v1/flights/reserved role:admin\nGET,HEAD  /api/v1/flights/...   public",
);

#[tokio::test]
async fn no_spelling_of_a_path_or_a_method_dodges_the_policy() {
    let app = Setup::usual().with_manifest_edit(RESERVED.0, RESERVED.1).start();
    let admin = app.admin().await;
    let get = async |target: &str| raw::get(app.address(), &format!("/api/v1/flights{target}"), "").await;

    for target in [
        "/reserved",
        "/reserved/",
        "/%72eserved",
        "/reserve%64/",
        "/reserved?x=1",
    ] {
        get(target).await.expect_problem(401, "unauthenticated");
    }
    for target in [
        "//reserved",
        "/reserved;a",
        "/reserved//",
        "/RESERVED",
        "/Reserved/",
        "/reserved.json",
        "/reserved%20",
        "/%2572eserved",
        "/reserved%3Ba",
        "/reserved%23",
        "/./reserved",
        "/x/../reserved",
        "/x%2f..%2freserved",
        "/%252e%252e/flights/reserved",
        "/reserved%ff",
        "/%c0%ae%c0%ae/reserved",
    ] {
        get(target).await.expect_problem(400, "unsafe_path");
    }
    for target in ["/LHR", "/7;v=1", "/a//b", "/a.json", "/reserved-seats", "/%C3%A9"] {
        let answer = get(target).await;
        assert_eq!(Seen::of(&answer).target(), format!("/api/v1/flights{target}"));
    }
    let answer = app.get("/api/v1/flights/%72eserved/").by(admin).await;
    assert_eq!(Seen::of(&answer).target(), "/api/v1/flights/%72eserved/");
    app.call(Method::from_bytes(b"get").unwrap(), "/api/v1/flights/reserved")
        .await
        .expect_problem(400, "unsafe_path");
}

#[tokio::test]
async fn no_spelling_of_a_path_has_a_quota_of_its_own() {
    let app = Setup::usual()
        .with_manifest_edit(
            "* /api/v1/flights/...   flights ",
            "GET /api/v1/flights/search search 3;w=3600\n* /api/v1/flights/...   flights ",
        )
        .start();
    let get = async |target: &str| raw::get(app.address(), &format!("/api/v1/flights{target}"), "").await;

    for target in ["/search", "/%73earch/", "//search"] {
        get(target).await.expect(200);
    }
    for target in [
        "/search",
        "/search/",
        "/s%65arch",
        "//search",
        "/SEARCH",
        "/search;x",
        "/search.json",
        "/%2573earch",
        "/search%20",
    ] {
        get(target).await.expect_problem(429, "rate_limited");
    }
    for target in ["/LHR", "/searches", "/search/7"] {
        get(target).await.expect(200);
    }
}

/// RFC 9110, sections 9.3.6 and 9.3.8.
#[tokio::test]
async fn nothing_is_traced_for_nobody() {
    let app = TestApp::shared();
    let airline = app.new_user_with_role("airline").await;

    for method in ["TRACE", "TRACK", "trace"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let call = || {
            app.call(method.clone(), "/api/v1/flights")
                .header("max-forwards", "0")
        };
        for answer in [call().await, call().by(&airline).await] {
            answer.expect_problem(405, "method_not_allowed");
            let allowed = answer.header("allow").unwrap();
            assert!(allowed.contains("GET") && !allowed.contains("TRACE"), "{allowed}");
        }
    }
}

/// RFC 6750, section 3.1: where there are no credentials of ours there is no error code.
#[tokio::test]
async fn credentials_of_other_schemes_are_none_of_ours() {
    let app = TestApp::shared();
    let user = app.new_user().await;

    for value in ["", "Basic YTpi", "Digest username=\"a\"", "Negotiate YTpi"] {
        let answer = app.get("/api/v1/flights").header("authorization", value).await;
        let seen = Seen::of(&answer);
        assert!(seen.header("x-user-id").is_empty());
        // The service may know what to do with them.
        assert_eq!(seen.header("authorization").join(""), value);

        let answer = app.get("/api/v1/bookings").header("authorization", value).await;
        answer.expect_problem(401, "unauthenticated");
        assert!(!answer.header("www-authenticate").unwrap().contains("error"));
    }
    for value in [
        "Bearer",
        "Bearer x.y.z",
        "bearer\tx.y.z",
        "Basic YTpi, Bearer x.y.z",
    ] {
        app.get("/api/v1/flights")
            .header("authorization", value)
            .await
            .expect_problem(401, "invalid_token");
    }
    app.get("/api/v1/flights")
        .by(&user)
        .header("authorization", "Basic YTpi")
        .await
        .expect_problem(401, "invalid_token");
}

#[tokio::test]
async fn inner_addresses_do_not_reach_clients() {
    let service = |request: Request| async move {
        let own = request.headers()["host"].to_str().unwrap().to_owned();
        let port = own.rsplit(':').next().unwrap();
        let headers = [
            ("location", format!("http://{own}/api/v1/flights/7?a=1")),
            ("content-location", format!("//{own}/x")),
            ("refresh", format!("5; url=http://localhost:{port}/y")),
            (
                "link",
                format!("<HTTP://{own}/2>; rel=next, <https://elsewhere.example/{own}>; rel=x"),
            ),
            ("via", format!("1.1 {own}")),
            ("set-cookie", "a=1; Domain=127.0.0.1; Path=/".to_owned()),
        ];
        (StatusCode::MOVED_PERMANENTLY, AppendHeaders(headers)).into_response()
    };
    let app = TestApp::in_front_of(Upstream::answering(service), Upstream::echo());
    let (gateway, inner) = (app.address().to_string(), app.flights().authority());

    let answer = app.get("/api/v1/flights").await;

    answer.expect(301);
    let location = format!("http://{gateway}/api/v1/flights/7?a=1");
    assert_eq!(answer.header("location"), Some(&*location));
    assert_eq!(
        answer.header("content-location"),
        Some(&*format!("http://{gateway}/x"))
    );
    assert_eq!(
        answer.header("refresh"),
        Some(&*format!("5; url=http://{gateway}/y"))
    );
    let link = format!("<http://{gateway}/2>; rel=next, <https://elsewhere.example/{inner}>; rel=x");
    assert_eq!(answer.header("link"), Some(&*link));
    let via: Vec<_> = answer.headers.get_all("via").iter().collect();
    assert_eq!(via, ["1.1 internal", "1.1 jetway"]);
    // The gateway's host is the service's here, so the cookie is for it.
    assert_eq!(answer.header("set-cookie"), Some("a=1; Domain=127.0.0.1; Path=/"));
}

#[tokio::test]
async fn a_service_s_redirect_elsewhere_stays_one() {
    let service = |_: Request| async {
        (StatusCode::FOUND, [("location", "https://elsewhere.example/x")]).into_response()
    };
    let app = TestApp::in_front_of(Upstream::answering(service), Upstream::echo());

    let answer = app.get("/api/v1/flights").await;

    assert_eq!(answer.header("location"), Some("https://elsewhere.example/x"));
}

#[tokio::test]
async fn a_trusted_proxy_is_believed_in_the_headers_that_it_writes() {
    const PROXY: &str = "127.0.0.9";
    let plain = TestApp::with(&[("trusted_proxies", PROXY)]);
    let named = plain.another_with(&[
        ("trusted_proxy_host_header", "x-forwarded-host"),
        ("trusted_proxy_proto_header", "none"),
    ]);
    let ask = async |app: &TestApp, client: &str| {
        let call = app.get("/api/v1/flights").from(client);
        let call = call
            .header("x-forwarded-host", "shop.example")
            .header("x-forwarded-proto", "https");
        Seen::of(&call.header("x-forwarded-port", "1").await)
    };

    let seen = ask(&plain, PROXY).await;
    assert_eq!(seen.header("x-forwarded-host"), [plain.address().to_string()]);
    assert_eq!(seen.header("x-forwarded-proto"), ["https"]);
    assert!(seen.header("x-forwarded-port").is_empty());
    let seen = ask(&named, PROXY).await;
    assert_eq!(seen.header("x-forwarded-host"), ["shop.example"]);
    assert_eq!(seen.header("x-forwarded-proto"), ["http"]);
    let seen = ask(&named, "127.0.0.1").await;
    assert_eq!(seen.header("x-forwarded-host"), [named.address().to_string()]);
}

#[tokio::test]
async fn what_the_gateway_adds_has_a_bound() {
    let app = TestApp::with(&[("trusted_proxies", "127.0.0.0/8")]);
    let target = format!("/api/v1/flights?{}", "x".repeat(60_000));
    let chain = vec!["127.0.0.3"; 500].join(", ");

    let answer = app.get(&target).header("x-forwarded-for", chain.clone()).await;

    let seen = Seen::of(&answer);
    let added: usize = seen
        .headers()
        .filter(|(name, _)| !["host", "accept", "user-agent"].contains(name))
        .map(|(name, value)| name.len() + value.len() + 4)
        .sum();
    assert!(added < 2500, "{added} bytes");
}

/// RFC 9110, section 7.6: nothing goes round and round.
#[tokio::test]
async fn a_request_that_comes_back_again_and_again_is_refused() {
    let app = TestApp::shared();
    let by = |times: usize| {
        app.get("/api/v1/flights")
            .header("via", vec!["1.1 jetway"; times].join(", "))
    };

    let seen = Seen::of(&by(3).await);
    assert_eq!(seen.header("via").len(), 2);
    by(4).await.expect_problem(508, "loop_detected");
}

/// RFC 9110, section 8.6: a request without a body is not sent as one that has an empty one.
#[tokio::test]
async fn a_request_without_a_body_arrives_without_one() {
    let app = TestApp::shared();
    let airline = app.new_user_with_role("airline").await;

    for method in ["OPTIONS", "GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"] {
        let head = format!(
            "{method} /api/v1/flights HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\nconnection: close\r\n\r\n",
            app.address(),
            airline.access_token
        );
        let seen = Seen::of(&raw::exchange(app.address(), head).await);
        assert!(seen.header("transfer-encoding").is_empty(), "{method}");
        assert!(
            seen.header("content-length").iter().all(|length| *length == "0"),
            "{method}"
        );
        assert_eq!(seen.method(), method);
    }
}

/// No request reaches a service as another than was sent.
#[tokio::test]
async fn a_body_without_a_length_arrives_or_is_refused() {
    let app = TestApp::shared();
    let airline = app.new_user_with_role("airline").await;
    let send = async |method: &str, body: &str| {
        let head = format!(
            "{method} /api/v1/flights HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: text/plain\r\n\
             transfer-encoding: chunked\r\nconnection: close\r\n\r\n{body}",
            app.address(),
            airline.access_token
        );
        raw::exchange(app.address(), head).await
    };
    let body = "5\r\nfirst\r\n7\r\n second\r\n0\r\n\r\n";

    for method in ["OPTIONS", "POST", "PUT", "DELETE", "PROPFIND"] {
        let seen = Seen::of(&send(method, body).await);
        assert_eq!((seen.method(), seen.body()), (method, "first second"));
        assert_eq!(seen.header("content-type"), ["text/plain"]);
    }
    send("GET", body).await.expect_problem(411, "length_required");
    assert_eq!(Seen::of(&send("GET", "0\r\n\r\n").await).body(), "");
    assert_eq!(send("HEAD", body).await.status, 411);
}

#[tokio::test]
async fn a_body_without_a_length_arrives_or_is_refused_over_http_2_too() {
    let app = TestApp::shared();
    let airline = app.new_user_with_role("airline").await;
    let authorization = format!("Bearer {}", airline.access_token);
    let authority = app.address().to_string();
    let send = async |method: &str, pieces: &[&str]| {
        let fields = [
            (":method", method),
            (":scheme", "http"),
            (":authority", &authority),
            (":path", "/api/v1/flights"),
            ("authorization", &authorization),
        ];
        let body = http2::exchange(app.address(), &fields, pieces).await.unwrap();
        serde_json::from_slice::<serde_json::Value>(&body).unwrap()
    };

    for method in ["OPTIONS", "POST", "DELETE"] {
        assert_eq!(
            send(method, &["first", " second"]).await["body"],
            "first second",
            "{method}"
        );
        assert_eq!(send(method, &[""]).await["body"], "", "{method}");
        assert_eq!(send(method, &[]).await["body"], "", "{method}");
    }
    assert_eq!(send("GET", &["first"]).await["code"], "length_required");
    assert_eq!(send("GET", &[""]).await["body"], "");
}

#[tokio::test]
async fn a_page_may_send_what_services_read() {
    let app = TestApp::with(&[("cors_allowed_origins", "https://app.example.com")]);
    let some = app.another_with(&[("cors_allowed_headers", "x-tenant")]);
    let asked = "baggage, sentry-trace, x-tenant, if-range, x-user-id, x-forwarded-for";
    let allowed = async |app: &TestApp| {
        let call = app
            .call(Method::OPTIONS, "/api/v1/flights")
            .header("origin", "https://app.example.com");
        let call = call.header("access-control-request-method", "GET");
        let answer = call.header("access-control-request-headers", asked).await;
        answer.expect_empty(204);
        let allowed = answer.header("access-control-allow-headers").unwrap();
        allowed.split(", ").map(str::to_owned).collect::<Vec<_>>()
    };

    let names = allowed(&app).await;
    for name in ["baggage", "sentry-trace", "x-tenant", "if-range", "authorization"] {
        assert!(names.iter().any(|allowed| allowed == name), "{name}: {names:?}");
    }
    assert!(
        !names
            .iter()
            .any(|name| name.starts_with("x-user") || name.starts_with("x-forwarded"))
    );
    let names = allowed(&some).await;
    assert!(names.iter().any(|name| name == "x-tenant") && !names.iter().any(|name| name == "baggage"));
}
