//! A middleware that says that it was there, and that tries what it may not.
//!
//! The request header `x-try` names a permission to use; the response header `x-tried` has what came of it.
#![cfg(target_arch = "wasm32")]

use spin_sdk::http::{BoxBody, HeaderValue, Request, Response, box_body, get, next};
use spin_sdk::http_service;
use spin_sdk::key_value::Store;
use spin_sdk::variables;
use spin_sdk::wasip3::http::types::ErrorCode;

#[http_service]
async fn handle(mut request: Request) -> Result<Response<BoxBody>, ErrorCode> {
    let tried = match request.headers().get("x-try").map(HeaderValue::as_bytes) {
        Some(b"variables") => Some(format!("{:?}", variables::get("greeting").await)),
        Some(b"key-value") => Some(format!("{:?}", Store::open_default().await.map(drop))),
        Some(b"environment") => Some(format!("{:?}", std::env::vars().collect::<Vec<_>>())),
        Some(b"outbound") => Some(match get("http://app.spin.internal/x").await {
            Ok(response) => response.status().to_string(),
            Err(error) => format!("{error:?}"),
        }),
        _ => None,
    };
    request
        .headers_mut()
        .append("x-middleware", HeaderValue::from_static("was here"));
    let mut response = next(request).await?;
    response
        .headers_mut()
        .append("x-middleware", HeaderValue::from_static("was here"));
    if let Some(tried) = tried.and_then(|tried| HeaderValue::try_from(tried).ok()) {
        response.headers_mut().insert("x-tried", tried);
    }
    Ok(response.map(box_body))
}
