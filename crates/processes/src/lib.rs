//! Starts servers that end with the program that started them, however that program ends.
//!
//! A child does not end with its parent on Unix, and a handler for Ctrl-C does not run on SIGKILL. So each server runs
//! under a small shell whose standard input is a pipe from here: the kernel closes the pipe when this process is gone,
//! and the shell then kills the server and all that the server started. It needs no `unsafe` and works on every Unix.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Each word on the input asks the whole process group to end; the end of the input kills it. The shell itself
/// outlives the request, so that the server's status can be told. Its own remarks ("Terminated") go nowhere.
const SUPERVISOR: &str = r#"
exec 3<&0 4>&2 2>/dev/null
trap : TERM
"$@" </dev/null 2>&4 3<&- 4>&- &
server=$!
(
    trap '' TERM
    while read -r word <&3; do kill -TERM 0; done
    kill -KILL 0
) &
watcher=$!
while :; do
    wait "$server"
    status=$?
    kill -0 "$server" || break
done
trap '' TERM
kill -TERM 0
kill -KILL "$watcher"
exit "$status"
"#;

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub struct Supervised {
    shell: Child,
}

impl Supervised {
    /// Starts `program` with what `configure` adds: arguments, environment, folder, where its output goes.
    ///
    /// # Errors
    /// If no shell can be started. A program that does not exist ends at once with status 127 instead.
    pub fn start(program: impl AsRef<OsStr>, configure: impl FnOnce(&mut Command)) -> io::Result<Self> {
        let mut command = Command::new("sh");
        command.arg("-c").arg(SUPERVISOR).arg("supervisor").arg(program);
        configure(&mut command);
        // A process group of its own keeps a terminal's Ctrl-C away: the one who started the server stops it.
        let shell = command.stdin(Stdio::piped()).process_group(0).spawn()?;
        Ok(Self { shell })
    }

    /// The server's standard output, if it is piped and not taken yet.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.shell.stdout.take()
    }

    /// The server's standard error, if it is piped and not taken yet.
    pub fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.shell.stderr.take()
    }

    /// The process group that the server and all that it starts are in.
    pub fn group(&self) -> u32 {
        self.shell.id()
    }

    /// Asks the server to end (SIGTERM), and does not wait for it.
    pub fn ask_to_stop(&mut self) {
        if let Some(stdin) = &mut self.shell.stdin {
            // The server may be gone already; then there is nobody to ask.
            stdin.write_all(b"stop\n").ok();
        }
    }

    /// How the server ended, if it has.
    ///
    /// # Errors
    /// If the system refuses to say.
    pub fn status(&mut self) -> io::Result<Option<ExitStatus>> {
        self.shell.try_wait()
    }

    /// Waits for the server to end, at most this long.
    ///
    /// # Errors
    /// If the system refuses to say whether it runs.
    pub fn wait(&mut self, patience: Duration) -> io::Result<Option<ExitStatus>> {
        let deadline = Instant::now() + patience;
        loop {
            let status = self.status()?;
            if status.is_some() || Instant::now() >= deadline {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Kills the server (SIGKILL) and waits until it is gone.
    pub fn kill(&mut self) {
        drop(self.shell.stdin.take());
        // An error says that somebody has waited for it already.
        self.shell.wait().ok();
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port of 127.0.0.1 that nobody listens on.
///
/// Somebody else may take it before it is used; the system hands out other ports first, so this is rare.
///
/// # Errors
/// If there is none.
pub fn unused_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn shell(script: &str) -> Supervised {
        Supervised::start("sh", |command| {
            command.args(["-c", script]).stdout(Stdio::piped());
        })
        .unwrap()
    }

    fn first_line(server: &mut Supervised) -> String {
        BufReader::new(server.take_stdout().unwrap())
            .lines()
            .next()
            .unwrap()
            .unwrap()
    }

    fn runs(pid: &str) -> bool {
        Command::new("kill")
            .args(["-0", pid])
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
    }

    fn ends(pid: &str) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while runs(pid) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(10));
        }
        !runs(pid)
    }

    #[test]
    fn a_server_that_ends_by_itself_tells_its_status() {
        assert_eq!(
            shell("exit 7")
                .wait(PATIENCE)
                .unwrap()
                .and_then(|status| status.code()),
            Some(7)
        );
    }

    #[test]
    fn a_server_that_is_asked_to_stop_may_clean_up() {
        let mut server = shell("trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done");
        assert_eq!(first_line(&mut server), "up");
        server.ask_to_stop();
        assert_eq!(
            server.wait(PATIENCE).unwrap().and_then(|status| status.code()),
            Some(5)
        );
    }

    #[test]
    fn what_a_server_started_ends_with_it() {
        let mut server = shell("sleep 600 & echo $!; wait");
        let grandchild = first_line(&mut server);
        assert!(runs(&grandchild));
        server.ask_to_stop();
        assert!(server.wait(PATIENCE).unwrap().is_some());
        assert!(ends(&grandchild));
    }

    #[test]
    fn a_server_that_will_not_listen_is_killed() {
        let mut server = shell("trap '' TERM; echo $$; while :; do sleep 0.05; done");
        let pid = first_line(&mut server);
        server.ask_to_stop();
        assert!(server.wait(Duration::from_millis(200)).unwrap().is_none());
        drop(server);
        assert!(ends(&pid));
    }
}
