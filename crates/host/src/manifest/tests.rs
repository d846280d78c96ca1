//! What manifests mean, and the exact words for those that are wrong.

use std::path::Path;

use super::*;
use crate::app::{CapabilitySet, Inherit, Route};

/// A manifest that lacks nothing. Its last line is 17, so what a test appends begins on line 18.
const BASE: &str = r#"spin_manifest_version = 2

[application]
name = "test"

[variables]
host = { default = "example.com" }
token = { required = true, secret = true }

[component.web]
source = "target/web.wasm"

[component.guard]
source = "guard.wasm"
description = "Lets through or not."
build = { command = "cargo build", watch = ["src"] }

"#;

const TRIGGER: &str = "[[trigger.http]]\nroute = \"/...\"\ncomponent = \"web\"\n";

fn read(text: &str) -> Result<App, String> {
    parse(Path::new("/app/spin.toml"), text).map_err(|error| error.to_string())
}

/// Reads [`BASE`] with `text` after it.
fn read_with(text: &str) -> Result<App, String> {
    read(&format!("{BASE}{text}"))
}

/// The error for [`BASE`] with `text` after it, without the file's name.
fn error_with(text: &str) -> String {
    let error = read_with(text).unwrap_err();
    error.strip_prefix("/app/spin.toml:").unwrap_or(&error).to_owned()
}

/// The ids of the components of an application.
fn ids(app: &App) -> Vec<&str> {
    app.components.keys().map(String::as_str).collect()
}

#[test]
fn a_component_has_what_its_section_says() {
    let app = read_with(
        r#"
        [[trigger.http]]
        route = "/api/..."
        component = "api"
        [component.api]
        source = "api.wasm"
        environment = { MODE = "test" }
        allowed_outbound_hosts = ["https://{{ host }}", "redis://cache"]
        key_value_stores = ["default"]
        sqlite_databases = ["default"]
        variables = { url = "https://{{ host }}/{{ token }}" }
        "#,
    )
    .unwrap();
    let api = &app.components["api"];
    assert_eq!(
        (app.name.as_str(), app.base_dir.as_path()),
        ("test", Path::new("/app"))
    );
    assert_eq!((api.id.as_str(), api.manifest_id.as_str()), ("api", "api"));
    assert_eq!(api.source, Path::new("/app/api.wasm"));
    assert_eq!(api.environment["MODE"], "test");
    assert_eq!(api.allowed_outbound_hosts[0].to_string(), "https://{{ host }}");
    assert_eq!(
        (&api.key_value_stores[..], &api.sqlite_databases[..]),
        (&["default".into()][..], &["default".into()][..])
    );
    assert_eq!(api.variables["url"].to_string(), "https://{{ host }}/{{ token }}");
    assert_eq!(app.http_triggers[0].route, Route::Path("/api/...".into()));
    assert_eq!(ids(&app), ["api"], "components without a trigger are left out");
}

#[test]
fn triggers_without_an_id_get_spins() {
    let app = read_with(
        r#"
        [[trigger.http]]
        route = "/a"
        component = "web"
        [[trigger.http]]
        route = "/b"
        component = "web"
        [[trigger.http]]
        id = "named"
        route = { private = true }
        component = "web"
        [[trigger.http]]
        route = "/c"
        component = { source = "inline.wasm" }
        [[trigger.redis]]
        channel = "{{ host }}"
        component = "web"
        [application.trigger.redis]
        address = "redis://{{ host }}"
        "#,
    )
    .unwrap();
    let http: Vec<_> = app
        .http_triggers
        .iter()
        .map(|t| (t.id.as_str(), t.component.as_str()))
        .collect();
    assert_eq!(
        http,
        [
            ("web-http-trigger", "web"),
            ("http-trigger1", "web"),
            ("named", "web"),
            ("http-trigger2", "http-trigger2-component"),
        ]
    );
    assert_eq!(app.http_triggers[2].route, Route::Private);
    assert_eq!(app.redis_triggers[0].id, "web-redis-trigger");
    assert_eq!(app.redis_triggers[0].channel.to_string(), "{{ host }}");
    assert_eq!(
        app.redis_default_address.unwrap().to_string(),
        "redis://{{ host }}"
    );
}

#[test]
fn a_component_with_middleware_is_split_where_others_name_it_too() {
    let app = read_with(
        r#"
        [[trigger.http]]
        route = "/a"
        component = "web"
        dependencies.middleware = [
          { component = "guard", inherit_configuration = ["key_value_stores", "variables"] },
          { path = "log.wasm" },
        ]
        [[trigger.http]]
        id = "all"
        route = "/b"
        component = "web"
        dependencies.middleware = [{ component = "guard", inherit_configuration = true }]
        [[trigger.http]]
        route = { private = true }
        component = "web"
        "#,
    )
    .unwrap();
    assert_eq!(ids(&app), ["web", "web-for-all", "web-for-web-http-trigger"]);
    let guarded = &app.components["web-for-web-http-trigger"];
    assert_eq!(
        (guarded.id.as_str(), guarded.manifest_id.as_str()),
        ("web-for-web-http-trigger", "web")
    );
    assert_eq!(guarded.middleware[0].name, "guard");
    assert_eq!(guarded.middleware[0].source, Path::new("/app/guard.wasm"));
    assert_eq!(
        guarded.middleware[0].inherit,
        Inherit::Some(vec![CapabilitySet::KeyValueStores, CapabilitySet::Variables])
    );
    assert_eq!(guarded.middleware[1].source, Path::new("/app/log.wasm"));
    assert_eq!(guarded.middleware[1].inherit, Inherit::None);
    assert_eq!(app.components["web-for-all"].middleware[0].inherit, Inherit::All);
    assert!(app.components["web"].middleware.is_empty());
    assert_eq!(app.http_triggers[2].component, "web");
}

#[test]
fn a_component_of_one_trigger_keeps_its_id() {
    let app = read_with(&format!(
        "{TRIGGER}dependencies.middleware = [{{ component = \"guard\" }}]"
    ))
    .unwrap();
    assert_eq!(ids(&app), ["web"]);
    assert_eq!(app.components["web"].middleware.len(), 1);
}

#[test]
fn a_selection_keeps_its_triggers_only() {
    let app = || {
        read_with("[[trigger.http]]\nroute='/a'\ncomponent='web'\n[[trigger.redis]]\nchannel='c'\ncomponent='guard'\n").unwrap()
    };
    let part = select(app(), &["guard".into()]).unwrap();
    assert_eq!(
        (ids(&part), part.http_triggers.len(), part.redis_triggers.len()),
        (vec!["guard"], 0, 1)
    );
    assert_eq!(select(app(), &[]).unwrap().components.len(), 2);
    assert_eq!(
        select(app(), &["wbe".into()]).unwrap_err().to_string(),
        "--component-id wbe: the application has no such component; it has: guard, web"
    );
}

#[test]
fn a_selection_may_not_call_what_it_leaves_out() {
    let app = || {
        read_with(
            r#"
            [[trigger.http]]
            route = "/status"
            component = "status"
            [component.status]
            source = "status.wasm"
            allowed_outbound_hosts = ["http://web.spin.internal"]
            [[trigger.http]]
            route = "/any"
            component = "any"
            [component.any]
            source = "any.wasm"
            allowed_outbound_hosts = ["http://*.spin.internal"]
            [[trigger.http]]
            route = "/web"
            component = "web"
            "#,
        )
        .unwrap()
    };
    let error = |ids: &[&str]| {
        let ids: Vec<_> = ids.iter().map(|id| (*id).to_owned()).collect();
        select(app(), &ids).err().map(|error| error.to_string())
    };
    assert_eq!(error(&["status", "web"]), None);
    assert_eq!(
        error(&["status"]).unwrap(),
        "--component-id: component `status` may call `web`, which is not selected: select it too"
    );
    assert_eq!(
        error(&["any", "web"]).unwrap(),
        "--component-id: component `any` may call every component (http://*.spin.internal), so it runs only in \
         the whole application"
    );
}

#[test]
fn a_missing_build_says_what_to_do() {
    let error = check_sources(&read_with(TRIGGER).unwrap())
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "component `web` is not built: /app/target/web.wasm is missing; build it with `cargo xtask build`"
    );
}

#[test]
fn what_is_not_known_is_named_with_its_line() {
    for (text, expected) in [
        (
            "[component.web.varables]\na = 'b'",
            "18: `component.web.varables` is not a known key",
        ),
        (
            "[[trigger.http]]\nroute = '/'\ncomponent = 'web'\nroutes = 1",
            "21: `trigger.http[0].routes` is not a known key",
        ),
        ("[extra]", "18: `extra` is not a known key"),
        (
            "[application.trigger.http]\nbase = '/'",
            "18: `application.trigger.http` is not supported by jetway-host; run this application with spin",
        ),
    ] {
        let trigger = if text.contains("trigger.http]]") {
            ""
        } else {
            TRIGGER
        };
        assert_eq!(error_with(&format!("{text}\n{trigger}")), expected, "{text}");
    }
}

#[test]
fn what_spin_has_and_this_host_has_not_is_said() {
    let unsupported = "is not supported by jetway-host; run this application with spin";
    for (text, expected) in [
        ("[component.x]\nsource = 'x'\nfiles = ['assets/*']", format!("20: `component.x.files` {unsupported}")),
        ("[component.x]\nsource = 'x'\nai_models = ['llama']", format!("20: `component.x.ai_models` {unsupported}")),
        ("[component.x]\nsource = 'x'\ndependencies = { 'a:b' = '1' }", format!("20: `component.x.dependencies` {unsupported}")),
        ("[component.x]\nsource = { url = 'u', digest = 'd' }", "19: `component.x.source` is a remote component, which jetway-host does not support: name a file".into()),
        ("[[trigger.cron]]\ncomponent = 'web'", format!("18: `trigger.cron` {unsupported}")),
        ("[[trigger.http]]\nroute = '/'\nstatic_response = { status_code = 404 }", format!("20: `trigger.http[0].static_response` {unsupported}")),
        ("[[trigger.http]]\nroute = '/'\ncomponent = 'web'\nexecutor = { type = 'wagi' }", "21: `trigger.http[0].executor.type` is \"wagi\", which jetway-host does not support; run this application with spin".into()),
    ] {
        let trigger = if text.contains("[[trigger") { "" } else { TRIGGER };
        assert_eq!(error_with(&format!("{text}\n{trigger}")), expected, "{text}");
    }
}

#[test]
fn what_spin_refuses_is_refused() {
    for (text, expected) in [
        (
            "[component.bad_id]\nsource = 'x'",
            "18: `component.bad_id` is no id for a component: it must not contain '_'; its words are separated by '-'",
        ),
        ("[component.x]", "18: `component.x` needs the key `source`"),
        (
            "[component.x]\nsource = 'x'\nvariables = { Upper = 'a' }",
            "20: `component.x.variables.Upper` is no name for a variable: it must be in lower case",
        ),
        (
            "[component.x]\nsource = 'x'\nvariables = { a = '{{ nobody }}' }",
            "20: `component.x.variables.a` names the variable `nobody`, which [variables] does not declare",
        ),
        (
            "[component.x]\nsource = 'x'\nvariables = { a = '{{ host' }",
            "20: `component.x.variables.a` is wrong: `{{` is never closed by `}}`",
        ),
        (
            "[component.x]\nsource = 'x'\nallowed_outbound_hosts = [\n'http://ok.com',\n'example.com']",
            "22: `component.x.allowed_outbound_hosts[1]` is wrong: \"example.com\" is no allowed host: it needs the form SCHEME://HOST[:PORT], as in https://example.com",
        ),
        (
            "[component.x]\nsource = 'x'\nallowed_outbound_hosts = ['{{ host }}']",
            "20: `component.x.allowed_outbound_hosts[0]` is wrong: \"example.com\" is no allowed host: it needs the form SCHEME://HOST[:PORT], as in https://example.com",
        ),
        (
            "[component.x]\nsource = 'x'\nkey_value_stores = ['a b']",
            "20: `component.x.key_value_stores[0]` is \"a b\", which is no name: it must not contain ' '; its words are separated by '-'",
        ),
        (
            "[variables.both]\ndefault = 'x'\nrequired = true",
            "18: `variables.both` must be `required` or have a `default`, not both",
        ),
        (
            "[variables.none]\nsecret = true",
            "18: `variables.none` must be `required` or have a `default`",
        ),
        (
            "[variables.Bad]\ndefault = 'x'",
            "18: `variables.Bad` is no name for a variable: it must be in lower case",
        ),
        (
            "[[trigger.http]]\nroute = '/'\ncomponent = 'wbe'",
            "20: `trigger.http[0].component` names `wbe`, but there is no [component.wbe]",
        ),
        (
            "[[trigger.http]]\nroute = { private = false }\ncomponent = 'web'",
            "19: `trigger.http[0].route.private` must be true; a route that is not private is a string",
        ),
        (
            "[[trigger.http]]\nroute = '/.well-known/spin/x'\ncomponent = 'web'",
            "19: `trigger.http[0].route` cannot be used: paths under /.well-known/spin/ are the host's own",
        ),
        (
            "[[trigger.redis]]\ncomponent = 'web'",
            "18: `trigger.redis[0]` needs the key `channel`",
        ),
        (
            "[[trigger.redis]]\nchannel = 'c'\ncomponent = 'web'\n[application.trigger.redis]",
            "21: `application.trigger.redis` needs the key `address`",
        ),
        (
            "[trigger]",
            "18: `trigger` has no triggers: nothing would ever run",
        ),
    ] {
        let trigger = if text.contains("trigger") { "" } else { TRIGGER };
        assert_eq!(error_with(&format!("{text}\n{trigger}")), expected, "{text}");
    }
}

#[test]
fn middleware_is_refused_where_it_would_surprise() {
    for (middleware, expected) in [
        (
            "{ component = 'nobody' }",
            "names `nobody`, but there is no [component.nobody]",
        ),
        (
            "{ component = 'rich' }",
            "names `rich`, whose section has key_value_stores, variables: a middleware has no permissions of its own, it inherits those of the component behind it",
        ),
        (
            "{ inherit_configuration = true }",
            "needs either `component` or `path`",
        ),
        (
            "{ url = 'https://example.com/x.wasm', digest = 'sha256:0' }",
            "is a remote component, which jetway-host does not support: name a file",
        ),
        (
            "{ component = 'guard', inherit_configuration = ['secrets'] }",
            "is \"secrets\", which is no set of permissions; there are: ai_models, allowed_outbound_hosts, environment, files, key_value_stores, sqlite_databases, variables",
        ),
        ("{ component = 'guard', inherit = true }", "is not a known key"),
    ] {
        let text = format!(
            "{TRIGGER}dependencies.middleware = [{middleware}]\n\
             [component.rich]\nsource = 'x'\nkey_value_stores = ['default']\nvariables = {{ a = 'b' }}\n"
        );
        let error = error_with(&text);
        assert!(
            error.starts_with("21: `trigger.http[0].dependencies.middleware[0]"),
            "{error}"
        );
        assert!(error.ends_with(expected), "{error}");
    }
}

#[test]
fn a_manifest_of_another_version_is_refused() {
    assert_eq!(
        read("spin_manifest_version = \"1\"\nname = 'x'").unwrap_err(),
        "/app/spin.toml:1: `spin_manifest_version` must be 2, the only version that jetway-host reads"
    );
    assert_eq!(
        read("").unwrap_err(),
        "/app/spin.toml:1: the file needs the key `spin_manifest_version`"
    );
}
