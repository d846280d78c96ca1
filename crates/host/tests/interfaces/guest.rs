//! The interfaces as a guest sees them: each message makes the component of `guests/interfaces` check one of them.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, LazyLock},
};

use jetway_host::{
    allowed_hosts::AllowedHosts,
    app::App,
    backends::Backends,
    engine,
    instances::{Instances, Shared, linker},
    interfaces::AppState,
    manifest,
    outbound::Client,
    runtime_config::{KeyValueStore, OutboundHttp, RuntimeConfig},
    state::ComponentContext,
    state_dir::StateDir,
    stdio::Stdio,
    trigger::redis::{Guests, MessageHandler},
    variables::Variables,
};
use tempfile::TempDir;
use wasmtime::component::Component;

use crate::redis_server::RedisServer;

/// The component, built and compiled once for all tests.
static GUEST: LazyLock<(wasmtime::Engine, Component)> = LazyLock::new(|| {
    let engine = engine::engine().unwrap();
    let component = Component::from_file(&engine, build()).unwrap();
    (engine, component)
});

fn build() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let status = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--target",
            "wasm32-wasip2",
            "--profile",
            "component",
        ])
        .args(["--package", "jetway-host-guest-interfaces"])
        .current_dir(workspace)
        .status();
    assert!(
        status.unwrap().success(),
        "the guest does not build; is the target wasm32-wasip2 installed?"
    );
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
    target.join("wasm32-wasip2/component/jetway_host_guest_interfaces.wasm")
}

/// An application of which the guest is the only component.
struct Application {
    guests: Guests,
    _state: TempDir,
}

impl Application {
    fn new(redis_url: &str, default_store: Option<KeyValueStore>) -> Self {
        let manifest = format!(
            r#"
            spin_manifest_version = 2
            [application]
            name = "test"
            [application.trigger.redis]
            address = "{redis_url}"
            [variables]
            name = {{ default = "world" }}
            [[trigger.redis]]
            channel = "checks"
            component = "guest"
            [component.guest]
            source = "guest.wasm"
            key_value_stores = ["default"]
            sqlite_databases = ["default"]
            allowed_outbound_hosts = ["{redis_url}"]
            [component.guest.variables]
            greeting = "hello, {{{{ name }}}}"
            redis_url = "{redis_url}"
            "#
        );
        let state = TempDir::new().unwrap();
        let app = manifest::parse(&state.path().join("spin.toml"), &manifest).unwrap();
        let variables = Arc::new(Variables::new(&app, &BTreeMap::new(), &[], &|_| None).unwrap());
        let config = RuntimeConfig {
            key_value_stores: default_store
                .into_iter()
                .map(|store| ("default".to_owned(), store))
                .collect(),
            ..RuntimeConfig::default()
        };
        let backends = Backends::new(&config, &StateDir::new(None, state.path()).unwrap()).unwrap();
        let interfaces = AppState::new(&app, backends, Arc::clone(&variables)).unwrap();
        let instances = instances(&app, &variables, interfaces);
        Self {
            guests: Guests::new(&app, &instances).unwrap(),
            _state: state,
        }
    }

    async fn check(&self, what: &str) {
        if let Err(error) = self.guests.handle("guest", what.as_bytes().to_vec()).await {
            panic!("{what}: {error:#}");
        }
    }
}

fn instances(app: &App, variables: &Variables, interfaces: AppState) -> HashMap<String, Arc<Instances>> {
    let (engine, code) = &*GUEST;
    let component = app.components["guest"].clone();
    let allowed = AllowedHosts::resolve("guest", &component.allowed_outbound_hosts, variables, []).unwrap();
    let context = ComponentContext {
        component,
        allowed_hosts: Arc::new(allowed),
    };
    let shared = Shared {
        client: Client::new(OutboundHttp::default()).unwrap(),
        interfaces,
    };
    let stdio = Stdio::open("guest", None, true).unwrap();
    let instances = Instances::new(&linker(engine).unwrap(), code, context, shared, stdio).unwrap();
    [("guest".to_owned(), Arc::new(instances))].into()
}

/// Nobody listens there.
const AWAY: &str = "redis://127.0.0.1:9";

#[tokio::test(flavor = "multi_thread")]
async fn key_value_stores_in_a_file() {
    Application::new(AWAY, None).check("key-value").await;
    Application::new(AWAY, None).check("keyvalue").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn key_value_stores_in_memory() {
    Application::new(AWAY, Some(KeyValueStore::Memory))
        .check("key-value")
        .await;
    Application::new(AWAY, Some(KeyValueStore::Memory))
        .check("keyvalue")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_value_store_on_redis() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    Application::new(AWAY, Some(KeyValueStore::Redis(server.url())))
        .check("key-value")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite() {
    Application::new(AWAY, None).check("sqlite").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn variables() {
    Application::new(AWAY, None).check("variables").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    Application::new(&server.url(), None).check("redis").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_away() {
    Application::new(AWAY, None).check("redis-away").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_the_handler_is_one_of_the_trigger() {
    let application = Application::new(AWAY, None);
    let error = application
        .guests
        .handle("guest", b"error".to_vec())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("as asked"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_not_configured_is_named() {
    let manifest = r#"
        spin_manifest_version = 2
        [application]
        name = "test"
        [[trigger.http]]
        route = "/..."
        component = "web"
        [component.web]
        source = "web.wasm"
        key_value_stores = ["sessions"]
    "#;
    let app = manifest::parse(Path::new("/app/spin.toml"), manifest).unwrap();
    let variables = Variables::new(&app, &BTreeMap::new(), &[], &|_| None).unwrap();
    let state = StateDir::new(Some(""), Path::new("/app")).unwrap();
    let backends = Backends::new(&RuntimeConfig::default(), &state).unwrap();
    let error = AppState::new(&app, backends, Arc::new(variables))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("component `web` uses the key-value store `sessions`"),
        "{error}"
    );
    assert!(error.contains("[key_value_store.sessions]"), "{error}");
}
