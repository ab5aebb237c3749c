//! `rackwright series`: inspect, import, and ask for a value.

use std::path::Path;

use runner::nearest::unknown_name;
use serde_json::json;
use traces::format::{self, FormatError, Source};
use traces::series::{self, Environment, Gaps, Rules, SeriesSummary, Signal, UtcTime, Wrap};

use crate::args::{
    AtArgs, GapsRule, SeriesCommand, SeriesFile, SeriesImportArgs, SeriesInspectArgs, WrapRule,
};
use crate::failure::{Failure, bad_input, failed};
use crate::terminal::print;
use crate::trace::options;

pub(crate) fn series(command: &SeriesCommand) -> Result<(), Failure> {
    match command {
        SeriesCommand::Inspect(args) => inspect(args),
        SeriesCommand::Import(args) => import(args),
        SeriesCommand::At(args) => at(args),
    }
}

fn inspect(args: &SeriesInspectArgs) -> Result<(), Failure> {
    let (_, summary) = opened(&args.file)?;
    if args.json {
        return print(&serde_json::to_string_pretty(&summary).map_err(failed)?);
    }
    print(&in_lines(&summary))
}

fn import(args: &SeriesImportArgs) -> Result<(), Failure> {
    let (environment, summary) = imported(&args.file)?;
    let file = args.file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let source = Source { file, licence: None, importer: summary.importer.clone() };
    let fail =
        |error| if matches!(error, FormatError::Files { .. }) { failed(error) } else { bad_input(error) };
    format::write_series(&environment, &args.out, &source).map_err(fail)?;
    print(&format!("{}\nseries: {}", in_lines(&summary), args.out.display()))
}

fn at(args: &AtArgs) -> Result<(), Failure> {
    let moment = |option: &str, text: &str| {
        let parsed = text.parse::<UtcTime>();
        parsed.map_err(|error| bad_input(anyhow::anyhow!("option `{option}`: {error}")))
    };
    let from = moment("--time", &args.time)?;
    let until = args.until.as_deref().map(|until| moment("--until", until)).transpose()?;
    let path = args.file.path.display();
    let Environment::Series(series) = opened(&args.file)?.0 else {
        return Err(bad_input(anyhow::anyhow!("{path}: holds failures, which have no value at a moment")));
    };
    let rules = Rules { gap_factor: args.gap_factor, gaps: gaps(args.gaps), wrap: wrap(args.wrap) };
    let signal = Signal::new(series, rules).map_err(bad_input)?;
    let value = match until {
        None => signal.at(from),
        Some(until) => signal.mean(from, until),
    };
    let value = value.map_err(|error| bad_input(anyhow::anyhow!("{path}: {error}")))?;
    let subject = signal.series().subject();
    if !args.json {
        return print(&format!("{value} {}", subject.unit));
    }
    let mut answer = json!({
        "quantity": subject.quantity.name(),
        "unit": subject.unit,
        "time": from.to_string(),
        "value": value,
    });
    if let Some(until) = until {
        answer["until"] = json!(until.to_string());
    }
    print(&serde_json::to_string_pretty(&answer).map_err(failed)?)
}

fn gaps(rule: GapsRule) -> Gaps {
    match rule {
        GapsRule::Refuse => Gaps::Refuse,
        GapsRule::Hold => Gaps::Hold,
        GapsRule::Interpolate => Gaps::Interpolate,
    }
}

fn wrap(rule: WrapRule) -> Wrap {
    match rule {
        WrapRule::Never => Wrap::Never,
        WrapRule::Year => Wrap::Year,
    }
}

/// A series directory, or a file that is imported.
fn opened(file: &SeriesFile) -> Result<(Environment, SeriesSummary), Failure> {
    if !file.path.is_dir() || file.format.is_some() {
        return imported(file);
    }
    let (environment, manifest) = format::read_series(&file.path).map_err(bad_input)?;
    let summary = SeriesSummary::of(&manifest.importer.name, &environment);
    Ok((environment, summary))
}

fn imported(file: &SeriesFile) -> Result<(Environment, SeriesSummary), Failure> {
    let name = match &file.format {
        Some(name) => known(name)?,
        None => recognised(&file.path)?,
    };
    series::import(name, &file.path, options(&file.options)?).map_err(bad_input)
}

fn known(name: &str) -> Result<&'static str, Failure> {
    let names: Vec<&'static str> = series::names().into_iter().map(|(name, _)| name).collect();
    let found = names.iter().find(|&&known| known == name).copied();
    found.ok_or_else(|| bad_input(anyhow::anyhow!(unknown_name("format of series", name, &names))))
}

fn recognised(path: &Path) -> Result<&'static str, Failure> {
    series::recognise(path).map_err(bad_input)
}

fn in_lines(summary: &SeriesSummary) -> String {
    let unit = &summary.unit;
    let mut lines = vec![
        format!("importer                {}", summary.importer),
        format!("rows read               {}", summary.rows_read),
        format!("rows kept               {}", summary.rows_kept),
        format!("rows dropped            {}", summary.rows_dropped.values().sum::<u64>()),
    ];
    lines.extend(summary.rows_dropped.iter().map(|(reason, count)| format!("  {reason:<21} {count}")));
    lines.extend([
        format!("quantity                {}", summary.quantity),
        format!("points                  {}", summary.points),
        format!("first                   {}", summary.first),
        format!("last                    {}", summary.last),
        format!("span                    {} s", summary.span_seconds),
    ]);
    let step = |step: &series::StepCount| {
        let (seconds, points, stretches) = (format!("{} s", step.seconds), step.points, step.stretches);
        format!("  step {seconds:<17}{points} points in {stretches} stretches")
    };
    lines.extend(summary.steps.iter().map(step));
    lines.extend([
        format!("gaps                    {}, together {} s", summary.gaps, summary.gap_seconds),
        format!("minimum                 {} {unit}", summary.minimum),
        format!("mean                    {} {unit}", summary.mean),
        format!("  over time             {} {unit}", summary.mean_over_time),
        format!("maximum                 {} {unit}", summary.maximum),
    ]);
    lines.extend(summary.facts.iter().map(|(fact, number)| format!("{fact:<23} {number}")));
    lines.join("\n")
}
