//! Panels of means in rows of three, the schedulers' names once at the left of each row.

use super::canvas::{self, Area, TEXT, WIDTH, ink_text, problem};
use super::dot_panel::{self, AXIS_BELOW, DotPanel, HEADER, Mark, axis_around};
use super::drawing::Drawing;
use crate::compare::{Comparison, MetricComparison};
use crate::error::ReportError;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

const ROW: u32 = 28;
const COLUMNS: usize = 3;
/// Of the dot of a mean, in pixels.
const RADIUS: i32 = 5;

/// One panel: a metric of one scenario.
pub(super) struct Panel<'a> {
    /// What stands above it, in two lines.
    pub(super) titles: [String; 2],
    /// What its rows are called in the data.
    pub(super) quantity: String,
    /// The metric.
    pub(super) metric: &'a MetricComparison,
    /// The schedulers of the scenario, as the cells of the metric stand.
    pub(super) schedulers: &'a [String],
}

/// Draws them: a row for each of these schedulers, in every panel the same. What differs from panel to panel is
/// the column `quantity` of the data.
pub(super) fn draw(
    comparison: &Comparison,
    schedulers: &[String],
    panels: &[Panel<'_>],
    quantity: &str,
) -> Result<Drawing, ReportError> {
    let mut labels = 0;
    for name in schedulers {
        labels = labels.max(canvas::text_width(name, TEXT)? as u32 + 16);
    }
    let labels = labels.min(WIDTH / 3);
    let columns = panels.len().min(COLUMNS);
    let width = (WIDTH - labels) / columns as u32;
    let height = HEADER + ROW * schedulers.len() as u32 + AXIS_BELOW;
    let row_count = panels.len().div_ceil(columns) as u32;
    let dots: Vec<DotPanel> = panels.iter().map(|panel| dots(comparison, schedulers, panel)).collect();
    let svg = canvas::draw(row_count * height, |root| {
        for (place, panel) in dots.iter().enumerate() {
            let (row, column) = ((place / columns) as u32, (place % columns) as u32);
            let corner = (labels + column * width, row * height);
            panel.draw(&root.clone().shrink(corner, (width, height)))?;
            if column == 0 {
                draw_names(&root.clone().shrink((0, corner.1), (labels, height)), schedulers)?;
            }
        }
        Ok(())
    })?;
    Ok(Drawing::new(svg, dot_panel::data(dots.iter(), quantity)))
}

fn dots(comparison: &Comparison, schedulers: &[String], panel: &Panel<'_>) -> DotPanel {
    let row_of = |scheduler: &String| schedulers.iter().position(|name| name == scheduler);
    let cells = panel.metric.cells.iter().zip(panel.schedulers);
    let mark = |(cell, scheduler): (&crate::compare::Cell, &String)| {
        Some(Mark {
            row: row_of(scheduler)? as f64 + 0.5,
            quantity: panel.quantity.clone(),
            unit: panel.metric.unit.clone(),
            scheduler: scheduler.clone(),
            colour: super::colour_of(comparison, scheduler),
            estimate: cell.estimate?,
            seeds: cell.values.iter().map(|(seed, value)| (*seed, *value)).collect(),
            radius: RADIUS,
        })
    };
    let marks: Vec<Mark> = cells.filter_map(mark).collect();
    DotPanel {
        titles: panel.titles.clone(),
        axis: axis_around(&marks),
        row_count: schedulers.len() as f64,
        reference: None,
        rules: Vec::new(),
        marks,
    }
}

fn draw_names(area: &Area<'_>, schedulers: &[String]) -> Result<(), ReportError> {
    let (width, _) = area.dim_in_pixel();
    for (row, name) in schedulers.iter().enumerate() {
        let place = (width as i32 - 10, (HEADER + ROW * row as u32 + ROW / 2) as i32);
        area.draw(&Text::new(name.clone(), place, ink_text(TEXT, HPos::Right))).map_err(problem)?;
    }
    Ok(())
}
