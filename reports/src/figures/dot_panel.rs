//! A panel of means with their intervals, each on a row of its own: an axis below, a dot and a bar on every row.

use super::axis::Axis;
use super::canvas::{self, Area, TEXT, ink_text, problem};
use super::drawing::{Data, number, number_if};
use crate::error::ReportError;
use crate::statistics::Estimate;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

/// Room for the words above the rows.
pub(super) const HEADER: u32 = 46;
/// Room for the numbers below them.
pub(super) const AXIS_BELOW: u32 = 34;
const GAP: u32 = 28;

/// A panel.
pub(super) struct DotPanel {
    /// What stands above it, in two lines.
    pub(super) titles: [String; 2],
    /// From left to right.
    pub(super) axis: Axis,
    /// How many rows it has; marks lie between 0 and this, counted from above.
    pub(super) row_count: f64,
    /// A line from above to below, and its colour.
    pub(super) reference: Option<(f64, RGBColor)>,
    /// Faint lines from left to right, between rows.
    pub(super) rules: Vec<f64>,
    /// What is drawn.
    pub(super) marks: Vec<Mark>,
}

/// A mean with its interval and the values it was made of.
pub(super) struct Mark {
    /// The middle of its row, counted in rows from above.
    pub(super) row: f64,
    /// What the mean is of.
    pub(super) quantity: String,
    /// Its unit.
    pub(super) unit: String,
    /// Whose it is.
    pub(super) scheduler: String,
    /// Its colour.
    pub(super) colour: RGBColor,
    /// The mean.
    pub(super) estimate: Estimate,
    /// The value of each seed; they are drawn where there is more than one.
    pub(super) seeds: Vec<(u64, f64)>,
    /// The dot's radius in pixels; the bar is a little more than that high.
    pub(super) radius: i32,
}

impl DotPanel {
    /// Draws it over the whole area.
    pub(super) fn draw(&self, area: &Area<'_>) -> Result<(), ReportError> {
        for (line, (text, size)) in self.titles.iter().zip([TEXT, TEXT - 2]).enumerate() {
            let place = (0, 10 + 18 * line as i32);
            area.draw(&Text::new(text.clone(), place, ink_text(size, HPos::Left))).map_err(problem)?;
        }
        let mut chart = ChartBuilder::on(area)
            .margin_top(HEADER)
            .margin_right(GAP)
            .set_label_area_size(LabelAreaPosition::Bottom, AXIS_BELOW)
            .build_cartesian_2d(self.axis.clone(), 0.0..self.row_count)
            .map_err(problem)?;
        canvas::draw_axis_of_rows(&mut chart, &self.axis, "")?;
        let (left, right) = self.axis.ends();
        let height = |row: f64| self.row_count - row;
        let place = |value: f64| self.axis.place(value).clamp(left, right);
        let rules = self.rules.iter().map(|row| {
            PathElement::new(
                vec![(left, height(*row)), (right, height(*row))],
                canvas::faint_ink().stroke_width(1),
            )
        });
        chart.draw_series(rules).map_err(problem)?;
        if let Some((value, colour)) = self.reference {
            let ends = vec![(place(value), 0.0), (place(value), self.row_count)];
            chart.draw_series([PathElement::new(ends, colour.stroke_width(2))]).map_err(problem)?;
        }
        for mark in &self.marks {
            let (y, mean) = (height(mark.row), mark.estimate.mean);
            if let Some(half) = mark.estimate.half_width {
                let ends = vec![(place(mean - half), y), (place(mean + half), y)];
                let bar = PathElement::new(ends, mark.colour.mix(0.5).stroke_width(mark.radius as u32 + 1));
                chart.draw_series([bar]).map_err(problem)?;
            }
            if mark.seeds.len() > 1 {
                let dot =
                    |value: f64| Circle::new((place(value), y - 0.33), 2, canvas::ink().mix(0.6).filled());
                chart.draw_series(mark.seeds.iter().map(|(_, value)| dot(*value))).map_err(problem)?;
            }
            chart
                .draw_series([Circle::new((place(mean), y), mark.radius, mark.colour.filled())])
                .map_err(problem)?;
        }
        Ok(())
    }
}

/// What panels show, as a table: a row per mean, and one per small dot below it.
pub(super) fn data<'a>(panels: impl Iterator<Item = &'a DotPanel>, quantity: &str) -> Data {
    let mut data = Data::under([quantity, "unit", "scheduler", "mark", "seed", "value", "low", "high"]);
    for mark in panels.flat_map(|panel| &panel.marks) {
        let mut push = |what: &str, seed: String, value: f64, half_width: Option<f64>| {
            data.rows.push(vec![
                mark.quantity.clone(),
                mark.unit.clone(),
                mark.scheduler.clone(),
                what.to_owned(),
                seed,
                number(value),
                number_if(half_width.map(|half| value - half)),
                number_if(half_width.map(|half| value + half)),
            ]);
        };
        push("mean", String::new(), mark.estimate.mean, mark.estimate.half_width);
        for (seed, value) in mark.seeds.iter().filter(|_| mark.seeds.len() > 1) {
            push("seed", seed.to_string(), *value, None);
        }
    }
    data.without_empty(&["seed", "low", "high"]).with_unit_in_header(&["value", "low", "high"])
}

/// An axis from the lowest to the highest thing to be drawn, with some air.
pub(super) fn axis_around(marks: &[Mark]) -> Axis {
    let mut all: Vec<f64> =
        marks.iter().flat_map(|mark| mark.seeds.iter().map(|(_, value)| *value)).collect();
    for estimate in marks.iter().map(|mark| mark.estimate) {
        let half = estimate.half_width.unwrap_or(0.0);
        all.extend([estimate.mean - half, estimate.mean + half]);
    }
    let low = all.iter().copied().fold(f64::INFINITY, f64::min);
    let high = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match high - low {
        _ if all.is_empty() => Axis::linear(0.0, 1.0, 4),
        width if width > 1e-9 * high.abs() => Axis::linear(low - 0.08 * width, high + 0.08 * width, 4),
        _ => Axis::linear(low, high, 4),
    }
}
