//! A window of time.

use super::{
    Deserialize, Seed, Serialize, SimDuration, SimTime, Step, TransformError, Workload, moment, part_of_time, refusal,
};

const NAME: &str = "time_window";

/// Takes the jobs that are submitted within a window of time: from `from_seconds` (without it, the beginning) on and
/// before `to_seconds` (without it, all that follow), or for seed k the `length_seconds` from `starts_seconds[k]` on.
/// Moments are seconds of the workload's clock, which counts from its first job. The new clock begins where the window
/// does, and the origin moves along.
///
/// What was submitted before the window and still ran in it is not there: a window begins with an empty cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeWindow {
    /// Where the window begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_seconds: Option<f64>,
    /// Where it ends; what is submitted then belongs to the next one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_seconds: Option<f64>,
    /// Instead of both: where the windows begin, one for each seed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starts_seconds: Vec<f64>,
    /// How long each of them is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length_seconds: Option<f64>,
}

impl Step for TimeWindow {
    const HELP: &'static str = "the jobs submitted within a window of time, one for all seeds or one for each";

    fn check(&self) -> Result<(), TransformError> {
        let has_range = self.from_seconds.is_some() || self.to_seconds.is_some();
        for (key, seconds) in [("from_seconds", self.from_seconds), ("to_seconds", self.to_seconds)] {
            seconds.map_or(Ok(SimTime::ZERO), |seconds| moment(NAME, key, seconds))?;
        }
        self.starts_seconds.iter().try_for_each(|&start| moment(NAME, "starts_seconds", start).map(|_| ()))?;
        match (has_range, self.starts_seconds.is_empty(), self.length_seconds) {
            (true, true, None) => match (self.from_seconds.unwrap_or(0.0), self.to_seconds) {
                (from, Some(to)) if to <= from => {
                    Err(refusal(NAME, "to_seconds", to, format!("a moment after {from} s, where the window begins")))
                }
                _ => Ok(()),
            },
            (false, false, Some(length)) => match SimDuration::from_seconds(length) {
                Some(length) if length > SimDuration::ZERO => Ok(()),
                _ => Err(refusal(NAME, "length_seconds", length, "a number of seconds above 0, up to 2^53 microseconds")),
            },
            (false, false, None) => Err(refusal(NAME, "length_seconds", "nothing", "a length beside `starts_seconds`")),
            (false, true, _) => Err(refusal(
                NAME,
                "from_seconds",
                "nothing",
                "`from_seconds` or `to_seconds` or both, or `starts_seconds` with `length_seconds`",
            )),
            (true, ..) => Err(refusal(
                NAME,
                "starts_seconds",
                "a list or a length",
                "either `from_seconds` and `to_seconds`, or `starts_seconds` with `length_seconds`",
            )),
        }
    }

    fn is_of_seed(&self) -> bool {
        !self.starts_seconds.is_empty()
    }

    fn seeds(&self) -> Option<usize> {
        self.is_of_seed().then_some(self.starts_seconds.len())
    }

    fn apply(&self, source: &Workload, seed: Seed) -> Result<Workload, TransformError> {
        const ADVICE: &str = "name a window in which jobs are submitted";
        let (from, to) = match self.length_seconds {
            Some(length) => {
                let windows = self.starts_seconds.len();
                let index = usize::try_from(seed.0).ok();
                let start = index.and_then(|index| self.starts_seconds.get(index).copied());
                let start = start.ok_or(TransformError::NoTimeWindow { seed: seed.0, windows })?;
                let length = SimDuration::from_seconds(length).expect("the length was checked");
                let from = moment(NAME, "starts_seconds", start)?;
                (from, from + length)
            }
            None => {
                let from = moment(NAME, "from_seconds", self.from_seconds.unwrap_or(0.0))?;
                let to = self.to_seconds.map_or(Ok(SimTime::MAX), |to| moment(NAME, "to_seconds", to))?;
                (from, to)
            }
        };
        part_of_time(NAME, source, from, to, ADVICE)
    }
}
