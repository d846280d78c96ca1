//! Who counts as one client.

use jetway_tests::{TestApp, raw};

/// A gateway that lets one request of each client pass.
fn one_each(trusted_proxies: &str) -> TestApp {
    TestApp::with(&[
        ("rate_limit_default", "1;w=31622400"),
        ("trusted_proxies", trusted_proxies),
    ])
}

async fn status_of(app: &TestApp, headers: &[(&str, &str)]) -> u16 {
    let mut call = app.get("/api/v1/flights");
    for (name, value) in headers {
        call = call.header(name, value);
    }
    call.await.status.as_u16()
}

#[tokio::test]
async fn a_client_address_that_the_client_sends_is_not_believed() {
    let app = one_each("");
    assert_eq!(status_of(&app, &[]).await, 200);

    for header in [
        "spin-client-addr",
        "x-forwarded-for",
        "x-real-ip",
        "forwarded",
        "true-client-ip",
        "cf-connecting-ip",
    ] {
        assert_eq!(
            status_of(&app, &[(header, "203.0.113.9:1234")]).await,
            429,
            "{header}"
        );
        assert_eq!(status_of(&app, &[(header, "203.0.113.9")]).await, 429, "{header}");
        assert_eq!(
            status_of(&app, &[(header, "for=203.0.113.9"), (header, "203.0.113.8")]).await,
            429,
            "{header}"
        );
    }
    // Also not when it stands twice, in other letters, on the wire.
    let spoofed = "Spin-Client-Addr: 203.0.113.9:1\r\nspin-client-addr: 203.0.113.10:1\r\n";
    raw::get(app.address(), "/api/v1/flights", spoofed)
        .await
        .expect_problem(429, "rate_limited");
}

#[tokio::test]
async fn a_spoofed_address_does_not_use_up_another_client_s_quota() {
    let app = one_each("");

    assert_eq!(status_of(&app, &[("spin-client-addr", "127.0.0.2:1")]).await, 200);

    app.get("/api/v1/flights").from("127.0.0.2").await.expect(200);
    app.get("/api/v1/flights")
        .from("127.0.0.1")
        .await
        .expect_problem(429, "rate_limited");
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_client_is_whom_it_names() {
    let app = one_each("127.0.0.0/8");

    assert_eq!(status_of(&app, &[("x-forwarded-for", "203.0.113.1")]).await, 200);
    assert_eq!(status_of(&app, &[("x-forwarded-for", "203.0.113.1")]).await, 429);
    assert_eq!(status_of(&app, &[("x-forwarded-for", "203.0.113.2")]).await, 200);
}

#[tokio::test]
async fn the_list_is_read_from_the_right_as_far_as_the_proxies_are_trusted() {
    let app = one_each("127.0.0.0/8, 10.0.0.0/8");
    assert_eq!(status_of(&app, &[("x-forwarded-for", "203.0.113.1")]).await, 200);

    // What the client claims stands on the left.
    assert_eq!(
        status_of(&app, &[("x-forwarded-for", "198.51.100.1, 203.0.113.1")]).await,
        429
    );
    assert_eq!(
        status_of(
            &app,
            &[("x-forwarded-for", "198.51.100.2, 203.0.113.1, 10.1.2.3")]
        )
        .await,
        429
    );
    let two_lines = [
        ("x-forwarded-for", "198.51.100.3, 203.0.113.1"),
        ("x-forwarded-for", "10.1.2.3, 10.9.9.9"),
    ];
    assert_eq!(status_of(&app, &two_lines).await, 429);
    // A hop that is not trusted is the client.
    assert_eq!(
        status_of(&app, &[("x-forwarded-for", "203.0.113.1, 198.51.100.4")]).await,
        200
    );
}

#[tokio::test]
async fn a_proxy_may_name_it_in_forwarded_instead() {
    let app = one_each("127.0.0.0/8, 10.0.0.0/8, 2001:db8::1");
    let cases: [(&[&str], u16); 9] = [
        (&["for=203.0.113.1;proto=https;by=10.0.0.1"], 200),
        (&["For=\"203.0.113.1:4711\""], 429),
        (&["for=198.51.100.1, for=203.0.113.1, for=10.1.2.3"], 429),
        (
            &["for=198.51.100.2", "for=203.0.113.1", "for=\"[2001:db8::1]:80\""],
            429,
        ),
        (&["for=\"[2001:db8:1:2::1]\""], 200),
        (&["for=\"[2001:db8:1:2::2]:4711\""], 429),
        // A proxy that hides its client is the client, and what stands on the left of it is hearsay.
        (&["for=198.51.100.3, for=unknown"], 200),
        (&["for=198.51.100.4, for=_hidden"], 429),
        (&["for=198.51.100.5, for=10.1.2.3, proto=https"], 429),
    ];
    for (lines, status) in cases {
        let headers: Vec<_> = lines.iter().map(|line| ("forwarded", *line)).collect();
        assert_eq!(status_of(&app, &headers).await, status, "{lines:?}");
    }
}

#[tokio::test]
async fn of_two_headers_the_first_that_the_operator_names_counts() {
    let both = |xff, forwarded| [("x-forwarded-for", xff), ("forwarded", forwarded)];

    let app = one_each("127.0.0.0/8");
    assert_eq!(
        status_of(&app, &both("203.0.113.1", "for=203.0.113.2")).await,
        200
    );
    assert_eq!(
        status_of(&app, &both("203.0.113.1", "for=203.0.113.3")).await,
        429
    );

    let app = TestApp::with(&[
        ("rate_limit_default", "1;w=31622400"),
        ("trusted_proxies", "127.0.0.0/8"),
        ("trusted_proxy_header", "Forwarded, X-Forwarded-For"),
    ]);
    assert_eq!(
        status_of(&app, &both("203.0.113.1", "for=203.0.113.2")).await,
        200
    );
    assert_eq!(
        status_of(&app, &both("203.0.113.3", "for=203.0.113.2")).await,
        429
    );
    assert_eq!(status_of(&app, &[("x-forwarded-for", "203.0.113.3")]).await, 200);
}

#[tokio::test]
async fn a_proxy_that_is_not_trusted_is_the_client() {
    let app = one_each("192.0.2.0/24");
    assert_eq!(status_of(&app, &[("x-forwarded-for", "203.0.113.1")]).await, 200);

    assert_eq!(status_of(&app, &[("x-forwarded-for", "203.0.113.2")]).await, 429);
}

#[tokio::test]
async fn an_ipv6_client_is_its_64_and_a_mapped_one_its_ipv4() {
    let app = one_each("127.0.0.0/8");
    let cases = [
        ("2001:db8:1:2::1", 200),
        ("2001:db8:1:2::2", 429),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", 429),
        ("2001:0DB8:0001:0002::3", 429),
        ("2001:db8:1:3::1", 200),
        ("203.0.113.7", 200),
        ("::ffff:203.0.113.7", 429),
        ("::ffff:203.0.113.8", 200),
        ("203.0.113.8", 429),
    ];
    for (client, status) in cases {
        assert_eq!(
            status_of(&app, &[("x-forwarded-for", client)]).await,
            status,
            "{client}"
        );
    }
}

#[tokio::test]
async fn nonsense_from_a_trusted_proxy_does_not_open_a_new_quota_each_time() {
    let app = one_each("127.0.0.0/8");
    let mut passed = 0;

    for nonsense in ["unknown", "_hidden", "", "999.1.1.1", "a b c", ",,,", "::1::2"] {
        match status_of(&app, &[("x-forwarded-for", nonsense)]).await {
            200 => passed += 1,
            429 => {}
            other => panic!("{nonsense:?} is answered {other}"),
        }
    }

    assert_eq!(passed, 1, "all of it comes from the proxy itself");
}
