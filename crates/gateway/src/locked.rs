//! Looking into a mutex.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The guard of `mutex`, never to be held across an await. What our mutexes hold is whole even where a panic left them poisoned.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
