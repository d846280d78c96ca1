//! HTTP/2 by hand (RFC 9113), for requests that no client library would send: prior knowledge, one stream, fields as literals.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// Sends a request of these fields, pseudo-fields first, and these pieces of a body, and gives the body of the answer; `None`
/// where the gateway ends the stream or the connection without one.
///
/// # Panics
/// If the gateway does not answer in time.
pub async fn exchange(address: SocketAddr, fields: &[(&str, &str)], pieces: &[&str]) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(address)
        .await
        .expect("the gateway accepts connections");
    let mut bytes = PREFACE.to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, &[]));
    let last = if pieces.is_empty() { END_STREAM } else { 0 };
    bytes.extend(frame(HEADERS, END_HEADERS | last, 1, &literals(fields)));
    for (index, piece) in pieces.iter().enumerate() {
        let last = if index + 1 == pieces.len() { END_STREAM } else { 0 };
        bytes.extend(frame(DATA, last, 1, piece.as_bytes()));
    }
    // The gateway may answer, and close, before it has read all of a bad request.
    stream.write_all(&bytes).await.ok();
    timeout(Duration::from_secs(30), answer(&mut stream))
        .await
        .expect("an answer in time")
}

async fn answer(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).ok()?];
        stream.read_exact(&mut payload).await.ok()?;
        let (kind, flags) = (head[3], head[4]);
        match kind {
            RST_STREAM | GOAWAY => return None,
            SETTINGS if flags & 1 == 0 => stream.write_all(&frame(SETTINGS, 1, 0, &[])).await.ok()?,
            DATA => body.extend(payload),
            _ => {}
        }
        if matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0 {
            return Some(body);
        }
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a small frame").to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// RFC 7541, section 6.2.2: literals without indexing, with new names, not compressed.
fn literals(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.push(0);
        for text in [name, value] {
            length(&mut bytes, text.len());
            bytes.extend(text.as_bytes());
        }
    }
    bytes
}

/// RFC 7541, section 5.1, with a prefix of seven bits.
fn length(bytes: &mut Vec<u8>, length: usize) {
    const PREFIX: usize = 127;
    let byte = |number: usize| u8::try_from(number).expect("seven bits");
    if length < PREFIX {
        return bytes.push(byte(length));
    }
    bytes.push(byte(PREFIX));
    let mut left = length - PREFIX;
    while left >= 128 {
        bytes.push(byte(left % 128) | 128);
        left /= 128;
    }
    bytes.push(byte(left));
}
