//! `rackwright list`: everything that a config may name.

use policies::order::queue_features;
use policies::place::{host_features, linear_scorer};
use runner::cluster::{Summary, topology};
use runner::config::{
    ClusterConfig, RULES, cluster_file, cluster_help, cluster_names, effect_list, gpu_power_list,
    host_power_list,
};
use serde_json::{Value, json};
use sim::metrics::{Better, MetricSet};
use sim::models::cooling::Cooling;
use sim::models::dirtying::Dirtying;
use sim::models::facility::UpsCurve;
use sim::models::migration::Migration;
use sim::models::sleep::Sleep;

use crate::args::{Family, ListArgs};
use crate::failure::{Failure, failed};
use crate::terminal::print;

/// One thing that a config may name.
struct Entry {
    family: &'static str,
    name: String,
    help: String,
    /// What only this family knows.
    more: Vec<(&'static str, Value)>,
}

pub(crate) fn list(args: &ListArgs) -> Result<(), Failure> {
    let families = match args.family {
        Some(family) => vec![family],
        None => vec![
            Family::Policies,
            Family::Predictors,
            Family::Metrics,
            Family::Formats,
            Family::Series,
            Family::Generators,
            Family::Transforms,
            Family::Models,
            Family::Features,
            Family::Clusters,
            Family::Rules,
        ],
    };
    let entries: Vec<Entry> = families.into_iter().flat_map(entries).collect();
    if args.json {
        let values: Vec<Value> = entries.iter().map(as_json).collect();
        return print(&serde_json::to_string_pretty(&values).map_err(failed)?);
    }
    print(&as_text(&entries))
}

fn entries(family: Family) -> Vec<Entry> {
    let plain = |family, names: Vec<(&'static str, &'static str)>| {
        let entry = move |(name, help): (&str, &str)| Entry {
            family,
            name: name.into(),
            help: help.into(),
            more: vec![],
        };
        names.into_iter().map(entry).collect()
    };
    match family {
        Family::Policies => policies::catalogue()
            .into_iter()
            .map(|(family, name, help)| Entry { family, name: name.into(), help: help.into(), more: vec![] })
            .collect(),
        Family::Predictors => plain("predictor", policies::predict::NAMES.to_vec()),
        Family::Metrics => metrics(),
        Family::Formats => plain("format", traces::import::names()),
        Family::Series => plain("series", traces::series::names()),
        Family::Generators => plain("generator", traces::generate::names()),
        Family::Transforms => plain("transform", traces::transform::names()),
        Family::Models => {
            let entry = |family| {
                move |(name, help): (&str, String)| Entry {
                    family,
                    name: name.to_owned(),
                    help,
                    more: vec![],
                }
            };
            let hosts = host_power_list().into_iter().map(entry("host power"));
            let devices = gpu_power_list().into_iter().map(entry("device power"));
            let sleep =
                Sleep::PRESETS.iter().map(|&(name, _, help)| (name, help.to_owned())).map(entry("sleep"));
            let ups = UpsCurve::PRESETS.iter().map(|&(name, _, help)| (name, help.to_owned()));
            let own =
                "{ no_load, proportional, square }: lost at the load x, over rated power: c0 + c1 x + c2 x^2";
            let ups = ups.chain([("curve", own.to_owned())]).map(entry("ups"));
            let migrations = Migration::PRESETS.iter().map(|&(name, _, help)| (name, help.to_owned()));
            let works = Dirtying::PRESETS.iter().map(|&(name, _, help)| (name, help.to_owned()));
            let migrations =
                migrations.map(entry("migration")).chain(works.map(entry("work of a migration")));
            let cooling = Cooling::PRESETS.iter().map(|&(name, help)| (name, help.to_owned()));
            let cooling = cooling.map(entry("cooling"));
            let known = hosts.chain(devices).chain(sleep).chain(ups).chain(cooling).chain(migrations);
            known.chain(effects()).collect()
        }
        Family::Features => {
            let of = |family, features: &[(&'static str, &str)]| {
                let entry = move |&(name, help): &(&'static str, &str)| Entry {
                    family,
                    name: name.into(),
                    help: help.to_owned(),
                    more: vec![],
                };
                features.iter().map(entry).collect::<Vec<_>>()
            };
            let order = of("of waiting tasks, for order = \"linear\"", &queue_features::FEATURES);
            let place = of("of hosts, for place = \"linear\"", &host_features::FEATURES);
            let groups = of("groups of weights of place = \"linear\"", &linear_scorer::GROUPS);
            order.into_iter().chain(place).chain(groups).collect()
        }
        Family::Clusters => cluster_names().into_iter().map(cluster).collect(),
        Family::Rules => RULES
            .iter()
            .map(|&(name, allowed, help)| Entry {
                family: "rule",
                name: name.into(),
                help: format!("{help}: {allowed}"),
                more: vec![("allowed", json!(allowed))],
            })
            .collect(),
    }
}

/// What can be switched on, what is known of each by name, and its numbers with their units and defaults.
fn effects() -> Vec<Entry> {
    let mut entries = Vec::new();
    for effect in effect_list() {
        let mut push = |name: &str, help: String, more| {
            entries.push(Entry { family: effect.key, name: name.to_owned(), help, more });
        };
        push("(not stated)", format!("no effect; where it is stated, {}", effect.help), vec![]);
        for (name, help) in effect.presets {
            push(name, help.to_owned(), vec![("preset", json!(true))]);
        }
        for parameter in effect.parameters {
            let default = match &parameter.default {
                Value::Null => "none".to_owned(),
                Value::String(word) => word.clone(),
                number => number.to_string(),
            };
            let default = match parameter.of_preset {
                None => format!("default: {default}"),
                Some(preset) => format!("{preset}: {default}"),
            };
            let help = format!("{} [{}; {default}]", parameter.help, parameter.unit);
            let more = vec![
                ("unit", json!(parameter.unit)),
                ("default", parameter.default.clone()),
                ("default_of", json!(parameter.of_preset)),
            ];
            push(parameter.key, help, more);
        }
    }
    entries
}

/// A cluster that is built in, with its size and its power; those of a published list of nodes are in the data folder.
fn cluster(name: &'static str) -> Entry {
    let help = cluster_help(name).unwrap_or_default();
    let entry = |help, more| Entry { family: "cluster", name: name.to_owned(), help, more };
    let config: ClusterConfig = toml::from_str(cluster_file(name).unwrap_or_default())
        .expect("what is built in is tested to be a cluster");
    if let Some(nodes) = &config.nodes {
        return entry(format!("{help} [as {} has it]", nodes.path), vec![("nodes", json!(nodes.path))]);
    }
    let Summary { hosts, cores, devices, idle_watts, full_watts } =
        Summary::of(&topology(name, &config, None).expect("what is built in is tested to be possible"));
    let (idle, full) = (idle_watts / 1000.0, full_watts / 1000.0);
    let size = format!("{hosts} hosts, {cores} cores, {devices} GPUs, {idle:.1} to {full:.1} kW");
    let more = vec![
        ("hosts", json!(hosts)),
        ("cores", json!(cores)),
        ("devices", json!(devices)),
        ("idle_watts", json!(idle_watts)),
        ("full_watts", json!(full_watts)),
    ];
    entry(format!("{size}: {help}"), more)
}

fn metrics() -> Vec<Entry> {
    let better = |better| match better {
        Better::Higher => "higher",
        Better::Lower => "lower",
        Better::Neither => "neither",
    };
    let entry = |info: &sim::metrics::MetricInfo| Entry {
        family: "metric",
        name: info.name.into(),
        help: format!("{} [{}; better: {}]", info.help, info.unit, better(info.better)),
        more: vec![("unit", json!(info.unit)), ("better", json!(better(info.better)))],
    };
    MetricSet::INFOS.iter().map(entry).collect()
}

fn as_json(entry: &Entry) -> Value {
    let mut value = json!({ "family": entry.family, "name": entry.name, "help": entry.help });
    for (key, more) in &entry.more {
        value[*key] = more.clone();
    }
    value
}

fn as_text(entries: &[Entry]) -> String {
    let width = entries.iter().map(|entry| entry.name.len()).max().unwrap_or(0) + 2;
    let mut text = String::new();
    let mut family = "";
    for entry in entries {
        if entry.family != family {
            let gap = if family.is_empty() { "" } else { "\n" };
            text.push_str(&format!("{gap}{}\n", entry.family));
            family = entry.family;
        }
        text.push_str(&format!("  {:<width$}{}\n", entry.name, entry.help));
    }
    text
}
