//! Lines over time: panels one above another, one time axis, one legend for all.

use super::Scene;
use super::axis::Axis;
use super::drawing::Drawing;
use super::line_panel::{Line, LinePanel, LineSheet, Point};
use super::thin::thin;
use crate::error::ReportError;
use results::SeriesPoint;

const PANEL_HEIGHT: u32 = 190;
/// A line keeps at most two points per so many columns of pixels; two pixels each is what can be told apart.
const COLUMNS: usize = 430;

/// One panel: what it shows of a moment.
pub(super) struct Panel {
    /// What stands above it.
    pub(super) title: String,
    /// The unit behind it.
    pub(super) unit: &'static str,
    /// The value of a moment.
    pub(super) value: fn(&SeriesPoint) -> f64,
    /// Values are divided by this before they are drawn.
    pub(super) scale: f64,
    /// Where the axis begins, unless a value lies below.
    pub(super) bottom: f64,
    /// Where the axis ends; the largest value if it is absent.
    pub(super) top: Option<f64>,
}

/// Draws the first seed's runs: one line per scheduler in each panel.
pub(super) fn draw(scene: &Scene<'_>, panels: &[Panel]) -> Result<Drawing, ReportError> {
    let runs = scene.first_runs();
    if runs.is_empty() {
        return Drawing::nothing("no run of the first seed has ended with samples of its series");
    }
    let moments = || runs.iter().flat_map(|first| &first.run.series);
    let end = moments().map(|point| point.time_seconds).fold(0.0, f64::max);
    let start = moments().map(|point| point.time_seconds).fold(0.0, f64::min);
    let clock = Clock::of(end - start);
    let end = if end > start { end } else { start + clock.seconds };
    let time = format!("time ({})", clock.unit);
    let panel = |(place, panel): (usize, &Panel)| {
        let values = || moments().map(|point| (panel.value)(point) / panel.scale);
        let largest = values().fold(panel.bottom, f64::max);
        let bottom = values().fold(panel.bottom, f64::min);
        let top = match panel.top {
            Some(top) => top.max(largest),
            None if largest > bottom => bottom + (largest - bottom) * 1.06,
            None => bottom + 1.0,
        };
        let line = |first: &super::FirstRun<'_>| {
            let values = first.run.series.iter();
            let values =
                values.map(|point| (point.time_seconds / clock.seconds, (panel.value)(point) / panel.scale));
            let points = thin(&values.collect::<Vec<_>>(), COLUMNS);
            Line {
                name: first.run.record.scheduler.clone(),
                colour: first.colour,
                points: points.into_iter().map(|(x, y)| Point { x, y, half_width: None }).collect(),
                has_dots: false,
            }
        };
        let title = match panel.unit {
            "1" => panel.title.clone(),
            unit => format!("{} ({unit})", panel.title),
        };
        LinePanel {
            title,
            quantity: panel.title.clone(),
            unit: panel.unit.to_owned(),
            x: Axis::linear(start / clock.seconds, end / clock.seconds, 10),
            y: Axis::linear(bottom, top, 5),
            x_title: (place + 1 == panels.len()).then(|| time.clone()),
            lines: runs.iter().map(line).collect(),
        }
    };
    let panels = panels.iter().enumerate().map(panel).collect();
    LineSheet { panels, columns: 1, panel_height: PANEL_HEIGHT, x_name: time }.drawing()
}

/// The unit in which a span of time is read most easily.
struct Clock {
    unit: &'static str,
    seconds: f64,
}

impl Clock {
    fn of(span_seconds: f64) -> Clock {
        let (unit, seconds) = match span_seconds {
            span if span <= 300.0 => ("s", 1.0),
            span if span <= 3.0 * 3600.0 => ("min", 60.0),
            span if span <= 96.0 * 3600.0 => ("h", 3600.0),
            _ => ("days", 86_400.0),
        };
        Clock { unit, seconds }
    }
}
