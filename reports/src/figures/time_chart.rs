//! Lines over time: panels one above another, one time axis, one legend for all.

use super::canvas::{self, Area, Legend, TEXT, WIDTH, ink_text, problem};
use super::thin::thin;
use super::{FirstRun, Scene};
use crate::error::ReportError;
use crate::words;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;
use results::SeriesPoint;

const PANEL_HEIGHT: u32 = 190;
const TITLE_HEIGHT: i32 = 24;
const LABELS_LEFT: u32 = 70;
const MARGIN_RIGHT: u32 = 30;
const AXIS_BELOW: u32 = 46;
/// A line keeps at most two points per so many columns of pixels; two pixels each is what can be told apart.
const COLUMNS: usize = 430;

/// One panel: what it shows of a moment.
pub(super) struct Panel {
    /// What stands above it, with the unit.
    pub(super) title: String,
    /// The value of a moment.
    pub(super) value: fn(&SeriesPoint) -> f64,
    /// Values are divided by this before they are drawn.
    pub(super) unit: f64,
    /// Where the axis ends; the largest value if it is absent.
    pub(super) top: Option<f64>,
}

/// Draws the first seed's runs: one line per scheduler in each panel.
pub(super) fn draw(scene: &Scene<'_>, panels: &[Panel]) -> Result<String, ReportError> {
    let runs = scene.first_runs();
    if runs.is_empty() {
        return canvas::nothing("no run of the first seed has ended with samples of its series");
    }
    let names = runs.iter().map(|first| (first.run.record.scheduler.clone(), first.colour)).collect();
    let legend = Legend::new(names, LABELS_LEFT as i32)?;
    let height = legend.height() + PANEL_HEIGHT * panels.len() as u32 + AXIS_BELOW;
    canvas::draw(height, |root| {
        legend.draw(root)?;
        let (_, below) = root.split_vertically(legend.height());
        let last = panels.len() - 1;
        for (place, panel) in panels.iter().enumerate() {
            let (top, extra) = (PANEL_HEIGHT * place as u32, if place == last { AXIS_BELOW } else { 0 });
            let area = below.clone().shrink((0, top), (WIDTH, PANEL_HEIGHT + extra));
            draw_panel(&area, panel, &runs, place == last)?;
        }
        Ok(())
    })
}

fn draw_panel(
    area: &Area<'_>,
    panel: &Panel,
    runs: &[FirstRun<'_>],
    has_axis: bool,
) -> Result<(), ReportError> {
    let moments = || runs.iter().flat_map(|first| &first.run.series);
    let end_seconds = moments().map(|point| point.time_seconds).fold(0.0, f64::max);
    let start_seconds = moments().map(|point| point.time_seconds).fold(0.0, f64::min);
    let clock = Clock::of(end_seconds - start_seconds);
    let largest = moments().map(|point| (panel.value)(point) / panel.unit).fold(0.0, f64::max);
    let top = match panel.top {
        Some(top) => top.max(largest),
        None if largest > 0.0 => largest * 1.06,
        None => 1.0,
    };
    let end = if end_seconds > start_seconds { end_seconds } else { start_seconds + clock.seconds };

    area.draw(&Text::new(
        panel.title.clone(),
        (LABELS_LEFT as i32, TITLE_HEIGHT / 2),
        ink_text(TEXT, HPos::Left),
    ))
    .map_err(problem)?;
    let mut chart = ChartBuilder::on(area)
        .margin_top(TITLE_HEIGHT)
        .margin_bottom(12)
        .margin_right(MARGIN_RIGHT)
        .set_label_area_size(LabelAreaPosition::Left, LABELS_LEFT)
        .set_label_area_size(LabelAreaPosition::Bottom, if has_axis { AXIS_BELOW } else { 0 })
        .build_cartesian_2d(start_seconds / clock.seconds..end / clock.seconds, 0.0..top)
        .map_err(problem)?;
    let label = |value: &f64| words::significant(*value);
    let mut mesh = chart.configure_mesh();
    mesh.x_labels(10)
        .y_labels(6)
        .x_label_formatter(&label)
        .y_label_formatter(&label)
        .label_style(("sans-serif", TEXT - 1).into_font().color(&canvas::ink()))
        .axis_style(canvas::ink().mix(0.6))
        .bold_line_style(canvas::faint_ink())
        .light_line_style(TRANSPARENT);
    if has_axis {
        mesh.x_desc(format!("time ({})", clock.unit))
            .axis_desc_style(("sans-serif", TEXT).into_font().color(&canvas::ink()));
    }
    mesh.draw().map_err(problem)?;
    for first in runs {
        let points: Vec<(f64, f64)> = first
            .run
            .series
            .iter()
            .map(|point| (point.time_seconds / clock.seconds, (panel.value)(point) / panel.unit))
            .collect();
        if let [point] = points.as_slice() {
            // A line needs two ends: a single moment is a dot.
            chart.draw_series([Circle::new(*point, 4, first.colour.filled())]).map_err(problem)?;
        } else {
            let line = LineSeries::new(thin(&points, COLUMNS), first.colour.stroke_width(2));
            chart.draw_series(line).map_err(problem)?;
        }
    }
    Ok(())
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
