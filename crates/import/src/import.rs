//! Writing what was read, in one transaction.
//!
//! Who is there already, by address, is left wholly alone: so a second run changes nothing, not even what was changed in between, and
//! whoever signs up with somebody else's address before the import does not get that person's roles.

use std::collections::HashMap;

use anyhow::Result;
use jetway_gateway::domain::{BcryptCost, RoleName, UserId, rfc3339};
use jetway_gateway::ports::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use crate::read::{Kind, Row, Table};
use crate::report::Report;
use crate::rows::{Role, User};

/// What became of a user of the Node stack.
#[derive(Clone, Copy)]
enum Outcome {
    Imported(UserId),
    There,
    Refused,
}

/// How it is done.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Now.
    pub now: Timestamp,
    /// The cost of the gateway's own hashes, by which it decides how dear a hash it checks.
    pub bcrypt_cost: BcryptCost,
    /// Whether all of it is taken back in the end.
    pub dry_run: bool,
}

/// Imports the tables, and notes in the report what became of each row.
pub fn import(
    connection: &mut Connection,
    tables: &[Table],
    options: Options,
    report: &mut Report,
) -> Result<()> {
    connection.pragma_update(None, "foreign_keys", true)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let run = Run {
        database: &transaction,
        tables,
        now: options.now,
        dearest: options.bcrypt_cost.dearest_checked(),
        at: rfc3339(options.now),
    };
    let roles = run.roles(report)?;
    let users = run.users(report)?;
    run.grants(&users, &roles, report)?;
    for outcome in users.values() {
        if let Outcome::Imported(user) = outcome {
            run.finish(*user)?;
        }
    }
    if !options.dry_run {
        transaction.commit()?;
    }
    Ok(())
}

struct Run<'a> {
    database: &'a Transaction<'a>,
    tables: &'a [Table],
    now: Timestamp,
    dearest: BcryptCost,
    at: String,
}

impl<'a> Run<'a> {
    fn rows(&self, kind: Kind) -> impl Iterator<Item = Row<'a>> {
        self.tables
            .iter()
            .filter(move |table| table.kind == kind)
            .flat_map(|table| table.rows())
    }

    /// The roles by their ids there.
    fn roles(&self, report: &mut Report) -> Result<HashMap<&'a str, RoleName>> {
        let mut roles = HashMap::new();
        for row in self.rows(Kind::Roles) {
            let role = match Role::read(row) {
                Ok(role) => role,
                Err(why) => {
                    report.refuse(Kind::Roles, &row.name(), why);
                    continue;
                }
            };
            let statement = "INSERT INTO roles (name, description, created_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
            let parameters = params![role.name.as_str(), role.description.as_str(), self.at];
            match self.database.execute(statement, parameters)? {
                0 => report.roles.there += 1,
                _ => report.roles.imported += 1,
            }
            roles.insert(
                row.get(ID).unwrap_or(row.get(&["name"]).unwrap_or_default()),
                role.name,
            );
        }
        Ok(roles)
    }

    /// What became of the users, by their ids there.
    fn users(&self, report: &mut Report) -> Result<HashMap<&'a str, Outcome>> {
        let mut users = HashMap::new();
        let mut by_address = HashMap::new();
        for row in self.rows(Kind::Users) {
            let outcome = match User::read(row, self.now, self.dearest) {
                Ok(user) => match by_address.insert(user.email.canonical(), row.name()) {
                    Some(other) => {
                        let why = format!(
                            "{other} has the same e-mail address, if upper and lower case are the same"
                        );
                        report.refuse(Kind::Users, &row.name(), why);
                        by_address.insert(user.email.canonical(), other);
                        Outcome::Refused
                    }
                    None => self.user(&user, row, report)?,
                },
                Err(why) => {
                    report.refuse(Kind::Users, &row.name(), why);
                    Outcome::Refused
                }
            };
            if let Some(id) = row.get(ID) {
                users.entry(id).or_insert(outcome);
            }
        }
        Ok(users)
    }

    fn user(&self, user: &User, row: Row<'_>, report: &mut Report) -> Result<Outcome> {
        let there = "SELECT 1 FROM users WHERE email = ?1";
        let email = user.email.as_str();
        if self
            .database
            .query_row(there, [email], |_| Ok(()))
            .optional()?
            .is_some()
        {
            report.users.there += 1;
            return Ok(Outcome::There);
        }
        let id = match user.id() {
            Ok(id) => id,
            Err(why) => {
                report.refuse(Kind::Users, &row.name(), why);
                return Ok(Outcome::Refused);
            }
        };
        let insert = "INSERT INTO users (id, email, password_hash, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        let created_at = rfc3339(user.created_at);
        let parameters = params![id.to_string(), email, user.hash.as_str(), created_at, self.at];
        self.database.execute(insert, parameters)?;
        report.users.imported += 1;
        Ok(Outcome::Imported(id))
    }

    fn grants(
        &self,
        users: &HashMap<&str, Outcome>,
        roles: &HashMap<&str, RoleName>,
        report: &mut Report,
    ) -> Result<()> {
        for row in self.rows(Kind::UserRoles) {
            let user = row.get(&["userid", "user"]).and_then(|id| users.get(id));
            let role = row.get(&["roleid", "role"]).and_then(|id| roles.get(id));
            let why = match (user, role) {
                (Some(Outcome::Imported(user)), Some(role)) => {
                    let insert = "INSERT INTO user_roles (user_id, role, granted_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
                    let parameters = params![user.to_string(), role.as_str(), self.at];
                    match self.database.execute(insert, parameters)? {
                        0 => report.user_roles.there += 1,
                        _ => report.user_roles.imported += 1,
                    }
                    continue;
                }
                (Some(Outcome::There), Some(_)) => {
                    report.user_roles.there += 1;
                    continue;
                }
                (None, _) => "there is no such user among those that were read",
                (Some(Outcome::Refused), _) => "the user was refused",
                (_, None) => "there is no such role among those that were read and taken",
            };
            let [user, role] =
                [&["userid", "user"], &["roleid", "role"]].map(|names| row.get(names).unwrap_or("nobody"));
            report.refuse(Kind::UserRoles, &format!("user {user:?}, role {role:?}"), why);
        }
        Ok(())
    }

    /// Once the user has their roles: on record, and nobody is greeted who has been here for years.
    fn finish(&self, user: UserId) -> Result<()> {
        let id = user.to_string();
        // The events are of this transaction, and with them goes whatever was to be delivered.
        self.database
            .execute("DELETE FROM outbox WHERE subject = ?1", [&id])?;
        let record = "INSERT INTO audit_log (time, action, target, detail) SELECT ?2, 'user.imported', ?1,
             json_object('roles', (SELECT json_group_array(role) FROM user_roles WHERE user_id = ?1))";
        self.database.execute(record, params![id, self.at])?;
        Ok(())
    }
}

const ID: &[&str] = &["id", "uuid"];
