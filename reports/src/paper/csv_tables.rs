//! Tables for programs: everything in all its digits.

use crate::bootstrap::Bootstrap;
use crate::compare::{Cell, Comparison};
use crate::figures::{Data, number, number_if};
use crate::statistics::Estimate;
use results::{Results, Timing};
use std::collections::BTreeMap;

/// Every number of the comparison: one row per scenario, scheduler and metric.
pub(super) fn everything(comparison: &Comparison) -> Data {
    let mut data = Data::under([
        "scenario",
        "scheduler",
        "metric",
        "unit",
        "better",
        "seeds",
        "mean",
        "half_width",
        "difference",
        "difference_half_width",
        "ratio",
        "ratio_half_width",
        "verdict",
        "baseline",
        "interquartile_mean",
        "interquartile_mean_low",
        "interquartile_mean_high",
        "probability_better",
    ]);
    let mut bootstraps: BTreeMap<usize, Bootstrap> = BTreeMap::new();
    for scenario in &comparison.scenarios {
        for (place, scheduler) in scenario.schedulers.iter().enumerate() {
            let baseline = if place > 0 { scenario.schedulers[0].as_str() } else { "" };
            for metric in &scenario.metrics {
                let cell = &metric.cells[place];
                let mut row = vec![
                    scenario.scenario.clone(),
                    scheduler.clone(),
                    metric.name.clone(),
                    metric.unit.clone(),
                    metric.better.name().to_owned(),
                    cell.values.len().to_string(),
                ];
                for estimate in [cell.estimate, cell.difference, cell.ratio] {
                    row.extend(both(estimate));
                }
                row.extend([cell.verdict(metric.better).to_owned(), baseline.to_owned()]);
                row.extend(interquartile_mean(cell, &mut bootstraps));
                row.push(number_if(metric.probability_better(place)));
                data.rows.push(row);
            }
        }
    }
    data
}

fn both(estimate: Option<Estimate>) -> [String; 2] {
    [
        number_if(estimate.map(|estimate| estimate.mean)),
        number_if(estimate.and_then(|estimate| estimate.half_width)),
    ]
}

fn interquartile_mean(cell: &Cell, bootstraps: &mut BTreeMap<usize, Bootstrap>) -> [String; 3] {
    let values: Vec<f64> = cell.values.values().copied().collect();
    let bootstrap = bootstraps.entry(values.len()).or_insert_with(|| Bootstrap::of(values.len()));
    let Some(interval) = bootstrap.interquartile_mean(&values) else { return Default::default() };
    let (low, high) = interval.ends.unzip();
    [number(interval.value), number_if(low), number_if(high)]
}

/// What the wall clock said, by scenario and scheduler; nothing where it said nothing of the chosen scenarios.
pub(super) fn timings(
    comparison: &Comparison,
    results: &Results,
    timings: &BTreeMap<String, Timing>,
) -> Option<Data> {
    let mut data = Data::under([
        "scenario",
        "scheduler",
        "runs",
        "wall_seconds",
        "wall_seconds_half_width",
        "decisions_per_second",
        "decisions_per_second_half_width",
        "events_per_second",
        "events_per_second_half_width",
    ]);
    for scenario in &comparison.scenarios {
        for scheduler in &scenario.schedulers {
            let runs = results.runs.iter().map(|run| &run.record);
            let own = runs.filter(|run| run.scenario == scenario.scenario && run.scheduler == *scheduler);
            let timed: Vec<&Timing> = own.filter_map(|run| timings.get(&run.id)).collect();
            if timed.is_empty() {
                continue;
            }
            let mut row = vec![scenario.scenario.clone(), scheduler.clone(), timed.len().to_string()];
            let values: [fn(&Timing) -> f64; 3] = [
                |timing| timing.wall_seconds,
                |timing| timing.decisions_per_second,
                |timing| timing.events_per_second,
            ];
            for value in values {
                let all: Vec<f64> = timed.iter().map(|timing| value(timing)).collect();
                row.extend(both(Estimate::of(&all)));
            }
            data.rows.push(row);
        }
    }
    (!data.rows.is_empty()).then_some(data)
}
