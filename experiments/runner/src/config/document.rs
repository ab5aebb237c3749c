//! A TOML text that knows where everything in it stands, so that a refusal can name file, line and key.

use std::ops::Range;
use std::path::Path;

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

use super::ConfigError;
use crate::nearest::nearest;

/// A TOML file, or a text that is built in.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    file: String,
    text: String,
}

impl Document {
    pub(crate) fn new(file: &str, text: String) -> Self {
        Self { file: file.to_owned(), text }
    }

    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self { file, text }),
            Err(source) => Err(ConfigError::Open { file, source }),
        }
    }

    /// True when this key stands at the top.
    pub(crate) fn has(&self, key: &str) -> bool {
        DeTable::parse(&self.text).is_ok_and(|table| table.get_ref().contains_key(key))
    }

    /// The typed content.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        toml::from_str(&self.text).map_err(|error| self.translated(&error))
    }

    /// A refusal of what stands at `path`, or at the deepest part of it that is there.
    pub(crate) fn refuse(&self, path: &[&str], problem: impl Into<String>) -> ConfigError {
        let mut places = Vec::new();
        if let Ok(table) = DeTable::parse(&self.text) {
            collect(table.get_ref(), "", &mut places);
        }
        let key = joined(path);
        let shares = |place: &&Place| key == place.key || key.starts_with(&format!("{}.", place.key));
        let shares_item = |place: &&Place| shares(place) || key.starts_with(&format!("{}[", place.key));
        let deepest = places.iter().filter(shares_item).max_by_key(|place| place.key.len());
        let line = self.line(deepest.map_or(0, |place| place.start));
        ConfigError::Value { file: self.file.clone(), line, key, problem: problem.into() }
    }

    fn translated(&self, error: &toml::de::Error) -> ConfigError {
        let span = error.span().unwrap_or(0..0);
        let line = self.line(span.start);
        let problem = in_words(error.message());
        let file = self.file.clone();
        match DeTable::parse(&self.text) {
            Ok(table) => {
                let mut places = Vec::new();
                collect(table.get_ref(), "", &mut places);
                let is_missing = error.message().starts_with("missing field");
                let mut key = key_at(&places, &span, is_missing);
                if is_missing && let Some(missing) = error.message().split('`').nth(1) {
                    key = if key.is_empty() { missing.to_owned() } else { format!("{key}.{missing}") };
                }
                ConfigError::Value { file, line, key, problem }
            }
            Err(_) => ConfigError::Syntax { file, line, problem },
        }
    }

    /// Counted from 1.
    fn line(&self, offset: usize) -> usize {
        1 + self.text.bytes().take(offset).filter(|&byte| byte == b'\n').count()
    }
}

/// Where one key and its value stand.
struct Place {
    key: String,
    start: usize,
    key_span: Range<usize>,
    value_span: Range<usize>,
}

fn collect(table: &DeTable<'_>, prefix: &str, places: &mut Vec<Place>) {
    for (name, value) in table {
        let key = if prefix.is_empty() {
            name.get_ref().to_string()
        } else {
            format!("{prefix}.{}", name.get_ref())
        };
        places.push(Place {
            key: key.clone(),
            start: name.span().start,
            key_span: name.span(),
            value_span: value.span(),
        });
        collect_value(value.get_ref(), &key, places);
    }
}

fn collect_value(value: &DeValue<'_>, key: &str, places: &mut Vec<Place>) {
    match value {
        DeValue::Table(table) => collect(table, key, places),
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let key = format!("{key}[{index}]");
                let span = item.span();
                places.push(Place { key: key.clone(), start: span.start, key_span: 0..0, value_span: span });
                collect_value(item.get_ref(), &key, places);
            }
        }
        _ => {}
    }
}

/// The key of the innermost place that holds `span`. A missing key is missed by a whole table, whose own span
/// it bears; the top of the document has none.
fn key_at(places: &[Place], span: &Range<usize>, is_missing: bool) -> String {
    let holds = |outer: &Range<usize>| outer.start <= span.start && span.end <= outer.end;
    let is_it = |place: &&Place| match is_missing {
        true => place.value_span == *span,
        false => holds(&place.key_span) || holds(&place.value_span),
    };
    places
        .iter()
        .filter(is_it)
        .max_by_key(|place| place.key.len())
        .map_or_else(String::new, |place| place.key.clone())
}

/// `["clusters", "a", "hosts", "0", "count"]` as `clusters.a.hosts[0].count`.
fn joined(path: &[&str]) -> String {
    let mut key = String::new();
    for part in path {
        if part.bytes().all(|byte| byte.is_ascii_digit()) && !part.is_empty() {
            key.push_str(&format!("[{part}]"));
        } else {
            if !key.is_empty() {
                key.push('.');
            }
            key.push_str(part);
        }
    }
    key
}

/// The reader's message in the words of this program: what stood there, what is allowed, what is nearest.
fn in_words(message: &str) -> String {
    let mut words = message.trim().replace('\n', " ");
    for (types, range) in [
        ("expected u8", "expected a whole number from 0 to 255"),
        ("expected u16", "expected a whole number from 0 to 65535"),
        ("expected u32", "expected a whole number from 0 to 4294967295"),
        ("expected u64", "expected a whole number from 0 on"),
        ("expected usize", "expected a whole number from 0 on"),
        ("expected f64", "expected a number"),
    ] {
        if words.ends_with(types) {
            words = words.replace(types, range);
        }
    }
    words = words.replace("unknown field", "unknown key").replace("missing field", "missing key");
    let Some((before, allowed)) = words.split_once("expected") else { return words };
    let Some(found) = before.strip_prefix("unknown ").and_then(|rest| rest.split('`').nth(1)) else {
        return words;
    };
    let names: Vec<&str> = allowed.split('`').skip(1).step_by(2).collect();
    match nearest(found, names) {
        Some(name) => format!("{words}; did you mean `{name}`?"),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only the refusals matter here")]
    struct Outer {
        name: String,
        #[serde(default)]
        items: Vec<Inner>,
        only: Option<Inner>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only the refusals matter here")]
    struct Inner {
        count: u32,
    }

    fn refusal(text: &str) -> String {
        Document::new("a.toml", text.to_owned()).parse::<Outer>().expect_err("refused").to_string()
    }

    #[test]
    fn refusals_name_line_and_key() {
        for (text, expected) in [
            (
                "nmae = 'x'",
                "a.toml, line 1, key `nmae`: unknown key `nmae`, expected one of `name`, `items`, `only`; did you mean `name`?",
            ),
            (
                "name = 'x'\n[only]\ncount = -1",
                "a.toml, line 3, key `only.count`: invalid value: integer `-1`, expected a whole number from 0 to 4294967295",
            ),
            (
                "name = 'x'\n[[items]]\ncount = 1\n[[items]]\n# none\n",
                "a.toml, line 4, key `items[1].count`: missing key `count`",
            ),
            ("items = []", "a.toml, line 1, key `name`: missing key `name`"),
            (
                "name = 'x'\nonly = { cuont = 3 }",
                "a.toml, line 2, key `only.cuont`: unknown key `cuont`, expected `count`; did you mean `count`?",
            ),
            ("name = 'x'\nname = 'y'", "a.toml, line 2: duplicate key"),
        ] {
            assert_eq!(refusal(text), expected);
        }
    }

    #[test]
    fn a_refusal_afterwards_finds_its_line() {
        let text = "name = 'x'\n\n[[items]]\ncount = 1\n[[items]]\ncount = 2\n";
        let document = Document::new("a.toml", text.to_owned());
        let refusal = |path: &[&str]| document.refuse(path, "no").to_string();
        assert_eq!(refusal(&["items", "1", "count"]), "a.toml, line 6, key `items[1].count`: no");
        assert_eq!(refusal(&["items", "1", "other"]), "a.toml, line 5, key `items[1].other`: no");
        assert_eq!(refusal(&["nothing"]), "a.toml, line 1, key `nothing`: no");
    }
}
