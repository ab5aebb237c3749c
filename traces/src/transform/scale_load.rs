//! More or less work than there was.

use super::compress::compressed;
use super::{Carry, Deserialize, Seed, Serialize, SimTime, Step, TransformError, Workload, refusal};

const NAME: &str = "scale_load";

/// Multiplies the offered load (what is asked for, times how long, over the span) by a factor.
///
/// * `by = "jobs"`: below 1, each job is kept with this probability. Above 1, each job is there as often as the whole
///   part of the factor says, and once more with the probability of the rest; copies come up to `jitter_seconds` before
///   or after the original, all moments alike, and where that is outside the span, as far inside it. The days and weeks
///   of the arrivals stay.
/// * `by = "arrivals"`: submit times are divided by the factor. The jobs stay, and so does which comes after which; days
///   and weeks become shorter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScaleLoad {
    /// Above 0, up to 1000.
    pub factor: f64,
    /// How it is done.
    #[serde(default)]
    pub by: ScaleBy,
    /// How far copies are from their originals, at most.
    #[serde(default = "ten_minutes")]
    pub jitter_seconds: f64,
}

fn ten_minutes() -> f64 {
    600.0
}

/// How a load is scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaleBy {
    /// Fewer or more jobs in the same time.
    #[default]
    Jobs,
    /// The same jobs in less or more time.
    Arrivals,
}

impl Step for ScaleLoad {
    const HELP: &'static str = "the offered load times a factor: by leaving out or copying jobs, or by closer arrivals";

    fn check(&self) -> Result<(), TransformError> {
        if !(self.factor > 0.0 && self.factor <= 1000.0) {
            return Err(refusal(NAME, "factor", self.factor, "a number above 0, up to 1000"));
        }
        match (0.0..=1e9).contains(&self.jitter_seconds) {
            true => Ok(()),
            false => Err(refusal(NAME, "jitter_seconds", self.jitter_seconds, "a number from 0 to 1e9")),
        }
    }

    fn is_of_seed(&self) -> bool {
        self.by == ScaleBy::Jobs && self.factor != 1.0
    }

    fn apply(&self, source: &Workload, seed: Seed) -> Result<Workload, TransformError> {
        if self.by == ScaleBy::Arrivals {
            return compressed(NAME, source, self.factor);
        }
        let mut counts = seed.stream("scale_load.counts");
        let mut jitter = seed.stream("scale_load.jitter");
        let (whole, rest) = (self.factor.floor(), self.factor.fract());
        let last = source.last_submit().seconds();
        let mut carry = Carry::new(NAME, source, source.origin());
        for job in source.jobs() {
            let submit = source.job_submit(job);
            let count = whole as u32 + u32::from(rest > 0.0 && counts.unit() < rest);
            for copy in 0..count {
                if copy == 0 {
                    carry.add(job, submit)?;
                    continue;
                }
                let apart = (2.0 * jitter.unit() - 1.0) * self.jitter_seconds;
                let seconds = inside(submit.seconds() + apart, last);
                let submit = SimTime::from_seconds(seconds).expect("it lies within the span of a workload");
                carry.add_copy(job, submit)?;
            }
        }
        carry.finish_unless_empty("take a larger factor, or another seed")
    }
}

/// As far inside 0 to `last` as it was outside; at the farther end where the span is too short for that.
fn inside(seconds: f64, last: f64) -> f64 {
    let reflected = if seconds < 0.0 { -seconds } else { seconds };
    let reflected = if reflected > last { 2.0 * last - reflected } else { reflected };
    reflected.clamp(0.0, last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_outside_comes_as_far_inside() {
        assert_eq!([inside(-3.0, 10.0), inside(12.0, 10.0), inside(4.0, 10.0)], [3.0, 8.0, 4.0]);
        assert_eq!([inside(-30.0, 10.0), inside(30.0, 10.0)], [0.0, 0.0]);
    }
}
