//! Headers on their way to WASI.

use std::cell::RefCell;

use http::{HeaderMap, HeaderName};
use spin_sdk::wasip3::http::types::{ErrorCode, Fields};

/// For how many headers of a message room is kept.
const KEPT: usize = 64;

thread_local! {
    /// The names and values of the message before: the next one's are written into them. An allocation for each name and each
    /// value was among the dearest things on the way of a request.
    static ENTRIES: RefCell<Vec<(String, Vec<u8>)>> = const { RefCell::new(Vec::new()) };
}

/// What WASI shows to whoever receives a message, and forbids to whoever sends one: a message that has one of these is
/// refused whole. The authority says what `Host` did; the others speak of a connection that ends here (RFC 9110, section
/// 7.6.1).
fn is_not_for_senders(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "host"
            | "http2-settings"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// The headers as WASI takes them, without those that nobody may send.
pub(super) fn fields_of(headers: &HeaderMap) -> Result<Fields, ErrorCode> {
    let sent = headers.iter().filter(|(name, _)| !is_not_for_senders(name));
    let fields = ENTRIES.with_borrow_mut(|entries| {
        let mut count = 0;
        for (name, value) in sent {
            if count == entries.len() {
                entries.push(Default::default());
            }
            let (written_name, written_value) = &mut entries[count];
            written_name.clear();
            written_name.push_str(name.as_str());
            written_value.clear();
            written_value.extend_from_slice(value.as_bytes());
            count += 1;
        }
        let fields = Fields::from_list(&entries[..count]);
        entries.truncate(KEPT);
        fields
    });
    fields.map_err(|error| ErrorCode::InternalError(Some(format!("headers: {error:?}"))))
}
