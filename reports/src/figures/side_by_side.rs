//! The schedulers beside each other, one small panel per metric.

use super::Scene;
use super::canvas::{self, Area, TEXT, WIDTH, ink_text, problem};
use crate::compare::{Cell, MetricComparison};
use crate::error::ReportError;
use crate::words::{metric_title, significant, unit_and_direction};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

pub(super) const TITLE: &str = "Schedulers side by side";
pub(super) const CAPTION: &str = "The mean over seeds (dot) with its 95 % interval (bar), and below it the single seeds \
    (small dots). Axes do not start at zero.";

const ROW: u32 = 28;
const HEADER: u32 = 46;
const AXIS_BELOW: u32 = 34;
const GAP: u32 = 28;
const COLUMNS: usize = 3;

pub(super) fn draw(scene: &Scene<'_>) -> Result<String, ReportError> {
    let metrics = scene.scenario.default_metrics();
    if metrics.is_empty() {
        return canvas::nothing("no run has ended");
    }
    let schedulers = &scene.scenario.schedulers;
    let mut labels = 0;
    for name in schedulers {
        labels = labels.max(canvas::text_width(name, TEXT)? as u32 + 16);
    }
    let labels = labels.min(WIDTH / 3);
    let columns = metrics.len().min(COLUMNS);
    let panel_width = (WIDTH - labels) / columns as u32;
    let panel_height = HEADER + ROW * schedulers.len() as u32 + AXIS_BELOW;
    let rows = metrics.len().div_ceil(columns) as u32;
    canvas::draw(rows * panel_height, |root| {
        for (place, metric) in metrics.iter().enumerate() {
            let (row, column) = ((place / columns) as u32, (place % columns) as u32);
            let corner = (labels + column * panel_width, row * panel_height);
            draw_panel(&root.clone().shrink(corner, (panel_width, panel_height)), metric, scene)?;
            if column == 0 {
                draw_names(&root.clone().shrink((0, corner.1), (labels, panel_height)), schedulers)?;
            }
        }
        Ok(())
    })
}

fn draw_names(area: &Area<'_>, schedulers: &[String]) -> Result<(), ReportError> {
    let (width, _) = area.dim_in_pixel();
    for (row, name) in schedulers.iter().enumerate() {
        let place = (width as i32 - 10, (HEADER + ROW * row as u32 + ROW / 2) as i32);
        area.draw(&Text::new(name.clone(), place, ink_text(TEXT, HPos::Right))).map_err(problem)?;
    }
    Ok(())
}

fn draw_panel(area: &Area<'_>, metric: &MetricComparison, scene: &Scene<'_>) -> Result<(), ReportError> {
    let lines = [metric_title(&metric.name), unit_and_direction(&metric.unit, metric.better)];
    for (line, (text, size)) in lines.into_iter().zip([TEXT, TEXT - 2]).enumerate() {
        area.draw(&Text::new(text, (0, 10 + 18 * line as i32), ink_text(size, HPos::Left)))
            .map_err(problem)?;
    }
    let (low, high) = range(&metric.cells);
    let rows = metric.cells.len() as f64;
    let mut chart = ChartBuilder::on(area)
        .margin_top(HEADER)
        .margin_right(GAP)
        .set_label_area_size(LabelAreaPosition::Bottom, AXIS_BELOW)
        .build_cartesian_2d(low..high, 0.0..rows)
        .map_err(problem)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(0)
        .x_labels(4)
        .x_label_formatter(&|value| significant(*value))
        .label_style(("sans-serif", TEXT - 2).into_font().color(&canvas::ink()))
        .axis_style(canvas::ink().mix(0.6))
        .bold_line_style(canvas::faint_ink())
        .light_line_style(TRANSPARENT)
        .draw()
        .map_err(problem)?;
    for (row, (cell, scheduler)) in metric.cells.iter().zip(&scene.scenario.schedulers).enumerate() {
        let Some(estimate) = cell.estimate else { continue };
        let (y, colour) = (rows - row as f64 - 0.5, scene.colour_of(scheduler));
        if let Some(half) = estimate.half_width {
            let ends = vec![(estimate.mean - half, y), (estimate.mean + half, y)];
            chart.draw_series([PathElement::new(ends, colour.mix(0.5).stroke_width(6))]).map_err(problem)?;
            let seed = |value: &f64| Circle::new((*value, y - 0.33), 2, canvas::ink().mix(0.6).filled());
            chart.draw_series(cell.values.values().map(seed)).map_err(problem)?;
        }
        chart.draw_series([Circle::new((estimate.mean, y), 5, colour.filled())]).map_err(problem)?;
    }
    Ok(())
}

/// From the lowest to the highest thing to be drawn, with some air.
fn range(cells: &[Cell]) -> (f64, f64) {
    let mut all: Vec<f64> = cells.iter().flat_map(|cell| cell.values.values().copied()).collect();
    for estimate in cells.iter().filter_map(|cell| cell.estimate) {
        let half = estimate.half_width.unwrap_or(0.0);
        all.extend([estimate.mean - half, estimate.mean + half]);
    }
    let low = all.iter().copied().fold(f64::INFINITY, f64::min);
    let high = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let air = match high - low {
        width if width > 1e-9 * high.abs() => 0.08 * width,
        _ if high != 0.0 => 0.1 * high.abs(),
        _ => 1.0,
    };
    (low - air, high + air)
}
