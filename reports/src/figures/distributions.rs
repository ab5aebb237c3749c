//! Distributions beside each other: empirical ones, fitted ones, of whatever there is.

use super::axis::Axis;
use super::canvas;
use super::line_panel::{Line, LinePanel, LineSheet, Point};
use super::palette;
use crate::error::ReportError;

const PANEL_HEIGHT: u32 = 224;
/// At most so many panels in a row.
const COLUMNS: usize = 2;
/// A curve keeps at most so many steps: more than there are pixels would only be heavy.
const STEPS: usize = 600;

/// What one panel compares.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// What is distributed.
    pub title: String,
    /// Its unit; "1" where it has none.
    pub unit: String,
    /// Whether the axis goes in equal factors. What is not above zero then stands at its lower end.
    pub is_log_axis: bool,
    /// Each series with its name and its corners: a value, and the share (0 to 1) of all that does not exceed it;
    /// in rising order of value. [`cumulative`] makes them of samples.
    pub series: Vec<(String, Vec<(f64, f64)>)>,
}

/// The empirical distribution of samples: each distinct value with the share of samples that do not exceed it.
///
/// ```
/// assert_eq!(reports::figures::cumulative(&[3.0, 1.0, 1.0, 2.0]), [(1.0, 0.5), (2.0, 0.75), (3.0, 1.0)]);
/// ```
pub fn cumulative(samples: &[f64]) -> Vec<(f64, f64)> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut corners: Vec<(f64, f64)> = Vec::new();
    for (index, value) in sorted.iter().enumerate() {
        let share = (index + 1) as f64 / sorted.len() as f64;
        match corners.last_mut() {
            Some(last) if last.0 == *value => last.1 = share,
            _ => corners.push((*value, share)),
        }
    }
    corners
}

/// Draws cumulative distributions: a panel each, one colour per name, one legend for all. What comes back is a
/// complete SVG document.
///
/// # Errors
/// Refuses a corner that is no finite number, a share outside 0 to 1, and corners that do not rise.
pub fn distributions(panels: &[Panel]) -> Result<String, ReportError> {
    let mut names: Vec<&str> = Vec::new();
    for panel in panels {
        for (name, corners) in &panel.series {
            check(panel, name, corners)?;
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
    }
    let shown: Vec<&Panel> =
        panels.iter().filter(|panel| panel.series.iter().any(|(_, corners)| !corners.is_empty())).collect();
    if shown.is_empty() {
        return canvas::nothing("there are no samples");
    }
    let colour = |name: &str| palette::colour(names.iter().position(|other| *other == name).unwrap_or(0));
    let panels: Vec<LinePanel> = shown.iter().map(|panel| line_panel(panel, colour)).collect();
    let columns = panels.len().min(COLUMNS);
    LineSheet { panels, columns, panel_height: PANEL_HEIGHT, x_name: "value".to_owned() }.svg()
}

fn check(panel: &Panel, name: &str, corners: &[(f64, f64)]) -> Result<(), ReportError> {
    let refuse = |index: usize, what: &str| {
        let (value, share) = corners[index];
        let problem =
            format!("corner {index} of `{name}` in `{}` is ({value}, {share}), and {what}", panel.title);
        Err(ReportError::Figure { problem })
    };
    for (index, (value, share)) in corners.iter().enumerate() {
        if !value.is_finite() || !(0.0..=1.0).contains(share) {
            return refuse(index, "a corner is a finite value with a share from 0 to 1");
        }
        if index > 0 && (corners[index - 1].0 > *value || corners[index - 1].1 > *share) {
            return refuse(index, "corners rise from one to the next");
        }
    }
    Ok(())
}

fn line_panel(panel: &Panel, colour: impl Fn(&str) -> plotters::style::RGBColor) -> LinePanel {
    let values = || panel.series.iter().flat_map(|(_, corners)| corners.iter().map(|(value, _)| *value));
    let lowest_above_zero = values().filter(|value| *value > 0.0).fold(f64::INFINITY, f64::min);
    let lowest = values().fold(f64::INFINITY, f64::min);
    let highest = values().fold(f64::NEG_INFINITY, f64::max);
    let is_log = panel.is_log_axis && highest > 0.0;
    let x = match is_log {
        // What stands at the lower end is then told apart from the smallest value above zero.
        true if lowest <= 0.0 => Axis::logarithmic(lowest_above_zero / 2.0, highest, 7),
        true => Axis::logarithmic(lowest, highest, 7),
        false => Axis::linear(lowest, highest, 6),
    };
    let unit = if panel.unit == "1" { String::new() } else { format!(" ({})", panel.unit) };
    let note = if is_log && lowest <= 0.0 { "; zero at the left end" } else { "" };
    let lines = panel.series.iter().filter(|(_, corners)| !corners.is_empty());
    let lines = lines.map(|(name, corners)| Line {
        name: name.clone(),
        colour: colour(name),
        points: stairs(corners, &x).into_iter().map(|(x, y)| Point { x, y, half_width: None }).collect(),
        has_dots: false,
    });
    LinePanel {
        title: format!("{}: share of all", panel.title),
        quantity: panel.title.clone(),
        unit: "1".to_owned(),
        lines: lines.collect(),
        x_title: Some(format!("{}{unit}{note}", panel.title)),
        y: Axis::linear(0.0, 1.0, 5),
        x,
    }
}

/// The curve of a distribution: it rises at each value, from zero before the first; and reaches over the whole
/// axis. Of corners that fall together in a picture the last one stays.
fn stairs(corners: &[(f64, f64)], axis: &Axis) -> Vec<(f64, f64)> {
    let (low, high) = axis.ends();
    let column = |value: f64| ((axis.place(value) - low) / (high - low) * STEPS as f64) as usize;
    let mut points = Vec::new();
    let mut share_before = 0.0;
    for together in corners.chunk_by(|one, next| column(one.0) == column(next.0)) {
        let last = together[together.len() - 1];
        points.extend([(last.0, share_before), last]);
        share_before = last.1;
    }
    points
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a panic is how a test speaks

    use super::*;

    fn panel(series: &[(&str, &[f64])]) -> Panel {
        Panel {
            title: "run time".to_owned(),
            unit: "s".to_owned(),
            is_log_axis: true,
            series: series.iter().map(|(name, samples)| ((*name).to_owned(), cumulative(samples))).collect(),
        }
    }

    #[test]
    fn two_sets_of_samples_are_drawn_beside_each_other() {
        let many: Vec<f64> = (0..50_000).map(|step| f64::from(step) * 0.37).collect();
        let one = panel(&[("trace", &many), ("fitted", &[0.0, 5.0, 900.0])]);
        let mut other = panel(&[("trace", &[4.0]), ("fitted", &[4.0, 4.0])]);
        other.is_log_axis = false;
        let svg = distributions(&[one, other, panel(&[("trace", &[])])]).unwrap();
        for word in ["\ntrace\n", "\nfitted\n", "\nrun time (s); zero at the left end\n", "\nrun time (s)\n"]
        {
            assert!(svg.contains(word), "{word}");
        }
        assert!(svg.len() < 100_000 && !svg.contains("NaN") && !svg.contains("inf"), "{}", svg.len());
    }

    #[test]
    fn without_samples_the_figure_says_so() {
        for panels in [&[][..], &[panel(&[("trace", &[])])]] {
            assert!(distributions(panels).unwrap().contains("Nothing to draw: there are no samples."));
        }
    }

    #[test]
    fn what_is_no_distribution_is_refused() {
        for corners in
            [&[(1.0, 0.5), (0.5, 1.0)][..], &[(f64::NAN, 1.0)], &[(1.0, 1.5)], &[(1.0, 0.9), (2.0, 0.8)]]
        {
            let mut wrong = panel(&[]);
            wrong.series.push(("trace".to_owned(), corners.to_vec()));
            let error = distributions(&[wrong]).unwrap_err().to_string();
            assert!(error.contains("`trace` in `run time`"), "{error}");
        }
    }

    #[test]
    fn stairs_rise_at_the_values() {
        let axis = Axis::linear(0.0, 4.0, 4);
        let stairs = stairs(&cumulative(&[1.0, 3.0]), &axis);
        assert_eq!(stairs, [(1.0, 0.0), (1.0, 0.5), (3.0, 0.5), (3.0, 1.0)]);
    }
}
