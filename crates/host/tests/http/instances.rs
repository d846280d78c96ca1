//! How instances are reused.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::app::{Setup, TestApp};

/// The numbers of an answer: the instance, and more.
fn numbers(body: &str) -> Vec<u64> {
    body.split(' ').map(|number| number.parse().unwrap()).collect()
}

#[test]
fn memory_lives_across_requests() {
    let app = TestApp::start();
    let first = numbers(&app.get("/plain/count").body);
    let second = numbers(&app.get("/plain/count").body);
    assert_eq!(first[0], second[0]);
    assert_eq!((first[1], second[1]), (1, 2));
}

#[test]
fn an_instance_is_dropped_after_its_last_request() {
    let app = TestApp::with(&Setup {
        flags: &["--max-instance-reuse-count", "3"],
        ..Setup::default()
    });
    let seen: Vec<_> = (0..9).map(|_| numbers(&app.get("/plain/count").body)).collect();
    assert!(seen.iter().all(|answer| answer[1] <= 3), "{seen:?}");
    let instances: HashSet<_> = seen.iter().map(|answer| answer[0]).collect();
    assert_eq!(instances.len(), 3);
}

#[test]
fn an_idle_instance_is_dropped() {
    let app = TestApp::with(&Setup {
        flags: &["--idle-instance-timeout", "50ms"],
        ..Setup::default()
    });
    let first = numbers(&app.get("/plain/count").body);
    std::thread::sleep(Duration::from_millis(500));
    assert_ne!(first[0], numbers(&app.get("/plain/count").body)[0]);
}

fn at_once(app: &TestApp, requests: usize) -> Vec<Vec<u64>> {
    std::thread::scope(|scope| {
        let one = || numbers(&app.get("/plain/sleep?400").body);
        let threads: Vec<_> = (0..requests).map(|_| scope.spawn(one)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn an_instance_takes_several_requests_at_once_within_its_limit() {
    let app = TestApp::with(&Setup {
        flags: &["--max-instance-concurrent-reuse-count", "2"],
        ..Setup::default()
    });
    let start = Instant::now();
    let answers = at_once(&app, 6);
    assert!(
        start.elapsed() < Duration::from_millis(1800),
        "{:?}",
        start.elapsed()
    );
    assert!(answers.iter().all(|answer| answer[2] <= 2), "{answers:?}");
    assert!(answers.iter().any(|answer| answer[2] == 2), "{answers:?}");
}

#[test]
fn an_instance_that_computes_and_gives_way_takes_other_requests_meanwhile() {
    let app = TestApp::start();
    let first = numbers(&app.get("/plain/count").body);
    std::thread::scope(|scope| {
        let computing = scope.spawn(|| numbers(&app.get("/plain/give-way?2000").body));
        std::thread::sleep(Duration::from_millis(300));
        let meanwhile: Vec<_> = (0..20).map(|_| numbers(&app.get("/plain/count").body)).collect();
        assert!(!computing.is_finished());
        let computing = computing.join().unwrap();
        assert_eq!(computing[0], first[0]);
        // The same instance has answered them, in between.
        let same = meanwhile.iter().filter(|answer| answer[0] == computing[0]);
        assert!(same.count() >= 1, "{computing:?} {meanwhile:?}");
    });
}

#[test]
fn one_at_a_time_means_an_instance_each() {
    let app = TestApp::with(&Setup {
        flags: &["--max-instance-concurrent-reuse-count", "1"],
        ..Setup::default()
    });
    let answers = at_once(&app, 4);
    let instances: HashSet<_> = answers.iter().map(|answer| answer[0]).collect();
    assert_eq!(instances.len(), 4);
}

#[test]
fn a_request_that_takes_too_long_is_a_500() {
    let app = TestApp::with(&Setup {
        flags: &["--request-timeout", "300ms"],
        ..Setup::default()
    });
    for path in ["/plain/sleep?5000", "/plain/compute"] {
        let start = Instant::now();
        assert!(app.get(path).is_bare(500), "{path}");
        assert!(
            start.elapsed() < Duration::from_secs(2),
            "{path}: {:?}",
            start.elapsed()
        );
        assert_eq!(app.get("/plain/x").status, 200);
    }
}
