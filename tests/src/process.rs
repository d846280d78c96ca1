//! A server process that ends with the test, however the test ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// The server runs under a shell that waits for words on its standard input, because that closes when the test process
/// dies, even by SIGKILL: then the shell kills the server, and nothing is left running.
const SUPERVISOR: &str = r#"
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
{
    while read -r word <&3; do kill -TERM "$server"; done
    kill -KILL 0
} &
wait "$server"
status=$?
kill -KILL "$!"
exit "$status"
"#;

/// A running server and what it wrote so far.
pub struct Process {
    supervisor: Child,
    log: Arc<Mutex<String>>,
    lines: Mutex<mpsc::Receiver<String>>,
}

impl Process {
    /// Starts `program`, with the further settings that `configure` makes.
    pub fn start(program: &Path, configure: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new("sh");
        command.arg("-c").arg(SUPERVISOR).arg("supervisor").arg(program);
        configure(&mut command);
        let mut supervisor = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("a shell starts");
        let log = Arc::default();
        let (sender, lines) = mpsc::channel();
        collect(
            supervisor.stdout.take().expect("stdout is piped"),
            Arc::clone(&log),
            sender.clone(),
        );
        collect(
            supervisor.stderr.take().expect("stderr is piped"),
            Arc::clone(&log),
            sender,
        );
        Self {
            supervisor,
            log,
            lines: Mutex::new(lines),
        }
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

    /// Everything that the server wrote so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("no reader panics").clone()
    }

    /// A handle on the log that outlives the process.
    pub(crate) fn shared_log(&self) -> Arc<Mutex<String>> {
        Arc::clone(&self.log)
    }

    /// Asks the server to end (SIGTERM) and waits until it has.
    pub fn stop(&mut self) -> ExitStatus {
        if let Some(stdin) = &mut self.supervisor.stdin {
            // The server may be gone already; then there is nobody to ask.
            stdin.write_all(b"stop\n").ok();
        }
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if let Some(status) = self
                .supervisor
                .try_wait()
                .expect("the supervisor is ours to wait for")
            {
                return status;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("the server did not end on SIGTERM; it wrote:\n{}", self.log());
    }

    /// Kills the server (SIGKILL) and waits until it is gone.
    pub fn kill(&mut self) {
        drop(self.supervisor.stdin.take());
        self.supervisor
            .wait()
            .expect("the supervisor is ours to wait for");
    }

    /// Waits until the server ends by itself.
    pub fn wait(&mut self, patience: Duration) -> ExitStatus {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self
                .supervisor
                .try_wait()
                .expect("the supervisor is ours to wait for")
            {
                // Its readers may be a moment behind.
                thread::sleep(Duration::from_millis(50));
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "the server still runs; it wrote:\n{}",
                self.log()
            );
            thread::sleep(Duration::from_millis(10));
        }
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
