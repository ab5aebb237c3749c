//! Workloads as configs state them: where the work comes from, and what is done to it.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use traces::transform::Transform;

use super::schema;

/// One workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkloadConfig {
    /// Where it comes from.
    #[schemars(schema_with = "schema::source")]
    pub source: Source,
    /// What is done to it, in order.
    #[serde(default)]
    #[schemars(schema_with = "schema::transforms")]
    pub transforms: Vec<Transform>,
}

/// Where work comes from: a table with exactly one of the keys `importer`, `canonical` and `generator`. Whatever
/// else stands in the table are options of the importer or generator.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A file of a published trace.
    Importer {
        /// Name of the importer.
        name: String,
        /// The file, relative to the data folder.
        path: String,
        /// Options of the importer.
        options: toml::Table,
    },
    /// A workload that was imported or generated before.
    Canonical {
        /// Its directory, relative to the file that names it.
        path: String,
    },
    /// Made up, anew for each seed.
    Generator {
        /// Name of the generator.
        name: String,
        /// Options of the generator.
        options: toml::Table,
    },
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SourceTable;

        impl<'de> Visitor<'de> for SourceTable {
            type Value = Source;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter
                    .write_str("a table such as { importer = \"swf\", path = \"traces/swf/log.swf.gz\" }")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Source, A::Error> {
                let mut options = toml::Table::new();
                while let Some((key, value)) = map.next_entry()? {
                    options.insert(key, value);
                }
                source(options).map_err(A::Error::custom)
            }
        }

        deserializer.deserialize_map(SourceTable)
    }
}

fn source(mut options: toml::Table) -> Result<Source, String> {
    let mut take = |key: &str| match options.remove(key) {
        None => Ok(None),
        Some(toml::Value::String(word)) if !word.is_empty() => Ok(Some(word)),
        Some(other) => Err(format!("`{key}` is {other}; allowed is text that is not empty")),
    };
    let kinds = "exactly one of `importer` (with `path`), `canonical` and `generator` is allowed";
    match (take("importer")?, take("canonical")?, take("generator")?) {
        (Some(name), None, None) => match take("path")? {
            Some(path) => Ok(Source::Importer { name, path, options }),
            None => {
                Err(format!("importer `{name}` has no `path`: state the file, relative to the data folder"))
            }
        },
        (None, Some(path), None) => match options.keys().next() {
            Some(key) => Err(format!("unknown key `{key}`: `canonical` stands alone")),
            None => Ok(Source::Canonical { path }),
        },
        (None, None, Some(name)) => Ok(Source::Generator { name, options }),
        (None, None, None) => Err(format!("there is no source: {kinds}")),
        _ => Err(format!("there are several sources: {kinds}")),
    }
}
