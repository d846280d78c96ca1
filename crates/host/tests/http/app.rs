//! Starts the program with the guests of `tests/guests`.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::client::{Request, Response};

/// A running application. Dropping it ends it.
pub(crate) struct TestApp {
    process: Child,
    // Kept open: the program may go on printing.
    _stdout: BufReader<ChildStdout>,
    folder: tempfile::TempDir,
    pub(crate) address: SocketAddr,
}

/// What the tests can set.
#[derive(Default)]
pub(crate) struct Setup<'a> {
    /// More of the section of the component `app`.
    pub(crate) component: &'a str,
    /// The `inherit_configuration` of the middleware, as TOML.
    pub(crate) inherit: Option<&'a str>,
    /// More flags.
    pub(crate) flags: &'a [&'a str],
}

impl TestApp {
    pub(crate) fn start() -> Self {
        Self::with(&Setup::default())
    }

    pub(crate) fn with(setup: &Setup<'_>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("spin.toml"), manifest(setup)).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_jetway-host"))
            .args(["up", "--listen", "127.0.0.1:0", "--from"])
            .arg(folder.path())
            .args(setup.flags)
            .stdout(Stdio::piped())
            .stderr(File::create(folder.path().join("stderr.txt")).unwrap())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let address = loop {
            let mut line = String::new();
            let read = stdout.read_line(&mut line).unwrap();
            if let Some(address) = line.trim().strip_prefix("Serving http://") {
                break address.parse().unwrap();
            }
            if read == 0 {
                let errors = std::fs::read_to_string(folder.path().join("stderr.txt")).unwrap();
                panic!("the program ended before it served: {errors}");
            }
        };
        Self {
            process,
            _stdout: stdout,
            folder,
            address,
        }
    }

    pub(crate) fn get(&self, path: &str) -> Response {
        Request::get(path).send(self.address)
    }

    /// What the program has printed on its standard error.
    pub(crate) fn stderr(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("stderr.txt")).unwrap()
    }

    /// A log file of a component.
    pub(crate) fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(".spin/logs").join(name)).unwrap()
    }

    /// Asks the program to end, as a service manager does.
    pub(crate) fn terminate(&self) {
        let sent = Command::new("kill").arg(self.process.id().to_string()).status();
        assert!(sent.unwrap().success());
    }

    /// Waits until the program has ended.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(20) {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the program does not end");
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn manifest(setup: &Setup<'_>) -> String {
    let wasm = guests();
    let (app, middleware) = (
        wasm.join("jetway_host_guest_app.wasm"),
        wasm.join("jetway_host_guest_middleware.wasm"),
    );
    let (app, middleware) = (app.display(), middleware.display());
    let inherit = setup.inherit.map_or(String::new(), |inherit| {
        format!(", inherit_configuration = {inherit}")
    });
    let component = setup.component;
    format!(
        r#"
spin_manifest_version = 2
application.name = "test"
application.version = "1.2.3"
variables.greeting.default = "hello"

[[trigger.http]]
id = "plain"
route = "/plain/..."
component = "app"

[[trigger.http]]
id = "named"
route = "/users/:user_id/:what"
component = "app"

[[trigger.http]]
id = "guarded"
route = "/guarded/..."
component = "app"
dependencies.middleware = [{{ component = "guard"{inherit} }}]

[[trigger.http]]
id = "private"
route = {{ private = true }}
component = "neighbour"

[component.app]
source = "{app}"
key_value_stores = ["default"]
environment = {{ COLOUR = "blue" }}
variables.greeting = "{{{{ greeting }}}}"
{component}

[component.neighbour]
source = "{app}"

[component.guard]
source = "{middleware}"
"#
    )
}

/// The folder of the built guests, which the first test to ask for it builds.
pub(crate) fn guests() -> &'static Path {
    static GUESTS: OnceLock<PathBuf> = OnceLock::new();
    GUESTS.get_or_init(|| {
        let built = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--target",
                "wasm32-wasip2",
                "--profile",
                "component",
            ])
            .args([
                "--package",
                "jetway-host-guest-app",
                "--package",
                "jetway-host-guest-middleware",
            ])
            .status()
            .unwrap();
        assert!(built.success(), "the guests cannot be built");
        let program = Path::new(env!("CARGO_BIN_EXE_jetway-host"));
        let target = program.ancestors().nth(2).unwrap();
        target.join("wasm32-wasip2/component")
    })
}
