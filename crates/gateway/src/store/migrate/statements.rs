//! Cutting a migration into statements, because the database takes one at a time.

/// The statements of `sql`. A `;` ends one, but for those inside a trigger, which ends only where `END` follows a `;`
/// (which no `CASE ... END` does). Quotes and comments are left alone.
pub(super) fn statements(sql: &str) -> Vec<&str> {
    let mut statements = Vec::new();
    let mut tokens = Tokens { sql, at: 0 };
    let mut statement = Statement::default();
    while let Some((start, token)) = tokens.next() {
        let first = *statement.start.get_or_insert(start);
        if statement.ends_with(token) {
            statements.push(&sql[first..tokens.at]);
            statement = Statement::default();
        }
    }
    statements
}

/// What is known of the statement being read.
#[derive(Default)]
struct Statement {
    start: Option<usize>,
    words: usize,
    creates: bool,
    is_trigger: bool,
    after_semicolon: bool,
    after_end: bool,
}

impl Statement {
    /// Whether `token` is the statement's last.
    fn ends_with(&mut self, token: &str) -> bool {
        let is = |word: &str| token.eq_ignore_ascii_case(word);
        match self.words {
            0 => self.creates = is("CREATE"),
            // CREATE TRIGGER or CREATE TEMP TRIGGER.
            1 | 2 => self.is_trigger |= self.creates && is("TRIGGER"),
            _ => {}
        }
        self.words += 1;
        if token == ";" {
            let last = !self.is_trigger || self.after_end;
            (self.after_semicolon, self.after_end) = (true, false);
            return last;
        }
        (self.after_end, self.after_semicolon) = (self.after_semicolon && is("END"), false);
        false
    }
}

/// Words, quoted texts and single characters; spaces and comments are passed over.
struct Tokens<'a> {
    sql: &'a str,
    at: usize,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = &self.sql[self.at..];
            let first = rest.chars().next()?;
            let after = |end: &str| rest[1..].find(end).map_or(rest.len(), |at| 1 + at + end.len());
            let (length, is_token) = if first.is_whitespace() {
                (first.len_utf8(), false)
            } else if rest.starts_with("--") {
                (after("\n"), false)
            } else if rest.starts_with("/*") {
                (after("*/"), false)
            } else if matches!(first, '\'' | '"' | '`') {
                (after(&first.to_string()), true)
            } else if first.is_alphanumeric() || first == '_' {
                (
                    rest.find(|c: char| !c.is_alphanumeric() && c != '_')
                        .unwrap_or(rest.len()),
                    true,
                )
            } else {
                (first.len_utf8(), true)
            };
            let start = self.at;
            self.at += length;
            if is_token {
                return Some((start, &self.sql[start..self.at]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_semicolon_ends_a_statement() {
        assert_eq!(
            statements("SELECT 1;\n-- why; because\nSELECT 2 ; "),
            ["SELECT 1;", "SELECT 2 ;"]
        );
    }

    #[test]
    fn a_trigger_is_one_statement() {
        let trigger = "CREATE TRIGGER a AFTER INSERT ON b BEGIN
            UPDATE c SET d = CASE WHEN e THEN 1 ELSE 2 END; /* END; */ DELETE FROM f; END;";
        assert_eq!(
            statements(&format!("{trigger} SELECT 1;")),
            [trigger, "SELECT 1;"]
        );
        assert_eq!(
            statements(&format!("{} SELECT 1;", trigger.to_lowercase())).len(),
            2
        );
    }

    #[test]
    fn a_semicolon_in_a_text_or_comment_ends_nothing() {
        let sql = "INSERT INTO a VALUES ('b;''c;', \"d;\");";
        assert_eq!(statements(sql), [sql]);
        assert_eq!(statements("SELECT 1 -- x;\n, 2;"), ["SELECT 1 -- x;\n, 2;"]);
    }

    #[test]
    fn every_migration_is_whole_statements() {
        for migration in super::super::MIGRATIONS {
            let statements = statements(migration.sql);
            assert!(statements.iter().all(|s| s.ends_with(';')), "{}", migration.name);
            assert!(statements.concat().len() > 100, "{}", migration.name);
        }
    }
}
