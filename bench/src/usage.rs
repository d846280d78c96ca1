//! What a server and all that it started take of the machine, as the kernel counts it. Nothing where there is no /proc.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

/// Resident memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Memory {
    pub(crate) now_mib: f64,
    pub(crate) peak_mib: f64,
}

/// The memory of the processes of a group.
pub(crate) fn memory_of(group: u32) -> Memory {
    let mut memory = Memory::default();
    for (process, _) in processes_of(group) {
        let status = fs::read_to_string(process.join("status")).unwrap_or_default();
        // Not the shell that watches over the server.
        if field(&status, "Name") != Some("sh") {
            memory.now_mib += mebibytes(&status, "VmRSS");
            memory.peak_mib += mebibytes(&status, "VmHWM");
        }
    }
    memory
}

/// The time that the processes of a group have computed, in the program and in the kernel.
pub(crate) fn processor_time_of(group: u32) -> Duration {
    processes_of(group)
        .filter_map(|(_, stat)| processor_time(&stat))
        .sum()
}

/// The folder in /proc and the line of figures of each process of a group.
fn processes_of(group: u32) -> impl Iterator<Item = (PathBuf, String)> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(move |process| {
        let stat = fs::read_to_string(process.path().join("stat")).ok()?;
        (figure(&stat, 5)? == u64::from(group)).then(|| (process.path(), stat))
    })
}

/// User and system time.
fn processor_time(stat: &str) -> Option<Duration> {
    // What the kernel shows in these files is in hundredths of a second, whatever it counts in.
    const TICK: Duration = Duration::from_millis(10);
    let ticks = figure(stat, 14)? + figure(stat, 15)?;
    TICK.checked_mul(u32::try_from(ticks).ok()?)
}

/// A figure of /proc/PID/stat by its number in proc(5), beyond the name, which is in brackets and may hold anything.
fn figure(stat: &str, number: usize) -> Option<u64> {
    const AFTER_NAME: usize = 3;
    let (_, figures) = stat.rsplit_once(") ")?;
    figures
        .split(' ')
        .nth(number.checked_sub(AFTER_NAME)?)?
        .parse()
        .ok()
}

fn mebibytes(status: &str, name: &str) -> f64 {
    let kib = field(status, name).and_then(|value| value.strip_suffix(" kB")?.trim().parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = status.lines().filter_map(|line| line.split_once(':'));
    Some(lines.find(|(key, _)| *key == name)?.1.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_tables_are_read() {
        let stat = "4711 (a) b) S 1 4700 4700 0 -1 4194560 2000 0 0 0 150 50 0 0 20";
        assert_eq!(figure(stat, 5), Some(4700));
        assert_eq!(processor_time(stat), Some(Duration::from_secs(2)));
        let status = "Name:\tnode\nVmHWM:\t  204800 kB\nVmRSS:\t   51200 kB\n";
        assert_eq!(field(status, "Name"), Some("node"));
        assert_eq!(
            (mebibytes(status, "VmRSS"), mebibytes(status, "VmHWM")),
            (50.0, 200.0)
        );
        assert_eq!(mebibytes(status, "VmSwap"), 0.0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_takes_memory_and_has_computed() {
        let stat = fs::read_to_string("/proc/self/stat").unwrap();
        let group = u32::try_from(figure(&stat, 5).unwrap()).unwrap();
        assert!(memory_of(group).now_mib > 0.1);
        assert!(processor_time_of(group) < Duration::from_secs(3600 * 24));
    }
}
