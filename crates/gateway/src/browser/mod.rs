//! What browsers are told, in one place: whose pages may read our answers (CORS), and what a browser must not make of them
//! (security headers).
//!
//! It hangs in the outermost layer of a route, where every answer passes: those of the services, of the functions, and the
//! problems of the layers before them. A browser shows a page no answer without these headers, so a 401 or a 429 that
//! lacked them could not be told from a broken network.

mod cors;
mod headers;
mod origins;
mod security_headers;
mod settings;
mod visit;

pub use headers::{AllowedHeaders, InvalidHeaders};
pub use origins::{AllowedOrigins, InvalidOrigins};
pub use security_headers::secure;
pub use settings::Settings;
pub use visit::Visit;
