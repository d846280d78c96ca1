//! The shape of names, as Spin has it: words of letters and digits, each beginning with a letter and all in one case.

/// Checks an id like `role-admin`.
pub(super) fn check_kebab(id: &str) -> Result<(), String> {
    check(id, '-', false)
}

/// Checks a name like `redis_url`.
pub(super) fn check_lower_snake(name: &str) -> Result<(), String> {
    check(name, '_', true)
}

/// Checks the label of a store or a database, which may be of either form.
pub(super) fn check_label(label: &str) -> Result<(), String> {
    check(label, '_', false).or_else(|_| check(label, '-', false))
}

fn check(id: &str, delimiter: char, lower: bool) -> Result<(), String> {
    for word in id.split(delimiter) {
        if !word.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Err(format!(
                "its words, separated by {delimiter:?}, must each begin with a letter"
            ));
        }
        if let Some(other) = word.chars().find(|c| !c.is_ascii_alphanumeric()) {
            return Err(format!(
                "it must not contain {other:?}; its words are separated by {delimiter:?}"
            ));
        }
        let upper = word.chars().any(|c| c.is_ascii_uppercase());
        if upper && lower {
            return Err("it must be in lower case".to_owned());
        }
        if upper && word.chars().any(|c| c.is_ascii_lowercase()) {
            return Err("each of its words must be all in lower or all in upper case".to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_spins_shape() {
        for (id, kebab, lower_snake, label) in [
            ("role-admin", true, false, true),
            ("role_admin", false, true, true),
            ("simple", true, true, true),
            ("a1-b2", true, false, true),
            ("HTTP-proxy", true, false, true),
            ("Http", false, false, false),
            ("1a", false, false, false),
            ("a--b", false, false, false),
            ("a__b", false, false, false),
            ("", false, false, false),
            ("a.b", false, false, false),
        ] {
            assert_eq!(check_kebab(id).is_ok(), kebab, "{id:?} as kebab-case");
            assert_eq!(
                check_lower_snake(id).is_ok(),
                lower_snake,
                "{id:?} as lower_snake_case"
            );
            assert_eq!(check_label(id).is_ok(), label, "{id:?} as a label");
        }
    }
}
