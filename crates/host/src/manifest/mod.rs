//! Reads a spin.toml (version 2) strictly.
//!
//! What Spin refuses is refused here too. What Spin accepts and this host cannot do is an error that says so. What
//! neither knows is an error that names the key and the line: a permission or a limit with a spelling mistake must
//! never be ignored.

mod component;
mod ids;
mod middleware;
mod selection;
mod sources;
mod split;
mod trigger;
mod variables;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use anyhow::Context as _;

pub use self::selection::select;
pub use self::sources::check_sources;
use crate::app::App;
use crate::document::{Error, Source, Table, Value};
use crate::template::Template;

/// Finds the manifest that `from` means: a file, a folder with a `spin.toml`, or, where nothing is given, the
/// `spin.toml` of the working directory.
pub fn find(from: Option<&Path>) -> anyhow::Result<PathBuf> {
    let Some(from) = from else {
        let file = PathBuf::from("spin.toml");
        anyhow::ensure!(
            file.is_file(),
            "there is no spin.toml here: go to the folder that has one, or name it with --from"
        );
        return Ok(file);
    };
    if from.is_dir() {
        let file = from.join("spin.toml");
        anyhow::ensure!(file.is_file(), "there is no spin.toml in {}", from.display());
        return Ok(file);
    }
    anyhow::ensure!(
        from.is_file(),
        "there is no file {}: name a spin.toml with --from",
        from.display()
    );
    Ok(from.to_owned())
}

/// Reads the manifest in `file`.
pub fn load(file: &Path) -> anyhow::Result<App> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(parse(file, &text)?)
}

/// Reads the manifest `text` of `file`. Whether the files that it names exist is not asked; see [`check_sources`].
pub fn parse(file: &Path, text: &str) -> Result<App, Error> {
    let source = Source::new(file, text);
    let parsed = source.parse()?;
    let mut root = Table::root(source, &parsed);
    check_version(&mut root)?;

    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let base_dir = absolute.parent().unwrap_or(Path::new("/")).to_owned();
    let variables = variables::read(root.take("variables"))?;
    let scope = Scope {
        base_dir: &base_dir,
        variables: &variables,
    };

    let application = read_application(root.require("application")?.table()?, &scope)?;
    let mut components = component::read_all(root.take("component"), &scope)?;
    let triggers = trigger::read_all(root.require("trigger")?, &scope, &mut components)?;
    root.finish()?;

    let split = split::split(triggers, components)?;
    Ok(App {
        name: application.name,
        version: application.version,
        variables,
        http_triggers: split.http_triggers,
        redis_triggers: split.redis_triggers,
        redis_default_address: application.redis_address,
        components: split.components,
        base_dir,
    })
}

fn check_version(root: &mut Table<'_>) -> Result<(), Error> {
    let version = root.require("spin_manifest_version")?;
    match version.integer() {
        Ok(2) => Ok(()),
        _ => Err(version.error("must be 2, the only version that jetway-host reads")),
    }
}

/// What `[application]` says.
struct Application {
    name: String,
    version: String,
    redis_address: Option<Template>,
}

fn read_application(mut table: Table<'_>, scope: &Scope<'_>) -> Result<Application, Error> {
    let name = table.require("name")?.string()?;
    let version = table
        .take("version")
        .map_or(Ok(String::new()), |value| value.string())?;
    without_action(&mut table)?;
    if let Some(authors) = table.take("authors") {
        authors.strings()?;
    }
    let redis_address = match table.take("trigger") {
        Some(settings) => read_trigger_settings(settings.table()?, scope)?,
        None => None,
    };
    table.finish()?;
    Ok(Application {
        name,
        version,
        redis_address,
    })
}

/// `[application.trigger.TYPE]`: only the Redis trigger's default server.
fn read_trigger_settings(mut table: Table<'_>, scope: &Scope<'_>) -> Result<Option<Template>, Error> {
    let redis = table.take("redis").map(|value| value.table()).transpose()?;
    if let Some(other) = table.into_entries().first() {
        return Err(other.unsupported());
    }
    let Some(mut redis) = redis else { return Ok(None) };
    let address = scope.template(&redis.require("address")?)?;
    redis.finish()?;
    Ok(Some(address))
}

/// Takes the keys that say something to people and other tools, and nothing to a host.
fn without_action(table: &mut Table<'_>) -> Result<(), Error> {
    if let Some(description) = table.take("description") {
        description.string()?;
    }
    if let Some(targets) = table.take("targets") {
        targets.array()?;
    }
    if let Some(tool) = table.take("tool") {
        tool.table()?;
    }
    Ok(())
}

/// What the values of a manifest may refer to.
struct Scope<'a> {
    base_dir: &'a Path,
    variables: &'a std::collections::BTreeMap<String, crate::app::VariableDecl>,
}

impl Scope<'_> {
    /// A string that may refer to application variables, all of which must be declared.
    fn template(&self, value: &Value<'_>) -> Result<Template, Error> {
        let template =
            Template::parse(&value.string()?).map_err(|error| value.error(format!("is wrong: {error}")))?;
        if let Some(name) = template
            .variables()
            .find(|&name| !self.variables.contains_key(name))
        {
            return Err(value.error(format!(
                "names the variable `{name}`, which [variables] does not declare"
            )));
        }
        Ok(template)
    }
}
