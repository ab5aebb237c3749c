//! What comes first in an experiment, against the energy: who is beaten in neither by anyone lies on the front.

use super::axis::Axis;
use super::canvas::{self, Legend, TEXT, WIDTH, problem};
use super::drawing::{Data, Drawing, number, number_if};
use super::{Scene, colour_of};
use crate::compare::MetricComparison;
use crate::error::ReportError;
use crate::statistics::Estimate;
use crate::words::metric_heading;
use plotters::prelude::*;
use results::Better;

pub(super) const TITLE: &str = "Pareto front";
pub(super) const CAPTION: &str = "Each scheduler's mean of the metric that comes first and of the energy (dot), with 95 % intervals \
    (bars). The line joins those whom no other betters in one without being worse in the other: the Pareto front.";

const HEIGHT: u32 = 420;
const LABELS_LEFT: u32 = 90;
const AXIS_BELOW: u32 = 50;
const RADIUS: i32 = 5;
/// Values that span more than this factor are drawn on a logarithmic axis.
const WIDE: f64 = 30.0;

/// A scheduler in the picture.
struct Mark<'a> {
    scheduler: &'a str,
    /// From left to right, and from below to above.
    at: [Estimate; 2],
    is_on_front: bool,
}

pub(super) fn draw(scene: &Scene<'_>) -> Result<Drawing, ReportError> {
    let Some(metrics) = metrics(scene) else {
        return Drawing::nothing("there are no two metrics, one of them an energy, that judge");
    };
    let marks = marks(scene, metrics);
    if marks.is_empty() {
        return Drawing::nothing("no run has ended");
    }
    let names: Vec<(String, RGBColor)> = scene
        .scenario
        .schedulers
        .iter()
        .map(|name| (name.clone(), colour_of(scene.comparison, name)))
        .collect();
    let legend = Legend::new(names, LABELS_LEFT as i32)?;
    let svg = canvas::draw(legend.height() + HEIGHT, |root| {
        legend.draw(root)?;
        let area = root.clone().shrink((0, legend.height()), (WIDTH, HEIGHT));
        let axes = [0, 1].map(|side| axis(&marks, side));
        let mut chart = ChartBuilder::on(&area)
            .margin_top(8)
            .margin_left(14)
            .margin_right(30)
            .set_label_area_size(LabelAreaPosition::Left, LABELS_LEFT)
            .set_label_area_size(LabelAreaPosition::Bottom, AXIS_BELOW)
            .build_cartesian_2d(axes[0].clone(), axes[1].clone())
            .map_err(problem)?;
        let font = |size: u32| ("sans-serif", size).into_font().color(&canvas::ink());
        let heading = |metric: &MetricComparison| metric_heading(&metric.name, &metric.unit, metric.better);
        chart
            .configure_mesh()
            .x_label_formatter(&|place: &f64| axes[0].label(*place))
            .y_label_formatter(&|place: &f64| axes[1].label(*place))
            .label_style(font(TEXT - 1))
            .axis_style(canvas::ink().mix(0.6))
            .bold_line_style(canvas::faint_ink())
            .light_line_style(TRANSPARENT)
            .x_desc(heading(metrics[0]))
            .y_desc(heading(metrics[1]))
            .axis_desc_style(font(TEXT))
            .draw()
            .map_err(problem)?;
        let place = |side: usize, value: f64| {
            let (low, high) = axes[side].ends();
            axes[side].place(value).clamp(low, high)
        };
        let point = |mark: &Mark<'_>| (place(0, mark.at[0].mean), place(1, mark.at[1].mean));
        let mut front: Vec<(f64, f64)> = marks.iter().filter(|mark| mark.is_on_front).map(point).collect();
        front.sort_by(|one, other| one.0.total_cmp(&other.0));
        chart.draw_series(LineSeries::new(front, canvas::ink().mix(0.5).stroke_width(2))).map_err(problem)?;
        for mark in &marks {
            let colour = colour_of(scene.comparison, mark.scheduler);
            let (x, y) = point(mark);
            let ends = |side: usize| {
                let Estimate { mean, half_width, .. } = mark.at[side];
                half_width.map(|half| [place(side, mean - half), place(side, mean + half)])
            };
            let across = ends(0).map(|[low, high]| vec![(low, y), (high, y)]);
            let up = ends(1).map(|[low, high]| vec![(x, low), (x, high)]);
            let bars = across.into_iter().chain(up);
            let bars = bars.map(|ends| PathElement::new(ends, colour.mix(0.4).stroke_width(2)));
            chart.draw_series(bars).map_err(problem)?;
            chart.draw_series([Circle::new((x, y), RADIUS, colour.filled())]).map_err(problem)?;
        }
        Ok(())
    })?;
    Ok(Drawing::new(svg, data(&marks, metrics)))
}

/// The metric that comes first, and the energy; where the energy comes first, the next one that judges.
fn metrics<'a>(scene: &Scene<'a>) -> Option<[&'a MetricComparison; 2]> {
    let judges = |metric: &&MetricComparison| metric.better != Better::Neither;
    let is_energy = |metric: &&MetricComparison| metric.name.starts_with("energy");
    let shown: Vec<&MetricComparison> =
        scene.comparison.shown(scene.scenario).into_iter().filter(judges).collect();
    let usual = || scene.scenario.metric("energy_facility");
    let energy = shown.iter().copied().find(is_energy).or_else(usual)?;
    let first = shown.iter().copied().find(|metric| !is_energy(metric))?;
    Some([first, energy])
}

fn marks<'a>(scene: &Scene<'a>, metrics: [&MetricComparison; 2]) -> Vec<Mark<'a>> {
    let schedulers = scene.scenario.schedulers.iter().enumerate();
    let mark = |(place, scheduler): (usize, &'a String)| {
        let [first, energy] = metrics.map(|metric| metric.cells[place].estimate);
        Some(Mark { scheduler, at: [first?, energy?], is_on_front: false })
    };
    let mut marks: Vec<Mark<'a>> = schedulers.filter_map(mark).collect();
    let means: Vec<[f64; 2]> = marks.iter().map(|mark| mark.at.map(|estimate| estimate.mean)).collect();
    let better = metrics.map(|metric| metric.better);
    for (mark, own) in marks.iter_mut().zip(&means) {
        mark.is_on_front = !means.iter().any(|other| betters(*other, *own, better));
    }
    marks
}

/// Whether one is better in something and worse in nothing.
fn betters(one: [f64; 2], other: [f64; 2], better: [Better; 2]) -> bool {
    let gains = [0, 1].map(|side| match better[side] {
        Better::Higher => one[side] - other[side],
        Better::Lower | Better::Neither => other[side] - one[side],
    });
    gains.iter().all(|gain| *gain >= 0.0) && gains.iter().any(|gain| *gain > 0.0)
}

/// An axis around the means; intervals are cut where they go far beyond.
fn axis(marks: &[Mark<'_>], side: usize) -> Axis {
    let means = || marks.iter().map(|mark| mark.at[side].mean);
    let (low, high) = (means().fold(f64::INFINITY, f64::min), means().fold(f64::NEG_INFINITY, f64::max));
    if low > 0.0 && high > WIDE * low {
        return Axis::logarithmic(low / 1.3, high * 1.3, 9);
    }
    let air = 0.08 * (high - low);
    Axis::linear(low - air, high + air, 7)
}

fn data(marks: &[Mark<'_>], metrics: [&MetricComparison; 2]) -> Data {
    let name = |side: usize, what: &str| format!("{}{what} ({})", metrics[side].name, metrics[side].unit);
    let mut header = vec!["scheduler".to_owned(), "on_front".to_owned()];
    for side in [0, 1] {
        header.extend(["", "_low", "_high"].map(|what| name(side, what)));
    }
    let row = |mark: &Mark<'_>| {
        let mut row = vec![mark.scheduler.to_owned(), mark.is_on_front.to_string()];
        for Estimate { mean, half_width, .. } in mark.at {
            row.push(number(mean));
            row.push(number_if(half_width.map(|half| mean - half)));
            row.push(number_if(half_width.map(|half| mean + half)));
        }
        row
    };
    Data { header, rows: marks.iter().map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_on_the_front_is_bettered() {
        let lower = [Better::Lower, Better::Lower];
        assert!(betters([1.0, 2.0], [1.0, 3.0], lower));
        assert!(!betters([1.0, 2.0], [1.0, 2.0], lower), "equals better nobody");
        assert!(!betters([1.0, 4.0], [2.0, 3.0], lower), "what is gained here is lost there");
        assert!(betters([2.0, 3.0], [1.0, 3.0], [Better::Higher, Better::Lower]));
    }
}
