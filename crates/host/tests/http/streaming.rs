//! Bodies move while they are made, in both directions.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use crate::app::TestApp;
use crate::client::{Request, connect};

/// Reads until `text` has come.
fn read_until(stream: &mut std::net::TcpStream, text: &str) -> String {
    let mut seen = Vec::new();
    let mut piece = [0; 4096];
    while !String::from_utf8_lossy(&seen).contains(text) {
        let read = stream.read(&mut piece).unwrap();
        assert!(
            read > 0,
            "the response ends before {text:?}: {:?}",
            String::from_utf8_lossy(&seen)
        );
        seen.extend_from_slice(&piece[..read]);
    }
    String::from_utf8_lossy(&seen).into_owned()
}

#[test]
fn the_first_piece_of_a_response_is_not_held_back() {
    let app = TestApp::start();
    app.get("/plain/x");
    let start = Instant::now();
    let mut stream = Request::get("/plain/drip").open(app.address);
    let seen = read_until(&mut stream, "first");
    assert!(!seen.contains("second"));
    assert!(
        start.elapsed() < Duration::from_millis(700),
        "{:?}",
        start.elapsed()
    );
    read_until(&mut stream, "second");
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[test]
fn a_guest_answers_while_it_is_still_asked() {
    let app = TestApp::start();
    for path in ["/plain/echo", "/guarded/echo"] {
        let mut stream = connect(app.address);
        let head = format!("POST {path} HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        for piece in ["one", "two"] {
            stream
                .write_all(format!("{:x}\r\n{piece}\r\n", piece.len()).as_bytes())
                .unwrap();
            read_until(&mut stream, piece);
        }
        stream.write_all(b"0\r\n\r\n").unwrap();
        read_until(&mut stream, "0\r\n\r\n");
    }
}

#[test]
fn large_bodies_come_through_whole() {
    let app = TestApp::start();
    let body: Vec<u8> = (0..3_000_000_u32)
        .map(|index| b'a' + (index % 23) as u8)
        .collect();
    for path in ["/plain/echo", "/guarded/echo"] {
        let response = Request::post(path, &body).send(app.address);
        assert_eq!(response.status, 200);
        assert!(
            response.body.as_bytes() == body,
            "{path}: {} bytes",
            response.body.len()
        );
    }
}
