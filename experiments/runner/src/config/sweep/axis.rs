//! The values of a swept key: a list, or a range in equal steps or equal factors.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use toml::Value;

/// The most values of one range.
const MOST_STEPS: u64 = 10_000;

/// What a key is swept over.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Axis {
    /// These values.
    List(Vec<Value>),
    /// From one number to another.
    Range(Range),
}

/// From one number to another, both included.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The first value.
    from: Number,
    /// The last value; with `step`, no value lies beyond it.
    to: Number,
    /// How many values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    steps: Option<u64>,
    /// What lies between two values; instead of `steps`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step: Option<Number>,
    /// Equal steps, or equal factors.
    #[serde(default, skip_serializing_if = "Scale::is_linear")]
    scale: Scale,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Scale {
    #[default]
    Linear,
    Log,
}

impl Scale {
    fn is_linear(&self) -> bool {
        *self == Self::Linear
    }
}

/// A number as it was written: with or without a decimal point.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a number")]
enum Number {
    Whole(i64),
    Real(f64),
}

impl Number {
    fn value(self) -> f64 {
        match self {
            Self::Whole(value) => value as f64,
            Self::Real(value) => value,
        }
    }
}

impl<'de> Deserialize<'de> for Axis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListOrRange;

        impl<'de> Visitor<'de> for ListOrRange {
            type Value = Axis;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(
                    "a list of values, { from, to, steps }, { from, to, step } or { from, to, steps, scale = \"log\" }",
                )
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Axis, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(seq)).map(Axis::List)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Axis, A::Error> {
                // Whoever forgets the quotes gets here with the next part of the path.
                let in_quotes =
                    |error| A::Error::custom(format!("{error}; a path of several keys stands in quotes"));
                Range::deserialize(MapAccessDeserializer::new(map)).map(Axis::Range).map_err(in_quotes)
            }
        }

        deserializer.deserialize_any(ListOrRange)
    }
}

impl JsonSchema for Axis {
    fn schema_name() -> Cow<'static, str> {
        "Sweep".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The values: a list, or a range of numbers",
            "anyOf": [
                { "type": "array", "minItems": 1 },
                {
                    "type": "object",
                    "properties": {
                        "from": { "type": "number", "description": "the first value" },
                        "to": { "type": "number", "description": "the last value" },
                        "steps": { "type": "integer", "minimum": 2, "description": "how many values" },
                        "step": { "type": "number", "description": "what lies between two values" },
                        "scale": { "enum": ["linear", "log"], "description": "equal steps, or equal factors" },
                    },
                    "required": ["from", "to"],
                    "oneOf": [{ "required": ["steps"] }, { "required": ["step"] }],
                    "additionalProperties": false,
                },
            ],
        })
    }
}

impl Axis {
    /// The values, each once; what is wrong when there are none.
    pub(super) fn values(&self) -> Result<Vec<Value>, String> {
        let values = match self {
            Self::List(values) => values.clone(),
            Self::Range(range) => range.values()?,
        };
        if values.is_empty() {
            return Err("the list is empty; allowed is one or more values".to_owned());
        }
        for (index, value) in values.iter().enumerate() {
            if values[..index].contains(value) {
                return Err(format!("{} stands there twice; allowed is each value once", label(value)));
            }
        }
        Ok(values)
    }
}

impl Range {
    fn values(&self) -> Result<Vec<Value>, String> {
        let (from, to) = (self.from.value(), self.to.value());
        if !(from.is_finite() && to.is_finite()) {
            return Err("`from` and `to` must be finite numbers".to_owned());
        }
        let values = match (self.steps, self.step, self.scale) {
            (Some(steps), None, scale) => {
                if !(2..=MOST_STEPS).contains(&steps) {
                    return Err(format!("`steps` is {steps}; allowed are 2 to {MOST_STEPS}"));
                }
                if scale == Scale::Log && (from <= 0.0 || to <= 0.0) {
                    return Err("with scale = \"log\", `from` and `to` must be above 0".to_owned());
                }
                (0..steps).map(|step| point(scale, from, to, step, steps - 1)).collect()
            }
            (None, Some(step), Scale::Linear) => in_steps(from, to, step.value())?,
            (None, Some(_), Scale::Log) => {
                return Err(
                    "with scale = \"log\", `steps` says how many values there are, and no `step`".to_owned()
                );
            }
            (Some(_), Some(_), _) => {
                return Err("allowed is one of `steps` and `step`, and both stand there".to_owned());
            }
            (None, None, _) => {
                return Err("allowed is one of `steps` and `step`, and neither stands there".to_owned());
            }
        };
        let is_written_whole = [Some(self.from), Some(self.to), self.step]
            .iter()
            .flatten()
            .all(|number| matches!(number, Number::Whole(_)));
        let rounded: Vec<f64> = values.into_iter().map(to_twelve_digits).collect();
        let is_whole = is_written_whole && rounded.iter().all(|value| value.fract() == 0.0);
        Ok(rounded
            .into_iter()
            .map(|value| if is_whole { Value::Integer(value as i64) } else { Value::Float(value) })
            .collect())
    }
}

/// The value after so many of `last` steps; `libm` gives the same bits on every machine.
fn point(scale: Scale, from: f64, to: f64, step: u64, last: u64) -> f64 {
    let share = step as f64 / last as f64;
    match (scale, step) {
        (_, 0) => from,
        (_, step) if step == last => to,
        (Scale::Linear, _) => from + (to - from) * share,
        (Scale::Log, _) => from * libm::pow(to / from, share),
    }
}

fn in_steps(from: f64, to: f64, step: f64) -> Result<Vec<f64>, String> {
    let count = (to - from) / step;
    if !count.is_finite() || count < 0.0 {
        return Err(format!("a `step` of {step} does not lead from {from} to {to}"));
    }
    // What arithmetic adds or takes must not decide whether the last value is reached.
    let last = (count + 1e-9).floor() as u64;
    if last >= MOST_STEPS {
        return Err(format!("these are {} values; allowed are up to {MOST_STEPS}", last + 1));
    }
    Ok((0..=last).map(|index| from + step * index as f64).collect())
}

/// Without the crumbs of binary fractions: 1.2 and not 1.2000000000000002.
fn to_twelve_digits(value: f64) -> f64 {
    format!("{value:.11e}").parse().expect("a number that was just written")
}

/// A value as names show it: text without quotes.
pub(super) fn label(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Result<Vec<String>, String> {
        let table: std::collections::BTreeMap<String, Axis> =
            toml::from_str(&format!("x = {text}")).map_err(|error| error.to_string())?;
        table["x"].values().map(|values| values.iter().map(label).collect())
    }

    #[test]
    fn lists_and_ranges() {
        for (text, expected) in [
            ("[3, 'a', true]", "3 a true"),
            ("{ from = 1.0, to = 1.3, steps = 4 }", "1.0 1.1 1.2 1.3"),
            ("{ from = 1, to = 10, steps = 4 }", "1 4 7 10"),
            ("{ from = 1, to = 2, steps = 3 }", "1.0 1.5 2.0"),
            ("{ from = 0, to = 10, step = 4 }", "0 4 8"),
            ("{ from = 0.1, to = 0.3, step = 0.1 }", "0.1 0.2 0.3"),
            ("{ from = 3, to = 1, step = -1 }", "3 2 1"),
            ("{ from = 100, to = 10000, steps = 3, scale = 'log' }", "100 1000 10000"),
            ("{ from = 0.25, to = 4, steps = 5, scale = 'log' }", "0.25 0.5 1.0 2.0 4.0"),
        ] {
            assert_eq!(values(text).map(|values| values.join(" ")).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for (text, expected) in [
            ("[]", "empty"),
            ("[1, 2, 1]", "1 stands there twice"),
            ("3", "a list of values"),
            ("{ from = 1, to = 2 }", "neither"),
            ("{ from = 1, to = 2, steps = 3, step = 1 }", "both"),
            ("{ from = 1, to = 2, steps = 1 }", "2 to"),
            ("{ from = 0, to = 2, steps = 3, scale = 'log' }", "above 0"),
            ("{ from = 1, to = 2, step = 1, scale = 'log' }", "no `step`"),
            ("{ from = 1, to = 2, step = 0 }", "does not lead"),
            ("{ from = 1, to = 2, step = -1 }", "does not lead"),
            ("{ from = 0, to = 1, step = 0.00001 }", "up to 10000"),
            ("{ from = 0, to = inf, steps = 3 }", "finite"),
            ("{ from = 0, too = 1, steps = 3 }", "too"),
        ] {
            let problem = values(text).expect_err(text);
            assert!(problem.contains(expected), "{text}: {problem}");
        }
    }
}
