//! Where in the stream of an HTTP/1 connection the next head begins.

use super::head::{self, Framing, MAX_HEAD, Refused, TOO_LONG};

/// How HTTP/2 begins by prior knowledge (RFC 9113, section 3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What of the stream is read now.
#[derive(Debug)]
enum Part {
    /// A head, of which these bytes are held back until all of it is there.
    Head(Vec<u8>),
    /// The rest of a body of known length.
    Body(u64),
    /// The line with the size of a chunk, or a line of trailers if it is the last.
    ChunkLine { line: Vec<u8>, is_trailer: bool },
    /// The rest of a chunk, with the end of its line.
    Chunk(u64),
    /// Nothing that is looked into: HTTP/2, or what is no HTTP.
    Opaque,
}

/// The longest line with the size of a chunk, or of a trailer.
const MAX_LINE: usize = 16 * 1024;

/// Follows the stream of a connection, and checks each head.
#[derive(Debug)]
pub(super) struct Follower {
    part: Part,
    is_first: bool,
}

impl Follower {
    pub(super) fn new() -> Self {
        Self {
            part: Part::Head(Vec::new()),
            is_first: true,
        }
    }

    /// Whether a head is awaited of which nothing has come.
    pub(super) fn is_between_requests(&self) -> bool {
        matches!(&self.part, Part::Head(held) if held.is_empty())
    }

    /// Whether a head is under way.
    pub(super) fn is_in_head(&self) -> bool {
        matches!(&self.part, Part::Head(held) if !held.is_empty())
    }

    /// The bytes of a head that are held back.
    pub(super) fn held(&self) -> &[u8] {
        match &self.part {
            Part::Head(held) => held,
            _ => &[],
        }
    }

    /// Takes what has been received, and appends to `passed` what goes on.
    pub(super) fn take(&mut self, mut received: &[u8], passed: &mut Vec<u8>) -> Result<(), Refused> {
        while !received.is_empty() {
            let taken = match &mut self.part {
                Part::Head(_) => self.take_head(received, passed)?,
                Part::Body(left) | Part::Chunk(left) => {
                    let taken = received.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    *left -= taken as u64;
                    passed.extend_from_slice(&received[..taken]);
                    if *left == 0 {
                        self.part = match self.part {
                            Part::Chunk(_) => chunk_line(false),
                            _ => Part::Head(Vec::new()),
                        };
                    }
                    taken
                }
                Part::ChunkLine { .. } => self.take_chunk_line(received, passed),
                Part::Opaque => {
                    passed.extend_from_slice(received);
                    received.len()
                }
            };
            received = &received[taken..];
        }
        Ok(())
    }

    fn take_head(&mut self, received: &[u8], passed: &mut Vec<u8>) -> Result<usize, Refused> {
        let Part::Head(held) = &mut self.part else {
            return Ok(0);
        };
        // Empty lines before a request are passed over (RFC 9112, section 2.2).
        if held.is_empty() && received.starts_with(b"\r\n") {
            return Ok(2);
        }
        let before = held.len();
        held.extend_from_slice(received);
        if self.is_first && HTTP2_PREFACE.starts_with(&held[..held.len().min(HTTP2_PREFACE.len())]) {
            if held.len() >= HTTP2_PREFACE.len() {
                passed.append(held);
                self.part = Part::Opaque;
            }
            return Ok(received.len());
        }
        let searched = before.saturating_sub(3);
        let Some(end) = held[searched..].windows(4).position(|end| end == b"\r\n\r\n") else {
            // No reader of ours ends a line by a lone LF, and no sender means it.
            return if held.len() > MAX_HEAD {
                Err(TOO_LONG)
            } else {
                Ok(received.len())
            };
        };
        let length = searched + end + 4;
        if length > MAX_HEAD {
            return Err(TOO_LONG);
        }
        let taken = length - before;
        held.truncate(length);
        let framing = head::check(held)?;
        passed.append(held);
        self.is_first = false;
        self.part = match framing {
            Framing::Length(0) => Part::Head(Vec::new()),
            Framing::Length(length) => Part::Body(length),
            Framing::Chunked => chunk_line(false),
        };
        Ok(taken)
    }

    /// A line with the size of a chunk. One that is none goes on as it is, for the reader of the body to refuse, and nothing behind
    /// it is taken for a request.
    fn take_chunk_line(&mut self, received: &[u8], passed: &mut Vec<u8>) -> usize {
        let Part::ChunkLine { line, is_trailer } = &mut self.part else {
            return 0;
        };
        let end = received.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(received.len(), |end| end + 1);
        line.extend_from_slice(&received[..taken]);
        passed.extend_from_slice(&received[..taken]);
        if line.len() > MAX_LINE {
            self.part = Part::Opaque;
            return taken;
        }
        if end.is_none() {
            return taken;
        }
        let Some(text) = line.strip_suffix(b"\r\n") else {
            self.part = Part::Opaque;
            return taken;
        };
        self.part = if *is_trailer {
            match text.is_empty() {
                true => Part::Head(Vec::new()),
                false => chunk_line(true),
            }
        } else {
            match chunk_size(text) {
                Some(0) => chunk_line(true),
                Some(size) => size.checked_add(2).map_or(Part::Opaque, Part::Chunk),
                None => Part::Opaque,
            }
        };
        taken
    }
}

fn chunk_line(is_trailer: bool) -> Part {
    Part::ChunkLine {
        line: Vec::new(),
        is_trailer,
    }
}

/// RFC 9112, section 7.1: hexadecimal digits, and extensions that nobody here knows.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|byte| *byte == b';').next()?.trim_ascii_end();
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    let text = is_number.then(|| std::str::from_utf8(digits).ok())??;
    u64::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "POST / HTTP/1.1\r\nHost: a\r\n";

    /// What goes on of a stream that comes in pieces of this length.
    fn pass(stream: &[u8], piece: usize) -> Result<Vec<u8>, (Vec<u8>, u16)> {
        let (mut follower, mut passed) = (Follower::new(), Vec::new());
        for part in stream.chunks(piece) {
            if let Err(refused) = follower.take(part, &mut passed) {
                return Err((passed, refused.status.as_u16()));
            }
        }
        Ok(passed)
    }

    #[test]
    fn whatever_the_pieces_the_second_head_is_found_and_checked() {
        let chunked = "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nT: 1\r\n\r\n";
        for first in ["\r\n", "Content-Length: 5\r\n\r\nhello", chunked] {
            let good = format!("{HEAD}{first}");
            let bad = format!("{good}GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
            for piece in [1, 2, 3, 7, 1000] {
                assert_eq!(
                    pass(good.repeat(3).as_bytes(), piece),
                    Ok(good.repeat(3).into_bytes()),
                    "{good:?}"
                );
                assert_eq!(
                    pass(bad.as_bytes(), piece),
                    Err((good.clone().into_bytes(), 400)),
                    "{bad:?}"
                );
            }
        }
    }

    #[test]
    fn behind_what_is_no_chunk_nothing_is_a_request() {
        for line in [
            "zz\r\n",
            "-5\r\n",
            "0x5\r\n",
            "ffffffffffffffffff\r\n",
            "5\n",
            "\r\n",
        ] {
            let stream = format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n{line}anything\r\n\r\n\r\n");
            assert_eq!(pass(stream.as_bytes(), 5), Ok(stream.into_bytes()), "{line:?}");
        }
    }

    #[test]
    fn http_2_is_not_looked_into() {
        let stream = [HTTP2_PREFACE, b"\0\0\0\x04\0\0\0\0\0"].concat();
        for piece in [1, 10, 100] {
            assert_eq!(pass(&stream, piece), Ok(stream.clone()));
        }
    }

    #[test]
    fn a_head_without_end_is_refused() {
        let stream = format!("{HEAD}X: {}", "a".repeat(MAX_HEAD));
        assert_eq!(pass(stream.as_bytes(), 1000), Err((Vec::new(), 431)));
    }
}
