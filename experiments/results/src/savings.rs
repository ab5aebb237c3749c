//! Metrics of one run that compare it with another scheduler: how far it lies below what that one needs on average.

use crate::load::FinishedRun;
use crate::record::{Better, MetricValue};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many percent metrics of each run lie below the mean, over all seeds of the scenario, of one scheduler:
/// `100 (mean of baseline - value) / mean of baseline`. The mean of a saving over seeds is thus the saving of the means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Savings {
    /// The scheduler to compare with.
    pub baseline: String,
    /// The metric that is compared, by the name of the saving.
    pub metrics: BTreeMap<String, String>,
}

impl Savings {
    /// Adds the savings to the runs of a finished experiment. Where the baseline's mean is zero there is none.
    pub(crate) fn add(&self, runs: &mut [FinishedRun]) {
        let mut sums: BTreeMap<(String, &str), (f64, f64)> = BTreeMap::new();
        for run in runs.iter().filter(|run| run.record.scheduler == self.baseline) {
            for (saving, metric) in &self.metrics {
                if let Some(value) = run.record.metrics.get(metric) {
                    let sum = sums.entry((run.record.scenario.clone(), saving)).or_default();
                    *sum = (sum.0 + value.value, sum.1 + 1.0);
                }
            }
        }
        for run in runs {
            for (saving, metric) in &self.metrics {
                let sum = sums.get(&(run.record.scenario.clone(), saving.as_str()));
                let (Some((sum, count)), Some(value)) = (sum, run.record.metrics.get(metric)) else {
                    continue;
                };
                let mean = sum / count;
                if mean != 0.0 {
                    let better = match value.better {
                        Better::Lower => Better::Higher,
                        Better::Higher => Better::Lower,
                        Better::Neither => Better::Neither,
                    };
                    let value = 100.0 * (mean - value.value) / mean;
                    run.record
                        .metrics
                        .insert(saving.clone(), MetricValue { value, unit: "%".to_owned(), better });
                }
            }
        }
    }
}
