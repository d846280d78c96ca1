//! `{{ name }}` templates, as the values of a manifest may contain them.

use std::fmt;

/// A string with references to application variables in double curly braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

/// A piece of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text that stands for itself.
    Literal(String),
    /// The value of the application variable of this name.
    Variable(String),
}

/// A `{{` without its `}}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{{{{` is never closed by `}}}}`")]
pub struct Unclosed;

impl Template {
    /// Splits `text` into literals and references. Whether the variables exist is the manifest's question.
    pub fn parse(text: &str) -> Result<Self, Unclosed> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, opened)) = rest.split_once("{{") {
            let (name, after) = opened.split_once("}}").ok_or(Unclosed)?;
            if !literal.is_empty() {
                parts.push(Part::Literal(literal.to_owned()));
            }
            parts.push(Part::Variable(name.trim().to_owned()));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Ok(Self { parts })
    }

    /// The pieces, in order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The names of the variables it refers to, in order, with repetitions.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            Part::Literal(_) => None,
        })
    }

    /// Whether it refers to no variable, so that it is its own value.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.variables().next().is_none()
    }
}

/// The template as it would be written in a manifest.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Literal(text) => f.write_str(text),
            Part::Variable(name) => write!(f, "{{{{ {name} }}}}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(text: &str) -> Part {
        Part::Literal(text.into())
    }

    fn variable(name: &str) -> Part {
        Part::Variable(name.into())
    }

    #[test]
    fn text_is_split_at_its_references() {
        for (text, expected) in [
            ("", vec![]),
            ("plain", vec![literal("plain")]),
            ("{{host}}", vec![variable("host")]),
            (
                "http://{{ host }}:80",
                vec![literal("http://"), variable("host"), literal(":80")],
            ),
            ("{{ a }}{{ b }}", vec![variable("a"), variable("b")]),
            ("a } b }} c", vec![literal("a } b }} c")]),
        ] {
            assert_eq!(Template::parse(text).unwrap().parts(), expected, "{text:?}");
        }
    }

    #[test]
    fn an_open_reference_is_refused() {
        assert_eq!(Template::parse("{{ a }} {{ b"), Err(Unclosed));
        assert_eq!(Unclosed.to_string(), "`{{` is never closed by `}}`");
    }

    #[test]
    fn it_prints_as_it_is_written() {
        assert_eq!(Template::parse("x{{a}}y").unwrap().to_string(), "x{{ a }}y");
    }
}
