//! How much memory a server and what it started take, as the kernel counts it.

use std::fs;

use serde::Serialize;

/// Resident memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Memory {
    pub(crate) now_mib: f64,
    pub(crate) peak_mib: f64,
}

/// What the processes of a group take, without the shell that watches over them; nothing where there is no /proc.
pub(crate) fn of_group(group: u32) -> Memory {
    let mut memory = Memory::default();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    for process in processes {
        let read = |file: &str| fs::read_to_string(process.path().join(file)).unwrap_or_default();
        let (status, stat) = (read("status"), read("stat"));
        if group_of(&stat) != Some(group) || field(&status, "Name") == Some("sh") {
            continue;
        }
        memory.now_mib += mebibytes(&status, "VmRSS");
        memory.peak_mib += mebibytes(&status, "VmHWM");
    }
    memory
}

/// The process group in a line of /proc/PID/stat; the name before it is in brackets and may hold anything.
fn group_of(stat: &str) -> Option<u32> {
    stat.rsplit_once(") ")?.1.split(' ').nth(2)?.parse().ok()
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
        assert_eq!(group_of("4711 (a) b) S 1 4700 4700 0 -1"), Some(4700));
        let status = "Name:\tnode\nVmHWM:\t  204800 kB\nVmRSS:\t   51200 kB\n";
        assert_eq!(field(status, "Name"), Some("node"));
        assert_eq!(
            (mebibytes(status, "VmRSS"), mebibytes(status, "VmHWM")),
            (50.0, 200.0)
        );
        assert_eq!(mebibytes(status, "VmSwap"), 0.0);
    }
}
