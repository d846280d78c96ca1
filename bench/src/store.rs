//! The file of the key-value store: how it is prepared, and how often it is written to.

use std::fs;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use rusqlite::Connection;

/// Gives the file a write-ahead log, which it keeps. The embedded host does so itself, and operators of Spin are told to
/// (docs/operations.md).
pub(crate) fn write_ahead(file: &Path) -> Result<()> {
    let context = || format!("cannot prepare {}", file.display());
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(context)?;
    }
    Connection::open(file)
        .and_then(|database| database.pragma_update(None, "journal_mode", "WAL"))
        .with_context(context)
}

/// How many transactions have written to a file that is open elsewhere and has a write-ahead log, modulo 2^32: `iChange` in the
/// header of the log's index, in the machine's own order of bytes (<https://sqlite.org/walformat.html>).
pub(crate) fn writes(file: &Path) -> Result<u32> {
    let mut index = file.as_os_str().to_owned();
    index.push("-shm");
    let mut header = [0; 12];
    File::open(&index)
        .and_then(|mut index| index.read_exact(&mut header))
        .with_context(|| format!("cannot read {}", index.display()))?;
    Ok(u32::from_ne_bytes([header[8], header[9], header[10], header[11]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state/store.db");
        assert!(writes(&file).is_err(), "nobody has it open");
        write_ahead(&file).unwrap();
        let database = Connection::open(&file).unwrap();
        database.execute_batch("CREATE TABLE pairs (value)").unwrap();
        let before = writes(&file).unwrap();
        for _ in 0..3 {
            database.execute("INSERT INTO pairs VALUES (1)", []).unwrap();
        }
        database
            .query_one("SELECT count(*) FROM pairs", [], |_| Ok(()))
            .unwrap();
        assert_eq!(writes(&file).unwrap() - before, 3);
    }
}
