//! `spin:sqlite`

use anyhow::{Result, bail, ensure};
use spin_sdk::sqlite::{Connection, Error, Value};

pub(crate) async fn check() -> Result<()> {
    ensure!(
        matches!(Connection::open("forbidden").await, Err(Error::AccessDenied)),
        "a database that is not granted"
    );
    let connection = Connection::open_default().await?;
    let run = async |statement: &str, parameters: Vec<Value>| -> Result<_, Error> {
        connection.execute(statement, parameters).await?.collect().await
    };
    run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE)",
        vec![],
    )
    .await?;
    let inserted = run(
        "INSERT INTO users (email) VALUES (?) RETURNING id",
        vec![Value::text("a")],
    )
    .await?;
    ensure!(inserted[0].get::<i64>(0) == Some(1), "RETURNING");
    ensure!(
        connection.last_insert_rowid().await == 1 && connection.changes().await == 1,
        "what an insert did"
    );
    let Err(Error::Io(error)) = run("INSERT INTO users (email) VALUES ('a')", vec![]).await else {
        bail!("a constraint that does not hold");
    };
    ensure!(error == "UNIQUE constraint failed: users.email", "{error}");

    let values = vec![
        Value::Integer(-1),
        Value::Real(0.5),
        Value::text("é"),
        Value::blob([0, 255]),
        Value::Null,
    ];
    let mut answer = connection
        .execute("SELECT ? AS a, ? AS b, ?, ?, ?", values.clone())
        .await?;
    ensure!(answer.columns()[..2] == ["a", "b"], "{:?}", answer.columns());
    let row = answer.next().await.map(|row| format!("{:?}", row.values));
    ensure!(row == Some(format!("{values:?}")), "{row:?}");
    ensure!(answer.next().await.is_none(), "one row");
    answer.result().await?;

    let rows =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i FROM n";
    let rows = run(rows, vec![]).await?;
    ensure!(
        rows.len() == 20_000 && rows[19_999].get::<i64>(0) == Some(20_000),
        "{} rows",
        rows.len()
    );

    let attached = run("ATTACH 'elsewhere.db' AS elsewhere", vec![]).await;
    ensure!(
        matches!(&attached, Err(Error::Io(error)) if error == "not authorized"),
        "a file that is attached"
    );
    Ok(())
}
