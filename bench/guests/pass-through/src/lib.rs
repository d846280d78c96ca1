//! HTTP middleware that does nothing: what a layer costs by being there.
//!
//! It hands WASI's own messages through, as Jetway's middleware does, so that no body byte and no header passes through it.
#![cfg(target_arch = "wasm32")]

use spin_sdk::wasip3::exports::http::handler::Guest;
use spin_sdk::wasip3::http::types::{ErrorCode, Request, Response};

struct PassThrough;
spin_sdk::wasip3::http::service::export!(PassThrough);

impl Guest for PassThrough {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let mut response = spin_sdk::http::next(request).await?;
        let untouched = response.body_mut().take_unstarted();
        untouched.ok_or(ErrorCode::HttpProtocolError)
    }
}
