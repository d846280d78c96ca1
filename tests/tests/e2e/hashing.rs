//! Passwords are hashed beside everything else, and no more of them at once than one can wait for.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jetway_tests::app::{PASSWORD, new_email};
use jetway_tests::{Answer, TestApp};
use tokio::task::JoinSet;
use tokio::time::sleep;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_many_sign_in_everything_else_goes_on() {
    static DONE: AtomicBool = AtomicBool::new(false);
    let app: &'static TestApp = Box::leak(Box::new(TestApp::with(&[("bcrypt_cost", "10")])));
    let email = new_email();
    app.sign_up(&email).await.expect_json(201);
    app.get("/api/v1/flights").await.expect(200);

    let gets = |path| {
        tokio::spawn(async move {
            let mut answered = 0;
            while !DONE.load(Ordering::Relaxed) {
                app.get(path).await.expect(200);
                answered += 1;
            }
            answered
        })
    };
    let (proxied, alive) = (gets("/api/v1/flights"), gets("/healthz"));
    let mut clients = JoinSet::new();
    for _ in 0..8 {
        let email = email.clone();
        clients.spawn(async move {
            for _ in 0..6 {
                app.sign_in(&email, PASSWORD).await.expect_json(200);
            }
        });
    }
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    DONE.store(true, Ordering::Relaxed);
    let (proxied, alive) = (proxied.await.unwrap(), alive.await.unwrap());

    // 48 hashes were computed. Where each keeps its thread to its end, a proxied request, which changes threads a dozen
    // times, waits for several: 14 were answered beside 67 sign-ins. Where they give way, it was 229 beside 93.
    assert!(
        proxied >= 30,
        "{proxied} proxied requests were answered beside 48 sign-ins"
    );
    assert!(
        alive >= 60,
        "{alive} health checks were answered beside 48 sign-ins"
    );
    assert_eq!(app.rows_in("sessions"), 48);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_would_wait_for_too_long_is_told_at_once() {
    // A hash takes two seconds.
    let app: &'static TestApp = Box::leak(Box::new(TestApp::with(&[("bcrypt_cost", "15")])));
    let known = new_email();
    app.sign_up(&known).await.expect_json(201);

    let mut flood = JoinSet::new();
    for number in 0..16 {
        let (known, unknown) = (known.clone(), new_email());
        flood.spawn(async move {
            let is_known = number % 2 == 0;
            let email = if is_known { &known } else { &unknown };
            (is_known, app.sign_in(email, PASSWORD).await)
        });
        // Of those who come at the very same moment each is given an instance of its own, which has no queue yet.
        sleep(Duration::from_millis(30)).await;
    }
    let answers = flood.join_all().await;

    let (refused, served): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|(_, answer)| answer.status == 503);
    assert!(!served.is_empty());
    for (is_known, answer) in &served {
        assert_eq!(
            answer.status,
            if *is_known { 200 } else { 401 },
            "{}",
            answer.describe()
        );
    }
    // Known and unknown addresses meet the same queue, and are told the same.
    let words: BTreeSet<_> = refused.iter().map(|(_, answer)| too_busy(answer)).collect();
    assert_eq!(words.len(), 1, "{words:?}");
    for who in [true, false] {
        assert!(refused.iter().any(|(is_known, _)| *is_known == who), "{who}");
    }
    // Whoever was served was served whole, and whoever was not left nothing behind.
    let signed_in = served.iter().filter(|(is_known, _)| *is_known).count();
    assert_eq!(app.rows_in("sessions"), i64::try_from(signed_in).unwrap());
    app.sign_in(&known, PASSWORD).await.expect_json(200);
}

/// More want to sign in than can be served: each is served or refused, and everything else is reached all the while.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_unknown_addresses_does_not_starve_the_rest() {
    static DONE: AtomicBool = AtomicBool::new(false);
    // A hash takes a sixteenth of a second: the flood wants more than a second of hashing at any moment. More would be more than
    // a machine that has much else to do gets through before its clients give up.
    let app: &'static TestApp = Box::leak(Box::new(TestApp::with(&[("bcrypt_cost", "10")])));
    let user = app.new_user().await;
    let mut flood = JoinSet::new();
    for _ in 0..20 {
        flood.spawn(async move {
            let mut served = 0;
            while !DONE.load(Ordering::Relaxed) {
                let answer = app.sign_in(&new_email(), PASSWORD).await;
                if answer.status == 503 {
                    too_busy(&answer);
                    sleep(Duration::from_millis(200)).await;
                } else {
                    answer.expect_problem(401, "invalid_credentials");
                    served += 1;
                }
            }
            served
        });
    }
    sleep(Duration::from_secs(1)).await;

    for _ in 0..30 {
        app.get("/api/v1/flights").await.expect(200);
        app.get("/api/v1/bookings").by(&user).await.expect(200);
        app.get("/api/v1/me").by(&user).await.expect_json(200);
        app.get("/healthz").await.expect(200);
    }

    DONE.store(true, Ordering::Relaxed);
    assert!(
        flood.join_all().await.iter().sum::<u32>() > 0,
        "nobody was served"
    );
}

/// The words of a refusal, without what differs between two.
fn too_busy(answer: &Answer) -> String {
    answer.expect_problem(503, "too_busy");
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((5..600).contains(&seconds), "{seconds}");
    answer.masked(&["request_id"]).to_string()
}
