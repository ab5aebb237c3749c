//! Tables of named things, in the order in which they were written.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use toml::Spanned;

/// Named things, in the order in which they were written.
#[derive(Clone, Debug, PartialEq)]
pub struct Named<T>(pub Vec<(String, T)>);

impl<T> Named<T> {
    /// The names, in order.
    pub fn names(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// True when there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The position of the thing of this name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|(known, _)| known == name)
    }
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Tables<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Tables<T> {
            type Value = Named<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a table whose keys are names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some((name, value)) = map.next_entry::<Spanned<String>, T>()? {
                    entries.push((name.span().start, name.into_inner(), value));
                }
                // The reader hands keys out by the alphabet; where they stand is the order that was meant.
                entries.sort_by_key(|(start, _, _)| *start);
                Ok(Named(entries.into_iter().map(|(_, name, value)| (name, value)).collect()))
            }
        }

        deserializer.deserialize_map(Tables(PhantomData))
    }
}

impl<T: Serialize> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let by_name: BTreeMap<&str, &T> = self.0.iter().map(|(name, value)| (name.as_str(), value)).collect();
        by_name.serialize(serializer)
    }
}

impl<T: JsonSchema> JsonSchema for Named<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Named{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "additionalProperties": one })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_written_order_is_kept() {
        let named: Named<u8> = toml::from_str("zebra = 1\nant = 2\nmole = 3").expect("valid");
        assert_eq!(named.names(), ["zebra", "ant", "mole"]);
        let tables: BTreeMap<String, Named<Named<u8>>> =
            toml::from_str("[x.b]\nq = 1\n[x.a]\nq = 2").expect("valid");
        assert_eq!(tables["x"].names(), ["b", "a"]);
    }
}
