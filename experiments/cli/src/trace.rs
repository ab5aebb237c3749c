//! `rackwright trace`: import, inspect, generate; replaying, fitting and transforming have files of their own.

use std::collections::BTreeMap;
use std::path::Path;

use runner::nearest::unknown_name;
use sim::kernel::rng::Seed;
use sim::workload::Workload;
use traces::format::{self, FormatError, Source};
use traces::generate;
use traces::import::{self, ImportError, ImportSummary};

use crate::args::{GenerateArgs, ImportArgs, InspectArgs, TraceCommand};
use crate::failure::{Failure, bad_input, failed};
use crate::terminal::{Reading, print};
use crate::{fit, replay, survey, transform};

pub(crate) fn trace(command: &TraceCommand) -> Result<(), Failure> {
    match command {
        TraceCommand::Import(args) => import(args),
        TraceCommand::Inspect(args) => inspect(args),
        TraceCommand::Replay(args) => replay::replay(args),
        TraceCommand::Survey(args) => survey::survey(args),
        TraceCommand::Generate(args) => generate(args),
        TraceCommand::Fit(args) => fit::fit(args),
        TraceCommand::Transform(args) => transform::transform(args),
    }
}

fn import(args: &ImportArgs) -> Result<(), Failure> {
    let (workload, summary) = imported(&args.path, args.format.as_deref(), &args.options)?;
    let file = args.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let source = Source { file, licence: None, importer: summary.importer.clone() };
    format::write(&workload, &args.out, &source).map_err(format_failure)?;
    print(&format!("{}\nworkload: {}", in_lines(&summary), args.out.display()))
}

fn inspect(args: &InspectArgs) -> Result<(), Failure> {
    let is_canonical = args.path.join("manifest.toml").is_file() && args.format.is_none();
    let summary = match is_canonical {
        true => canonical_summary(&args.path)?,
        false => imported(&args.path, args.format.as_deref(), &args.options)?.1,
    };
    if args.json {
        return print(&serde_json::to_string_pretty(&summary).map_err(failed)?);
    }
    print(&in_lines(&summary))
}

fn generate(args: &GenerateArgs) -> Result<(), Failure> {
    let known: Vec<&str> = generate::names().into_iter().map(|(name, _)| name).collect();
    if !known.contains(&args.name.as_str()) {
        return Err(bad_input(anyhow::anyhow!(unknown_name("generator", &args.name, &known))));
    }
    let over = options(&args.options)?;
    let options = match &args.options_file {
        Some(file) => overridden(options_of(file, &args.name)?, over),
        None => over,
    };
    let workload = generate::generate(&args.name, options, Seed(args.seed)).map_err(bad_input)?;
    let file = format!("seed {}", args.seed);
    let source = Source { file, licence: None, importer: args.name.clone() };
    format::write(&workload, &args.out, &source).map_err(format_failure)?;
    let (tasks, jobs) = (workload.task_count(), workload.job_count());
    print(&format!("{tasks} tasks of {jobs} jobs\nworkload: {}", args.out.display()))
}

/// The options in a file: as they are, or those of the one workload of a part of an experiment.
fn options_of(file: &Path, generator: &str) -> Result<toml::Table, Failure> {
    let refuse = |problem: String| bad_input(anyhow::anyhow!("{}: {problem}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| refuse(format!("cannot be read: {error}")))?;
    let mut table: toml::Table = toml::from_str(&text).map_err(|error| refuse(error.message().to_owned()))?;
    let Some(workloads) = table.remove("workloads") else { return Ok(table) };
    let allowed = "allowed are options, or one workload with a generator as its source";
    let sources: Vec<&toml::Value> = workloads
        .as_table()
        .into_iter()
        .flat_map(|all| all.values())
        .filter_map(|one| one.get("source"))
        .collect();
    let [toml::Value::Table(source)] = sources[..] else {
        return Err(refuse(format!("key `workloads`: {} sources stand there; {allowed}", sources.len())));
    };
    let mut source = source.clone();
    match source.remove("generator").as_ref().and_then(toml::Value::as_str) {
        Some(name) if name == generator => Ok(source),
        Some(name) => {
            Err(refuse(format!("key `generator`: {name} stands there, and {generator} was asked for")))
        }
        None => Err(refuse(format!("there is no key `generator`; {allowed}"))),
    }
}

/// One table of options over another, table by table.
fn overridden(mut base: toml::Table, over: toml::Table) -> toml::Table {
    for (key, value) in over {
        let value = match (base.remove(&key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(value)) => {
                toml::Value::Table(overridden(inner, value))
            }
            (_, value) => value,
        };
        base.insert(key, value);
    }
    base
}

/// A workload from a trace or from a directory, and what is known of where it came from.
pub(crate) struct Input {
    pub(crate) workload: Workload,
    pub(crate) importer: String,
    pub(crate) licence: Option<String>,
    /// Unix time at which the trace's own clock shows 0, where the trace says so.
    pub(crate) epoch_seconds: Option<u64>,
}

/// Reads a workload directory, or imports a trace.
pub(crate) fn input(path: &Path, format: Option<&str>, pairs: &[String]) -> Result<Input, Failure> {
    if path.is_dir() && format.is_none() {
        let (workload, manifest) = format::read(path).map_err(bad_input)?;
        let (importer, licence) = (manifest.importer.name, manifest.source.licence);
        return Ok(Input { workload, importer, licence, epoch_seconds: None });
    }
    let (workload, summary) = imported(path, format, pairs)?;
    let epoch_seconds = summary.facts.get("unix_start_time").copied();
    Ok(Input { workload, importer: summary.importer, licence: None, epoch_seconds })
}

pub(crate) fn format_failure(error: FormatError) -> Failure {
    if matches!(error, FormatError::Files { .. }) { failed(error) } else { bad_input(error) }
}

/// The workload of a file of some format, or of a workload directory.
pub(crate) fn workload(path: &Path, format: Option<&str>, pairs: &[String]) -> Result<Workload, Failure> {
    match path.join("manifest.toml").is_file() && format.is_none() {
        true => Ok(format::read(path).map_err(bad_input)?.0),
        false => Ok(imported(path, format, pairs)?.0),
    }
}

fn imported(
    path: &Path,
    format: Option<&str>,
    pairs: &[String],
) -> Result<(Workload, ImportSummary), Failure> {
    let known: Vec<&str> = import::names().into_iter().map(|(name, _)| name).collect();
    let name = match format {
        Some(name) if known.contains(&name) => name,
        Some(name) => return Err(bad_input(anyhow::anyhow!(unknown_name("format", name, &known)))),
        None => recognised(path, &known)?,
    };
    let (options, reading) = (options(pairs)?, Reading::of(path));
    import::import_watched(name, path, options, reading.bytes_read()).map_err(bad_input)
}

fn recognised(path: &Path, known: &[&str]) -> Result<&'static str, Failure> {
    if let Err(source) = std::fs::metadata(path).and_then(|_| std::fs::File::open(path)) {
        return Err(bad_input(ImportError::Open { file: path.display().to_string(), source }));
    }
    import::recognise(path).ok_or_else(|| {
        let file = path.display();
        bad_input(match import::other_file(path) {
            Some(other) => anyhow::anyhow!("{file} is no workload: it is {}; {}", other.what, other.why),
            None => {
                let known = known.join(", ");
                anyhow::anyhow!("the format of {file} is not recognised; name it with --format: {known}")
            }
        })
    })
}

/// `-o KEY=VALUE`, the value being TOML where it can be read as such, and a word otherwise. Dots in the key lead
/// into tables.
pub(crate) fn options(pairs: &[String]) -> Result<toml::Table, Failure> {
    let mut options = toml::Table::new();
    for pair in pairs {
        let refuse = |problem: &str| Err(bad_input(anyhow::anyhow!("option `-o {pair}`: {problem}")));
        let Some((key, value)) = pair.split_once('=').filter(|(key, _)| !key.trim().is_empty()) else {
            return refuse("allowed is KEY=VALUE, such as -o tasks=500");
        };
        let as_toml = toml::from_str::<toml::Table>(&format!("{key} = {value}"));
        let as_word =
            || toml::from_str::<toml::Table>(&format!("{key} = {}", toml::Value::String(value.to_owned())));
        let Ok(table) = as_toml.or_else(|_| as_word()) else {
            return refuse("the key cannot be read; allowed are names with dots between them");
        };
        if !merge(&mut options, table) {
            return refuse("the key stands there twice");
        }
    }
    Ok(options)
}

/// Puts the entries of one table into another; `false` when a key is in both and not a table in both.
fn merge(into: &mut toml::Table, from: toml::Table) -> bool {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (None, value) => {
                into.insert(key, value);
            }
            (Some(toml::Value::Table(inner)), toml::Value::Table(value)) => {
                if !merge(inner, value) {
                    return false;
                }
            }
            _ => return false,
        }
    }
    true
}

/// The account of a workload directory, in the words of an import: every row is a task.
fn canonical_summary(path: &Path) -> Result<ImportSummary, Failure> {
    let (workload, manifest) = format::read(path).map_err(bad_input)?;
    let tasks = workload.task_count() as u64;
    Ok(ImportSummary {
        importer: manifest.importer.name,
        rows_read: tasks,
        rows_kept: tasks,
        rows_dropped: BTreeMap::new(),
        tasks,
        span_seconds: workload.last_submit().seconds(),
        origin_seconds: workload.origin().seconds(),
        jobs: workload.job_count() as u64,
        tasks_censored: workload.tasks().filter(|&task| workload.is_censored(task)).count() as u64,
        tasks_without_estimate: workload.tasks_without_estimate() as u64,
        tasks_recorded: workload.tasks().filter(|&task| workload.recorded_start(task).is_some()).count()
            as u64,
        core_hours: import::requested_hours(&workload).0,
        device_hours: import::requested_hours(&workload).1,
        facts: BTreeMap::new(),
    })
}

fn in_lines(summary: &ImportSummary) -> String {
    let mut lines = vec![
        format!("importer                {}", summary.importer),
        format!("rows read               {}", summary.rows_read),
        format!("rows kept               {}", summary.rows_kept),
        format!("rows dropped            {}", summary.rows_dropped.values().sum::<u64>()),
    ];
    lines.extend(summary.rows_dropped.iter().map(|(reason, count)| format!("  {reason:<21} {count}")));
    lines.extend([
        format!("jobs                    {}", summary.jobs),
        format!("tasks                   {}", summary.tasks),
        format!("  censored              {}", summary.tasks_censored),
        format!("  without estimate      {}", summary.tasks_without_estimate),
        format!("  recorded start        {}", summary.tasks_recorded),
        format!("core-hours              {:.1}", summary.core_hours),
        format!("device-hours            {:.1}", summary.device_hours),
        format!("span                    {} s", summary.span_seconds),
        format!("origin                  {} s", summary.origin_seconds),
    ]);
    lines.extend(summary.facts.iter().map(|(fact, number)| format!("{fact:<23} {number}")));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options_of(pairs: &[&str]) -> Result<toml::Table, String> {
        let pairs: Vec<String> = pairs.iter().map(|&pair| pair.to_owned()).collect();
        options(&pairs).map_err(|failure| failure.line())
    }

    #[test]
    fn options_are_toml_or_words_and_dots_lead_into_tables() {
        let table = options_of(&["tasks=500", "processors=larger", "a.b=1.5", "a.c=true", "d=[1, 2]"])
            .expect("valid");
        let expected: toml::Table =
            toml::from_str("tasks = 500\nprocessors = 'larger'\nd = [1, 2]\n[a]\nb = 1.5\nc = true")
                .expect("TOML");
        assert_eq!(table, expected);
    }

    #[test]
    fn wrong_options_are_refused() {
        assert!(options_of(&["tasks"]).expect_err("no value").contains("KEY=VALUE"));
        assert!(options_of(&["=3"]).expect_err("no key").contains("KEY=VALUE"));
        assert!(options_of(&["a=1", "a=2"]).expect_err("twice").contains("twice"));
        assert!(options_of(&["a b=1"]).expect_err("no key").contains("key"));
    }
}
