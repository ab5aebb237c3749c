//! Which runs belong to one sweep: the same experiment but for one key, which goes through several values.
//!
//! A run of a sweep says so in its configuration: `sweep = { "rules.usual.pue" = 1.2 }`, key by key. Its scenario or
//! its scheduler then has a name that ends in ` [pue=1.2]`; what stands before is the name of the whole.

use crate::compare::{Cell, Comparison, MetricComparison, ScenarioComparison};
use crate::statistics::Estimate;
use results::Results;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A value that a key took.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Swept {
    /// A number.
    Number(f64),
    /// Anything else, as it is written.
    Word(String),
}

impl Swept {
    /// As people read it, and by which two values are told apart.
    pub(crate) fn said(&self) -> String {
        match self {
            Swept::Number(number) => number.to_string(),
            Swept::Word(word) => word.clone(),
        }
    }
}

/// Where one cell of the experiment stands: scenario and scheduler, by place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) scenario: usize,
    pub(crate) scheduler: usize,
}

/// One key that goes through its values, while everything else stays.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sweep {
    /// The scenario's name without the values.
    pub(crate) scenario: String,
    /// The key.
    pub(crate) key: String,
    /// The other swept keys, each with the value that it has here.
    pub(crate) fixed: BTreeMap<String, String>,
    /// The values, in order of size where all are numbers, else as the plan has them.
    pub(crate) values: Vec<Swept>,
    /// Each scheduler by its name without values.
    pub(crate) lines: Vec<SweepLine>,
}

/// One scheduler in a sweep.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SweepLine {
    /// Its name without values.
    pub(crate) scheduler: String,
    /// Where each value was run; none for a scheduler that the key does not touch, whose only cell holds for all.
    pub(crate) places: Vec<(Option<Swept>, Place)>,
}

impl Sweep {
    /// The cell at a place.
    fn cell<'a>(comparison: &'a Comparison, place: Place, metric: &str) -> Option<&'a Cell> {
        Some(&comparison.scenarios[place.scenario].metric(metric)?.cells[place.scheduler])
    }

    /// What tells it apart from other sweeps, and says what it is.
    pub(crate) fn title(&self) -> String {
        let fixed = self.fixed_said();
        let with = if fixed.is_empty() { String::new() } else { format!(", with {}", fixed.join(" and ")) };
        format!("{}: {} swept{with}", self.scenario, self.key)
    }

    /// The same as parts of the name of a file.
    pub(crate) fn about(&self) -> String {
        [&[self.scenario.clone(), self.key.clone()], self.fixed_said().as_slice()].concat().join(" ")
    }

    fn fixed_said(&self) -> Vec<String> {
        self.fixed.iter().map(|(key, value)| format!("{key} = {value}")).collect()
    }

    /// The metrics that are shown of its first scenario.
    pub(crate) fn shown<'a>(&self, comparison: &'a Comparison) -> Vec<&'a MetricComparison> {
        let first = self.lines.iter().flat_map(|line| &line.places).map(|(_, place)| place.scenario).min();
        first.map(|first| comparison.shown(&comparison.scenarios[first])).unwrap_or_default()
    }

    /// A metric of one scheduler at each value; a scheduler that the key does not touch has the same at all.
    pub(crate) fn estimates(
        &self,
        comparison: &Comparison,
        line: &SweepLine,
        metric: &str,
    ) -> Vec<Option<Estimate>> {
        let estimate = |value: &Swept| {
            let is_here = |own: &Option<Swept>| own.as_ref().is_none_or(|own| own == value);
            let (_, place) = line.places.iter().find(|(own, _)| is_here(own))?;
            Sweep::cell(comparison, *place, metric)?.estimate
        };
        self.values.iter().map(estimate).collect()
    }

    /// Whether all its values are numbers.
    pub(crate) fn is_numeric(&self) -> bool {
        self.values.iter().all(|value| matches!(value, Swept::Number(_)))
    }
}

/// One cell with what its runs say of themselves.
struct Entry {
    scheduler: String,
    place: Place,
    swept: BTreeMap<String, Swept>,
}

/// The sweeps of an experiment: for each scenario and key, one for every combination of the other keys' values.
pub(crate) fn sweeps(comparison: &Comparison, results: &Results) -> Vec<Sweep> {
    let mut groups: Vec<(String, Vec<Entry>)> = Vec::new();
    for (scenario, compared) in comparison.scenarios.iter().enumerate() {
        for (place, scheduler) in compared.schedulers.iter().enumerate() {
            let Some(swept) = swept_of(results, compared, scheduler) else { continue };
            let is_swept = !swept.is_empty();
            let name = |name: &str| if is_swept { without_values(name) } else { name }.to_owned();
            let entry =
                Entry { scheduler: name(scheduler), place: Place { scenario, scheduler: place }, swept };
            let group = name(&compared.scenario);
            match groups.iter_mut().find(|(other, _)| *other == group) {
                Some((_, entries)) => entries.push(entry),
                None => groups.push((group, vec![entry])),
            }
        }
    }
    groups.into_iter().flat_map(|(scenario, entries)| sweeps_of(&scenario, &entries)).collect()
}

/// What a run of this scenario and scheduler says that it swept; nothing where none has ended.
pub(crate) fn swept_of(
    results: &Results,
    scenario: &ScenarioComparison,
    scheduler: &str,
) -> Option<BTreeMap<String, Swept>> {
    let run = results
        .runs
        .iter()
        .find(|run| run.record.scenario == scenario.scenario && run.record.scheduler == *scheduler)?;
    let keys = run.record.config.get("sweep").and_then(|sweep| sweep.as_object()).into_iter().flatten();
    let swept = keys.map(|(key, found)| {
        let word = || found.as_str().map_or_else(|| found.to_string(), str::to_owned);
        (key.clone(), found.as_f64().map_or_else(|| Swept::Word(word()), Swept::Number))
    });
    Some(swept.collect())
}

fn sweeps_of(scenario: &str, entries: &[Entry]) -> Vec<Sweep> {
    let keys: BTreeSet<&String> = entries.iter().flat_map(|entry| entry.swept.keys()).collect();
    let mut sweeps = Vec::new();
    for key in keys {
        let others = |entry: &Entry| -> BTreeMap<String, String> {
            let others = entry.swept.iter().filter(|(other, _)| *other != key);
            others.map(|(other, value)| (other.clone(), value.said())).collect()
        };
        let mut slices: Vec<BTreeMap<String, String>> = Vec::new();
        for entry in entries.iter().filter(|entry| entry.swept.contains_key(key)) {
            if !slices.contains(&others(entry)) {
                slices.push(others(entry));
            }
        }
        for fixed in slices {
            let here: Vec<&Entry> = entries.iter().filter(|entry| others(entry) == fixed).collect();
            sweeps.extend(sweep(scenario, key, fixed, &here));
        }
    }
    sweeps
}

/// The sweep of a key over these cells, where it takes two values at least.
fn sweep(scenario: &str, key: &str, fixed: BTreeMap<String, String>, entries: &[&Entry]) -> Option<Sweep> {
    let mut values: Vec<Swept> = Vec::new();
    let mut lines: Vec<SweepLine> = Vec::new();
    for entry in entries {
        let value = entry.swept.get(key).cloned();
        values.extend(value.clone().filter(|value| !values.contains(value)));
        match lines.iter_mut().find(|line| line.scheduler == entry.scheduler) {
            Some(line) => line.places.push((value, entry.place)),
            None => {
                let scheduler = entry.scheduler.clone();
                lines.push(SweepLine { scheduler, places: vec![(value, entry.place)] });
            }
        }
    }
    // A scheduler with and without the key has the one without for no value: it is another scheduler's point.
    for line in lines.iter_mut().filter(|line| line.places.iter().any(|(value, _)| value.is_some())) {
        line.places.retain(|(value, _)| value.is_some());
    }
    let mut sweep = Sweep { scenario: scenario.to_owned(), key: key.to_owned(), fixed, values, lines };
    if sweep.is_numeric() {
        let size = |value: &Swept| match value {
            Swept::Number(number) => *number,
            Swept::Word(_) => 0.0,
        };
        sweep.values.sort_by(|one, other| size(one).total_cmp(&size(other)));
    }
    (sweep.values.len() > 1).then_some(sweep)
}

/// A name without the ` [key=value]` of scenarios, or the `[key=value]` of schedulers, at its end, however many there are.
pub(crate) fn without_values(name: &str) -> &str {
    let mut rest = name;
    while let Some((before, values)) = last_brackets(rest) {
        if !values.contains('=') {
            break;
        }
        rest = before.trim_end();
    }
    rest
}

/// What stands before the brackets at the end of a text, and within them; they may hold others, as in `hosts[0].count=3`.
fn last_brackets(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_suffix(']')?;
    let mut depth = 1;
    for (place, byte) in inner.bytes().enumerate().rev() {
        match byte {
            b']' => depth += 1,
            b'[' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((&inner[..place], &inner[place + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a panic is how a test speaks

    use super::*;
    use crate::testing::{Size, invented, swept};

    fn found(results: &Results) -> Vec<Sweep> {
        sweeps(&Comparison::of(results).unwrap(), results)
    }

    #[test]
    fn an_experiment_without_sweeps_has_none() {
        assert!(found(&invented(Size { scenarios: 2, schedulers: 2, seeds: 2, samples: 0 })).is_empty());
    }

    #[test]
    fn scenarios_that_differ_in_a_key_are_one_sweep() {
        let sweeps = found(&swept("rules.usual.pue", &["1.5", "1.1", "1.2"], 2, 2));
        assert_eq!(sweeps.len(), 1);
        let sweep = &sweeps[0];
        assert_eq!((sweep.scenario.as_str(), sweep.key.as_str()), ("mixed_small", "rules.usual.pue"));
        assert_eq!(sweep.values, [Swept::Number(1.1), Swept::Number(1.2), Swept::Number(1.5)]);
        let names: Vec<&str> = sweep.lines.iter().map(|line| line.scheduler.as_str()).collect();
        assert_eq!(names, ["first_fit", "best_fit"]);
        assert!(sweep.lines.iter().all(|line| line.places.len() == 3));
        assert_eq!(sweep.lines[1].places[1], (Some(Swept::Number(1.1)), Place { scenario: 1, scheduler: 1 }));
    }

    #[test]
    fn names_lose_their_values_and_nothing_else() {
        let names =
            ["day [pue=1.1]", "day [pue=1.1] [load=2]", "dot[place.memory_weight=0.5]", "a[b]", "a [b] "];
        assert_eq!(names.map(without_values), ["day", "day", "dot", "a[b]", "a [b] "]);
    }

    #[test]
    fn words_stay_in_the_order_of_the_plan() {
        let sweeps = found(&swept("rules.usual.backfilling", &["none", "easy"], 1, 2));
        assert_eq!(sweeps[0].values, [Swept::Word("none".to_owned()), Swept::Word("easy".to_owned())]);
        assert!(!sweeps[0].is_numeric());
    }

    #[test]
    fn two_keys_are_a_sweep_for_each_value_of_the_other() {
        let mut results = swept("rules.usual.pue", &["1.1", "1.2", "1.1", "1.2"], 1, 1);
        for (index, run) in results.runs.iter_mut().enumerate() {
            let load = if index < 2 { 1 } else { 2 };
            run.record.scenario = format!("mixed_small [load={load}] [pue={}]", index % 2);
            run.record.config["sweep"]["load"] = load.into();
            results.manifest.runs[index].scenario = run.record.scenario.clone();
        }
        let sweeps = found(&results);
        let said: Vec<(&str, Vec<&String>)> =
            sweeps.iter().map(|sweep| (sweep.key.as_str(), sweep.fixed.values().collect())).collect();
        let (one, two) = ("1".to_owned(), "2".to_owned());
        let (low, high) = ("1.1".to_owned(), "1.2".to_owned());
        assert_eq!(
            said,
            [
                ("load", vec![&low]),
                ("load", vec![&high]),
                ("rules.usual.pue", vec![&one]),
                ("rules.usual.pue", vec![&two])
            ]
        );
        assert!(sweeps.iter().all(|sweep| sweep.scenario == "mixed_small" && sweep.values.len() == 2));
    }

    #[test]
    fn a_scheduler_that_the_key_does_not_touch_holds_for_all_values() {
        let mut results = invented(Size { scenarios: 1, schedulers: 3, seeds: 1, samples: 0 });
        for (place, weight) in [(1, 0.5), (2, 2.0)] {
            let name = format!("dot_product [memory_weight={weight}]");
            results.runs[place].record.config["sweep"]["schedulers.dot_product.place.memory_weight"] =
                weight.into();
            results.runs[place].record.scheduler.clone_from(&name);
            results.manifest.runs[place].scheduler = name;
        }
        let sweeps = found(&results);
        assert_eq!(sweeps.len(), 1);
        assert_eq!(sweeps[0].lines[0].places, [(None, Place { scenario: 0, scheduler: 0 })]);
        assert_eq!(sweeps[0].lines[1].scheduler, "dot_product");
        assert_eq!(sweeps[0].lines[1].places.len(), 2);
    }
}
