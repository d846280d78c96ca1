//! The circuit breaker: a service that is dead is not called, by no gateway, until it is back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jetway_tests::unsteady::Unsteady;
use jetway_tests::upstream::Upstream;
use jetway_tests::{Answer, Setup, TestApp, state};
use tokio::task::JoinHandle;

/// The contract, and what a machine that does five other things at the same time may add to it.
const OPENED_WITHIN: Duration = Duration::from_secs(1);
const CLOSED_WITHIN: Duration = Duration::from_secs(5);
const MARGIN: Duration = Duration::from_secs(5);

/// Lets the tests say who their clients are.
const TRUSTED: (&str, &str) = ("trusted_proxies", "127.0.0.1");

fn before(flights: &Unsteady) -> TestApp {
    Setup::in_front_of(flights.upstream(), Upstream::echo())
        .with(&[TRUSTED])
        .start()
}

/// A path, and the address of a client, that few have asked for and few have come from.
fn next_request() -> (String, String) {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    (
        format!("/api/v1/flights/{number}"),
        format!("198.51.100.{}", number % 250),
    )
}

/// Asks as one of many clients for one of many flights.
async fn flights(app: &TestApp) -> Answer {
    let (path, client) = next_request();
    app.get(&path).header("x-forwarded-for", &client).await
}

fn is_open(answer: &Answer) -> bool {
    answer.status == 503 && String::from_utf8_lossy(&answer.body).contains("upstream_overloaded")
}

/// Clients who do not stop asking.
struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    fn on(app: &TestApp) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let gateway = format!("http://{}", app.address());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let clients = (0..8).map(|_| {
            let (stop, client, gateway) = (Arc::clone(&stop), client.clone(), gateway.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let (path, from) = next_request();
                    let request = client
                        .get(gateway.clone() + &path)
                        .header("x-forwarded-for", from);
                    if let Ok(answer) = request.send().await {
                        answer.bytes().await.ok();
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            })
        });
        Self {
            clients: clients.collect(),
            stop,
        }
    }

    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.await.unwrap();
        }
    }
}

/// How long it takes until the gateway answers so.
async fn until(gateway: &TestApp, wanted: impl Fn(&Answer) -> bool) -> Duration {
    let start = Instant::now();
    while !wanted(&flights(gateway).await) {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "it never comes to that"
        );
    }
    start.elapsed()
}

/// How long it takes until the gateway is well, and stays so: one of its instances may know before another.
async fn until_well(gateway: &TestApp) -> Duration {
    let start = Instant::now();
    loop {
        until(gateway, is_well).await;
        let since = start.elapsed();
        let mut stays = true;
        for _ in 0..5 {
            stays &= is_well(&flights(gateway).await);
        }
        if stays {
            return since;
        }
    }
}

/// The answer of a gateway that does not call the service. One request a second is the probe and gets another, and so do those at an
/// instance that does not know yet.
async fn refused(gateway: &TestApp) -> Answer {
    for _ in 0..50 {
        let answer = flights(gateway).await;
        if is_open(&answer) {
            return answer;
        }
    }
    panic!("the service is called all the time");
}

fn is_well(answer: &Answer) -> bool {
    answer.status == 200
}

#[tokio::test]
async fn a_service_that_dies_is_given_up_within_a_second_and_taken_back_within_five() {
    let service = Unsteady::well();
    let app = before(&service);
    let other = app.another();
    let loads = [Load::on(&app), Load::on(&other)];
    for gateway in [&app, &other] {
        until_well(gateway).await;
    }

    service.die();
    let opened = tokio::join!(until(&app, is_open), until(&other, is_open));
    for gateway in [&app, &other] {
        let answer = refused(gateway).await;
        answer.expect_problem(503, "upstream_overloaded");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }

    tokio::time::sleep(Duration::from_secs(3)).await;
    service.come_back();
    let closed = tokio::join!(until_well(&app), until_well(&other));

    println!("two gateways: opened after {opened:?}, closed after {closed:?}");
    assert!(opened.0.max(opened.1) < OPENED_WITHIN + MARGIN, "{opened:?}");
    assert!(closed.0.max(closed.1) < CLOSED_WITHIN + MARGIN, "{closed:?}");
    for load in loads {
        load.end().await;
    }
    // The last claims of a probe may have been made by instances that did not know yet that it is over.
    let left = || state::keys(&app.state(), "breaker/");
    for _ in 0..50 {
        if left().len() <= 2 && !left().iter().any(|key| key.contains("ejected")) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("left in the store: {:?}", left());
}

/// Only its own readers call this gateway, which are none but for a moment: it learns from the store what the other found out.
#[tokio::test]
async fn a_gateway_without_load_learns_it_from_the_one_that_has_it() {
    let service = Unsteady::well();
    let app = before(&service);
    let other = app.another();
    let load = Load::on(&app);
    until_well(&other).await;

    service.die();
    until(&app, is_open).await;
    let failures = until_open_counting(&other).await;

    // Not even what it would take to find out by itself.
    assert!(failures < 5, "{failures}");
    load.end().await;
}

/// How many requests fail at a gateway that gets two a second, until it gives up the service.
async fn until_open_counting(gateway: &TestApp) -> usize {
    for failures in 0..20 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        if is_open(&flights(gateway).await) {
            return failures;
        }
    }
    panic!("it never gives up");
}

#[tokio::test]
async fn a_few_failures_are_a_502_each_and_then_it_is_a_503() {
    let service = Unsteady::well();
    service.die();
    let app = before(&service);

    for _ in 0..5 {
        flights(&app).await.expect_problem(502, "upstream_unreachable");
    }
    flights(&app).await.expect_problem(503, "upstream_overloaded");
}

#[tokio::test]
async fn while_it_is_open_the_service_gets_one_request_a_second_from_all_gateways() {
    // Sick, and not dead: the service counts what reaches it.
    let service = Unsteady::answering(&[503]);
    let app = before(&service);
    let other = app.another();
    let loads = [Load::on(&app), Load::on(&other)];
    tokio::join!(until(&app, is_open), until(&other, is_open));

    // Until every instance knows, and what was under way has ended.
    tokio::time::sleep(Duration::from_secs(2)).await;

    let start = Instant::now();
    let before = service.requests();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (probes, seconds) = (service.requests() - before, start.elapsed().as_secs());

    println!("{probes} requests in {seconds} seconds");
    // One more for each end of the time.
    assert!(probes as u64 <= seconds + 2, "{probes} in {seconds} s");
    assert!(probes >= 1, "nobody asks whether it is back");
    for load in loads {
        load.end().await;
    }
}

#[tokio::test]
async fn a_gateway_that_starts_while_it_is_open_does_not_call_the_service() {
    let service = Unsteady::answering(&[503]);
    let app = before(&service);
    until(&app, is_open).await;

    let fresh = app.another();
    let start = Instant::now();
    let before = service.requests();
    for _ in 0..20 {
        // But for the probe of a second, whose answer is the service's own.
        flights(&fresh).await.expect(503);
    }

    let probes = service.requests() - before;
    assert!(probes as u64 <= start.elapsed().as_secs() + 1, "{probes}");
}

#[tokio::test]
async fn answers_that_are_no_failures_never_open_it() {
    for status in [400, 404, 409, 429, 500, 501] {
        let service = Unsteady::answering(&[status]);
        let app = before(&service);

        for _ in 0..12 {
            let answer = flights(&app).await;
            answer.expect(status);
            assert_eq!(answer.body, "the service's own words");
        }
    }
}

#[tokio::test]
async fn with_several_addresses_it_opens_only_when_all_fail() {
    let (one, two) = (Unsteady::well(), Unsteady::well());
    let app = TestApp::with(&[
        TRUSTED,
        ("flight_service_url", &format!("{} {}", one.url(), two.url())),
    ]);

    one.die();
    for _ in 0..30 {
        flights(&app).await.expect(200);
    }
    two.die();
    until(&app, is_open).await;

    two.come_back();
    let closed = until_well(&app).await;
    assert!(closed < CLOSED_WITHIN + MARGIN, "{closed:?}");
}

#[tokio::test]
async fn one_service_s_breaker_is_not_the_other_s() {
    let service = Unsteady::answering(&[503]);
    let app = before(&service);
    let user = app.new_user().await;
    until(&app, is_open).await;

    for _ in 0..10 {
        app.get("/api/v1/bookings").by(&user).await.expect(200);
    }
}

#[tokio::test]
async fn a_resource_that_always_fails_closes_nothing_for_the_others() {
    for how in [How::Says503, How::BreaksOff] {
        let app = TestApp::in_front_of(failing_at("/api/v1/flights/bad", how), Upstream::echo());

        for number in 0..20 {
            // The query and the slash make no other resource of it.
            let bad = app.get(&format!("/api/v1/flights/bad?n={number}")).await;
            assert!(matches!(bad.status.as_u16(), 502 | 503), "{}", bad.describe());
        }

        for _ in 0..5 {
            app.get("/api/v1/flights/good").await.expect(200);
        }
    }
}

#[tokio::test]
async fn nor_does_one_client_for_whom_everything_fails() {
    let service = Unsteady::answering(&[503]);
    let app = before(&service);
    for number in 0..30 {
        app.get(&format!("/api/v1/flights/{number}"))
            .header("x-forwarded-for", "192.0.2.1")
            .await
            .expect(503);
    }
    service.answer(&[200]);

    flights(&app).await.expect(200);
}

#[derive(Clone, Copy)]
enum How {
    Says503,
    BreaksOff,
}

/// A service one of whose resources is out of order.
fn failing_at(bad: &'static str, how: How) -> Upstream {
    Upstream::speaking(move |_, head| {
        let is_bad = head
            .split(' ')
            .nth(1)
            .is_some_and(|target| target.starts_with(bad));
        match (is_bad, how) {
            (false, _) => Some("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nwell"),
            (true, How::Says503) => Some("HTTP/1.1 503 Sorry\r\ncontent-length: 0\r\n\r\n"),
            (true, How::BreaksOff) => None,
        }
    })
}
