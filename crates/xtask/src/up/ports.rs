//! Ports, and who has them.

use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;
use std::{fs, io};

use anyhow::{Result, bail};

use crate::cargo::output;

/// The port to use: the given one if it is free, any free one for 0. `flag` is how the user chooses another.
pub(super) fn choose(port: u16, flag: &str) -> Result<u16> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(listener) => Ok(listener.local_addr()?.port()),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            let owner = owner(port).unwrap_or_else(|| "another program".to_owned());
            bail!("port {port} is taken by {owner}: stop that, or choose another port with {flag}")
        }
        Err(error) => bail!("cannot listen on 127.0.0.1:{port} ({error}): choose another port with {flag}"),
    }
}

/// The program that listens on a port, where the system tells.
fn owner(port: u16) -> Option<String> {
    owner_by_proc(port).or_else(|| owner_by_lsof(port))
}

/// Linux: the socket's inode is in the table of connections, and among the open files of whoever has it.
fn owner_by_proc(port: u16) -> Option<String> {
    let tables =
        ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
    let inodes: Vec<_> = tables
        .iter()
        .flat_map(|table| listening_inodes(table, port))
        .collect();
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let pid = process.file_name().to_string_lossy().into_owned();
        if pid.parse::<u32>().is_err() {
            continue;
        }
        let Ok(files) = fs::read_dir(process.path().join("fd")) else {
            continue;
        };
        let has = files
            .flatten()
            .filter_map(|file| fs::read_link(file.path()).ok())
            .any(|target| {
                let target = target.to_string_lossy();
                inodes.iter().any(|inode| target == format!("socket:[{inode}]"))
            });
        if has {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some(format!(
                "{} (process {})",
                name.trim(),
                process.file_name().to_string_lossy()
            ));
        }
    }
    None
}

/// The inodes of the sockets that listen on `port`, from a table as /proc/net/tcp has it.
fn listening_inodes(table: &str, port: u16) -> Vec<&str> {
    const LISTEN: &str = "0A";
    let suffix = format!(":{port:04X}");
    let rows = table
        .lines()
        .skip(1)
        .map(|row| row.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row.len() > 9 && row[1].ends_with(&suffix) && row[3] == LISTEN)
        .map(|row| row[9])
        .collect()
}

fn owner_by_lsof(port: u16) -> Option<String> {
    let listening =
        output(Command::new("lsof").args(["-nP", "-t", "-sTCP:LISTEN", &format!("-iTCP:{port}")]))?;
    Some(format!("process {}", listening.lines().next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_names_who_has_it_and_what_to_do() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = choose(port, "--port").unwrap_err().to_string();
        assert!(error.starts_with(&format!("port {port} is taken by ")), "{error}");
        assert!(error.contains("--port"), "{error}");
        if cfg!(target_os = "linux") {
            assert!(
                error.contains(&format!("(process {})", std::process::id())),
                "{error}"
            );
        }
    }

    #[test]
    fn port_0_is_any_free_port() {
        assert_ne!(choose(0, "--port").unwrap(), 0);
    }
}
