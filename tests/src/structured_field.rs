//! Structured fields (RFC 9651), read strictly and by nothing that the gateway has a part in.
//!
//! The gateway writes its headers with the library `sfv`. A test that read them with the same library would take its
//! mistakes for the truth, so this is a second reading of the RFC, checked against its authors' public cases. It reads lists
//! and items with all their types. Inner lists and dictionaries, which no header of ours has, are refused.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A value without parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BareItem {
    /// A whole number of at most 15 digits.
    Integer(i64),
    /// A number with up to three digits after the point, in thousandths.
    Decimal(i64),
    /// Text in quotes.
    String(String),
    /// A word.
    Token(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Yes or no.
    Boolean(bool),
    /// Seconds since 1970.
    Date(i64),
    /// Text of any script.
    DisplayString(String),
}

/// A value and what is said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The value.
    pub value: BareItem,
    /// Each key once, in the order of their first appearance.
    pub parameters: Vec<(String, BareItem)>,
}

impl Item {
    /// The parameter of this key.
    pub fn parameter(&self, key: &str) -> Option<&BareItem> {
        let found = self.parameters.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value)
    }
}

/// Where a text stops being a structured field, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    at: usize,
    reason: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at byte {}", self.reason, self.at)
    }
}

type Parsed<T> = Result<T, Malformed>;

/// Reads a list. A header that has several lines is one list, with commas between the lines.
pub fn list(text: &str) -> Parsed<Vec<Item>> {
    let mut reader = Reader::new(text);
    let mut items = Vec::new();
    reader.skip(b" ");
    if reader.peek().is_none() {
        return Ok(items);
    }
    loop {
        items.push(reader.item()?);
        reader.skip(b" \t");
        if reader.peek().is_none() {
            return Ok(items);
        }
        reader.expect(b',', "a comma is missing")?;
        reader.skip(b" \t");
    }
}

/// Reads one item.
pub fn item(text: &str) -> Parsed<Item> {
    let mut reader = Reader::new(text);
    reader.skip(b" ");
    let item = reader.item()?;
    reader.skip(b" ");
    match reader.peek() {
        None => Ok(item),
        Some(_) => reader.fail("something follows the item"),
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text: text.as_bytes(),
            at: 0,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn skip(&mut self, bytes: &[u8]) {
        self.take_while(|byte| bytes.contains(&byte));
    }

    fn take_while(&mut self, belongs: impl Fn(u8) -> bool) -> String {
        let start = self.at;
        while self.peek().is_some_and(&belongs) {
            self.at += 1;
        }
        String::from_utf8_lossy(&self.text[start..self.at]).into_owned()
    }

    fn expect(&mut self, byte: u8, reason: &'static str) -> Parsed<()> {
        match self.next() {
            Some(found) if found == byte => Ok(()),
            _ => self.fail(reason),
        }
    }

    fn fail<T>(&self, reason: &'static str) -> Parsed<T> {
        Err(Malformed { at: self.at, reason })
    }

    fn item(&mut self) -> Parsed<Item> {
        Ok(Item {
            value: self.bare_item()?,
            parameters: self.parameters()?,
        })
    }

    fn parameters(&mut self) -> Parsed<Vec<(String, BareItem)>> {
        let mut parameters: Vec<(String, BareItem)> = Vec::new();
        while self.peek() == Some(b';') {
            self.at += 1;
            self.skip(b" ");
            let key = self.key()?;
            let value = match self.peek() {
                Some(b'=') => {
                    self.at += 1;
                    self.bare_item()?
                }
                _ => BareItem::Boolean(true),
            };
            match parameters.iter_mut().find(|(name, _)| *name == key) {
                Some((_, earlier)) => *earlier = value,
                None => parameters.push((key, value)),
            }
        }
        Ok(parameters)
    }

    fn key(&mut self) -> Parsed<String> {
        if !self
            .peek()
            .is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'*')
        {
            return self.fail("a key does not begin with a-z or *");
        }
        Ok(self
            .take_while(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.*".contains(&byte)))
    }

    fn bare_item(&mut self) -> Parsed<BareItem> {
        match self.peek() {
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'"') => self.string(),
            Some(b'*' | b'A'..=b'Z' | b'a'..=b'z') => Ok(self.token()),
            Some(b':') => self.bytes(),
            Some(b'?') => self.boolean(),
            Some(b'@') => self.date(),
            Some(b'%') => self.display_string(),
            Some(b'(') => self.fail("inner lists are not read here"),
            _ => self.fail("no item begins so"),
        }
    }

    fn number(&mut self) -> Parsed<BareItem> {
        let sign = if self.peek() == Some(b'-') {
            self.at += 1;
            -1
        } else {
            1
        };
        let whole = self.take_while(|byte| byte.is_ascii_digit());
        if self.peek() != Some(b'.') {
            return match (whole.len(), whole.parse::<i64>()) {
                (1..=15, Ok(number)) => Ok(BareItem::Integer(sign * number)),
                _ => self.fail("an integer does not have 1 to 15 digits"),
            };
        }
        self.at += 1;
        let fraction = self.take_while(|byte| byte.is_ascii_digit());
        if !(1..=12).contains(&whole.len()) || !(1..=3).contains(&fraction.len()) {
            return self.fail("a decimal does not have 1 to 12 digits, a point and 1 to 3 digits");
        }
        match format!("{whole}{fraction:0<3}").parse::<i64>() {
            Ok(thousandths) => Ok(BareItem::Decimal(sign * thousandths)),
            Err(_) => self.fail("not a decimal"),
        }
    }

    fn string(&mut self) -> Parsed<BareItem> {
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.next() {
                Some(b'"') => return Ok(BareItem::String(text)),
                Some(b'\\') => match self.next() {
                    Some(byte @ (b'"' | b'\\')) => text.push(char::from(byte)),
                    _ => return self.fail("only quotes and backslashes are escaped"),
                },
                Some(byte @ b' '..=b'~') => text.push(char::from(byte)),
                _ => return self.fail("a string has no end, or other characters than visible ASCII"),
            }
        }
    }

    fn token(&mut self) -> BareItem {
        BareItem::Token(
            self.take_while(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&byte)),
        )
    }

    fn bytes(&mut self) -> Parsed<BareItem> {
        self.at += 1;
        let encoded = self.take_while(|byte| byte != b':');
        self.expect(b':', "bytes have no end")?;
        match STANDARD.decode(encoded) {
            Ok(bytes) => Ok(BareItem::Bytes(bytes)),
            Err(_) => self.fail("bytes are not base64"),
        }
    }

    fn boolean(&mut self) -> Parsed<BareItem> {
        self.at += 1;
        match self.next() {
            Some(b'0') => Ok(BareItem::Boolean(false)),
            Some(b'1') => Ok(BareItem::Boolean(true)),
            _ => self.fail("a boolean is neither ?0 nor ?1"),
        }
    }

    fn date(&mut self) -> Parsed<BareItem> {
        self.at += 1;
        match self.number()? {
            BareItem::Integer(seconds) => Ok(BareItem::Date(seconds)),
            _ => self.fail("a date is not an integer"),
        }
    }

    fn display_string(&mut self) -> Parsed<BareItem> {
        self.at += 1;
        self.expect(b'"', "a display string does not begin with a quote")?;
        let mut bytes = Vec::new();
        loop {
            match self.next() {
                Some(b'"') => break,
                Some(b'%') => {
                    let (high, low) = (self.hex_digit()?, self.hex_digit()?);
                    bytes.push(high << 4 | low);
                }
                Some(byte @ b' '..=b'~') => bytes.push(byte),
                _ => return self.fail("a display string has no end, or other characters than visible ASCII"),
            }
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(BareItem::DisplayString(text)),
            Err(_) => self.fail("a display string is not UTF-8"),
        }
    }

    fn hex_digit(&mut self) -> Parsed<u8> {
        match self.next() {
            Some(digit @ b'0'..=b'9') => Ok(digit - b'0'),
            Some(digit @ b'a'..=b'f') => Ok(digit - b'a' + 10),
            _ => self.fail("not two digits of 0-9 and a-f"),
        }
    }
}
