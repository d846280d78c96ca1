//! Running one statement: all rows at once, or as they come.

use rusqlite::params_from_iter;
use tokio::{
    sync::{mpsc, oneshot},
    task::spawn_blocking,
};

use super::{Connection, Error, MAX_BUFFERED_BYTES, Row, Value};

/// Rows go from the thread that reads them to the guest in batches of about this many bytes: the usual answer is one
/// batch, and a long one waits for its reader without filling the memory.
const BATCH_BYTES: usize = 64 << 10;
/// How many batches may wait.
const BATCHES: usize = 4;

/// A whole answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The names of the columns; none for a statement that returns no rows.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// An answer whose rows come one after another.
#[derive(Debug)]
pub struct Rows {
    /// The names of the columns; none where the statement could not be prepared, or returns no rows.
    pub columns: Vec<String>,
    /// The rows, in batches.
    pub batches: mpsc::Receiver<Vec<Row>>,
    /// How the statement ended, known when the last batch has been sent.
    pub outcome: oneshot::Receiver<Result<(), Error>>,
}

pub(super) fn all(
    connection: &rusqlite::Connection,
    statement: &str,
    parameters: &[Value],
) -> Result<Table, Error> {
    let mut table = Table::default();
    let mut size = 0;
    let Table { columns, rows } = &mut table;
    for_each_row(
        connection,
        statement,
        parameters,
        |names| *columns = names,
        |row| {
            size += size_of_row(&row);
            rows.push(row);
            if size > MAX_BUFFERED_BYTES {
                Err(Error::too_large())
            } else {
                Ok(())
            }
        },
    )?;
    Ok(table)
}

pub(super) async fn stream(
    connection: Connection,
    statement: String,
    parameters: Vec<Value>,
) -> Result<Rows, Error> {
    let (columns, columns_known) = oneshot::channel();
    let (batches, received) = mpsc::channel(BATCHES);
    let (ended, outcome) = oneshot::channel();
    spawn_blocking(move || {
        let mut batch = Batch {
            rows: Vec::new(),
            size: 0,
            batches,
        };
        let result = connection.with(|connection| {
            let name = |names| {
                columns.send(names).ok();
            };
            for_each_row(connection, &statement, &parameters, name, |row| batch.push(row))?;
            batch.send()
        });
        // The connection is free again before the reader can know that the statement ended: what it runs next on the
        // same connection does not wait for this thread.
        drop(batch);
        ended.send(result).ok();
    });
    // Where no columns were named, the statement could not be prepared, and the outcome says why.
    let columns = columns_known.await.unwrap_or_default();
    Ok(Rows {
        columns,
        batches: received,
        outcome,
    })
}

/// The rows that have been read and not sent.
struct Batch {
    rows: Vec<Row>,
    size: usize,
    batches: mpsc::Sender<Vec<Row>>,
}

impl Batch {
    fn push(&mut self, row: Row) -> Result<(), Error> {
        let size = size_of_row(&row);
        if size > MAX_BUFFERED_BYTES {
            return Err(Error::too_large());
        }
        self.size += size;
        self.rows.push(row);
        if self.size < BATCH_BYTES {
            Ok(())
        } else {
            self.send()
        }
    }

    fn send(&mut self) -> Result<(), Error> {
        self.size = 0;
        let rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return Ok(());
        }
        self.batches
            .blocking_send(rows)
            .map_err(|_| Error("row send error".to_owned()))
    }
}

fn for_each_row(
    connection: &rusqlite::Connection,
    statement: &str,
    parameters: &[Value],
    name_columns: impl FnOnce(Vec<String>),
    mut take: impl FnMut(Row) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut statement = connection.prepare_cached(statement)?;
    let columns = statement.column_count();
    name_columns(statement.column_names().map(str::to_owned).collect());
    let mut rows = statement.query(params_from_iter(parameters))?;
    while let Some(row) = rows.next()? {
        take(
            (0..columns)
                .map(|column| row.get(column))
                .collect::<Result<_, _>>()?,
        )?;
    }
    Ok(())
}

fn size_of_row(row: &Row) -> usize {
    row.iter().map(Value::size).sum()
}
