//! Services at several addresses.

use std::time::{Duration, Instant};

use jetway_tests::unsteady::Unsteady;
use jetway_tests::upstream::Upstream;
use jetway_tests::{Setup, TestApp, User};

fn before(addresses: &str) -> TestApp {
    Setup::usual().with(&[("booking_service_url", addresses)]).start()
}

async fn read(app: &TestApp, user: &User) -> u16 {
    app.get("/api/v1/bookings").by(user).await.status.as_u16()
}

async fn write(app: &TestApp, user: &User) -> u16 {
    let call = app.post("/api/v1/bookings").by(user).body("{}");
    call.await.status.as_u16()
}

#[tokio::test]
async fn every_address_gets_its_share() {
    let services = [Unsteady::well(), Unsteady::well(), Unsteady::well()];
    let urls: Vec<_> = services.iter().map(Unsteady::url).collect();
    // Commas and white space, as a person may write them.
    let app = before(&format!("{}, {}\n {}", urls[0], urls[1], urls[2]));
    let user = app.new_user().await;

    for _ in 0..30 {
        assert_eq!(read(&app, &user).await, 200);
    }

    for service in &services {
        assert!(
            (5..=15).contains(&service.requests()),
            "{} of 30",
            service.requests()
        );
    }
}

#[tokio::test]
async fn a_dead_address_costs_no_reader_an_answer() {
    let service = Unsteady::well();
    let app = before(&format!("{},{}", Upstream::dead().url(), service.url()));
    let user = app.new_user().await;

    for _ in 0..30 {
        assert_eq!(read(&app, &user).await, 200);
    }
    assert_eq!(service.requests(), 30);
}

#[tokio::test]
async fn a_service_that_asks_for_time_is_not_asked_again_but_another_address_is() {
    let (busy, free) = (Unsteady::well(), Unsteady::well());
    busy.answer_with(&[503], Some("60"));
    let app = before(&format!("{} {}", busy.url(), free.url()));
    let user = app.new_user().await;

    for _ in 0..2 {
        assert_eq!(read(&app, &user).await, 200);
    }

    // Each request meets the busy one at most once, whoever has the first turn.
    assert_eq!(free.requests(), 2);
    assert!((1..=2).contains(&busy.requests()), "{}", busy.requests());
}

#[tokio::test]
async fn an_address_that_fails_is_left_out_here_and_by_other_gateways_and_comes_back() {
    let (sick, well) = (Unsteady::answering(&[503]), Unsteady::well());
    let app = before(&format!("{} {}", sick.url(), well.url()));
    let user = app.new_user().await;

    // What cannot be sent again shows each failure: three of them are enough.
    let mut failures = 0;
    for _ in 0..40 {
        failures += usize::from(write(&app, &user).await != 200);
    }
    assert!((1..=6).contains(&failures), "{failures} of 40");

    // A second gateway knows from its first request on. What it writes is no probe while the other address works.
    let other = app.another();
    let before = sick.requests();
    for _ in 0..20 {
        assert_eq!(write(&other, &user).await, 200);
    }
    assert_eq!(sick.requests(), before);

    // Probes are readers' requests, few, and cost nobody an answer.
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(4) {
        assert_eq!(read(&app, &user).await, 200);
    }
    let probes = sick.requests() - before;
    assert!((1..=4).contains(&probes), "{probes} probes in 4 seconds");

    sick.answer(&[200]);
    let back = Instant::now();
    let had = sick.requests();
    while sick.requests() < had + 5 {
        assert_eq!(read(&app, &user).await, 200);
        assert!(back.elapsed() < Duration::from_secs(40), "it does not come back");
    }
    println!("back after {:?}", back.elapsed());
}

#[tokio::test]
async fn an_address_that_is_not_granted_is_named_by_its_variable() {
    let app = TestApp::with(&[("flight_service_hosts", "http://127.0.0.1:1")]);
    let user = app.new_user().await;

    // The grants are the component's, so those of the bookings must not cover the flights either.
    let app = app.another_with(&[("booking_service_hosts", &app.bookings().url())]);

    for path in ["/api/v1/flights", "/readyz"] {
        let problem = app.get(path).await.expect_problem(503, "misconfigured");
        assert!(problem.to_string().contains("flight_service_hosts"), "{problem}");
    }
    app.get("/api/v1/bookings").by(&user).await.expect(200);
}

#[tokio::test]
async fn the_narrowest_grants_that_fit_are_enough() {
    let app = TestApp::start();
    let (flights, bookings) = (app.flights().url(), app.bookings().url());
    let app = app.another_with(&[
        ("flight_service_hosts", &flights),
        ("booking_service_hosts", &bookings),
    ]);

    app.get("/api/v1/flights").await.expect(200);
    app.get("/readyz").await.expect_json(200);
}

#[tokio::test]
async fn a_list_with_a_bad_address_is_refused_by_name() {
    for list in [
        "http://127.0.0.1:1, flights",
        "http://127.0.0.1:1;http://127.0.0.1:2",
        "http://127.0.0.1:1 http://127.0.0.1:1",
        ",",
    ] {
        let app = TestApp::with(&[("flight_service_url", list)]);

        for path in ["/api/v1/flights", "/readyz"] {
            let problem = app.get(path).await.expect_problem(503, "misconfigured");
            assert!(problem.to_string().contains("flight_service_url"), "{problem}");
        }
    }
}

#[tokio::test]
async fn one_address_that_answers_makes_a_service_ready() {
    let service = Unsteady::well();
    let app = before(&format!("{} {}", Upstream::dead().url(), service.url()));
    app.get("/readyz").await.expect_json(200);

    service.die();
    // What was found out is good for a second.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    app.get("/readyz").await.expect_problem(503, "not_ready");
}

/// Spin, too, has a limit to its connections. It says of one that came to nothing that it took too long.
#[tokio::test]
async fn a_host_that_has_no_connection_left_is_a_503_and_no_fault_of_the_service() {
    let (arrived, mut arrivals) = tokio::sync::mpsc::channel(8);
    let (release, released) = tokio::sync::watch::channel(false);
    let service = Upstream::answering(move |_: axum::extract::Request| {
        let (arrived, mut released) = (arrived.clone(), released.clone());
        async move {
            arrived.send(()).await.unwrap();
            released.wait_for(|released| *released).await.unwrap();
            "at last"
        }
    });
    let limited = "[outbound_http]\nconnection_pooling = false\nmax_connections = 1\n";
    let app = Setup::in_front_of(service, Upstream::echo())
        .on_embedded_host()
        .with(&[("upstream_connect_timeout", "300ms")])
        .with_runtime_config(limited)
        .start();
    let first = tokio::spawn(app.get("/api/v1/flights").start());
    arrivals.recv().await.unwrap();

    // More than it takes to open the circuit of a service that fails.
    for _ in 0..6 {
        let answer = app.get("/api/v1/flights").await;
        answer.expect_problem(503, "upstream_overloaded");
        assert!(answer.header("retry-after").is_some());
    }

    release.send_replace(true);
    assert_eq!(first.await.unwrap().text().await.unwrap(), "at last");
    app.eventually(200, || app.get("/api/v1/flights")).await;
    // None of those that were refused was sent.
    arrivals.recv().await.unwrap();
    assert!(arrivals.try_recv().is_err());
}
