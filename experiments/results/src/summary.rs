//! `summary.json`: everything a script or a person wants to look up, in plan order.

use crate::load::Results;
use crate::record::{ByTenant, MetricValue};
use serde::Serialize;
use std::collections::BTreeMap;

/// What the file holds.
#[derive(Serialize)]
pub(crate) struct Summary<'a> {
    experiment: &'a str,
    runs: Vec<RunSummary<'a>>,
}

#[derive(Serialize)]
struct RunSummary<'a> {
    scenario: &'a str,
    scheduler: &'a str,
    seed: u64,
    digest: &'a str,
    metrics: &'a BTreeMap<String, MetricValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by_tenant: Option<&'a ByTenant>,
}

impl<'a> Summary<'a> {
    pub(crate) fn of(results: &'a Results) -> Self {
        let runs = results.runs.iter().map(|run| RunSummary {
            scenario: &run.record.scenario,
            scheduler: &run.record.scheduler,
            seed: run.record.seed,
            digest: &run.record.digest,
            metrics: &run.record.metrics,
            by_tenant: run.record.by_tenant.as_ref(),
        });
        Summary { experiment: &results.manifest.experiment, runs: runs.collect() }
    }
}
