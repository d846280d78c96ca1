//! Who may pass: the access policy, the bearer token, and the identity that goes on with the request.

mod admission;
mod authenticate;
mod bearer;
mod forward_auth;
mod identity_headers;
mod policy;

pub use admission::{AdmissionSettings, Admitted, admit};
pub use authenticate::{Settings, authenticate, authenticate_signed_in, check_policy};
pub(crate) use bearer::is_b64token;
pub use bearer::{MalformedBearer, bearer_token};
pub use forward_auth::forward_auth;
pub use identity_headers::{IDENTITY_HEADERS, set_identity};
pub use policy::{AccessPolicy, Requirement};
