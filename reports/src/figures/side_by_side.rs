//! The schedulers beside each other, one small panel per metric.

use super::Scene;
use super::drawing::Drawing;
use super::small_multiples::{self, Panel};
use crate::error::ReportError;
use crate::words::{metric_title, unit_and_direction};

pub(super) const TITLE: &str = "Schedulers side by side";
pub(super) const CAPTION: &str = "The mean over seeds (dot) with its 95 % interval (bar), and below it the single seeds \
    (small dots). Axes do not start at zero.";

pub(super) fn draw(scene: &Scene<'_>) -> Result<Drawing, ReportError> {
    let metrics = scene.comparison.shown(scene.scenario);
    if metrics.is_empty() {
        return Drawing::nothing("no run has ended");
    }
    let panels: Vec<Panel<'_>> = metrics
        .into_iter()
        .map(|metric| Panel {
            titles: [metric_title(&metric.name), unit_and_direction(&metric.unit, metric.better)],
            quantity: metric.name.clone(),
            metric,
            schedulers: &scene.scenario.schedulers,
        })
        .collect();
    small_multiples::draw(scene.comparison, &scene.scenario.schedulers, &panels, "metric")
}
