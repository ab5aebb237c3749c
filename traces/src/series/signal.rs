//! A series under rules, which answers for any moment: its value then, and its integral and mean over any time.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use super::error::SeriesError;
use super::exact::Exact;
use super::points::{Gap, Series};
use super::time::UtcTime;
use crate::OptionError;

/// What a series says where it says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// A gap is where the next point comes later than so many local steps; at least 1.
    pub gap_factor: f64,
    /// What a gap says.
    pub gaps: Gaps,
    /// What is said before the first point and after the last value has held for its step.
    pub wrap: Wrap,
}

/// What a gap says. A series with gaps serves as it is wherever none is touched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gaps {
    /// Nothing: whoever asks is told so.
    #[default]
    Refuse,
    /// The value before it holds on.
    Hold,
    /// A straight line from the value before it to the value behind it.
    Interpolate,
}

/// What is said beyond the ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wrap {
    /// Nothing: whoever asks is told so.
    #[default]
    Never,
    /// What it says at the same month, day and time of day, in UTC, of a year that it covers: after its end of
    /// the latest such year, before its start of the earliest. Where that year has no 29 February, it is
    /// the 28th again. Days of the week are not kept.
    Year,
}

impl Default for Rules {
    fn default() -> Self {
        Self { gap_factor: 1.5, gaps: Gaps::default(), wrap: Wrap::default() }
    }
}

/// A series that answers questions, each in a time that grows with the logarithm of its length.
///
/// ```
/// use traces::series::{Quantity, Rules, Series, Signal, Subject, UtcTime};
/// let subject = Subject { quantity: Quantity::ElectricityPrice, unit: "EUR/MWh".into(), column: "price".into() };
/// let hour = |hour: i64| UtcTime::from_microseconds(hour * 3_600_000_000).expect("in the calendar");
/// let series = Series::new(subject, vec![hour(0), hour(1), hour(2)], vec![50.0, 80.0, -10.0])?;
/// let signal = Signal::new(series, Rules::default())?;
/// assert_eq!(signal.at(hour(1))?, 80.0);
/// // One hour at 80 and one at -10 are 70 for two hours.
/// assert_eq!(signal.mean(hour(1), hour(3))?, 35.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Signal {
    series: Series,
    rules: Rules,
    gaps: Vec<Gap>,
    /// The integral from the start to every point, in the unit of the values times microseconds.
    sums: Vec<Exact>,
}

impl Signal {
    /// A series under these rules.
    ///
    /// # Errors
    /// When `gap_factor` is no number of 1 or more.
    pub fn new(series: Series, rules: Rules) -> Result<Self, OptionError> {
        if !(rules.gap_factor.is_finite() && rules.gap_factor >= 1.0) {
            return Err(OptionError::out_of_range("gap_factor", rules.gap_factor, "a number of 1 or more"));
        }
        let gaps = series.gaps(rules.gap_factor);
        let mut signal = Self { series, rules, gaps, sums: Vec::new() };
        let mut sum = Exact::default();
        signal.sums.reserve(signal.series.times().len());
        signal.sums.push(sum);
        for point in 1..signal.series.times().len() {
            sum = sum.plus(signal.since_point(point - 1, signal.series.times()[point].microseconds()));
            signal.sums.push(sum);
        }
        Ok(signal)
    }

    /// The series.
    pub fn series(&self) -> &Series {
        &self.series
    }

    /// The rules.
    pub fn rules(&self) -> Rules {
        self.rules
    }

    /// The value at a moment.
    ///
    /// # Errors
    /// When the moment lies in a gap or beyond the ends, and the rules do not say what holds there.
    pub fn at(&self, time: UtcTime) -> Result<f64, SeriesError> {
        let native = self.native(time)?.0;
        self.value(self.point_at(native), native)
    }

    /// The integral from one moment to another, in the unit of the values times seconds.
    ///
    /// It is exact up to one rounding of the result: it does not matter into how many parts a time is split.
    ///
    /// # Errors
    /// When the second moment is before the first, or a part of the time lies in a gap or beyond the ends and the
    /// rules do not say what holds there.
    pub fn integral(&self, from: UtcTime, until: UtcTime) -> Result<f64, SeriesError> {
        if until < from {
            return Err(SeriesError::Backwards { from, until });
        }
        let mut sum = Exact::default();
        let mut reached = from;
        while reached < until {
            let (native, holds_until) = self.native(reached)?;
            let end = until.min(holds_until);
            let native_end = native + (end.microseconds() - reached.microseconds());
            self.refuse_gaps(native, native_end)?;
            sum = sum.plus(self.since_start(native_end).minus(self.since_start(native)));
            reached = end;
        }
        Ok(sum.value() / MICROSECONDS_PER_SECOND)
    }

    /// The mean over the time from one moment to another; the value at that moment when both are one.
    ///
    /// # Errors
    /// As [`Signal::integral`] and [`Signal::at`].
    pub fn mean(&self, from: UtcTime, until: UtcTime) -> Result<f64, SeriesError> {
        if from == until {
            return self.at(from);
        }
        let seconds = (until.microseconds() - from.microseconds()) as f64 / MICROSECONDS_PER_SECOND;
        self.integral(from, until).map(|integral| integral / seconds)
    }

    /// Answers for moments that mostly ascend, each in constant time.
    pub fn cursor(&self) -> Cursor<'_> {
        Cursor { signal: self, point: 0 }
    }

    /// Where in the series the answer for a moment lies, and until when it lies as far from it as now.
    fn native(&self, time: UtcTime) -> Result<(i64, UtcTime), SeriesError> {
        let (start, end) = (self.series.start(), self.series.end());
        if (start..end).contains(&time) {
            return Ok((time.microseconds(), end));
        }
        let refuse = |advice| SeriesError::Beyond { time, start, end, advice };
        if self.rules.wrap == Wrap::Never {
            return Err(refuse("`wrap = \"year\"` repeats it by the calendar"));
        }
        let (first, last) = (start.naive().year(), end.naive().year());
        let mut years = first..=last;
        let next_year = || if time < start { years.next() } else { years.next_back() };
        for year in std::iter::from_fn(next_year) {
            let Some(moved) = moved_to(year, time).filter(|moved| (start..end).contains(moved)) else {
                continue;
            };
            let to_end = end.microseconds() - moved.microseconds();
            let mut until = next_turn(time).min(time.plus(to_end).unwrap_or(time));
            if time < start {
                until = until.min(start);
            }
            return Ok((moved.microseconds(), until));
        }
        Err(refuse("no year of the series covers this day"))
    }

    /// The point whose value holds at a time of the series, or held last.
    fn point_at(&self, native: i64) -> usize {
        self.series.times().partition_point(|time| time.microseconds() <= native) - 1
    }

    /// The gap behind a point, if there is one.
    fn gap_behind(&self, point: usize) -> Option<Gap> {
        let gap = self.gaps.partition_point(|gap| gap.point < point);
        self.gaps.get(gap).copied().filter(|gap| gap.point == point)
    }

    fn value(&self, point: usize, native: i64) -> Result<f64, SeriesError> {
        let value = self.series.values()[point];
        match self.gap_behind(point).filter(|gap| gap.from.microseconds() <= native) {
            None => Ok(value),
            Some(gap) => match self.rules.gaps {
                Gaps::Refuse => Err(SeriesError::Gap { from: gap.from, until: gap.until }),
                Gaps::Hold => Ok(value),
                Gaps::Interpolate => {
                    let (from, until) = (gap.from.microseconds(), gap.until.microseconds());
                    let share = (native - from) as f64 / (until - from) as f64;
                    Ok(value + (self.series.values()[point + 1] - value) * share)
                }
            },
        }
    }

    fn refuse_gaps(&self, from: i64, until: i64) -> Result<(), SeriesError> {
        let next = self.gaps.partition_point(|gap| gap.until.microseconds() <= from);
        match self.gaps.get(next) {
            Some(gap) if self.rules.gaps == Gaps::Refuse && gap.from.microseconds() < until => {
                Err(SeriesError::Gap { from: gap.from, until: gap.until })
            }
            _ => Ok(()),
        }
    }

    /// The integral from the start to a time of the series; what gaps say that are refused counts as nothing.
    fn since_start(&self, native: i64) -> Exact {
        let point = self.point_at(native);
        self.sums[point].plus(self.since_point(point, native))
    }

    /// The integral from a point to a time before the next point.
    fn since_point(&self, point: usize, native: i64) -> Exact {
        let start = self.series.times()[point].microseconds();
        let value = self.series.values()[point];
        let gap = self.gap_behind(point).filter(|gap| gap.from.microseconds() < native);
        let Some(gap) = gap else { return Exact::product(value, (native - start) as f64) };
        let held = Exact::product(value, (gap.from.microseconds() - start) as f64);
        let in_gap = (native - gap.from.microseconds()) as f64;
        match self.rules.gaps {
            Gaps::Refuse => held,
            Gaps::Hold => Exact::product(value, (native - start) as f64),
            Gaps::Interpolate => {
                let whole = (gap.until.microseconds() - gap.from.microseconds()) as f64;
                let reached = value + (self.series.values()[point + 1] - value) * (in_gap / whole);
                held.plus(Exact::product(value / 2.0 + reached / 2.0, in_gap))
            }
        }
    }
}

const MICROSECONDS_PER_SECOND: f64 = 1e6;

/// Reads a signal from earlier to later moments.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    signal: &'a Signal,
    point: usize,
}

impl Cursor<'_> {
    /// The value at a moment: constant time where it is the point of the last answer or one of the next few, as
    /// [`Signal::at`] otherwise.
    ///
    /// # Errors
    /// As [`Signal::at`].
    pub fn at(&mut self, time: UtcTime) -> Result<f64, SeriesError> {
        const STEPS: usize = 8;
        let native = self.signal.native(time)?.0;
        let times = self.signal.series.times();
        let begins = |point: usize| times.get(point).map_or(i64::MAX, |time| time.microseconds());
        let near = self.point..self.point + STEPS;
        let found = near.into_iter().find(|&point| begins(point) <= native && native < begins(point + 1));
        self.point = found.unwrap_or_else(|| self.signal.point_at(native));
        self.signal.value(self.point, native)
    }
}

/// The same month, day and time of day in another year; 28 February where that year has no 29th.
fn moved_to(year: i32, time: UtcTime) -> Option<UtcTime> {
    let utc = time.naive();
    let date = utc.date();
    let day = NaiveDate::from_ymd_opt(year, date.month(), date.day());
    let day = day.or_else(|| NaiveDate::from_ymd_opt(year, date.month(), date.day() - 1))?;
    UtcTime::from_naive(day.and_time(utc.time()))
}

/// The next moment at which years may differ: the beginning of a year, of 29 February or of March.
fn next_turn(time: UtcTime) -> UtcTime {
    let utc = time.naive();
    let year = utc.date().year();
    let turns = [(year, 2, 29), (year, 3, 1), (year + 1, 1, 1)];
    let dates = turns.iter().filter_map(|&(year, month, day)| NaiveDate::from_ymd_opt(year, month, day));
    let next = dates.map(Into::into).find(|&turn: &chrono::NaiveDateTime| turn > utc);
    // Behind the last year of the calendar there is no turn, and nothing to be asked for.
    next.and_then(UtcTime::from_naive).or_else(|| time.plus(1)).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::points::Subject;
    use super::super::quantity::Quantity;
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    fn time(text: &str) -> UtcTime {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    fn series(times: impl IntoIterator<Item = i64>, values: &[f64]) -> Series {
        let times = times.into_iter().filter_map(UtcTime::from_microseconds).collect();
        Series::new(Subject::new(Quantity::CarbonIntensity, "x"), times, values.to_vec()).expect("valid")
    }

    fn signal(series: &Series, gaps: Gaps, wrap: Wrap) -> Signal {
        Signal::new(series.clone(), Rules { gaps, wrap, ..Rules::default() }).expect("valid rules")
    }

    fn at(hours: f64) -> UtcTime {
        UtcTime::from_microseconds((hours * HOUR as f64) as i64).expect("a time")
    }

    /// Hours 0, 1, 2, 3, 8, 9, 10: five hours pass behind the fourth point.
    fn with_gap() -> Series {
        series([0, 1, 2, 3, 8, 9, 10].map(|hour| hour * HOUR), &[10.0, 20.0, 30.0, 40.0, 80.0, 90.0, 100.0])
    }

    #[test]
    fn a_gap_says_what_the_rules_say() {
        let refusing = signal(&with_gap(), Gaps::Refuse, Wrap::Never);
        assert_eq!(refusing.at(at(3.99)).expect("holds for its step"), 40.0);
        assert_eq!(refusing.at(at(10.5)).expect("holds for its step"), 100.0);
        assert_eq!(refusing.integral(at(0.5), at(4.0)).expect("no gap"), 95.0 * 3600.0);
        assert_eq!(refusing.integral(at(8.0), at(9.5)).expect("no gap"), 125.0 * 3600.0);
        for refusal in [
            refusing.at(at(4.0)).expect_err("a gap"),
            refusing.at(at(7.9)).expect_err("a gap"),
            refusing.integral(at(1.0), at(4.1)).expect_err("a gap"),
            refusing.mean(at(7.0), at(9.0)).expect_err("a gap"),
        ] {
            let told = refusal.to_string();
            assert!(told.contains("from 1970-01-01T04:00:00Z until 1970-01-01T08:00:00Z"), "{told}");
            assert!(told.contains("\"hold\" or \"interpolate\""), "{told}");
        }
        let holding = signal(&with_gap(), Gaps::Hold, Wrap::Never);
        assert_eq!(holding.at(at(7.9)).expect("held"), 40.0);
        assert_eq!(holding.integral(at(3.5), at(8.5)).expect("held"), (40.0 * 4.5 + 80.0 * 0.5) * 3600.0);
        let drawing = signal(&with_gap(), Gaps::Interpolate, Wrap::Never);
        assert_eq!(drawing.at(at(4.0)).expect("drawn"), 40.0);
        assert_eq!(drawing.at(at(6.0)).expect("drawn"), 60.0);
        // From 4 to 6 o'clock it rises from 40 to 60, from 6 to 8 on to 80.
        assert_eq!(drawing.integral(at(4.0), at(6.0)).expect("drawn"), 100.0 * 3600.0);
        assert_eq!(drawing.mean(at(4.0), at(8.0)).expect("drawn"), 60.0);
        assert_eq!(drawing.mean(at(6.0), at(6.0)).expect("the value"), 60.0);
    }

    #[test]
    fn beyond_the_ends_nothing_is_said_without_a_rule() {
        let signal = signal(&with_gap(), Gaps::Hold, Wrap::Never);
        for moment in [time("1969-12-31T23:59:59Z"), at(11.0)] {
            let told = signal.at(moment).expect_err("beyond").to_string();
            assert!(told.contains("1970-01-01T00:00:00Z to 1970-01-01T11:00:00Z"), "{told}");
            assert!(told.contains("`wrap = \"year\"`"), "{told}");
        }
        assert!(signal.integral(at(10.0), at(11.0)).is_ok() && signal.integral(at(10.0), at(11.1)).is_err());
        assert!(signal.integral(at(2.0), at(1.0)).expect_err("backwards").to_string().contains("before"));
        let rules = Rules { gap_factor: 0.5, ..Rules::default() };
        let told = Signal::new(with_gap(), rules).expect_err("too small").to_string();
        assert!(told.contains("gap_factor") && told.contains("0.5"), "{told}");
    }

    /// Every hour of a year; the value is the number of the hour in it.
    fn year(year: &str) -> Series {
        let start = time(&format!("{year}-01-01T00:00Z")).microseconds();
        let hours = if year == "2024" { 8784 } else { 8760 };
        let values: Vec<f64> = (0..hours).map(f64::from).collect();
        series((0..i64::from(hours)).map(|hour| start + hour * HOUR), &values)
    }

    #[test]
    fn a_year_repeats_by_the_calendar() {
        let plain = signal(&year("2023"), Gaps::Refuse, Wrap::Year);
        for (moment, hour) in [
            ("2023-03-01T00:30Z", 59.0 * 24.0),
            ("2022-03-01T00:30Z", 59.0 * 24.0),
            ("2024-02-28T23:00Z", 59.0 * 24.0 - 1.0),
            ("2024-02-29T00:00Z", 58.0 * 24.0),
            ("2024-03-01T00:00Z", 59.0 * 24.0),
            ("2031-12-31T23:59Z", 8759.0),
        ] {
            assert_eq!(plain.at(time(moment)).expect("repeated"), hour, "{moment}");
        }
        let day = |day: f64| (0..24).map(|hour| (day * 24.0 + f64::from(hour)) * 3600.0).sum::<f64>();
        let leap = plain.integral(time("2024-02-28T00:00Z"), time("2024-03-02T00:00Z")).expect("repeated");
        assert_eq!(leap, day(58.0) + day(58.0) + day(59.0));
        let turn = plain.integral(time("2022-12-31T00:00Z"), time("2023-01-02T00:00Z")).expect("repeated");
        assert_eq!(turn, day(364.0) + day(0.0));
        let of_leap = signal(&year("2024"), Gaps::Refuse, Wrap::Year);
        assert_eq!(of_leap.at(time("2025-03-01T00:00Z")).expect("repeated"), 60.0 * 24.0);
        assert_eq!(of_leap.at(time("2028-02-29T00:00Z")).expect("repeated"), 59.0 * 24.0);
        let spring =
            of_leap.integral(time("2025-02-28T00:00Z"), time("2025-03-02T00:00Z")).expect("repeated");
        assert_eq!(spring, day(58.0) + day(60.0));
    }

    #[test]
    fn a_year_that_lacks_a_day_refuses_it() {
        let start = time("2022-01-01T00:00Z").microseconds();
        let hours: Vec<f64> = (0..24 * 363).map(f64::from).collect();
        let short =
            signal(&series((0..24 * 363).map(|hour| start + hour * HOUR), &hours), Gaps::Refuse, Wrap::Year);
        assert!(short.at(time("2023-12-29T12:00Z")).is_ok());
        let told = short.at(time("2023-12-31T12:00Z")).expect_err("never covered").to_string();
        assert!(told.contains("no year of the series covers this day"), "{told}");
        assert!(short.integral(time("2022-12-29T00:00Z"), time("2023-01-01T00:00Z")).is_err());
    }

    #[test]
    fn years_in_local_time_repeat_across_their_seam() {
        // A year that begins at eight in the morning, UTC.
        let start = time("2023-01-01T08:00Z").microseconds();
        let values: Vec<f64> = (0..8760).map(f64::from).collect();
        let signal =
            signal(&series((0..8760).map(|hour| start + hour * HOUR), &values), Gaps::Refuse, Wrap::Year);
        assert_eq!(signal.at(time("2024-01-01T07:00Z")).expect("covered"), 8759.0);
        assert_eq!(signal.at(time("2024-01-01T08:00Z")).expect("repeated"), 0.0);
        assert_eq!(signal.at(time("2025-01-01T07:00Z")).expect("repeated"), 8759.0);
        let seam = signal.integral(time("2025-01-01T07:00Z"), time("2025-01-01T09:00Z")).expect("repeated");
        assert_eq!(seam, 8759.0 * 3600.0);
        assert_eq!(signal.at(time("2022-12-31T23:30Z")).expect("repeated"), 8751.0);
    }

    #[test]
    fn splitting_a_time_changes_nothing() {
        let values: Vec<f64> = (0..8760).map(|hour| 300.0 + f64::from(hour % 97) / 7.0).collect();
        let start = time("2022-01-01T00:00Z").microseconds();
        let signal =
            signal(&series((0..8760).map(|hour| start + hour * HOUR), &values), Gaps::Refuse, Wrap::Never);
        let moment = |offset: i64| UtcTime::from_microseconds(start + offset).expect("a time");
        // One second at the end of the year, where sums of doubles have lost nine of its digits.
        let late = 8759 * HOUR + 1_234_567;
        let second = signal.integral(moment(late), moment(late + 1_000_000)).expect("covered");
        assert_eq!(second, values[8759]);
        let whole = signal.integral(moment(0), moment(8760 * HOUR)).expect("covered");
        let parts: f64 = (0..8760)
            .map(|hour| signal.integral(moment(hour * HOUR), moment((hour + 1) * HOUR)).expect("covered"))
            .sum();
        assert!((whole / parts - 1.0).abs() < 1e-14, "{whole} {parts}");
    }

    /// The naive way: one point after the other.
    struct Scan<'a> {
        series: &'a Series,
        gaps: Gaps,
    }

    impl Scan<'_> {
        /// What holds from each point: pieces of a start, an end, and the values at both; nothing for a refused gap.
        fn pieces(&self) -> Vec<(i64, i64, Option<(f64, f64)>)> {
            let (times, values) = (self.series.times(), self.series.values());
            let mut pieces = Vec::new();
            for (point, &value) in values.iter().enumerate() {
                let (start, step) = (times[point].microseconds(), self.series.steps()[point]);
                match times.get(point + 1).map(|time| time.microseconds()) {
                    Some(next) if (next - start) as f64 <= 1.5 * step as f64 => {
                        pieces.push((start, next, Some((value, value))));
                    }
                    Some(next) => {
                        pieces.push((start, start + step, Some((value, value))));
                        let in_gap = match self.gaps {
                            Gaps::Refuse => None,
                            Gaps::Hold => Some((value, value)),
                            Gaps::Interpolate => Some((value, values[point + 1])),
                        };
                        pieces.push((start + step, next, in_gap));
                    }
                    None => pieces.push((start, start + step, Some((value, value)))),
                }
            }
            pieces
        }

        fn at(&self, time: i64) -> Option<f64> {
            let pieces = self.pieces();
            let (start, end, values) =
                pieces.into_iter().find(|&(start, end, _)| (start..end).contains(&time))?;
            let (first, last) = values?;
            Some(first + (last - first) * ((time - start) as f64 / (end - start) as f64))
        }

        fn integral(&self, from: i64, until: i64) -> Option<f64> {
            let mut sum = 0.0;
            for (start, end, values) in self.pieces() {
                let (left, right) = (start.max(from), end.min(until));
                if left < right {
                    let (first, last) = values?;
                    let line =
                        |time: i64| first + (last - first) * ((time - start) as f64 / (end - start) as f64);
                    sum += (line(left) + line(right)) / 2.0 * (right - left) as f64;
                }
            }
            Some(sum / 1e6)
        }
    }

    proptest! {
        #[test]
        fn the_quick_answers_are_those_of_a_scan(
            steps in prop::collection::vec(prop_oneof![4 => Just(60_i64), 2 => Just(30), 1 => 1..500_i64], 1..60),
            levels in prop::collection::vec(-500..500_i32, 61),
            asked in prop::collection::vec((0.0..1.0_f64, 0.0..1.0_f64), 20),
        ) {
            let mut times = vec![1_000_000];
            for step in steps {
                times.push(times[times.len() - 1] + step * 1_000_000);
            }
            let values: Vec<f64> = levels.iter().take(times.len()).map(|&level| f64::from(level) / 8.0).collect();
            let series = series(times, &values);
            let (start, end) = (series.start().microseconds(), series.end().microseconds());
            let moment = |share: f64| start + ((end - start) as f64 * share) as i64;
            let utc = |time| UtcTime::from_microseconds(time).expect("a time");
            for gaps in [Gaps::Refuse, Gaps::Hold, Gaps::Interpolate] {
                let signal = signal(&series, gaps, Wrap::Never);
                let scan = Scan { series: &series, gaps };
                let mut cursor = signal.cursor();
                let mut sorted: Vec<i64> = asked.iter().map(|&(share, _)| moment(share)).collect();
                sorted.sort_unstable();
                for time in sorted {
                    let expected = scan.at(time);
                    prop_assert_eq!(signal.at(utc(time)).ok(), expected);
                    prop_assert_eq!(cursor.at(utc(time)).ok(), expected);
                }
                for &(one, other) in &asked {
                    let (from, until) = (moment(one.min(other)), moment(one.max(other)));
                    let found = signal.integral(utc(from), utc(until)).ok();
                    match scan.integral(from, until) {
                        Some(expected) => {
                            let found = found.expect("the scan has an answer");
                            prop_assert!((found - expected).abs() <= 1e-9 * (1.0 + expected.abs()), "{} {}", found, expected);
                        }
                        None => prop_assert_eq!(found, None),
                    }
                }
            }
        }
    }
}
