//! `Forwarded` (RFC 7239).

use std::net::IpAddr;

use http::HeaderValue;

use super::parse_address;

/// Whom each element names in its `for`, in order; `None` for one that names nobody by an address (`unknown`, a name that
/// hides one, nothing, nonsense). A field that is not well-formed says nothing at all: a quote that a client opened could
/// otherwise swallow what a proxy adds behind it.
pub(super) fn clients(value: &HeaderValue) -> Vec<Option<IpAddr>> {
    let parsed = value.to_str().ok().and_then(elements);
    parsed.unwrap_or_else(|| vec![None])
}

fn elements(mut text: &str) -> Option<Vec<Option<IpAddr>>> {
    let mut elements = Vec::new();
    loop {
        let (node, rest) = element(text)?;
        elements.push(node.as_deref().and_then(parse_address));
        match rest.strip_prefix(',') {
            Some(rest) => text = rest,
            None if rest.is_empty() => return Some(elements),
            None => return None,
        }
    }
}

/// The `for` of the first element, and what follows the element. A second `for` makes the element ill-formed.
fn element(mut text: &str) -> Option<(Option<String>, &str)> {
    let mut node = None;
    loop {
        text = text.trim_start_matches([' ', '\t']);
        if !text.is_empty() && !text.starts_with([',', ';']) {
            let (name, rest) = text.split_once('=')?;
            if name.is_empty() || !name.bytes().all(is_token) {
                return None;
            }
            let (value, rest) = value(rest)?;
            if name.eq_ignore_ascii_case("for") && node.replace(value).is_some() {
                return None;
            }
            text = rest.trim_start_matches([' ', '\t']);
        }
        match text.strip_prefix(';') {
            Some(rest) => text = rest,
            None => return Some((node, text)),
        }
    }
}

/// A token or a quoted string, and what follows it. An IPv6 address without quotes is no token, and yet what many write.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ';', ' ', '\t']).unwrap_or(text.len());
        let (token, rest) = text.split_at(end);
        let fits = |byte: u8| is_token(byte) || matches!(byte, b'[' | b']' | b':');
        return token.bytes().all(fits).then(|| (token.to_owned(), rest));
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((index, char)) = chars.next() {
        match char {
            '"' => return Some((value, &quoted[index + 1..])),
            '\\' => value.push(chars.next()?.1),
            char => value.push(char),
        }
    }
    None
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<Option<IpAddr>> {
        clients(&HeaderValue::from_str(text).unwrap())
    }

    #[test]
    fn elements_are_told_apart_whatever_is_in_quotes() {
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        assert_eq!(read(r#"for=192.0.2.1;host="a, for=1.2.3.4;x""#), [Some(one)]);
        assert_eq!(
            read(r#"host="\",";for=192.0.2.1 , for=unknown"#),
            [Some(one), None]
        );
        assert_eq!(read("proto=http"), [None]);
        assert_eq!(read(""), [None]);
        assert_eq!(read("for=192.0.2.1;for=192.0.2.2"), [None]);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[ -~]{0,60}") {
            read(&text);
        }

        #[test]
        fn an_address_is_read_as_it_was_written(address: IpAddr, port: u16, quoted_v4: bool) {
            let text = match address {
                IpAddr::V4(address) if quoted_v4 => format!("for=\"{address}:{port}\";proto=https"),
                IpAddr::V4(address) => format!("proto=https;FOR={address}"),
                IpAddr::V6(address) => format!("for=\"[{address}]:{port}\""),
            };
            prop_assert_eq!(read(&text), [Some(address.to_canonical())]);
        }
    }
}
