//! As much of an HTTP client as it takes to ask one's own servers whether they are ready.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// An answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

/// Sends a GET.
pub(super) fn get(address: SocketAddr, path: &str) -> io::Result<Answer> {
    send(address, "GET", path, "", "")
}

/// Sends a POST with a JSON body.
pub(super) fn post(address: SocketAddr, path: &str, json: &str) -> io::Result<Answer> {
    send(address, "POST", path, "", json)
}

/// Sends an empty POST with a bearer token.
pub(super) fn post_as(token: &str, address: SocketAddr, path: &str) -> io::Result<Answer> {
    send(
        address,
        "POST",
        path,
        &format!("authorization: Bearer {token}\r\n"),
        "",
    )
}

fn send(address: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&address, CONNECT_TIMEOUT)?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all((head + body).as_bytes())?;
    let mut answer = Vec::new();
    // The server closes the connection after its answer, which so ends with the stream.
    stream.read_to_end(&mut answer)?;
    parse(&String::from_utf8_lossy(&answer)).ok_or_else(|| io::Error::other("the answer is not HTTP"))
}

fn parse(answer: &str) -> Option<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let (version, status) = head.split_once(' ')?;
    let status = version
        .starts_with("HTTP/1.")
        .then(|| status.get(..3)?.parse().ok())??;
    Some(Answer {
        status,
        body: body.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_status_and_a_body() {
        let answer = parse("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 3\r\n\r\nno!").unwrap();
        assert_eq!((answer.status, &*answer.body), (503, "no!"));
        assert!(parse("SSH-2.0-OpenSSH_9.2\r\n\r\n").is_none());
    }
}
