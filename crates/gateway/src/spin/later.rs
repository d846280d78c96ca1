//! Work once the response is on its way.

use spin_sdk::wasip3::spawn;

use crate::Failure;
use crate::http::RequestId;
use crate::log;

/// Does `work` after the response. A failure is a line in the log, by the name of `event`.
pub fn run_later(
    event: &'static str,
    request_id: RequestId,
    work: impl Future<Output = Result<(), Failure>> + 'static,
) {
    spawn(async move {
        if let Err(failure) = work.await {
            log::warn(&request_id, event, &[("cause", &failure.to_string())]);
        }
    });
}
