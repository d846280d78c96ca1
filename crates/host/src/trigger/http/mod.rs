//! The HTTP trigger: routes requests to components, as Spin's does.

mod announce;
mod handler;
mod listener;
mod places;
mod refusal;
pub(crate) mod request;
mod server;
mod wire;
mod worker;

pub use self::listener::Listener;
pub use self::server::HttpServer;
