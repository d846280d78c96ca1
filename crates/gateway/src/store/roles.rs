//! Roles, and who has them.

use super::{Columns, Rule, Store, StoreError};
use crate::domain::{Role, RoleDescription, RoleName, UserId, rfc3339};
use crate::ports::{Database, Timestamp, Value};

const COLUMNS: &str = "name, description, created_at";

fn role(row: &mut Columns) -> Result<Role, StoreError> {
    Ok(Role {
        name: row.role_name()?,
        description: row.role_description()?,
        created_at: row.text()?,
    })
}

/// At most `limit` roles after the name `after`, in alphabetical order.
pub async fn list<D: Database>(
    store: &Store<D>,
    after: Option<&RoleName>,
    limit: u32,
) -> Result<Vec<Role>, StoreError> {
    let statement = format!("SELECT {COLUMNS} FROM roles WHERE name > ?1 ORDER BY name LIMIT ?2");
    let after = after.map_or("", RoleName::as_str).to_owned();
    let mut rows = store
        .run(
            &statement,
            &[Value::Text(after), Value::Integer(i64::from(limit))],
        )
        .await?;
    rows.iter_mut().map(role).collect()
}

/// Creates a role.
pub async fn create<D: Database>(
    store: &Store<D>,
    name: &RoleName,
    description: &RoleDescription,
    now: Timestamp,
) -> Result<Role, StoreError> {
    let statement =
        format!("INSERT INTO roles (name, description, created_at) VALUES (?1, ?2, ?3) RETURNING {COLUMNS}");
    let parameters = [
        Value::Text(name.as_str().to_owned()),
        Value::Text(description.as_str().to_owned()),
        Value::Text(rfc3339(now)),
    ];
    let row = store.first(&statement, &parameters).await?;
    role(&mut row.ok_or_else(|| StoreError::damaged("a new role is not there"))?)
}

/// Deletes a role that nobody has.
pub async fn delete<D: Database>(store: &Store<D>, name: &RoleName) -> Result<(), StoreError> {
    let statement = "DELETE FROM roles WHERE name = ?1 RETURNING name";
    let deleted = store
        .first(statement, &[Value::Text(name.as_str().to_owned())])
        .await?;
    deleted.map(drop).ok_or(StoreError::Refused(Rule::UnknownRole))
}

/// Gives `user` the role. Giving it again changes nothing.
pub async fn grant<D: Database>(
    store: &Store<D>,
    user: UserId,
    role: &RoleName,
    granted_by: UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let statement = "INSERT INTO user_roles (user_id, role, granted_by, granted_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (user_id, role) DO NOTHING";
    store
        .run(statement, &change(user, role, granted_by, now))
        .await
        .map(drop)
}

/// Takes the role from `user`. Taking it again changes nothing.
pub async fn revoke<D: Database>(
    store: &Store<D>,
    user: UserId,
    role: &RoleName,
    revoked_by: UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let statement =
        "INSERT INTO role_revocations (user_id, role, revoked_by, revoked_at) VALUES (?1, ?2, ?3, ?4)";
    store
        .run(statement, &change(user, role, revoked_by, now))
        .await
        .map(drop)
}

fn change(user: UserId, role: &RoleName, by: UserId, now: Timestamp) -> [Value; 4] {
    [
        Value::Text(user.to_string()),
        Value::Text(role.as_str().to_owned()),
        Value::Text(by.to_string()),
        Value::Text(rfc3339(now)),
    ]
}

/// Whether `user` has the role now.
pub async fn has<D: Database>(store: &Store<D>, user: UserId, role: &RoleName) -> Result<bool, StoreError> {
    let statement = "SELECT 1 FROM user_roles WHERE user_id = ?1 AND role = ?2";
    let parameters = [
        Value::Text(user.to_string()),
        Value::Text(role.as_str().to_owned()),
    ];
    Ok(store.first(statement, &parameters).await?.is_some())
}
