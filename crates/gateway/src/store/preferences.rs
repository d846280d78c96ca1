//! What people want to be told.

use super::{Store, StoreError};
use crate::domain::{UserId, rfc3339};
use crate::mail::{Category, Preferences};
use crate::ports::{Database, Timestamp, Value};

/// What `user` wants to be told.
pub async fn of<D: Database>(store: &Store<D>, user: UserId) -> Result<Preferences, StoreError> {
    let statement = "SELECT category, wanted FROM notification_preferences WHERE user_id = ?1";
    let mut preferences = Preferences::default();
    for mut row in store.run(statement, &[Value::Text(user.to_string())]).await? {
        let category =
            Category::parse(&row.text()?).ok_or_else(|| StoreError::damaged("an unknown category"))?;
        preferences = preferences.with(category, row.integer()? != 0);
    }
    Ok(preferences)
}

/// Whether `user` wants mails of this category. Nobody is asked about what cannot be turned off.
pub async fn wants<D: Database>(
    store: &Store<D>,
    user: UserId,
    category: Category,
) -> Result<bool, StoreError> {
    if !category.is_optional() {
        return Ok(true);
    }
    Ok(of(store, user).await?.wants(category))
}

/// Sets all of a user's preferences at once. Tells whether there is such a user.
pub async fn set<D: Database>(
    store: &Store<D>,
    user: UserId,
    preferences: Preferences,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let statement = "INSERT INTO notification_preferences (user_id, category, wanted, changed_at)
         SELECT users.id, chosen.key, chosen.value, ?3 FROM users, json_each(?2) AS chosen WHERE users.id = ?1
         ON CONFLICT (user_id, category) DO UPDATE SET wanted = excluded.wanted, changed_at = excluded.changed_at
         RETURNING category";
    let chosen = Category::OPTIONAL.map(|category| {
        let wanted = u8::from(preferences.wants(category));
        // A name of ours and a digit: nothing to escape.
        format!(r#""{}":{wanted}"#, category.as_str())
    });
    let parameters = [
        Value::Text(user.to_string()),
        Value::Text(format!("{{{}}}", chosen.join(","))),
        Value::Text(rfc3339(now)),
    ];
    Ok(!store.run(statement, &parameters).await?.is_empty())
}

/// Turns one category off, and leaves the others as they are. Whoever is no longer there gets no mails anyway.
pub async fn turn_off<D: Database>(
    store: &Store<D>,
    user: UserId,
    category: Category,
    now: Timestamp,
) -> Result<(), StoreError> {
    let statement = "INSERT INTO notification_preferences (user_id, category, wanted, changed_at)
         SELECT id, ?2, 0, ?3 FROM users WHERE id = ?1
         ON CONFLICT (user_id, category) DO UPDATE SET wanted = 0, changed_at = excluded.changed_at";
    let parameters = [
        Value::Text(user.to_string()),
        Value::Text(category.as_str().to_owned()),
        Value::Text(rfc3339(now)),
    ];
    store.run(statement, &parameters).await.map(drop)
}
