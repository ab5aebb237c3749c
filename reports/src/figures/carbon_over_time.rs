//! When the facility draws its power, and how dirty the grid is then.

use super::Scene;
use super::drawing::Drawing;
use super::power_over_time::unit_of;
use super::time_chart::{self, Panel};
use crate::error::ReportError;

pub(super) const TITLE: &str = "Carbon intensity and power";
pub(super) const CAPTION: &str = "Carbon intensity of the grid, which is the same for all, and power of the facility: who waits \
    for better hours draws where the upper line is low. One line per scheduler, first seed of the plan.";

pub(super) fn draw(scene: &Scene<'_>) -> Result<Drawing, ReportError> {
    let runs = scene.first_runs();
    let moments = || runs.iter().flat_map(|first| &first.run.series);
    if moments().all(|point| point.carbon_grams_per_kwh.is_none()) {
        return Drawing::nothing("the rules say nothing of carbon: `surroundings.carbon`");
    }
    let (scale, name) = unit_of(moments().map(|point| point.facility_power_watts).fold(0.0, f64::max));
    let panel =
        |title: &str, unit, scale, value| Panel { title: title.to_owned(), unit, value, scale, bottom: 0.0, top: None };
    time_chart::draw(
        scene,
        &[
            panel("carbon intensity", "g/kWh", 1.0, |point| point.carbon_grams_per_kwh.unwrap_or_default()),
            panel("facility power", name, scale, |point| point.facility_power_watts),
        ],
    )
}
