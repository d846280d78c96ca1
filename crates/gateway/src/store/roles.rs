//! Roles, and who has them.

use super::administration::Act;
use super::{Columns, Store, StoreError};
use crate::domain::{Role, RoleDescription, RoleName, UserId};
use crate::ports::{Database, Value};

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
    act: Act<'_>,
) -> Result<Role, StoreError> {
    let statement =
        "INSERT INTO role_creations (name, created_by, created_at, client_address, request_id, description)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let description = Value::Text(description.as_str().to_owned());
    store.run(statement, &upon(name, act, description)).await?;
    let statement = format!("SELECT {COLUMNS} FROM roles WHERE name = ?1");
    let row = store
        .first(&statement, &[Value::Text(name.as_str().to_owned())])
        .await?;
    role(&mut row.ok_or_else(|| StoreError::damaged("a new role is not there"))?)
}

/// Deletes a role that nobody has.
pub async fn delete<D: Database>(store: &Store<D>, name: &RoleName, act: Act<'_>) -> Result<(), StoreError> {
    let statement = "INSERT INTO role_deletions (name, deleted_by, deleted_at, client_address, request_id)
         VALUES (?1, ?2, ?3, ?4, ?5)";
    store.run(statement, &act.upon(name.as_str())).await.map(drop)
}

/// Gives `user` the role. Giving it again changes nothing.
pub async fn grant<D: Database>(
    store: &Store<D>,
    user: UserId,
    role: &RoleName,
    act: Act<'_>,
) -> Result<(), StoreError> {
    let statement =
        "INSERT INTO role_grants (role, granted_by, granted_at, client_address, request_id, user_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let user = Value::Text(user.to_string());
    store.run(statement, &upon(role, act, user)).await.map(drop)
}

/// Takes the role from `user`. Taking it again changes nothing.
pub async fn revoke<D: Database>(
    store: &Store<D>,
    user: UserId,
    role: &RoleName,
    act: Act<'_>,
) -> Result<(), StoreError> {
    let statement =
        "INSERT INTO role_revocations (role, revoked_by, revoked_at, client_address, request_id, user_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let user = Value::Text(user.to_string());
    store.run(statement, &upon(role, act, user)).await.map(drop)
}

/// The parameters of an act upon a role, and one more.
fn upon(role: &RoleName, act: Act<'_>, other: Value) -> [Value; 6] {
    let [role, actor, at, address, request] = act.upon(role.as_str());
    [role, actor, at, address, request, other]
}

/// Whether taking the role from `user` would take something: they have it, and are not the last administrator.
pub async fn can_be_taken<D: Database>(
    store: &Store<D>,
    user: UserId,
    role: &RoleName,
) -> Result<bool, StoreError> {
    let statement = "SELECT 1 FROM user_roles WHERE user_id = ?1 AND role = ?2 AND (
            role <> 'admin' OR EXISTS (
                SELECT 1 FROM user_roles JOIN users ON users.id = user_id
                WHERE role = 'admin' AND user_id <> ?1 AND disabled_at IS NULL
            )
        )";
    let parameters = [
        Value::Text(user.to_string()),
        Value::Text(role.as_str().to_owned()),
    ];
    Ok(store.first(statement, &parameters).await?.is_some())
}

/// Whether `user` has the role now, and is not disabled.
pub async fn has<D: Database>(store: &Store<D>, user: UserId, role: &RoleName) -> Result<bool, StoreError> {
    let statement = "SELECT 1 FROM user_roles JOIN users ON users.id = user_id
         WHERE user_id = ?1 AND role = ?2 AND disabled_at IS NULL";
    let parameters = [
        Value::Text(user.to_string()),
        Value::Text(role.as_str().to_owned()),
    ];
    Ok(store.first(statement, &parameters).await?.is_some())
}
