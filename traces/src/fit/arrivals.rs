//! When jobs come: weights of hours and days, and the shape of the gaps between them.

use sim::workload::Workload;

use super::likelihood::{Candidate, FAMILIES_THAT_KEEP_THE_MEAN, candidates};
use super::{FitError, Sample, tidied, tidy};
use crate::distribution::Distribution;
use crate::generate::poisson::Arrivals;

const HOURS_PER_DAY: usize = 24;
const DAYS_PER_WEEK: usize = 7;
const HOURS_PER_WEEK: usize = HOURS_PER_DAY * DAYS_PER_WEEK;
const SECONDS_PER_HOUR: f64 = 3600.0;
/// Shorter logs say nothing of hours, or of days.
const LEAST_HOURS_FOR_HOURLY: f64 = 48.0;
const LEAST_HOURS_FOR_DAILY: f64 = 14.0 * 24.0;

/// The arrivals of a log.
#[derive(Clone, Debug)]
pub(super) struct FittedArrivals {
    pub(super) arrivals: Arrivals,
    /// The families that were tried for gaps, the chosen one first.
    pub(super) candidates: Vec<Candidate>,
    pub(super) has_hourly: bool,
    pub(super) has_daily: bool,
}

/// The clock of a log: seconds from some midnight before a Sunday to its beginning.
pub(super) fn first_second(workload: &Workload, epoch_seconds: Option<u64>) -> f64 {
    let week = HOURS_PER_WEEK as f64 * SECONDS_PER_HOUR;
    // 1970-01-01 was a Thursday. A log that does not say when its clock showed 0 begins on a Monday.
    let zero = epoch_seconds.map_or(86_400.0, |epoch| (epoch as f64 + 4.0 * 86_400.0) % week);
    (zero + workload.origin().seconds()) % week
}

pub(super) fn fit(workload: &Workload, epoch_seconds: Option<u64>) -> Result<FittedArrivals, FitError> {
    let first = first_second(workload, epoch_seconds);
    let times: Vec<f64> = workload.jobs().map(|job| first + workload.job_submit(job).seconds()).collect();
    let span_hours = workload.last_submit().seconds() / SECONDS_PER_HOUR;
    if span_hours == 0.0 {
        return Err(FitError::NoTimes);
    }
    let (has_hourly, has_daily) = (span_hours >= LEAST_HOURS_FOR_HOURLY, span_hours >= LEAST_HOURS_FOR_DAILY);
    let (hourly, daily) = Table::of(&times).weights(has_hourly, has_daily);
    let mut arrivals = Arrivals {
        hourly,
        daily,
        first_weekday: (first / 86_400.0) as usize % DAYS_PER_WEEK,
        first_hour: tidy((first % 86_400.0) / SECONDS_PER_HOUR),
        ..Arrivals::default()
    };
    let week = arrivals.week();
    let moments: Vec<_> = times.iter().map(|&time| week.moment(time)).collect();
    let weighted = week.between(moments[0], moments[moments.len() - 1]);
    // The hour in which the one job came that nobody waited for is no evidence: gaps are one fewer than jobs.
    let gaps = (times.len() - 1) as f64;
    arrivals.per_hour = tidy(gaps * SECONDS_PER_HOUR / weighted);
    let apart = || times.windows(2).zip(moments.windows(2)).filter(|(times, _)| times[0] < times[1]);
    let together = gaps - apart().count() as f64;
    arrivals.together_share = tidy(together / gaps);
    // In units of the mean gap of those that do not come together.
    let unit = weighted / (gaps - together);
    // An hour of weight 0 has no jobs, but rounding of its neighbours' times may leave nothing between two of them.
    let least = 1e-6;
    let sample = Sample::new(apart().map(|(_, pair)| (week.between(pair[0], pair[1]) / unit).max(least)));
    let candidates = sample.map_or(Vec::new(), |sample| candidates(&sample, &FAMILIES_THAT_KEEP_THE_MEAN));
    arrivals.gaps = match candidates.first() {
        Some(best) => tidied(&best.distribution),
        None => Distribution::Constant(1.0),
    };
    Ok(FittedArrivals { arrivals, candidates, has_hourly, has_daily })
}

/// Jobs and hours of a log, by hour of the week.
struct Table {
    jobs: Vec<f64>,
    hours: Vec<f64>,
}

impl Table {
    /// Times are seconds from midnight before a Sunday and rise.
    fn of(times: &[f64]) -> Self {
        let mut table = Self { jobs: vec![0.0; HOURS_PER_WEEK], hours: vec![0.0; HOURS_PER_WEEK] };
        let of_week = |hour: f64| hour as usize % HOURS_PER_WEEK;
        times.iter().for_each(|time| table.jobs[of_week(time / SECONDS_PER_HOUR)] += 1.0);
        let (first, last) = (times[0] / SECONDS_PER_HOUR, times[times.len() - 1] / SECONDS_PER_HOUR);
        let mut hour = first.floor();
        while hour <= last {
            table.hours[of_week(hour)] += (hour + 1.0).min(last) - hour.max(first);
            hour += 1.0;
        }
        table
    }

    /// The most likely weights when arrivals are Poisson with a rate that is the product of a weight of the hour and a
    /// weight of the day: each is what came over what the others would have brought, in turns. Their means are 1.
    fn weights(&self, has_hourly: bool, has_daily: bool) -> (Vec<f64>, Vec<f64>) {
        let (mut hourly, mut daily) = (vec![1.0; HOURS_PER_DAY], vec![1.0; DAYS_PER_WEEK]);
        for _ in 0..50 {
            if has_hourly {
                hourly = ratio(
                    HOURS_PER_DAY,
                    |hour| (0..DAYS_PER_WEEK).map(move |day| (day * HOURS_PER_DAY + hour, day)),
                    |at, day| (self.jobs[at], self.hours[at] * daily[day]),
                );
            }
            if has_daily {
                daily = ratio(
                    DAYS_PER_WEEK,
                    |day| (0..HOURS_PER_DAY).map(move |hour| (day * HOURS_PER_DAY + hour, hour)),
                    |at, hour| (self.jobs[at], self.hours[at] * hourly[hour]),
                );
            }
        }
        (hourly, daily)
    }
}

/// For each of `count` rows, the jobs of its cells over the expected ones; scaled to a mean of 1.
fn ratio<C: Iterator<Item = (usize, usize)>>(
    count: usize,
    cells: impl Fn(usize) -> C,
    of: impl Fn(usize, usize) -> (f64, f64),
) -> Vec<f64> {
    let row = |row: usize| {
        let (jobs, expected) = cells(row)
            .map(|(at, other)| of(at, other))
            .fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        if expected > 0.0 { jobs / expected } else { 0.0 }
    };
    let found: Vec<f64> = (0..count).map(row).collect();
    let mean = found.iter().sum::<f64>() / count as f64;
    found.into_iter().map(|weight| tidy(weight / mean)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::generate;
    use sim::kernel::rng::Seed;

    #[test]
    fn the_weights_of_a_generated_log_are_recovered() {
        let options: toml::Table = toml::from_str(
            "span_hours = 16800\n[arrivals]\nper_hour = 20\nfirst_weekday = 3\nfirst_hour = 7.5\ntogether_share = 0.2
            gaps = { hyper_exponential = [[0.2, 0.8], [4.2, 0.2]] }
            hourly = [1,1,1,1,1,1,1,1,4,4,4,4,4,4,4,4,4,4,1,1,1,1,1,1]
            daily = [0.2, 1, 1, 1, 1, 1, 0.4]",
        )
        .expect("TOML");
        let workload = generate("poisson", options, Seed(1)).expect("possible");
        // Where the generator's clock stands is not in a workload: the epoch says it. 1970-01-01 is a Thursday, so that
        // Wednesday, 7:30 is six days and 7.5 hours later.
        let epoch = 6 * 86_400 + 27_000 - workload.origin().seconds() as u64;
        let found = fit(&workload, Some(epoch)).expect("fitted");
        let arrivals = found.arrivals;
        assert_eq!((arrivals.first_weekday, arrivals.first_hour), (3, 7.5));
        assert!((arrivals.per_hour / 20.0 - 1.0).abs() < 0.03, "{}", arrivals.per_hour);
        assert!((arrivals.together_share - 0.2).abs() < 0.005);
        let (busy, quiet) = (arrivals.hourly[9], arrivals.hourly[3]);
        assert!((busy / quiet - 4.0).abs() < 0.3, "{:?}", arrivals.hourly);
        assert!((arrivals.daily[0] / arrivals.daily[2] - 0.2).abs() < 0.03, "{:?}", arrivals.daily);
        assert!((arrivals.daily[6] / arrivals.daily[2] - 0.4).abs() < 0.04, "{:?}", arrivals.daily);
        let Distribution::HyperExponential(phases) = &arrivals.gaps else { panic!("{:?}", arrivals.gaps) };
        // A third phase may lie beside the first: rounded weights of the hours blur it.
        let short: f64 = phases.iter().filter(|phase| phase.0 < 1.0).map(|phase| phase.1).sum();
        let (least, most) = (phases[0].0, phases[phases.len() - 1].0);
        assert!(
            (0.14..0.22).contains(&least) && (most - 4.2).abs() < 0.5 && (short - 0.8).abs() < 0.03,
            "{phases:?}"
        );
    }

    #[test]
    fn short_logs_say_nothing_of_the_week() {
        let workload =
            generate("poisson", toml::from_str("span_hours = 60").expect("TOML"), Seed(1)).expect("possible");
        let found = fit(&workload, None).expect("fitted");
        assert!(found.has_hourly && !found.has_daily);
        assert_eq!(found.arrivals.daily, [1.0; 7]);
        assert_eq!(found.arrivals.first_weekday, 1);
        assert!(matches!(found.arrivals.gaps, Distribution::Exponential { .. }), "{:?}", found.arrivals.gaps);
    }
}
