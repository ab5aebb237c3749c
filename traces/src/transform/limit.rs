//! The first jobs only.

use super::{Carry, Deserialize, Seed, Serialize, Step, TransformError, Workload, refusal};

/// Keeps the first jobs, as long as they have no more than `tasks` tasks together. A shorter workload stays
/// as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// At least 1.
    pub tasks: usize,
}

impl Step for Limit {
    const HELP: &'static str = "the first jobs, up to so many tasks";

    fn check(&self) -> Result<(), TransformError> {
        match self.tasks {
            0 => Err(refusal("limit", "tasks", 0, "1 or more tasks")),
            _ => Ok(()),
        }
    }

    fn apply(&self, source: &Workload, _: Seed) -> Result<Workload, TransformError> {
        let first = source.jobs().next().map_or(1, |job| source.job_tasks(job).len());
        if self.tasks < first {
            let allowed = format!("{first} or more, as the first job has");
            return Err(refusal("limit", "tasks", self.tasks, allowed));
        }
        let mut carry = Carry::new("limit", source, source.origin());
        for job in source.jobs() {
            if carry.task_count() + source.job_tasks(job).len() > self.tasks {
                break;
            }
            carry.add(job, source.job_submit(job))?;
        }
        Ok(carry.finish())
    }
}
