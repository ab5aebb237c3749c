//! What a key that goes through several values does to the metrics.

use super::axis::Axis;
use super::line_panel::{Line, LinePanel, LineSheet, Point};
use super::{ExperimentScene, WideDrawing, colour_of};
use crate::compare::{Comparison, MetricComparison};
use crate::error::ReportError;
use crate::statistics::Estimate;
use crate::sweeps::{Sweep, SweepLine, Swept, sweeps};
use crate::words::metric_heading;
use plotters::style::RGBColor;

pub(super) const TITLE: &str = "Sweep";
pub(super) const CAPTION: &str = "The mean over seeds at each value (dots) with its 95 % interval (bars and bands); between \
    the values lines only guide the eye. A scheduler that the key does not touch is the same everywhere. Axes do not \
    start at zero.";

const PANEL_HEIGHT: u32 = 210;
const COLUMNS: usize = 2;
/// From this factor on between the smallest and the largest value, the axis goes in equal factors.
const WIDE: f64 = 20.0;

pub(super) fn draw(scene: &ExperimentScene<'_>) -> Result<Vec<WideDrawing>, ReportError> {
    let mut drawings = Vec::new();
    for sweep in sweeps(scene.comparison, scene.results) {
        let panels = panels(scene.comparison, &sweep);
        if panels.is_empty() {
            continue;
        }
        let columns = panels.len().min(COLUMNS);
        let x_name = sweep.key.clone();
        drawings.push(WideDrawing {
            about: sweep.about(),
            title: sweep.title(),
            drawing: LineSheet { panels, columns, panel_height: PANEL_HEIGHT, x_name }.drawing()?,
        });
    }
    Ok(drawings)
}

/// A panel for each metric that is shown of the first scenario of the sweep.
fn panels(comparison: &Comparison, sweep: &Sweep) -> Vec<LinePanel> {
    let metrics = sweep.shown(comparison);
    metrics.into_iter().filter_map(|metric| panel(comparison, sweep, metric)).collect()
}

fn panel(comparison: &Comparison, sweep: &Sweep, metric: &MetricComparison) -> Option<LinePanel> {
    let x = x_axis(sweep);
    let line = |line: &SweepLine| Line {
        name: line.scheduler.clone(),
        colour: line_colour(comparison, line),
        points: points(comparison, sweep, line, &metric.name),
        has_dots: line.places.iter().any(|(value, _)| value.is_some()),
    };
    let lines: Vec<Line> = sweep.lines.iter().map(line).filter(|line| !line.points.is_empty()).collect();
    let ends = || {
        lines.iter().flat_map(|line| &line.points).flat_map(|point| {
            let half = point.half_width.unwrap_or(0.0);
            [point.y - half, point.y + half]
        })
    };
    let (low, high) = (ends().fold(f64::INFINITY, f64::min), ends().fold(f64::NEG_INFINITY, f64::max));
    let air = 0.06 * (high - low);
    (!lines.is_empty()).then(|| LinePanel {
        title: metric_heading(&metric.name, &metric.unit, metric.better),
        quantity: metric.name.clone(),
        unit: metric.unit.clone(),
        y: Axis::linear(low - air, high + air, 5),
        x_title: Some(sweep.key.clone()),
        x,
        lines,
    })
}

fn x_axis(sweep: &Sweep) -> Axis {
    let numbers: Vec<f64> = (0..sweep.values.len()).map(|place| x_of(sweep, place)).collect();
    let (low, high) = (numbers[0], numbers[numbers.len() - 1]);
    match sweep.is_numeric() {
        false => Axis::names(&sweep.values.iter().map(Swept::said).collect::<Vec<_>>()),
        true if low > 0.0 && high / low >= WIDE => Axis::logarithmic(low / 1.1, high * 1.1, 7),
        true => Axis::linear(low - 0.04 * (high - low), high + 0.04 * (high - low), 7),
    }
}

/// Where the value at a place stands on the axis.
fn x_of(sweep: &Sweep, place: usize) -> f64 {
    match (&sweep.values[place], sweep.is_numeric()) {
        (Swept::Number(number), true) => *number,
        _ => place as f64,
    }
}

fn points(comparison: &Comparison, sweep: &Sweep, line: &SweepLine, metric: &str) -> Vec<Point> {
    let point = |(place, estimate): (usize, Option<Estimate>)| {
        let estimate = estimate?;
        Some(Point { x: x_of(sweep, place), y: estimate.mean, half_width: estimate.half_width })
    };
    sweep.estimates(comparison, line, metric).into_iter().enumerate().filter_map(point).collect()
}

/// The colour of its first scheduler, which carries the value in its name where the key is one of its own.
fn line_colour(comparison: &Comparison, line: &SweepLine) -> RGBColor {
    let (_, place) = line.places.first().expect("a line has a place");
    colour_of(comparison, &comparison.scenarios[place.scenario].schedulers[place.scheduler])
}
