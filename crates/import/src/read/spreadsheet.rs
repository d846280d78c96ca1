//! Tables as CSV (RFC 4180), with the names of the columns in the first line.

use csv::ReaderBuilder;

use super::{Kind, Table};

/// What programs write for NULL.
const NULLS: [&str; 2] = ["NULL", "\\N"];

/// The table in a file.
pub(super) fn read(kind: Kind, bytes: &[u8]) -> Result<Table, csv::Error> {
    // Spreadsheet programs put a mark in front of UTF-8.
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    // A row that is too short has no more columns, and is judged by those it has.
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(bytes);
    let columns: Vec<_> = reader.headers()?.iter().map(str::to_owned).collect();
    let value = |text: &str| (!NULLS.contains(&text)).then(|| text.to_owned());
    let rows = reader
        .records()
        .map(|record| Ok(record?.iter().map(value).collect()))
        .collect::<Result<_, csv::Error>>()?;
    Ok(Table::new(kind, &columns, rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_line_breaks_and_nulls_are_understood() {
        let text = "\u{feff}id,E-Mail,\"created_at\"\r\n1,\"a,\"\"b\"\"\nc\",NULL\r\n2,x\r\n";
        let table = read(Kind::Users, text.as_bytes()).unwrap();
        let rows: Vec<_> = table
            .rows()
            .map(|row| (row.get(&["id"]), row.get(&["email"]), row.get(&["createdat"])))
            .collect();
        assert_eq!(
            rows,
            [
                (Some("1"), Some("a,\"b\"\nc"), None),
                (Some("2"), Some("x"), None)
            ]
        );
    }
}
