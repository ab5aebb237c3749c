//! `rackwright run --dry-run`: the plan, and what it would take.

use std::path::Path;

use runner::forecast::{Forecast, PartForecast, WorkloadForecast, forecast};
use runner::{Options, Plan};

use crate::failure::{Failure, failed};
use crate::terminal::print;

pub(crate) fn show(plan: &Plan, folder: Option<&Path>, options: &Options, json: bool) -> Result<(), Failure> {
    let forecast = forecast(plan, folder, options)?;
    if json {
        return print(&serde_json::to_string_pretty(&forecast).map_err(failed)?);
    }
    print(&in_lines(&forecast, folder))
}

fn in_lines(forecast: &Forecast, folder: Option<&Path>) -> String {
    let Forecast { scenarios, schedulers, seeds, runs, wanted, finished, left, .. } = forecast;
    let mut lines = vec![format!(
        "{}: {scenarios} scenarios x {schedulers} schedulers x {seeds} seeds = {runs} runs",
        forecast.experiment
    )];
    if wanted < runs {
        lines.push(format!("wanted by --only: {wanted}"));
    }
    if let Some(folder) = folder {
        lines.push(format!("finished in {}: {finished}", folder.display()));
    }
    lines.push(format!("left to run: {left}"));
    if *left > 0 {
        lines.push(String::new());
        lines.extend(table(&WORKLOAD_HEAD, forecast.workloads.iter().map(workload_row).collect()));
        lines.push(String::new());
        lines.extend(table(&PART_HEAD, forecast.parts.iter().map(part_row).collect()));
        lines.push(String::new());
        let memory = forecast.peak_memory_bytes.map_or(String::new(), |bytes| format!(", {}", size(bytes)));
        let (wall, cpu) = (duration(forecast.wall_seconds), duration(forecast.cpu_seconds));
        lines.push(format!("estimate: {wall} on {} threads ({cpu} of cpu){memory}", forecast.threads));
        lines.push(format!("how: {}", forecast.method));
    }
    lines.join("\n")
}

const WORKLOAD_HEAD: [&str; 5] = ["workload", "tasks", "jobs", "made in", "times"];

fn workload_row(one: &WorkloadForecast) -> [String; 5] {
    [
        one.workload.clone(),
        one.tasks.to_string(),
        one.jobs.to_string(),
        duration(one.prepare_seconds),
        one.prepared.to_string(),
    ]
}

const PART_HEAD: [&str; 6] = ["scenario", "scheduler", "hosts", "left", "of", "each"];

fn part_row(one: &PartForecast) -> [String; 6] {
    [
        one.scenario.clone(),
        one.scheduler.clone(),
        one.hosts.map_or_else(String::new, |hosts| hosts.to_string()),
        one.left.to_string(),
        one.wanted.to_string(),
        one.run_seconds.map_or_else(String::new, duration),
    ]
}

/// Columns, the names among them to the left and the numbers to the right.
fn table<const COLUMNS: usize>(head: &[&str; COLUMNS], rows: Vec<[String; COLUMNS]>) -> Vec<String> {
    let head = head.map(str::to_owned);
    let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
        rows.iter().chain([&head]).map(|row| row[column].chars().count()).max().unwrap_or(0)
    });
    let is_name = |column: usize| ["workload", "scenario", "scheduler"].contains(&head[column].as_str());
    let cell = |row: &[String; COLUMNS], column: usize| match is_name(column) {
        true => format!("{:<width$}", row[column], width = widths[column]),
        false => format!("{:>width$}", row[column], width = widths[column]),
    };
    let line =
        |row: &[String; COLUMNS]| (0..COLUMNS).map(|column| cell(row, column)).collect::<Vec<_>>().join("  ");
    [&head].into_iter().chain(&rows).map(line).collect()
}

fn duration(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 0.0995 => format!("{:.1} ms", 1000.0 * seconds),
        seconds if seconds < 119.5 => format!("{seconds:.1} s"),
        seconds if seconds < 7200.0 => format!("{:.0} min", seconds / 60.0),
        seconds => format!("{:.1} h", seconds / 3600.0),
    }
}

fn size(bytes: u64) -> String {
    let mib = bytes as f64 / (1 << 20) as f64;
    if mib < 1024.0 { format!("{mib:.1} MiB") } else { format!("{:.1} GiB", mib / 1024.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_are_readable() {
        assert_eq!([0.0123, 1.26, 130.0, 7300.0].map(duration), ["12.3 ms", "1.3 s", "2 min", "2.0 h"]);
        assert_eq!([1 << 19, 3 << 30].map(size), ["0.5 MiB", "3.0 GiB"]);
    }
}
