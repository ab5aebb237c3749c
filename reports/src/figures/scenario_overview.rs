//! All scenarios in one picture, by the metric that is looked at first.

use super::small_multiples::{self, Panel};
use super::{ExperimentScene, WideDrawing};
use crate::error::ReportError;
use crate::words::{metric_heading, metric_title};

pub(super) const TITLE: &str = "All scenarios";
pub(super) const CAPTION: &str = "One panel per scenario: the mean over seeds (dot) with its 95 % interval (bar), and below \
    it the single seeds (small dots). Axes differ from panel to panel and do not start at zero.";

pub(super) fn draw(scene: &ExperimentScene<'_>) -> Result<Vec<WideDrawing>, ReportError> {
    let comparison = scene.comparison;
    let Some(lead) = comparison.lead_metric().filter(|_| comparison.scenarios.len() > 1) else {
        return Ok(Vec::new());
    };
    let panels = comparison.scenarios.iter().filter_map(|scenario| {
        let metric = scenario.metric(lead)?;
        Some(Panel {
            titles: [scenario.scenario.clone(), metric_heading(&metric.name, &metric.unit, metric.better)],
            quantity: scenario.scenario.clone(),
            metric,
            schedulers: &scenario.schedulers,
        })
    });
    let panels: Vec<Panel<'_>> = panels.collect();
    if panels.is_empty() {
        return Ok(Vec::new());
    }
    let is_shown = |name: &&String| panels.iter().any(|panel| panel.schedulers.contains(name));
    let schedulers: Vec<String> = comparison.schedulers.iter().filter(is_shown).cloned().collect();
    let drawing = small_multiples::draw(comparison, &schedulers, &panels, "scenario")?;
    Ok(vec![WideDrawing { about: String::new(), title: format!("{TITLE}: {}", metric_title(lead)), drawing }])
}
