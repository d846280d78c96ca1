//! Lists in pages: how many at once, and where the next page starts.

use crate::problem::Problem;

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 100;

/// Checks the `limit` parameter.
pub(crate) fn limit(requested: Option<usize>) -> Result<usize, Problem> {
    match requested {
        None => Ok(DEFAULT_LIMIT),
        Some(limit @ 1..=MAX_LIMIT) => Ok(limit),
        Some(_) => Err(Problem::invalid(
            "limit",
            format!("A number from 1 to {MAX_LIMIT}."),
        )),
    }
}

/// Cuts sorted `items` after `limit`, and names the cursor of the next page if there is one.
pub(crate) fn cut<T>(
    items: &mut Vec<T>,
    limit: usize,
    cursor_after: impl Fn(&T) -> String,
) -> Option<String> {
    if items.len() <= limit {
        return None;
    }
    items.truncate(limit);
    items.last().map(cursor_after)
}
