//! Arrivals that follow the hour: time that passes faster while much is submitted.
//!
//! ```text
//!  weight      ___
//!          ___|   |_          What takes one second of an even process takes 1 / weight seconds here, so that
//!      ___|         |___      arrivals crowd where weights are high and nothing comes where they are 0.
//!      0    8   12   18 h
//! ```

use crate::OptionError;

/// Slots of equal length, one behind the other and then again from the first, each with its weight.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cycle {
    slot_seconds: f64,
    weights: Vec<f64>,
}

/// A moment on the clock of a cycle. Slots are counted from the first one and not wrapped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moment {
    slot: u64,
    /// Seconds since the slot began.
    into: f64,
}

impl Cycle {
    /// What a workload may span: 2^53 microseconds, rounded up.
    const LONGEST_SECONDS: f64 = 9.1e9;

    /// Weights are at least 0 and not all 0.
    pub(crate) fn new(slot_seconds: f64, weights: Vec<f64>) -> Self {
        assert!(weights.iter().all(|&weight| weight >= 0.0) && weights.iter().any(|&weight| weight > 0.0));
        Self { slot_seconds, weights }
    }

    /// The moment so many seconds after the clock of the cycle showed 0.
    pub(crate) fn moment(&self, seconds: f64) -> Moment {
        let slot = (seconds / self.slot_seconds) as u64;
        Moment { slot, into: (seconds - slot as f64 * self.slot_seconds).clamp(0.0, self.slot_seconds) }
    }

    /// Seconds since the clock of the cycle showed 0.
    pub(crate) fn seconds(&self, moment: Moment) -> f64 {
        moment.slot as f64 * self.slot_seconds + moment.into
    }

    fn weight(&self, slot: u64) -> f64 {
        self.weights[(slot % self.weights.len() as u64) as usize]
    }

    /// The moment at which so many weighted seconds will have passed; `None` beyond every workload.
    pub(crate) fn after(&self, moment: Moment, weighted_seconds: f64) -> Option<Moment> {
        let last_slot = (Self::LONGEST_SECONDS / self.slot_seconds) as u64;
        let Moment { mut slot, mut into } = moment;
        let mut left = weighted_seconds;
        while slot < last_slot {
            let weight = self.weight(slot);
            let in_slot = (self.slot_seconds - into) * weight;
            if left < in_slot {
                return Some(Moment { slot, into: into + left / weight });
            }
            left -= in_slot;
            (slot, into) = (slot + 1, 0.0);
        }
        None
    }

    /// The weighted seconds that pass from one moment to a later one.
    pub(crate) fn between(&self, from: Moment, to: Moment) -> f64 {
        if from.slot == to.slot {
            return (to.into - from.into).max(0.0) * self.weight(from.slot);
        }
        let whole: f64 = (from.slot + 1..to.slot).map(|slot| self.weight(slot)).sum();
        let ends = (self.slot_seconds - from.into) * self.weight(from.slot) + to.into * self.weight(to.slot);
        ends + whole * self.slot_seconds
    }
}

/// How much a generator makes: so many jobs, or whatever comes within a span.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Extent {
    /// So many jobs.
    Jobs(usize),
    /// Jobs that are submitted before so many seconds have passed.
    Seconds(f64),
}

impl Extent {
    /// More jobs than this are no workload but a slip.
    const MOST_JOBS: usize = 100_000_000;
    /// Ten years.
    const MOST_HOURS: f64 = 87_660.0;

    /// Of the options `jobs` and `span_hours`, of which at most one may stand there; without both, 10,000 jobs.
    pub(crate) fn new(jobs: Option<usize>, span_hours: Option<f64>) -> Result<Self, OptionError> {
        match (jobs, span_hours) {
            (None, None) => Ok(Self::Jobs(10_000)),
            (Some(_), Some(hours)) => Err(OptionError::out_of_range(
                "span_hours",
                hours,
                "one of `jobs` and `span_hours`, not both",
            )),
            (Some(jobs), None) if (1..=Self::MOST_JOBS).contains(&jobs) => Ok(Self::Jobs(jobs)),
            (Some(jobs), None) => {
                let allowed = format!("a whole number from 1 to {}", Self::MOST_JOBS);
                Err(OptionError::out_of_range("jobs", jobs, &allowed))
            }
            (None, Some(hours)) if (0.01..=Self::MOST_HOURS).contains(&hours) => {
                Ok(Self::Seconds(hours * 3600.0))
            }
            (None, Some(hours)) => {
                let allowed = format!("a number from 0.01 to {}", Self::MOST_HOURS);
                Err(OptionError::out_of_range("span_hours", hours, &allowed))
            }
        }
    }

    /// True when a job that would be the next after so many, and would come then, is one too many.
    pub(crate) fn is_over(self, jobs: usize, seconds: f64) -> bool {
        match self {
            Self::Jobs(most) => jobs >= most,
            Self::Seconds(span) => seconds >= span || jobs >= Self::MOST_JOBS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weighted_seconds_pass_faster_where_weights_are_high() {
        // 10 s at weight 1, 10 s at 0, 10 s at 3: a cycle has 40 weighted seconds.
        let cycle = Cycle::new(10.0, vec![1.0, 0.0, 3.0]);
        let after =
            |from: f64, weighted| cycle.after(cycle.moment(from), weighted).map(|at| cycle.seconds(at));
        assert_eq!(after(0.0, 4.0), Some(4.0));
        assert_eq!(after(0.0, 13.0), Some(21.0), "10 of them before the pause, 3 behind it within a second");
        assert_eq!(after(5.0, 5.0 + 30.0 + 2.0), Some(32.0));
        assert_eq!(after(0.0, 400.0), Some(300.0), "ten cycles");
        assert_eq!(after(0.0, 1e12), None);
        for (from, to) in [(0.0, 4.0), (2.0, 21.0), (12.0, 57.0), (29.0, 31.0)] {
            let weighted = cycle.between(cycle.moment(from), cycle.moment(to));
            assert!((after(from, weighted).expect("soon") - to).abs() < 1e-9, "{from} to {to}");
        }
    }

    #[test]
    fn an_extent_is_jobs_or_a_span() {
        assert_eq!(Extent::new(None, None), Ok(Extent::Jobs(10_000)));
        assert_eq!(Extent::new(None, Some(2.0)), Ok(Extent::Seconds(7200.0)));
        assert!(Extent::new(Some(1), Some(1.0)).is_err_and(|error| error.to_string().contains("not both")));
        assert!(Extent::new(Some(0), None).is_err() && Extent::new(None, Some(f64::NAN)).is_err());
        assert!(Extent::Jobs(3).is_over(3, 0.0) && !Extent::Jobs(3).is_over(2, 1e9));
        assert!(Extent::Seconds(5.0).is_over(0, 5.0) && !Extent::Seconds(5.0).is_over(99, 4.9));
    }
}
