//! A few named curves in panels of their own axes: for what is no comparison of schedulers, such as a simulation beside
//! the trace that it replays.

use super::axis::Axis;
use super::canvas::{self, Area, Legend, TEXT, ink_text, problem};
use super::palette;
use super::thin::thin;
use crate::error::ReportError;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

const PANEL_HEIGHT: u32 = 270;
const TITLE_HEIGHT: i32 = 24;
const LABELS_LEFT: u32 = 70;
const MARGIN_RIGHT: u32 = 30;
const AXIS_BELOW: u32 = 46;
/// As in pictures over time: a line keeps at most two points per so many columns of pixels.
const COLUMNS: usize = 430;

/// How the horizontal axis counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// In powers of ten; what is less than 1 stands at 1.
    Logarithmic,
}

/// One panel.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What stands above it, with the unit of the vertical axis.
    pub title: String,
    /// What stands below it, with the unit of the horizontal axis.
    pub horizontal: String,
    /// How the horizontal axis counts.
    pub scale: Scale,
    /// Where the vertical axis ends at least; it begins at 0, or at what is less.
    pub top: f64,
    /// By name, the points from left to right; equal names have equal colours in all panels.
    pub curves: Vec<(String, Vec<(f64, f64)>)>,
}

/// Draws the panels one above another: a complete SVG document. Earlier curves are wider, so that they can be seen under
/// later ones that go the same way.
///
/// # Errors
/// When the drawing library says so.
pub fn draw(panels: &[Panel]) -> Result<String, ReportError> {
    let mut names: Vec<&str> = Vec::new();
    for (name, points) in panels.iter().flat_map(|panel| &panel.curves) {
        if !points.is_empty() && !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    if names.is_empty() {
        return canvas::nothing("there are no points");
    }
    let colours = names.iter().enumerate().map(|(place, &name)| (name.to_owned(), palette::colour(place)));
    let legend = Legend::new(colours.collect(), LABELS_LEFT as i32)?;
    canvas::draw(legend.height() + PANEL_HEIGHT * panels.len() as u32, |root| {
        legend.draw(root)?;
        let (_, mut below) = root.split_vertically(legend.height());
        for panel in panels {
            let (area, rest) = below.split_vertically(PANEL_HEIGHT);
            draw_panel(&area, panel, &names)?;
            below = rest;
        }
        Ok(())
    })
}

fn draw_panel(area: &Area<'_>, panel: &Panel, names: &[&str]) -> Result<(), ReportError> {
    let points = || panel.curves.iter().flat_map(|(_, points)| points);
    let start = points().map(|point| point.0).fold(f64::INFINITY, f64::min);
    let end = points().map(|point| point.0).fold(f64::NEG_INFINITY, f64::max);
    let (start, end) = if start <= end { (start, end) } else { (0.0, 1.0) };
    let across = match panel.scale {
        Scale::Linear => Axis::linear(start, end, 10),
        Scale::Logarithmic => Axis::logarithmic(start.max(1.0), end.max(1.0), 10),
    };
    let largest = points().map(|point| point.1).fold(0.0, f64::max);
    let smallest = points().map(|point| point.1).fold(0.0, f64::min);
    let up = Axis::linear(1.04 * smallest, if largest > panel.top { largest * 1.04 } else { panel.top }, 6);

    let title =
        Text::new(panel.title.clone(), (LABELS_LEFT as i32, TITLE_HEIGHT / 2), ink_text(TEXT, HPos::Left));
    area.draw(&title).map_err(problem)?;
    let mut chart = ChartBuilder::on(area)
        .margin_top(TITLE_HEIGHT)
        .margin_bottom(4)
        .margin_right(MARGIN_RIGHT)
        .set_label_area_size(LabelAreaPosition::Left, LABELS_LEFT)
        .set_label_area_size(LabelAreaPosition::Bottom, AXIS_BELOW)
        .build_cartesian_2d(across.clone(), up.clone())
        .map_err(problem)?;
    let font = |size: u32| ("sans-serif", size).into_font().color(&canvas::ink());
    chart
        .configure_mesh()
        .x_label_formatter(&|place: &f64| across.label(*place))
        .y_label_formatter(&|place: &f64| up.label(*place))
        .label_style(font(TEXT - 1))
        .axis_style(canvas::ink().mix(0.6))
        .bold_line_style(canvas::faint_ink())
        .light_line_style(TRANSPARENT)
        .x_desc(panel.horizontal.clone())
        .axis_desc_style(font(TEXT))
        .draw()
        .map_err(problem)?;
    for (order, (name, points)) in panel.curves.iter().enumerate() {
        let Some(place) = names.iter().position(|known| known == name) else { continue };
        let points: Vec<(f64, f64)> = points.iter().map(|&(x, y)| (across.place(x), up.place(y))).collect();
        let width = if order + 1 < panel.curves.len() { 4 } else { 1 };
        let line = LineSeries::new(thin(&points, COLUMNS), palette::colour(place).stroke_width(width));
        chart.draw_series(line).map_err(problem)?;
    }
    Ok(())
}

/// The corners of a line that keeps each value until the next point, and its last one until `end`.
pub fn corners(points: &[(f64, f64)], end: f64) -> Vec<(f64, f64)> {
    let mut corners = Vec::with_capacity(2 * points.len() + 1);
    for (index, &point) in points.iter().enumerate() {
        if let Some(before) = index.checked_sub(1) {
            corners.push((point.0, points[before].1));
        }
        corners.push(point);
    }
    corners.extend(points.last().filter(|last| last.0 < end).map(|last| (end, last.1)));
    corners
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a panic is how a test speaks

    use super::*;

    fn panel(scale: Scale, curves: &[(&str, &[(f64, f64)])]) -> Panel {
        let curves = curves.iter().map(|&(name, points)| (name.to_owned(), points.to_vec())).collect();
        Panel { title: "Use (%)".into(), horizontal: "time (h)".into(), scale, top: 1.0, curves }
    }

    #[test]
    fn every_curve_is_named_and_every_axis_is_a_number() {
        let one = [(0.0, 1.0), (5.0, 0.5), (1e6, 3.0)];
        let panels = [
            panel(Scale::Linear, &[("trace", &one), ("simulated", &one[..1])]),
            panel(Scale::Logarithmic, &[("trace", &one), ("nobody", &[])]),
            panel(Scale::Linear, &[("trace", &[(0.0, -5.0), (1.0, -7.5)])]),
        ];
        let svg = draw(&panels).unwrap();
        assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
        for word in ["\ntrace\n", "\nsimulated\n", "time (h)", "Use (%)"] {
            assert!(svg.contains(word), "{word}");
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf") && !svg.contains("nobody"));
        assert!(svg.contains("\n-6\n"), "what is less than nothing has its place");
    }

    #[test]
    fn nothing_and_next_to_nothing_can_be_drawn() {
        assert!(draw(&[]).unwrap().contains("Nothing to draw"));
        assert!(draw(&[panel(Scale::Linear, &[("trace", &[])])]).unwrap().contains("Nothing to draw"));
        let empty_beside_one =
            [panel(Scale::Logarithmic, &[]), panel(Scale::Linear, &[("a", &[(2.0, 0.0)])])];
        assert!(!draw(&empty_beside_one).unwrap().contains("NaN"));
    }

    #[test]
    fn values_are_kept_until_the_next_point() {
        assert_eq!(corners(&[(1.0, 2.0), (3.0, 0.0)], 5.0), [(1.0, 2.0), (3.0, 2.0), (3.0, 0.0), (5.0, 0.0)]);
        assert_eq!(corners(&[], 5.0), []);
    }
}
