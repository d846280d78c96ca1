//! HTTP as every function of Jetway speaks it: problems for errors, strict JSON in, JSON out, a request id on everything.
//!
//! Nothing here knows Spin. A request is an [`http::Request`] whose body is read through [`Body`]; an answer is a
//! [`Response`] whose body is whole, so that it always carries a `Content-Length`. [`serve`] is the one frame around
//! every handler: what a handler returns as [`HttpError`] leaves as `application/problem+json`.

mod body;
mod error;
pub mod framing;
pub mod json;
pub mod names;
mod problem;
mod query;
mod request_id;
mod respond;
mod routes;
mod serve;

pub use body::{Body, BodyError, read_limited};
pub use error::HttpError;
pub use problem::{Code, FieldError, Problem};
pub use query::{Query, query_parameter};
pub use request_id::{REQUEST_ID, RequestId};
pub use respond::{Response, accepted, created, no_content, ok, ready, with_status};
pub use routes::{Found, Routes};
pub use serve::{finish, serve};
