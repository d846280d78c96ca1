//! How servers read a path.
//!
//! `/%72eserved`, `/reserved/` and `/reserved` are one path to the standard (RFC 3986, section 6.2.2). `//reserved`,
//! `/reserved;a`, `/RESERVED` or `/reserved.json` are the same one to some servers and another one to others. A rule must not
//! be dodged by whichever of them stands behind us, so a path is read in every way that may be, and whoever asks the rules
//! sees to it that no reading falls under less than another.

use std::borrow::Cow;

use http::Method;
use percent_encoding::percent_decode_str;
use smallvec::{SmallVec, smallvec};
use unicode_normalization::UnicodeNormalization as _;

type Segments<'a> = Vec<Cow<'a, str>>;

/// One reading of a path.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'t> {
    /// Its segments, decoded; one slash at the end makes no other path.
    segments: &'t [Cow<'t, str>],
    /// Whether upper and lower case are the same.
    any_case: bool,
}

/// Method and path of a request, in every way that they may be read; first the standard's.
#[derive(Clone, Debug)]
pub struct Target<'a> {
    methods: SmallVec<[Method; 1]>,
    paths: SmallVec<[Segments<'a>; 1]>,
}

impl<'a> Target<'a> {
    /// Of this request.
    pub fn of(method: &Method, path: &'a str) -> Self {
        let mut methods = smallvec![method.clone()];
        // Methods have a case (RFC 9110, section 9.1), which not all servers know.
        if method.as_str().bytes().any(|byte| byte.is_ascii_lowercase())
            && let Ok(upper) = Method::from_bytes(method.as_str().to_ascii_uppercase().as_bytes())
        {
            methods.push(upper);
        }
        Self {
            methods,
            paths: paths(path),
        }
    }

    /// Method and path in every way, the standard's first.
    pub fn readings(&self) -> impl Iterator<Item = (&Method, Reading<'_>)> {
        let of_path =
            |method, segments| [false, true].map(|any_case| (method, Reading { segments, any_case }));
        let of_method = move |method| {
            self.paths
                .iter()
                .flat_map(move |segments| of_path(method, segments))
        };
        self.methods.iter().flat_map(of_method)
    }
}

impl<'t> Reading<'t> {
    /// Its segments.
    pub(super) fn segments(self) -> impl Iterator<Item = &'t str> {
        self.segments.iter().map(AsRef::as_ref)
    }

    /// Whether a segment of it is this literal.
    pub(super) fn is(self, segment: &str, literal: &str) -> bool {
        segment == literal || self.any_case && are_alike(segment, literal)
    }
}

/// Whether two texts are the same to those who see no difference between upper and lower case, wide and narrow letters.
fn are_alike(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() {
        return a.eq_ignore_ascii_case(b);
    }
    folded(a).eq(folded(b))
}

/// The segments of a path as the standard reads them.
fn segments(path: &str) -> Segments<'_> {
    let segments = path.strip_prefix('/').unwrap_or(path).split('/');
    without_last_slash(segments.map(decoded).collect())
}

/// What some servers do with a path besides, in the order in which they would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    DecodeTwice,
    /// Encoded slashes, backslashes and dot segments, where nobody refuses them.
    Resolve,
    /// Parameters (`;v=1`), and what an encoded `?` or `#` begins.
    CutParameters,
    /// Spaces, and dots at the end: Windows.
    TrimEnds,
    DropEmpty,
    /// `.json`: frameworks that choose the format by it.
    CutExtension,
}

const HABITS: [Habit; 6] = [
    Habit::DecodeTwice,
    Habit::Resolve,
    Habit::CutParameters,
    Habit::TrimEnds,
    Habit::DropEmpty,
    Habit::CutExtension,
];

fn paths(path: &str) -> SmallVec<[Segments<'_>; 1]> {
    let plain = segments(path);
    if is_read_the_same_by_all(path) {
        return smallvec![plain];
    }
    let mut all: SmallVec<[Segments<'_>; 1]> = smallvec![plain];
    for habit in HABITS {
        for index in 0..all.len() {
            let other = habit.applied(all[index].clone());
            if !all.contains(&other) {
                all.push(other);
            }
        }
    }
    all
}

/// Whether nothing but the case of a path can be read otherwise.
fn is_read_the_same_by_all(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~' | b'/');
    path.bytes().all(plain) && !path.contains("//")
}

impl Habit {
    fn applied(self, mut segments: Segments<'_>) -> Segments<'_> {
        match self {
            Self::DecodeTwice => change(&mut segments, |text| decoded(text).into_owned()),
            Self::Resolve => segments = resolved(segments),
            Self::CutParameters => {
                let end = segments.iter().position(|segment| segment.contains(['?', '#']));
                segments.truncate(end.map_or(usize::MAX, |end| end + 1));
                let before = |text: &str| text.split([';', '?', '#']).next().unwrap_or_default().to_owned();
                change(&mut segments, before);
            }
            Self::TrimEnds => {
                let trimmed = |text: &str| text.trim().trim_end_matches(['.', ' ']).to_owned();
                change(&mut segments, trimmed);
            }
            Self::DropEmpty => segments.retain(|segment| !segment.is_empty()),
            Self::CutExtension => {
                let name = segments
                    .last()
                    .and_then(|last| last.rsplit_once('.'))
                    .map(|(name, _)| name.to_owned());
                if let (Some(last), Some(name)) = (segments.last_mut(), name.filter(|name| !name.is_empty()))
                {
                    *last = Cow::Owned(name);
                }
            }
        }
        without_last_slash(segments)
    }
}

fn resolved(segments: Segments<'_>) -> Segments<'_> {
    let before_parameters = |part: &str| part.split(';').next().unwrap_or_default().to_owned();
    let is_plain = |segment: &Cow<'_, str>| {
        !segment.contains(['/', '\\']) && !matches!(before_parameters(segment).as_str(), "." | "..")
    };
    if segments.iter().all(is_plain) {
        return segments;
    }
    let mut whole: Segments<'_> = Vec::new();
    for part in segments.iter().flat_map(|segment| segment.split(['/', '\\'])) {
        match before_parameters(part).as_str() {
            "." => {}
            ".." => drop(whole.pop()),
            _ => whole.push(Cow::Owned(part.to_owned())),
        }
    }
    whole
}

fn change(segments: &mut Segments<'_>, to: impl Fn(&str) -> String) {
    for segment in segments {
        let changed = to(segment);
        if changed != *segment {
            *segment = Cow::Owned(changed);
        }
    }
}

pub(super) fn decoded(segment: &str) -> Cow<'_, str> {
    percent_decode_str(segment).decode_utf8_lossy()
}

fn without_last_slash(mut segments: Segments<'_>) -> Segments<'_> {
    if segments.last().is_some_and(|last| last.is_empty()) {
        segments.pop();
    }
    segments
}

/// `ſ` and the Kelvin sign become an `s` and a `k`, and what is wide becomes narrow.
fn folded(text: &str) -> impl Iterator<Item = char> {
    text.nfkc()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
}
