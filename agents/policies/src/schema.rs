//! What the JSON Schema of a config says of policies: their names with a line of help each; their options are
//! known to them alone.

use schemars::{Schema, SchemaGenerator, json_schema};

use crate::{order, place, power, rebalance};

/// What may stand under `order`.
pub(crate) fn order(_: &mut SchemaGenerator) -> Schema {
    choice(&order::names())
}

/// What may stand under `place`.
pub(crate) fn place(_: &mut SchemaGenerator) -> Schema {
    choice(place::NAMES)
}

/// What may stand under `rebalance`.
pub(crate) fn rebalance(_: &mut SchemaGenerator) -> Schema {
    choice(rebalance::NAMES)
}

/// What may stand under `power`.
pub(crate) fn power(_: &mut SchemaGenerator) -> Schema {
    choice(power::NAMES)
}

/// A policy's name, or a table with its name and its options.
fn choice(names: &[(&str, &str)]) -> Schema {
    let name = |(name, help): &(&str, &str)| json_schema!({ "const": name, "description": help });
    let name = json_schema!({ "anyOf": names.iter().map(name).collect::<Vec<_>>() });
    json_schema!({
        "anyOf": [
            name,
            { "type": "string", "pattern": "\\.toml$", "description": "a file that holds a policy, as training leaves it" },
            {
                "type": "object",
                "properties": { "policy": name },
                "required": ["policy"],
                "additionalProperties": true,
            },
        ],
    })
}
