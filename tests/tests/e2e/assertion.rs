//! `x-jetway-assertion`: what the services are told of the caller, signed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use ed25519_dalek::{Signer as _, SigningKey};
use http::Method;
use jetway_demo::{BookingOptions, FlightOptions, Gateway, Running, start_bookings, start_flights};
use jetway_tests::call::Call;
use jetway_tests::upstream::Seen;
use jetway_tests::{Answer, TestApp, User, state, tokens};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const ASSERTION: &str = "x-jetway-assertion";
const PURPOSE: &str = "https://jetway.dev/purpose";

/// The assertion that reached an echoing service.
#[track_caller]
pub(crate) fn assertion(answer: &Answer) -> String {
    let seen = Seen::of(answer);
    let values = seen.header(ASSERTION);
    assert_eq!(values.len(), 1, "{values:?}");
    values[0].to_owned()
}

pub(crate) async fn jwks(app: &TestApp) -> Value {
    app.get("/.well-known/jwks.json").await.json()
}

#[tokio::test]
async fn a_service_is_told_who_calls_what_and_can_verify_it() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let target = "/api/v1/bookings/7?x=%2F&y";

    let assertion = assertion(&app.call(Method::PATCH, target).by(&user).await);

    let jwks = jwks(app).await;
    assert!(tokens::is_signed_by(&assertion, &jwks));
    let (header, claims) = tokens::read(&assertion);
    assert_eq!(header["typ"], "jetway-assertion+jwt");
    assert_eq!(header["alg"], "EdDSA");
    let key = jwks["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["kid"] == header["kid"]);
    assert_eq!(key.unwrap()[PURPOSE], "assertion");
    for (claim, value) in [
        ("iss", "jetway"),
        ("aud", "bookings"),
        ("sub", &user.id),
        ("email", &user.email),
        ("method", "PATCH"),
        ("target", target),
    ] {
        assert_eq!(claims[claim], value, "{claim}");
    }
    assert_eq!(claims["roles"], json!(["customer"]));
    assert_eq!(
        claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(),
        30
    );
    let (_, access) = tokens::read(&user.access_token);
    assert_eq!(claims["sid"], access["sid"]);
}

#[tokio::test]
async fn of_nobody_it_names_nobody() {
    let app = TestApp::shared();

    let assertion = assertion(&app.get("/api/v1/flights?from=LHR").await);

    assert!(tokens::is_signed_by(&assertion, &jwks(app).await));
    let (_, claims) = tokens::read(&assertion);
    assert_eq!(
        (&claims["aud"], &claims["roles"], &claims["target"]),
        (&json!("flights"), &json!([]), &json!("/api/v1/flights?from=LHR"))
    );
    for claim in ["sub", "email", "sid"] {
        assert_eq!(claims.get(claim), None, "{claim}");
    }
}

#[tokio::test]
async fn a_clients_own_never_reaches_a_service() {
    let off = TestApp::with(&[("caller_assertion", "off")]);
    for app in [TestApp::shared(), &off] {
        for name in [ASSERTION, "X_Jetway_Assertion", "x-jetway_assertion"] {
            let seen = app.get("/api/v1/flights").header(name, "forged").await;
            let all: Vec<_> = Seen::of(&seen)
                .headers()
                .filter(|(name, _)| name.replace('_', "-") == ASSERTION)
                .map(|(_, value)| value.to_owned())
                .collect();
            assert!(!all.iter().any(|value| value == "forged"), "{all:?}");
            assert_eq!(all.len(), usize::from(!std::ptr::eq(app, &off)));
        }
    }
}

#[tokio::test]
async fn an_assertion_is_no_access_token_and_an_access_token_no_assertion() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let assertion = assertion(&app.get("/api/v1/bookings").by(&user).await);

    for path in ["/api/v1/me", "/api/v1/bookings", "/api/v1/auth/check"] {
        app.get(path)
            .token(&assertion)
            .await
            .expect_problem(401, "invalid_token");
    }
    // Nor does the key of one sign the other, whatever the header says.
    let key = assertion_key(app);
    let (_, claims) = tokens::read(&user.access_token);
    let kid = tokens::read(&assertion).0["kid"].clone();
    for typ in ["JWT", "jetway-assertion+jwt"] {
        let forged = sign(&key, &json!({"alg": "EdDSA", "typ": typ, "kid": kid}), &claims);
        app.get("/api/v1/me")
            .token(&forged)
            .await
            .expect_problem(401, "invalid_token");
    }
}

#[tokio::test]
async fn the_proxy_speaks_for_nobody_who_has_not_proved_who_they_are() {
    let app = TestApp::shared();
    let user = app.new_user().await;
    let forged = |call: Call| call.header("x-user-id", "root").header("x-user-roles", "admin");

    let nobody = forged(app.get("/api/v1/flights")).await;
    assert!(tokens::read(&assertion(&nobody)).1.get("sub").is_none());
    assert!(Seen::of(&nobody).header("x-user-id").is_empty());
    let known = forged(app.get("/api/v1/bookings")).by(&user).await;
    assert_eq!(tokens::read(&assertion(&known)).1["sub"], user.id.as_str());
    assert_eq!(Seen::of(&known).header("x-user-id"), [&user.id]);
    forged(app.get("/api/v1/bookings"))
        .await
        .expect_problem(401, "unauthenticated");
    let invalid = app.get("/api/v1/bookings").token("x.y.z").await;
    invalid.expect_problem(401, "invalid_token");
}

#[tokio::test]
async fn a_bad_value_is_refused_by_its_name() {
    let app = TestApp::with(&[("caller_assertion", "yes")]);
    let problem = app
        .get("/api/v1/flights")
        .await
        .expect_problem(503, "misconfigured");
    assert!(problem["detail"].as_str().unwrap().contains("caller_assertion"));
}

/// A gateway in front of demo services that verify its assertions.
struct Verified {
    app: TestApp,
    flights: Running,
    bookings: Running,
}

impl Verified {
    async fn start() -> Self {
        let bind = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (flights, bookings) = (bind().await, bind().await);
        let url = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
        let app = TestApp::with(&[
            ("flight_service_url", &url(&flights)),
            ("booking_service_url", &url(&bookings)),
        ]);
        let gateway = Some(Gateway {
            url: format!("http://{}", app.address()),
            issuer: "jetway".to_owned(),
        });
        let options = FlightOptions {
            gateway: gateway.clone(),
            ..FlightOptions::default()
        };
        let flights = start_flights(flights, &options).unwrap();
        let options = BookingOptions {
            gateway,
            ..BookingOptions::default()
        };
        let bookings = start_bookings(bookings, &flights.url(), &options).unwrap();
        Self {
            app,
            flights,
            bookings,
        }
    }

    /// A request to the booking service that does not go through the gateway.
    fn around(&self, method: Method, target: &str) -> Call {
        Call::new(method, self.bookings.url() + target)
    }

    /// An assertion that the gateway might have made.
    fn signed(&self, user: &User, changed: &[(&str, Value)]) -> String {
        let key = assertion_key(&self.app);
        let mut header = json!({"alg": "EdDSA", "typ": "jetway-assertion+jwt", "kid": kid(&self.app)});
        let now = time::OffsetDateTime::now_utc().unix_timestamp();
        let mut claims = json!({
            "iss": "jetway", "aud": "bookings", "sub": user.id, "roles": ["customer"],
            "method": "GET", "target": "/api/v1/bookings", "iat": now, "exp": now + 30,
        });
        for (name, value) in changed {
            match header.get_mut(*name) {
                Some(member) => *member = value.clone(),
                None => claims[*name] = value.clone(),
            }
        }
        sign(&key, &header, &claims)
    }
}

#[tokio::test]
async fn the_demo_services_work_behind_the_gateway_and_only_there() {
    let Verified {
        app,
        flights,
        bookings,
    } = &Verified::start().await;
    let user = app.new_user().await;

    let flight = app.get("/api/v1/flights?limit=1").await.expect_json(200)["flights"][0]["id"].clone();
    let booking = json!({"flight_id": flight, "seats": 1});
    let made = app
        .post("/api/v1/bookings")
        .by(&user)
        .json(&booking)
        .await
        .expect_json(201);
    assert_eq!(made["user_id"], user.id.as_str());
    let path = format!("/api/v1/bookings/{}", made["id"].as_str().unwrap());
    assert_eq!(app.get(&path).by(&user).await.expect_json(200), made);
    app.get(&path)
        .by(&app.new_user().await)
        .await
        .expect_problem(404, "not_found");
    app.get("/readyz").await.expect_json(200);

    // Around it, headers that a service would trust are worth nothing.
    for url in [
        flights.url() + "/api/v1/flights",
        bookings.url() + "/api/v1/bookings",
    ] {
        let call = Call::new(Method::GET, url)
            .header("x-user-id", &user.id)
            .header("x-user-roles", "admin");
        call.await.expect_problem(403, "invalid_assertion");
    }
}

#[tokio::test]
async fn the_demo_services_take_an_assertion_for_what_it_was_made_for_and_for_nothing_else() {
    let verified = Verified::start().await;
    let user = verified.app.new_user().await;
    verified
        .app
        .get("/api/v1/bookings")
        .by(&user)
        .await
        .expect_json(200);
    let show = |assertion: String| {
        verified
            .around(Method::GET, "/api/v1/bookings")
            .header(ASSERTION, assertion)
    };
    let now = time::OffsetDateTime::now_utc().unix_timestamp();

    show(verified.signed(&user, &[])).await.expect_json(200);
    for (name, value) in [
        ("aud", json!("flights")),
        ("iss", json!("somebody")),
        ("method", json!("DELETE")),
        ("target", json!("/api/v1/bookings?limit=1")),
        ("target", json!("/api/v1/bookings/")),
        ("exp", json!(now - 6)),
        ("iat", json!(now + 60)),
        ("typ", json!("JWT")),
        ("kid", json!("made-up")),
        ("alg", json!("HS256")),
        ("alg", json!("none")),
    ] {
        let refused = show(verified.signed(&user, &[(name, value.clone())])).await;
        refused.expect_problem(403, "invalid_assertion");
    }
    // A good one, shown elsewhere.
    let good = verified.signed(&user, &[]);
    for (method, target) in [
        (Method::POST, "/api/v1/bookings"),
        (Method::GET, "/api/v1/bookings?limit=1"),
        (Method::GET, "/api/v1/bookings/7"),
    ] {
        let call = verified.around(method, target).header(ASSERTION, &good);
        call.await.expect_problem(403, "invalid_assertion");
    }
    let elsewhere = Call::new(Method::GET, verified.flights.url() + "/api/v1/flights");
    elsewhere
        .header(ASSERTION, &good)
        .await
        .expect_problem(403, "invalid_assertion");
    // Two, an access token, and one by another key.
    let twice = show(good.clone()).header(ASSERTION, &good).await;
    twice.expect_problem(403, "invalid_assertion");
    show(user.access_token.clone())
        .await
        .expect_problem(403, "invalid_assertion");
    let (header, claims) = tokens::read(&good);
    show(tokens::forge(&header, &claims))
        .await
        .expect_problem(403, "invalid_assertion");
    // It is the assertion that counts, and not the headers beside it.
    let beside = show(good).header("x-user-id", "somebody-else").await;
    assert_eq!(beside.expect_json(200)["bookings"], json!([]));
}

fn assertion_key(app: &TestApp) -> SigningKey {
    let seed = "SELECT private_key FROM assertion_keys";
    let seed: Vec<u8> = state::database(&app.state())
        .query_row(seed, [], |row| row.get(0))
        .unwrap();
    SigningKey::from_bytes(&seed.try_into().unwrap())
}

fn kid(app: &TestApp) -> String {
    let kid = "SELECT kid FROM assertion_keys";
    state::database(&app.state())
        .query_row(kid, [], |row| row.get(0))
        .unwrap()
}

fn sign(key: &SigningKey, header: &Value, claims: &Value) -> String {
    let signed = tokens::unsigned(header, claims);
    format!(
        "{signed}.{}",
        BASE64URL.encode(key.sign(signed.as_bytes()).to_bytes())
    )
}
