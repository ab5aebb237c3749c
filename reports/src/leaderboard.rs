//! The table that stands in the terminal when an experiment has ended, and the sentence below it.

use crate::compare::{Cell, Comparison, MetricComparison, ScenarioComparison, Selection};
use crate::error::ReportError;
use crate::words::{Said, counted, metric_title};
use results::{Better, Results};

/// No line is longer than this, unless a single scheduler's name leaves no choice.
pub(crate) const WIDTH: usize = 120;
/// A header is broken at its underscores to about this width.
const HEADER_WIDTH: usize = 12;
/// Between two columns.
const GAP: &str = "  ";

/// One table per scenario as text: schedulers x metrics, each `mean ± half width` of the 95 % interval over seeds,
/// and the paired difference of the first metric to the first scheduler. Without names of metrics,
/// [`ScenarioComparison::default_metrics`] chooses; tables that would be wider than 120 columns go on below.
///
/// # Errors
/// Refuses the name of a metric that no run has, and says which there are; and results whose runs disagree on what
/// a metric is.
pub fn leaderboard(results: &Results, metrics: &[String]) -> Result<String, ReportError> {
    let selection = Selection { metrics: metrics.to_vec(), ..Selection::default() };
    Ok(leaderboard_of(&Comparison::of_selected(results, &selection)?))
}

/// The same of a comparison that is there already, with the metrics that it shows.
pub fn leaderboard_of(comparison: &Comparison) -> String {
    let mut text = String::new();
    let mut needs_legend = false;
    for scenario in &comparison.scenarios {
        text.push_str(&format!("{}: {}\n", scenario.scenario, extent(scenario)));
        let shown = comparison.shown(scenario);
        match shown.first() {
            None if scenario.finished_count == 0 => text.push_str("  no run has ended yet\n"),
            None => text.push_str("  no run has any of these metrics\n"),
            Some(lead) => {
                text.push('\n');
                text.push_str(&table(scenario, &shown));
                text.push_str(&format!("\n{}\n", sentence(scenario, lead)));
                needs_legend = true;
            }
        }
        text.push('\n');
    }
    if needs_legend {
        text.push_str(
            "* best mean of the scenario, (lower) or (higher) as the header says; ± half of the 95 % interval over \
             seeds\n  (Student t); differences are paired by seed.\n",
        );
    }
    text
}

/// The scenario in one sentence: the scheduler that is best by this metric, with its uncertainty, against the
/// first one. Where none is best (all are equal, or the metric does not judge) the first one speaks alone.
pub fn sentence(scenario: &ScenarioComparison, metric: &MetricComparison) -> String {
    let best = metric.cells.iter().position(|cell| cell.is_best);
    let place = best.or_else(|| metric.cells.iter().position(|cell| cell.estimate.is_some()));
    let Some((place, estimate)) = place.and_then(|place| Some((place, metric.cells[place].estimate?))) else {
        return format!("{}: no run has ended yet", scenario.scenario);
    };
    let said = format!(
        "{}: {} {}",
        scenario.schedulers[place],
        metric_title(&metric.name),
        Said::of(&estimate).with_unit(&metric.unit)
    );
    let first = &scenario.schedulers[0];
    if best.is_some() && place > 0 {
        return format!("{said}, {}", against(&metric.cells[place], first, &metric.unit));
    }
    match runner_up(metric) {
        Some((next, cell)) => {
            let against = against(cell, first, &metric.unit);
            format!("{said}, the best; next {}, {against}", scenario.schedulers[next])
        }
        None => format!("{said} ({})", seeds(estimate.count)),
    }
}

/// The best of the others, where the first scheduler is the best of all.
fn runner_up(metric: &MetricComparison) -> Option<(usize, &Cell)> {
    if !metric.cells.first()?.is_best {
        return None;
    }
    let sign = if metric.better == Better::Higher { -1.0 } else { 1.0 };
    let others = metric.cells.iter().enumerate().skip(1).filter(|(_, cell)| cell.difference.is_some());
    let badness = |cell: &Cell| cell.estimate.map_or(f64::INFINITY, |estimate| sign * estimate.mean);
    others.min_by(|(_, one), (_, other)| badness(one).total_cmp(&badness(other)))
}

/// "1.18 ± 0.04 times first_fit (20 seeds, paired)".
fn against(cell: &Cell, first: &str, unit: &str) -> String {
    let Some(difference) = cell.difference else {
        return format!("no seed in common with {first}");
    };
    let compared = match cell.ratio {
        Some(ratio) => format!("{} times {first}", Said::of(&ratio).plain()),
        None => format!("{} compared with {first}", Said::of(&difference).signed().with_unit(unit)),
    };
    let paired = if difference.count > 1 { ", paired" } else { "" };
    let unclear = match difference.half_width {
        Some(_) if !difference.excludes(0.0) => "; the difference may be chance",
        _ => "",
    };
    format!("{compared} ({}{paired}{unclear})", seeds(difference.count))
}

fn seeds(count: usize) -> String {
    match count {
        1 => "one seed, so no interval".to_owned(),
        _ => counted(count, "seed"),
    }
}

/// "6 schedulers, 3 seeds, 18 runs".
pub(crate) fn extent(scenario: &ScenarioComparison) -> String {
    let runs = match scenario.planned_count {
        planned if planned == scenario.finished_count => counted(planned, "run"),
        planned => format!("{} of {planned} runs so far", scenario.finished_count),
    };
    let (schedulers, seeds) = (scenario.schedulers.len(), scenario.seeds.len());
    format!("{}, {}, {runs}", counted(schedulers, "scheduler"), counted(seeds, "seed"))
}

/// A column, cells and header alike, each as wide as the widest of them.
struct Column {
    header: Vec<String>,
    cells: Vec<String>,
}

impl Column {
    fn width(&self) -> usize {
        self.header.iter().chain(&self.cells).map(|text| text.chars().count()).max().unwrap_or(0)
    }
}

fn table(scenario: &ScenarioComparison, metrics: &[&MetricComparison]) -> String {
    let names = Column { header: vec!["scheduler".to_owned()], cells: scenario.schedulers.clone() };
    let mut columns = Vec::new();
    for (place, metric) in metrics.iter().enumerate() {
        columns.push(metric_column(metric));
        if place == 0 && scenario.schedulers.len() > 1 {
            columns.push(difference_column(metric, &scenario.schedulers[0]));
        }
    }
    let mut text = String::new();
    for block in blocks(&columns, names.width()) {
        if !text.is_empty() {
            text.push('\n');
        }
        write_block(&mut text, &names, block);
    }
    text
}

/// Groups of neighbouring columns that fit beside the names.
fn blocks(columns: &[Column], names_width: usize) -> Vec<&[Column]> {
    let mut blocks = Vec::new();
    let mut start = 0;
    let mut used = names_width;
    for (place, column) in columns.iter().enumerate() {
        let width = GAP.len() + column.width();
        if used + width > WIDTH && place > start {
            blocks.push(&columns[start..place]);
            start = place;
            used = names_width;
        }
        used += width;
    }
    blocks.push(&columns[start..]);
    blocks
}

fn write_block(text: &mut String, names: &Column, columns: &[Column]) {
    let height = columns.iter().map(|column| column.header.len()).max().unwrap_or(0).max(names.header.len());
    let mut write_line = |name: &str, cells: Vec<&str>| {
        let mut line = format!("{name:<width$}", width = names.width());
        for (cell, column) in cells.into_iter().zip(columns) {
            line.push_str(&format!("{GAP}{cell:>width$}", width = column.width()));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    };
    for line in 0..height {
        // Headers stand on the ground: short ones are filled up from above.
        let piece = |column: &'_ Column| (line + column.header.len()).checked_sub(height);
        let own = piece(names).map_or("", |at| names.header[at].as_str());
        write_line(
            own,
            columns.iter().map(|column| piece(column).map_or("", |at| &column.header[at])).collect(),
        );
    }
    for (row, name) in names.cells.iter().enumerate() {
        write_line(name, columns.iter().map(|column| column.cells[row].as_str()).collect());
    }
}

fn metric_column(metric: &MetricComparison) -> Column {
    let mut header = broken(&metric.name);
    let unit = if metric.unit == "1" { "" } else { &metric.unit };
    header.push(match metric.better {
        Better::Higher => format!("{unit} (higher)").trim_start().to_owned(),
        Better::Lower => format!("{unit} (lower)").trim_start().to_owned(),
        Better::Neither => unit.to_owned(),
    });
    let cell = |cell: &Cell| match &cell.estimate {
        Some(estimate) => format!("{}{}", if cell.is_best { "*" } else { "" }, Said::of(estimate).plain()),
        None => "-".to_owned(),
    };
    Column { header, cells: metric.cells.iter().map(cell).collect() }
}

fn difference_column(metric: &MetricComparison, first: &str) -> Column {
    let mut header = vec!["difference to".to_owned()];
    header.extend(broken(first));
    header.push(if metric.unit == "1" { String::new() } else { metric.unit.clone() });
    let cell = |cell: &Cell| match &cell.difference {
        Some(difference) => Said::of(difference).signed().plain(),
        None => "-".to_owned(),
    };
    Column { header, cells: metric.cells.iter().map(cell).collect() }
}

/// A name in pieces that end at underscores: `bounded_slowdown_mean` is `bounded_` and `slowdown_mean`.
fn broken(name: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in name.split_inclusive('_') {
        match lines.last_mut() {
            Some(line) if line.len() + part.len() <= HEADER_WIDTH => line.push_str(part),
            _ => lines.push(part.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a panic is how a test speaks

    use super::*;
    use crate::testing::{Size, invented};

    /// One metric with these values: schedulers x seeds.
    fn waits(values: &[&[f64]]) -> Results {
        let seeds = values[0].len() as u64;
        let mut results = invented(Size { scenarios: 1, schedulers: values.len(), seeds, samples: 0 });
        for (run, value) in results.runs.iter_mut().zip(values.concat()) {
            run.record.metrics.retain(|name, _| name == "wait_mean");
            run.record.metrics.get_mut("wait_mean").unwrap().value = value;
        }
        results
    }

    #[test]
    fn a_table_entire() {
        // Half widths by hand, with t(2) / sqrt(3) = 2.48414: first 2.48414 * 2; second 2.48414 * sqrt(3);
        // differences 10, 11, 9: 2.48414 * 1; ratio 156 / 126, residuals 0.476, 1, -1.476 with s = 1.30497:
        // 2.48414 * 1.30497 / 42 = 0.0772.
        let table = leaderboard(&waits(&[&[40.0, 42.0, 44.0], &[50.0, 53.0, 53.0]]), &[]).unwrap();
        let wanted = "\
mixed_small: 2 schedulers, 3 seeds, 6 runs

                        difference to
             wait_mean      first_fit
scheduler    s (lower)              s
first_fit  *42.0 ± 5.0              -
best_fit    52.0 ± 4.3    +10.0 ± 2.5

first_fit: mean wait 42.0 s ± 5.0, the best; next best_fit, 1.238 ± 0.077 times first_fit (3 seeds, paired)
";
        assert!(table.starts_with(wanted), "{table}");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let results = invented(Size { scenarios: 3, schedulers: 9, seeds: 3, samples: 0 });
        let mut names: Vec<String> = results.runs[0].record.metrics.keys().cloned().collect();
        names.extend(names.clone());
        for metrics in [&[], names.as_slice()] {
            let table = leaderboard(&results, metrics).unwrap();
            assert!(table.contains("learned_policy"));
            for line in table.lines() {
                assert!(line.chars().count() <= WIDTH, "{line}");
            }
        }
    }

    #[test]
    fn the_sentence_compares_with_uncertainty() {
        let said = |values: &[&[f64]]| {
            let comparison = Comparison::of(&waits(values)).unwrap();
            sentence(&comparison.scenarios[0], comparison.scenarios[0].metric("wait_mean").unwrap())
        };
        assert_eq!(
            said(&[&[50.0, 53.0, 53.0], &[40.0, 42.0, 44.0]]),
            "best_fit: mean wait 42.0 s ± 5.0, 0.808 ± 0.050 times first_fit (3 seeds, paired)"
        );
        assert_eq!(
            said(&[&[50.0], &[40.0]]),
            "best_fit: mean wait 40 s, 0.8 times first_fit (one seed, so no interval)"
        );
        assert_eq!(said(&[&[42.0]]), "first_fit: mean wait 42 s (one seed, so no interval)");
        assert_eq!(said(&[&[42.0, 42.0], &[42.0, 42.0]]), "first_fit: mean wait 42 s ± 0 (2 seeds)");
        assert_eq!(
            said(&[&[0.0, 0.0], &[3.0, 5.0]]),
            "first_fit: mean wait 0 s ± 0, the best; next best_fit, +4 s ± 13 compared with first_fit \
             (2 seeds, paired; the difference may be chance)"
        );
    }

    #[test]
    fn unknown_metrics_are_refused_with_those_there_are() {
        let results = waits(&[&[1.0]]);
        let error = leaderboard(&results, &["weight_mean".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("`weight_mean`") && error.contains("wait_mean"), "{error}");
    }

    #[test]
    fn an_experiment_that_has_just_begun_has_a_table() {
        let mut results = waits(&[&[1.0, 2.0]]);
        results.runs.clear();
        let table = leaderboard(&results, &[]).unwrap();
        assert!(table.contains("0 of 2 runs so far") && table.contains("no run has ended yet"), "{table}");
    }
}
