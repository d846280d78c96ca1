//! Users.

use super::{Columns, Store, StoreError, origin};
use crate::domain::{
    Account, BcryptCost, EmailAddress, NewUser, Origin, PasswordHash, User, UserId, UserToStore, rfc3339,
};
use crate::ports::{Clock, Database, Entropy, Timestamp, Value};

/// What a [`User`] is made of, to be read with `Columns::user`. Roles come as a JSON array, in alphabetical order.
pub(super) const USER_COLUMNS: &str = "users.id, users.email, (SELECT json_group_array(role) FROM (
        SELECT role FROM user_roles WHERE user_id = users.id ORDER BY role
    )), users.created_at";

/// Creates a user.
///
/// `before_create` is the before-create hook: any function from the new user as given to the new user as stored. It is
/// called right before the insert; what it returns is what the row holds, and if it fails there is no row.
pub async fn create<D: Database, E: From<StoreError>>(
    store: &Store<D>,
    new: NewUser,
    before_create: impl AsyncFnOnce(NewUser) -> Result<UserToStore, E>,
    clock: &impl Clock,
    entropy: &impl Entropy,
) -> Result<User, E> {
    let user = before_create(new).await?;
    Ok(insert(store, INSERT_USER, &user, &[], clock, entropy).await?)
}

/// Creates the first administrator, with the same hook as [`create`]. Refused once there is any. The audit log says where the request
/// came from.
pub async fn create_first_administrator<D: Database, E: From<StoreError>>(
    store: &Store<D>,
    new: NewUser,
    before_create: impl AsyncFnOnce(NewUser) -> Result<UserToStore, E>,
    from: &Origin,
    clock: &impl Clock,
    entropy: &impl Entropy,
) -> Result<User, E> {
    let user = before_create(new).await?;
    let more = origin(from);
    Ok(insert(store, INSERT_FIRST_ADMINISTRATOR, &user, &more, clock, entropy).await?)
}

const INSERT_USER: &str =
    "INSERT INTO users (id, email, password_hash, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4)";

const INSERT_FIRST_ADMINISTRATOR: &str =
    "INSERT INTO first_administrators (id, email, password_hash, created_at, client_address, request_id)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

async fn insert<D: Database>(
    store: &Store<D>,
    statement: &str,
    user: &UserToStore,
    more: &[Value],
    clock: &impl Clock,
    entropy: &impl Entropy,
) -> Result<User, StoreError> {
    let id = UserId::generate(clock, entropy);
    let usual = [
        Value::Text(id.to_string()),
        Value::Text(user.email.as_str().to_owned()),
        Value::Text(user.password_hash.as_str().to_owned()),
        Value::Text(rfc3339(clock.now())),
    ];
    let parameters = [&usual, more].concat();
    store.run(statement, &parameters).await?;
    // The triggers gave the row its roles; what is shown is what is stored.
    find(store, id)
        .await?
        .ok_or_else(|| StoreError::damaged("a new user is not there"))
}

/// Whose address this is.
pub(crate) async fn with_email<D: Database>(
    store: &Store<D>,
    email: &EmailAddress,
) -> Result<Option<UserId>, StoreError> {
    let email = Value::Text(email.as_str().to_owned());
    let row = store
        .first("SELECT id FROM users WHERE email = ?1", &[email])
        .await?;
    row.map(|mut row| row.user_id()).transpose()
}

/// The user of this id.
pub async fn find<D: Database>(store: &Store<D>, id: UserId) -> Result<Option<User>, StoreError> {
    let statement = format!("SELECT {USER_COLUMNS} FROM users WHERE id = ?1");
    let row = store.first(&statement, &[Value::Text(id.to_string())]).await?;
    row.map(|mut row| row.user()).transpose()
}

/// What there is to check the password of an address against.
#[derive(Debug)]
pub struct Checkable {
    /// The highest cost of any user's hash, of those that are checked at all; `None` where nobody has one.
    pub highest_cost: Option<BcryptCost>,
    /// Whose address it is, if anybody's.
    pub user: Option<User>,
    /// What their password is checked against, if they have one that works.
    pub hash: Option<PasswordHash>,
    /// Whether their account is open: an administrator may have shut it.
    pub is_open: bool,
    /// Whether they have shown to have the address.
    pub is_verified: bool,
}

/// What there is to check the password of this address against. There is a row for every address, made by the same work,
/// so that one that nobody has cannot be told by the time it takes.
pub async fn to_check<D: Database>(
    store: &Store<D>,
    email: &EmailAddress,
    dearest: BcryptCost,
) -> Result<Checkable, StoreError> {
    let statement = format!(
        "SELECT (SELECT substr(password_hash, -56, 2) FROM users WHERE substr(password_hash, -56, 2) <= ?2
                 ORDER BY substr(password_hash, -56, 2) DESC LIMIT 1),
             nullif(users.password_hash, '*'), users.id IS NOT NULL,
             users.disabled_at IS NULL, users.email_verified_at IS NOT NULL, {USER_COLUMNS}
         FROM (SELECT 1) LEFT JOIN users ON users.email = ?1"
    );
    let parameters = [
        Value::Text(email.as_str().to_owned()),
        Value::Text(dearest.digits()),
    ];
    let mut row = store
        .first(&statement, &parameters)
        .await?
        .ok_or_else(|| StoreError::damaged("no row for an address"))?;
    let highest_cost = row.optional_text()?;
    let hash = row.optional_text()?.map(PasswordHash::parse);
    let (is_there, is_open, is_verified) = (row.integer()? != 0, row.integer()? != 0, row.integer()? != 0);
    Ok(Checkable {
        // `*` has no cost.
        highest_cost: highest_cost.and_then(|cost| BcryptCost::of_digits(&cost)),
        hash: hash.transpose().map_err(StoreError::damaged)?,
        is_open,
        is_verified,
        user: is_there.then(|| row.user()).transpose()?,
    })
}

/// What the user's password is checked against; `None` where they have none, or are not there.
pub async fn password_hash<D: Database>(
    store: &Store<D>,
    id: UserId,
) -> Result<Option<PasswordHash>, StoreError> {
    let statement = "SELECT password_hash FROM users WHERE id = ?1 AND password_hash <> '*'";
    let row = store.first(statement, &[Value::Text(id.to_string())]).await?;
    row.map(|mut row| row.password_hash()).transpose()
}

/// The users of whom something that access tokens say has changed since, those who are no longer there among them: what is left of
/// them is in the audit log.
pub async fn renounced_since<D: Database>(
    store: &Store<D>,
    since: Timestamp,
) -> Result<Vec<UserId>, StoreError> {
    let statement = "SELECT id FROM users WHERE renounced_at >= ?1
         UNION SELECT target FROM audit_log
         WHERE time >= ?1 AND action IN ('email.changed', 'user.deleted') AND target IS NOT NULL";
    let mut rows = store.run(statement, &[Value::Text(rfc3339(since))]).await?;
    rows.iter_mut().map(Columns::user_id).collect()
}

/// Replaces `old` by `new`, another hash of the same password; changes nothing where `old` is no longer the user's.
pub async fn replace_hash<D: Database>(
    store: &Store<D>,
    id: UserId,
    old: &PasswordHash,
    new: &PasswordHash,
) -> Result<(), StoreError> {
    let statement = "UPDATE users SET password_hash = ?3 WHERE id = ?1 AND password_hash = ?2";
    let parameters = [
        Value::Text(id.to_string()),
        Value::Text(old.as_str().to_owned()),
        Value::Text(new.as_str().to_owned()),
    ];
    store.run(statement, &parameters).await.map(drop)
}

/// What an [`Account`] is made of, to be read with [`account`].
const ACCOUNT_STATE: &str = "users.disabled_at IS NOT NULL, users.email_verified_at IS NOT NULL";

fn account(row: &mut Columns) -> Result<Account, StoreError> {
    Ok(Account {
        user: row.user()?,
        disabled: row.integer()? != 0,
        email_verified: row.integer()? != 0,
    })
}

/// The account of this id, as administrators see it.
pub async fn find_account<D: Database>(store: &Store<D>, id: UserId) -> Result<Option<Account>, StoreError> {
    let statement = format!("SELECT {USER_COLUMNS}, {ACCOUNT_STATE} FROM users WHERE id = ?1");
    let row = store.first(&statement, &[Value::Text(id.to_string())]).await?;
    row.map(|mut row| account(&mut row)).transpose()
}

/// At most `limit` accounts after the id `after`, in the order in which they signed up (ids grow with time). With `email`,
/// only that of this address.
pub async fn list<D: Database>(
    store: &Store<D>,
    email: Option<&EmailAddress>,
    after: Option<UserId>,
    limit: u32,
) -> Result<Vec<Account>, StoreError> {
    let statement = format!(
        "SELECT {USER_COLUMNS}, {ACCOUNT_STATE} FROM users
         WHERE (?1 IS NULL OR email = ?1) AND (?2 IS NULL OR id > ?2) ORDER BY id LIMIT ?3"
    );
    let parameters = [
        email.map_or(Value::Null, |email| Value::Text(email.as_str().to_owned())),
        after.map_or(Value::Null, |id| Value::Text(id.to_string())),
        Value::Integer(i64::from(limit)),
    ];
    store
        .run(&statement, &parameters)
        .await?
        .iter_mut()
        .map(account)
        .collect()
}
