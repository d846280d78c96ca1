//! What became of each row. It names rows by their id, and never shows a password or a hash.

use std::fmt;

use crate::read::Kind;

/// What became of the rows.
#[derive(Debug, Default)]
pub struct Report {
    /// Of users.
    pub users: Counts,
    /// Of roles.
    pub roles: Counts,
    /// Of the roles that users have.
    pub user_roles: Counts,
    /// What was refused, and why.
    pub refused: Vec<String>,
}

/// What became of the rows of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Written now.
    pub imported: usize,
    /// There already, and left as they are.
    pub there: usize,
    /// Not written.
    pub refused: usize,
}

impl Report {
    /// Notes that a file could not be read.
    pub fn unread(&mut self, why: String) {
        self.refused.push(why);
    }

    pub(crate) fn refuse(&mut self, kind: Kind, row: &str, why: impl fmt::Display) {
        self.counts(kind).refused += 1;
        self.refused.push(format!("{kind} {row}: {why}"));
    }

    pub(crate) fn counts(&mut self, kind: Kind) -> &mut Counts {
        match kind {
            Kind::Users => &mut self.users,
            Kind::Roles => &mut self.roles,
            Kind::UserRoles => &mut self.user_roles,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [
            (Kind::Users, self.users),
            (Kind::Roles, self.roles),
            (Kind::UserRoles, self.user_roles),
        ];
        writeln!(
            f,
            "{:<11} {:>9} {:>14} {:>8}",
            "", "imported", "already there", "refused"
        )?;
        for (kind, counts) in kinds {
            let Counts {
                imported,
                there,
                refused,
            } = counts;
            // Padded as text: a kind's own Display knows no width.
            writeln!(
                f,
                "{:<11} {imported:>9} {there:>14} {refused:>8}",
                kind.to_string()
            )?;
        }
        if !self.refused.is_empty() {
            writeln!(f, "\nRefused:")?;
        }
        self.refused.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}
