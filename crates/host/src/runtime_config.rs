//! The runtime config: where an application's stores and databases really are, on this machine.
//!
//! What Spin's runtime config may say and this host cannot do is refused, never ignored: a limit or a block that does
//! not hold would be worse than none.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::document::{Error, Source, Table, Value};

/// A runtime config, as the file says it.
#[derive(Clone, Debug, Default)]
pub struct RuntimeConfig {
    /// `state_dir`; empty for none.
    pub state_dir: Option<String>,
    /// `log_dir`; empty for none.
    pub log_dir: Option<String>,
    /// `[key_value_store.NAME]`.
    pub key_value_stores: BTreeMap<String, KeyValueStore>,
    /// `[sqlite_database.NAME]`.
    pub sqlite_databases: BTreeMap<String, SqliteDatabase>,
    /// `[outbound_http]`.
    pub outbound_http: OutboundHttp,
    /// `[[variables_provider]]`, in the order in which they are asked.
    pub variables_providers: Vec<VariablesProvider>,
}

/// The connections that guests' HTTP requests go over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboundHttp {
    /// Whether a connection is kept for further requests.
    pub connection_pooling: bool,
    /// How many there may be, of all components together, the idle ones among them.
    pub max_connections: Option<usize>,
}

impl Default for OutboundHttp {
    fn default() -> Self {
        Self {
            connection_pooling: true,
            max_connections: None,
        }
    }
}

/// Where a key-value store is.
#[derive(Clone, PartialEq, Eq)]
pub enum KeyValueStore {
    /// In an SQLite file.
    File(PathBuf),
    /// In memory, until the end of the process.
    Memory,
    /// On a Redis server. The address may hold a password.
    Redis(String),
}

impl std::fmt::Debug for KeyValueStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Memory => f.write_str("Memory"),
            Self::Redis(_) => f.write_str("Redis"),
        }
    }
}

/// Where an SQLite database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteDatabase {
    /// The file; without one it is in memory, a new one for each connection.
    pub path: Option<PathBuf>,
    /// Whether `ATTACH` may open other files.
    pub allow_attach_file: bool,
}

/// Where values of variables come from.
#[derive(Clone, PartialEq, Eq)]
pub enum VariablesProvider {
    /// From the file itself.
    Static(BTreeMap<String, String>),
    /// From environment variables `<PREFIX>_<NAME>`, or from a file of such lines.
    Env {
        /// `SPIN_VARIABLE` where nothing else is said.
        prefix: String,
        /// A `.env` file, asked after the environment.
        dotenv: Option<PathBuf>,
    },
}

/// The values may be secrets.
impl std::fmt::Debug for VariablesProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Static(_) => "Static",
            Self::Env { .. } => "Env",
        })
    }
}

/// More connections than one machine can have.
const MAX_CONNECTIONS: usize = 1_000_000;

/// The keys of Spin's runtime config that this host does not support.
const UNSUPPORTED: &[&str] = &[
    "client_tls",
    "llm_compute",
    "max_instance_memory",
    "otel",
    "outbound_mqtt",
    "outbound_mysql",
    "outbound_networking",
    "outbound_pg",
    "outbound_redis",
];

impl RuntimeConfig {
    /// Reads `file`.
    pub fn load(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| anyhow::anyhow!("cannot read the runtime config {}: {error}", file.display()))?;
        // A path in it starts at its own folder, wherever the command was given.
        let file = std::path::absolute(file)?;
        Ok(Self::parse(&file, &text)?)
    }

    /// Parses the `text` of `file`.
    pub fn parse(file: &Path, text: &str) -> Result<Self, Error> {
        let source = Source::new(file, text);
        let parsed = source.parse()?;
        let mut root = Table::root(source, &parsed);
        let dir = file.parent().unwrap_or(Path::new(""));
        root.refuse(UNSUPPORTED)?;
        let string = |value: Option<Value<'_>>| value.map(|value| value.string()).transpose();
        let config = Self {
            state_dir: string(root.take("state_dir"))?,
            log_dir: string(root.take("log_dir"))?,
            key_value_stores: named(root.take("key_value_store"), |table| key_value_store(table, dir))?,
            sqlite_databases: named(root.take("sqlite_database"), sqlite_database)?,
            outbound_http: root
                .take("outbound_http")
                .map_or(Ok(OutboundHttp::default()), |value| outbound_http(value.table()?))?,
            variables_providers: match root
                .take("variables_provider")
                .or_else(|| root.take("config_provider"))
            {
                Some(providers) => providers
                    .array()?
                    .iter()
                    .map(variables_provider)
                    .collect::<Result<_, _>>()?,
                None => Vec::new(),
            },
        };
        root.finish()?;
        Ok(config)
    }
}

/// Reads a table of tables by name.
fn named<'a, T>(
    value: Option<Value<'a>>,
    read: impl Fn(Table<'a>) -> Result<T, Error>,
) -> Result<BTreeMap<String, T>, Error> {
    let Some(value) = value else {
        return Ok(BTreeMap::new());
    };
    let entries = value.table()?.into_entries();
    entries
        .into_iter()
        .map(|entry| Ok((entry.key().to_owned(), read(entry.table()?)?)))
        .collect()
}

fn key_value_store(mut table: Table<'_>, dir: &Path) -> Result<KeyValueStore, Error> {
    let kind = table.require("type")?;
    let store = match kind.string()?.as_str() {
        "spin" => match table.take("path") {
            Some(path) => KeyValueStore::File(dir.join(path.string()?)),
            None => KeyValueStore::Memory,
        },
        "redis" => KeyValueStore::Redis(table.require("url")?.string()?),
        other => return Err(unsupported_type(&kind, other, "spin, redis")),
    };
    table.finish()?;
    Ok(store)
}

/// Spin takes a relative path of a database from the working directory, unlike one of a key-value store. So do we: the
/// same two files must mean the same.
fn sqlite_database(mut table: Table<'_>) -> Result<SqliteDatabase, Error> {
    let kind = table.require("type")?;
    match kind.string()?.as_str() {
        "spin" => {}
        other => return Err(unsupported_type(&kind, other, "spin")),
    }
    let path = match table.take("path") {
        Some(path) => {
            let given = path.string()?;
            Some(std::path::absolute(&given).map_err(|error| path.error(format!("is no path: {error}")))?)
        }
        None => None,
    };
    let allow_attach_file = table
        .take("allow_attach_file")
        .map_or(Ok(false), |value| value.bool())?;
    table.finish()?;
    Ok(SqliteDatabase {
        path,
        allow_attach_file,
    })
}

/// Whether connections are pooled has to be said: where the table leaves it out, Spin documents that they are, and does not.
fn outbound_http(mut table: Table<'_>) -> Result<OutboundHttp, Error> {
    let connection_pooling = table.require("connection_pooling")?.bool()?;
    let max_connections = match table.take("max_connections") {
        Some(value) => {
            let given = value.integer()?;
            let count = usize::try_from(given)
                .ok()
                .filter(|count| *count <= MAX_CONNECTIONS);
            Some(count.ok_or_else(|| value.error(format!("must be from 0 to {MAX_CONNECTIONS}")))?)
        }
        None => None,
    };
    table.finish()?;
    Ok(OutboundHttp {
        connection_pooling,
        max_connections,
    })
}

fn variables_provider(value: &Value<'_>) -> Result<VariablesProvider, Error> {
    let mut table = value.table()?;
    let kind = table.require("type")?;
    let provider = match kind.string()?.as_str() {
        "static" => {
            let values = table.require("values")?.table()?.into_entries();
            let values = values
                .iter()
                .map(|entry| Ok((entry.key().to_owned(), entry.string()?)));
            VariablesProvider::Static(values.collect::<Result<_, Error>>()?)
        }
        "env" => VariablesProvider::Env {
            prefix: match table.take("prefix") {
                Some(prefix) => prefix.string()?,
                None => crate::variables::ENVIRONMENT_PREFIX.to_owned(),
            },
            dotenv: table
                .take("dotenv_path")
                .map(|path| path.string())
                .transpose()?
                .map(PathBuf::from),
        },
        other => return Err(unsupported_type(&kind, other, "static, env")),
    };
    table.finish()?;
    Ok(provider)
}

fn unsupported_type(kind: &Value<'_>, given: &str, known: &str) -> Error {
    kind.error(format!(
        "is {given:?}, which jetway-host does not support; it has: {known}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<RuntimeConfig, String> {
        RuntimeConfig::parse(Path::new("/etc/app/runtime.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn stores_and_databases_are_read() {
        let config = parse(
            r#"
            state_dir = "/var/lib/app"
            [key_value_store.default]
            type = "redis"
            url = "redis://:secret@cache:6379"
            [key_value_store.scratch]
            type = "spin"
            [key_value_store.kept]
            type = "spin"
            path = "kept.db"
            [sqlite_database.default]
            type = "spin"
            path = "/var/lib/app/users.db"
            "#,
        )
        .unwrap();
        assert_eq!(config.state_dir.as_deref(), Some("/var/lib/app"));
        assert_eq!(
            config.key_value_stores["default"],
            KeyValueStore::Redis("redis://:secret@cache:6379".into())
        );
        assert_eq!(config.key_value_stores["scratch"], KeyValueStore::Memory);
        assert_eq!(
            config.key_value_stores["kept"],
            KeyValueStore::File("/etc/app/kept.db".into())
        );
        assert_eq!(
            config.sqlite_databases["default"].path.as_deref(),
            Some(Path::new("/var/lib/app/users.db"))
        );
        assert!(!format!("{config:?}").contains("secret"));
    }

    #[test]
    fn providers_of_variables_are_read_in_order() {
        let config = parse(
            "[[variables_provider]]\ntype = 'static'\nvalues = { a = 'b' }\n[[variables_provider]]\ntype = 'env'\n",
        )
        .unwrap();
        assert_eq!(
            config.variables_providers,
            [
                VariablesProvider::Static([("a".to_owned(), "b".to_owned())].into()),
                VariablesProvider::Env {
                    prefix: "SPIN_VARIABLE".into(),
                    dotenv: None
                },
            ]
        );
    }

    #[test]
    fn connections_can_be_limited() {
        let limited = parse("[outbound_http]\nconnection_pooling = false\nmax_connections = 10").unwrap();
        assert_eq!(
            limited.outbound_http,
            OutboundHttp {
                connection_pooling: false,
                max_connections: Some(10)
            }
        );
        assert_eq!(parse("").unwrap().outbound_http, OutboundHttp::default());
    }

    #[test]
    fn what_is_unknown_or_unsupported_is_named_with_its_line() {
        for (text, expected) in [
            ("\nstate_folder = 'x'", "2: `state_folder` is not a known key"),
            (
                "[outbound_networking]\nblock_private_networks = true",
                "1: `outbound_networking` is not supported by jetway-host; run this application with spin",
            ),
            (
                "[outbound_http]\nmax_connections = 1",
                "1: `outbound_http` needs the key `connection_pooling`",
            ),
            (
                "[outbound_http]\nconnection_pooling = true\nmax_connections = -1",
                "3: `outbound_http.max_connections` must be from 0 to 1000000",
            ),
            (
                "[key_value_store.a]\ntype = 'azure_cosmos'",
                "2: `key_value_store.a.type` is \"azure_cosmos\", which jetway-host does not support; it has: spin, redis",
            ),
            (
                "[key_value_store.a]\ntype = 'spin'\nurl = 'x'",
                "3: `key_value_store.a.url` is not a known key",
            ),
            (
                "[key_value_store.a]\ntype = 'redis'",
                "1: `key_value_store.a` needs the key `url`",
            ),
            (
                "[sqlite_database.a]\ntype = 'libsql'",
                "2: `sqlite_database.a.type` is \"libsql\", which jetway-host does not support; it has: spin",
            ),
            (
                "[[variables_provider]]\ntype = 'vault'",
                "2: `variables_provider[0].type` is \"vault\", which jetway-host does not support; it has: static, env",
            ),
        ] {
            assert_eq!(
                parse(text).unwrap_err(),
                format!("/etc/app/runtime.toml:{expected}"),
                "{text}"
            );
        }
    }
}
