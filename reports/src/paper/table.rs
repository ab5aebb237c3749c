//! Tables for people, before they are Markdown or LaTeX: what stands where, rounded for reading.

use crate::compare::{Comparison, MetricComparison, ScenarioComparison};
use crate::statistics::Estimate;
use crate::sweep_table::SweepTable;
use crate::sweeps::Sweep;
use crate::words::{Said, counted, metric_title};
use results::Better;

/// A table.
pub(super) struct Table {
    /// What stands above it.
    pub(super) caption: String,
    /// By which a text refers to it.
    pub(super) label: String,
    /// What the names of the rows are names of.
    pub(super) corner: &'static str,
    /// The columns, without that of the names.
    pub(super) columns: Vec<Column>,
    /// The rows, their cells as many as the columns.
    pub(super) rows: Vec<Row>,
}

/// The head of a column.
pub(super) struct Column {
    /// What it shows.
    pub(super) title: String,
    /// The unit; "1" where there is none.
    pub(super) unit: String,
    /// Which direction is good.
    pub(super) better: Better,
}

/// A row.
pub(super) struct Row {
    /// Its name.
    pub(super) name: String,
    /// Its cells.
    pub(super) cells: Vec<TableCell>,
}

/// A cell; the default is empty.
#[derive(Default)]
pub(super) struct TableCell {
    /// The number with its interval.
    pub(super) said: Option<Said>,
    /// Whether it is the best.
    pub(super) is_best: bool,
    /// Whether it carries the mark of a difference that is no chance.
    pub(super) is_clear: bool,
}

/// The means of a scenario: schedulers x the metrics that are shown.
pub(super) fn means(comparison: &Comparison, scenario: &ScenarioComparison, slug: &str) -> Table {
    let metrics = comparison.shown(scenario);
    let row = |(place, name): (usize, &String)| Row {
        name: name.clone(),
        cells: metrics.iter().map(|metric| mean_cell(metric, place)).collect(),
    };
    let seeds = seeds(metrics.iter().flat_map(|metric| metric.cells.iter().map(|cell| &cell.estimate)));
    let best = if metrics.iter().any(|metric| metric.cells.iter().any(|cell| cell.is_best)) {
        " The best mean of each column is in bold."
    } else {
        ""
    };
    Table {
        caption: format!("{}: {}.{best}", scenario.scenario, means_over(&seeds)),
        label: format!("tab:{slug}"),
        corner: "scheduler",
        columns: metrics.iter().map(|metric| column(metric)).collect(),
        rows: scenario.schedulers.iter().enumerate().map(row).collect(),
    }
}

/// How the other schedulers of a scenario differ from the first, metric by metric; nothing where there are none.
pub(super) fn differences(
    comparison: &Comparison,
    scenario: &ScenarioComparison,
    slug: &str,
) -> Option<Table> {
    let metrics = comparison.shown(scenario);
    let (first, others) = scenario.schedulers.split_first().filter(|(_, others)| !others.is_empty())?;
    let cell = |metric: &&MetricComparison, place: usize| {
        let difference = metric.cells[place].difference;
        TableCell {
            said: difference.map(|difference| Said::of(&difference).signed()),
            is_best: false,
            is_clear: difference.is_some_and(|difference| difference.excludes(0.0)),
        }
    };
    let row = |(place, name): (usize, &String)| Row {
        name: name.clone(),
        cells: metrics.iter().map(|metric| cell(metric, place + 1)).collect(),
    };
    let seeds = seeds(metrics.iter().flat_map(|metric| metric.cells.iter().map(|cell| &cell.difference)));
    let interval = match seeds {
        Seeds::None => return None,
        Seeds::Single => "one seed, so without interval".to_owned(),
        Seeds::Several(_) => format!(
            "{} ± half of its 95 % interval (Student's t); an asterisk marks an interval that leaves out zero",
            seeds.said()
        ),
    };
    Some(Table {
        caption: format!(
            "{}: difference to {first}, scheduler minus {first}, paired by seed; {interval}.",
            scenario.scenario
        ),
        label: format!("tab:{slug}-differences"),
        corner: "scheduler",
        columns: metrics.iter().map(|metric| column(metric)).collect(),
        rows: others.iter().enumerate().map(row).collect(),
    })
}

/// One metric over all scenarios: scenarios x schedulers, or the other way where that is narrower. The best of each
/// scenario is marked.
pub(super) fn overview(comparison: &Comparison) -> Option<Table> {
    let lead = comparison.lead_metric()?;
    let with: Vec<(&ScenarioComparison, &MetricComparison)> =
        comparison.scenarios.iter().filter_map(|scenario| Some((scenario, scenario.metric(lead)?))).collect();
    let (_, metric) = with.first()?;
    let is_there = |name: &&String| with.iter().any(|(scenario, _)| scenario.schedulers.contains(name));
    let schedulers: Vec<&String> = comparison.schedulers.iter().filter(is_there).collect();
    let cell = |(scenario, metric): &(&ScenarioComparison, &MetricComparison), scheduler: &String| {
        let place = scenario.schedulers.iter().position(|name| name == scheduler);
        place.map(|place| mean_cell(metric, place)).unwrap_or_default()
    };
    let seeds = seeds(with.iter().flat_map(|(_, metric)| metric.cells.iter().map(|cell| &cell.estimate)));
    let direction = match metric.better {
        Better::Higher => ", higher is better",
        Better::Lower => ", lower is better",
        Better::Neither => "",
    };
    let unit = if metric.unit == "1" { String::new() } else { format!(" in {}", metric.unit) };
    let title = metric_title(lead);
    let caption = format!(
        "{title}{unit}{direction}: {}. The best mean of each scenario is in bold.",
        means_over(&seeds)
    );
    let head =
        |title: &String| Column { title: title.clone(), unit: metric.unit.clone(), better: metric.better };
    let (corner, columns, rows) = if with.len() < schedulers.len() {
        let row = |name: &&String| Row {
            name: (*name).clone(),
            cells: with.iter().map(|pair| cell(pair, name)).collect(),
        };
        let columns = with.iter().map(|(scenario, _)| head(&scenario.scenario)).collect();
        ("scheduler", columns, schedulers.iter().map(row).collect())
    } else {
        let row = |pair: &(&ScenarioComparison, &MetricComparison)| Row {
            name: pair.0.scenario.clone(),
            cells: schedulers.iter().map(|name| cell(pair, name)).collect(),
        };
        ("scenario", schedulers.iter().map(|name| head(name)).collect(), with.iter().map(row).collect())
    };
    Some(Table { caption, label: "tab:overview".to_owned(), corner, columns, rows })
}

/// One metric of a sweep: schedulers x values.
pub(super) fn swept(table: &SweepTable<'_>, sweep: &Sweep, slug: &str) -> Table {
    let metric = table.metric;
    let cell = |row: usize, value: usize| TableCell {
        said: table.rows[row].1[value].map(|estimate| Said::of(&estimate)),
        is_best: table.is_best(row, value),
        is_clear: false,
    };
    let seeds = seeds(table.rows.iter().flat_map(|(_, cells)| cells));
    let order = table.order_said().map(|order| format!(" {order}.")).unwrap_or_default();
    let caption =
        format!("{}: {}, {}.{order}", sweep.title(), metric_title(&metric.name), means_over(&seeds));
    let column =
        |value: &String| Column { title: value.clone(), unit: metric.unit.clone(), better: metric.better };
    let row = |(place, (name, cells)): (usize, &(String, Vec<_>))| Row {
        name: name.clone(),
        cells: (0..cells.len()).map(|value| cell(place, value)).collect(),
    };
    Table {
        caption,
        label: format!("tab:{slug}-{}", metric.name),
        corner: "scheduler",
        columns: table.values.iter().map(column).collect(),
        rows: table.rows.iter().enumerate().map(row).collect(),
    }
}

fn mean_cell(metric: &MetricComparison, place: usize) -> TableCell {
    let cell = &metric.cells[place];
    TableCell {
        said: cell.estimate.map(|estimate| Said::of(&estimate)),
        is_best: cell.is_best,
        is_clear: false,
    }
}

fn column(metric: &MetricComparison) -> Column {
    Column { title: metric_title(&metric.name), unit: metric.unit.clone(), better: metric.better }
}

/// Over how many seeds the numbers of a table go.
enum Seeds {
    None,
    Single,
    Several(String),
}

impl Seeds {
    /// "mean over 3 seeds".
    fn said(&self) -> String {
        match self {
            Seeds::None => "no run has ended".to_owned(),
            Seeds::Single => "one seed".to_owned(),
            Seeds::Several(seeds) => format!("mean over {seeds}"),
        }
    }
}

fn seeds<'a>(estimates: impl Iterator<Item = &'a Option<Estimate>>) -> Seeds {
    let counts: Vec<usize> = estimates.flatten().map(|estimate| estimate.count).collect();
    match (counts.iter().min(), counts.iter().max()) {
        (Some(1), Some(1)) => Seeds::Single,
        (Some(least), Some(most)) if least == most => Seeds::Several(counted(*most, "seed")),
        (Some(least), Some(most)) => Seeds::Several(format!("{least} to {most} seeds")),
        _ => Seeds::None,
    }
}

fn means_over(seeds: &Seeds) -> String {
    match seeds {
        Seeds::Several(_) => format!("{} ± half of its 95 % interval (Student's t)", seeds.said()),
        Seeds::Single => "one seed, so without intervals".to_owned(),
        Seeds::None => seeds.said(),
    }
}
