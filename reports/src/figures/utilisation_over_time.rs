//! How much of the cluster is promised to tasks.

use super::Scene;
use super::drawing::Drawing;
use super::time_chart::{self, Panel};
use crate::error::ReportError;

pub(super) const TITLE: &str = "Allocation over time";
pub(super) const CAPTION: &str = "Share of all cpu, memory and devices that is promised to tasks; one line per \
    scheduler, first seed of the plan. Where no device was ever in use, that panel is left out.";

pub(super) fn draw(scene: &Scene<'_>) -> Result<Drawing, ReportError> {
    let panel =
        |title: &str, value| Panel { title: title.to_owned(), unit: "%", value, scale: 0.01, bottom: 0.0, top: Some(100.0) };
    let mut panels = vec![
        panel("cpu allocated", |point| point.cpu_allocation),
        panel("memory allocated", |point| point.memory_allocation),
    ];
    let mut moments = scene.first_runs().into_iter().flat_map(|first| &first.run.series);
    if moments.any(|point| point.device_allocation > 0.0) {
        panels.push(panel("devices allocated", |point| point.device_allocation));
    }
    time_chart::draw(scene, &panels)
}
