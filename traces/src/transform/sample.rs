//! A random part of the jobs.

use std::collections::BTreeMap;

use sim::kernel::ids::TenantId;

use super::{Carry, Deserialize, Seed, Serialize, Step, TransformError, Workload, refusal};

/// Keeps each job, or each tenant with all his jobs, with a probability; times stay as they are. Another seed keeps
/// others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The probability, above 0 up to 1.
    pub share: f64,
    /// What is kept or not.
    #[serde(default)]
    pub by: SampleBy,
}

/// What is kept or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SampleBy {
    /// Each job on its own.
    #[default]
    Job,
    /// Each tenant with all his jobs.
    Tenant,
}

impl Step for Sample {
    const HELP: &'static str = "each job, or each tenant, kept with a probability";

    fn check(&self) -> Result<(), TransformError> {
        match self.share > 0.0 && self.share <= 1.0 {
            true => Ok(()),
            false => Err(refusal("sample", "share", self.share, "a number above 0, up to 1")),
        }
    }

    fn is_of_seed(&self) -> bool {
        self.share < 1.0
    }

    fn apply(&self, source: &Workload, seed: Seed) -> Result<Workload, TransformError> {
        let mut jobs = seed.stream("sample.jobs");
        let mut tenants = seed.stream("sample.tenants");
        let mut known: BTreeMap<TenantId, bool> = BTreeMap::new();
        let mut carry = Carry::new("sample", source, source.origin());
        for job in source.jobs() {
            let is_kept = match self.by {
                SampleBy::Job => jobs.unit() < self.share,
                // Tenants are drawn as they first come, which is the same for every share.
                SampleBy::Tenant => *known
                    .entry(source.tenant(job))
                    .or_insert_with(|| tenants.unit() < self.share),
            };
            if is_kept {
                carry.add(job, source.job_submit(job))?;
            }
        }
        carry.finish_unless_empty("keep a larger share, or take another seed")
    }
}
