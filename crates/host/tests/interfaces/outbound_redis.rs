//! Outbound Redis, on a real server.

use std::time::{Duration, Instant};

use crate::redis_server::RedisServer;
use jetway_host::backends::redis::{Error, Parameter, Reply, Servers};

fn bytes(text: &str) -> Parameter {
    Parameter::Bytes(text.as_bytes().to_vec())
}

#[tokio::test]
async fn the_commands_do_what_redis_does() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let connection = Servers::default().connect(&server.url()).await.unwrap();
    assert_eq!(connection.get("key").await.unwrap(), None);
    connection.set("key", &[0, 255]).await.unwrap();
    assert_eq!(connection.get("key").await.unwrap(), Some(vec![0, 255]));
    assert_eq!(connection.incr("n").await.unwrap(), 1);
    assert_eq!(connection.incr("n").await.unwrap(), 2);
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(connection.sadd("set", &names(&["a", "b"])).await.unwrap(), 2);
    assert_eq!(connection.sadd("set", &names(&["b", "c"])).await.unwrap(), 1);
    assert_eq!(connection.srem("set", &names(&["a", "none"])).await.unwrap(), 1);
    let mut members = connection.smembers("set").await.unwrap();
    members.sort();
    assert_eq!(members, ["b", "c"]);
    assert_eq!(connection.del(&names(&["key", "n", "none"])).await.unwrap(), 2);
    connection.publish("channel", b"nobody listens").await.unwrap();
    assert!(matches!(connection.incr("set").await, Err(Error::Other(text)) if text.contains("WRONGTYPE")));
}

#[tokio::test]
async fn execute_flattens_what_it_can_and_passes_errors_on() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let connection = Servers::default().connect(&server.url()).await.unwrap();
    let set = connection
        .execute("SET", &[bytes("key"), Parameter::Integer(7)])
        .await
        .unwrap();
    assert_eq!(set, [Reply::Status("OK".to_owned())]);
    assert_eq!(
        connection.execute("PING", &[]).await.unwrap(),
        [Reply::Status("PONG".to_owned())]
    );
    let read = connection
        .execute("MGET", &[bytes("key"), bytes("none")])
        .await
        .unwrap();
    assert_eq!(read, [Reply::Bytes(b"7".to_vec()), Reply::Nil]);
    assert_eq!(
        connection.execute("INCR", &[bytes("key")]).await.unwrap(),
        [Reply::Integer(8)]
    );
    assert!(
        matches!(connection.execute("NOTHING", &[]).await, Err(Error::Other(text)) if text.contains("unknown"))
    );
}

/// What one component leaves on its connection must not reach another's.
#[tokio::test]
async fn connections_share_a_socket_but_no_state() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let servers = Servers::default();
    let [first, second] = [
        servers.connect(&server.url()).await.unwrap(),
        servers.connect(&server.url()).await.unwrap(),
    ];
    let clients = || {
        redis::cmd("CLIENT")
            .arg("LIST")
            .query::<String>(&mut server.connection())
            .unwrap()
    };
    assert_eq!(
        clients().lines().count(),
        2,
        "one for both, and the one that asks"
    );
    first.execute("SELECT", &[Parameter::Integer(3)]).await.unwrap();
    first.set("key", b"in database 3").await.unwrap();
    assert_eq!(first.get("key").await.unwrap().unwrap(), b"in database 3");
    assert_eq!(second.get("key").await.unwrap(), None);
}

#[tokio::test]
async fn what_is_no_address_is_refused() {
    for address in ["", "127.0.0.1:6379", "http://127.0.0.1:6379"] {
        assert_eq!(
            Servers::default().connect(address).await.unwrap_err(),
            Error::InvalidAddress,
            "{address}"
        );
    }
}

#[tokio::test]
async fn a_dead_server_is_an_error_and_one_that_comes_back_is_used() {
    let Some(mut server) = RedisServer::start() else {
        return;
    };
    let servers = Servers::default();
    let connection = servers.connect(&server.url()).await.unwrap();
    server.stop();
    let begun = Instant::now();
    connection.get("key").await.unwrap_err();
    servers.connect(&server.url()).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(5));
    server.start_again();
    servers
        .connect(&server.url())
        .await
        .unwrap()
        .set("key", b"value")
        .await
        .unwrap();
}

/// It accepts connections and never says a word.
#[tokio::test]
async fn a_silent_server_is_an_error_within_a_bounded_time_for_every_caller() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("redis://{}", silent.local_addr().unwrap());
    let servers = Servers::default();
    let begun = Instant::now();
    let callers: Vec<_> = (0..20)
        .map(|_| {
            let (servers, address) = (servers.clone(), address.clone());
            tokio::spawn(async move { servers.connect(&address).await.map(|_| ()) })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap().unwrap_err();
    }
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn no_debug_output_shows_a_password() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let address = server.url().replace("redis://", "redis://:hidden@");
    let servers = Servers::default();
    let failed = servers.connect(&address).await.map(|_| ());
    let connection = servers.connect(&server.url()).await.unwrap();
    assert!(!format!("{servers:?} {connection:?} {failed:?}").contains("hidden"));
}
