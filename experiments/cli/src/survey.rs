//! `rackwright trace survey`: every file below a folder, and what importing it comes to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::Context;
use traces::import::{self, ImportSummary, Outcome, Surveyed};
use traces::series::SeriesSummary;

use crate::args::SurveyArgs;
use crate::failure::{Failure, bad_input, failed};
use crate::terminal::{Steps, print};

pub(crate) fn survey(args: &SurveyArgs) -> Result<(), Failure> {
    if !args.folder.is_dir() {
        let folder = args.folder.display();
        return Err(bad_input(anyhow::anyhow!(
            "{folder} is not there or is no folder: allowed is a folder of traces"
        )));
    }
    let steps = Steps::new();
    let found = import::survey(&args.folder, &mut |source| steps.begin(source)).map_err(bad_input)?;
    drop(steps);
    if let Some(out) = &args.out {
        let written =
            std::fs::write(out, page(&found)).with_context(|| format!("cannot write {}", out.display()));
        written.map_err(failed)?;
    }
    if args.json {
        return print(&serde_json::to_string_pretty(&found).map_err(failed)?);
    }
    match &args.out {
        Some(out) => print(&format!("{} files and folders: {}", found.len(), out.display())),
        None => print(&page(&found)),
    }
}

/// The page in Markdown; the same files give the same bytes.
fn page(found: &[Surveyed]) -> String {
    let mut text = String::from(
        "# Formats\n\nMade by `rackwright trace survey FOLDER --out docs/formats.md`; do not edit.\n\n## Importers\n\n\
         What each reads is said in full at the head of its file in `traces/src/import/`. Where no real file of a format was \
         at hand, it is tested with rows made by hand after the published layout.\n\n\
         | Importer | Reads | Tested with |\n| --- | --- | --- |\n",
    );
    let seen: BTreeSet<&str> =
        found.iter().filter_map(|one| imported(one)).map(|summary| &*summary.importer).collect();
    for (name, help) in import::names() {
        let tested = if seen.contains(name) { "real files, below" } else { "hand-made rows only" };
        let _ = writeln!(text, "| `{name}` | {help} | {tested} |");
    }
    text.push_str(
        "\n## Files\n\nRows kept are rows that became tasks or parts of tasks. Spans are from the first submission to the last. Stated is what an \
         importer says besides: what the file tells of itself, and what of it is not in the tasks.\n\n\
         | File | Importer | Rows read | Kept | Dropped | Tasks | Span | Core-hours | Device-hours | Stated |\n\
         | --- | --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | --- |\n",
    );
    for one in found.iter() {
        if let Some(summary) = imported(one) {
            let _ = writeln!(text, "| `{}` | {} |", one.file, row(summary));
        }
    }
    text.push_str(
        "\n## Series of an environment\n\nSee docs/environment.md.\n\n\
         | File | Importer | Rows read | Kept | Dropped | Points | Span | Quantity | Unit | Mean | Gaps |\n\
         | --- | --- | ---: | ---: | --- | ---: | ---: | --- | --- | ---: | ---: |\n",
    );
    for one in found {
        if let Outcome::Series(summary) = &one.outcome {
            let _ = writeln!(text, "| `{}` | {} |", one.file, series_row(summary));
        }
    }
    text.push_str(
        "\n## Files that are no workloads, or not by themselves\n\n| File | Why |\n| --- | --- |\n",
    );
    for one in found {
        let why = match &one.outcome {
            Outcome::Imported(_) | Outcome::Series(_) => continue,
            Outcome::PartOf(source) => format!("read as a part of `{source}`"),
            Outcome::Refused(why) => why.replace('|', "\\|"),
        };
        let _ = writeln!(text, "| `{}` | {why} |", one.file);
    }
    text
}

fn imported(one: &Surveyed) -> Option<&ImportSummary> {
    match &one.outcome {
        Outcome::Imported(summary) => Some(summary),
        _ => None,
    }
}

/// What was counted, by what it is.
fn counts(numbers: &BTreeMap<&'static str, u64>) -> String {
    let told: Vec<String> = numbers.iter().map(|(what, count)| format!("{what} {count}")).collect();
    if told.is_empty() { "-".to_owned() } else { told.join(", ") }
}

fn series_row(summary: &SeriesSummary) -> String {
    let (dropped, days) = (counts(&summary.rows_dropped), summary.span_seconds / 86_400.0);
    format!(
        "`{}` | {} | {} | {dropped} | {} | {days:.3} days | {} | {} | {:.2} | {}",
        summary.importer,
        summary.rows_read,
        summary.rows_kept,
        summary.points,
        summary.quantity,
        summary.unit,
        summary.mean,
        summary.gaps
    )
}

fn row(summary: &ImportSummary) -> String {
    let dropped = counts(&summary.rows_dropped);
    let days = summary.span_seconds / 86_400.0;
    format!(
        "`{}` | {} | {} | {dropped} | {} | {days:.3} days | {:.1} | {:.1} | {}",
        summary.importer,
        summary.rows_read,
        summary.rows_kept,
        summary.tasks,
        summary.core_hours,
        summary.device_hours,
        counts(&summary.facts)
    )
}
