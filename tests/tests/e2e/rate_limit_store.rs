//! What the limiter asks of the store: few writes, nothing that stays, and what happens without it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jetway_tests::limits::{remaining, retry_after};
use jetway_tests::redis::Redis;
use jetway_tests::{Setup, TestApp, state};
use rusqlite::{Connection, params};

/// Counts, inside the store's file, every row that is written or removed.
const COUNT_WRITES: &str = "
    CREATE TABLE writes (n INTEGER NOT NULL);
    INSERT INTO writes VALUES (0);
    CREATE TRIGGER on_insert AFTER INSERT ON spin_key_value BEGIN UPDATE writes SET n = n + 1; END;
    CREATE TRIGGER on_update AFTER UPDATE ON spin_key_value BEGIN UPDATE writes SET n = n + 1; END;
    CREATE TRIGGER on_delete AFTER DELETE ON spin_key_value BEGIN UPDATE writes SET n = n + 1; END;
";

fn number(store: &Connection, query: &str) -> i64 {
    store.query_row(query, [], |row| row.get(0)).unwrap()
}

fn limiter_keys(store: &Connection) -> i64 {
    number(
        store,
        "SELECT count(*) FROM spin_key_value WHERE key LIKE 'rate-limit/%'",
    )
}

#[tokio::test]
async fn a_steady_client_costs_a_write_in_ten_requests_and_gets_its_quota() {
    let (quota, window) = (600.0, 20.0);
    let app = TestApp::with(&[("rate_limit_default", "600;w=20")]);
    app.get("/api/v1/flights").from("127.0.0.9").await.expect(200);
    let store = state::key_value(&app.state());
    store.busy_timeout(Duration::from_secs(20)).unwrap();
    store.execute_batch(COUNT_WRITES).unwrap();
    let client = reqwest::Client::new();
    let url = format!("http://{}/api/v1/flights", app.address());

    // A tenth more often than the limit takes, for two windows.
    let (start, pace) = (Instant::now(), Duration::from_secs_f64(window / quota / 1.1));
    let (mut asked, mut passed) = (0_u32, 0_u32);
    while start.elapsed().as_secs_f64() < 2.0 * window {
        match client.get(&url).send().await.unwrap().status().as_u16() {
            200 => passed += 1,
            429 => {}
            other => panic!("{other}"),
        }
        asked += 1;
        tokio::time::sleep((start + pace * asked).saturating_duration_since(Instant::now())).await;
    }

    let windows = start.elapsed().as_secs_f64() / window;
    let writes = f64::from(u32::try_from(number(&store, "SELECT n FROM writes")).unwrap());
    let share = f64::from(passed) / (quota * windows).min(f64::from(asked));
    let writes = writes / f64::from(passed);
    println!(
        "{asked} asked, {passed} passed in {windows:.2} windows: {share:.3} of the quota, {writes:.3} writes a request"
    );
    assert!(share >= 0.95, "{share}");
    assert!(f64::from(passed) <= quota * (windows.ceil() + 0.1), "{passed}");
    assert!(writes <= 0.1, "{writes}");
}

#[tokio::test]
async fn a_client_that_was_refused_costs_the_store_next_to_nothing() {
    let app = TestApp::with(&[("rate_limit_default", "5;w=31622400")]);
    for _ in 0..5 {
        app.get("/api/v1/flights").await.expect(200);
    }
    app.get("/api/v1/flights")
        .await
        .expect_problem(429, "rate_limited");
    let store = state::key_value(&app.state());
    store.execute_batch(COUNT_WRITES).unwrap();

    for _ in 0..100 {
        app.get("/api/v1/flights")
            .await
            .expect_problem(429, "rate_limited");
    }

    // An instance that is new learns it from the store, and gives back what it took; the sweep's claim is one now and then.
    let writes = number(&store, "SELECT n FROM writes");
    assert!(writes <= 20, "{writes}");
}

/// 100,000 clients: most of them put into the store's file as the gateway would have, some by themselves.
#[tokio::test]
async fn a_hundred_thousand_clients_leave_nothing_behind() {
    let app = TestApp::with(&[
        ("rate_limit_default", "2;w=4"),
        ("trusted_proxies", "127.0.0.0/8"),
    ]);
    let client = reqwest::Client::new();
    let url = format!("http://{}/api/v1/flights", app.address());
    let ask = |n: u32| {
        let address = std::net::Ipv4Addr::from(0xCB00_0000 + n);
        client
            .get(&url)
            .header("x-forwarded-for", address.to_string())
            .send()
    };
    for n in 0..200 {
        assert_eq!(ask(n).await.unwrap().status(), 200);
    }
    let mut store = state::key_value(&app.state());
    store.busy_timeout(Duration::from_secs(20)).unwrap();
    let form: (String, Vec<u8>) = store
        .query_row(
            "SELECT key, value FROM spin_key_value WHERE key LIKE 'rate-limit/%/default/%'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    let counted = i64::from_le_bytes(form.1.as_slice().try_into().unwrap());
    assert_eq!(counted.count_ones(), 1, "one permit of one bucket: {}", form.0);
    let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let writing = store.transaction().unwrap();
    for n in 0..100_000_u64 {
        let key = format!(
            "rate-limit/{}/default/198.18.{}.{}",
            now + n % 4000,
            n / 256,
            n % 256
        );
        let insert = "INSERT INTO spin_key_value VALUES ('default', ?1, ?2)";
        writing.execute(insert, params![key, form.1]).unwrap();
    }
    writing.commit().unwrap();
    let before = limiter_keys(&store);
    assert!(before > 100_000);

    // Two windows, in which somebody comes now and then.
    let start = Instant::now();
    let mut after = before;
    while after > 100 && start.elapsed() < Duration::from_secs(60) {
        ask(7).await.unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
        after = limiter_keys(&store);
    }

    println!("{before} counters before, {after} after {:?}", start.elapsed());
    assert!(after <= 100, "{after}");
    // The sweep held nobody up for good, and took nothing that counts.
    assert!(
        number(
            &store,
            "SELECT count(*) FROM spin_key_value WHERE key NOT LIKE 'rate-limit/%'"
        ) > 0
    );
    assert_eq!(ask(90_000).await.unwrap().status(), 200);
}

#[tokio::test]
async fn whoever_waits_as_long_as_told_passes() {
    let app = TestApp::with(&[("rate_limit_default", "3;w=2")]);
    for _ in 0..3 {
        for _ in 0..3 {
            app.get("/api/v1/flights").await;
        }
        let answer = app.get("/api/v1/flights").await;
        if answer.status == 429 {
            let wait = u64::try_from(retry_after(&answer)).unwrap();
            assert!((1..=3).contains(&wait), "{wait}");
            tokio::time::sleep(Duration::from_secs(wait)).await;
            app.get("/api/v1/flights").await.expect(200);
        }
    }
}

#[tokio::test]
async fn without_the_store_identity_routes_refuse_and_others_pass_and_are_noted() {
    let app = TestApp::start();
    app.get("/api/v1/flights").await.expect(200);
    let store = state::key_value(&app.state());
    store
        .execute_batch("ALTER TABLE spin_key_value RENAME TO away")
        .unwrap();

    // An instance may hold a few permits from before.
    let start = Instant::now();
    for n in 0..20 {
        let client = format!("127.0.1.{n}");
        app.get("/api/v1/flights").from(&client).await.expect(200);
        app.sign_up(&jetway_tests::app::new_email())
            .from(&client)
            .await
            .expect_problem(503, "not_ready");
    }
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    assert!(app.log().contains("event=not_counted"), "{}", app.log());
    assert!(app.log().contains("uncounted="), "{}", app.log());

    store
        .execute_batch("ALTER TABLE away RENAME TO spin_key_value")
        .unwrap();
    let query = "SELECT count(*) FROM spin_key_value WHERE key = 'stats/rate-limit-uncounted'";
    for n in 0..60 {
        app.get("/api/v1/flights")
            .from(&format!("127.0.2.{n}"))
            .await
            .expect(200);
        if number(&store, query) == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("nobody wrote down what had passed: {}", app.log());
}

#[tokio::test]
async fn two_gateways_that_share_a_redis_count_together() {
    let redis = Redis::start();
    let store = format!(
        "[key_value_store.default]\ntype = \"redis\"\nurl = \"{}\"\n",
        redis.url()
    );
    let start = || {
        let setup = Setup::usual().with(&[("rate_limit_default", "12;w=31622400")]);
        setup.with_runtime_config(&store).start()
    };
    let gateways = [start(), start()];

    for used in 1..=12 {
        let answer = gateways[used % 2].get("/api/v1/flights").await;
        answer.expect(200);
        assert_eq!(remaining(&answer)[0].remaining, 12 - i64::try_from(used).unwrap());
    }
    for gateway in &gateways {
        gateway
            .get("/api/v1/flights")
            .await
            .expect_problem(429, "rate_limited");
    }
}

/// The list of all keys would be larger than a host gives in one call.
#[tokio::test]
async fn a_store_of_any_size_is_swept() {
    let app = TestApp::with(&[("rate_limit_default", "100;w=4")]);
    app.get("/api/v1/flights").await.expect(200);
    let mut store = state::key_value(&app.state());
    store.busy_timeout(Duration::from_secs(20)).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let writing = store.transaction().unwrap();
    // 150,000,000 bytes of keys, which is 20 MiB too many.
    writing
        .execute(
            "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 60000)
             INSERT INTO spin_key_value (store, key, value)
             SELECT 'default', 'rate-limit/' || (?1 - n) || '/default/' || printf('%02500d', n), x'0100000000000000' FROM numbers",
            params![i64::try_from(now).unwrap()],
        )
        .unwrap();
    writing.commit().unwrap();
    assert!(limiter_keys(&store) > 60_000);

    let start = Instant::now();
    let (mut left, mut slowest) = (60_000, Duration::ZERO);
    while left > 100 && start.elapsed() < Duration::from_secs(120) {
        let asked = Instant::now();
        app.get("/api/v1/flights").await.expect(200);
        slowest = slowest.max(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(250)).await;
        left = limiter_keys(&store);
    }

    println!(
        "{left} left after {:?}, slowest request {slowest:?}",
        start.elapsed()
    );
    assert!(left <= 100, "{left}");
    assert!(slowest < Duration::from_secs(3), "{slowest:?}");
}
