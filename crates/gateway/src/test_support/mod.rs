//! Ports for tests, in this library and in the components: what they stand for is real wherever that is what is tested.

mod clock;
mod database;
mod entropy;
mod key_value;
mod ports;
mod publisher;
mod tokens;
mod variables;
mod way;

pub use clock::TestClock;
pub use database::{Connection, TestDatabase};
pub use entropy::{ConstantEntropy, CountingEntropy};
pub use key_value::MemoryKeyValue;
pub use ports::TestPorts;
pub use publisher::RecordingPublisher;
pub use tokens::TestTokens;
pub use variables::TestVariables;
pub use way::{NobodyWaits, Turns};

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Runs a future whose every await is ready at once, as those over these ports are.
///
/// # Panics
/// If the future waits for anything.
#[expect(clippy::panic, reason = "a test that cannot go on has failed")]
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future waits for something that no test port provides"),
    }
}
