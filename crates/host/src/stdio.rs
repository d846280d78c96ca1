//! Where the standard output and standard error of components go: to the terminal, each line with the component's id
//! before it, and to the log files.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use anyhow::Context as _;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

use crate::state_dir::log_files;

/// A longer line is broken on the terminal, so that a guest that never ends one does not fill the host's memory.
const LONGEST_LINE: usize = 16 << 10;

/// The two streams of a component, shared by all of its instances.
#[derive(Clone, Debug)]
pub struct Stdio {
    /// Standard output.
    pub stdout: Sink,
    /// Standard error.
    pub stderr: Sink,
}

impl Stdio {
    /// The streams of `component`, into files in `log_dir` if there is one, and to the terminal unless `quiet`.
    pub fn open(component: &str, log_dir: Option<&Path>, quiet: bool) -> anyhow::Result<Self> {
        let terminal = (!quiet).then(|| format!("[{component}] "));
        let Some(log_dir) = log_dir else {
            let sink = |prefix| Sink::new(None, prefix);
            return Ok(Self {
                stdout: sink(terminal.clone()),
                stderr: sink(terminal),
            });
        };
        let [stdout, stderr] = log_files(log_dir, component);
        Ok(Self {
            stdout: Sink::new(Some(append(&stdout)?), terminal.clone()),
            stderr: Sink::new(Some(append(&stderr)?), terminal),
        })
    }
}

fn append(path: &Path) -> anyhow::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let file = File::options().create(true).append(true).open(path);
    file.with_context(|| format!("cannot open the log file {}", path.display()))
}

/// One stream of a component.
#[derive(Clone, Debug)]
pub struct Sink(Arc<Mutex<Output>>);

#[derive(Debug)]
struct Output {
    file: Option<File>,
    /// What each line on the terminal begins with; none where nothing goes there.
    prefix: Option<String>,
    /// The start of a line whose end is still to come.
    line: Vec<u8>,
}

impl Sink {
    fn new(file: Option<File>, prefix: Option<String>) -> Self {
        Self(Arc::new(Mutex::new(Output {
            file,
            prefix,
            line: Vec::new(),
        })))
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }
}

impl Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.write_all(bytes)?;
        }
        let Some(prefix) = &self.prefix else { return Ok(()) };
        self.line.extend_from_slice(bytes);
        if self.line.len() > LONGEST_LINE {
            self.line.push(b'\n');
        }
        if let Some(end) = self.line.iter().rposition(|byte| *byte == b'\n') {
            let mut text = Vec::new();
            for line in self.line[..=end].split_inclusive(|byte| *byte == b'\n') {
                text.extend_from_slice(prefix.as_bytes());
                text.extend_from_slice(line);
            }
            self.line.drain(..=end);
            io::stderr().write_all(&text)?;
        }
        Ok(())
    }
}

impl IsTerminal for Sink {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Sink {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

/// Writes at once: log lines are short, and what a component said before it failed must not be lost.
impl AsyncWrite for Sink {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.write(bytes).map(|()| bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_files_are_spins_and_are_appended_to() {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().join("logs");
        for text in ["one\n", "two\n"] {
            let stdio = Stdio::open("signin", Some(&logs), true).unwrap();
            stdio.stdout.write(text.as_bytes()).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(logs.join("signin_stdout.txt")).unwrap(),
            "one\ntwo\n"
        );
        assert_eq!(
            std::fs::read_to_string(logs.join("signin_stderr.txt")).unwrap(),
            ""
        );
    }
}
