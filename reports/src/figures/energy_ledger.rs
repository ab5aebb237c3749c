//! Where the energy of the facility went.

use super::stack_panel::{Bar, StackPanel};
use super::{Drawing, Scene, palette};
use crate::error::ReportError;

pub(super) const TITLE: &str = "Where the energy went";
pub(super) const CAPTION: &str = "Means over seeds. Hosts with their devices, what was lost on the way to them, and the cooling \
    of both add up to what the facility drew. Where the facility is a constant PUE, losses are all that it adds.";

/// Metrics with what they are called, from left to right.
const PARTS: [(&str, &str); 3] =
    [("energy_it", "hosts and devices"), ("energy_losses", "losses"), ("energy_cooling", "cooling")];

pub(super) fn draw(scene: &Scene<'_>) -> Result<Drawing, ReportError> {
    let scenario = scene.scenario;
    let metrics: Option<Vec<_>> = PARTS.iter().map(|(name, _)| scenario.metric(name)).collect();
    let Some(metrics) = metrics else {
        return Drawing::nothing("the runs do not say what was lost and what cooled");
    };
    let bar = |(place, scheduler): (usize, &String)| {
        let mean = |metric: &&crate::compare::MetricComparison| Some(metric.cells[place].estimate?.mean);
        Some(Bar { scheduler: scheduler.clone(), values: metrics.iter().map(mean).collect::<Option<_>>()? })
    };
    let bars: Vec<Bar> = scenario.schedulers.iter().enumerate().filter_map(bar).collect();
    if bars.is_empty() {
        return Drawing::nothing("no run has ended yet");
    }
    let parts = PARTS.iter().enumerate();
    let parts = parts.map(|(place, (_, name))| ((*name).to_owned(), palette::part(place))).collect();
    StackPanel { axis_title: "energy (kWh)".to_owned(), unit: "kWh", parts, bars }.draw()
}
