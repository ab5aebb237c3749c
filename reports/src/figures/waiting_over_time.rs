//! How long the queue is.

use super::Scene;
use super::drawing::Drawing;
use super::time_chart::{self, Panel};
use crate::error::ReportError;

pub(super) const TITLE: &str = "Tasks waiting over time";
pub(super) const CAPTION: &str =
    "Tasks that have been submitted and have not started; one line per scheduler, first seed of the plan.";

pub(super) fn draw(scene: &Scene<'_>) -> Result<Drawing, ReportError> {
    let value = |point: &results::SeriesPoint| f64::from(point.tasks_waiting);
    time_chart::draw(scene, &[Panel { title: "tasks waiting".to_owned(), unit: "1", value, scale: 1.0, bottom: 0.0, top: None }])
}
