//! The JSON Schema (draft 2020-12) of the configuration, from the types that read it: an editor that knows it
//! completes keys and names and marks what is wrong while it is typed.
//!
//! A schema cannot say all that the reader checks: ranges that depend on other keys, names that the file itself
//! defines, options of policies, generators and importers. What it refuses, the reader refuses too.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use sim::metrics::MetricSet;
use sim::models::cooling::Cooling;
use sim::models::dirtying::Dirtying;
use sim::models::facility::UpsCurve;
use sim::models::gpu_power::GpuCurve;
use sim::models::migration::pre_copy::OnStall;
use sim::models::migration::{Migration, Mode};
use sim::models::power::HostPower;
use sim::models::sleep::Sleep;
use sim::models::topology_manager::TopologyManager;
use sim::resources::DeviceClass;
use sim::rules::{Accounting, AfterEviction, DecideAfter, EventOrder, TurnedAway, WhenNoPlace};
use traces::series::{Gaps, Wrap};
use traces::transform::Transform;

use super::migration::{self, Range};
use super::shape::{fields, variants};
use super::{
    ClusterConfig, CoolingTable, ExperimentConfig, NodesPower, PartsConfig, SyntheticConfig, cluster_help,
    cluster_names, gpu_power_list, gpu_power_names, host_power_list, host_power_names,
};

/// The schema of an experiment.
pub fn experiment() -> Value {
    root::<ExperimentConfig>("An experiment of Rackwright")
}

/// The schema of a file that holds one cluster.
pub fn cluster() -> Value {
    root::<ClusterConfig>("A cluster of Rackwright")
}

/// The schema of a training.
pub fn training() -> Value {
    root::<crate::train::AnyTrainConfig>("A training of Rackwright")
}

/// The schema of a comparison of predictors.
pub fn prediction() -> Value {
    root::<crate::predict::PredictConfig>("A comparison of predictors of Rackwright")
}

fn root<T: JsonSchema>(title: &str) -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema.to_value()
}

/// One of several names, each with a line of help.
fn one_of<'a>(names: impl IntoIterator<Item = (&'a str, String)>) -> Value {
    let names = names.into_iter().map(|(name, help)| json!({ "const": name, "description": help }));
    json!({ "anyOf": names.collect::<Vec<_>>() })
}

fn schema(value: Value) -> Schema {
    Schema::try_from(value).expect("an object is a schema")
}

/// The names that a type takes, each with a line of help where there is one.
fn enumeration<T: DeserializeOwned>(help: &[(&str, &str)]) -> Schema {
    let help_of = |name: &str| help.iter().find(|(known, _)| *known == name).map_or("", |(_, help)| help);
    schema(one_of(variants::<T>().iter().map(|&name| (name, help_of(name).to_owned()))))
}

pub(super) fn event_order(_: &mut SchemaGenerator) -> Schema {
    enumeration::<EventOrder>(&[
        ("releases_first", "what ends makes room before what comes is counted"),
        ("arrivals_first", "as some published programs have it"),
    ])
}

pub(super) fn decide_after(_: &mut SchemaGenerator) -> Schema {
    enumeration::<DecideAfter>(&[
        ("each_instant", "after all events of an instant have taken effect"),
        ("each_event", "after each single event, as some published programs do"),
    ])
}

pub(super) fn when_no_place(_: &mut SchemaGenerator) -> Schema {
    enumeration::<WhenNoPlace>(&[("wait", "it waits"), ("reject", "it leaves at once")])
}

pub(super) fn after_eviction(_: &mut SchemaGenerator) -> Schema {
    enumeration::<AfterEviction>(&[
        ("restart", "the work done is lost: the task starts from the beginning"),
        ("resume", "the work done is kept: the task goes on where it was"),
    ])
}

pub(super) fn accounting(_: &mut SchemaGenerator) -> Schema {
    enumeration::<Accounting>(&[
        ("exact", "power is integrated from event to event"),
        ("cloudsim_3", "as CloudSim 3.0.3 does in its PlanetLab examples"),
    ])
}

pub(super) fn topology_manager(_: &mut SchemaGenerator) -> Schema {
    let names = TopologyManager::NAMES.iter().map(|&(name, _, help)| (name, help.to_owned()));
    schema(one_of(names))
}

pub(super) fn numa_split(_: &mut SchemaGenerator) -> Schema {
    schema(numbers(&["above_memory_mib"], &["above_memory_mib"]))
}

pub(super) fn turned_away(_: &mut SchemaGenerator) -> Schema {
    enumeration::<TurnedAway>(&[
        ("waits", "it waits until something is released that could help it"),
        ("leaves", "it has failed for good"),
    ])
}

pub(super) fn migration(_: &mut SchemaGenerator) -> Schema {
    let presets = one_of(Migration::PRESETS.iter().map(|&(name, _, help)| (name, help.to_owned())));
    let number = |key: &migration::Key| {
        let mut held = json!({ "type": "number", "description": key.help });
        let (bound, value) =
            if key.range == Range::Positive { ("exclusiveMinimum", 0) } else { ("minimum", 0) };
        held[bound] = value.into();
        match key.range {
            Range::BelowOne => held["exclusiveMaximum"] = 1.into(),
            Range::Share => held["maximum"] = 1.into(),
            Range::Positive | Range::NotNegative => {}
        }
        (key.name.to_owned(), held)
    };
    let mut properties: Map<String, Value> = migration::KEYS.iter().map(number).collect();
    let works = Dirtying::PRESETS.iter().map(|&(name, _, help)| (name, help.to_owned()));
    let modes = enumeration::<Mode>(&[
        ("send_once", "all of the memory once, without downtime"),
        ("pre_copy", "in rounds while the task runs, the last one while it stands still"),
        ("post_copy", "the task goes on at the other host, and its memory follows"),
        ("hybrid", "one round, then what it left follows"),
        ("checkpoint", "stopped, saved, sent and loaded again"),
    ]);
    let stalls = enumeration::<OnStall>(&[
        ("abort", "given up: the task stays where it was"),
        ("stop", "stopped at once, for however long it takes"),
        ("post_copy", "the task goes on at the other host, and what is left follows"),
        ("throttle", "slowed down as soon as rounds shrink too slowly"),
    ]);
    properties.insert("preset".to_owned(), presets.clone());
    properties.insert("work".to_owned(), one_of(works));
    properties.insert("mode".to_owned(), modes.to_value());
    properties.insert("on_stall".to_owned(), stalls.to_value());
    let rounds = json!({
        "type": "integer", "minimum": 1, "maximum": migration::MOST_ROUNDS, "description": "the most rounds of pre-copy",
    });
    properties.insert("rounds".to_owned(), rounds);
    let at_once = json!({
        "type": "integer", "minimum": 1,
        "description": "the most migrations that leave a host, and that come to it, at a time; others wait and run meanwhile",
    });
    properties.insert("at_once".to_owned(), at_once);
    let table = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    json_schema!({ "anyOf": [presets, table] })
}

pub(super) fn sleep(_: &mut SchemaGenerator) -> Schema {
    let keys = ["down_seconds", "down_watts", "asleep_watts", "boot_seconds", "boot_watts"];
    let presets = one_of(Sleep::PRESETS.iter().map(|&(name, _, help)| (name, help.to_owned())));
    json_schema!({ "anyOf": [presets, numbers(&keys, &keys)] })
}

pub(super) fn ups(_: &mut SchemaGenerator) -> Schema {
    let keys = ["no_load", "proportional", "square"];
    let presets = one_of(UpsCurve::PRESETS.iter().map(|&(name, _, help)| (name, help.to_owned())));
    json_schema!({ "anyOf": [presets, numbers(&keys, &keys)] })
}

pub(super) fn cooling_preset(_: &mut SchemaGenerator) -> Schema {
    schema(one_of(Cooling::PRESETS.iter().map(|&(name, help)| (name, help.to_owned()))))
}

pub(super) fn cooling(generator: &mut SchemaGenerator) -> Schema {
    let factor = json!({ "type": "number", "minimum": 0, "description": "watts for each watt of heat" });
    let (presets, table) = (cooling_preset(generator), generator.subschema_for::<CoolingTable>());
    json_schema!({ "anyOf": [factor, presets, table] })
}

/// What is around a datacenter: a number, a table with `synthetic`, or a file with options of its importer.
pub(super) fn quantity(generator: &mut SchemaGenerator) -> Schema {
    let formats = traces::series::names().into_iter().map(|(name, help)| (name, help.to_owned()));
    let file = json!({
        "type": "object",
        "properties": {
            "path": { "type": "string", "minLength": 1, "description": "the file, relative to the data folder" },
            "format": one_of(formats),
            "gaps": { "enum": variants::<Gaps>() },
            "wrap": { "enum": variants::<Wrap>() },
            "gap_factor": { "type": "number", "minimum": 1 },
            "marginal": { "type": "boolean", "description": "carbon: the file holds marginal intensities" },
            "humidity_percent": { "type": "number", "minimum": 0, "maximum": 100 },
            "synthetic": false,
        },
        "required": ["path", "format"],
    });
    let synthetic = json!({
        "type": "object",
        "properties": { "synthetic": generator.subschema_for::<SyntheticConfig>() },
        "required": ["synthetic"],
        "additionalProperties": false,
    });
    json_schema!({ "anyOf": [{ "type": "number" }, synthetic, file] })
}

pub(super) fn embodied(generator: &mut SchemaGenerator) -> Schema {
    let kilograms = json!({ "type": "number", "minimum": 0, "description": "kilograms of CO2 equivalents" });
    let server = json!({ "const": "server", "description": "by parts, with what is usual for a server" });
    json_schema!({ "anyOf": [kilograms, server, generator.subschema_for::<PartsConfig>()] })
}

pub(super) fn converter(_: &mut SchemaGenerator) -> Schema {
    let keys = ["loss_watts", "efficiency"];
    schema(numbers(&keys, &keys))
}

pub(super) fn device_class(_: &mut SchemaGenerator) -> Schema {
    enumeration::<DeviceClass>(&[
        ("gpu", "graphics processors and their like"),
        ("fpga", "reconfigurable logic"),
        ("dpu", "network cards that compute"),
    ])
}

pub(super) fn nodes_power(_: &mut SchemaGenerator) -> Schema {
    enumeration::<NodesPower>(&[
        ("linear", "in proportion, between idle and full power"),
        ("stepped", "a processor or device draws all of its power as soon as anything is on it (PWR, 2025)"),
    ])
}

pub(super) fn known_clusters(_: &mut SchemaGenerator) -> Schema {
    schema(one_of(cluster_names().into_iter().map(|name| (name, cluster_help(name).unwrap_or_default()))))
}

/// What the names of savings have in them, so that they are not taken for metrics of one run.
pub(super) const SAVING: &str = "saving";

pub(super) fn metrics(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "uniqueItems": true, "items": metric(generator) })
}

pub(super) fn metric(_: &mut SchemaGenerator) -> Schema {
    let mut names =
        one_of(MetricSet::INFOS.iter().map(|info| (info.name, format!("{} [{}]", info.help, info.unit))));
    let saving = json!({ "type": "string", "pattern": SAVING, "description": "a key of `savings.metrics`" });
    names["anyOf"].as_array_mut().expect("it is a list").push(saving);
    schema(names)
}

/// A claim has a bound, on one side.
pub(super) fn one_bound(claim: &mut Schema) {
    claim.insert("oneOf".to_owned(), json!([{ "required": ["at_most"] }, { "required": ["at_least"] }]));
}

/// Exactly one key of several, each with the schema of what it holds.
fn one_key(properties: Map<String, Value>) -> Value {
    json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "minProperties": 1,
        "maxProperties": 1,
    })
}

/// The measured servers among the list come first, then the curves.
pub(super) fn host_power(_: &mut SchemaGenerator) -> Schema {
    let known = host_power_names();
    let (measured, curves): (Vec<_>, Vec<_>) =
        host_power_list().into_iter().partition(|(name, _)| known.contains(name));
    let curve = |&name: &&'static str| {
        let help = curves.iter().find(|(known, _)| known == &name).map_or("", |(_, help)| help);
        let keys = fields::<HostPower>(name);
        let mut held = match keys.is_empty() {
            true => {
                json!({ "type": "array", "items": { "type": "number", "minimum": 0 }, "minItems": 11, "maxItems": 11 })
            }
            false => numbers(keys, keys),
        };
        held["description"] = help.into();
        (name.to_owned(), held)
    };
    let curves = one_key(variants::<HostPower>().iter().map(curve).collect());
    json_schema!({ "anyOf": [one_of(measured), curves] })
}

/// A table of numbers, none of them negative.
fn numbers(keys: &[&str], required: &[&str]) -> Value {
    let properties: Map<String, Value> =
        keys.iter().map(|&key| (key.to_owned(), json!({ "type": "number", "minimum": 0 }))).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

pub(super) fn gpu_power(_: &mut SchemaGenerator) -> Schema {
    let known = gpu_power_names();
    let (models, curves): (Vec<_>, Vec<_>) =
        gpu_power_list().into_iter().partition(|(name, _)| known.contains(name));
    let help_of = |name: &str| {
        curves.iter().find(|(known, _)| *known == name).map_or(String::new(), |one| one.1.clone())
    };
    let mut curve = numbers(&["idle_watts", "max_watts"], &["idle_watts", "max_watts"]);
    curve["properties"]["curve"] = one_of(variants::<GpuCurve>().iter().map(|&name| (name, help_of(name))));
    json_schema!({ "anyOf": [one_of(models), curve] })
}

/// A table with one of three keys that say what kind of source it is; the others are options of the importer or
/// generator, which knows them.
pub(super) fn source(_: &mut SchemaGenerator) -> Schema {
    let names = |names: Vec<(&'static str, &'static str)>| {
        one_of(names.into_iter().map(|(name, help)| (name, help.to_owned())))
    };
    let path =
        json!({ "type": "string", "minLength": 1, "description": "the file, relative to the data folder" });
    let folder = json!({
        "type": "string", "minLength": 1,
        "description": "the directory of an imported or generated workload, relative to this file",
    });
    json_schema!({
        "type": "object",
        "properties": {
            "importer": names(traces::import::names()),
            "path": path,
            "canonical": folder,
            "generator": names(traces::generate::names()),
        },
        "oneOf": [
            { "required": ["importer", "path"] },
            { "required": ["canonical"], "maxProperties": 1 },
            { "required": ["generator"] },
        ],
    })
}

pub(super) fn transforms(_: &mut SchemaGenerator) -> Schema {
    let one = |&name: &&'static str| {
        let keys = fields::<Transform>(name);
        let properties: Map<String, Value> =
            keys.iter().map(|&key| (key.to_owned(), Value::Bool(true))).collect();
        (name.to_owned(), json!({ "properties": properties }))
    };
    let one = one_key(variants::<Transform>().iter().map(one).collect());
    json_schema!({ "type": "array", "items": one })
}
