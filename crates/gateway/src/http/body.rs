//! Reading a body, never more of it than allowed.

use super::{Code, HttpError};

/// Why a body could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The connection broke or the sender broke the protocol; the words of what lies below.
    #[error("the body could not be read: {0}")]
    BrokenOff(String),
    /// It did not come in time.
    #[error("the body did not come in time")]
    TimedOut,
}

/// A body that arrives in pieces.
pub trait Body {
    /// The next piece, or `None` at the end.
    #[expect(
        async_fn_in_trait,
        reason = "a guest has one thread: no future of ours is ever sent to another"
    )]
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, BodyError>;
}

/// A body that is there already, as tests have it.
impl Body for Vec<u8> {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, BodyError> {
        Ok((!self.is_empty()).then(|| std::mem::take(self)))
    }
}

/// Reads the whole body, and stops at the first byte over `limit`, so that memory is bounded by it and not by the sender.
pub async fn read_limited(body: &mut impl Body, limit: usize) -> Result<Vec<u8>, HttpError> {
    let mut whole = Vec::new();
    while let Some(chunk) = body.chunk().await.map_err(unreadable)? {
        if chunk.len() > limit - whole.len() {
            return Err(too_large(limit));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole)
}

/// The answer to a body over the limit.
pub(super) fn too_large(limit: usize) -> HttpError {
    HttpError::new(
        Code::BodyTooLarge,
        format!("The body may have at most {limit} bytes."),
    )
}

fn unreadable(error: BodyError) -> HttpError {
    match error {
        BodyError::BrokenOff(_) => {
            HttpError::new(Code::BadRequest, "The body broke off before its end.").caused_by(error)
        }
        BodyError::TimedOut => HttpError::new(Code::RequestTimeout, "The body did not come in time."),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::test_support::block_on;

    struct Pieces {
        left: VecDeque<Result<Vec<u8>, BodyError>>,
    }

    impl Body for Pieces {
        async fn chunk(&mut self) -> Result<Option<Vec<u8>>, BodyError> {
            self.left.pop_front().transpose()
        }
    }

    fn pieces(lengths: &[usize]) -> Pieces {
        Pieces {
            left: lengths.iter().map(|&length| Ok(vec![b'x'; length])).collect(),
        }
    }

    #[test]
    fn a_body_of_just_the_limit_is_read() {
        assert_eq!(
            block_on(read_limited(&mut pieces(&[4, 0, 6]), 10)).unwrap().len(),
            10
        );
    }

    #[test]
    fn reading_stops_at_the_piece_that_goes_over() {
        let mut body = pieces(&[4, 7, 1, 1]);
        let error = block_on(read_limited(&mut body, 10)).unwrap_err();
        assert_eq!(error.problem().code(), Code::BodyTooLarge);
        assert_eq!(body.left.len(), 2);
    }

    #[test]
    fn a_broken_body_is_the_clients_problem_and_its_cause_stays_in_the_log() {
        let mut body = Pieces {
            left: [Err(BodyError::BrokenOff("reset by 10.0.0.7".to_owned()))].into(),
        };
        let error = block_on(read_limited(&mut body, 10)).unwrap_err();
        assert_eq!(error.problem().code(), Code::BadRequest);
        assert!(!error.problem().detail().contains("10.0.0.7"));
        assert!(error.cause().unwrap().contains("10.0.0.7"));
    }

    #[test]
    fn a_body_that_does_not_come_is_a_408() {
        let mut body = Pieces {
            left: [Ok(vec![b'{']), Err(BodyError::TimedOut)].into(),
        };
        let error = block_on(read_limited(&mut body, 10)).unwrap_err();
        assert_eq!(error.problem().code(), Code::RequestTimeout);
    }
}
