//! Panels with lines: one of them with its frame and its numbers, bands around the lines where there are some;
//! and a sheet of them under one legend.

use super::axis::Axis;
use super::canvas::{self, Area, Legend, TEXT, WIDTH, ink_text, problem};
use super::drawing::{Data, Drawing, number, number_if};
use crate::error::ReportError;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

/// Room for the numbers left of a panel.
const LABELS_LEFT: u32 = 70;
const TITLE_HEIGHT: i32 = 24;
const MARGIN_RIGHT: u32 = 30;
/// Room for the numbers below a panel, and for the words below them.
const AXIS_BELOW: u32 = 46;

/// A panel.
pub(super) struct LinePanel {
    /// What stands above the panel, with the unit.
    pub(super) title: String,
    /// What is shown, as the data name it.
    pub(super) quantity: String,
    /// Its unit; "1" where it has none.
    pub(super) unit: String,
    /// From left to right.
    pub(super) x: Axis,
    /// From below to above.
    pub(super) y: Axis,
    /// What stands below the panel; where it is absent, neither words nor numbers stand there.
    pub(super) x_title: Option<String>,
    /// What is drawn, the first lowest.
    pub(super) lines: Vec<Line>,
}

/// One line.
pub(super) struct Line {
    /// Whose it is.
    pub(super) name: String,
    /// Its colour.
    pub(super) colour: RGBColor,
    /// Its corners, in rising order of x; a single one is a dot.
    pub(super) points: Vec<Point>,
    /// Whether every corner is a dot as well: where values lie only there.
    pub(super) has_dots: bool,
}

/// A corner of a line.
#[derive(Clone, Copy)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
    /// Half the width of the interval around `y`.
    pub(super) half_width: Option<f64>,
}

/// Panels beside and below each other.
pub(super) struct LineSheet {
    /// The panels, row by row.
    pub(super) panels: Vec<LinePanel>,
    /// How many stand in a row.
    pub(super) columns: usize,
    /// The height of each, without the numbers below it.
    pub(super) panel_height: u32,
    /// What the column of x is called in the data.
    pub(super) x_name: String,
}

impl LineSheet {
    /// Draws it; the data are its corners.
    pub(super) fn drawing(&self) -> Result<Drawing, ReportError> {
        Ok(Drawing::new(self.svg()?, self.data()))
    }

    /// Draws it.
    pub(super) fn svg(&self) -> Result<String, ReportError> {
        let mut names: Vec<(String, RGBColor)> = Vec::new();
        for line in self.panels.iter().flat_map(|panel| &panel.lines) {
            if !names.iter().any(|(name, _)| *name == line.name) {
                names.push((line.name.clone(), line.colour));
            }
        }
        let legend = Legend::new(names, LABELS_LEFT as i32)?;
        let rows: Vec<&[LinePanel]> = self.panels.chunks(self.columns).collect();
        let row_height = |row: &[LinePanel]| {
            let has_axis = row.iter().any(|panel| panel.x_title.is_some());
            self.panel_height + if has_axis { AXIS_BELOW } else { 0 }
        };
        let height = legend.height() + rows.iter().map(|row| row_height(row)).sum::<u32>();
        let width = WIDTH / self.columns as u32;
        canvas::draw(height, |root| {
            legend.draw(root)?;
            let mut top = legend.height();
            for row in rows {
                for (column, panel) in row.iter().enumerate() {
                    let corner = (column as u32 * width, top);
                    panel.draw(&root.clone().shrink(corner, (width, row_height(row))))?;
                }
                top += row_height(row);
            }
            Ok(())
        })
    }

    fn data(&self) -> Data {
        let mut data = Data::under(["quantity", "unit", "scheduler", &self.x_name, "value", "low", "high"]);
        for panel in &self.panels {
            for (line, point) in
                panel.lines.iter().flat_map(|line| line.points.iter().map(move |point| (line, point)))
            {
                data.rows.push(vec![
                    panel.quantity.clone(),
                    panel.unit.clone(),
                    line.name.clone(),
                    panel.x.name(point.x).unwrap_or_else(|| number(point.x)),
                    number(point.y),
                    number_if(point.half_width.map(|half| point.y - half)),
                    number_if(point.half_width.map(|half| point.y + half)),
                ]);
            }
        }
        data.without_empty(&["low", "high"]).with_unit_in_header(&["value", "low", "high"])
    }
}

impl LinePanel {
    /// Draws it over the whole area.
    fn draw(&self, area: &Area<'_>) -> Result<(), ReportError> {
        let place = (LABELS_LEFT as i32, TITLE_HEIGHT / 2);
        area.draw(&Text::new(self.title.clone(), place, ink_text(TEXT, HPos::Left))).map_err(problem)?;
        let below = if self.x_title.is_some() { AXIS_BELOW } else { 0 };
        let mut chart = ChartBuilder::on(area)
            .margin_top(TITLE_HEIGHT)
            .margin_bottom(12)
            .margin_right(MARGIN_RIGHT)
            .set_label_area_size(LabelAreaPosition::Left, LABELS_LEFT)
            .set_label_area_size(LabelAreaPosition::Bottom, below)
            .build_cartesian_2d(self.x.clone(), self.y.clone())
            .map_err(problem)?;
        let mut mesh = chart.configure_mesh();
        let (x_label, y_label) = (|place: &f64| self.x.label(*place), |place: &f64| self.y.label(*place));
        mesh.x_label_formatter(&x_label)
            .y_label_formatter(&y_label)
            .label_style(("sans-serif", TEXT - 1).into_font().color(&canvas::ink()))
            .axis_style(canvas::ink().mix(0.6))
            .bold_line_style(canvas::faint_ink())
            .light_line_style(TRANSPARENT);
        if let Some(words) = &self.x_title {
            mesh.x_desc(words).axis_desc_style(("sans-serif", TEXT).into_font().color(&canvas::ink()));
        }
        mesh.draw().map_err(problem)?;
        let place = |x: f64, y: f64| (self.x.place(x), self.y.place(y));
        for line in &self.lines {
            let ends = |sign: f64| {
                let limited =
                    line.points.iter().filter_map(|point| Some((point.x, point.y, point.half_width?)));
                limited.map(move |(x, y, half)| place(x, y + sign * half)).collect::<Vec<_>>()
            };
            let (lower, upper) = (ends(-1.0), ends(1.0));
            let outline: Vec<(f64, f64)> = upper.iter().copied().chain(lower.iter().rev().copied()).collect();
            if upper.len() > 1 {
                chart.draw_series([Polygon::new(outline, line.colour.mix(0.1))]).map_err(problem)?;
            }
            // Where values lie at single places only, what holds there is a bar.
            let bars = lower
                .into_iter()
                .zip(upper)
                .map(|(low, high)| PathElement::new(vec![low, high], line.colour.mix(0.5).stroke_width(3)));
            chart.draw_series(bars.filter(|_| line.has_dots)).map_err(problem)?;
        }
        for line in &self.lines {
            let points: Vec<(f64, f64)> = line.points.iter().map(|point| place(point.x, point.y)).collect();
            // A line needs two ends: a single moment is a dot.
            if line.has_dots || points.len() == 1 {
                let dots = points.iter().map(|point| Circle::new(*point, 4, line.colour.filled()));
                chart.draw_series(dots).map_err(problem)?;
            }
            if points.len() > 1 {
                let path = LineSeries::new(points, line.colour.stroke_width(2));
                chart.draw_series(path).map_err(problem)?;
            }
        }
        Ok(())
    }
}
