//! The harness itself, where a fault in it would let tests pass that should not.

use std::path::Path;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use jetway_tests::limits::{Policy, policies};
use jetway_tests::process::Process;
use jetway_tests::redis::Redis;
use jetway_tests::upstream::{Seen, Upstream};
use jetway_tests::{Answer, raw};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

#[test]
fn a_process_ends_with_its_handle() {
    let process = Process::start(Path::new("sh"), |command| {
        command.args(["-c", "echo pid $$; sleep 600"]);
    });
    let pid = process.wait_for("pid ", Duration::from_secs(30));
    assert!(Path::new(&format!("/proc/{pid}")).exists());

    drop(process);

    let ended = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        !Path::new(&format!("/proc/{pid}")).exists()
    });
    assert!(ended);
}

#[test]
fn a_process_that_is_asked_to_end_tells_how_it_did() {
    let mut process = Process::start(Path::new("sh"), |command| {
        command.args([
            "-c",
            "trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done",
        ]);
    });
    process.wait_for("ready", Duration::from_secs(30));

    assert_eq!(process.stop().code(), Some(7));
}

#[tokio::test]
async fn what_is_sent_by_hand_is_echoed_as_it_was_sent() {
    let service = Upstream::echo();
    let address = service.authority().parse().unwrap();

    let answer = raw::get(address, "/a/../%2e?x=%20", "X-Twice: 1\r\nx-twice: 2\r\n").await;

    let seen = Seen::of(&answer);
    assert_eq!(seen.target(), "/a/../%2e?x=%20");
    assert_eq!(seen.header("x-twice"), ["1", "2"]);
    assert!(service.saw("/a/../"));
    assert!(!service.saw("/b"));
}

#[tokio::test]
async fn a_subscriber_hears_what_is_published() {
    let redis = Redis::start();
    let mut subscriber = redis.subscribe("channel").await;
    let address = redis.url().replace("redis://", "");
    let mut publisher = TcpStream::connect(address).await.unwrap();
    publisher
        .write_all(b"PUBLISH other 1\r\nPUBLISH channel 2\r\n")
        .await
        .unwrap();

    assert_eq!(subscriber.next().await, 2);
    assert!(subscriber.stays_silent(Duration::from_millis(100)).await);
}

#[test]
fn a_policy_is_read_as_rfc_9651_says() {
    let policies = |field: &'static str| {
        let headers = HeaderMap::from_iter([(
            "ratelimit-policy".parse().unwrap(),
            HeaderValue::from_static(field),
        )]);
        policies(&Answer {
            status: StatusCode::OK,
            headers,
            body: Default::default(),
        })
    };
    let policy = |name: &str, quota, window| Policy {
        name: name.to_owned(),
        quota,
        window,
    };

    assert_eq!(policies("\"a\";q=1;w=2"), [policy("a", 1, 2)]);
    assert_eq!(
        policies("\"a\";q=1;w=2 ,\t\"b\";w=4;q=3"),
        [policy("a", 1, 2), policy("b", 3, 4)]
    );
    for bad in [
        "a;q=1;w=2",
        "\"a\";q=1,w=2",
        "\"a\";q=1.5;w=2",
        "\"a\";q=1",
        "\"a\"; q=1;;w=2",
    ] {
        assert!(std::panic::catch_unwind(|| policies(bad)).is_err(), "{bad}");
    }
}
