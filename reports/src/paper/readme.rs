//! The page in the folder that says what made it, and how to read and cite it.

use super::markdown::escaped;
use super::{Paper, PaperFile};
use crate::bootstrap::RESAMPLES;
use crate::claim::Finding;
use crate::compare::{Comparison, Selection};
use crate::leaderboard::sentence;
use crate::words::counted;
use results::Results;

/// The text. No date, no machine, no path: the same results have the same page.
pub(super) fn text(
    results: &Results,
    comparison: &Comparison,
    claim: Option<&Finding>,
    selection: &Selection,
    paper: &Paper,
) -> Vec<u8> {
    let manifest = &results.manifest;
    let runs = match results.is_complete() {
        true => counted(results.planned_count(), "run"),
        false => format!("{} of {} runs so far", results.finished_count(), results.planned_count()),
    };
    let mut text = format!("# {}: figures and tables\n\n", escaped(&manifest.experiment));
    text.push_str("| | |\n| --- | --- |\n");
    for (what, said) in [
        ("experiment", code(&manifest.command)),
        ("this folder", code(&command(selection))),
        ("simulator", format!("Rackwright {}", escaped(&manifest.version))),
        ("configuration", code(&manifest.config_digest)),
        ("runs", runs),
    ] {
        text.push_str(&format!("| {what} | {said} |\n"));
    }
    text.push_str(
        "\nThe same results and the same command give the same bytes on every machine, but for `timings.csv`.\n",
    );
    text.push_str("\n## What was found\n\n");
    if let Some(claim) = claim {
        text.push_str(&format!("{}\n\n", escaped(claim.paragraph())));
    }
    for scenario in &comparison.scenarios {
        let found = comparison.shown(scenario).first().map(|lead| sentence(scenario, lead));
        let found = found.unwrap_or_else(|| "no run has ended yet".to_owned());
        text.push_str(&format!("* {}: {}.\n", escaped(&scenario.scenario), escaped(&found)));
    }
    text.push_str(&reading(comparison));
    text.push_str("\n## Files\n\n| what | files |\n| --- | --- |\n");
    let stem = |file: &PaperFile| file.path.rsplit_once('.').map(|(stem, _)| stem.to_owned());
    for alike in paper.files.chunk_by(|one, next| stem(one) == stem(next)) {
        let links: Vec<String> = alike.iter().map(|file| format!("[{0}]({0})", file.path)).collect();
        text.push_str(&format!("| {} | {} |\n", escaped(&alike[0].what), links.join(", ")));
    }
    text.push_str("\n`files.csv` lists them for programs.\n");
    if !paper.absences.is_empty() {
        text.push_str("\nWhat there is not, and why:\n\n");
        for absence in &paper.absences {
            text.push_str(&format!("* {}\n", escaped(absence)));
        }
    }
    text.into_bytes()
}

/// How intervals are to be read and said.
fn reading(comparison: &Comparison) -> String {
    let baselines: std::collections::BTreeSet<&String> =
        comparison.scenarios.iter().filter_map(|scenario| scenario.schedulers.first()).collect();
    let baseline = match baselines.into_iter().collect::<Vec<_>>().as_slice() {
        [baseline] => escaped(baseline),
        _ => "the first scheduler of the scenario".to_owned(),
    };
    format!(
        "
## How to read and cite the intervals

* A mean is taken over seeds; ± is half of its 95 % interval, from Student's t with one degree of freedom less than
  there are seeds. Say the number of seeds with it: \"41.2 s ± 1.3 (95 % interval, 20 seeds)\".
* A difference is scheduler minus {baseline}, taken seed by seed and then averaged, since under one seed all schedulers
  meet the same arrivals and failures; its interval is that of the paired differences. Whether two schedulers differ
  is read from it, not from whether the intervals of their means overlap.
* A ratio is the mean divided by that of {baseline}; its interval is that of the paired ratio estimator.
* The verdict `better` or `worse` says that the interval of the difference leaves out zero, `unclear` that it does not,
  `equal` that all seeds agree to the last digit, `differs` that the metric does not judge. Among many comparisons, one
  in twenty looks clear by chance.
* The interquartile mean leaves out the lowest and the highest quarter of the seeds; its interval is the percentile
  bootstrap over {RESAMPLES} draws (below four seeds it is the mean, with the interval of the mean).
* `probability_better` counts over all pairs of runs, whatever their seeds, how often the scheduler is better than
  {baseline}; ties count half.
* With one seed there are no intervals.
* Figures over time show the first seed of the plan.
"
    )
}

/// The command that makes the folder anew.
fn command(selection: &Selection) -> String {
    let mut command = "rackwright report RESULTS".to_owned();
    if !selection.metrics.is_empty() {
        command.push_str(&format!(" --metrics {}", quoted(&selection.metrics.join(","))));
    }
    if let Some(baseline) = &selection.baseline {
        command.push_str(&format!(" --baseline {}", quoted(baseline)));
    }
    if let Some(scenario) = &selection.scenario {
        command.push_str(&format!(" --scenario {}", quoted(scenario)));
    }
    command
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "_-./,=".contains(character);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

/// Text as it is, in a table.
fn code(text: &str) -> String {
    match text.contains(['`', '|', '\n']) {
        true => escaped(text),
        false => format!("`{text}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_can_be_given_again() {
        let selection = Selection {
            metrics: vec!["wait_mean".to_owned(), "makespan".to_owned()],
            baseline: Some("dot product's".to_owned()),
            scenario: Some("mixed*".to_owned()),
        };
        assert_eq!(
            command(&selection),
            "rackwright report RESULTS --metrics wait_mean,makespan --baseline 'dot product'\\''s' --scenario 'mixed*'"
        );
        assert_eq!(command(&Selection::default()), "rackwright report RESULTS");
    }
}
