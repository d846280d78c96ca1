//! Ways around a rate limit that worked elsewhere. Each is tried, and named by the advisory or the product that had it.
//!
//! The windows are as long as a window can be, 366 days, and everything is sent within one: what is counted is how many
//! requests pass, whenever they come.

use http::Method;
use jetway_tests::app::{PASSWORD, new_email};
use jetway_tests::{Answer, TestApp, User, raw};
use serde_json::json;
use tokio::task::JoinSet;

const FLIGHTS: &str = "/api/v1/flights";
const SIGN_IN: &str = "/api/v1/signin";
/// Far more than one request can carry is left to be counted.
const PLENTY: &str = "1000000;w=31622400";

/// A gateway that lets one request of each client pass.
fn one_each(variables: &[(&str, &str)]) -> TestApp {
    let mut all = vec![("rate_limit_default", "1;w=31622400")];
    all.extend(variables);
    TestApp::with(&all)
}

/// The same, behind a proxy that is trusted.
fn behind_proxy(variables: &[(&str, &str)]) -> TestApp {
    let mut all = vec![("trusted_proxies", "127.0.0.0/8, 10.0.0.0/8")];
    all.extend(variables);
    one_each(&all)
}

async fn status(app: &TestApp, headers: &[(&str, &str)]) -> u16 {
    let mut call = app.get(FLIGHTS);
    for (name, value) in headers {
        call = call.header(name, value);
    }
    call.await.status.as_u16()
}

#[tokio::test]
async fn no_header_makes_a_client_another_one() {
    let app = one_each(&[]);
    assert_eq!(status(&app, &[]).await, 200);

    let addresses = [
        "203.0.113.1",
        // A port (express-rate-limit: ERR_ERL_INVALID_IP_ADDRESS).
        "203.0.113.1:4711",
        // Not even an address (fastapi-limiter, issue 9).
        "23189987",
        // One that is let pass (rack-attack: `safelist` of localhost; Hono: GHSA-xpcf-pg52-r92g).
        "127.0.0.1",
        "::ffff:127.0.0.1",
        "for=203.0.113.1",
    ];
    for header in [
        // express-rate-limit: ERR_ERL_PERMISSIVE_TRUST_PROXY; fastapi-limiter, issues 9 and 11.
        "x-forwarded-for",
        "forwarded",
        // The host's own.
        "spin-client-addr",
        // Underscores (OAuth2-proxy: CVE-2025-64484; Traefik: GHSA-5m6w-wvh7-57vm).
        "x_forwarded_for",
        "spin_client_addr",
        // reqlimit, issue 2, and what other servers, proxies and networks write.
        "x-real-ip",
        "cf-connecting-ip",
        "true-client-ip",
        "fastly-client-ip",
        "fly-client-ip",
        "client-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-originating-ip",
        "x-remote-ip",
        "x-remote-addr",
        "remote-addr",
        "x-forwarded",
        "forwarded-for",
        "x-original-forwarded-for",
        "x-envoy-external-address",
        "x-azure-clientip",
        "x-proxyuser-ip",
        "wl-proxy-client-ip",
    ] {
        for address in addresses {
            assert_eq!(
                status(&app, &[(header, address)]).await,
                429,
                "{header}: {address}"
            );
        }
        // Twice, which some servers join and others do not.
        let twice = [(header, addresses[0]), (header, addresses[1])];
        assert_eq!(status(&app, &twice).await, 429, "{header}");
        // Named by Connection, for a proxy to take away (Traefik: CVE-2024-45410; Fabio: CVE-2025-48865).
        let named = [("connection", header), (header, addresses[0])];
        assert_eq!(status(&app, &named).await, 429, "{header}");
    }
}

#[tokio::test]
async fn nor_does_anything_else_that_a_client_can_vary() {
    let app = one_each(&[]);
    assert_eq!(status(&app, &[]).await, 200);

    let long = vec!["203.0.113.1"; 300].join(", ");
    for (header, value) in [
        // What limiters take a key from (fastify-rate-limit's `keyGenerator` examples, API keys, sessions).
        ("user-agent", "another"),
        ("cookie", "sid=another"),
        ("authorization", "Bearer another"),
        ("x-api-key", "another"),
        ("x-request-id", "another"),
        ("origin", "https://another.example"),
        ("accept-language", "tlh"),
        // Another method or path than the one that is served (method-override, Symfony, Parse Server's `_method`).
        ("x-http-method-override", "OPTIONS"),
        ("x-http-method", "HEAD"),
        ("x-method-override", "OPTIONS"),
        ("x-original-url", "/healthz"),
        ("x-rewrite-url", "/healthz"),
        // OAuth2-proxy: CVE-2026-40575.
        ("x-forwarded-uri", "/healthz"),
        // Traefik: GHSA-6384-m2mw-rf54.
        ("x-forwarded-prefix", "/healthz"),
        ("x-forwarded-host", "another.example"),
        // What the host tells its guests.
        ("spin-path-info", "/healthz"),
        ("spin-full-url", "http://localhost/healthz"),
        ("spin-component-route", "/healthz"),
        ("spin-raw-component-route", "/healthz"),
        ("spin-matched-route", "/healthz"),
        // More than a parser may be willing to read.
        ("x-forwarded-for", &long),
        ("forwarded", "for=\"203.0.113.1"),
    ] {
        assert_eq!(status(&app, &[(header, value)]).await, 429, "{header}: {value}");
    }
}

#[tokio::test]
async fn no_spelling_of_a_route_is_another_quota() {
    let app = one_each(&[]);
    assert_eq!(status(&app, &[]).await, 200);

    for method in [
        // HEAD, which a router may add by itself (fastify-rate-limit, issue 131).
        Method::HEAD,
        Method::OPTIONS,
        Method::POST,
        Method::PATCH,
        Method::from_bytes(b"get").unwrap(),
        Method::from_bytes(b"FOO").unwrap(),
    ] {
        let refused = app.call(method.clone(), FLIGHTS).await.status.as_u16();
        assert!([429, 405, 501].contains(&refused), "{method}: {refused}");
    }
    for target in [
        "/api/v1/flights?x=1",
        "/api/v1/flights?",
        "/api/v1/flights/1",
        "/api/v1/flights/",
        // Double slashes and semicolons (@fastify/express: GHSA-6hw5-45gm-fj88; @fastify/middie: CVE-2026-33804).
        "//api/v1/flights",
        "/api//v1/flights",
        "/api/v1/flights//",
        "/api/v1/flights;x=1",
        // Case (Express's and Koa's routers take any).
        "/API/v1/flights",
        "/api/v1/Flights",
        // Escapes (@fastify/express: CVE-2026-22037; RateLimitBundle, pull request 20).
        "/api/v1/%66lights",
        "/api/v1%2Fflights",
        "/api/v1/flights%00",
        "/api/v1/flights%20",
        "/api/v1/flights/%2e",
        "/api/v1/./flights",
        "/api/v1/x/../flights",
        "/healthz/../api/v1/flights",
        // A target with a host of its own.
        "http://another.example/api/v1/flights",
    ] {
        let Some(answer) = raw::try_get(app.address(), target, "").await else {
            continue;
        };
        let refused = answer.status.as_u16();
        assert!([429, 400, 404].contains(&refused), "{target}: {refused}");
    }
    // Another version of the protocol, and another host.
    let old = format!("GET {FLIGHTS} HTTP/1.0\r\nhost: another.example\r\n\r\n");
    raw::exchange(app.address(), old)
        .await
        .expect_problem(429, "rate_limited");
}

// Better Auth: CVE-2026-45364, for the first two; express-rate-limit: CVE-2026-30827, for the third.

#[tokio::test]
async fn hopping_within_a_64_is_staying() {
    let app = behind_proxy(&[]);
    assert_eq!(status(&app, &[("x-forwarded-for", "2001:db8:0:1::1")]).await, 200);

    for hop in 2..40_u128 {
        let host = hop.wrapping_mul(0x9e37_79b9_7f4a_7c15) & u128::from(u64::MAX);
        let address = std::net::Ipv6Addr::from_bits(0x2001_0db8_0000_0001 << 64 | host);
        let forwarded = address.to_string();
        assert_eq!(
            status(&app, &[("x-forwarded-for", &forwarded)]).await,
            429,
            "{forwarded}"
        );
    }
    assert_eq!(status(&app, &[("x-forwarded-for", "2001:db8:0:2::1")]).await, 200);
}

#[tokio::test]
async fn another_spelling_of_an_address_is_the_same_client() {
    let app = behind_proxy(&[]);
    for (first, others) in [
        (
            "2001:db8:0:7::a",
            &[
                "2001:DB8:0:7::A",
                "2001:0db8:0000:0007:0000:0000:0000:000a",
                "2001:db8:0:7:0:0:0.0.0.10",
                "[2001:db8:0:7::a]",
                "[2001:db8:0:7::a]:4711",
                "[2001:db8:0:7::a]:4712",
            ][..],
        ),
        (
            "203.0.113.7",
            &[
                "::ffff:203.0.113.7",
                "::FFFF:cb00:7107",
                "0:0:0:0:0:ffff:203.0.113.7",
                "[::ffff:203.0.113.7]:4711",
                "203.0.113.7:4711",
                "203.0.113.7:4712",
                " \t203.0.113.7 \t",
                // 6to4, which gives its owner 65,536 networks of 64 bits, and NAT64.
                "2002:cb00:7107:1::1",
                "2002:cb00:7107:2::1",
                "64:ff9b::203.0.113.7",
            ],
        ),
    ] {
        assert_eq!(status(&app, &[("x-forwarded-for", first)]).await, 200, "{first}");
        for other in others {
            assert_eq!(status(&app, &[("x-forwarded-for", other)]).await, 429, "{other}");
        }
    }
}

#[tokio::test]
async fn one_ipv4_client_does_not_use_up_the_quota_of_all() {
    for prefix in ["32", "56", "64"] {
        let app = behind_proxy(&[("client_ipv6_prefix", prefix)]);
        for client in ["::ffff:203.0.113.1", "::ffff:203.0.113.2", "::ffff:198.51.100.1"] {
            assert_eq!(
                status(&app, &[("x-forwarded-for", client)]).await,
                200,
                "{client}"
            );
            assert_eq!(
                status(&app, &[("x-forwarded-for", client)]).await,
                429,
                "{client}"
            );
        }
    }
}

#[tokio::test]
async fn who_has_a_wider_network_can_be_counted_by_it() {
    // express-rate-limit: `ipv6Subnet`.
    let app = behind_proxy(&[("client_ipv6_prefix", "48")]);
    assert_eq!(status(&app, &[("x-forwarded-for", "2001:db8:1::1")]).await, 200);

    for address in ["2001:db8:1:1::1", "2001:db8:1:ffff::1"] {
        assert_eq!(
            status(&app, &[("x-forwarded-for", address)]).await,
            429,
            "{address}"
        );
    }
    assert_eq!(status(&app, &[("x-forwarded-for", "2001:db8:2::1")]).await, 200);
}

/// Through a proxy that adds the client's address to what the client sent.
#[tokio::test]
async fn what_a_client_tells_an_honest_proxy_counts_for_nothing() {
    let app = behind_proxy(&[]);
    assert_eq!(status(&app, &[("x-forwarded-for", "203.0.113.9")]).await, 200);
    assert_eq!(status(&app, &[("forwarded", "for=198.51.100.9")]).await, 200);

    for claim in [
        // The leftmost address (Hono: CVE-2026-27700; Better Auth: CVE-2026-45364).
        "6.6.6.1",
        "6.6.6.2, 6.6.6.3",
        // A trusted one, as if the proxy were further away.
        "10.0.0.1",
        "6.6.6.4, 10.0.0.1",
        "127.0.0.1",
        // Nothing that can be read.
        "",
        ",,,",
        "unknown",
        "\"",
        "for=\"",
        "for=\"\\",
        "for=6.6.6.5;x=\"",
        "for=6.6.6.6, for=\"6.6.6.7",
        "\u{e4}",
    ] {
        // In one line, and in a line of its own.
        let line = format!("{claim}, 203.0.113.9");
        assert_eq!(status(&app, &[("x-forwarded-for", &line)]).await, 429, "{claim}");
        let lines = [("x-forwarded-for", claim), ("x-forwarded-for", "203.0.113.9")];
        assert_eq!(status(&app, &lines).await, 429, "{claim}");
        // "Forwarded header sabotage": a quote without an end swallows what a parser from the left reads after it.
        let line = format!("{claim}, for=198.51.100.9;proto=https");
        assert_eq!(status(&app, &[("forwarded", &line)]).await, 429, "{claim}");
        let lines = [("forwarded", claim), ("forwarded", "for=\"198.51.100.9:4711\"")];
        assert_eq!(status(&app, &lines).await, 429, "{claim}");
    }
}

#[tokio::test]
async fn a_header_that_the_proxy_does_not_write_is_not_read() {
    for (written, mine, passed_on, spoofed) in [
        (
            "forwarded",
            "for=203.0.113.9",
            "x-forwarded-for",
            ["6.6.6.1", "6.6.6.2"],
        ),
        (
            "x-forwarded-for",
            "203.0.113.9",
            "forwarded",
            ["for=6.6.6.1", "for=6.6.6.2"],
        ),
    ] {
        let app = behind_proxy(&[("trusted_proxy_header", written)]);
        assert_eq!(status(&app, &[(written, mine)]).await, 200);
        for spoofed in spoofed {
            let headers = [(passed_on, spoofed), (written, mine)];
            assert_eq!(status(&app, &headers).await, 429, "{passed_on}: {spoofed}");
        }
    }
}

#[tokio::test]
async fn a_quote_within_a_quote_hides_no_address() {
    let app = behind_proxy(&[("trusted_proxy_header", "forwarded")]);
    // The host is the client's own words, which a proxy must quote.
    let from = |host: &str| format!(r#"for=203.0.113.9;host="{host}""#);
    assert_eq!(status(&app, &[("forwarded", &from("a"))]).await, 200);

    for host in [
        r#"\", for=6.6.6.6;x=\""#,
        r#"\\\", for=6.6.6.7"#,
        ";for=6.6.6.8",
        r"\\",
    ] {
        assert_eq!(status(&app, &[("forwarded", &from(host))]).await, 429, "{host}");
    }
}

/// Behind one connection, as many requests as it can carry.
#[tokio::test]
async fn a_connection_that_stays_open_is_counted_by_request() {
    let app = TestApp::with(&[("rate_limit_default", "5;w=31622400")]);
    let request = format!("GET {FLIGHTS} HTTP/1.1\r\nhost: {}\r\n", app.address());
    let pipelined = format!("{request}\r\n").repeat(19) + &request + "connection: close\r\n\r\n";

    let bytes = raw::exchange_bytes(app.address(), pipelined).await;

    let text = String::from_utf8_lossy(&bytes);
    let count = |status: &str| text.matches(&format!("HTTP/1.1 {status} ")).count();
    assert_eq!((count("200"), count("429")), (5, 15), "{text}");
}

/// Read, compare and write, and between them another request (Keycloak: CVE-2024-4629).
#[tokio::test]
async fn guesses_that_come_at_once_from_everywhere_are_counted_together() {
    let app = TestApp::with(&[("rate_limit_signin", "1000000;w=31622400, 4;w=31622400;by=email")]);
    let email = new_email();
    let other = app.another();

    let mut calls: JoinSet<_> = (0..40)
        .map(|each| {
            let gateway = [&app, &other][each % 2];
            let client = format!("127.0.1.{each}");
            let guess = format!("guess number {each}");
            gateway.sign_in(&email, &guess).from(&client).into_future()
        })
        .collect();
    let mut tried = 0;
    while let Some(answer) = calls.join_next().await {
        match answer.unwrap().status.as_u16() {
            401 => tried += 1,
            refused => assert_eq!(refused, 429),
        }
    }

    assert_eq!(tried, 4);
}

/// A gateway with a user whose address takes no more sign-ins.
async fn exhausted_address() -> (TestApp, User) {
    let app = TestApp::with(&[("rate_limit_signin", &format!("{PLENTY}, 1;w=31622400;by=email"))]);
    let user = app.new_user().await;
    app.sign_in(&user.email, PASSWORD)
        .await
        .expect_problem(429, "rate_limited");
    (app, user)
}

/// Sends a body to the sign-in, in which the password is right.
async fn sign_in_with(app: &TestApp, body: String) -> Answer {
    app.post(SIGN_IN).typed_body("application/json", body).await
}

#[tokio::test]
async fn no_spelling_of_an_address_opens_its_account_again() {
    let (app, user) = exhausted_address().await;
    let email = &user.email;
    let (local, domain) = email.split_once('@').unwrap();

    for spelling in [
        // Case (Authelia: CVE-2026-47203; rack-attack's example of a login throttle, until 2020).
        email.to_uppercase(),
        format!("{}@{domain}", local.to_uppercase()),
        format!("{local}@Example.COM"),
        // White space (rack-attack, likewise), and what looks like none.
        format!(" {email}"),
        format!("{email} "),
        format!("{email}\n"),
        format!("\t{email}"),
        format!("{local}@example. com"),
        format!("{email}\0"),
        format!("{email}\u{200b}"),
        format!("{email}\u{a0}"),
        format!("{email}%00"),
        format!("{email}%20"),
        // Unicode that some databases fold into ASCII, and domains that DNS does (Django: CVE-2019-19844).
        email.replace('s', "\u{17f}"),
        email.replace('e', "\u{ff45}"),
        format!("{local}@ex\u{e4}mple.com"),
        format!("{local}\u{ff20}{domain}"),
        format!("{email}."),
        // Comments, quotes, display names and lists of the mail formats.
        format!("\"{local}\"@{domain}"),
        format!("{local}(x)@{domain}"),
        format!("<{email}>"),
        format!("Ada <{email}>"),
        format!("{email},{email}"),
        format!("{email};{email}"),
        // What one mailbox may have besides (Gmail's + and dots): here, it is another address, which has no account.
        format!("{local}+1@{domain}"),
        format!("{}.{}@{domain}", &local[..1], &local[1..]),
    ] {
        let answer = app.sign_in(&spelling, PASSWORD).await;
        let refused = answer.status.as_u16();
        assert!([429, 400, 422, 401].contains(&refused), "{spelling:?}: {refused}");
        if spelling.eq_ignore_ascii_case(email) {
            assert_eq!(refused, 429, "{spelling:?}");
        }
    }
}

#[tokio::test]
async fn no_shape_of_a_body_is_more_than_one_guess() {
    let (app, user) = exhausted_address().await;
    let email = &user.email;
    let escaped: String = email
        .chars()
        .map(|c| format!("\\u{:04x}", u32::from(c)))
        .collect();

    for body in [
        format!(r#"{{"email":"{escaped}","password":"{PASSWORD}"}}"#),
        // Two of a name: the limiter must not read one and the sign-in the other.
        format!(r#"{{"email":"other@example.com","email":"{email}","password":"{PASSWORD}"}}"#),
        format!(r#"{{"email":"{email}","email":"other@example.com","password":"{PASSWORD}"}}"#),
        format!(r#"{{"EMAIL":"other@example.com","email":"{email}","password":"{PASSWORD}"}}"#),
        // Several guesses in one request (Parse Server: CVE-2026-30972; GraphQL and XML-RPC batches).
        json!([{"email": email, "password": PASSWORD}]).to_string(),
        json!({"requests": [{"email": email, "password": PASSWORD}]}).to_string(),
        json!({"email": [email], "password": PASSWORD}).to_string(),
        json!({"email": email, "password": ["wrong password", PASSWORD]}).to_string(),
        // An object that a database takes for a question.
        json!({"email": {"$eq": email}, "password": PASSWORD}).to_string(),
        format!("email={email}&password={PASSWORD}"),
    ] {
        let refused = sign_in_with(&app, body.clone()).await.status.as_u16();
        assert!([429, 400, 422, 401].contains(&refused), "{body}: {refused}");
    }
}

#[tokio::test]
async fn no_other_door_takes_a_password() {
    let app = TestApp::with(&[("rate_limit_signin", "1;w=31622400")]);
    let user = app.new_user().await;
    let body = json!({"email": user.email, "password": PASSWORD}).to_string();

    for target in [
        "/api/v1/signin",
        "/api/v1/signin?x=1",
        "/api/v1/signin/",
        "/api/v1/signin//",
        "//api/v1/signin",
        "/api//v1/signin",
        "/api/v1/SignIn",
        "/api/v1/%73ignin",
        "/api/v1/signin%20",
        "/api/v1/signin%00",
        "/api/v1/signin%2F",
        "/api/v1/signin;x=1",
        "/api/v1/./signin",
        "/api/v1/x/../signin",
        "/api/v1/token/../signin",
        "/api/v1/me/../signin",
        "/api/v1/me/%2e%2e/signin",
        "http://another.example/api/v1/signin",
        // Doors beside (Keycloak: CVE-2026-9798), which the limit of this one would not know.
        "/api/v1/batch",
        "/api/v1/token/refresh",
        "/api/v1/auth/check",
        "/internal/signin",
    ] {
        for method in ["POST", "PUT", "PATCH", "GET", "post"] {
            let request = format!(
                "{method} {target} HTTP/1.1\r\nhost: {}\r\nx-http-method-override: POST\r\n\
                 content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                app.address(),
                body.len(),
            );
            let Some(answer) = raw::try_exchange(app.address(), request).await else {
                continue;
            };
            assert_ne!(answer.status.as_u16(), 200, "{method} {target}");
            assert!(!answer.status.is_server_error(), "{method} {target}: {answer:?}");
        }
    }
}
