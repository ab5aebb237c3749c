//! One HTML page with everything on it: no script, no font, no picture from elsewhere.

use crate::bootstrap::{Bootstrap, Interval};
use crate::claim::{Finding, finding};
use crate::compare::{Comparison, MetricComparison, ScenarioComparison};
use crate::error::ReportError;
use crate::figures::{Drawing, EXPERIMENT_FIGURES, ExperimentScene, FIGURES, Scene, scheduler_colour};
use crate::leaderboard::{extent, sentence};
use crate::paper::README;
use crate::sweep_table::SweepTable;
use crate::sweeps::{Sweep, sweeps};
use crate::words::{Said, counted, metric_title, significant, unit_and_direction};
use minijinja::Environment;
use minijinja::value::Serde;
use results::{PAPER_FOLDER, REPORT_FILE, Results};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const TEMPLATE_NAME: &str = "report.html"; // the ending switches escaping on
const TEMPLATE: &str = include_str!("../templates/report.html");

/// Writes the page into the folder of its experiment, and says where it is. Where the folder for a paper lies beside
/// it, the page says so.
///
/// # Errors
/// What [`page`] refuses, and a file that cannot be written.
pub fn write(folder: &Path, results: &Results) -> Result<PathBuf, ReportError> {
    let path = folder.join(REPORT_FILE);
    // One that was left by another experiment in this folder is not of these results.
    let readme = std::fs::read_to_string(folder.join(PAPER_FOLDER).join(README)).unwrap_or_default();
    let manifest = &results.manifest;
    let has_paper = readme.contains(&manifest.config_digest) && readme.contains(&manifest.version);
    let text = filled(results, has_paper.then(|| format!("{PAPER_FOLDER}/{README}")))?;
    std::fs::write(&path, text).map_err(|source| ReportError::Write { path: path.clone(), source })?;
    Ok(path)
}

/// The page as text. The same results give the same bytes.
///
/// # Errors
/// Refuses results whose runs disagree on what a metric is.
pub fn page(results: &Results) -> Result<String, ReportError> {
    filled(results, None)
}

/// The page, with a link to the folder for a paper where there is one.
fn filled(results: &Results, paper: Option<String>) -> Result<String, ReportError> {
    let comparison = Comparison::of(results)?;
    let mut scenarios = Vec::with_capacity(comparison.scenarios.len());
    let mut bootstraps = BTreeMap::new();
    for scenario in &comparison.scenarios {
        scenarios.push(Section::of(&Scene { comparison: &comparison, scenario, results }, &mut bootstraps)?);
    }
    let manifest = &results.manifest;
    let content = Content {
        experiment: &manifest.experiment,
        version: &manifest.version,
        command: &manifest.command,
        config_digest: &manifest.config_digest,
        claim: finding(results)?.as_ref().map(ClaimText::of),
        is_complete: results.is_complete(),
        runs: match results.is_complete() {
            true => counted(results.planned_count(), "run"),
            false => format!("{} of {} runs so far", results.finished_count(), results.planned_count()),
        },
        schedulers: comparison
            .schedulers
            .iter()
            .enumerate()
            .map(|(place, name)| Named::of(place, name))
            .collect(),
        seeds: seeds_of(&comparison.scenarios),
        across: across(&ExperimentScene { comparison: &comparison, results })?,
        sweeps: sweeps(&comparison, results).iter().map(|sweep| SweepText::of(&comparison, sweep)).collect(),
        scenarios,
        paper,
        digests: results.runs.iter().map(|run| DigestRow::of(&run.record)).collect(),
    };
    let mut environment = Environment::new();
    environment.add_template(TEMPLATE_NAME, TEMPLATE)?;
    Ok(environment.get_template(TEMPLATE_NAME)?.render(Serde(&content))?)
}

/// The seeds of all scenarios, once each, in order of size.
fn seeds_of(scenarios: &[ScenarioComparison]) -> String {
    let all: BTreeSet<u64> = scenarios.iter().flat_map(|scenario| scenario.seeds.iter().copied()).collect();
    all.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
}

/// Everything the template may name.
#[derive(Serialize)]
struct Content<'a> {
    experiment: &'a str,
    version: &'a str,
    command: &'a str,
    config_digest: &'a str,
    claim: Option<ClaimText>,
    is_complete: bool,
    runs: String,
    schedulers: Vec<Named>,
    seeds: String,
    across: Vec<Drawn>,
    sweeps: Vec<SweepText>,
    scenarios: Vec<Section>,
    paper: Option<String>,
    digests: Vec<DigestRow<'a>>,
}

/// Where the claim of the experiment holds.
#[derive(Serialize)]
struct ClaimText {
    title: String,
    tally: String,
    lines: Vec<String>,
    limits: Option<String>,
}

impl ClaimText {
    fn of(finding: &Finding) -> ClaimText {
        ClaimText {
            title: finding.title(),
            tally: finding.tally(),
            lines: finding.lines().to_vec(),
            limits: finding.limits().map(str::to_owned),
        }
    }
}

/// A scheduler with its colour.
#[derive(Serialize)]
struct Named {
    name: String,
    colour: String,
}

impl Named {
    fn of(place: usize, name: &str) -> Named {
        Named { name: name.to_owned(), colour: scheduler_colour(place) }
    }
}

/// One scenario on the page.
#[derive(Serialize)]
struct Section {
    name: String,
    extent: String,
    seed_count: usize,
    sentence: Option<String>,
    first: String,
    columns: Vec<Heading>,
    rows: Vec<Row>,
    figures: Vec<Drawn>,
    metrics: Vec<MetricTable>,
}

#[derive(Serialize)]
struct Heading {
    name: String,
    title: String,
    unit: String,
}

#[derive(Serialize)]
struct Row {
    scheduler: Named,
    cells: Vec<CellText>,
}

/// A cell as it is read.
#[derive(Default, Serialize)]
struct CellText {
    estimate: String,
    is_best: bool,
    difference: String,
    ratio: String,
    verdict: &'static str,
    interquartile_mean: String,
    probability_better: String,
    count: usize,
}

#[derive(Serialize)]
struct Drawn {
    title: String,
    caption: &'static str,
    svg: String,
    absence: Option<String>,
}

impl Drawn {
    fn of(title: &str, caption: &'static str, drawing: Drawing) -> Drawn {
        // The name space is for files that stand alone; inside HTML it is known.
        let svg = drawing.svg.replace(" xmlns=\"http://www.w3.org/2000/svg\"", "");
        Drawn { title: title.to_owned(), caption, svg, absence: drawing.absence }
    }
}

/// The figures that go across scenarios.
fn across(scene: &ExperimentScene<'_>) -> Result<Vec<Drawn>, ReportError> {
    let mut drawn = Vec::new();
    for figure in EXPERIMENT_FIGURES {
        let wide = (figure.draw)(scene)?;
        drawn.extend(wide.into_iter().map(|wide| Drawn::of(&wide.title, figure.caption, wide.drawing)));
    }
    Ok(drawn)
}

/// A sweep in numbers.
#[derive(Serialize)]
struct SweepText {
    title: String,
    /// Few values that are no numbers are looked at as a table, many numbers as a figure.
    is_open: bool,
    values: Vec<String>,
    metrics: Vec<SweepMetric>,
}

#[derive(Serialize)]
struct SweepMetric {
    heading: Heading,
    rows: Vec<SweepRow>,
    order: Option<String>,
}

#[derive(Serialize)]
struct SweepRow {
    scheduler: String,
    cells: Vec<CellText>,
}

impl SweepText {
    fn of(comparison: &Comparison, sweep: &Sweep) -> SweepText {
        let metric = |table: SweepTable<'_>| {
            let cell = |row: usize, value: usize| CellText {
                estimate: table.rows[row].1[value].map(|one| Said::of(&one).plain()).unwrap_or_default(),
                is_best: table.is_best(row, value),
                ..CellText::default()
            };
            let row = |(place, (scheduler, cells)): (usize, &(String, Vec<_>))| SweepRow {
                scheduler: scheduler.clone(),
                cells: (0..cells.len()).map(|value| cell(place, value)).collect(),
            };
            SweepMetric {
                heading: Heading::of(table.metric),
                rows: table.rows.iter().enumerate().map(row).collect(),
                order: table.order_said(),
            }
        };
        SweepText {
            title: sweep.title(),
            is_open: !sweep.is_numeric(),
            values: sweep.values.iter().map(crate::sweeps::Swept::said).collect(),
            metrics: SweepTable::all(comparison, sweep).into_iter().map(metric).collect(),
        }
    }
}

#[derive(Serialize)]
struct MetricTable {
    heading: Heading,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct DigestRow<'a> {
    scenario: &'a str,
    scheduler: &'a str,
    seed: u64,
    digest: &'a str,
    id: &'a str,
    events: u64,
    decisions: u64,
}

impl<'a> DigestRow<'a> {
    fn of(record: &'a results::RunRecord) -> Self {
        DigestRow {
            scenario: &record.scenario,
            scheduler: &record.scheduler,
            seed: record.seed,
            digest: &record.digest,
            id: &record.id,
            events: record.events,
            decisions: record.decisions,
        }
    }
}

impl Section {
    fn of(scene: &Scene<'_>, bootstraps: &mut Bootstraps) -> Result<Section, ReportError> {
        let scenario = scene.scenario;
        let shown = scenario.default_metrics();
        let mut figures = Vec::with_capacity(FIGURES.len());
        for figure in FIGURES.iter().filter(|_| scenario.finished_count > 0) {
            figures.push(Drawn::of(figure.title, figure.caption, (figure.draw)(scene)?));
        }
        let mut table =
            |metric| MetricTable { heading: Heading::of(metric), rows: rows(scene, &[metric], bootstraps) };
        let metrics = scenario.metrics.iter().map(&mut table).collect();
        Ok(Section {
            name: scenario.scenario.clone(),
            extent: extent(scenario),
            seed_count: scenario.seeds.len(),
            sentence: shown.first().map(|lead| sentence(scenario, lead)),
            first: scenario.schedulers.first().cloned().unwrap_or_default(),
            columns: shown.iter().map(|metric| Heading::of(metric)).collect(),
            rows: rows(scene, &shown, bootstraps),
            figures,
            metrics,
        })
    }
}

impl Heading {
    fn of(metric: &MetricComparison) -> Heading {
        Heading {
            name: metric.name.clone(),
            title: metric_title(&metric.name),
            unit: unit_and_direction(&metric.unit, metric.better),
        }
    }
}

/// The draws for the interquartile means, by number of values.
type Bootstraps = BTreeMap<usize, Bootstrap>;

fn rows(scene: &Scene<'_>, metrics: &[&MetricComparison], bootstraps: &mut Bootstraps) -> Vec<Row> {
    let mut row = |(place, name): (usize, &String)| {
        let colour = scene.comparison.schedulers.iter().position(|other| other == name);
        let colour = colour.expect("a comparison knows every scheduler of its plan");
        let cells = metrics.iter();
        let cells = cells.map(|metric| CellText::of(metric, place, bootstraps)).collect();
        Row { scheduler: Named::of(colour, name), cells }
    };
    scene.scenario.schedulers.iter().enumerate().map(&mut row).collect()
}

impl CellText {
    fn of(metric: &MetricComparison, place: usize, bootstraps: &mut Bootstraps) -> CellText {
        let cell = &metric.cells[place];
        let Some(estimate) = cell.estimate else {
            return CellText::default();
        };
        let values: Vec<f64> = cell.values.values().copied().collect();
        let bootstrap = bootstraps.entry(values.len()).or_insert_with(|| Bootstrap::of(values.len()));
        let difference = cell.difference.map(|difference| Said::of(&difference).signed().plain());
        CellText {
            estimate: Said::of(&estimate).plain(),
            is_best: cell.is_best,
            difference: difference.unwrap_or_default(),
            ratio: cell.ratio.map(|ratio| Said::of(&ratio).plain()).unwrap_or_default(),
            verdict: cell.verdict(metric.better),
            interquartile_mean: bootstrap.interquartile_mean(&values).map(said).unwrap_or_default(),
            probability_better: metric
                .probability_better(place)
                .map(|probability| format!("{:.0} %", 100.0 * probability))
                .unwrap_or_default(),
            count: estimate.count,
        }
    }
}

/// "41.2 (39.8 to 43.1)".
fn said(interval: Interval) -> String {
    match interval.ends {
        Some((low, high)) => {
            format!("{} ({} to {})", significant(interval.value), significant(low), significant(high))
        }
        None => significant(interval.value),
    }
}
