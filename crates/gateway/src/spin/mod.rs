//! The adapters to Spin: every port on the Spin SDK, and HTTP between WASI's resources and the library's types.
//!
//! Each adapter stands alone, so that a component imports from the host only what its own code calls: the imports of
//! the built component are its true capabilities, and a test holds them against the manifest.
//!
//! Host calls abort in a native build; only components turn the feature `spin` on.

#[cfg(target_arch = "wasm32")]
mod allocator;
mod database;
mod events;
pub mod http;
mod key_owner;
mod key_value;
mod later;
#[cfg(feature = "spin-middleware")]
mod middleware;
mod ports;
mod publisher;
mod sweep;
mod system;
mod variables;
mod way;

pub use database::{SpinDatabase, SpinDatabases};
pub use events::{publish_later, publish_waiting_later};
pub use key_owner::{KeysOfDatabase, KeysOfSignin};
pub use key_value::SpinKeyValue;
pub use later::run_later;
#[cfg(feature = "spin-middleware")]
pub use middleware::{stand_between, stand_outermost};
pub use ports::SpinPorts;
pub use publisher::SpinPublisher;
/// The SDK, for the entry-point macro and for `spawn`.
pub use spin_sdk as sdk;
pub use sweep::sweep_when_answered;
pub use system::{IdEntropy, SystemClock, SystemEntropy};
pub use variables::SpinVariables;
pub use way::SpinWay;
