//! Least privilege: the permissions in spin.toml and the imports of the built components are those of DESIGN's table
//! (see ARCHITECTURE.md), and no more.

use std::collections::BTreeSet;

use jetway_tests::prerequisites;
use toml::{Table, Value};
use wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentOuterAliasKind, ComponentType, ComponentTypeRef,
    InstanceTypeDeclaration, Parser, Payload,
};

/// What a component may do: by what its section in the manifest grants, and by what it imports itself.
struct Row {
    component: &'static str,
    /// `sqlite_databases`, `key_value_stores`, `allowed_outbound_hosts`.
    grants: [&'static [&'static str]; 3],
    imports: &'static [Capability],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Capability {
    Sqlite,
    KeyValue,
    Redis,
    Http,
    NextHandler,
    Variables,
}

use Capability::{Http, KeyValue, NextHandler, Redis, Sqlite, Variables};

const DEFAULT: &[&str] = &["default"];
const REDIS: &[&str] = &["{{ redis_url }}"];
/// `signin` says which public keys are the gateway's.
const KEYS: &[&str] = &["http://signin.spin.internal"];
const REDIS_AND_KEYS: &[&str] = &["{{ redis_url }}", "http://signin.spin.internal"];
/// `signin` hands over the key of the caller assertions, too.
const SERVICES: &[&str] = &[
    "{{ flight_service_hosts }}",
    "{{ booking_service_hosts }}",
    "http://signin.spin.internal",
];
/// Where mail is taken.
const MAIL: &[&str] = &["{{ mail_host }}"];
const MAIL_AND_REDIS: &[&str] = &["{{ mail_host }}", "{{ redis_url }}"];
const READINESS: &[&str] = &[
    "http://signup.spin.internal",
    "http://signin.spin.internal",
    "http://role-admin.spin.internal",
    "http://auth-endpoint.spin.internal",
    "http://notification-endpoint.spin.internal",
    "http://proxy.spin.internal",
];

/// The table. A middleware has no grants: what it uses is granted to the component behind it, and named in the route's
/// `inherit_configuration`.
const TABLE: &[Row] = &[
    Row {
        component: "signup",
        grants: [DEFAULT, DEFAULT, REDIS],
        imports: &[Sqlite, KeyValue, Redis, Variables],
    },
    Row {
        component: "signin",
        grants: [DEFAULT, DEFAULT, REDIS],
        imports: &[Sqlite, KeyValue, Redis, Variables],
    },
    Row {
        component: "role-admin",
        // `signin`: for the middleware before it.
        grants: [DEFAULT, DEFAULT, REDIS_AND_KEYS],
        imports: &[Sqlite, KeyValue, Redis, Variables],
    },
    Row {
        component: "auth-endpoint",
        grants: [&[], DEFAULT, KEYS],
        imports: &[Http, KeyValue, Variables],
    },
    Row {
        component: "proxy",
        // The store for itself too: its instances tell each other which address of a service fails.
        grants: [&[], DEFAULT, SERVICES],
        imports: &[Http, KeyValue, Variables],
    },
    Row {
        component: "notification",
        grants: [DEFAULT, &[], MAIL],
        imports: &[Sqlite, Http, Variables],
    },
    Row {
        component: "notification-endpoint",
        // The store: for the limits of the middleware before it.
        grants: [DEFAULT, DEFAULT, MAIL_AND_REDIS],
        imports: &[Sqlite, Http, Redis, Variables],
    },
    Row {
        component: "status",
        // The store: for the limits of the middleware before it.
        grants: [&[], DEFAULT, READINESS],
        imports: &[Http, Variables],
    },
    Row {
        component: "rate-limit",
        grants: [&[], &[], &[]],
        imports: &[KeyValue, NextHandler, Variables],
    },
    Row {
        component: "auth-check",
        grants: [&[], &[], &[]],
        imports: &[Http, KeyValue, NextHandler, Variables],
    },
];

const MIDDLEWARE: [&str; 2] = ["rate-limit", "auth-check"];

fn manifest() -> Table {
    std::fs::read_to_string(prerequisites::manifest())
        .unwrap()
        .parse()
        .unwrap()
}

fn components(manifest: &Table) -> &Table {
    manifest["component"].as_table().unwrap()
}

fn texts(section: &Table, key: &str) -> BTreeSet<String> {
    let list = section
        .get(key)
        .map(|list| list.as_array().unwrap().clone())
        .unwrap_or_default();
    list.into_iter()
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn each_component_is_granted_what_the_table_says() {
    let manifest = manifest();

    for row in TABLE {
        let section = components(&manifest)[row.component].as_table().unwrap();
        for (key, expected) in ["sqlite_databases", "key_value_stores", "allowed_outbound_hosts"]
            .into_iter()
            .zip(row.grants)
        {
            let expected: BTreeSet<_> = expected.iter().map(|&text| text.to_owned()).collect();
            assert_eq!(texts(section, key), expected, "{key} of {}", row.component);
        }
    }
}

#[test]
fn there_is_no_component_and_no_permission_beside_the_table() {
    let manifest = manifest();
    let known: BTreeSet<_> = TABLE.iter().map(|row| row.component).collect();
    let there: BTreeSet<_> = components(&manifest).keys().map(String::as_str).collect();
    assert_eq!(there, known);
    let harmless = ["source", "description", "build", "variables"];
    let in_the_table = ["sqlite_databases", "key_value_stores", "allowed_outbound_hosts"];

    for (name, section) in components(&manifest) {
        for key in section.as_table().unwrap().keys() {
            let key = key.as_str();
            let middleware = MIDDLEWARE.contains(&name.as_str());
            let allowed = if middleware {
                harmless[..3].contains(&key)
            } else {
                true
            };
            assert!(
                allowed && (harmless.contains(&key) || in_the_table.contains(&key)),
                "{key} of {name}"
            );
        }
    }
}

#[test]
fn each_component_imports_what_the_table_says() {
    let manifest = manifest();

    for row in TABLE {
        let source = components(&manifest)[row.component]["source"].as_str().unwrap();
        let bytes = std::fs::read(prerequisites::component(source)).unwrap();
        let imported: BTreeSet<_> = imports(&bytes)
            .iter()
            .filter_map(|name| capability(name))
            .collect();
        let expected: BTreeSet<_> = row.imports.iter().copied().collect();
        assert_eq!(
            imported,
            expected,
            "{} imports {:#?}",
            row.component,
            imports(&bytes)
        );
    }
}

/// The interfaces that a component calls. One that it imports for its types alone (the handler of a Redis trigger names the errors
/// of `spin:redis`) lets it do nothing.
fn imports(component: &[u8]) -> Vec<String> {
    let mut depth = 0;
    // For each type of the component, whether it is an interface with a function.
    let mut callable = Vec::new();
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        match payload.unwrap() {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentTypeSection(section) if depth == 0 => {
                callable.extend(section.into_iter().map(|ty| has_functions(&ty.unwrap())));
            }
            Payload::ComponentAliasSection(section) if depth == 0 => {
                let types = section
                    .into_iter()
                    .filter(|alias| is_type(alias.as_ref().unwrap()));
                callable.extend(types.map(|_| false));
            }
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    let import = import.unwrap();
                    match import.ty {
                        ComponentTypeRef::Instance(index) if !callable[index as usize] => {}
                        ComponentTypeRef::Type(_) => callable.push(false),
                        _ => names.push(import.name.name.to_owned()),
                    }
                }
            }
            _ => {}
        }
    }
    names
}

fn has_functions(ty: &ComponentType<'_>) -> bool {
    let ComponentType::Instance(declarations) = ty else {
        return false;
    };
    declarations.iter().any(|declaration| {
        matches!(
            declaration,
            InstanceTypeDeclaration::Export {
                ty: ComponentTypeRef::Func(_),
                ..
            }
        )
    })
}

fn is_type(alias: &ComponentAlias<'_>) -> bool {
    matches!(
        alias,
        ComponentAlias::InstanceExport {
            kind: ComponentExternalKind::Type,
            ..
        } | ComponentAlias::Outer {
            kind: ComponentOuterAliasKind::Type,
            ..
        }
    )
}

/// What an interface gives access to; `None` for what is inside the sandbox (clocks, randomness, streams, and a file
/// system without a file in it).
fn capability(interface: &str) -> Option<Capability> {
    let name = interface.split('@').next().unwrap_or_default();
    match name.split_once('/').unwrap_or((name, "")) {
        ("spin:sqlite", _) => Some(Sqlite),
        ("spin:key-value" | "wasi:keyvalue", _) => Some(KeyValue),
        ("spin:redis", _) => Some(Redis),
        ("spin:variables" | "wasi:config", _) => Some(Variables),
        ("wasi:http", "client" | "outgoing-handler") => Some(Http),
        ("wasi:http", "handler") => Some(NextHandler),
        ("wasi:http", "types") => None,
        ("wasi:cli" | "wasi:clocks" | "wasi:filesystem" | "wasi:io" | "wasi:random", _) => None,
        _ => panic!("an interface that the table says nothing of: {interface}"),
    }
}

/// Route, component, and the middleware in front of it, outermost first.
const ROUTES: &[(&str, &str, &[&str])] = &[
    ("/api/v1/signup", "signup", &["rate-limit"]),
    ("/api/v1/email/...", "signup", &["rate-limit"]),
    ("/api/v1/password/...", "signup", &["rate-limit"]),
    ("/api/v1/signin", "signin", &["rate-limit"]),
    ("/api/v1/signin/...", "signin", &["rate-limit"]),
    ("/api/v1/token/refresh", "signin", &["rate-limit"]),
    ("/api/v1/signout", "signin", &["rate-limit"]),
    ("/api/v1/me/...", "signin", &["rate-limit"]),
    ("/api/v1/notifications/unsubscribe", "signin", &["rate-limit"]),
    ("/api/v1/roles/...", "role-admin", &["rate-limit", "auth-check"]),
    ("/api/v1/users/...", "role-admin", &["rate-limit", "auth-check"]),
    ("/api/v1/audit", "role-admin", &["rate-limit", "auth-check"]),
    (
        "/api/v1/notifications/...",
        "role-admin",
        &["rate-limit", "auth-check"],
    ),
    (
        "/api/v1/admin/bootstrap",
        "role-admin",
        &["rate-limit", "auth-check"],
    ),
    ("/api/v1/auth/check", "auth-endpoint", &["rate-limit"]),
    ("/.well-known/jwks.json", "auth-endpoint", &["rate-limit"]),
    // Guarded by its own `rate_limits` and `access_policy`: see ARCHITECTURE.md.
    ("/api/v1/flights/...", "proxy", &[]),
    ("/api/v1/bookings/...", "proxy", &[]),
    // Guarded by the internal token, too.
    (
        "/internal/notifications/sweep",
        "notification-endpoint",
        &["rate-limit"],
    ),
    ("/internal/events", "notification-endpoint", &["rate-limit"]),
    ("/internal/inbox", "notification-endpoint", &["rate-limit"]),
    (
        "/internal/refused-messages",
        "notification-endpoint",
        &["rate-limit"],
    ),
    // Alive means alive: nothing is counted.
    ("/healthz", "status", &[]),
    ("/...", "status", &["rate-limit"]),
];

#[test]
fn each_route_has_its_component_and_its_middleware() {
    let manifest = manifest();
    let triggers = manifest["trigger"]["http"].as_array().unwrap();
    let public: Vec<_> = triggers
        .iter()
        .filter(|trigger| trigger["route"].is_str())
        .collect();

    let there: BTreeSet<_> = public
        .iter()
        .map(|trigger| trigger["route"].as_str().unwrap())
        .collect();
    let expected: BTreeSet<_> = ROUTES.iter().map(|(route, ..)| *route).collect();
    assert_eq!(there, expected);
    for (route, component, middleware) in ROUTES {
        let trigger = public
            .iter()
            .find(|trigger| trigger["route"].as_str() == Some(route))
            .unwrap();
        assert_eq!(trigger["component"].as_str(), Some(*component), "{route}");
        let names: Vec<_> = layers(trigger)
            .iter()
            .map(|layer| layer["component"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(names, *middleware, "{route}");
    }
}

#[test]
fn the_proxy_has_a_limit_and_a_policy_for_every_request() {
    let manifest = manifest();
    let variables = &components(&manifest)["proxy"]["variables"];
    let rules = |name: &str| variables[name].as_str().unwrap().trim().to_owned();

    let policy = rules("access_policy");
    for route in ["/api/v1/flights/...", "/api/v1/bookings/..."] {
        let rule = |line: &str| line.starts_with('*') && line.contains(route);
        assert!(policy.lines().any(rule), "{policy}");
    }
    let last = rules("rate_limits").lines().last().unwrap().to_owned();
    assert!(
        last.starts_with("* /...") && last.contains("rate_limit_default"),
        "{last}"
    );
}

fn layers(trigger: &Value) -> Vec<Value> {
    let dependencies = trigger
        .get("dependencies")
        .and_then(|dependencies| dependencies.get("middleware"));
    dependencies
        .map(|layers| layers.as_array().unwrap().clone())
        .unwrap_or_default()
}

#[test]
fn a_middleware_inherits_the_variables_and_the_store_and_one_of_them_the_way_to_the_keys() {
    let manifest = manifest();

    for trigger in manifest["trigger"]["http"].as_array().unwrap() {
        for layer in layers(trigger) {
            let inherited = texts(layer.as_table().unwrap(), "inherit_configuration");
            let inherited: Vec<_> = inherited.iter().map(String::as_str).collect();
            let asks_for_keys = layer["component"].as_str() == Some("auth-check");
            let expected: &[&str] = if asks_for_keys {
                &["allowed_outbound_hosts", "key_value_stores", "variables"]
            } else {
                &["key_value_stores", "variables"]
            };
            assert_eq!(inherited, expected, "{trigger}");
        }
    }
}

#[test]
fn readiness_is_asked_through_private_triggers() {
    let manifest = manifest();
    let triggers = manifest["trigger"]["http"].as_array().unwrap();

    let private: BTreeSet<_> = triggers
        .iter()
        .filter(|trigger| {
            trigger["route"]
                .get("private")
                .is_some_and(|private| private.as_bool() == Some(true))
        })
        .map(|trigger| format!("http://{}.spin.internal", trigger["component"].as_str().unwrap()))
        .collect();

    assert_eq!(private, READINESS.iter().map(|&host| host.to_owned()).collect());
}

#[test]
fn no_variable_that_is_secret_has_a_default_that_works() {
    let manifest = manifest();

    for (name, variable) in manifest["variables"].as_table().unwrap() {
        let secret = [
            "token",
            "pepper",
            "pepper_previous",
            "password",
            "secret",
            "api_key",
        ]
        .iter()
        .any(|word| name.ends_with(word));
        assert_eq!(
            variable
                .get("secret")
                .is_some_and(|secret| secret.as_bool() == Some(true)),
            secret,
            "{name}"
        );
        if secret {
            assert_eq!(
                variable.get("default").and_then(Value::as_str),
                Some(""),
                "{name}"
            );
        }
    }
}
