//! A model that a config chooses: the name of one that is known, or a table of its own; a table with `preset` begins with a
//! known one and changes what else it states.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::nearest::unknown_name;

/// A model of which some are known by name.
pub trait Model: Copy + Serialize + DeserializeOwned + 'static {
    /// What it is, as refusals name it.
    const WHAT: &'static str;

    /// Those that are known: name, model, and a line of help.
    fn known() -> Vec<(&'static str, Self, &'static str)>;

    /// What of it cannot be: the key, what stands there, what is allowed.
    fn problem(&self) -> Option<(&'static str, f64, &'static str)>;
}

/// A model that was chosen by name or stated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Chosen<T>(pub T);

impl<T: Model> Chosen<T> {
    pub(super) fn named<E: Error>(name: &str) -> Result<Self, E> {
        let known = T::known();
        let names: Vec<&str> = known.iter().map(|one| one.0).collect();
        let found = known.iter().find(|one| one.0 == name).map(|one| Self(one.1));
        found.ok_or_else(|| E::custom(unknown_name(T::WHAT, name, &names)))
    }

    pub(super) fn stated<E: Error>(mut table: Map<String, Value>) -> Result<Self, E> {
        let mut whole = Map::new();
        if let Some(preset) = table.remove("preset") {
            let name = preset.as_str().ok_or_else(|| {
                E::custom(format!("`preset` is {preset}; allowed is the name of a {}", T::WHAT))
            })?;
            whole = as_table(&Self::named::<E>(name)?.0);
        }
        // What a file can state and a table of JSON cannot are the numbers that are none.
        if let Some((key, _)) = table.iter().find(|(_, value)| value.is_null()) {
            return Err(E::custom(format!("`{key}` is no finite number; allowed is one")));
        }
        whole.extend(table);
        let model: T = serde_json::from_value(Value::Object(whole)).map_err(E::custom)?;
        match model.problem() {
            None => Ok(Self(model)),
            Some((key, value, allowed)) => {
                Err(E::custom(format!("`{key}` is {value}; allowed is {allowed}")))
            }
        }
    }
}

fn as_table<T: Serialize>(model: &T) -> Map<String, Value> {
    match serde_json::to_value(model).expect("models hold text and finite numbers") {
        Value::Object(table) => table,
        _ => Map::new(),
    }
}

impl<'de, T: Model> Deserialize<'de> for Chosen<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrTable<T>(std::marker::PhantomData<T>);

        impl<'de, T: Model> Visitor<'de> for NameOrTable<T> {
            type Value = Chosen<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "the name of a {}, or a table", T::WHAT)
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Chosen<T>, E> {
                Chosen::named(name)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Chosen<T>, A::Error> {
                Chosen::stated(Map::deserialize(MapAccessDeserializer::new(map))?)
            }
        }

        deserializer.deserialize_any(NameOrTable(std::marker::PhantomData))
    }
}

impl<T: Model> JsonSchema for Chosen<T> {
    fn schema_name() -> Cow<'static, str> {
        T::WHAT.replace(' ', "_").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let known = T::known();
        let names: Vec<Value> = known
            .iter()
            .map(|(name, _, help)| serde_json::json!({ "const": name, "description": help }))
            .collect();
        let mut properties = Map::new();
        for (_, model, _) in &known {
            properties.extend(as_table(model).into_iter().map(|(key, _)| (key, Value::Bool(true))));
        }
        properties.insert("preset".to_owned(), serde_json::json!({ "anyOf": names }));
        let table = serde_json::json!({
            "type": "object", "properties": properties, "additionalProperties": false,
        });
        json_schema!({ "anyOf": [{ "anyOf": names }, table] })
    }
}
