//! The harness of the end-to-end tests: the whole gateway, run as its users run it.
//!
//! A [`TestApp`] is one gateway process (the embedded host, or a real `spin`) on a free port, with a state folder of
//! its own and stub services behind it. Tests talk to it over HTTP, and look at what is left in its SQLite file; they
//! link none of its code.
//!
//! What the tests need and do not find (the host, the components, a `redis-server`) is a failure that says how to get
//! it, never a skipped test.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "all of this crate is test code, where a failed expectation is a failed test"
)]

pub mod answer;
pub mod app;
pub mod call;
pub mod http2;
pub mod limits;
pub mod mail;
pub mod prerequisites;
pub mod process;
pub mod provider;
pub mod raw;
pub mod redis;
pub mod setup;
pub mod state;
pub mod structured_field;
pub mod tokens;
pub mod totp;
pub mod unsteady;
pub mod upstream;
pub mod user;

pub use answer::Answer;
pub use app::TestApp;
pub use setup::Setup;
pub use user::User;

use std::sync::LazyLock;

use tokio::runtime::Runtime;

/// Where stub services run. They outlive the test that starts them when it starts the shared gateway, and so cannot
/// run on a test's own runtime.
pub(crate) static BACKGROUND: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .thread_name("stub-services")
        .build()
        .expect("a runtime for the stub services")
});
