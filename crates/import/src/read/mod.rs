//! Reading tables out of files, as texts: what they mean is judged later, row by row.

mod dump;
mod spreadsheet;

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Which table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// People.
    Users,
    /// What they may do.
    Roles,
    /// Who may do what.
    UserRoles,
}

/// A table, or a part of one.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Which one.
    pub kind: Kind,
    columns: Vec<String>,
    rows: Vec<Vec<Option<String>>>,
}

/// A row of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    table: &'a Table,
    number: usize,
    values: &'a [Option<String>],
}

impl Kind {
    /// The table that goes by this name, in whatever case, singular or plural.
    fn of_name(name: &str) -> Option<Self> {
        match simplified(name).as_str() {
            "user" | "users" => Some(Self::Users),
            "role" | "roles" => Some(Self::Roles),
            "userrole" | "userroles" | "usersroles" | "roleusers" | "rolesusers" => Some(Self::UserRoles),
            _ => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Users => "users",
            Self::Roles => "roles",
            Self::UserRoles => "user_roles",
        })
    }
}

impl Table {
    fn new(kind: Kind, columns: &[String], rows: Vec<Vec<Option<String>>>) -> Self {
        Self {
            kind,
            columns: columns.iter().map(|column| simplified(column)).collect(),
            rows,
        }
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().enumerate().map(|(index, values)| Row {
            table: self,
            number: index + 1,
            values,
        })
    }
}

impl<'a> Row<'a> {
    /// The value of the first of these columns that the table has; `None` where it is NULL or empty.
    pub(crate) fn get(&self, columns: &[&str]) -> Option<&'a str> {
        let position = columns
            .iter()
            .find_map(|name| self.table.columns.iter().position(|column| column == name))?;
        self.values
            .get(position)?
            .as_deref()
            .filter(|text| !text.is_empty())
    }

    /// How the report names it.
    pub(crate) fn name(&self) -> String {
        match self.get(&["id", "uuid"]) {
            Some(id) => format!("id {id:?}"),
            None => format!("row {}", self.number),
        }
    }
}

/// The tables in a file; others than those of users, roles and their grants are passed over.
pub fn file(path: &Path) -> Result<Vec<Table>> {
    let name = path.display();
    let bytes = std::fs::read(path).with_context(|| format!("{name} cannot be read"))?;
    let extension = path.extension().unwrap_or_default();
    if extension.eq_ignore_ascii_case("csv") {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let Some(kind) = Kind::of_name(&stem) else {
            bail!("{name} is named for no table: users.csv, roles.csv, user_roles.csv");
        };
        return Ok(vec![
            spreadsheet::read(kind, &bytes).with_context(|| format!("{name} is not CSV"))?,
        ]);
    }
    if extension.eq_ignore_ascii_case("sql") {
        // A column in bytes that are no text is none of ours.
        let text = String::from_utf8_lossy(&bytes);
        return dump::read(&text).with_context(|| format!("{name} is no SQL dump of MySQL"));
    }
    bail!("{name} is neither .csv nor .sql")
}

/// `user_roles`, `UserRoles` and `userRoles` are one name.
fn simplified(name: &str) -> String {
    name.trim()
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}
