//! Sweeps: one experiment for every value of a key.
//!
//! ```toml
//! [sweep]
//! "rules.usual.pue" = [1.1, 1.3, 1.5]
//! "schedulers.packing.place.memory_weight" = { from = 0.25, to = 4, steps = 5, scale = "log" }
//! "workloads.day.source.tasks" = { from = 1000, to = 5000, step = 1000 }
//! ```
//!
//! A key is the path of what is replaced, in quotes; several keys multiply out, the last one running fastest. What
//! lies below `schedulers.NAME` makes schedulers `NAME[key=value]` of that one scheduler; what lies below a cluster, a
//! workload or rules makes scenarios `NAME [key=value]` of those that use them. Whoever is not affected stays as it
//! was. A path leads through what is written, of a cluster with `file` or `named` through what that file says; only
//! its last key may be one that was left to its default.

use std::collections::BTreeMap;
use std::path::Path;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::document::Document;
use super::{ConfigError, ExperimentConfig, Named, ScenarioConfig, check, include};
use crate::nearest::unknown_name;

mod axis;
mod path;

pub use axis::Axis;
use path::{Family, SweptKey};

/// The most variants that one thing may have.
const MOST_VARIANTS: usize = 10_000;

/// Swept keys with their values.
pub type Settings = BTreeMap<String, Value>;

/// What was swept: by the name of a scenario or scheduler that it made, the keys with their values.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Swept {
    pub(super) scenarios: BTreeMap<String, Settings>,
    pub(super) schedulers: BTreeMap<String, Settings>,
}

/// One value for each swept key of one thing.
type Combination<'a> = Vec<(&'a SweptKey, Value)>;

/// A variant of a thing: its name, what makes it, and what is written about it in brackets.
#[derive(Clone)]
struct Variant {
    name: String,
    label: String,
    settings: Settings,
}

/// By family and name, the variants that take the place of a thing.
type Variants = BTreeMap<(Family, String), Vec<Variant>>;

/// Replaces what is swept by its variants. An experiment without a sweep stays as it is.
pub(super) fn expand(
    experiment: &mut ExperimentConfig,
    document: &Document,
    folder: &Path,
) -> Result<Swept, ConfigError> {
    if experiment.sweep.0.is_empty() {
        return Ok(Swept::default());
    }
    let axes = axes(experiment, document)?;
    let mut expansion = Expansion { document, folder, root: document.parse()?, variants: Variants::new() };
    experiment.clusters =
        expansion.things(Family::Clusters, &experiment.clusters, &axes, |expansion, own, made| {
            expansion.cluster(own, made)
        })?;
    experiment.workloads = {
        let seeds = &experiment.seeds.0;
        expansion.things(Family::Workloads, &experiment.workloads, &axes, |expansion, own, made| {
            let (read, text) = expansion.typed(own, made)?;
            check::workload(&read, seeds, &text, &[]).map_err(|error| expansion.refuse(made, &error))?;
            Ok(read)
        })?
    };
    experiment.rules =
        expansion.things(Family::Rules, &experiment.rules, &axes, |expansion, own, made| {
            let (read, text) = expansion.typed(own, made)?;
            check::rules(&read, &text, &[]).map_err(|error| expansion.refuse(made, &error))?;
            Ok(read)
        })?;
    experiment.schedulers =
        expansion.things(Family::Schedulers, &experiment.schedulers, &axes, |expansion, own, made| {
            let (read, text) = expansion.typed(own, made)?;
            check::scheduler(&read, &text, &[]).map_err(|error| expansion.refuse(made, &error))?;
            Ok(read)
        })?;
    let swept = expansion.scenarios(experiment);
    experiment.scenarios_grid = None;
    Ok(swept)
}

/// The swept keys with their values, in the written order.
fn axes(
    experiment: &ExperimentConfig,
    document: &Document,
) -> Result<Vec<(SweptKey, Vec<Value>)>, ConfigError> {
    let mut axes: Vec<(SweptKey, Vec<Value>)> = Vec::new();
    for (path, axis) in &experiment.sweep.0 {
        let refuse = |problem: String| document.refuse(&["sweep", path], problem);
        let key = SweptKey::read(path).map_err(refuse)?;
        let names = match key.family {
            Family::Clusters => experiment.clusters.names(),
            Family::Workloads => experiment.workloads.names(),
            Family::Rules => experiment.rules.names(),
            Family::Schedulers => experiment.schedulers.names(),
        };
        if !names.contains(&key.name.as_str()) {
            return Err(refuse(unknown_name(key.family.one(), &key.name, &names)));
        }
        let is_used = |scenario: &ScenarioConfig| match key.family {
            Family::Clusters => scenario.cluster == key.name,
            Family::Workloads => scenario.workload == key.name,
            Family::Rules => scenario.rules.as_ref() == Some(&key.name),
            Family::Schedulers => true,
        };
        if !experiment.scenarios().iter().any(is_used) {
            let what = key.family.one();
            return Err(refuse(format!(
                "no scenario uses the {what} `{}`, so that nothing changes",
                key.name
            )));
        }
        if let Some((other, _)) = axes.iter().find(|(other, _)| key.overlaps(other)) {
            return Err(refuse(format!(
                "it is part of what `{}` replaces, or the other way round",
                other.path
            )));
        }
        axes.push((key, axis.values().map_err(refuse)?));
    }
    Ok(axes)
}

struct Expansion<'a> {
    document: &'a Document,
    folder: &'a Path,
    /// The document as it is written.
    root: Table,
    variants: Variants,
}

impl Expansion<'_> {
    /// The things of a family, those that are swept replaced by their variants.
    fn things<T: Clone>(
        &mut self,
        family: Family,
        things: &Named<T>,
        axes: &[(SweptKey, Vec<Value>)],
        make: impl Fn(&Self, Table, &Combination<'_>) -> Result<T, ConfigError>,
    ) -> Result<Named<T>, ConfigError> {
        let mut all = Vec::new();
        for (name, thing) in &things.0 {
            let mine: Vec<&(SweptKey, Vec<Value>)> =
                axes.iter().filter(|(key, _)| key.family == family && key.name == *name).collect();
            if mine.is_empty() {
                all.push((name.clone(), thing.clone()));
                continue;
            }
            let own = self.root.get(family.table()).and_then(|table| table.get(name));
            let own = own.and_then(Value::as_table).expect("it was read from there").clone();
            let mut variants = Vec::new();
            for made in self.combinations(&mine)? {
                let variant = variant(name, &made);
                all.push((variant.name.clone(), make(self, own.clone(), &made)?));
                variants.push(variant);
            }
            self.variants.insert((family, name.clone()), variants);
        }
        Ok(Named(all))
    }

    /// Every combination of values, the last key running fastest.
    fn combinations<'k>(
        &self,
        axes: &[&'k (SweptKey, Vec<Value>)],
    ) -> Result<Vec<Combination<'k>>, ConfigError> {
        let count = axes.iter().try_fold(1_usize, |count, (_, values)| count.checked_mul(values.len()));
        if count.is_none_or(|count| count > MOST_VARIANTS) {
            let (key, _) = axes.last().expect("what is swept has a key");
            let problem =
                format!("the values multiply out to more than {MOST_VARIANTS} variants of one thing");
            return Err(self.document.refuse(&["sweep", &key.path], problem));
        }
        let mut all: Vec<Combination<'k>> = vec![Vec::new()];
        for (key, values) in axes.iter().map(|axis| (&axis.0, &axis.1)) {
            let with = |made: &Combination<'k>, value: &Value| {
                let mut made = made.clone();
                made.push((key, value.clone()));
                made
            };
            all = all
                .iter()
                .flat_map(|made| values.iter().map(|value| with(made, value)).collect::<Vec<_>>())
                .collect();
        }
        Ok(all)
    }

    /// Reads what is written about a thing with some keys replaced; also the text that was read.
    fn typed<T: DeserializeOwned>(
        &self,
        mut own: Table,
        made: &Combination<'_>,
    ) -> Result<(T, Document), ConfigError> {
        self.set(&mut own, made)?;
        self.read(&own, made)
    }

    /// A cluster that names a file is changed in what that file says, unless the sweep is over the files.
    fn cluster(&self, mut own: Table, made: &Combination<'_>) -> Result<super::ClusterConfig, ConfigError> {
        let names_file = own.contains_key("file") || own.contains_key("named");
        let (inner, outer): (Combination<'_>, Combination<'_>) =
            made.iter().cloned().partition(|(key, _)| names_file && !key.is_choice_of_file());
        self.set(&mut own, &outer)?;
        let (stated, text) = self.read::<super::ClusterConfig>(&own, made)?;
        let refuse = |error: &ConfigError| self.refuse(made, error);
        let included = include::included(&stated, &text, self.folder, &[]).map_err(|error| refuse(&error))?;
        let Some(included) = included else {
            check::cluster(&stated, &text, &[]).map_err(|error| refuse(&error))?;
            return Ok(stated);
        };
        let mut own: Table = included.parse()?;
        self.set(&mut own, &inner)?;
        let (stated, text) = self.read::<super::ClusterConfig>(&own, made)?;
        check::cluster(&stated, &text, &[]).map_err(|error| refuse(&error))?;
        Ok(stated)
    }

    fn set(&self, own: &mut Table, made: &Combination<'_>) -> Result<(), ConfigError> {
        for (key, value) in made {
            key.set(own, value.clone())
                .map_err(|problem| self.document.refuse(&["sweep", &key.path], problem))?;
        }
        Ok(())
    }

    fn read<T: DeserializeOwned>(
        &self,
        own: &Table,
        made: &Combination<'_>,
    ) -> Result<(T, Document), ConfigError> {
        let text = toml::to_string(own).expect("what was read from TOML can be written as TOML");
        let text = Document::new("sweep", text);
        text.parse().map(|read| (read, text)).map_err(|error| self.refuse(made, &error))
    }

    /// A refusal of a variant, at the key that makes it; where several do, at the one that the refusal speaks of.
    fn refuse(&self, made: &Combination<'_>, error: &ConfigError) -> ConfigError {
        let (about, problem) = match error {
            ConfigError::Value { key, problem, .. } => (key.as_str(), problem.clone()),
            other => ("", other.to_string()),
        };
        let speaks_of =
            |(key, _): &&(&SweptKey, Value)| !about.is_empty() && about.starts_with(&key.relative());
        let Some((key, value)) = made.iter().find(speaks_of).or(made.last()) else {
            return self.document.refuse(&["sweep"], problem);
        };
        self.document.refuse(&["sweep", &key.path], format!("with {}: {problem}", axis::label(value)))
    }

    /// Multiplies scenarios by the variants of what they use.
    fn scenarios(&self, experiment: &mut ExperimentConfig) -> Swept {
        let mut swept = Swept::default();
        for variant in self.variants.iter().filter(|((family, _), _)| *family == Family::Schedulers) {
            swept.schedulers.extend(variant.1.iter().map(|one| (one.name.clone(), one.settings.clone())));
        }
        let mut scenarios = Vec::new();
        for scenario in experiment.scenarios() {
            for cluster in self.of(Family::Clusters, Some(&scenario.cluster)) {
                for workload in self.of(Family::Workloads, Some(&scenario.workload)) {
                    for rules in self.of(Family::Rules, scenario.rules.as_ref()) {
                        let parts = [&cluster, &workload, &rules];
                        let labels: Vec<&str> = parts
                            .iter()
                            .filter(|part| !part.label.is_empty())
                            .map(|part| &*part.label)
                            .collect();
                        let name = match labels.is_empty() {
                            true => scenario.name.clone(),
                            false => format!("{} [{}]", scenario.name, labels.join(", ")),
                        };
                        let settings: Settings =
                            parts.iter().flat_map(|part| part.settings.clone()).collect();
                        if !settings.is_empty() {
                            swept.scenarios.insert(name.clone(), settings);
                        }
                        scenarios.push(ScenarioConfig {
                            name,
                            cluster: cluster.name.clone(),
                            workload: workload.name.clone(),
                            rules: scenario.rules.as_ref().map(|_| rules.name.clone()),
                            seeds: scenario.seeds.clone(),
                            schedulers: scenario.schedulers.clone(),
                        });
                    }
                }
            }
        }
        experiment.scenarios = scenarios;
        swept
    }

    /// The variants of a thing; itself when it is not swept.
    fn of(&self, family: Family, name: Option<&String>) -> Vec<Variant> {
        let name = name.cloned().unwrap_or_default();
        match self.variants.get(&(family, name.clone())) {
            Some(variants) => variants.clone(),
            None => vec![Variant { name, label: String::new(), settings: Settings::new() }],
        }
    }
}

fn variant(name: &str, made: &Combination<'_>) -> Variant {
    let labels: Vec<String> =
        made.iter().map(|(key, value)| format!("{}={}", key.relative(), axis::label(value))).collect();
    let label = labels.join(", ");
    let settings = made.iter().map(|(key, value)| (key.path.clone(), value.clone())).collect();
    Variant { name: format!("{name}[{label}]"), label, settings }
}

#[cfg(test)]
mod tests;
