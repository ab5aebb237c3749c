//! A bar for each scheduler, made of parts that add up.

use super::axis::Axis;
use super::canvas::{self, Legend, TEXT, WIDTH, ink_text, problem};
use super::drawing::{Data, Drawing, number};
use crate::error::ReportError;
use crate::words::significant;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

const ROW: u32 = 30;
const BAR: f64 = 0.62;
const AXIS_BELOW: u32 = 44;
/// Room at the right for what the parts make together.
const TOTALS: u32 = 110;

/// What one scheduler's bar is made of, as many as there are parts.
pub(super) struct Bar {
    pub(super) scheduler: String,
    pub(super) values: Vec<f64>,
}

/// Bars beside each other.
pub(super) struct StackPanel {
    /// What is measured, with its unit.
    pub(super) axis_title: String,
    /// Its unit.
    pub(super) unit: &'static str,
    /// The parts, from left to right, each with its colour.
    pub(super) parts: Vec<(String, RGBColor)>,
    /// From above to below.
    pub(super) bars: Vec<Bar>,
}

impl StackPanel {
    /// Draws it; parts that nobody has are left out.
    pub(super) fn draw(mut self) -> Result<Drawing, ReportError> {
        for part in (0..self.parts.len()).rev() {
            if self.bars.iter().all(|bar| bar.values[part] == 0.0) {
                self.parts.remove(part);
                for bar in &mut self.bars {
                    bar.values.remove(part);
                }
            }
        }
        if self.parts.is_empty() {
            return Drawing::nothing("it is nothing, for every scheduler");
        }
        let legend = Legend::new(self.parts.clone(), 0)?;
        let mut labels = 0;
        for bar in &self.bars {
            labels = labels.max(canvas::text_width(&bar.scheduler, TEXT)? as u32 + 16);
        }
        let labels = labels.min(WIDTH / 3);
        let height = ROW * self.bars.len() as u32 + AXIS_BELOW;
        let svg = canvas::draw(legend.height() + height, |root| {
            legend.draw(root)?;
            let area = root.clone().shrink((labels, legend.height()), (WIDTH - labels - TOTALS, height));
            let names = root.clone().shrink((0, legend.height()), (labels, height));
            let totals = root.clone().shrink((WIDTH - TOTALS, legend.height()), (TOTALS, height));
            for (row, bar) in self.bars.iter().enumerate() {
                let y = (ROW * row as u32 + ROW / 2) as i32;
                let name =
                    Text::new(bar.scheduler.clone(), (labels as i32 - 10, y), ink_text(TEXT, HPos::Right));
                names.draw(&name).map_err(problem)?;
                let total = format!("{} {}", significant(bar.values.iter().sum()), self.unit);
                totals.draw(&Text::new(total, (8, y), ink_text(TEXT, HPos::Left))).map_err(problem)?;
            }
            self.draw_bars(&area)
        })?;
        Ok(Drawing::new(svg, self.data()))
    }

    fn draw_bars(&self, area: &canvas::Area<'_>) -> Result<(), ReportError> {
        let largest = self.bars.iter().map(|bar| bar.values.iter().sum::<f64>()).fold(0.0, f64::max);
        let axis = Axis::linear(0.0, largest, 6);
        let row_count = self.bars.len() as f64;
        let mut chart = ChartBuilder::on(area)
            .set_label_area_size(LabelAreaPosition::Bottom, AXIS_BELOW)
            .build_cartesian_2d(axis.clone(), 0.0..row_count)
            .map_err(problem)?;
        canvas::draw_axis_of_rows(&mut chart, &axis, &self.axis_title)?;
        for (row, bar) in self.bars.iter().enumerate() {
            let middle = row_count - row as f64 - 0.5;
            let mut left = 0.0;
            for (value, (_, colour)) in bar.values.iter().zip(&self.parts) {
                let right = left + value;
                let ends = [(axis.place(left), middle - BAR / 2.0), (axis.place(right), middle + BAR / 2.0)];
                chart.draw_series([Rectangle::new(ends, colour.filled())]).map_err(problem)?;
                left = right;
            }
        }
        Ok(())
    }

    fn data(&self) -> Data {
        let mut data = Data::under(["scheduler", "part", "unit", "mean"]);
        for bar in &self.bars {
            for (value, (part, _)) in bar.values.iter().zip(&self.parts) {
                data.rows.push(vec![
                    bar.scheduler.clone(),
                    part.clone(),
                    self.unit.to_owned(),
                    number(*value),
                ]);
            }
        }
        data.with_unit_in_header(&["mean"])
    }
}
