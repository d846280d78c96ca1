//! The SQLite backend, on real files.

use std::{path::Path, time::Duration};

use jetway_host::backends::{
    Location,
    sqlite::{Connection, Database, Error, Rows, Table, Value, run_startup_statements},
};
use tempfile::TempDir;

fn database(path: &Path) -> Database {
    Database::new(Location::File(path.to_owned()), false)
}

async fn query(connection: &Connection, statement: &str, parameters: Vec<Value>) -> Result<Table, Error> {
    connection.query(statement.to_owned(), parameters).await
}

/// The same by way of the stream.
async fn stream(connection: &Connection, statement: &str, parameters: Vec<Value>) -> Result<Table, Error> {
    let Rows {
        columns,
        mut batches,
        outcome,
    } = connection.stream(statement.to_owned(), parameters).await.unwrap();
    let mut rows = Vec::new();
    while let Some(batch) = batches.recv().await {
        rows.extend(batch);
    }
    outcome.await.unwrap().map(|()| Table { columns, rows })
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[tokio::test]
async fn every_kind_of_value_goes_in_and_comes_out() {
    let folder = TempDir::new().unwrap();
    let connection = database(&folder.path().join("folder/sqlite_db.db")).open();
    let values = vec![
        Value::Integer(i64::MIN),
        Value::Real(1.5),
        text("café"),
        Value::Blob(vec![0, 255]),
        Value::Null,
        text(""),
    ];
    let statement = "SELECT ?1 AS a, ?2 AS b, ?3 AS c, ?4 AS d, ?5 AS e, ?6 AS f";
    let whole = query(&connection, statement, values.clone()).await.unwrap();
    assert_eq!(whole.columns, ["a", "b", "c", "d", "e", "f"]);
    assert_eq!(whole.rows, std::slice::from_ref(&values));
    assert_eq!(stream(&connection, statement, values).await.unwrap(), whole);
}

#[tokio::test]
async fn a_long_answer_streams_whole_and_in_order() {
    let connection = Database::new(Location::Memory, false).open();
    let statement = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
        SELECT i, 'row ' || i FROM n";
    let answer = stream(&connection, statement, Vec::new()).await.unwrap();
    assert_eq!(answer.rows.len(), 50_000);
    assert_eq!(answer.rows[49_999], [Value::Integer(50_000), text("row 50000")]);
}

#[tokio::test]
async fn an_abandoned_answer_frees_the_connection() {
    let connection = Database::new(Location::Memory, false).open();
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
    let mut rows = connection.stream(endless.to_owned(), Vec::new()).await.unwrap();
    assert!(rows.batches.recv().await.is_some());
    drop(rows);
    let next = tokio::time::timeout(Duration::from_secs(5), query(&connection, "SELECT 1", Vec::new()));
    assert_eq!(next.await.unwrap().unwrap().rows, [[Value::Integer(1)]]);
}

#[tokio::test]
async fn changes_and_row_ids_are_those_of_the_last_statement() {
    let connection = Database::new(Location::Memory, false).open();
    assert_eq!(connection.last_insert_rowid().await.unwrap(), 0);
    query(&connection, "CREATE TABLE t (a)", Vec::new())
        .await
        .unwrap();
    query(&connection, "INSERT INTO t VALUES (1), (2), (3)", Vec::new())
        .await
        .unwrap();
    assert_eq!(connection.changes().await.unwrap(), 3);
    assert_eq!(connection.last_insert_rowid().await.unwrap(), 3);
    stream(&connection, "DELETE FROM t WHERE a > 1", Vec::new())
        .await
        .unwrap();
    assert_eq!(connection.changes().await.unwrap(), 2);
}

#[tokio::test]
async fn errors_are_in_the_words_of_sqlite() {
    let connection = Database::new(Location::Memory, false).open();
    query(&connection, "CREATE TABLE users (email TEXT UNIQUE)", Vec::new())
        .await
        .unwrap();
    query(&connection, "INSERT INTO users VALUES ('a')", Vec::new())
        .await
        .unwrap();
    for (statement, expected) in [
        (
            "INSERT INTO users VALUES ('a')",
            "UNIQUE constraint failed: users.email",
        ),
        ("SELECT * FROM missing", "no such table: missing"),
        ("SELEC", "syntax error"),
        ("SELECT ?1", "Wrong number of parameters passed to query"),
    ] {
        let whole = query(&connection, statement, Vec::new())
            .await
            .unwrap_err()
            .to_string();
        assert!(whole.contains(expected), "{statement}: {whole}");
        assert_eq!(
            stream(&connection, statement, Vec::new())
                .await
                .unwrap_err()
                .to_string(),
            whole
        );
    }
}

#[tokio::test]
async fn text_that_is_not_utf8_is_an_error() {
    let connection = Database::new(Location::Memory, false).open();
    query(&connection, "SELECT CAST(x'ff' AS TEXT)", Vec::new())
        .await
        .unwrap_err();
    assert!(query(&connection, "SELECT 1", Vec::new()).await.is_ok());
}

#[tokio::test]
async fn each_open_is_a_connection_of_its_own() {
    let folder = TempDir::new().unwrap();
    let database = database(&folder.path().join("db"));
    let [first, second] = [database.open(), database.open()];
    query(&first, "CREATE TABLE t (a)", Vec::new()).await.unwrap();
    query(&first, "BEGIN", Vec::new()).await.unwrap();
    query(&first, "INSERT INTO t VALUES (1)", Vec::new())
        .await
        .unwrap();
    let count = "SELECT count(*) FROM t";
    assert_eq!(
        query(&second, count, Vec::new()).await.unwrap().rows,
        [[Value::Integer(0)]]
    );
    query(&first, "COMMIT", Vec::new()).await.unwrap();
    assert_eq!(
        query(&second, count, Vec::new()).await.unwrap().rows,
        [[Value::Integer(1)]]
    );
}

#[tokio::test]
async fn a_writer_waits_for_another_and_then_says_that_the_database_is_locked() {
    let folder = TempDir::new().unwrap();
    let database = database(&folder.path().join("db"));
    let [first, second] = [database.open(), database.open()];
    query(&first, "CREATE TABLE t (a)", Vec::new()).await.unwrap();
    query(&first, "BEGIN IMMEDIATE", Vec::new()).await.unwrap();
    let waiting = tokio::spawn(async move {
        let insert = query(&second, "INSERT INTO t VALUES (2)", Vec::new()).await;
        (second, insert)
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    query(&first, "COMMIT", Vec::new()).await.unwrap();
    let (second, insert) = waiting.await.unwrap();
    insert.unwrap();
    query(&first, "BEGIN IMMEDIATE", Vec::new()).await.unwrap();
    let error = query(&second, "INSERT INTO t VALUES (3)", Vec::new())
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "database is locked");
}

#[tokio::test]
async fn a_file_is_attached_only_where_it_is_allowed() {
    let folder = TempDir::new().unwrap();
    let other = folder.path().join("other");
    let attach = format!("ATTACH '{}' AS other", other.display());
    let path = folder.path().join("db");
    let denied = query(&database(&path).open(), &attach, Vec::new())
        .await
        .unwrap_err();
    assert_eq!(denied.to_string(), "not authorized");
    assert!(!other.exists());
    query(&database(&path).open(), "ATTACH ':memory:' AS other", Vec::new())
        .await
        .unwrap();
    let open = Database::new(Location::File(path), true).open();
    query(&open, &attach, Vec::new()).await.unwrap();
}

#[tokio::test]
async fn startup_statements_run_in_order_from_the_line_and_from_files() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("seed.sql");
    std::fs::write(&file, "INSERT INTO t VALUES (1); INSERT INTO t VALUES (2);").unwrap();
    let databases = [
        ("default".to_owned(), database(&folder.path().join("db"))),
        ("other".to_owned(), database(&folder.path().join("other"))),
    ]
    .into();
    let seed = file.display();
    let run = async |arguments: &[String]| run_startup_statements(&databases, arguments).await;
    run(&[
        "CREATE TABLE t (a)".to_owned(),
        format!("@{seed}"),
        "INSERT INTO t VALUES (3)".to_owned(),
    ])
    .await
    .unwrap();
    let sum = query(&databases["default"].open(), "SELECT sum(a) FROM t", Vec::new())
        .await
        .unwrap();
    assert_eq!(sum.rows, [[Value::Integer(6)]]);
    let error = run(&[format!("@{seed}:other")]).await.unwrap_err().to_string();
    assert_eq!(error, format!("--sqlite @{seed}:other: no such table: t"));
    let error = run(&[format!("@{seed}:third")]).await.unwrap_err().to_string();
    assert_eq!(
        error,
        format!("--sqlite @{seed}:third: there is no SQLite database \"third\"")
    );
    assert!(
        run(&["@missing.sql".to_owned()])
            .await
            .unwrap_err()
            .to_string()
            .contains("cannot read the file")
    );
}
