//! A series: what was measured, and when.

use super::quantity::Quantity;
use super::steps;
use super::time::UtcTime;

/// No quantity of an environment has values beyond this; sums of such values over the whole calendar are finite.
pub(crate) const LARGEST: f64 = 1e18;

/// Measurements of one quantity, in order of time.
///
/// ```text
///  value
///    |      +-----+                 A value holds from its time until the next. Where the next is late, it
///    |  +---+     |                 holds for one local step, and then there is a gap. The last value holds
///    |  |   |     +---+      +---+  for one local step as well. What a gap means is for whoever asks to say.
///    +--x---x-----x---|~gap~~x---|---> time
/// ```
///
/// There are two points or more; times ascend, each stands once; values are finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    subject: Subject,
    times: Vec<UtcTime>,
    values: Vec<f64>,
    /// The local step at every point, in microseconds; the last value holds for its step within the calendar.
    steps: Vec<i64>,
}

/// What the values of a series are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// What is measured.
    pub quantity: Quantity,
    /// In which unit.
    pub unit: String,
    /// The column of the source, as it is named there.
    pub column: String,
}

impl Subject {
    /// A quantity in its own unit; quantities that have none say so with `?`.
    pub(super) fn new(quantity: Quantity, column: &str) -> Self {
        Self { quantity, unit: quantity.unit().unwrap_or("?").to_owned(), column: column.to_owned() }
    }
}

/// What is wrong with the points of a series.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PointError {
    /// From one point no step can be told.
    #[error("a series has two points or more, there are {count}")]
    TooFew {
        /// How many there are.
        count: usize,
    },
    /// As many times as values.
    #[error("there are {times} times and {values} values: every point has one of each")]
    Unequal {
        /// How many times.
        times: usize,
        /// How many values.
        values: usize,
    },
    /// A time that is not after the one before.
    #[error("{time} stands behind {before}: times ascend and each stands once")]
    Order {
        /// The time.
        time: UtcTime,
        /// The time before it.
        before: UtcTime,
    },
    /// A last value that would hold for longer than calendars go.
    #[error("the value of {time} would hold beyond the year 9999")]
    End {
        /// When it begins to hold.
        time: UtcTime,
    },
    /// A value that is no measurement.
    #[error("{value} stands at {time}: values lie between -1e18 and 1e18")]
    Value {
        /// When.
        time: UtcTime,
        /// What stood there.
        value: String,
    },
}

impl Series {
    /// A series of these points.
    ///
    /// # Errors
    /// When there are fewer than two points, a time is not after the one before, or a value is not finite.
    pub fn new(subject: Subject, times: Vec<UtcTime>, values: Vec<f64>) -> Result<Self, PointError> {
        if times.len() != values.len() {
            return Err(PointError::Unequal { times: times.len(), values: values.len() });
        }
        if times.len() < 2 {
            return Err(PointError::TooFew { count: times.len() });
        }
        if let Some(pair) = times.windows(2).find(|pair| pair[1] <= pair[0]) {
            return Err(PointError::Order { time: pair[1], before: pair[0] });
        }
        let is_wrong = |value: &f64| value.is_nan() || value.abs() > LARGEST;
        if let Some(position) = values.iter().position(is_wrong) {
            return Err(PointError::Value { time: times[position], value: values[position].to_string() });
        }
        let steps = steps::local_steps(&times);
        let (&last, &step) = times.last().zip(steps.last()).expect("there are two points or more");
        if last.plus(step).is_none() {
            return Err(PointError::End { time: last });
        }
        Ok(Self { subject, times, values, steps })
    }

    /// What the values are.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// When each value begins to hold, ascending.
    pub fn times(&self) -> &[UtcTime] {
        &self.times
    }

    /// The values, one for each time.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// When the first value begins to hold.
    pub fn start(&self) -> UtcTime {
        self.times[0]
    }

    /// When the last value ceases to hold: one local step after its time.
    pub fn end(&self) -> UtcTime {
        self.held_until(self.times.len() - 1)
    }

    /// When the value of a point ceases to hold, one local step after its time, were there no next point.
    fn held_until(&self, point: usize) -> UtcTime {
        // Steps are distances of the series, so that only the last one could leave the calendar: it was checked.
        self.times[point].plus(self.steps[point]).unwrap_or(self.times[self.times.len() - 1])
    }

    /// The local step at every point, in microseconds: the distance at which the next point is expected.
    pub fn steps(&self) -> &[i64] {
        &self.steps
    }

    /// The stretches of equal step, in order of time.
    pub fn stretches(&self) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        for (&start, &step_us) in self.times.iter().zip(&self.steps) {
            match stretches.last_mut() {
                Some(last) if last.step_us == step_us => last.points += 1,
                _ => stretches.push(Stretch { start, step_us, points: 1 }),
            }
        }
        stretches
    }

    /// The gaps: where the next point comes later than `factor` local steps.
    pub fn gaps(&self, factor: f64) -> Vec<Gap> {
        let is_late = |point: &usize| {
            let distance = self.times[point + 1].microseconds() - self.times[*point].microseconds();
            steps::is_gap(distance, self.steps[*point], factor)
        };
        let late = (0..self.times.len() - 1).filter(is_late);
        late.map(|point| Gap { point, from: self.held_until(point), until: self.times[point + 1] }).collect()
    }
}

/// Points that follow each other at one nominal step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The time of its first point.
    pub start: UtcTime,
    /// The nominal step, in microseconds.
    pub step_us: i64,
    /// How many points it has.
    pub points: usize,
}

/// A time of which nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Which point lies before it.
    pub point: usize,
    /// When the value before it ceased to hold.
    pub from: UtcTime,
    /// When the next value begins to hold.
    pub until: UtcTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(minutes: &[i64]) -> Result<Series, PointError> {
        let times = minutes.iter().filter_map(|minute| UtcTime::from_microseconds(minute * 60_000_000));
        let values = vec![1.0; minutes.len()];
        Series::new(Subject::new(Quantity::CarbonIntensity, "x"), times.collect(), values)
    }

    #[test]
    fn a_change_of_step_is_no_gap_and_a_late_point_is_one() {
        // Ten half hours, then ten quarters; one point is missing among the quarters.
        let mut minutes: Vec<i64> = (0..10).map(|index| index * 30).collect();
        minutes.extend((0..20).map(|index| 300 + index * 15).filter(|&minute| minute != 420));
        let series = series(&minutes).expect("valid");
        let minute = |time: UtcTime| time.microseconds() / 60_000_000;
        let stretches: Vec<(i64, i64, usize)> = series
            .stretches()
            .iter()
            .map(|stretch| (minute(stretch.start), stretch.step_us / 60_000_000, stretch.points))
            .collect();
        assert_eq!(stretches, [(0, 30, 10), (300, 15, 19)]);
        let gaps: Vec<(i64, i64)> =
            series.gaps(1.5).iter().map(|gap| (minute(gap.from), minute(gap.until))).collect();
        assert_eq!(gaps, [(420, 435)]);
        assert_eq!(series.gaps(2.5), []);
        assert_eq!((minute(series.start()), minute(series.end())), (0, 600));
    }

    #[test]
    fn what_is_no_series_is_refused() {
        let told = |minutes: &[i64]| series(minutes).expect_err("refused").to_string();
        assert!(told(&[]).contains("two points or more, there are 0"));
        assert!(told(&[5]).contains("there are 1"));
        assert!(told(&[0, 5, 5]).contains("1970-01-01T00:05:00Z stands behind 1970-01-01T00:05:00Z"));
        assert!(told(&[0, 5, 4]).contains("ascend"));
        let subject = || Subject::new(Quantity::Other, "x");
        let times: Vec<UtcTime> = (0..2).filter_map(UtcTime::from_microseconds).collect();
        for value in [f64::NAN, f64::INFINITY, -2e18] {
            let error = Series::new(subject(), times.clone(), vec![0.0, value]).expect_err("refused");
            assert!(error.to_string().contains(&value.to_string()), "{error}");
        }
        assert!(Series::new(subject(), times, vec![0.0]).is_err());
    }
}
