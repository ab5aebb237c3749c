//! What the weather does to the facility.

use super::Scene;
use super::drawing::Drawing;
use super::time_chart::{self, Panel};
use crate::error::ReportError;

pub(super) const TITLE: &str = "PUE and the temperature outside";
pub(super) const CAPTION: &str = "Power of the facility over power of its hosts at each moment, from 1 on, and the dry bulb \
    outside, which is the same for all. The PUE of a run is a ratio of energies, never the mean of this line. One line per \
    scheduler, first seed of the plan.";

pub(super) fn draw(scene: &Scene<'_>) -> Result<Drawing, ReportError> {
    let mut moments = scene.first_runs().into_iter().flat_map(|first| &first.run.series);
    if moments.all(|point| point.outside_celsius.is_none()) {
        return Drawing::nothing("the rules say nothing of the weather: `surroundings.weather`");
    }
    let panel =
        |title: &str, unit, bottom, value| Panel { title: title.to_owned(), unit, value, scale: 1.0, bottom, top: None };
    time_chart::draw(
        scene,
        &[
            panel("PUE", "1", 1.0, |point| point.pue().unwrap_or(1.0)),
            panel("outside", "°C", 0.0, |point| point.outside_celsius.unwrap_or_default()),
        ],
    )
}
