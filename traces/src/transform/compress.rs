//! Arrivals closer together.

use super::{Carry, Deserialize, Seed, Serialize, SimTime, Step, TransformError, Workload, WorkloadError, refusal};

/// Divides submit times by a factor; run times stay. A factor below 1 stretches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compress {
    /// Above 0.
    pub factor: f64,
}

impl Step for Compress {
    const HELP: &'static str = "submit times divided by a factor, run times as they are";

    fn check(&self) -> Result<(), TransformError> {
        match self.factor.is_finite() && self.factor > 0.0 {
            true => Ok(()),
            false => Err(refusal("compress", "factor", self.factor, "a number above 0")),
        }
    }

    fn apply(&self, source: &Workload, _: Seed) -> Result<Workload, TransformError> {
        compressed("compress", source, self.factor)
    }
}

/// The same jobs with submit times divided by a factor.
pub(super) fn compressed(
    transform: &'static str,
    source: &Workload,
    factor: f64,
) -> Result<Workload, TransformError> {
    let mut carry = Carry::new(transform, source, source.origin());
    for job in source.jobs() {
        let submit = SimTime::from_seconds(source.job_submit(job).seconds() / factor);
        let too_long = || TransformError::Workload { transform, source: WorkloadError::TooLong };
        carry.add(job, submit.ok_or_else(too_long)?)?;
    }
    Ok(carry.finish())
}
