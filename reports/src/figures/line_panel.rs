//! One panel with lines: its frame, its numbers, and, where there are some, bands around the lines.

use super::axis::Axis;
use super::canvas::{self, Area, TEXT, ink_text, problem};
use crate::error::ReportError;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

/// Room for the numbers left of a panel.
pub(super) const LABELS_LEFT: u32 = 70;
const TITLE_HEIGHT: i32 = 24;
const MARGIN_RIGHT: u32 = 30;
/// Room for the numbers below a panel, and for the words below them.
pub(super) const AXIS_BELOW: u32 = 46;

/// A panel.
pub(super) struct LinePanel {
    /// What stands above it, with the unit.
    pub(super) title: String,
    /// From left to right.
    pub(super) x: Axis,
    /// What stands below it; where it is absent, neither words nor numbers stand there.
    pub(super) x_title: Option<String>,
    /// From below to above.
    pub(super) y: Axis,
    /// What is drawn, the first lowest.
    pub(super) lines: Vec<Line>,
}

/// One line.
pub(super) struct Line {
    /// Its colour.
    pub(super) colour: RGBColor,
    /// Its corners, as values; a single one is a dot.
    pub(super) points: Vec<(f64, f64)>,
    /// The lower and the upper end of the interval at some x, in rising order of x.
    pub(super) band: Vec<(f64, f64, f64)>,
    /// Whether every corner is a dot as well: where values lie only there.
    pub(super) has_dots: bool,
}

impl LinePanel {
    /// Draws it over the whole area.
    pub(super) fn draw(&self, area: &Area<'_>) -> Result<(), ReportError> {
        let title =
            Text::new(self.title.clone(), (LABELS_LEFT as i32, TITLE_HEIGHT / 2), ink_text(TEXT, HPos::Left));
        area.draw(&title).map_err(problem)?;
        let mut chart = ChartBuilder::on(area)
            .margin_top(TITLE_HEIGHT)
            .margin_bottom(12)
            .margin_right(MARGIN_RIGHT)
            .set_label_area_size(LabelAreaPosition::Left, LABELS_LEFT)
            .set_label_area_size(
                LabelAreaPosition::Bottom,
                if self.x_title.is_some() { AXIS_BELOW } else { 0 },
            )
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
        let place = |(x, y): (f64, f64)| (self.x.place(x), self.y.place(y));
        for line in &self.lines {
            let upper = line.band.iter().map(|(x, _, high)| place((*x, *high)));
            let lower = line.band.iter().rev().map(|(x, low, _)| place((*x, *low)));
            let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
            if line.band.len() > 1 {
                chart.draw_series([Polygon::new(outline, line.colour.mix(0.18))]).map_err(problem)?;
            }
            // A line needs two ends, and so does a band: at a single place they are a dot and a bar.
            for (x, low, high) in line.band.iter().filter(|_| line.has_dots || line.band.len() == 1) {
                let ends = vec![place((*x, *low)), place((*x, *high))];
                chart
                    .draw_series([PathElement::new(ends, line.colour.mix(0.5).stroke_width(3))])
                    .map_err(problem)?;
            }
        }
        for line in &self.lines {
            let points: Vec<(f64, f64)> = line.points.iter().copied().map(place).collect();
            if points.len() > 1 {
                let path = LineSeries::new(points.clone(), line.colour.stroke_width(2));
                chart.draw_series(path).map_err(problem)?;
            }
            if line.has_dots || points.len() == 1 {
                let dots = points.iter().map(|point| Circle::new(*point, 4, line.colour.filled()));
                chart.draw_series(dots).map_err(problem)?;
            }
        }
        Ok(())
    }
}
