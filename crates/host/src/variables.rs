//! The values of an application's variables, settled once at the start.
//!
//! They come, first found first used, from the command line, from the runtime config's providers, from the environment
//! (`SPIN_VARIABLE_<NAME>`, then such a line in the working directory's `.env`), and from the manifest's default. No
//! error and no Debug output shows a value.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use crate::app::App;
use crate::runtime_config::VariablesProvider;
use crate::template::{Part, Template};

/// What the environment variables begin with, where the runtime config says nothing else.
pub const ENVIRONMENT_PREFIX: &str = "SPIN_VARIABLE";

/// Reads one environment variable: a parameter, so that tests need not change the process's own.
pub type ReadEnvironment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The values, by name and by component.
#[derive(Clone)]
pub struct Variables {
    values: BTreeMap<String, String>,
    components: BTreeMap<String, BTreeMap<String, Template>>,
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variables")
            .field("names", &self.values.keys())
            .finish_non_exhaustive()
    }
}

/// What is wrong with the variables.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A required variable has no value.
    #[error(
        "the variable `{0}` has no value: set it with --variable {0}=VALUE or with the environment variable \
         {ENVIRONMENT_PREFIX}_{upper}", upper = .0.to_ascii_uppercase()
    )]
    Missing(String),
    /// A value is given for a variable that the manifest does not declare.
    #[error("--variable {0}=...: the manifest declares no variable `{0}` in [variables]")]
    Undeclared(String),
    /// A component asks for a variable that its section does not name.
    #[error("component `{component}` has no variable `{name}`")]
    Undefined {
        /// The component.
        component: String,
        /// What it asked for.
        name: String,
    },
    /// A `.env` file cannot be read.
    #[error("cannot read {file}: {reason}")]
    Dotenv {
        /// The file.
        file: String,
        /// Why, without the line that is wrong: it may hold a secret.
        reason: String,
    },
}

impl Variables {
    /// Settles the variables of `app`. `given` are the values of the command line.
    pub fn new(
        app: &App,
        given: &BTreeMap<String, String>,
        providers: &[VariablesProvider],
        environment: ReadEnvironment<'_>,
    ) -> Result<Self, Error> {
        let mut sources = vec![Source::Values(given.clone())];
        for provider in providers {
            sources.push(Source::from_provider(provider, environment)?);
        }
        sources.push(Source::environment(
            ENVIRONMENT_PREFIX,
            Some(Path::new(".env")),
            environment,
        )?);

        let mut values = BTreeMap::new();
        for (name, declared) in &app.variables {
            let value = sources
                .iter()
                .find_map(|source| source.get(name))
                .or_else(|| declared.default.clone());
            values.insert(name.clone(), value.ok_or_else(|| Error::Missing(name.clone()))?);
        }
        let components = app
            .components
            .iter()
            .map(|(id, component)| (id.clone(), component.variables.clone()))
            .collect();
        Ok(Self { values, components })
    }

    /// The value of a component's own variable, as a guest asks for it.
    pub fn resolve(&self, component: &str, name: &str) -> Result<String, Error> {
        let template = self
            .components
            .get(component)
            .and_then(|variables| variables.get(name));
        let undefined = || Error::Undefined {
            component: component.to_owned(),
            name: name.to_owned(),
        };
        self.render(template.ok_or_else(undefined)?)
    }

    /// A template with the values in the place of the names.
    pub fn render(&self, template: &Template) -> Result<String, Error> {
        let mut text = String::new();
        for part in template.parts() {
            text.push_str(match part {
                Part::Literal(literal) => literal,
                Part::Variable(name) => self
                    .values
                    .get(name)
                    .ok_or_else(|| Error::Missing(name.clone()))?,
            });
        }
        Ok(text)
    }
}

/// One place where values come from.
enum Source<'a> {
    Values(BTreeMap<String, String>),
    Environment {
        prefix: String,
        dotenv: BTreeMap<String, String>,
        read: ReadEnvironment<'a>,
    },
}

impl<'a> Source<'a> {
    fn from_provider(provider: &VariablesProvider, read: ReadEnvironment<'a>) -> Result<Self, Error> {
        match provider {
            VariablesProvider::Static(values) => Ok(Self::Values(values.clone())),
            VariablesProvider::Env { prefix, dotenv } => Self::environment(prefix, dotenv.as_deref(), read),
        }
    }

    fn environment(prefix: &str, dotenv: Option<&Path>, read: ReadEnvironment<'a>) -> Result<Self, Error> {
        let dotenv = match dotenv {
            Some(file) if file.exists() => read_dotenv(file)?,
            _ => BTreeMap::new(),
        };
        Ok(Self::Environment {
            prefix: prefix.to_owned(),
            dotenv,
            read,
        })
    }

    fn get(&self, name: &str) -> Option<String> {
        match self {
            Self::Values(values) => values.get(name).cloned(),
            Self::Environment { prefix, dotenv, read } => {
                let key = format!("{prefix}_{}", name.to_ascii_uppercase());
                read(&key).or_else(|| dotenv.get(&key).cloned())
            }
        }
    }
}

fn read_dotenv(file: &Path) -> Result<BTreeMap<String, String>, Error> {
    let error = |reason: String| Error::Dotenv {
        file: file.display().to_string(),
        reason,
    };
    let lines = dotenvy::from_path_iter(file).map_err(|_| error("it cannot be opened".into()))?;
    lines
        .collect::<Result<_, _>>()
        .map_err(|_| error("a line is not NAME=VALUE".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest;

    const MANIFEST: &str = r#"
        spin_manifest_version = 2
        [application]
        name = "test"
        [variables]
        host = { default = "localhost" }
        token = { required = true, secret = true }
        [[trigger.http]]
        route = "/..."
        component = "web"
        [component.web]
        source = "web.wasm"
        [component.web.variables]
        url = "https://{{ host }}/{{token}}"
    "#;

    fn settle(
        given: &[(&str, &str)],
        providers: &[VariablesProvider],
        environment: &[(&str, &str)],
    ) -> Result<Variables, Error> {
        let app = manifest::parse(Path::new("/app/spin.toml"), MANIFEST).unwrap();
        let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect()
        };
        let environment = map(environment);
        Variables::new(&app, &map(given), providers, &|name| {
            environment.get(name).cloned()
        })
    }

    #[test]
    fn the_first_source_that_has_a_value_wins() {
        let provider = [VariablesProvider::Static(
            [("token".to_owned(), "provided".to_owned())].into(),
        )];
        let environment = [
            ("SPIN_VARIABLE_TOKEN", "environment"),
            ("SPIN_VARIABLE_HOST", "here"),
        ];
        for (given, providers, expected) in [
            (&[("token", "given")][..], &provider[..], "https://here/given"),
            (&[], &provider, "https://here/provided"),
            (&[], &[], "https://here/environment"),
        ] {
            let variables = settle(given, providers, &environment).unwrap();
            assert_eq!(variables.resolve("web", "url").unwrap(), expected);
        }
        let variables = settle(&[("token", "t")], &[], &[]).unwrap();
        assert_eq!(variables.resolve("web", "url").unwrap(), "https://localhost/t");
    }

    #[test]
    fn a_missing_value_says_how_to_set_it() {
        assert_eq!(
            settle(&[], &[], &[]).unwrap_err().to_string(),
            "the variable `token` has no value: set it with --variable token=VALUE or with the environment \
             variable SPIN_VARIABLE_TOKEN"
        );
    }

    #[test]
    fn a_component_reads_its_own_variables_only() {
        let variables = settle(&[("token", "t")], &[], &[]).unwrap();
        assert_eq!(
            variables.resolve("web", "token").unwrap_err().to_string(),
            "component `web` has no variable `token`"
        );
        assert!(variables.resolve("other", "url").is_err());
    }

    #[test]
    fn debug_shows_no_value() {
        let shown = format!("{:?}", settle(&[("token", "hidden")], &[], &[]).unwrap());
        assert!(shown.contains("token") && !shown.contains("hidden"), "{shown}");
    }

    #[test]
    fn a_dotenv_file_is_asked_after_the_environment() {
        let file = std::env::temp_dir().join(format!("jetway-dotenv-{}", std::process::id()));
        std::fs::write(&file, "APP_TOKEN=from-file\nAPP_HOST='file'\n").unwrap();
        let provider = [VariablesProvider::Env {
            prefix: "APP".into(),
            dotenv: Some(file.clone()),
        }];
        let variables = settle(&[], &provider, &[("APP_TOKEN", "from-environment")]).unwrap();
        std::fs::remove_file(file).unwrap();
        assert_eq!(
            variables.resolve("web", "url").unwrap(),
            "https://file/from-environment"
        );
    }
}
