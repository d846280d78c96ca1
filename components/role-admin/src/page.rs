//! Pages of a list.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jetway_gateway::http::{FieldError, HttpError, Query};

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;

/// Which page of a list is asked for.
#[derive(Debug)]
pub(crate) struct Page {
    limit: u32,
    after: Option<String>,
}

impl Page {
    /// Reads the parameters `limit` and `cursor`.
    pub(crate) fn parse(query: &Query) -> Result<Self, HttpError> {
        let limit = match query.get("limit").map(str::parse) {
            None => DEFAULT_LIMIT,
            Some(Ok(limit @ 1..=MAX_LIMIT)) => limit,
            Some(_) => return Err(invalid("limit", "The limit is a whole number from 1 to 100.")),
        };
        let after = match query.get("cursor") {
            None => None,
            Some(cursor) => Some(decode(cursor).ok_or_else(invalid_cursor)?),
        };
        Ok(Self { limit, after })
    }

    /// How many items to read: one more than are shown, which tells whether there is a next page.
    pub(crate) fn to_read(&self) -> u32 {
        self.limit + 1
    }

    /// The key of the item that this page comes after.
    pub(crate) fn after<T, E>(&self, parse: impl Fn(&str) -> Result<T, E>) -> Result<Option<T>, HttpError> {
        self.after
            .as_deref()
            .map(parse)
            .transpose()
            .map_err(|_| invalid_cursor())
    }

    /// The items to show of those read, and the cursor of the next page.
    pub(crate) fn cut<T>(&self, mut items: Vec<T>, key: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
        let limit = self.limit as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items
            .last()
            .filter(|_| more)
            .map(|last| URL_SAFE_NO_PAD.encode(key(last)));
        (items, next)
    }
}

/// Clients are not to make cursors, nor to read them: what is in one may change.
fn decode(cursor: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}

fn invalid_cursor() -> HttpError {
    invalid("cursor", "Use a next_cursor of this list as it is.")
}

fn invalid(parameter: &'static str, detail: &str) -> HttpError {
    FieldError::parameter(parameter, "invalid_value", detail).into()
}
