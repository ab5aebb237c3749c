//! Schedulers side by side, scenario by scenario and metric by metric, over the same seeds.
//!
//! Two schedulers under one seed meet the same arrivals and the same failures; what the seeds share drops out of
//! their difference. So differences are formed seed by seed, always against the first scheduler of the plan.

use crate::error::ReportError;
use crate::statistics::{Estimate, probability_above};
use crate::words;
use results::{Better, MetricValue, Results, RunRecord};
use std::collections::{BTreeMap, BTreeSet};

/// A whole experiment, compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Name of the experiment.
    pub experiment: String,
    /// Every scheduler of the plan, in plan order; a scheduler's place here is its colour in every figure.
    pub schedulers: Vec<String>,
    /// The scenarios, in plan order.
    pub scenarios: Vec<ScenarioComparison>,
    /// The metrics that are to be shown; where it is empty, each scenario shows those that are worth looking at
    /// first.
    pub metrics: Vec<String>,
}

/// What of an experiment is compared, and with whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The metrics that are shown, in this order; without any, [`ScenarioComparison::default_metrics`] chooses.
    pub metrics: Vec<String>,
    /// The scheduler that the others are compared with; without it, the first of the plan.
    pub baseline: Option<String>,
    /// Which scenarios: their whole name, with `*` for any text; without it, all.
    pub scenario: Option<String>,
}

/// One scenario: its schedulers x metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct ScenarioComparison {
    /// Name of the scenario.
    pub scenario: String,
    /// Its schedulers in plan order, but for a baseline that was chosen, which stands first; the first is what the
    /// others are compared with.
    pub schedulers: Vec<String>,
    /// The seeds of the plan, in plan order.
    pub seeds: Vec<u64>,
    /// How many runs have ended.
    pub finished_count: usize,
    /// How many runs were planned.
    pub planned_count: usize,
    /// The metrics, by name.
    pub metrics: Vec<MetricComparison>,
}

/// One metric in one scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricComparison {
    /// Name of the metric.
    pub name: String,
    /// Its unit; "1" for a ratio.
    pub unit: String,
    /// Which direction is good.
    pub better: Better,
    /// One cell per scheduler of the scenario, in the same order.
    pub cells: Vec<Cell>,
}

impl MetricComparison {
    /// How likely a run of the scheduler at this place is better than one of the first scheduler, whatever their seeds;
    /// nothing for the first one itself, where the metric does not judge, and without runs.
    pub fn probability_better(&self, place: usize) -> Option<f64> {
        let values = |place: usize| self.cells[place].values.values().copied().collect::<Vec<f64>>();
        let (first, own) = (values(0), values(place));
        match self.better {
            _ if place == 0 => None,
            Better::Higher => probability_above(&own, &first),
            Better::Lower => probability_above(&first, &own),
            Better::Neither => None,
        }
    }
}

/// One metric of one scheduler in one scenario.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    /// The value under each seed that has ended.
    pub values: BTreeMap<u64, f64>,
    /// Mean and interval over the seeds; absent without a value.
    pub estimate: Option<Estimate>,
    /// Paired difference to the first scheduler; absent for that one itself and without a common seed.
    pub difference: Option<Estimate>,
    /// How many times the first scheduler's mean it is; absent where the difference is, and where a ratio says
    /// nothing.
    pub ratio: Option<Estimate>,
    /// Whether its mean is the best of the scenario. Never set where the metric does not judge, or all are equal.
    pub is_best: bool,
}

impl Comparison {
    /// Compares all that has ended so far.
    ///
    /// # Errors
    /// Refuses results whose runs disagree on the unit or the direction of a metric.
    pub fn of(results: &Results) -> Result<Comparison, ReportError> {
        Comparison::of_selected(results, &Selection::default())
    }

    /// Compares a part of what has ended so far.
    ///
    /// # Errors
    /// Refuses results whose runs disagree on a metric, a metric that no run has, a scheduler that is not in every
    /// chosen scenario, and a pattern that no scenario fits.
    pub fn of_selected(results: &Results, selection: &Selection) -> Result<Comparison, ReportError> {
        let metrics = agreed_metrics(results)?;
        let plan = &results.manifest.runs;
        let scenarios = chosen_scenarios(results, selection)?;
        if let Some(unknown) = selection.metrics.iter().find(|name| !metrics.contains_key(name.as_str()))
            && results.finished_count() > 0
        {
            let known = metrics.keys().copied().collect::<Vec<_>>().join(", ");
            return Err(ReportError::UnknownMetric { metric: unknown.clone(), known });
        }
        let mut compared = Vec::with_capacity(scenarios.len());
        for name in scenarios {
            compared.push(compare_scenario(results, &metrics, name, selection.baseline.as_deref())?);
        }
        Ok(Comparison {
            experiment: results.manifest.experiment.clone(),
            schedulers: distinct(plan.iter().map(|run| run.scheduler.clone())),
            scenarios: compared,
            metrics: selection.metrics.clone(),
        })
    }

    /// The metrics to be shown of a scenario: those that were chosen, as far as it has them, or the default.
    pub fn shown<'a>(&self, scenario: &'a ScenarioComparison) -> Vec<&'a MetricComparison> {
        match self.metrics.as_slice() {
            [] => scenario.default_metrics(),
            names => names.iter().filter_map(|name| scenario.metric(name)).collect(),
        }
    }

    /// The metric that is looked at first, over all scenarios: the first that was chosen, or the first default of
    /// a scenario that most of them show as well.
    pub fn lead_metric(&self) -> Option<&str> {
        let shown: Vec<Vec<&MetricComparison>> =
            self.scenarios.iter().map(|scenario| self.shown(scenario)).collect();
        let names = shown.iter().flatten().map(|metric| metric.name.as_str());
        let count = |name: &str| shown.iter().flatten().filter(|metric| metric.name == name).count();
        let most = names.clone().map(count).max()?;
        names.clone().find(|name| count(name) == most)
    }
}

/// The scenarios that were chosen, in plan order.
fn chosen_scenarios(results: &Results, selection: &Selection) -> Result<Vec<String>, ReportError> {
    let all = distinct(results.manifest.runs.iter().map(|run| run.scenario.clone()));
    let Some(pattern) = &selection.scenario else { return Ok(all) };
    let chosen: Vec<String> = all.iter().filter(|name| words::fits(pattern, name)).cloned().collect();
    match chosen.is_empty() {
        true => Err(ReportError::UnknownScenario { pattern: pattern.clone(), known: all.join(", ") }),
        false => Ok(chosen),
    }
}

impl ScenarioComparison {
    /// The metric of this name, if any run has it.
    pub fn metric(&self, name: &str) -> Option<&MetricComparison> {
        self.metrics.iter().find(|metric| metric.name == name)
    }

    /// The metrics worth looking at first: at most six that judge, the well-known ones before the others, and none
    /// that is zero in every run (no devices, nothing rejected) as long as there is another. Where none judges,
    /// those that describe.
    pub fn default_metrics(&self) -> Vec<&MetricComparison> {
        const PREFERRED: [&str; 6] = [
            "wait_mean",
            "bounded_slowdown_mean",
            "cpu_utilisation",
            "gpu_utilisation",
            "energy_facility",
            "tasks_rejected",
        ];
        let place = |metric: &MetricComparison| PREFERRED.iter().position(|name| *name == metric.name);
        let mut sorted: Vec<&MetricComparison> = self.metrics.iter().collect();
        // Stable: the others stay in order of name.
        sorted.sort_by_key(|metric| place(metric).unwrap_or(PREFERRED.len()));
        let wanted: [fn(&MetricComparison) -> bool; 3] = [
            |metric| metric.better != Better::Neither && !metric.is_zero(),
            |metric| metric.better != Better::Neither,
            |_| true,
        ];
        let mut found = wanted.into_iter().map(|wanted| {
            sorted.iter().copied().filter(|metric| wanted(metric)).take(PREFERRED.len()).collect::<Vec<_>>()
        });
        found.find(|metrics| !metrics.is_empty()).unwrap_or_default()
    }
}

impl Cell {
    /// What the paired difference says in one word, where it says anything: "better", "worse", "differs" (where the
    /// metric does not judge), "equal", or "unclear".
    pub fn verdict(&self, better: Better) -> &'static str {
        let Some(difference) = self.difference.filter(|difference| difference.half_width.is_some()) else {
            return "";
        };
        match better {
            _ if difference.mean == 0.0 && difference.half_width == Some(0.0) => "equal",
            _ if !difference.excludes(0.0) => "unclear",
            Better::Neither => "differs",
            Better::Higher if difference.mean > 0.0 => "better",
            Better::Lower if difference.mean < 0.0 => "better",
            Better::Higher | Better::Lower => "worse",
        }
    }
}

impl MetricComparison {
    /// Whether it is zero in every run.
    fn is_zero(&self) -> bool {
        self.cells.iter().flat_map(|cell| cell.values.values()).all(|value| *value == 0.0)
    }
}

/// What every metric is, from the first run that has it.
fn agreed_metrics(results: &Results) -> Result<BTreeMap<&str, &MetricValue>, ReportError> {
    let mut agreed: BTreeMap<&str, &MetricValue> = BTreeMap::new();
    for run in &results.runs {
        for (name, metric) in &run.record.metrics {
            let first = *agreed.entry(name).or_insert(metric);
            if (&first.unit, first.better) != (&metric.unit, metric.better) {
                let say = |metric: &MetricValue| words::unit_and_direction(&metric.unit, metric.better);
                return Err(ReportError::Disagreement {
                    metric: name.clone(),
                    first: say(first),
                    second: say(metric),
                    run: run.record.id.clone(),
                });
            }
        }
    }
    Ok(agreed)
}

/// Distinct values in the order in which they first appear.
fn distinct<T: Ord + Clone>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    values.filter(|value| seen.insert(value.clone())).collect()
}

fn compare_scenario(
    results: &Results,
    metrics: &BTreeMap<&str, &MetricValue>,
    scenario: String,
    baseline: Option<&str>,
) -> Result<ScenarioComparison, ReportError> {
    let plan: Vec<_> = results.manifest.runs.iter().filter(|run| run.scenario == scenario).collect();
    let records: Vec<&RunRecord> =
        results.runs.iter().map(|run| &run.record).filter(|record| record.scenario == scenario).collect();
    let mut schedulers: Vec<String> = distinct(plan.iter().map(|run| run.scheduler.clone()));
    if let Some(baseline) = baseline {
        let place = schedulers.iter().position(|name| name == baseline);
        let place = place.ok_or_else(|| ReportError::UnknownBaseline {
            baseline: baseline.to_owned(),
            scenario: scenario.clone(),
            known: schedulers.join(", "),
        })?;
        schedulers[..=place].rotate_right(1);
    }
    let seeds: Vec<u64> = distinct(plan.iter().map(|run| run.seed));
    let metrics = metrics
        .iter()
        .filter(|(name, _)| records.iter().any(|record| record.metrics.contains_key(**name)))
        .map(|(name, metric)| MetricComparison {
            name: (*name).to_owned(),
            unit: metric.unit.clone(),
            better: metric.better,
            cells: compare_metric(&records, &schedulers, name, metric.better),
        })
        .collect();
    Ok(ScenarioComparison {
        schedulers,
        seeds,
        finished_count: records.len(),
        planned_count: plan.len(),
        metrics,
        scenario,
    })
}

fn compare_metric(records: &[&RunRecord], schedulers: &[String], name: &str, better: Better) -> Vec<Cell> {
    let values_of = |scheduler: &String| -> BTreeMap<u64, f64> {
        let own = records.iter().filter(|record| record.scheduler == *scheduler);
        own.filter_map(|record| Some((record.seed, record.metrics.get(name)?.value))).collect()
    };
    let baseline = schedulers.first().map(values_of).unwrap_or_default();
    let mut cells: Vec<Cell> = Vec::with_capacity(schedulers.len());
    for (place, scheduler) in schedulers.iter().enumerate() {
        let values = values_of(scheduler);
        let all: Vec<f64> = values.values().copied().collect();
        let mut cell = Cell { estimate: Estimate::of(&all), ..Cell::default() };
        if place > 0 {
            let (own, first): (Vec<f64>, Vec<f64>) =
                values.iter().filter_map(|(seed, value)| Some((*value, *baseline.get(seed)?))).unzip();
            cell.difference = Estimate::of_difference(&own, &first);
            cell.ratio = Estimate::of_ratio(&own, &first);
        }
        cell.values = values;
        cells.push(cell);
    }
    mark_best(&mut cells, better);
    cells
}

fn mark_best(cells: &mut [Cell], better: Better) {
    let means = || cells.iter().filter_map(|cell| cell.estimate).map(|estimate| estimate.mean);
    let best = match better {
        Better::Higher => means().max_by(f64::total_cmp),
        Better::Lower => means().min_by(f64::total_cmp),
        Better::Neither => None,
    };
    let Some(best) = best else { return };
    if means().all(|mean| mean == best) {
        return;
    }
    for cell in cells {
        cell.is_best = cell.estimate.is_some_and(|estimate| estimate.mean == best);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a panic is how a test speaks

    use super::*;
    use crate::testing::{Size, invented};

    /// Two schedulers over three seeds with these waits; everything else is taken away.
    fn waits(first: [f64; 3], second: [f64; 3]) -> Results {
        let mut results = invented(Size { scenarios: 1, schedulers: 2, seeds: 3, samples: 0 });
        for (run, value) in results.runs.iter_mut().zip(first.into_iter().chain(second)) {
            run.record.metrics.retain(|name, _| name == "wait_mean");
            run.record.metrics.get_mut("wait_mean").unwrap().value = value;
        }
        results
    }

    fn wait_cells(results: &Results) -> Vec<Cell> {
        Comparison::of(results).unwrap().scenarios[0].metric("wait_mean").unwrap().cells.clone()
    }

    #[test]
    fn differences_are_paired_by_seed() {
        let cells = wait_cells(&waits([10.0, 100.0, 1000.0], [11.0, 102.0, 1003.0]));
        assert_eq!(cells[0].estimate.unwrap().mean, 370.0);
        assert_eq!(cells[0].difference, None, "the first is not compared with itself");
        let difference = cells[1].difference.unwrap();
        assert_eq!((difference.mean, difference.count), (2.0, 3));
        assert!(difference.half_width.unwrap() < 2.5, "what the seeds share has dropped out");
        assert!(cells[0].is_best && !cells[1].is_best);
    }

    #[test]
    fn only_common_seeds_are_compared() {
        let mut results = waits([10.0, 100.0, 1000.0], [11.0, 102.0, 1003.0]);
        results.runs.remove(1);
        results.runs.remove(4);
        let cells = wait_cells(&results);
        assert_eq!(cells[0].values.keys().copied().collect::<Vec<_>>(), [1, 3]);
        assert_eq!(cells[1].values.keys().copied().collect::<Vec<_>>(), [1, 2]);
        let difference = cells[1].difference.unwrap();
        assert_eq!((difference.mean, difference.count, difference.half_width), (1.0, 1, None));
        let scenario = &Comparison::of(&results).unwrap().scenarios[0];
        assert_eq!((scenario.finished_count, scenario.planned_count), (4, 6));
        assert_eq!(scenario.seeds, [1, 2, 3]);
    }

    #[test]
    fn the_best_follows_the_direction_and_ties_have_none() {
        let mut results = waits([5.0; 3], [4.0; 3]);
        assert!(wait_cells(&results)[1].is_best);
        for run in &mut results.runs {
            run.record.metrics.get_mut("wait_mean").unwrap().better = Better::Higher;
        }
        assert!(wait_cells(&results)[0].is_best);
        for run in &mut results.runs {
            run.record.metrics.get_mut("wait_mean").unwrap().better = Better::Neither;
        }
        assert!(wait_cells(&results).iter().all(|cell| !cell.is_best));
        assert!(wait_cells(&waits([5.0; 3], [5.0; 3])).iter().all(|cell| !cell.is_best));
    }

    #[test]
    fn another_baseline_stands_first_and_keeps_its_colour() {
        let results = waits([10.0, 100.0, 1000.0], [11.0, 102.0, 1003.0]);
        let selection = Selection { baseline: Some("best_fit".to_owned()), ..Selection::default() };
        let comparison = Comparison::of_selected(&results, &selection).unwrap();
        assert_eq!(comparison.schedulers, ["first_fit", "best_fit"], "the order of colours");
        let scenario = &comparison.scenarios[0];
        assert_eq!(scenario.schedulers, ["best_fit", "first_fit"]);
        assert_eq!(scenario.metrics[0].cells[1].difference.unwrap().mean, -2.0);
        assert_eq!(scenario.metrics[0].cells[1].verdict(Better::Lower), "unclear");
    }

    #[test]
    fn selections_that_fit_nothing_are_refused() {
        let results = invented(Size { scenarios: 3, schedulers: 2, seeds: 2, samples: 0 });
        let refusal =
            |selection: Selection| Comparison::of_selected(&results, &selection).unwrap_err().to_string();
        let metrics = vec!["weight_mean".to_owned()];
        let error = refusal(Selection { metrics, ..Selection::default() });
        assert!(error.contains("`weight_mean`") && error.contains("wait_mean"), "{error}");
        let error = refusal(Selection { baseline: Some("first".to_owned()), ..Selection::default() });
        assert!(error.contains("`first`") && error.contains("first_fit, best_fit"), "{error}");
        let error = refusal(Selection { scenario: Some("mixed".to_owned()), ..Selection::default() });
        assert!(error.contains("`mixed`") && error.contains("mixed_small"), "{error}");
        let some = Selection { scenario: Some("*_*u*".to_owned()), ..Selection::default() };
        let comparison = Comparison::of_selected(&results, &some).unwrap();
        assert_eq!(comparison.scenarios.len(), 1);
        assert_eq!(
            (comparison.scenarios[0].scenario.as_str(), comparison.lead_metric()),
            ("gpu_burst", Some("wait_mean"))
        );
    }

    #[test]
    fn runs_that_disagree_on_a_metric_are_refused() {
        let mut results = waits([5.0; 3], [4.0; 3]);
        results.runs[4].record.metrics.get_mut("wait_mean").unwrap().unit = "h".to_owned();
        let error = Comparison::of(&results).unwrap_err().to_string();
        assert!(error.contains("`wait_mean`") && error.contains(&results.runs[4].record.id), "{error}");
    }

    #[test]
    fn the_default_metrics_judge_and_tell_something() {
        let results = invented(Size { scenarios: 2, schedulers: 2, seeds: 2, samples: 0 });
        let comparison = Comparison::of(&results).unwrap();
        let names = |place: usize| -> Vec<String> {
            let metrics = comparison.scenarios[place].default_metrics();
            metrics.into_iter().map(|metric| metric.name.clone()).collect()
        };
        let with_devices = names(1);
        assert_eq!(
            with_devices[..4],
            ["wait_mean", "bounded_slowdown_mean", "cpu_utilisation", "gpu_utilisation"]
        );
        let without = names(0);
        assert_eq!(without.len(), 6);
        assert!(!without.contains(&"gpu_utilisation".to_owned()), "zero everywhere: {without:?}");
        assert!(!without.contains(&"power_mean".to_owned()), "it does not judge: {without:?}");
        let cells = waits([0.0; 3], [0.0; 3]);
        assert_eq!(
            Comparison::of(&cells).unwrap().scenarios[0].default_metrics().len(),
            1,
            "better than nothing"
        );
    }
}
