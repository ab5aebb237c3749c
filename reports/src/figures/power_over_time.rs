//! What the cluster draws from the grid.

use super::Scene;
use super::drawing::Drawing;
use super::time_chart::{self, Panel};
use crate::error::ReportError;

pub(super) const TITLE: &str = "Power over time";
pub(super) const CAPTION: &str = "Power of the hosts (IT) above, and of the whole facility with losses and cooling \
    below; both axes end at the same value. One line per scheduler, first seed of the plan.";

pub(super) fn draw(scene: &Scene<'_>) -> Result<Drawing, ReportError> {
    let runs = scene.first_runs();
    let moments = runs.iter().flat_map(|first| &first.run.series);
    let largest =
        moments.map(|point| point.facility_power_watts.max(point.it_power_watts)).fold(0.0, f64::max);
    let (scale, name) = unit_of(largest);
    let top = (largest > 0.0).then_some(largest / scale * 1.06);
    let panel = |title: &str, value| Panel { title: title.to_owned(), unit: name, value, scale, bottom: 0.0, top };
    time_chart::draw(
        scene,
        &[
            panel("IT power", |point| point.it_power_watts),
            panel("facility power", |point| point.facility_power_watts),
        ],
    )
}

/// The unit in which so many watts are read most easily.
pub(super) fn unit_of(largest_watts: f64) -> (f64, &'static str) {
    match largest_watts {
        watts if watts >= 1e6 => (1e6, "MW"),
        watts if watts >= 1e3 => (1e3, "kW"),
        _ => (1.0, "W"),
    }
}
