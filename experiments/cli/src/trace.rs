//! `rackwright trace`: import, inspect, generate.

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
use crate::terminal::print;

pub(crate) fn trace(command: &TraceCommand) -> Result<(), Failure> {
    match command {
        TraceCommand::Import(args) => import(args),
        TraceCommand::Inspect(args) => inspect(args),
        TraceCommand::Generate(args) => generate(args),
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
    let summary = match args.path.is_dir() && args.format.is_none() {
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
    let options = options(&args.options)?;
    let workload = generate::generate(&args.name, options, Seed(args.seed)).map_err(bad_input)?;
    let file = format!("seed {}", args.seed);
    let source = Source { file, licence: None, importer: args.name.clone() };
    format::write(&workload, &args.out, &source).map_err(format_failure)?;
    let (tasks, jobs) = (workload.task_count(), workload.job_count());
    print(&format!("{tasks} tasks of {jobs} jobs\nworkload: {}", args.out.display()))
}

fn format_failure(error: FormatError) -> Failure {
    if matches!(error, FormatError::Files { .. }) { failed(error) } else { bad_input(error) }
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
    import::import(name, path, options(pairs)?).map_err(bad_input)
}

fn recognised(path: &Path, known: &[&str]) -> Result<&'static str, Failure> {
    if let Err(source) = std::fs::File::open(path) {
        return Err(bad_input(ImportError::Open { file: path.display().to_string(), source }));
    }
    import::recognise(path).ok_or_else(|| {
        let (file, known) = (path.display(), known.join(", "));
        bad_input(anyhow::anyhow!("the format of {file} is not recognised; name it with --format: {known}"))
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
    lines.extend(summary.rows_dropped.iter().map(|(reason, count)| format!("  {reason:<22}{count}")));
    lines.extend([
        format!("jobs                    {}", summary.jobs),
        format!("tasks                   {}", summary.tasks),
        format!("  censored              {}", summary.tasks_censored),
        format!("  without estimate      {}", summary.tasks_without_estimate),
        format!("span                    {} s", summary.span_seconds),
        format!("origin                  {} s", summary.origin_seconds),
    ]);
    lines.extend(summary.facts.iter().map(|(fact, number)| format!("{fact:<24}{number}")));
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
