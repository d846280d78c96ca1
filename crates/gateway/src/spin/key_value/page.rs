//! Reading keys one by one, as far as a page.

use std::time::Duration;

use super::turn::Alone;
use super::{KeyValueError, LIMIT, SpinWay, store, store_error};
use crate::ports::Found;
use crate::time_limit::within;

/// How many keys are found at once.
const PAGE: usize = 2_000;

/// For how long keys are read at once. Spin's SQLite store is locked meanwhile, and the oldest keys, which a sweep looks for, come first.
const MOST: Duration = Duration::from_millis(500);

/// The first keys that `wanted` picks, as many as are found within a page and a moment.
pub(super) async fn find(wanted: &dyn Fn(&str) -> bool) -> Result<Found, KeyValueError> {
    // Opened before, since nobody else calls the store after that.
    let store = store().await?;
    let alone = within(LIMIT, &SpinWay, Alone::begin()).await.flatten();
    let Some(_alone) = alone else {
        return Err(KeyValueError("its keys are being read".to_owned()));
    };
    let (mut stream, end) = store.get_keys().await.into_inner();
    let mut keys = Vec::new();
    let reading = async {
        while keys.len() < PAGE {
            match stream.next().await {
                Some(key) if wanted(&key) => keys.push(key),
                Some(_) => {}
                None => return true,
            }
        }
        false
    };
    let is_all = within(MOST, &SpinWay, reading).await.unwrap_or(false);
    // Whoever sends the keys, and has the lock, ends when nobody takes them; and says that this was an error then.
    drop(stream);
    match within(LIMIT, &SpinWay, end.into_future()).await {
        Some(Err(error)) if is_all => Err(store_error(error)),
        Some(_) => Ok(Found { keys, is_all }),
        None => Err(KeyValueError(
            "its keys are being read, and no end of it".to_owned(),
        )),
    }
}
