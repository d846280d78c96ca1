//! What the figures were measured on. Absolute figures mean nothing without it.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Serialize;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::workplace::{asset, root};

/// The machine, and the versions of what ran on it.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) date: String,
    pub(crate) revision: String,
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory_gib: f64,
    pub(crate) kernel: String,
    pub(crate) versions: Vec<(String, String)>,
}

/// Asks the system. What it does not say is left empty.
pub(crate) fn describe(spin: Option<&Path>) -> Machine {
    let info = |file: &str, key: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let mut lines = text.lines().filter_map(|line| line.split_once(':'));
        let value = lines
            .find(|(name, _)| name.trim() == key)
            .map(|(_, value)| value.trim().to_owned());
        value.unwrap_or_default()
    };
    let memory_kib = info("/proc/meminfo", "MemTotal");
    let memory_kib: f64 = memory_kib.trim_end_matches(" kB").parse().unwrap_or(0.0);
    let today = OffsetDateTime::now_utc().format(format_description!("[year]-[month]-[day]"));
    Machine {
        date: today.unwrap_or_default(),
        revision: said(
            Command::new("git")
                .arg("-C")
                .arg(root())
                .args(["describe", "--always", "--dirty"]),
        ),
        processor: info("/proc/cpuinfo", "model name"),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        memory_gib: (memory_kib / 1024.0 / 1024.0).round(),
        kernel: said(Command::new("uname").arg("-sr")),
        versions: versions(spin),
    }
}

fn versions(spin: Option<&Path>) -> Vec<(String, String)> {
    let mut versions = vec![
        ("Rust", said(Command::new("rustc").arg("--version"))),
        ("Node", said(Command::new("node").arg("--version"))),
        ("nginx", said(Command::new("nginx").arg("-v"))),
        ("wrk", said(Command::new("wrk").arg("-v"))),
    ];
    if let Some(spin) = spin {
        versions.push(("Spin", said(Command::new(spin).arg("--version"))));
    }
    let mut versions: Vec<_> = versions
        .into_iter()
        .map(|(name, version)| (name.to_owned(), version))
        .collect();
    versions.extend(packages().unwrap_or_default());
    versions
}

/// The packages that the Express gateway is made of.
fn packages() -> Option<Vec<(String, String)>> {
    let manifest = fs::read(asset("express/package.json")).ok()?;
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).ok()?;
    let packages = manifest["dependencies"].as_object()?.iter();
    Some(
        packages
            .filter_map(|(name, version)| Some((name.clone(), version.as_str()?.to_owned())))
            .collect(),
    )
}

/// The first line that a command says, wherever it says it.
fn said(command: &mut Command) -> String {
    let Ok(output) = command.output() else {
        return String::new();
    };
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    let line = text.lines().next().unwrap_or_default();
    // nginx and wrk put their names and their authors around it.
    let line = line
        .trim_start_matches("nginx version: nginx/")
        .trim_start_matches("wrk debian/");
    line.split(" Copyright")
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned()
}
