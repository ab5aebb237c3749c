//! Long pauses between arrivals cut short.

use super::{Carry, Deserialize, Seed, Serialize, SimDuration, SimTime, Step, TransformError, Workload, refusal};

/// Where nothing is submitted for longer than `longest_seconds`, the pause becomes as long as that: everything behind
/// it moves forward. Pauses before the first job stay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompressGaps {
    /// The longest pause that is left.
    pub longest_seconds: f64,
}

impl Step for CompressGaps {
    const HELP: &'static str = "pauses between arrivals cut down to a longest one";

    fn check(&self) -> Result<(), TransformError> {
        let longest = self.longest_seconds;
        let refuse = || refusal("compress_gaps", "longest_seconds", longest, "0 s to 2^53 microseconds");
        SimDuration::from_seconds(longest).map(|_| ()).ok_or_else(refuse)
    }

    fn apply(&self, source: &Workload, _: Seed) -> Result<Workload, TransformError> {
        let longest = SimDuration::from_seconds(self.longest_seconds).expect("the pause was checked");
        let mut carry = Carry::new("compress_gaps", source, source.origin());
        let mut last: Option<(SimTime, SimTime)> = None;
        for job in source.jobs() {
            let before = source.job_submit(job);
            let submit = match last {
                Some((last_before, last_after)) => last_after + before.since(last_before).min(longest),
                None => before,
            };
            last = Some((before, submit));
            carry.add(job, submit)?;
        }
        Ok(carry.finish())
    }
}
