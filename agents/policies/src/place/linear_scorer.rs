//! A weighted sum of what is known of each host (`host_features`); the largest is chosen. Weights may differ between kinds of
//! tasks, and move with the load of the cluster:
//!
//! ```text
//!   score = sum over features i of f_i * (w_i + group_i + (load - 1/2) * by_load_i + max(0, 4 load - 3) * when_full_i)
//! ```
//!
//! The devices of a host are those with the largest score at half load, so that a host is one straight line over the load (and
//! another beyond three quarters): lines are remembered, and a load that moves costs one pass over them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::fgd::{Fgd, is_of_one_kind};
use super::host_features::{FEATURES, Features, Pair, feature};
use crate::prelude::*;
use crate::score::{MaximumTree, Ranking, Value};

/// Weights that are added up where they apply, each group with what it applies to.
pub const GROUPS: [(&str, &str); 6] = [
    ("weights", "every task"),
    ("without_devices", "tasks without devices"),
    ("part_of_device", "tasks that take a part of a device"),
    ("several_devices", "tasks that take several devices"),
    ("by_load", "every task, times load - 1/2"),
    ("when_full", "every task, times max(0, 4 load - 3)"),
];

/// How far a weight must move to change choices about as much as one more point of FGD's score does, for each feature: a search
/// moves in these.
pub const STEPS: Features =
    [0.2, 5.0, 1.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 2.0, 2.0, 2.0, 2.0, 2.0, 1.0, 3.0];

const WITHOUT_DEVICES: usize = 1;
const PART_OF_DEVICE: usize = 2;
const SEVERAL_DEVICES: usize = 3;
const BY_LOAD: usize = 4;
const WHEN_FULL: usize = 5;

/// A weight for each feature in each group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Table(pub [Features; GROUPS.len()]);

impl Default for Table {
    /// FGD, with the lowest host of equals.
    fn default() -> Self {
        let mut table = Self([[0.0; FEATURES.len()]; GROUPS.len()]);
        table.0[0][feature("fgd")] = 1.0;
        table
    }
}

impl<'de> Deserialize<'de> for Table {
    /// Weights by group and name; what is not named weighs nothing, and without anything it is the default.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let named = BTreeMap::<String, BTreeMap<String, f64>>::deserialize(deserializer)?;
        if named.is_empty() {
            return Ok(Self::default());
        }
        let mut table = Self([[0.0; FEATURES.len()]; GROUPS.len()]);
        for (group, weights) in named {
            let row = place_of(&GROUPS, &group, "group of weights").map_err(D::Error::custom)?;
            for (name, weight) in weights {
                let column = place_of(&FEATURES, &name, "feature").map_err(D::Error::custom)?;
                if !weight.is_finite() {
                    let problem = format!("{group}.{name} = {weight}; allowed are finite numbers");
                    return Err(D::Error::custom(problem));
                }
                table.0[row][column] = weight;
            }
        }
        Ok(table)
    }
}

fn place_of(known: &[(&str, &str)], name: &str, what: &str) -> Result<usize, String> {
    known.iter().position(|one| one.0 == name).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|one| one.0).collect();
        format!("{name:?} is no {what}; allowed are {}", names.join(", "))
    })
}

impl Table {
    /// The weights of a task at half load.
    fn of_task(&self, task: &TaskShape) -> Features {
        let group = match (task.devices.count, task.devices.is_share()) {
            (0, _) => WITHOUT_DEVICES,
            (_, true) => PART_OF_DEVICE,
            (1, false) => return self.0[0],
            _ => SEVERAL_DEVICES,
        };
        std::array::from_fn(|place| self.0[0][place] + self.0[group][place])
    }

    fn hangs_on_load(&self) -> bool {
        self.0[BY_LOAD..].iter().flatten().any(|&weight| weight != 0.0)
    }

    fn hangs_on_memory(&self) -> bool {
        self.0.iter().any(|group| group[feature("memory_left")] != 0.0)
    }
}

/// The policy of these weights.
pub fn policy(table: Table) -> Box<dyn Policy> {
    let scorer = LinearScorer { table, fgd: Fgd::default() };
    match table.hangs_on_load() {
        true => Box::new(Greedy::ranked(scorer, ByLoad::default())),
        false => Box::new(Greedy::<_, MaximumTree>::new(scorer)),
    }
}

struct LinearScorer {
    table: Table,
    fgd: Fgd,
}

fn sum(weights: &Features, features: &Features) -> f64 {
    weights.iter().zip(features).fold(0.0, |sum, (weight, feature)| sum + weight * feature)
}

impl LinearScorer {
    /// The devices with the largest score at half load, that score, and the features.
    fn best(&self, task: &TaskShape, host: &HostState, context: &Context) -> (DeviceSet, f64, Features) {
        let weights = self.table.of_task(task);
        let mut best = (DeviceSet::EMPTY, f64::NEG_INFINITY, Features::default());
        let pair = Pair { task, host, context, fgd: &self.fgd };
        pair.each(|devices, features| {
            let score = sum(&weights, features);
            if score > best.1 {
                best = (devices, score, *features);
            }
        });
        best
    }

    /// Who is on the host does not matter, nor which of devices of one kind has what free.
    fn essence_of(&self, mut host: HostState) -> HostState {
        host.residents = Default::default();
        if !self.table.hangs_on_memory() {
            host.free.memory_mib = 0;
        }
        if is_of_one_kind(&host) { host.with_devices_sorted() } else { host }
    }
}

impl Score for LinearScorer {
    fn score(&self, task: &TaskShape, host: &HostState, context: &Context) -> f64 {
        self.best(task, host, context).1
    }

    fn essence(&self, host: HostState) -> HostState {
        self.essence_of(host)
    }

    fn devices(&self, task: &TaskShape, host: &HostState, context: &Context) -> DeviceSet {
        self.best(task, host, context).0
    }
}

/// A score that moves with the load.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Line {
    at_half: f64,
    by_load: f64,
    when_full: f64,
}

impl Value for Line {
    const UNKNOWN: Self = Self { at_half: f64::NAN, by_load: 0.0, when_full: 0.0 };
    const IMPOSSIBLE: Self = Self { at_half: f64::NEG_INFINITY, by_load: 0.0, when_full: 0.0 };

    fn is_unknown(self) -> bool {
        self.at_half.is_nan()
    }
}

impl Score<Line> for LinearScorer {
    fn score(&self, task: &TaskShape, host: &HostState, context: &Context) -> Line {
        let (_, at_half, features) = self.best(task, host, context);
        let [by_load, when_full] = [BY_LOAD, WHEN_FULL].map(|group| sum(&self.table.0[group], &features));
        Line { at_half, by_load, when_full }
    }

    fn essence(&self, host: HostState) -> HostState {
        self.essence_of(host)
    }

    fn devices(&self, task: &TaskShape, host: &HostState, context: &Context) -> DeviceSet {
        self.best(task, host, context).0
    }
}

/// The lines of all hosts.
#[derive(Clone, Debug, Default)]
struct ByLoad {
    lines: Vec<Line>,
}

impl Ranking for ByLoad {
    type Value = Line;

    fn blank(&self, count: usize) -> Self {
        Self { lines: vec![Line::IMPOSSIBLE; count] }
    }

    fn fill(&mut self, values: impl Iterator<Item = Line>) {
        self.lines.clear();
        self.lines.extend(values);
    }

    fn set(&mut self, index: usize, value: Line) {
        self.lines[index] = value;
    }

    fn best(&self, load: f64) -> Option<usize> {
        let (from_half, fullness) = (load - 0.5, (4.0 * load - 3.0).max(0.0));
        let mut best = (None, f64::NEG_INFINITY);
        for (index, line) in self.lines.iter().enumerate() {
            let score = line.at_half + from_half * line.by_load + fullness * line.when_full;
            if score > best.1 {
                best = (Some(index), score);
            }
        }
        best.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn table(weights: &[(&str, &str, f64)]) -> Table {
        let mut table = Table([[0.0; FEATURES.len()]; GROUPS.len()]);
        for &(group, name, weight) in weights {
            let row = place_of(&GROUPS, group, "group").expect("known");
            table.0[row][place_of(&FEATURES, name, "feature").expect("known")] = weight;
        }
        table
    }

    const HOSTS: &str = "cpu 16 gpus 2 | cpu 16 gpus 2 | cpu 32";
    const RUNNING: [(&str, u32); 1] = [("at 0 cpu 8 gpus 1 work 9", 0)];

    fn chosen(table: Table, task: &str) -> Option<HostId> {
        testing::choose_after(policy(table), HOSTS, &RUNNING, task).map(|placement| placement.host)
    }

    /// The fullest host for whoever takes devices, the emptiest for whoever does not.
    #[test]
    fn kinds_of_tasks_have_weights_of_their_own() {
        let table = table(&[
            ("weights", "cpu_left", -1.0),
            ("without_devices", "cpu_left", 2.0),
            ("several_devices", "cpu_left", 3.0),
        ]);
        assert_eq!(chosen(table, "at 0 cpu 1 gpus 1"), Some(HostId(0)));
        assert_eq!(chosen(table, "at 0 cpu 1 share 500"), Some(HostId(0)));
        assert_eq!(chosen(table, "at 0 cpu 1 gpus 2"), Some(HostId(1)));
        assert_eq!(chosen(table, "at 0 cpu 1"), Some(HostId(2)));
    }

    /// One of four GPUs is taken, and 8 of 64 cores: a load of 1/4. Filling weighs 1 at half load and 1 - 4 / 4 = 0 there; with a
    /// little less the emptier host is the better one.
    #[test]
    fn weights_move_with_the_load() {
        let filling = |by_load| table(&[("weights", "cpu_left", -1.0), ("by_load", "cpu_left", by_load)]);
        assert_eq!(chosen(filling(-3.9), "at 0 cpu 1 gpus 1"), Some(HostId(0)));
        assert_eq!(chosen(filling(-4.1), "at 0 cpu 1 gpus 1"), Some(HostId(1)));
        // Below three quarters, nothing is full.
        let full = table(&[("weights", "cpu_left", -1.0), ("when_full", "cpu_left", 99.0)]);
        assert_eq!(chosen(full, "at 0 cpu 1 gpus 1"), Some(HostId(0)));
        let ranking = ByLoad {
            lines: vec![
                Line::IMPOSSIBLE,
                Line { at_half: 1.0, by_load: 0.0, when_full: 0.0 },
                Line { at_half: 0.0, by_load: 0.0, when_full: 2.0 },
            ],
        };
        assert_eq!([0.5, 0.875, 0.9].map(|load| ranking.best(load)), [Some(1), Some(1), Some(2)]);
    }

    /// What hangs on the load in name only decides as what does not.
    #[test]
    fn lines_and_numbers_agree() {
        let flat =
            table(&[("weights", "fgd", 1.0), ("weights", "power", -3.0), ("weights", "device_left", -1.0)]);
        let mut lines = flat;
        lines.0[BY_LOAD][feature("power")] = 1e-300;
        let work = "at 0 cpu 4 share 300 | at 0 cpu 2 gpus 1 | at 1 cpu 9 | at 2 cpu 1 share 600 | at 3 cpu 1 share 100";
        let used = [flat, lines].map(|table| testing::hosts_used(policy(table), HOSTS, work));
        assert_eq!(used[0], used[1]);
        assert_eq!(used[0].len(), 5);
    }
}
