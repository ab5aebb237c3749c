//! Rows of Google's cell traces of 2019, as JSON and as flattened tables tell them.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use super::ImportError;
use super::table::Table;
use super::text::excerpt;
use crate::options::one_line;

pub(super) const NEEDED: [&str; 2] = ["time", "collection_id"];
pub(super) const OPTIONAL: [&str; 13] = [
    "instance_index",
    "type",
    "instance_events_type",
    "collection_type",
    "priority",
    "alloc_collection_id",
    "machine_id",
    "user",
    "resource_request",
    "resource_request.cpus",
    "resource_request.memory",
    "resource_request_cpus",
    "resource_request_memory",
];

/// A row of either table, as JSON tells it.
#[derive(Deserialize)]
pub(super) struct Row {
    pub(super) time: Whole,
    #[serde(rename = "type")]
    pub(super) kind: Whole,
    pub(super) collection_id: Whole,
    pub(super) instance_index: Option<Whole>,
    pub(super) collection_type: Option<Whole>,
    pub(super) priority: Option<Whole>,
    pub(super) alloc_collection_id: Option<Whole>,
    pub(super) machine_id: Option<Whole>,
    pub(super) resource_request: Option<Request>,
    pub(super) user: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
pub(super) struct Request {
    pub(super) cpus: Option<f64>,
    pub(super) memory: Option<f64>,
}

/// A whole number, or its digits as text.
#[derive(Clone, Copy)]
pub(super) struct Whole(pub(super) i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;
        impl Visitor<'_> for Digits {
            type Value = Whole;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a whole number of at most 64 bits, perhaps as text")
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Whole, E> {
                Ok(Whole(number))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Whole, E> {
                let wide = || E::invalid_value(de::Unexpected::Unsigned(number), &self);
                i64::try_from(number).map(Whole).map_err(|_| wide())
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Whole, E> {
                text.parse().map(Whole).map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Digits)
    }
}

/// What is wrong with a line: read once more, with the path of what is wrong.
pub(super) fn explain(line: &[u8], file: &str, number: u64) -> ImportError {
    let refuse = |problem| ImportError::Line { file: file.to_owned(), line: number, problem };
    let mut deserializer = serde_json::Deserializer::from_slice(line);
    let result: Result<Row, _> = serde_path_to_error::deserialize(&mut deserializer);
    match result {
        Ok(_) => refuse("something follows the row: one JSON object a line is expected".to_owned()),
        Err(error) => {
            let told = error.inner().to_string();
            let told = told.split(" at line ").next().unwrap_or_default();
            // A key may hold line breaks, and a refusal is one line.
            refuse(one_line(&format!("column {}: {}", excerpt(&error.path().to_string()), excerpt(told))))
        }
    }
}

/// A row of a flattened table.
pub(super) fn flat_row(table: &Table) -> Result<Row, ImportError> {
    let whole = |column: &str| match table.text(column) {
        "" => Ok(None),
        _ => whole_of(table, column).map(Some),
    };
    let number = |column: &str| match table.text(column) {
        "" => Ok(None),
        _ => table.number(column, 0.0..=1e9).map(Some),
    };
    let either = |dotted: &str, plain: &str| Ok(number(dotted)?.or(number(plain)?));
    let kind = if table.has("type") { "type" } else { "instance_events_type" };
    let mut request = Request {
        cpus: either("resource_request.cpus", "resource_request_cpus")?,
        memory: either("resource_request.memory", "resource_request_memory")?,
    };
    let packed = table.text("resource_request");
    if !packed.is_empty() {
        let allowed = "{'cpus': 0.02, 'memory': 0.01}";
        request = unpacked(packed).ok_or_else(|| table.wrong("resource_request", allowed))?;
    }
    Ok(Row {
        time: whole_of(table, "time")?,
        kind: whole_of(table, kind)?,
        collection_id: whole_of(table, "collection_id")?,
        instance_index: whole("instance_index")?,
        collection_type: whole("collection_type")?,
        priority: whole("priority")?,
        alloc_collection_id: whole("alloc_collection_id")?,
        machine_id: whole("machine_id")?,
        resource_request: Some(request),
        user: Some(table.text("user").to_owned()).filter(|user| !user.is_empty()),
    })
}

/// Programs that know no absent whole numbers write `3.0`.
fn whole_of(table: &Table, column: &str) -> Result<Whole, ImportError> {
    let text = table.text(column);
    let digits = text.strip_suffix(".0").unwrap_or(text);
    digits.parse().map(Whole).map_err(|_| table.wrong(column, "a whole number of at most 64 bits"))
}

/// A request as Python writes a dictionary.
fn unpacked(text: &str) -> Option<Request> {
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    let mut request = Request { cpus: None, memory: None };
    for pair in inner.split(',').filter(|pair| !pair.trim().is_empty()) {
        let (key, value) = pair.split_once(':')?;
        let value = match value.trim() {
            "None" | "nan" => None,
            number => Some(number.parse().ok().filter(|&number: &f64| (0.0..=1e9).contains(&number))?),
        };
        match key.trim().trim_matches(['\'', '"']) {
            "cpus" => request.cpus = value,
            "memory" => request.memory = value,
            _ => {}
        }
    }
    Some(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_may_be_text_and_nothing_is_rounded() {
        let row = |line: &str| serde_json::from_str::<Row>(line).map(|row| (row.time.0, row.kind.0));
        let wide = r#"{"time": "9223372036854775807", "type": 3, "collection_id": 1, "constraint": [{"name": "x"}]}"#;
        assert_eq!(row(wide).expect("a row"), (i64::MAX, 3));
        let told = explain(br#"{"time": 1.5, "type": 3, "collection_id": 1}"#, "f", 9).to_string();
        assert!(told.starts_with("f, line 9: column time: invalid type: floating point"), "{told}");
        let told = explain(br#"{"a\nb": nothing}"#, "f", 9).to_string();
        assert!(told.starts_with(r"f, line 9: column a\nb: "), "{told}");
    }

    #[test]
    fn requests_may_be_dictionaries() {
        let both = |text| unpacked(text).map(|request| (request.cpus, request.memory));
        assert_eq!(both("{'cpus': 0.25, 'memory': 1e-3}"), Some((Some(0.25), Some(0.001))));
        assert_eq!(both("{'cpus': None}"), Some((None, None)));
        assert_eq!([both("0.25"), both("{'cpus': -1}")], [None, None]);
    }
}
