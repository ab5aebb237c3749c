//! The sheet that figures are drawn on: its font, its ink, its legend, and what is said when there is nothing.

use super::axis::Axis;
use crate::error::ReportError;
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::fmt::Display;
use std::sync::Once;

/// Width of every figure in pixels; pages scale it.
pub(super) const WIDTH: u32 = 960;
/// Height of text in pixels.
pub(super) const TEXT: u32 = 15;

/// Text and axes are drawn in this colour, which is replaced by that of the surrounding text at the end: so a
/// figure can be read on light and on dark pages.
const INK: RGBColor = RGBColor(1, 2, 3);
const INK_WRITTEN: &str = "\"#010203\"";

/// A sheet, or the part of one.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws on a fresh sheet of this height; what comes back is a complete SVG document.
pub(super) fn draw(
    height: u32,
    paint: impl FnOnce(&Area<'_>) -> Result<(), ReportError>,
) -> Result<String, ReportError> {
    register_font();
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        paint(&root)?;
        root.present().map_err(problem)?;
    }
    Ok(svg.replace(INK_WRITTEN, "\"currentColor\""))
}

/// Says in a figure's place that there is nothing to draw, and why.
pub(super) fn nothing(why: &str) -> Result<String, ReportError> {
    draw(2 * TEXT + 10, |root| {
        let middle = (WIDTH as i32 / 2, TEXT as i32 + 5);
        let text = format!("Nothing to draw: {why}.");
        root.draw(&Text::new(text, middle, ink_text(TEXT, HPos::Center))).map_err(problem)
    })
}

/// The axis below bars and dots that lie in rows, with its faint lines and, where it has one, its title.
pub(super) fn draw_axis_of_rows(
    chart: &mut ChartContext<'_, SVGBackend<'_>, Cartesian2d<Axis, RangedCoordf64>>,
    axis: &Axis,
    title: &str,
) -> Result<(), ReportError> {
    let label = |place: &f64| axis.label(*place);
    let mut mesh = chart.configure_mesh();
    mesh.disable_y_mesh().y_labels(0).x_label_formatter(&label);
    if !title.is_empty() {
        mesh.x_desc(title);
    }
    mesh.label_style(("sans-serif", TEXT - 2).into_font().color(&INK))
        .axis_style(INK.mix(0.6))
        .bold_line_style(faint_ink())
        .light_line_style(TRANSPARENT)
        .draw()
        .map_err(problem)
}

/// What the drawing library says, as an error of ours.
pub(super) fn problem(error: impl Display) -> ReportError {
    ReportError::Figure { problem: error.to_string() }
}

/// The colour of text and axes.
pub(super) fn ink() -> RGBColor {
    INK
}

/// The colour of the lines of a grid.
pub(super) fn faint_ink() -> RGBAColor {
    INK.mix(0.15)
}

/// Text in ink, its middle at the height of the given point.
pub(super) fn ink_text(size: u32, horizontal: HPos) -> TextStyle<'static> {
    let font = ("sans-serif", size).into_font().color(&INK);
    font.pos(Pos::new(horizontal, VPos::Center))
}

/// How wide a text is in pixels.
pub(super) fn text_width(text: &str, size: u32) -> Result<i32, ReportError> {
    register_font();
    let (width, _) = ("sans-serif", size).into_font().box_size(text).map_err(problem)?;
    Ok(width as i32)
}

/// A text in lines that are no wider than this many pixels, broken between words; a longer word stays whole.
pub(super) fn wrapped(text: &str, size: u32, width: u32) -> Result<Vec<String>, ReportError> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let longer = lines.last().map(|line| format!("{line} {word}"));
        match (longer, lines.last_mut()) {
            (Some(longer), Some(line)) if text_width(&longer, size)? <= width as i32 => *line = longer,
            _ => lines.push(word.to_owned()),
        }
    }
    Ok(lines)
}

/// A legend above everything else: as many rows as it needs, so that it never covers data.
pub(super) struct Legend {
    entries: Vec<(i32, i32, RGBColor, String)>,
    rows: i32,
}

impl Legend {
    const ROW: i32 = 22;
    const SWATCH: i32 = 22;

    /// Finds each entry its place, from left to right and then on the next row.
    pub(super) fn new(names: Vec<(String, RGBColor)>, left: i32) -> Result<Legend, ReportError> {
        let mut entries = Vec::with_capacity(names.len());
        let (mut x, mut row) = (left, 0);
        for (name, colour) in names {
            let width = Self::SWATCH + 8 + text_width(&name, TEXT)? + 24;
            if x + width > WIDTH as i32 && x > left {
                (x, row) = (left, row + 1);
            }
            entries.push((x, row, colour, name));
            x += width;
        }
        Ok(Legend { entries, rows: row + 1 })
    }

    /// Height in pixels.
    pub(super) fn height(&self) -> u32 {
        (self.rows * Self::ROW + 8) as u32
    }

    /// Draws it at the top of the sheet.
    pub(super) fn draw(&self, root: &Area<'_>) -> Result<(), ReportError> {
        for (x, row, colour, name) in &self.entries {
            let y = row * Self::ROW + Self::ROW / 2;
            let line = PathElement::new(vec![(*x, y), (x + Self::SWATCH, y)], colour.stroke_width(3));
            root.draw(&line).map_err(problem)?;
            let place = (x + Self::SWATCH + 8, y);
            root.draw(&Text::new(name.clone(), place, ink_text(TEXT, HPos::Left))).map_err(problem)?;
        }
        Ok(())
    }
}

/// The font by which widths of text are known; viewers may show another, so a wide one is taken.
fn register_font() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let bytes = include_bytes!("../../fonts/DejaVuSans.ttf");
        let registered = plotters::style::register_font("sans-serif", FontStyle::Normal, bytes);
        assert!(registered.is_ok(), "the bundled font is a font");
    });
}
