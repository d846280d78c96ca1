//! Strict reading of a TOML file: whoever reads a table takes the keys that it knows, and what is left over is an
//! error. Each error names the file, the line and the key.

use std::fmt;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}: {message}", file.display())]
pub struct Error {
    /// The file, as it was named.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, with the key that it concerns.
    pub message: String,
}

/// The text of a file, to find lines in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    file: &'a Path,
    text: &'a str,
}

impl<'a> Source<'a> {
    pub(crate) fn new(file: &'a Path, text: &'a str) -> Self {
        Self { file, text }
    }

    /// Parses the whole file.
    pub(crate) fn parse(&self) -> Result<Spanned<DeTable<'a>>, Error> {
        DeTable::parse(self.text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            self.error_at(offset, error.message().replace('\n', "; "))
        })
    }

    fn error_at(&self, offset: usize, message: impl Into<String>) -> Error {
        let before = self.text.as_bytes().get(..offset).unwrap_or_default();
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        Error {
            file: self.file.to_owned(),
            line,
            message: message.into(),
        }
    }
}

/// A table whose keys are taken one by one.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    source: Source<'a>,
    path: String,
    offset: usize,
    entries: Vec<Value<'a>>,
}

impl<'a> Table<'a> {
    /// The file's outermost table.
    pub(crate) fn root(source: Source<'a>, table: &'a Spanned<DeTable<'a>>) -> Self {
        Self::new(source, String::new(), 0, table.get_ref())
    }

    fn new(source: Source<'a>, path: String, offset: usize, table: &'a DeTable<'a>) -> Self {
        let mut entries: Vec<_> = table
            .iter()
            .map(|(key, value)| Value {
                source,
                path: join(&path, key.get_ref()),
                key: key.get_ref().to_string(),
                offset: key.span().start,
                value: value.get_ref(),
            })
            .collect();
        // In the order of the file, so that the first thing that is wrong is reported first.
        entries.sort_by_key(|entry| entry.offset);
        Self {
            source,
            path,
            offset,
            entries,
        }
    }

    /// The value of `key`, if it is there.
    pub(crate) fn take(&mut self, key: &str) -> Option<Value<'a>> {
        let position = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(position))
    }

    /// The value of `key`, if it is there, left where it is.
    pub(crate) fn peek(&self, key: &str) -> Option<&Value<'a>> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The value of `key`, which must be there.
    pub(crate) fn require(&mut self, key: &str) -> Result<Value<'a>, Error> {
        self.take(key)
            .ok_or_else(|| self.error(format!("needs the key `{key}`")))
    }

    /// Refuses the keys in `keys`, which Spin knows and this host does not support.
    pub(crate) fn refuse(&mut self, keys: &[&str]) -> Result<(), Error> {
        match self
            .entries
            .iter()
            .find(|entry| keys.contains(&entry.key.as_str()))
        {
            Some(entry) => Err(entry.unsupported()),
            None => Ok(()),
        }
    }

    /// Refuses whatever has not been taken.
    pub(crate) fn finish(self) -> Result<(), Error> {
        match self.entries.first() {
            Some(entry) => Err(entry.error("is not a known key")),
            None => Ok(()),
        }
    }

    /// Everything that has not been taken, for tables whose keys are names.
    pub(crate) fn into_entries(self) -> Vec<Value<'a>> {
        self.entries
    }

    /// An error about this table.
    pub(crate) fn error(&self, message: impl fmt::Display) -> Error {
        let subject = if self.path.is_empty() {
            "the file".to_owned()
        } else {
            format!("`{}`", self.path)
        };
        self.source.error_at(self.offset, format!("{subject} {message}"))
    }
}

/// A value, with the key that leads to it.
#[derive(Clone, Debug)]
pub(crate) struct Value<'a> {
    source: Source<'a>,
    path: String,
    key: String,
    offset: usize,
    value: &'a DeValue<'a>,
}

impl<'a> Value<'a> {
    /// The last part of the key that leads here.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// An error about this value.
    pub(crate) fn error(&self, message: impl fmt::Display) -> Error {
        self.source
            .error_at(self.offset, format!("`{}` {message}", self.path))
    }

    /// The error for what Spin knows and this host does not.
    pub(crate) fn unsupported(&self) -> Error {
        self.error("is not supported by jetway-host; run this application with spin")
    }

    fn expected(&self, what: &str) -> Error {
        self.error(format!("must be {what}, not {}", kind(self.value)))
    }

    pub(crate) fn is_table(&self) -> bool {
        matches!(self.value, DeValue::Table(_))
    }

    pub(crate) fn is_bool(&self) -> bool {
        matches!(self.value, DeValue::Boolean(_))
    }

    pub(crate) fn is_array(&self) -> bool {
        matches!(self.value, DeValue::Array(_))
    }

    pub(crate) fn string(&self) -> Result<String, Error> {
        match self.value {
            DeValue::String(text) => Ok(text.to_string()),
            _ => Err(self.expected("a string")),
        }
    }

    pub(crate) fn bool(&self) -> Result<bool, Error> {
        match self.value {
            DeValue::Boolean(value) => Ok(*value),
            _ => Err(self.expected("true or false")),
        }
    }

    pub(crate) fn integer(&self) -> Result<i64, Error> {
        match self.value {
            DeValue::Integer(value) => i64::from_str_radix(value.as_str(), value.radix())
                .map_err(|_| self.error("is too large a number")),
            _ => Err(self.expected("a number")),
        }
    }

    pub(crate) fn array(&self) -> Result<Vec<Self>, Error> {
        let items: &DeArray<'a> = match self.value {
            DeValue::Array(items) => items,
            _ => return Err(self.expected("a list")),
        };
        let item = |(index, item): (usize, &'a Spanned<DeValue<'a>>)| Self {
            source: self.source,
            path: format!("{}[{index}]", self.path),
            key: self.key.clone(),
            offset: item.span().start,
            value: item.get_ref(),
        };
        Ok(items.iter().enumerate().map(item).collect())
    }

    pub(crate) fn strings(&self) -> Result<Vec<String>, Error> {
        self.array()?.iter().map(Self::string).collect()
    }

    pub(crate) fn table(&self) -> Result<Table<'a>, Error> {
        match self.value {
            DeValue::Table(table) => Ok(Table::new(self.source, self.path.clone(), self.offset, table)),
            _ => Err(self.expected("a table")),
        }
    }
}

/// A dotted path as one would write it in the file.
fn join(path: &str, key: &str) -> String {
    let bare = !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let key = if bare { key.to_owned() } else { format!("{key:?}") };
    if path.is_empty() {
        key
    } else {
        format!("{path}.{key}")
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(text: &str, read: impl FnOnce(Table<'_>) -> Result<T, Error>) -> Result<T, String> {
        let source = Source::new(Path::new("a.toml"), text);
        let table = source.parse().map_err(|e| e.to_string())?;
        read(Table::root(source, &table)).map_err(|e| e.to_string())
    }

    #[test]
    fn the_first_key_left_over_is_named_with_its_line() {
        let left = with("b = 1\n\nz = 1\na = 1\n", |mut root| {
            root.take("b");
            root.finish()
        });
        assert_eq!(left.unwrap_err(), "a.toml:3: `z` is not a known key");
    }

    #[test]
    fn a_wrong_type_is_named_with_its_path() {
        let wrong = with("[x.\"a b\"]\nlist = [\n 'one',\n 2]\n", |mut root| {
            root.require("x")?
                .table()?
                .require("a b")?
                .table()?
                .require("list")?
                .strings()
        });
        assert_eq!(
            wrong.unwrap_err(),
            "a.toml:4: `x.\"a b\".list[1]` must be a string, not a whole number"
        );
    }

    #[test]
    fn a_missing_key_is_reported_at_its_table() {
        let missing = with("\n[x]\n", |mut root| {
            root.require("x")?.table()?.require("name")?.string()
        });
        assert_eq!(missing.unwrap_err(), "a.toml:2: `x` needs the key `name`");
    }

    #[test]
    fn broken_syntax_has_a_line_and_stays_on_one() {
        let broken = with("a = 1\nb = \n", |_| Ok(())).unwrap_err();
        assert!(broken.starts_with("a.toml:2: "), "{broken}");
        assert!(!broken.contains('\n'), "{broken}");
    }
}
