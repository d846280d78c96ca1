//! The HTTP trigger: routes requests to components, as Spin's does.

mod announce;
mod handler;
mod listener;
mod request;
mod server;
mod worker;

pub use self::listener::Listener;
pub use self::server::HttpServer;
