//! Everything that was measured, as multiples of what the first scheduler reached.

use super::axis::Axis;
use super::canvas::{self, Legend, TEXT, WIDTH, ink_text, problem};
use super::dot_panel::{self, AXIS_BELOW, DotPanel, HEADER, Mark};
use super::drawing::Drawing;
use super::{Scene, colour_of};
use crate::compare::MetricComparison;
use crate::error::ReportError;
use crate::words::{direction, metric_title};
use plotters::prelude::Text;
use plotters::style::text_anchor::HPos;

pub(super) const TITLE: &str = "Every metric against the first scheduler";
pub(super) const CAPTION: &str = "How many times the first scheduler's mean each mean is (dot), with the 95 % interval of the \
    paired ratio (bar); the first scheduler itself is the line at 1. Equal distances are equal factors. A bar that \
    reaches the border goes on beyond it, and a dot at the left border may be zero.";

/// The height of one scheduler's share of a row, and the gap between rows, in pixels.
const STEP: u32 = 10;
const GAP: u32 = 10;
const RADIUS: i32 = 4;
/// Intervals are shown up to this many times the spread of the means to either side.
const REACH: f64 = 1.0;

pub(super) fn draw(scene: &Scene<'_>) -> Result<Drawing, ReportError> {
    let scenario = scene.scenario;
    let Some((first, others)) = scenario.schedulers.split_first() else {
        return Drawing::nothing("there is no scheduler");
    };
    if others.is_empty() {
        return Drawing::nothing(&format!("there is no scheduler but {first}"));
    }
    let (shown, left_out): (Vec<&MetricComparison>, Vec<&MetricComparison>) =
        sorted(scene).into_iter().partition(|metric| tells_something(metric));
    if shown.is_empty() {
        return Drawing::nothing(&format!("no metric can be set in relation to {first}"));
    }
    let group = others.len() as f64 + f64::from(GAP) / f64::from(STEP);
    let mut marks = Vec::new();
    for (row, metric) in shown.iter().enumerate() {
        for (place, scheduler) in others.iter().enumerate() {
            let Some(estimate) = metric.cells[place + 1].ratio else { continue };
            marks.push(Mark {
                row: row as f64 * group + place as f64 + 0.5 * (1.0 + f64::from(GAP) / f64::from(STEP)),
                quantity: metric.name.clone(),
                unit: format!("times {first}"),
                scheduler: scheduler.clone(),
                colour: colour_of(scene.comparison, scheduler),
                estimate,
                seeds: Vec::new(),
                radius: RADIUS,
            });
        }
    }
    let panel = DotPanel {
        titles: [format!("times {first}"), format!("paired by seed, {}", crate::leaderboard::extent(scenario))],
        axis: axis(&marks),
        row_count: group * shown.len() as f64,
        reference: Some((1.0, colour_of(scene.comparison, first))),
        rules: (1..shown.len()).map(|row| row as f64 * group).collect(),
        marks,
    };
    let svg = paint(scene, &panel, &shown, &left_out)?;
    Ok(Drawing::new(svg, dot_panel::data([&panel].into_iter(), "metric")))
}

/// The metrics that are looked at first, then those that judge, then the others.
fn sorted<'a>(scene: &Scene<'a>) -> Vec<&'a MetricComparison> {
    let shown = scene.comparison.shown(scene.scenario);
    let place = |metric: &MetricComparison| shown.iter().position(|other| other.name == metric.name);
    let mut all: Vec<&MetricComparison> = scene.scenario.metrics.iter().collect();
    all.sort_by_key(|metric| (place(metric).unwrap_or(shown.len()), metric.better == results::Better::Neither));
    all
}

/// Whether anyone is anywhere but at one.
fn tells_something(metric: &MetricComparison) -> bool {
    let ratios = || metric.cells.iter().filter_map(|cell| cell.ratio);
    ratios().any(|ratio| ratio.mean != 1.0 || ratio.half_width.is_some_and(|half| half > 0.0))
}

/// An axis of equal factors around all means and one, that intervals widen by a limited amount.
fn axis(marks: &[Mark]) -> Axis {
    let means = || marks.iter().map(|mark| mark.estimate.mean).filter(|mean| *mean > 0.0).chain([1.0]);
    let low = means().fold(f64::INFINITY, f64::min);
    let high = means().fold(f64::NEG_INFINITY, f64::max);
    let (low, high) = (libm::log(low), libm::log(high));
    let reach = (REACH * (high - low)).max(0.01);
    let (mut least, mut most) = (low, high);
    for estimate in marks.iter().map(|mark| mark.estimate) {
        let half = estimate.half_width.unwrap_or(0.0);
        let end = |value: f64| if value > 0.0 { libm::log(value) } else { f64::NEG_INFINITY };
        least = least.min(end(estimate.mean - half)).max(low - reach);
        most = most.max(end(estimate.mean + half)).min(high + reach);
    }
    let air = 0.05 * (most - least).max(0.01);
    Axis::logarithmic(libm::exp(least - air), libm::exp(most + air), 9)
}

/// The legend, the names of the metrics, the panel, and below it what is not in it.
fn paint(
    scene: &Scene<'_>,
    panel: &DotPanel,
    shown: &[&MetricComparison],
    left_out: &[&MetricComparison],
) -> Result<String, ReportError> {
    let label = |metric: &MetricComparison| match direction(metric.better) {
        "" => metric_title(&metric.name),
        direction => format!("{} ({direction})", metric_title(&metric.name)),
    };
    let mut labels = 0;
    for metric in shown {
        labels = labels.max(canvas::text_width(&label(metric), TEXT - 1)? as u32 + 16);
    }
    let labels = labels.min(WIDTH / 2);
    let schedulers = &scene.scenario.schedulers;
    let names = schedulers.iter().map(|name| (name.clone(), colour_of(scene.comparison, name))).collect();
    let legend = Legend::new(names, labels as i32)?;
    let rows = (panel.row_count * f64::from(STEP)).round() as u32;
    let height = HEADER + rows + AXIS_BELOW;
    let names = left_out.iter().map(|metric| metric_title(&metric.name)).collect::<Vec<_>>().join(", ");
    let words = format!("Not shown, since all are equal or the first is zero: {names}.");
    let notes = if left_out.is_empty() { Vec::new() } else { canvas::wrapped(&words, TEXT - 2, WIDTH - 20)? };
    canvas::draw(legend.height() + height + 18 * notes.len() as u32, |root| {
        legend.draw(root)?;
        panel.draw(&root.clone().shrink((labels, legend.height()), (WIDTH - labels, height)))?;
        let step = f64::from(rows) / shown.len() as f64;
        for (row, metric) in shown.iter().enumerate() {
            let middle = f64::from(legend.height() + HEADER) + (row as f64 + 0.5) * step;
            let place = (labels as i32 - 10, middle as i32);
            root.draw(&Text::new(label(metric), place, ink_text(TEXT - 1, HPos::Right))).map_err(problem)?;
        }
        for (line, words) in notes.iter().enumerate() {
            let place = (10, (legend.height() + height) as i32 + 9 + 18 * line as i32);
            root.draw(&Text::new(words.clone(), place, ink_text(TEXT - 2, HPos::Left))).map_err(problem)?;
        }
        Ok(())
    })
}
