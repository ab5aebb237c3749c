//! Other declared run times.

use sim::workload::TaskSpec;

use super::{Carry, Deserialize, Seed, Serialize, SimDuration, Step, TransformError, Workload, WorkloadError, refusal};

const NAME: &str = "override_estimates";

/// Replaces what users declared: by the run time times `factor`, rounded up to a multiple of `round_up_seconds`; or by
/// nothing, where there is no factor. A factor of 1 is perfect knowledge.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverrideEstimates {
    /// Declared over actual run time; without it, nothing is declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor: Option<f64>,
    /// 0 for no rounding.
    #[serde(default)]
    pub round_up_seconds: f64,
}

impl Step for OverrideEstimates {
    const HELP: &'static str = "declared run times: the actual ones times a factor, or none";

    fn check(&self) -> Result<(), TransformError> {
        if let Some(factor) = self.factor.filter(|factor| !(*factor > 0.0 && *factor <= 1e6)) {
            return Err(refusal(NAME, "factor", factor, "a number above 0, up to 1e6"));
        }
        match (0.0..=1e6).contains(&self.round_up_seconds) {
            true => Ok(()),
            false => Err(refusal(NAME, "round_up_seconds", self.round_up_seconds, "a number from 0 to 1e6")),
        }
    }

    fn apply(&self, source: &Workload, _: Seed) -> Result<Workload, TransformError> {
        let estimate = |work: SimDuration| -> Option<Option<SimDuration>> {
            let Some(factor) = self.factor else { return Some(None) };
            let mut seconds = work.seconds() * factor;
            if self.round_up_seconds > 0.0 {
                seconds = (seconds / self.round_up_seconds).ceil() * self.round_up_seconds;
            }
            SimDuration::from_seconds(seconds).map(Some)
        };
        let is_possible = source.tasks().all(|task| estimate(source.work(task)).is_some());
        if !is_possible {
            return Err(TransformError::Workload { transform: NAME, source: WorkloadError::TooLong });
        }
        let mut carry = Carry::new(NAME, source, source.origin());
        for job in source.jobs() {
            let change = |task: TaskSpec| TaskSpec {
                estimate: estimate(task.work).expect("every estimate was tried before"),
                ..task
            };
            carry.add_with(job, source.job_submit(job), change)?;
        }
        Ok(carry.finish())
    }
}
