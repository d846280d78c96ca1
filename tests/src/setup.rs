//! What a gateway is started with: manifest, state folder, variables, services behind it.

use std::collections::BTreeMap;
use std::env;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tempfile::TempDir;

use crate::app::{BOOTSTRAP_TOKEN, INTERNAL_TOKEN};
use crate::process::Process;
use crate::provider::Provider;
use crate::upstream::Upstream;
use crate::{TestApp, prerequisites};

/// A host that has an empty compile cache compiles every component, perhaps beside a busy build.
const PATIENCE: Duration = Duration::from_secs(300);

/// The component that Redis wakes.
const WOKEN: &str = "notification";

/// Runs its arguments whenever they have ended, after a pause that grows.
const AGAIN_AND_AGAIN: &str =
    r#"pause=1; while :; do "$@"; sleep $pause; pause=$((pause < 4 ? pause * 2 : 4)); done"#;

/// What gateways are started with. Those that share one share their state.
#[derive(Clone)]
pub struct Setup {
    folder: Arc<TempDir>,
    runtime: PathBuf,
    manifest: PathBuf,
    variables: BTreeMap<String, String>,
    only: Option<&'static str>,
    runtime_config: Option<PathBuf>,
    pub(crate) flights: Upstream,
    pub(crate) bookings: Upstream,
}

impl Setup {
    /// The manifest as it is, in front of echoing services: cheap hashes, limits too wide to meet, nobody's Redis.
    pub fn usual() -> Self {
        Self::in_front_of(Upstream::echo(), Upstream::echo())
    }

    /// The usual, in front of these services.
    pub fn in_front_of(flights: Upstream, bookings: Upstream) -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a folder for the state"));
        let redis = format!("redis://127.0.0.1:{}", unused_port());
        let setup = Self {
            folder,
            runtime: prerequisites::runtime(),
            manifest: prerequisites::manifest(),
            variables: BTreeMap::new(),
            only: None,
            runtime_config: None,
            flights,
            bookings,
        };
        let (flights, bookings) = (setup.flights.url(), setup.bookings.url());
        setup.with(&[
            ("flight_service_url", &flights),
            ("booking_service_url", &bookings),
            ("redis_url", &redis),
            ("bcrypt_cost", "4"),
            // The shared gateway's administrator signs in once, and a slow machine needs long for all tests.
            ("access_token_ttl", "6h"),
            ("bootstrap_token", BOOTSTRAP_TOKEN),
            ("internal_token", INTERNAL_TOKEN),
            ("rate_limit_default", "1000000;w=60"),
            ("rate_limit_signup", "1000000;w=60"),
            ("rate_limit_email", "1000000;w=60, 1000000;w=60;by=email"),
            ("rate_limit_signin", "1000000;w=60, 1000000;w=60;by=email"),
            ("signin_slowdown", "1000000;email=1000000;w=900;max=900"),
        ])
    }

    /// With these variables set, or set otherwise.
    pub fn with(mut self, variables: &[(&str, &str)]) -> Self {
        let given = variables.iter();
        self.variables
            .extend(given.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self
    }

    /// With mail that goes to this provider.
    pub fn mailing_through(mut self, provider: &Provider) -> Self {
        let variables = provider.variables().into_iter();
        self.variables
            .extend(variables.map(|(name, value)| (name.to_owned(), value)));
        self
    }

    /// With what the manifest itself says of the variables whose names begin so.
    pub fn with_defaults_of(mut self, prefix: &str) -> Self {
        self.variables.retain(|name, _| !name.starts_with(prefix));
        self
    }

    /// On the embedded host, whatever the runtime under test is: for what is asked of the host alone.
    pub fn on_embedded_host(mut self) -> Self {
        self.runtime = prerequisites::host();
        self
    }

    /// With a copy of the manifest in which the text `from` has become `to`.
    ///
    /// # Panics
    /// If the manifest has no such text: then the test would test nothing.
    pub fn with_manifest_edit(self, from: &str, to: &str) -> Self {
        self.with_manifest(|text| {
            assert!(text.contains(from), "the manifest has no {from:?}");
            text.replace(from, to)
        })
    }

    /// With a copy of the manifest in which no route has this middleware.
    pub fn without_middleware(self, name: &str) -> Self {
        self.with_manifest(|text| {
            let mut manifest: toml::Table = text.parse().expect("a manifest is TOML");
            let triggers = manifest["trigger"]["http"]
                .as_array_mut()
                .expect("HTTP triggers are a list");
            let layers = triggers.iter_mut().filter_map(|trigger| {
                trigger
                    .get_mut("dependencies")?
                    .get_mut("middleware")?
                    .as_array_mut()
            });
            for layers in layers {
                layers.retain(|layer| layer["component"].as_str() != Some(name));
            }
            toml::to_string(&manifest).expect("a table is TOML")
        })
    }

    fn with_manifest(mut self, edit: impl FnOnce(String) -> String) -> Self {
        let text = std::fs::read_to_string(&self.manifest).expect("a readable manifest");
        self.manifest = self.copy_of_the_manifest("spin.toml", &edit(text));
        self
    }

    fn copy_of_the_manifest(&self, name: &str, text: &str) -> PathBuf {
        let components = format!("source = \"{}/target/", prerequisites::workspace().display());
        let file = self.folder.path().join(name);
        // In one piece: another gateway of the same folder may be reading it.
        let unfinished = file.with_extension("unfinished");
        std::fs::write(&unfinished, text.replace("source = \"target/", &components))
            .expect("a writable folder");
        std::fs::rename(&unfinished, &file).expect("a writable folder");
        file
    }

    /// With a copy of the manifest that has no Redis trigger, as the process of the HTTP functions has none where it is deployed.
    pub fn without_redis_trigger(self) -> Self {
        self.with_manifest(|text| without_redis_trigger(&text))
    }

    /// This component of the manifest alone.
    pub fn only(mut self, component: &'static str) -> Self {
        self.only = Some(component);
        self
    }

    /// With this runtime config, for stores that are elsewhere.
    pub fn with_runtime_config(mut self, text: &str) -> Self {
        let file = self.folder.path().join("runtime-config.toml");
        std::fs::write(&file, text).expect("a writable folder");
        self.runtime_config = Some(file);
        self
    }

    /// Starts a gateway and waits until it serves.
    pub fn start(self) -> TestApp {
        let process = self.launch();
        TestApp::serving(process, self)
    }

    /// Starts `count` gateways at the same moment, on the same state.
    pub fn start_several(self, count: usize) -> Vec<TestApp> {
        let processes: Vec<_> = (0..count).map(|_| self.launch()).collect();
        processes
            .into_iter()
            .map(|process| TestApp::serving(process, self.clone()))
            .collect()
    }

    /// Starts the runtime under test, and does not wait for it.
    pub fn launch(&self) -> Process {
        static WARM: OnceLock<()> = OnceLock::new();
        WARM.get_or_init(|| {
            // The very first start compiles the components: once, for the cache, and not in every test at the same time.
            serving_address(&Self::usual().launch_at_once());
        });
        self.launch_at_once()
    }

    fn launch_at_once(&self) -> Process {
        if !self.on_spin() {
            return self.gateway(&self.manifest);
        }
        if self.only == Some(WOKEN) {
            return self.woken();
        }
        match self.manifest_without_redis_trigger() {
            Some(manifest) => self.gateway(&manifest).accompanied_by(self.woken()),
            None => self.gateway(&self.manifest),
        }
    }

    fn gateway(&self, manifest: &Path) -> Process {
        Process::start(&self.runtime, |command| {
            self.up(command, manifest, self.only);
            command.args(["--listen", "127.0.0.1:0"]);
        })
    }

    /// On Spin, what Redis wakes: apart and again and again, for it ends with the connection (docs/operations.md). A Redis trigger of
    /// Spin's refuses `--listen`.
    fn woken(&self) -> Process {
        Process::start(Path::new("sh"), |command| {
            command.args(["-c", AGAIN_AND_AGAIN, "sh"]).arg(&self.runtime);
            self.up(command, &self.manifest, Some(WOKEN));
        })
    }

    fn up(&self, command: &mut Command, manifest: &Path, only: Option<&str>) {
        command.arg("up").arg("--from").arg(manifest);
        command.arg("--state-dir").arg(self.state());
        if let Some(component) = only {
            command.args(["-c", component]);
        }
        if let Some(file) = &self.runtime_config {
            command.arg("--runtime-config-file").arg(file);
        }
        let inherited = env::vars_os().map(|(name, _)| name);
        for name in inherited.filter(|name| name.to_string_lossy().starts_with("SPIN_VARIABLE_")) {
            command.env_remove(name);
        }
        for (name, value) in &self.variables {
            command.env(format!("SPIN_VARIABLE_{}", name.to_uppercase()), value);
        }
    }

    fn on_spin(&self) -> bool {
        prerequisites::on_real_spin() && self.runtime == prerequisites::runtime()
    }

    /// A copy of the manifest for the gateway's own process, if the manifest has a Redis trigger.
    fn manifest_without_redis_trigger(&self) -> Option<PathBuf> {
        let text = std::fs::read_to_string(&self.manifest).expect("a readable manifest");
        let manifest: toml::Table = text.parse().expect("a manifest is TOML");
        let woken = manifest["trigger"].get("redis").is_some();
        woken.then(|| self.copy_of_the_manifest("gateway.toml", &without_redis_trigger(&text)))
    }

    /// The state folder.
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }
}

fn without_redis_trigger(manifest: &str) -> String {
    let mut manifest: toml::Table = manifest.parse().expect("a manifest is TOML");
    let triggers = manifest["trigger"].as_table_mut().expect("triggers by kind");
    triggers
        .remove("redis")
        .expect("the manifest has a Redis trigger");
    toml::to_string(&manifest).expect("a table is TOML")
}

/// The address that a starting gateway prints when it serves.
pub fn serving_address(process: &Process) -> SocketAddr {
    let address = process.wait_for("Serving http://", PATIENCE);
    address
        .parse()
        .unwrap_or_else(|_| panic!("not an address: {address}"))
}

/// A port that nobody listens on.
pub fn unused_port() -> u16 {
    jetway_processes::unused_port().expect("a free port")
}
