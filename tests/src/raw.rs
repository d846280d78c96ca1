//! HTTP/1.1 by hand, for requests that no client library would send.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::Answer;
use crate::prerequisites::on_real_spin;

/// Sends these bytes, with `connection: close` meant to be among the headers, and reads the answer to its end.
pub async fn exchange(address: SocketAddr, request: impl AsRef<[u8]>) -> Answer {
    parse(&exchange_bytes(address, request).await)
}

/// As [`exchange`], for a target that names a host: where that is not the header's, Spin hangs up without a word.
///
/// # Panics
/// If anything else gets no answer.
pub async fn try_exchange(address: SocketAddr, request: impl AsRef<[u8]>) -> Option<Answer> {
    let bytes = exchange_bytes(address, &request).await;
    if bytes.is_empty() {
        let line = String::from_utf8_lossy(request.as_ref());
        let names_a_host = line
            .split(' ')
            .nth(1)
            .is_some_and(|target| target.starts_with("http://"));
        assert!(on_real_spin() && names_a_host, "no answer to {line}");
        return None;
    }
    Some(parse(&bytes))
}

/// Sends these bytes and gives what comes back until the gateway closes, which may be nothing.
pub async fn exchange_bytes(address: SocketAddr, request: impl AsRef<[u8]>) -> Vec<u8> {
    let mut stream = TcpStream::connect(address)
        .await
        .expect("the gateway accepts connections");
    // The gateway may answer, and close, before it has read all of a bad request.
    stream.write_all(request.as_ref()).await.ok();
    let mut bytes = Vec::new();
    let whole = timeout(Duration::from_secs(30), stream.read_to_end(&mut bytes)).await;
    assert!(
        whole.is_ok(),
        "no end of the answer: {}",
        String::from_utf8_lossy(&bytes)
    );
    bytes
}

/// Sends a GET of this target, byte for byte, with these further header lines.
pub async fn get(address: SocketAddr, target: &str, headers: &str) -> Answer {
    exchange(address, get_request(address, target, headers)).await
}

/// As [`get`], with the exception of [`try_exchange`].
pub async fn try_get(address: SocketAddr, target: &str, headers: &str) -> Option<Answer> {
    try_exchange(address, get_request(address, target, headers)).await
}

fn get_request(address: SocketAddr, target: &str, headers: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nhost: {address}\r\n{headers}connection: close\r\n\r\n")
}

fn parse(bytes: &[u8]) -> Answer {
    let shown = String::from_utf8_lossy(bytes);
    let end = bytes.windows(4).position(|end| end == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("not an HTTP answer: {shown:?}"));
    let head = String::from_utf8_lossy(&bytes[..end]);
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let status: StatusCode = status.unwrap_or_else(|| panic!("no status: {shown:?}"));
    let headers: HeaderMap = lines
        .map(|line| {
            let (name, value) = line
                .split_once(':')
                .unwrap_or_else(|| panic!("not a header: {line:?}"));
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a header's name");
            (
                name,
                HeaderValue::from_str(value.trim()).expect("a header's value"),
            )
        })
        .collect::<Vec<_>>()
        .into_iter()
        .fold(HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        });
    let body = &bytes[end + 4..];
    let chunked = headers
        .get("transfer-encoding")
        .is_some_and(|encoding| encoding == "chunked");
    let body = if chunked { unchunk(body) } else { body.to_vec() };
    Answer {
        status,
        headers,
        body: Bytes::from(body),
    }
}

fn unchunk(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let line = body
            .windows(2)
            .position(|end| end == b"\r\n")
            .expect("a chunk has a size line");
        let size = std::str::from_utf8(&body[..line])
            .ok()
            .and_then(|size| usize::from_str_radix(size, 16).ok());
        let size = size.expect("a chunk's size");
        if size == 0 {
            return whole;
        }
        whole.extend_from_slice(&body[line + 2..line + 2 + size]);
        body = &body[line + 2 + size + 2..];
    }
}
