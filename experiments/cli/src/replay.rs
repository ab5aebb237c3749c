//! `rackwright trace replay`: a trace's own decisions, repeated, and how faithful that is.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use reports::figures::cumulative;
use reports::figures::curves::{self, Panel, Scale};
use reports::words::significant;
use runner::replay::{
    Counts, Fidelity, Replay, ReplayCluster, Resource, UtilisationError, replay as replayed,
};
use serde_json::{Value, json};

use crate::args::ReplayArgs;
use crate::failure::{Failure, bad_input, failed};
use crate::run::DATA_VARIABLE;
use crate::terminal::print;
use crate::trace::workload;

pub(crate) fn replay(args: &ReplayArgs) -> Result<(), Failure> {
    let cluster = cluster(args);
    let workload = workload(&args.path, args.format.as_deref(), &args.options)?;
    let topology = cluster.topology(&workload)?;
    let place = args.place.as_deref().map(Into::into);
    let replay = replayed(&Arc::new(workload), &Arc::new(topology), place)?;
    let about = About { command: command(args, &cluster), fidelity: &replay.fidelity };
    if let Some(folder) = &args.out {
        write(folder, &about, &replay)?;
    }
    if args.json {
        return print(&about.json()?);
    }
    let written =
        args.out.as_ref().map(|folder| format!("\nreport: {}", folder.join("fidelity.md").display()));
    print(&format!("{}{}", about.text(), written.unwrap_or_default()))
}

fn cluster(args: &ReplayArgs) -> ReplayCluster {
    match (args.on.processors, args.on.gpus, &args.on.cluster) {
        (Some(count), ..) => ReplayCluster::Processors(count),
        (_, Some(count), _) => ReplayCluster::Gpus { count, per_host: args.gpus_per_host },
        (.., path) => ReplayCluster::File {
            path: path.clone().expect("one of the three is required"),
            data: args.data.clone().or_else(|| std::env::var_os(DATA_VARIABLE).map(PathBuf::from)),
        },
    }
}

/// The command that does the same again, with files named without their folders.
fn command(args: &ReplayArgs, cluster: &ReplayCluster) -> String {
    let mut words = vec!["rackwright trace replay".to_owned()];
    words.push(args.path.file_name().unwrap_or_default().to_string_lossy().into_owned());
    words.extend(args.format.iter().map(|format| format!("--format {format}")));
    words.extend(args.options.iter().map(|option| format!("-o {option}")));
    words.push(cluster.to_string());
    words.extend(args.place.iter().map(|place| format!("--place {place}")));
    words.join(" ")
}

/// A replay as people and programs are told of it.
struct About<'a> {
    command: String,
    fidelity: &'a Fidelity,
}

/// What the trace says, what the simulation says, and their difference.
struct Row([String; 4]);

impl Row {
    fn of(what: &str, trace: f64, simulated: f64) -> Self {
        Self([what.to_owned(), number(trace), number(simulated), number(simulated - trace)])
    }
}

/// Whole numbers in full, others with as many digits as matter.
fn number(value: f64) -> String {
    if value == value.trunc() { format!("{value}") } else { significant(value) }
}

fn percent(share: f64) -> String {
    format!("{} %", number(100.0 * share))
}

impl About<'_> {
    fn json(&self) -> Result<String, Failure> {
        let mut value = serde_json::to_value(self.fidelity).map_err(failed)?;
        if let Value::Object(table) = &mut value {
            table.insert("command".to_owned(), json!(self.command));
        }
        serde_json::to_string_pretty(&value).map_err(failed)
    }

    /// Beside each other.
    fn rows(&self) -> Vec<Row> {
        let Fidelity { trace, simulated, utilisation, .. } = self.fidelity;
        let row = |what, of: fn(&Counts) -> f64| Row::of(what, of(trace), of(simulated));
        let mut rows = vec![
            row("started", |counts| counts.started as f64),
            row("finished", |counts| counts.finished as f64),
            row("rejected", |counts| counts.rejected as f64),
            row("left waiting", |counts| counts.left_waiting as f64),
            row("makespan (s)", |counts| counts.makespan_seconds),
            row("mean wait (s)", |counts| counts.wait_mean_seconds),
        ];
        rows.extend(utilisation.iter().map(|one| {
            let what = format!("mean {} in use (%)", one.resource.word());
            Row::of(&what, 100.0 * one.trace_mean, 100.0 * one.simulated_mean)
        }));
        rows
    }

    /// What is said in words: each a subject and what is true of it.
    fn facts(&self) -> Vec<(String, String)> {
        let Fidelity {
            tasks, tasks_recorded, scheduler, hosts, late, early, never_started, wait_error, ..
        } = self.fidelity;
        let hosts = if *hosts == 1 { "1 host".to_owned() } else { format!("{hosts} hosts") };
        let mut facts = vec![
            ("tasks replayed".to_owned(), tasks_recorded.to_string()),
            ("without recorded start".to_owned(), (tasks - tasks_recorded).to_string()),
            ("cluster".to_owned(), hosts),
            ("order, placement".to_owned(), scheduler.join(", ")),
            (
                "started late".to_owned(),
                match late.count {
                    0 => "0".to_owned(),
                    count => format!(
                        "{count}, by {} s on average and {} s at most",
                        number(late.mean_seconds),
                        number(late.max_seconds)
                    ),
                },
            ),
            ("started early".to_owned(), early.to_string()),
            ("never started".to_owned(), never_started.to_string()),
            (
                "error of waiting".to_owned(),
                format!(
                    "mean {} s, p50 {} s, p99 {} s, max {} s",
                    number(wait_error.mean_seconds),
                    number(wait_error.p50_seconds),
                    number(wait_error.p99_seconds),
                    number(wait_error.max_seconds)
                ),
            ),
        ];
        facts.extend(self.fidelity.utilisation.iter().map(|one| {
            let UtilisationError { absolute_error_mean, absolute_error_max, capacity, trace_peak, .. } = *one;
            let error = format!(
                "mean {}, max {} of {} (the trace's peak: {})",
                percent(absolute_error_mean),
                percent(absolute_error_max),
                number(capacity),
                number(trace_peak)
            );
            (format!("error of {}", one.resource.word()), error)
        }));
        facts
    }

    fn text(&self) -> String {
        let mut lines: Vec<String> =
            self.facts().into_iter().map(|(what, fact)| format!("{what:<24}{fact}")).collect();
        let [trace, simulated, difference] = ["trace", "simulated", "difference"];
        lines.push(format!("\n{:<24}{trace:>16}{simulated:>16}{difference:>16}", ""));
        lines.extend(self.rows().iter().map(|Row([what, trace, simulated, difference])| {
            format!("{what:<24}{trace:>16}{simulated:>16}{difference:>16}")
        }));
        lines.push(String::new());
        lines.extend(self.fidelity.explanation.iter().cloned());
        lines.join("\n")
    }

    fn markdown(&self) -> String {
        let mut lines = vec!["# Fidelity of a replay".to_owned(), format!("\n`{}`\n", self.command)];
        lines.extend(self.fidelity.explanation.iter().map(|sentence| format!("{sentence}\n")));
        lines.push("| | |\n| --- | --- |".to_owned());
        lines.extend(self.facts().into_iter().map(|(what, fact)| format!("| {what} | {fact} |")));
        lines.push("\n| | trace | simulated | difference |\n| --- | ---: | ---: | ---: |".to_owned());
        lines.extend(self.rows().iter().map(|Row(cells)| format!("| {} |", cells.join(" | "))));
        lines.push("\n![What is in use over time, and how long tasks wait](fidelity.svg)\n".to_owned());
        lines.join("\n")
    }
}

const SECONDS_PER_DAY: f64 = 86_400.0;

/// What is in use over time, a panel for each resource, and how long tasks wait; the trace below, the simulation above.
fn figure(replay: &Replay) -> Result<String, Failure> {
    let end = replay.fidelity.trace.makespan_seconds.max(replay.fidelity.simulated.makespan_seconds);
    let over_time = |(error, use_over_time): (&UtilisationError, &runner::replay::Curves)| {
        let curve = |points: &[(f64, f64)]| {
            let in_percent: Vec<(f64, f64)> = points
                .iter()
                .map(|&(seconds, used)| (seconds / SECONDS_PER_DAY, 100.0 * used / error.capacity.max(1e-3)))
                .collect();
            curves::corners(&in_percent, end / SECONDS_PER_DAY)
        };
        let what = match error.resource {
            Resource::Processors => "Processors",
            Resource::Devices => "Devices",
        };
        Panel {
            title: format!("{what} in use (% of {})", number(error.capacity)),
            horizontal: "time (days)".to_owned(),
            scale: Scale::Linear,
            top: 100.0,
            curves: vec![
                ("trace".to_owned(), curve(&use_over_time.trace)),
                ("simulated".to_owned(), curve(&use_over_time.simulated)),
            ],
        }
    };
    let mut panels: Vec<Panel> =
        replay.fidelity.utilisation.iter().zip(&replay.utilisation).map(over_time).collect();
    let longest = |waits: &[f64]| waits.last().copied().unwrap_or_default();
    let longest = longest(&replay.trace_waits).max(longest(&replay.simulated_waits));
    let waits = |waits: &[f64]| {
        let shares: Vec<(f64, f64)> =
            cumulative(waits).into_iter().map(|(wait, share)| (wait, 100.0 * share)).collect();
        curves::corners(&shares, longest)
    };
    panels.push(Panel {
        title: "Tasks that wait no longer (%)".to_owned(),
        horizontal: "wait (s), what is less than 1 s at 1".to_owned(),
        scale: Scale::Logarithmic,
        top: 100.0,
        curves: vec![
            ("trace".to_owned(), waits(&replay.trace_waits)),
            ("simulated".to_owned(), waits(&replay.simulated_waits)),
        ],
    });
    curves::draw(&panels).map_err(failed)
}

fn write(folder: &Path, about: &About<'_>, replay: &Replay) -> Result<(), Failure> {
    if folder.exists() && !folder.is_dir() {
        return Err(bad_input(anyhow::anyhow!("--out {} is a file; name a folder", folder.display())));
    }
    let files = [
        ("fidelity.json", about.json()? + "\n"),
        ("fidelity.md", about.markdown()),
        ("fidelity.svg", figure(replay)?),
    ];
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make {}", folder.display()))
        .map_err(failed)?;
    for (name, text) in files {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display())).map_err(failed)?;
    }
    Ok(())
}
