//! Pages of a list.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jetway_gateway::http::{FieldError, HttpError, Query};
use serde::{Deserialize, Serialize};

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;

/// Which page of a list is asked for.
#[derive(Debug)]
pub(crate) struct Page {
    limit: u32,
    cursor: Cursor,
    is_first: bool,
}

/// Where a list goes on. It is of one list, with one choice of filters: the place of an item in another is a place that nobody was at.
/// Clients are not to make cursors, nor to read them: what is in one may change.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    list: String,
    filters: Vec<(String, String)>,
    after: String,
}

impl Page {
    /// Reads the parameters `limit` and `cursor`; the others are the filters of this list, whose name is its own.
    pub(crate) fn parse(list: &str, query: &Query) -> Result<Self, HttpError> {
        let limit = match query.get("limit") {
            None => DEFAULT_LIMIT,
            Some(text) => {
                limit(text).ok_or_else(|| invalid("limit", "The limit is a whole number from 1 to 100."))?
            }
        };
        let filters = query
            .all()
            .filter(|(name, _)| !matches!(*name, "limit" | "cursor"));
        let mut cursor = Cursor {
            list: list.to_owned(),
            filters: filters
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            after: String::new(),
        };
        let given = query.get("cursor");
        if let Some(given) = given {
            let is_of_this_list =
                |given: &Cursor| given.list == cursor.list && given.filters == cursor.filters;
            cursor = decode(given).filter(is_of_this_list).ok_or_else(invalid_cursor)?;
        }
        let is_first = given.is_none();
        Ok(Self {
            limit,
            cursor,
            is_first,
        })
    }

    /// How many items to read: one more than are shown, which tells whether there is a next page.
    pub(crate) fn to_read(&self) -> u32 {
        self.limit + 1
    }

    /// The key of the item that this page comes after.
    pub(crate) fn after<T, E>(&self, parse: impl Fn(&str) -> Result<T, E>) -> Result<Option<T>, HttpError> {
        if self.is_first {
            return Ok(None);
        }
        parse(&self.cursor.after).map(Some).map_err(|_| invalid_cursor())
    }

    /// The items to show of those read, and the cursor of the next page.
    pub(crate) fn cut<T>(
        self,
        mut items: Vec<T>,
        key: impl Fn(&T) -> String,
    ) -> Result<(Vec<T>, Option<String>), HttpError> {
        let limit = self.limit as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        let Some(last) = items.last().filter(|_| more) else {
            return Ok((items, None));
        };
        let after = key(last);
        let cursor = serde_json::to_vec(&Cursor { after, ..self.cursor }).map_err(HttpError::internal)?;
        Ok((items, Some(URL_SAFE_NO_PAD.encode(cursor))))
    }
}

/// Digits alone: a sign or a zero before them is another way to write it, which nobody needs.
fn limit(text: &str) -> Option<u32> {
    let limit = text
        .parse()
        .ok()
        .filter(|limit| (1..=MAX_LIMIT).contains(limit))?;
    (limit.to_string() == text).then_some(limit)
}

fn decode(cursor: &str) -> Option<Cursor> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}

fn invalid_cursor() -> HttpError {
    invalid(
        "cursor",
        "Use a next_cursor of this list, with the filters that it came from, as it is.",
    )
}

fn invalid(parameter: &'static str, detail: &str) -> HttpError {
    FieldError::parameter(parameter, "invalid_value", detail).into()
}
