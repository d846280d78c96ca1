//! The model of a loaded application: what the manifest says, checked and resolved, as plain data.
//!
//! Only [`crate::manifest`] makes an [`App`], and whatever is in one is valid: each component that a trigger names
//! exists, each variable that a template names is declared, each `.wasm` file is there.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::template::Template;

/// An application, ready to be run.
#[derive(Clone, Debug)]
pub struct App {
    /// `[application] name`.
    pub name: String,
    /// `[application] version`, empty where there is none.
    pub version: String,
    /// The folder of the manifest, absolute: relative paths start here.
    pub base_dir: PathBuf,
    /// The application's variables, by name.
    pub variables: BTreeMap<String, VariableDecl>,
    /// The HTTP triggers, in the order of the manifest.
    pub http_triggers: Vec<HttpTrigger>,
    /// The Redis triggers, in the order of the manifest.
    pub redis_triggers: Vec<RedisTrigger>,
    /// `[application.trigger.redis] address`: the server of the Redis triggers that name none.
    pub redis_default_address: Option<Template>,
    /// The components, by id. A component that several triggers use, at least one of them with middleware, has been
    /// split into one component for each trigger with middleware, named `<component>-for-<trigger id>`.
    pub components: BTreeMap<String, Component>,
}

/// An application variable: either it has a default or it is required.
#[derive(Clone, PartialEq, Eq)]
pub struct VariableDecl {
    /// The value where none is given.
    pub default: Option<String>,
    /// Whether a value must be given.
    pub required: bool,
    /// Whether the value must never be shown.
    pub secret: bool,
}

/// The default of a secret may be a secret too.
impl std::fmt::Debug for VariableDecl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let default = self
            .default
            .as_ref()
            .map(|value| if self.secret { "(secret)" } else { value });
        f.debug_struct("VariableDecl")
            .field("default", &default)
            .field("required", &self.required)
            .field("secret", &self.secret)
            .finish()
    }
}

/// A route, and the component that answers it.
#[derive(Clone, Debug)]
pub struct HttpTrigger {
    /// The trigger's id, given or derived.
    pub id: String,
    /// The key of its component in [`App::components`].
    pub component: String,
    /// Where it answers.
    pub route: Route,
}

/// Where an HTTP trigger answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// On requests whose path matches this pattern.
    Path(String),
    /// Only on requests of the application's own components, to `http://<component>.spin.internal`.
    Private,
}

/// A Redis channel, and the component that takes its messages.
#[derive(Clone, Debug)]
pub struct RedisTrigger {
    /// The trigger's id, given or derived.
    pub id: String,
    /// The key of its component in [`App::components`].
    pub component: String,
    /// The channel it subscribes to.
    pub channel: Template,
    /// The server, where it is not [`App::redis_default_address`].
    pub address: Option<Template>,
}

/// A WebAssembly component and what it may touch.
#[derive(Clone, Debug)]
pub struct Component {
    /// Its id: its own key in [`App::components`].
    pub id: String,
    /// The id in the manifest, which differs from `id` where the component was split for a trigger.
    pub manifest_id: String,
    /// The `.wasm` file, absolute.
    pub source: PathBuf,
    /// Environment variables of the guest.
    pub environment: BTreeMap<String, String>,
    /// Where it may connect to; see [`crate::allowed_hosts`].
    pub allowed_outbound_hosts: Vec<Template>,
    /// The key-value stores that it may open.
    pub key_value_stores: Vec<String>,
    /// The SQLite databases that it may open.
    pub sqlite_databases: Vec<String>,
    /// Its variables, by name.
    pub variables: BTreeMap<String, Template>,
    /// What its HTTP requests pass through before they reach it, outermost first.
    pub middleware: Vec<Middleware>,
}

/// A component in front of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Middleware {
    /// How the manifest names it: a component's id or the path of a file.
    pub name: String,
    /// The `.wasm` file, absolute.
    pub source: PathBuf,
    /// What it shares with the component behind it. All else is denied.
    pub inherit: Inherit,
}

/// Which permissions of the component behind it a middleware shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inherit {
    /// None.
    None,
    /// All.
    All,
    /// These only.
    Some(Vec<CapabilitySet>),
}

impl Inherit {
    /// Whether the middleware shares `set`.
    #[must_use]
    pub fn includes(&self, set: CapabilitySet) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Some(sets) => sets.contains(&set),
        }
    }
}

/// A group of permissions that `inherit_configuration` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CapabilitySet {
    /// `ai_models`
    AiModels,
    /// `allowed_outbound_hosts`
    AllowedOutboundHosts,
    /// `environment`
    Environment,
    /// `files`
    Files,
    /// `key_value_stores`
    KeyValueStores,
    /// `sqlite_databases`
    SqliteDatabases,
    /// `variables`
    Variables,
}

impl CapabilitySet {
    /// Every set.
    pub const ALL: [Self; 7] = [
        Self::AiModels,
        Self::AllowedOutboundHosts,
        Self::Environment,
        Self::Files,
        Self::KeyValueStores,
        Self::SqliteDatabases,
        Self::Variables,
    ];

    /// Its name in a manifest.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AiModels => "ai_models",
            Self::AllowedOutboundHosts => "allowed_outbound_hosts",
            Self::Environment => "environment",
            Self::Files => "files",
            Self::KeyValueStores => "key_value_stores",
            Self::SqliteDatabases => "sqlite_databases",
            Self::Variables => "variables",
        }
    }

    /// The set of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|set| set.name() == name)
    }
}
