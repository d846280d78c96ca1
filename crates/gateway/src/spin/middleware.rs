//! The next handler behind a middleware.

use spin_sdk::wasip3::http::types::{ErrorCode, Request, Response};

/// Calls what stands behind this middleware, on WASI's own messages: the SDK's wrapper would copy the body.
pub async fn next(request: Request) -> Result<Response, ErrorCode> {
    let mut response = spin_sdk::http::next(request).await?;
    response
        .body_mut()
        .take_unstarted()
        .ok_or_else(|| ErrorCode::InternalError(Some("the response's body was started".to_owned())))
}
