//! The values of `--variable`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context as _;

/// One `--variable`.
#[derive(Clone, PartialEq, Eq)]
pub enum VariableSource {
    /// `KEY=VALUE`
    Value(String, String),
    /// `KEY=@FILE`: the whole text of the file.
    File(String, PathBuf),
    /// `@FILE.json`: an object of strings.
    Json(PathBuf),
    /// `@FILE.toml`: a table of strings.
    Toml(PathBuf),
}

/// A value may be a secret.
impl fmt::Debug for VariableSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(name, _) | Self::File(name, _) => f.write_str(name),
            Self::Json(file) | Self::Toml(file) => write!(f, "@{}", file.display()),
        }
    }
}

impl FromStr for VariableSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(file) = text.strip_prefix('@') {
            let file = PathBuf::from(file);
            return match file.extension().and_then(|extension| extension.to_str()) {
                Some("json") => Ok(Self::Json(file)),
                Some("toml") => Ok(Self::Toml(file)),
                _ => Err("a file of variables ends in .json or .toml".to_owned()),
            };
        }
        let (name, value) = text
            .split_once('=')
            .ok_or("it needs the form KEY=VALUE or @FILE")?;
        Ok(match value.strip_prefix('@') {
            Some(file) => Self::File(name.to_owned(), file.into()),
            None => Self::Value(name.to_owned(), value.to_owned()),
        })
    }
}

impl VariableSource {
    /// The name, where the command line itself gives one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Value(name, _) | Self::File(name, _) => Some(name),
            Self::Json(_) | Self::Toml(_) => None,
        }
    }

    /// The values. An error names the file and shows none of its text.
    pub fn read(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let text = |file: &PathBuf| {
            std::fs::read_to_string(file)
                .with_context(|| format!("--variable: cannot read {}", file.display()))
        };
        match self {
            Self::Value(name, value) => Ok([(name.clone(), value.clone())].into()),
            Self::File(name, file) => Ok([(name.clone(), text(file)?)].into()),
            Self::Json(file) => serde_json::from_str(&text(file)?).map_err(|error| {
                anyhow::anyhow!(
                    "--variable: {}:{} is not an object of strings",
                    file.display(),
                    error.line()
                )
            }),
            Self::Toml(file) => toml::from_str(&text(file)?)
                .map_err(|_| anyhow::anyhow!("--variable: {} is not a table of strings", file.display())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_spin_is_known() {
        for (text, expected) in [
            ("a=b=c", VariableSource::Value("a".into(), "b=c".into())),
            ("a=", VariableSource::Value("a".into(), String::new())),
            ("a=@b.txt", VariableSource::File("a".into(), "b.txt".into())),
            ("@b.json", VariableSource::Json("b.json".into())),
            ("@b.toml", VariableSource::Toml("b.toml".into())),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for text in ["a", "@a", "@a.yaml"] {
            assert!(text.parse::<VariableSource>().is_err(), "{text}");
        }
    }

    #[test]
    fn files_are_read_and_their_text_is_never_shown() {
        let dir = std::env::temp_dir().join(format!("jetway-variables-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let source = |form: &str, name: &str, text: &str| {
            let file = dir.join(name);
            std::fs::write(&file, text).unwrap();
            format!("{form}{}", file.display())
                .parse::<VariableSource>()
                .unwrap()
        };
        let expected = BTreeMap::from([("a".to_owned(), "secret".to_owned())]);
        assert_eq!(
            source("@", "v.json", r#"{"a":"secret"}"#).read().unwrap(),
            expected
        );
        assert_eq!(source("@", "v.toml", "a = 'secret'").read().unwrap(), expected);
        assert_eq!(source("a=@", "v.txt", "secret").read().unwrap(), expected);
        for broken in [
            source("@", "x.json", r#"{"a":"secret""#),
            source("@", "x.toml", "a = 'secret"),
        ] {
            let error = format!("{:#}", broken.read().unwrap_err());
            assert!(
                !error.contains("secret") && error.contains("--variable: "),
                "{error}"
            );
        }
        std::fs::remove_dir_all(dir).unwrap();
    }
}
