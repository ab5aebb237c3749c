//! A window of consecutive jobs.

use super::{Carry, Deserialize, Id, JobId, Seed, Serialize, SimTime, Step, TransformError, Workload, refusal};

/// Takes `count` consecutive jobs: seed k takes those from `first_jobs[k]` on. The first of them is submitted
/// at 0; the origin moves along, so that origin + submit is still the source's own time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Where the windows begin, in jobs of the workload counted from 0.
    pub first_jobs: Vec<usize>,
    /// How many jobs each of them has.
    pub count: usize,
}

impl Step for Window {
    const HELP: &'static str = "so many consecutive jobs, another window for each seed";

    fn check(&self) -> Result<(), TransformError> {
        match self.count {
            0 => Err(refusal("window", "count", 0, "1 or more jobs")),
            _ => Ok(()),
        }
    }

    fn is_of_seed(&self) -> bool {
        true
    }

    fn seeds(&self) -> Option<usize> {
        Some(self.first_jobs.len())
    }

    fn apply(&self, source: &Workload, seed: Seed) -> Result<Workload, TransformError> {
        let windows = self.first_jobs.len();
        let first = usize::try_from(seed.0).ok().and_then(|index| self.first_jobs.get(index).copied());
        let first = first.ok_or(TransformError::NoWindow { seed: seed.0, windows })?;
        let jobs = source.job_count();
        if self.count > jobs {
            let allowed = format!("1 to the {jobs} jobs of the workload");
            return Err(refusal("window", "count", self.count, allowed));
        }
        if first > jobs - self.count {
            let allowed = format!("0 to {}, so that {} of {jobs} jobs follow", jobs - self.count, self.count);
            return Err(refusal("window", "first_jobs", first, allowed));
        }
        let begin = source.job_submit(JobId::from_index(first));
        let mut carry = Carry::new("window", source, source.origin() + begin.since(SimTime::ZERO));
        for index in first..first + self.count {
            let job = JobId::from_index(index);
            carry.add(job, SimTime::ZERO + source.job_submit(job).since(begin))?;
        }
        Ok(carry.finish())
    }
}
