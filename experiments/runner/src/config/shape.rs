//! Asks a type that can be read which names it would accept, so that a schema names what the reader takes and no
//! list stands there twice.

use std::cell::Cell;

use serde::de::value::{Error, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, VariantAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;

type Names = &'static [&'static str];

/// The variants of an enum; none when it is no enum.
pub(super) fn variants<T: DeserializeOwned>() -> Names {
    ask::<T>(None)
}

/// The fields of a variant of an enum, or of the struct in it; none when it has none.
pub(super) fn fields<T: DeserializeOwned>(variant: &'static str) -> Names {
    ask::<T>(Some(variant))
}

fn ask<T: DeserializeOwned>(variant: Option<&'static str>) -> Names {
    let found = Cell::new(&[][..]);
    // It learns what it came for from the question alone, and answers each with an error.
    let _ = T::deserialize(Probe { found: &found, variant });
    found.get()
}

/// A deserializer that holds nothing and remembers what it was asked for.
#[derive(Clone, Copy)]
struct Probe<'a> {
    found: &'a Cell<Names>,
    variant: Option<&'static str>,
}

impl Probe<'_> {
    fn found<T>(self, names: Names) -> Result<T, Error> {
        self.found.set(names);
        Err(Error::custom("it holds nothing"))
    }
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        self.found(&[])
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: Names,
        _: V,
    ) -> Result<V::Value, Error> {
        self.found(fields)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: Names,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.variant {
            None => self.found(variants),
            Some(_) => visitor.visit_enum(self),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map identifier ignored_any
    }
}

impl<'de> EnumAccess<'de> for Probe<'_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let name: StrDeserializer<'_, Error> = self.variant.unwrap_or_default().into_deserializer();
        seed.deserialize(name).map(|variant| (variant, Self { variant: None, ..self }))
    }
}

impl<'de> VariantAccess<'de> for Probe<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        self.found(&[])
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Error> {
        self.found(&[])
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: Names, _: V) -> Result<V::Value, Error> {
        self.found(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::models::power::HostPower;
    use sim::rules::EventOrder;
    use traces::transform::Transform;

    #[test]
    fn types_say_what_they_take() {
        assert_eq!(variants::<EventOrder>(), ["releases_first", "arrivals_first"]);
        assert!(variants::<HostPower>().contains(&"fan"));
        assert_eq!(fields::<HostPower>("fan"), ["idle_watts", "max_watts", "exponent"]);
        assert!(fields::<HostPower>("table").is_empty());
        assert_eq!(fields::<Transform>("window"), ["first_jobs", "count"]);
        assert!(variants::<u8>().is_empty());
    }
}
