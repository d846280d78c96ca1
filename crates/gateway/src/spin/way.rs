//! Giving way to the other requests of this instance, and through the host to everybody else's.

use spin_sdk::wasip3::wit_bindgen;

use crate::ports::GiveWay;

/// The component model's yield.
#[derive(Clone, Copy, Debug)]
pub struct SpinWay;

impl GiveWay for SpinWay {
    async fn give_way(&self) {
        wit_bindgen::yield_async().await;
    }
}

/// What wakes one request from within another. It is there only if the feature that this crate turns on is that of the
/// SDK's own `wit-bindgen`: an SDK with another version of it would compile, and panic when a lock is handed on.
const _: wit_bindgen::rt::async_support::UnitStreamOps = wit_bindgen::rt::async_support::UnitStreamOps;
