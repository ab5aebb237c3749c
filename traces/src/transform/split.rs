//! One part of three: to train on, to choose by, to test on.

use chrono::NaiveDate;

use super::{Deserialize, Seed, Serialize, SimTime, Step, TransformError, Workload, moment, part_of_time, refusal};

const NAME: &str = "split";

/// Takes one of three consecutive parts, by time: `train` comes first, then `validation`, then `test`. They never
/// overlap, and together they are the whole. A part's clock begins where the part does, and the origin moves along.
///
/// ```toml
/// { split = { part = "train" } }                                                      # 70, 15 and 15 percent of the span
/// { split = { part = "test", train = 0.8, validation = 0.0, test = 0.2 } }
/// { split = { part = "test", validation_from = "2018-11-01", test_from = "2018-12-01" } }   # or seconds of the clock
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// The part that is taken.
    pub part: Part,
    /// Share of the span, from the first job to the last; 0.7 where no share is stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train: Option<f64>,
    /// Share of the span; 0.15 where no share is stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<f64>,
    /// Share of the span; 0.15 where no share is stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<f64>,
    /// Instead of shares: where the second part begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_from: Option<Boundary>,
    /// Where the third part begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_from: Option<Boundary>,
}

/// One of three parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The first.
    Train,
    /// The second.
    Validation,
    /// The third.
    Test,
}

/// Where a part begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Boundary {
    /// Seconds of the workload's clock.
    Seconds(f64),
    /// Midnight (UTC) before a day, "2018-11-01", by the source's own clock, which then counts from 1970.
    Date(String),
}

impl Split {
    /// One part, by shares of 0.7, 0.15 and 0.15.
    pub fn of(part: Part) -> Self {
        Self { part, train: None, validation: None, test: None, validation_from: None, test_from: None }
    }

    /// The shares, where the parts are made by shares.
    fn shares(&self) -> Result<Option<[f64; 3]>, TransformError> {
        let stated = [self.train, self.validation, self.test];
        let boundaries = (&self.validation_from, &self.test_from);
        match (stated.iter().flatten().count(), boundaries) {
            (0, (None, None)) => Ok(Some([0.7, 0.15, 0.15])),
            (0, (Some(_), Some(_))) => Ok(None),
            (3, (None, None)) => {
                let shares = stated.map(|share| share.expect("all three are stated"));
                let is_whole = (shares.iter().sum::<f64>() - 1.0).abs() < 1e-9;
                match is_whole && shares.iter().all(|share| (0.0..=1.0).contains(share)) {
                    true => Ok(Some(shares)),
                    false => Err(refusal(NAME, "train", format!("{shares:?}"), "shares of 0 to 1 that sum to 1")),
                }
            }
            (_, (None, None)) => Err(refusal(NAME, "train", "a part of the shares", "all of `train`, `validation` and `test`")),
            (0, _) => Err(refusal(NAME, "test_from", "one boundary", "both `validation_from` and `test_from`")),
            _ => Err(refusal(NAME, "test_from", "a boundary beside shares", "either shares or boundaries")),
        }
    }

    /// Where the second and the third part begin.
    fn boundaries(&self, source: &Workload) -> Result<[SimTime; 2], TransformError> {
        let last = source.last_submit();
        if let Some([train, validation, _]) = self.shares()? {
            let at = |share: f64| SimTime::from_seconds(last.seconds() * share).expect("it lies within the span");
            // What remains of the last share is the end: a rounded sum may not fall short of it.
            let end = last + sim::kernel::time::SimDuration(1);
            let third = if self.test == Some(0.0) { end } else { at(train + validation) };
            let second = if validation + self.test.unwrap_or(0.15) == 0.0 { end } else { at(train) };
            return Ok([second.min(third), third]);
        }
        let of = |key, boundary: &Option<Boundary>| {
            boundary.as_ref().expect("both boundaries stand there: that was checked").in_clock_of(key, source)
        };
        let (second, third) = (of("validation_from", &self.validation_from)?, of("test_from", &self.test_from)?);
        match second <= third {
            true => Ok([second, third]),
            false => Err(refusal(NAME, "test_from", third, format!("a moment not before {second}, where validation begins"))),
        }
    }
}

impl Boundary {
    fn check(&self, key: &'static str) -> Result<(), TransformError> {
        match self {
            Self::Seconds(seconds) => moment(NAME, key, *seconds).map(|_| ()),
            Self::Date(date) => unix_seconds(key, date).map(|_| ()),
        }
    }

    fn in_clock_of(&self, key: &'static str, source: &Workload) -> Result<SimTime, TransformError> {
        match self {
            Self::Seconds(seconds) => moment(NAME, key, *seconds),
            Self::Date(date) => {
                let (origin, last) = (source.origin().seconds(), source.last_submit().seconds());
                let seconds = unix_seconds(key, date)? - origin;
                let allowed = || format!("a day within the workload, whose clock shows {origin} to {} s", origin + last);
                match (0.0..=last).contains(&seconds) {
                    true => moment(NAME, key, seconds),
                    false => Err(refusal(NAME, key, date, allowed())),
                }
            }
        }
    }
}

fn unix_seconds(key: &'static str, date: &str) -> Result<f64, TransformError> {
    let day = NaiveDate::parse_from_str(date, "%Y-%m-%d");
    let midnight = day.ok().and_then(|day| day.and_hms_opt(0, 0, 0));
    let seconds = midnight.map(|midnight| midnight.and_utc().timestamp() as f64);
    seconds.ok_or_else(|| refusal(NAME, key, date, "a day such as \"2018-11-01\", or seconds of the workload's clock"))
}

impl Step for Split {
    const HELP: &'static str = "one of three parts by time: train, validation or test";

    fn check(&self) -> Result<(), TransformError> {
        self.shares()?;
        for (key, boundary) in [("validation_from", &self.validation_from), ("test_from", &self.test_from)] {
            boundary.as_ref().map_or(Ok(()), |boundary| boundary.check(key))?;
        }
        Ok(())
    }

    fn apply(&self, source: &Workload, _: Seed) -> Result<Workload, TransformError> {
        let [second, third] = self.boundaries(source)?;
        let (from, to) = match self.part {
            Part::Train => (SimTime::ZERO, second),
            Part::Validation => (second, third),
            Part::Test => (third, SimTime::MAX),
        };
        part_of_time(NAME, source, from, to, "state parts in which jobs are submitted")
    }
}
