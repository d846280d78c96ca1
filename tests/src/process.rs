//! A server process that ends with the test, however the test ends.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use jetway_processes::Supervised;

/// A running server and what it wrote so far.
pub struct Process {
    server: Supervised,
    log: Arc<Mutex<String>>,
    lines: Mutex<mpsc::Receiver<String>>,
    companion: Option<Box<Process>>,
}

impl Process {
    /// Starts `program`, with the further settings that `configure` makes.
    pub fn start(program: &Path, configure: impl FnOnce(&mut Command)) -> Self {
        let mut server = Supervised::start(program, |command| {
            configure(command);
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
        })
        .expect("a shell starts");
        let log = Arc::default();
        let (sender, lines) = mpsc::channel();
        let stdout = server.take_stdout().expect("stdout is piped");
        collect(stdout, Arc::clone(&log), sender.clone());
        let stderr = server.take_stderr().expect("stderr is piped");
        collect(stderr, Arc::clone(&log), sender);
        Self {
            server,
            log,
            lines: Mutex::new(lines),
            companion: None,
        }
    }

    /// Together with another, which is killed when this one ends.
    pub fn accompanied_by(mut self, companion: Self) -> Self {
        self.companion = Some(Box::new(companion));
        self
    }

    /// Waits for a line that contains `mark` and gives what follows it on that line.
    ///
    /// # Panics
    /// If the process ends, or `patience` runs out, before it writes such a line.
    pub fn wait_for(&self, mark: &str, patience: Duration) -> String {
        let deadline = Instant::now() + patience;
        let lines = self.lines.lock().expect("nobody panics while reading");
        loop {
            let line = lines.recv_timeout(deadline.saturating_duration_since(Instant::now()));
            let Ok(line) = line else {
                panic!("the server never said {mark:?}; it wrote:\n{}", self.log())
            };
            if let Some((_, rest)) = line.split_once(mark) {
                return rest.trim().to_owned();
            }
        }
    }

    /// Everything that the server wrote so far, and its companion after it.
    pub fn log(&self) -> String {
        let mut log = self.log.lock().expect("no reader panics").clone();
        if let Some(companion) = &self.companion {
            log.push_str(&companion.log());
        }
        log
    }

    /// A handle on the log that outlives the process.
    pub(crate) fn shared_log(&self) -> Arc<Mutex<String>> {
        Arc::clone(&self.log)
    }

    /// The most memory that the server had at once since it was last forgotten, in KiB. Linux tells.
    pub fn peak_memory(&self) -> u64 {
        let peaks = self.in_proc().filter_map(|process| {
            let status = fs::read_to_string(process.join("status")).ok()?;
            let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
            peak.trim().strip_suffix(" kB")?.parse().ok()
        });
        peaks.max().expect("the server runs")
    }

    /// Makes what the server has now the most that it ever had.
    pub fn forget_peak_memory(&self) {
        for process in self.in_proc() {
            fs::write(process.join("clear_refs"), "5").expect("our own child's peak is ours to forget");
        }
    }

    /// What Linux tells of each process that the server is.
    fn in_proc(&self) -> impl Iterator<Item = PathBuf> {
        let group = self.server.group().to_string();
        let processes = fs::read_dir("/proc").expect("a system that shows its processes");
        processes.flatten().filter_map(move |process| {
            // "pid (name) state ppid pgrp ...", where the name may hold anything.
            let stat = fs::read_to_string(process.path().join("stat")).ok()?;
            let its_group = stat.rsplit_once(')')?.1.split_whitespace().nth(2)?;
            (its_group == group).then(|| process.path())
        })
    }

    /// Stops the server where it is (SIGSTOP): its connections stay, and nothing on them is answered.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets it go on (SIGCONT).
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let group = format!("-{}", self.server.group());
        let sent = Command::new("kill").args(["-s", name, "--", &group]).status();
        assert!(sent.is_ok_and(|status| status.success()), "no signal {name}");
    }

    /// Asks the server to end (SIGTERM) and waits until it has.
    pub fn stop(&mut self) -> ExitStatus {
        if let Some(companion) = &mut self.companion {
            companion.kill();
        }
        self.server.ask_to_stop();
        self.wait(Duration::from_secs(20))
    }

    /// Kills the server (SIGKILL) and waits until it is gone.
    pub fn kill(&mut self) {
        if let Some(companion) = &mut self.companion {
            companion.kill();
        }
        self.server.kill();
    }

    /// Waits until the server ends.
    pub fn wait(&mut self, patience: Duration) -> ExitStatus {
        let status = self
            .server
            .wait(patience)
            .expect("the server is ours to wait for");
        // Its readers may be a moment behind.
        thread::sleep(Duration::from_millis(50));
        status.unwrap_or_else(|| panic!("the server still runs; it wrote:\n{}", self.log()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!("--- the server wrote ---\n{}", self.log());
        }
    }
}

fn collect(output: impl Read + Send + 'static, log: Arc<Mutex<String>>, lines: mpsc::Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(output).lines() {
            let Ok(line) = line else { return };
            if let Ok(mut log) = log.lock() {
                log.push_str(&line);
                log.push('\n');
            }
            // Nobody waits for a line any more: the log keeps it.
            lines.send(line).ok();
        }
    });
}
