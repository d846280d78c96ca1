//! Tables in a dump that `mysqldump` wrote: the rows of its INSERT statements, with the names of the columns from there or from the
//! CREATE TABLE before. Every other statement is passed over.

use std::collections::HashMap;

use sqlparser::dialect::MySqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer, TokenizerError, Word};

use super::{Kind, Table};

type Tokens<'a> = std::iter::Peekable<std::slice::Iter<'a, Token>>;

/// The tables of a dump; one for each INSERT.
pub(super) fn read(text: &str) -> Result<Vec<Table>, TokenizerError> {
    let mut tokens = Tokenizer::new(&MySqlDialect {}, text).tokenize()?;
    tokens.retain(|token| !matches!(token, Token::Whitespace(_)));
    let mut columns = HashMap::new();
    let mut tables = Vec::new();
    for statement in tokens.split(|token| *token == Token::SemiColon) {
        let mut rest = statement.iter().peekable();
        if skip(&mut rest, "CREATE") && skip(&mut rest, "TABLE") {
            for word in ["IF", "NOT", "EXISTS"] {
                skip(&mut rest, word);
            }
            if let Some(name) = table_name(&mut rest) {
                columns.insert(name, defined_columns(rest));
            }
            continue;
        }
        let mut rest = statement.iter().peekable();
        if !(skip(&mut rest, "INSERT") || skip(&mut rest, "REPLACE")) {
            continue;
        }
        skip(&mut rest, "IGNORE");
        skip(&mut rest, "INTO");
        let Some(name) = table_name(&mut rest) else {
            continue;
        };
        let Some(kind) = Kind::of_name(&name) else {
            continue;
        };
        let named = named_columns(&mut rest);
        let names = named.or_else(|| columns.get(&name).cloned()).unwrap_or_default();
        if skip(&mut rest, "VALUES") || skip(&mut rest, "VALUE") {
            tables.push(Table::new(kind, &names, rows(rest)));
        }
    }
    Ok(tables)
}

/// Goes past this word, if it is next.
fn skip(tokens: &mut Tokens<'_>, word: &str) -> bool {
    let is_next = |token: &&Token| matches!(token, Token::Word(next) if is_unquoted(next, word));
    tokens.next_if(is_next).is_some()
}

fn is_unquoted(word: &Word, text: &str) -> bool {
    word.quote_style.is_none() && word.value.eq_ignore_ascii_case(text)
}

/// The name of a table, without that of its database.
fn table_name(tokens: &mut Tokens<'_>) -> Option<String> {
    let mut word = || match tokens.next_if(|token| matches!(token, Token::Word(_))) {
        Some(Token::Word(word)) => Some(word.value.clone()),
        _ => None,
    };
    let mut name = word()?;
    while tokens.next_if(|token| **token == Token::Period).is_some() {
        match tokens.next() {
            Some(Token::Word(word)) => name.clone_from(&word.value),
            _ => return None,
        }
    }
    Some(name)
}

/// The list of columns of an INSERT, if it has one.
fn named_columns(tokens: &mut Tokens<'_>) -> Option<Vec<String>> {
    tokens.next_if(|token| **token == Token::LParen)?;
    let inside = tokens.take_while(|token| **token != Token::RParen);
    let names = inside.filter_map(|token| match token {
        Token::Word(word) => Some(word.value.clone()),
        _ => None,
    });
    Some(names.collect())
}

/// The columns that a CREATE TABLE defines. `mysqldump` quotes their names, and no other first word of a definition.
fn defined_columns(tokens: Tokens<'_>) -> Vec<String> {
    let mut names = Vec::new();
    let (mut depth, mut is_first) = (0, false);
    for token in tokens {
        match token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            Token::Word(word) if is_first && word.quote_style.is_some() => names.push(word.value.clone()),
            _ => {}
        }
        is_first = depth == 1 && matches!(token, Token::LParen | Token::Comma);
    }
    names
}

/// The rows behind VALUES.
fn rows(tokens: Tokens<'_>) -> Vec<Vec<Option<String>>> {
    let mut rows = Vec::new();
    let (mut row, mut value, mut depth) = (Vec::new(), None, 0);
    for token in tokens {
        match token {
            Token::LParen => depth += 1,
            Token::Comma if depth == 1 => row.push(value.take()),
            Token::RParen => {
                depth -= 1;
                if depth == 0 {
                    row.push(value.take());
                    rows.push(std::mem::take(&mut row));
                }
            }
            token if depth == 1 => value = literal(token).or(value),
            _ => {}
        }
    }
    rows
}

/// What a literal stands for; NULL, and what is no literal, is nothing.
fn literal(token: &Token) -> Option<String> {
    match token {
        Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) | Token::Number(text, _) => {
            Some(text.clone())
        }
        Token::HexStringLiteral(digits) => Some(digits.to_lowercase()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(dump: &str, columns: &[&str]) -> Vec<Vec<Option<String>>> {
        let tables = read(dump).unwrap();
        let rows = tables.iter().flat_map(|table| table.rows());
        rows.map(|row| {
            columns
                .iter()
                .map(|column| row.get(&[column]).map(str::to_owned))
                .collect()
        })
        .collect()
    }

    #[test]
    fn escapes_and_many_rows_in_a_statement_are_understood() {
        let dump = r"INSERT INTO `Users` (`id`, `email`) VALUES (1,'o\'hara@example.com'),(2,'it''s; (a) \\ \n'),(3,NULL);";
        let expected = [
            ("1", Some("o'hara@example.com")),
            ("2", Some("it's; (a) \\ \n")),
            ("3", None),
        ];
        let expected = expected.map(|(id, email)| vec![Some(id.to_owned()), email.map(str::to_owned)]);
        assert_eq!(values(dump, &["id", "email"]), expected);
    }

    #[test]
    fn columns_come_from_the_definition_where_the_insert_names_none() {
        let dump = "-- a comment; with a semicolon
            /*!40101 SET NAMES utf8mb4 */;
            DROP TABLE IF EXISTS `user_roles`;
            CREATE TABLE `user_roles` (
              `created_at` datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
              `userId` int NOT NULL, `roleId` decimal(10,0) NOT NULL COMMENT 'a, b',
              PRIMARY KEY (`userId`,`roleId`), KEY `x` (`roleId`)
            ) ENGINE=InnoDB;
            LOCK TABLES `user_roles` WRITE;
            INSERT INTO `shop`.`user_roles` VALUES ('2020-01-02 03:04:05',7,2);
            INSERT INTO `Flights` VALUES (1);";
        let expected = vec![vec![Some("7".to_owned()), Some("2".to_owned())]];
        assert_eq!(values(dump, &["userid", "roleid"]), expected);
    }

    #[test]
    fn ids_in_bytes_are_read_as_hexadecimal() {
        let dump = "INSERT INTO users (id, email) VALUES (0x0A1B, _binary 'a@b.c');";
        let expected = vec![vec![Some("0a1b".to_owned()), Some("a@b.c".to_owned())]];
        assert_eq!(values(dump, &["id", "email"]), expected);
    }
}
