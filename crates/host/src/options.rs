//! Everything that serving an application needs, read and checked: after this nothing is asked of the command line, the
//! environment or a configuration file.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::app::App;
use crate::cli::{Draw, UpArgs};
use crate::manifest;
use crate::runtime_config::{KeyValueStore, OutboundHttp, RuntimeConfig, SqliteDatabase};
use crate::state_dir::StateDir;
use crate::variables::{self, ReadEnvironment, Variables};

/// The label that every application has without a runtime config.
const DEFAULT_LABEL: &str = "default";

/// How to serve an application.
#[derive(Debug)]
pub struct Options {
    /// The application, or the selected part of it.
    pub app: App,
    /// The values of its variables.
    pub variables: Variables,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where its state is kept.
    pub state_dir: StateDir,
    /// Where the components' output is logged, if anywhere.
    pub log_dir: Option<PathBuf>,
    /// The key-value stores by label; `default` is always among them.
    pub key_value_stores: BTreeMap<String, KeyValueStore>,
    /// The SQLite databases by label; `default` is always among them.
    pub sqlite_databases: BTreeMap<String, SqliteDatabase>,
    /// The connections of outbound HTTP.
    pub outbound_http: OutboundHttp,
    /// The values of `--sqlite`, as given.
    pub sqlite_statements: Vec<String>,
    /// Whether the components' output is not to be shown.
    pub quiet: bool,
    /// How instances are used again.
    pub reuse: InstanceReuse,
}

/// How long an instance of a component lives.
#[derive(Clone, Copy, Debug)]
pub struct InstanceReuse {
    /// How many requests it serves.
    pub max_count: Draw<usize>,
    /// How many of them at the same time.
    pub max_concurrent: Draw<usize>,
    /// How long one of them may take.
    pub request_timeout: Option<Draw<Duration>>,
    /// How long it is kept without any.
    pub idle_timeout: Draw<Duration>,
}

impl Options {
    /// Reads all that `args` name.
    pub fn new(args: UpArgs, environment: ReadEnvironment<'_>) -> anyhow::Result<Self> {
        let file = manifest::find(args.from.as_deref())?;
        let mut app = manifest::select(manifest::load(&file)?, &args.component_id)?;
        manifest::check_sources(&app)?;
        for component in app.components.values_mut() {
            component.environment.extend(args.env.iter().cloned());
        }

        let config = args
            .runtime_config_file
            .as_deref()
            .map(RuntimeConfig::load)
            .transpose()?
            .unwrap_or_default();
        let variables = settle_variables(&app, &args, &config, environment)?;
        let state_dir = StateDir::new(
            args.state_dir.as_deref().or(config.state_dir.as_deref()),
            &app.base_dir,
        )?;
        let log_dir = match args.log_dir.as_deref().or(config.log_dir.as_deref()) {
            Some("") => None,
            Some(dir) => Some(std::path::absolute(dir)?),
            None => state_dir.log_dir(),
        };

        let mut key_value_stores = config.key_value_stores;
        key_value_stores
            .entry(DEFAULT_LABEL.to_owned())
            .or_insert_with(|| {
                state_dir
                    .key_value_file()
                    .map_or(KeyValueStore::Memory, KeyValueStore::File)
            });
        let mut sqlite_databases = config.sqlite_databases;
        sqlite_databases
            .entry(DEFAULT_LABEL.to_owned())
            .or_insert_with(|| SqliteDatabase {
                path: state_dir.sqlite_file(),
                allow_attach_file: false,
            });
        check_labels(&app, &key_value_stores, &sqlite_databases)?;

        Ok(Self {
            app,
            variables,
            listen: args.listen,
            state_dir,
            log_dir,
            key_value_stores,
            sqlite_databases,
            outbound_http: config.outbound_http,
            sqlite_statements: args.sqlite,
            quiet: args.quiet,
            reuse: InstanceReuse {
                max_count: args.max_instance_reuse_count,
                max_concurrent: args.max_instance_concurrent_reuse_count,
                request_timeout: args.request_timeout,
                idle_timeout: args.idle_instance_timeout,
            },
        })
    }
}

/// A name that is given on the command line must be a variable; a file of values may serve several applications.
fn settle_variables(
    app: &App,
    args: &UpArgs,
    config: &RuntimeConfig,
    environment: ReadEnvironment<'_>,
) -> anyhow::Result<Variables> {
    let mut given = BTreeMap::new();
    for source in &args.variable {
        if let Some(name) = source.name()
            && !app.variables.contains_key(name)
        {
            return Err(variables::Error::Undeclared(name.to_owned()).into());
        }
        given.extend(source.read()?);
    }
    Ok(Variables::new(
        app,
        &given,
        &config.variables_providers,
        environment,
    )?)
}

/// A label without a backend would show itself as a denied access at the first request, long after the start.
fn check_labels(
    app: &App,
    stores: &BTreeMap<String, KeyValueStore>,
    databases: &BTreeMap<String, SqliteDatabase>,
) -> anyhow::Result<()> {
    for component in app.components.values() {
        let id = &component.manifest_id;
        if let Some(label) = component
            .key_value_stores
            .iter()
            .find(|label| !stores.contains_key(*label))
        {
            anyhow::bail!(
                "component `{id}` has the key-value store `{label}`, which is nowhere: add [key_value_store.{label}] \
                 to a file and name it with --runtime-config-file"
            );
        }
        if let Some(label) = component
            .sqlite_databases
            .iter()
            .find(|label| !databases.contains_key(*label))
        {
            anyhow::bail!(
                "component `{id}` has the SQLite database `{label}`, which is nowhere: add [sqlite_database.{label}] \
                 to a file and name it with --runtime-config-file"
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"
        spin_manifest_version = 2
        application.name = "test"
        variables.greeting.default = "hello"
        [[trigger.http]]
        route = "/..."
        component = "web"
        [component.web]
        source = "web.wasm"
        key_value_stores = ["default"]
        sqlite_databases = ["default", "users"]
    "#;

    /// Options for [`MANIFEST`], in a folder that `test` names, with a runtime config.
    fn options(test: &str, runtime_config: &str, more: &[&str]) -> anyhow::Result<Options> {
        let dir = std::env::temp_dir().join(format!("jetway-options-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&dir)?;
        std::fs::write(dir.join("spin.toml"), MANIFEST)?;
        std::fs::write(dir.join("web.wasm"), "")?;
        std::fs::write(dir.join("runtime.toml"), runtime_config)?;
        let arguments = [
            "--from".into(),
            dir.clone(),
            "--runtime-config-file".into(),
            dir.join("runtime.toml"),
        ]
        .map(PathBuf::into_os_string);
        let arguments = arguments.into_iter().chain(more.iter().map(Into::into));
        let options = Options::new(UpArgs::try_parse_from(arguments)?, &|_| None);
        std::fs::remove_dir_all(dir)?;
        options
    }

    const USERS: &str = "[sqlite_database.users]\ntype = 'spin'\npath = '/data/users.db'\n";

    #[test]
    fn state_lies_where_spin_keeps_it() {
        let options = options("state", USERS, &["-e", "MODE=test"]).unwrap();
        let state = options.app.base_dir.join(".spin");
        assert_eq!(
            options.key_value_stores["default"],
            KeyValueStore::File(state.join("sqlite_key_value.db"))
        );
        assert_eq!(
            options.sqlite_databases["default"].path,
            Some(state.join("sqlite_db.db"))
        );
        assert_eq!(
            options.sqlite_databases["users"].path,
            Some("/data/users.db".into())
        );
        assert_eq!(options.log_dir, Some(state.join("logs")));
        assert_eq!(options.app.components["web"].environment["MODE"], "test");
    }

    #[test]
    fn the_command_line_stands_above_the_runtime_config() {
        let config = format!("state_dir = '/from/config'\n{USERS}");
        let from_config = options("above", &config, &[]).unwrap();
        assert_eq!(from_config.state_dir.path(), Some("/from/config".as_ref()));
        let from_flag = options("above", &config, &["--state-dir", ""]).unwrap();
        assert_eq!(from_flag.key_value_stores["default"], KeyValueStore::Memory);
        assert_eq!(
            (
                from_flag.sqlite_databases["default"].path.clone(),
                from_flag.log_dir
            ),
            (None, None)
        );
    }

    #[test]
    fn a_label_without_a_backend_stops_the_start() {
        assert_eq!(
            options("label", "", &[]).unwrap_err().to_string(),
            "component `web` has the SQLite database `users`, which is nowhere: add [sqlite_database.users] to a \
             file and name it with --runtime-config-file"
        );
    }

    #[test]
    fn a_variable_that_is_not_declared_is_refused() {
        assert!(options("declared", USERS, &["--variable", "greeting=hi"]).is_ok());
        assert_eq!(
            options("undeclared", USERS, &["--variable", "greetign=hi"])
                .unwrap_err()
                .to_string(),
            "--variable greetign=...: the manifest declares no variable `greetign` in [variables]"
        );
    }
}
