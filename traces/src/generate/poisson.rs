//! Jobs that come at random, by the hour and the weekday, with sizes and run times from stated distributions.
//!
//! ```toml
//! source = { generator = "poisson", jobs = 5000, arrivals = { per_hour = 60 }, classes = [
//!     { share = 3, run_seconds = { exponential = { mean = 600 } } },
//!     { share = 1, cpu_milli = { weighted = [[8000, 2], [16000, 1]] }, run_seconds = { lognormal = { median = 7200, sigma = 1.5 } } },
//! ] }
//! ```
//!
//! With exponential gaps, the default, arrivals are a Poisson process whose rate is the product of `per_hour`, the
//! weight of the hour and the weight of the day. It is made by running a process of even rate on a clock that goes as
//! fast as the hour is busy, which gives the same process as thinning does, wastes no draw, and works for gaps of any
//! other shape too: more variable ones (`hyper_exponential`, `gamma` with a shape below 1) make arrivals that come in
//! bursts, as they do in every real log.
//!
//! A job is of one class; sizes and run times are independent within a class, and therefore go together only as far as
//! classes tell them apart. `rackwright trace fit` writes options of this generator. What it does not have: jobs of
//! one tenant that resemble each other (see `mixed_cluster`), and sizes that depend on the hour.

mod options;

use sim::kernel::rng::{Seed, Stream};
use sim::kernel::time::{SimDuration, SimTime};
use sim::resources::WHOLE_DEVICE;
use sim::workload::{Demand, DeviceDemand, JobSpec, TaskSpec, UsePoint, Workload, WorkloadBuilder, WorkloadError};

use super::cycle::{Cycle, Extent, Moment};
use super::{Generator, MakeError, pick};
use crate::OptionError;
pub use options::{Arrivals, Class, CpuUse, Estimates, Options, Tenants};

/// One line of help.
pub const HELP: &str =
    "jobs at random by hour and weekday, sizes and run times from stated or fitted distributions, by class";

/// The generator.
///
/// # Errors
/// When an option is out of its range.
pub fn generator(options: Options) -> Result<impl Generator, OptionError> {
    options.check()?;
    let extent = options.extent()?;
    Ok(Poisson { options, extent })
}

struct Poisson {
    options: Options,
    extent: Extent,
}

impl Generator for Poisson {
    fn make(&self, seed: Seed) -> Result<Workload, MakeError> {
        let Options { arrivals, tenants, estimates, classes, .. } = &self.options;
        let mut times = Times::new(arrivals, seed);
        let mut users = seed.stream("poisson.tenants");
        let mut shapes = seed.stream("poisson.shapes");
        let mut lives = seed.stream("poisson.run_times");
        let mut habits = seed.stream("poisson.estimates");
        let mut uses = seed.stream("poisson.use");
        let classes: Vec<(&Class, f64)> = classes.iter().map(|class| (class, class.share)).collect();
        let ranks = ranks(tenants);
        let mut builder = WorkloadBuilder::new();
        for jobs in 0.. {
            let seconds = times.next()?;
            if self.extent.is_over(jobs, seconds) {
                break;
            }
            let class = pick(&mut shapes, &classes);
            let task_count = whole(&class.tasks, &mut shapes, Class::TASKS) as usize;
            let demand = class.demand(&mut shapes);
            let tenant = rank(&ranks, users.unit());
            let submit = SimTime::from_seconds(seconds).ok_or(WorkloadError::TooLong)?;
            let job = JobSpec { submit, tenant, is_gang: class.gang && task_count > 1 };
            let mut tasks = Vec::with_capacity(task_count);
            for _ in 0..task_count {
                let run = class.run_seconds.draw_within(&mut lives, class.shortest_seconds, class.longest_seconds);
                let work = SimDuration::from_seconds(run).ok_or(WorkloadError::TooLong)?;
                let hours = arrivals.first_hour + seconds / 3600.0;
                let usage = class.cpu_use.as_ref().map(|used| used.over_time(run, hours, &mut uses));
                let usage = usage.unwrap_or_default();
                tasks.push(TaskSpec { demand: demand.clone(), work, usage, ..TaskSpec::default() });
            }
            // Users declare one time for a job: that of its longest task, by their factor.
            let longest = tasks.iter().map(|task| task.work).max().unwrap_or_default();
            let estimate = estimates.declared(longest.seconds(), &mut habits)?;
            tasks.iter_mut().for_each(|task| task.estimate = estimate);
            builder.add_job(job, tasks)?;
        }
        Ok(builder.finish())
    }
}

/// When jobs come.
struct Times<'a> {
    arrivals: &'a Arrivals,
    stream: Stream,
    week: Cycle,
    now: Moment,
    /// Weighted seconds per unit of a gap.
    scale: f64,
}

impl<'a> Times<'a> {
    fn new(arrivals: &'a Arrivals, seed: Seed) -> Self {
        let week = arrivals.week();
        let now = week.moment(arrivals.first_second());
        let scale = arrivals.mean_gap_seconds() / arrivals.gaps.mean();
        Self { arrivals, stream: seed.stream("poisson.arrivals"), week, now, scale }
    }

    /// Seconds from the beginning to the next arrival.
    fn next(&mut self) -> Result<f64, WorkloadError> {
        let share = self.arrivals.together_share;
        // Without such jobs no draw is spent on them.
        if share == 0.0 || self.stream.unit() >= share {
            let gap = self.arrivals.gaps.draw_within(&mut self.stream, 0.0, f64::INFINITY) * self.scale;
            self.now = self.week.after(self.now, gap).ok_or(WorkloadError::TooLong)?;
        }
        Ok((self.week.seconds(self.now) - self.arrivals.first_second()).max(0.0))
    }
}

impl Class {
    fn demand(&self, stream: &mut Stream) -> Demand {
        let cpu_milli = whole(&self.cpu_milli, stream, Self::CPU_MILLI);
        let (least, most) = Self::MEMORY_MIB;
        let per_core = self.memory_mib_per_core.draw_within(stream, least, most);
        let count = whole(&self.gpu_count, stream, Self::GPU_COUNT) as u8;
        let milli = if count == 1 { whole(&self.gpu_milli, stream, Self::GPU_MILLI) as u16 } else { WHOLE_DEVICE };
        let kinds = match self.gpu_kinds.is_empty() || count == 0 {
            true => Vec::new(),
            false => {
                let sets: Vec<(&Vec<String>, f64)> = self.gpu_kinds.iter().map(|(set, weight)| (set, *weight)).collect();
                pick(stream, &sets).clone()
            }
        };
        let devices = DeviceDemand { class: self.device_class, count, milli_each: milli, memory_mib_each: 0, kinds };
        Demand {
            cpu_milli,
            memory_mib: (per_core * f64::from(cpu_milli) / 1000.0).round().min(most) as u32,
            devices: Some(devices).filter(|_| count > 0),
            features: self.features.clone(),
            priority: pick(stream, &self.priorities),
        }
    }
}

impl CpuUse {
    /// Twice the run time is covered, for tasks that are slowed; after that, use stays what it is.
    const RUN_TIMES: f64 = 2.0;

    /// From its start on, at so many hours of the day.
    fn over_time(&self, run_seconds: f64, hours: f64, stream: &mut Stream) -> Vec<UsePoint> {
        let (least, most) = Self::SHARE;
        let level = self.level.draw_within(stream, least, most);
        let mut points: Vec<UsePoint> = Vec::new();
        for period in 0.. {
            let seconds = f64::from(period) * self.period_seconds;
            let is_over = period > 0 && seconds >= run_seconds * Self::RUN_TIMES;
            let Some(start) = SimDuration::from_seconds(seconds).filter(|_| !is_over) else { break };
            let moment = self.moment.draw_within(stream, least, most);
            let cpu = (level * moment * self.of_hour(hours + seconds / 3600.0)).min(self.most) as f32;
            if points.last().is_none_or(|last| last.cpu != cpu) {
                points.push(UsePoint { start, cpu, memory: 1.0, devices: 1.0 });
            }
        }
        points
    }
}

impl Estimates {
    /// The run time that the user declares, where he does.
    fn declared(&self, run_seconds: f64, stream: &mut Stream) -> Result<Option<SimDuration>, WorkloadError> {
        if self.share == 0.0 || stream.unit() >= self.share {
            return Ok(None);
        }
        let mut declared = run_seconds * self.factor.draw_within(stream, 0.0, Self::LARGEST_FACTOR);
        if self.round_up_seconds > 0.0 {
            declared = (declared / self.round_up_seconds).ceil().max(1.0) * self.round_up_seconds;
        }
        SimDuration::from_seconds(declared.min(self.longest_seconds)).map(Some).ok_or(WorkloadError::TooLong)
    }
}

/// A whole number; bounds are inclusive, and what rounds into them counts.
fn whole(distribution: &crate::distribution::Distribution, stream: &mut Stream, (low, high): (f64, f64)) -> u32 {
    distribution.draw_within(stream, low, high).round() as u32
}

/// Up to each tenant, how much of all is submitted, as a running sum of 1 / rank^skew.
fn ranks(tenants: &Tenants) -> Vec<f64> {
    let weights = (1..=tenants.count).map(|rank| libm::pow(f64::from(rank), -tenants.skew));
    weights.scan(0.0, |sum, weight| {
        *sum += weight;
        Some(*sum)
    })
    .collect()
}

fn rank(ranks: &[f64], place: f64) -> u32 {
    let total = ranks[ranks.len() - 1];
    ranks.partition_point(|&sum| sum <= place * total).min(ranks.len() - 1) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(options: &str, seed: u64) -> Workload {
        let options = toml::from_str(options).expect("TOML");
        generator(options).expect("allowed").make(Seed(seed)).expect("possible")
    }

    fn hours(workload: &Workload) -> impl Iterator<Item = u64> + '_ {
        workload.jobs().map(|job| workload.job_submit(job).0 / 3_600_000_000)
    }

    /// Mean of the counts per hour, and their variance over the mean.
    fn dispersion(workload: &Workload, span_hours: usize) -> (f64, f64) {
        let mut counts = vec![0.0; span_hours];
        hours(workload).for_each(|hour| counts[hour as usize] += 1.0);
        let mean = counts.iter().sum::<f64>() / span_hours as f64;
        let variance = counts.iter().map(|count| (count - mean) * (count - mean)).sum::<f64>() / span_hours as f64;
        (mean, variance / mean)
    }

    #[test]
    fn a_poisson_process_has_its_mean_and_a_dispersion_of_one() {
        let workload = make("span_hours = 4000\narrivals.per_hour = 20", 1);
        let (mean, dispersion) = dispersion(&workload, 4000);
        // Standard deviations: sqrt(20 / 4000) = 0.07 and sqrt(2 / 4000) = 0.022.
        assert!((mean - 20.0).abs() < 0.25, "{mean}");
        assert!((dispersion - 1.0).abs() < 0.08, "{dispersion}");
        let gaps: Vec<f64> = workload.tasks().map(|task| workload.submit(task).seconds()).collect();
        let mut gaps: Vec<f64> = gaps.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        assert!((mean - 180.0).abs() < 3.0, "{mean}");
        gaps.sort_by(f64::total_cmp);
        let median = gaps[gaps.len() / 2] / std::f64::consts::LN_2;
        assert!((median - 180.0).abs() < 4.0, "the median of exponential gaps: {median}");
    }

    #[test]
    fn gaps_that_vary_more_make_bursts() {
        // Half of the jobs come with the one before: counts per hour vary as 2 * 2 - 1 = 3 times a Poisson count.
        let workload = make("span_hours = 4000\narrivals = { per_hour = 20, together_share = 0.5 }", 2);
        let (mean, spread) = dispersion(&workload, 4000);
        assert!((mean - 20.0).abs() < 0.5 && (spread - 3.0).abs() < 0.3, "{mean} {spread}");
        let gaps = "arrivals = { per_hour = 20, gaps = { gamma = { shape = 0.25, scale = 7 } } }";
        let workload = make(&format!("span_hours = 4000\n{gaps}"), 2);
        let (mean, spread) = dispersion(&workload, 4000);
        // In the long run, counts of a renewal process vary as the squared coefficient of variation of its gaps: 4.
        assert!((mean - 20.0).abs() < 0.5 && (2.8..4.2).contains(&spread), "{mean} {spread}");
    }

    #[test]
    fn hours_and_days_have_their_weights() {
        let hourly: Vec<String> = (0..24).map(|hour| if hour == 9 { "3" } else { "1" }.to_owned()).collect();
        let options = format!(
            "span_hours = 1680\n[arrivals]\nper_hour = 50\nfirst_weekday = 6\nfirst_hour = 12\nhourly = [{}]\ndaily = [0, 1, 1, 1, 1, 1, 0.5]",
            hourly.join(", ")
        );
        let workload = make(&options, 3);
        assert!((workload.job_count() as f64 / 1680.0 - 50.0).abs() < 1.0, "{}", workload.job_count());
        let mut by_hour = [0.0; 168];
        hours(&workload).for_each(|hour| by_hour[(6 * 24 + 12 + hour as usize) % 168] += 1.0);
        assert!(by_hour[..24].iter().all(|&count| count == 0.0), "nothing on Sundays");
        let mean = |from: usize, to: usize| by_hour[from..to].iter().sum::<f64>() / (to - from) as f64;
        let (saturday, monday) = (mean(144, 168), mean(24, 48));
        assert!((saturday / monday - 0.5).abs() < 0.06, "{saturday} {monday}");
        let nine: f64 = (1..7).map(|day| by_hour[day * 24 + 9]).sum();
        let ten: f64 = (1..7).map(|day| by_hour[day * 24 + 10]).sum();
        assert!((nine / ten - 3.0).abs() < 0.35, "{nine} {ten}");
    }

    #[test]
    fn classes_have_their_sizes_and_run_times() {
        let workload = make(
            r#"
            jobs = 20000
            tenants = { count = 50, skew = 1.0 }
            estimates = { share = 0.5, factor = { uniform = { low = 1, high = 3 } }, round_up_seconds = 60 }
            [[classes]]
            share = 3
            cpu_milli = { weighted = [[1000, 1], [2000, 1]] }
            memory_mib_per_core = { uniform = { low = 500, high = 1500 } }
            priorities = [[0, 1], [7, 1]]
            run_seconds = { weibull = { shape = 2, scale = 100 } }
            longest_seconds = 150
            [[classes]]
            share = 1
            tasks = { weighted = [[2, 1], [4, 1]] }
            gang = true
            cpu_milli = { constant = 8000 }
            gpu_count = { weighted = [[1, 1], [8, 1]] }
            gpu_milli = { weighted = [[250, 1], [500, 1]] }
            gpu_kinds = [[["A100"], 1], [["A100", "H100"], 1], [[], 2]]
            run_seconds = { pareto = { shape = 1, smallest = 1000, largest = 100000 } }
            "#,
            4,
        );
        let gangs = workload.jobs().filter(|&job| workload.is_gang(job)).count();
        assert!((4700..5300).contains(&gangs), "{gangs}");
        let (mut shares, mut named, mut gpu_tasks) = (0_u32, 0_u32, 0_u32);
        for task in workload.tasks() {
            let (demand, run) = (workload.demand(task), workload.work(task).seconds());
            if let Some(gpus) = &demand.devices {
                gpu_tasks += 1;
                assert!(demand.cpu_milli == 8000 && (1000.0..=100_000.0).contains(&run));
                assert!(gpus.count == 1 && [250, 500].contains(&gpus.milli_each) || (gpus.count, gpus.milli_each) == (8, 1000));
                shares += u32::from(gpus.milli_each < 1000);
                named += u32::from(!gpus.kinds.is_empty());
            } else {
                assert!([1000, 2000].contains(&demand.cpu_milli) && run <= 150.0 && [0, 7].contains(&demand.priority));
                let per_core = demand.memory_mib * 1000 / demand.cpu_milli;
                assert!((499..=1501).contains(&per_core), "{per_core}");
            }
            if let Some(estimate) = workload.estimate(task) {
                assert!(estimate >= workload.work(task) && estimate.0 % 60_000_000 == 0);
            }
        }
        assert!((0.45..0.55).contains(&(f64::from(named) / f64::from(gpu_tasks))));
        assert!((0.45..0.55).contains(&(f64::from(shares) / f64::from(gpu_tasks))));
        let mut by_tenant = [0_u32; 50];
        workload.jobs().for_each(|job| by_tenant[workload.tenant(job).0 as usize] += 1);
        assert!((1.8..2.2).contains(&(f64::from(by_tenant[0]) / f64::from(by_tenant[1]))), "{by_tenant:?}");
        let declared = workload.tasks().filter(|&task| workload.estimate(task).is_some()).count();
        assert!((0.45..0.55).contains(&(declared as f64 / workload.task_count() as f64)));
    }

    #[test]
    fn use_has_its_level_its_moments_and_its_hours() {
        let options = |used: &str| {
            let class = format!("classes = [{{ run_seconds = {{ constant = 3600 }}{used} }}]");
            format!("jobs = 2000\narrivals = {{ per_hour = 1000, first_hour = 8 }}\n{class}")
        };
        let used = ", cpu_use = { level = { uniform = { low = 0.1, high = 0.3 } }, moment = { weighted = [[0.5, 1], [1.5, 1]] } }";
        let (plain, workload) = (make(&options(""), 5), make(&options(used), 5));
        let tasks = || workload.tasks();
        assert!(plain.tasks().zip(tasks()).all(|(one, other)| plain.submit(one) == workload.submit(other)));
        assert!(!plain.has_usage() && tasks().all(|task| workload.usage(task)[0].start == SimDuration(0)));
        let points: Vec<f64> = tasks().flat_map(|task| workload.usage(task)).map(|point| f64::from(point.cpu)).collect();
        assert!(points.iter().all(|cpu| (0.049..0.451).contains(cpu)));
        // Two hours in periods of 300 s, of which every second one brings another value than the one before.
        let mean_count = points.len() as f64 / 2000.0;
        assert!((12.0..13.0).contains(&mean_count), "{mean_count}");
        let peak = ", cpu_use = { level = { constant = 0.5 }, period_seconds = 3600, hourly = [0,0,0,0,0,0,0,0,0,5,1,0,0,0,0,0,0,0,0,0,0,0,0,0] }";
        let workload = make(&options(peak), 5);
        let first: Vec<f32> = workload.usage(workload.tasks().next().expect("a task")).iter().map(|point| point.cpu).collect();
        assert_eq!(first, [0.0, 1.0], "from eight to nine nothing, then more than all of it");
    }

    #[test]
    fn what_cannot_be_made_is_refused() {
        for (options, key) in [
            ("jobs = 0", "jobs"),
            ("arrivals.per_hour = 0", "arrivals.per_hour"),
            ("arrivals.hourly = [1, 2]", "arrivals.hourly"),
            ("arrivals.daily = [0, 0, 0, 0, 0, 0, 0]", "arrivals.daily"),
            ("arrivals.first_weekday = 7", "arrivals.first_weekday"),
            ("arrivals.gaps = { constant = 0 }", "arrivals.gaps"),
            ("arrivals.together_share = 1", "arrivals.together_share"),
            ("tenants.count = 0", "tenants.count"),
            ("estimates.share = 2", "estimates.share"),
            ("classes = []", "classes"),
            ("classes = [{ share = 0 }]", "classes"),
            ("classes = [{ cpu_milli = { constant = 0 } }]", "classes[0].cpu_milli"),
            ("classes = [{}, { gpu_count = { constant = 17 } }]", "classes[1].gpu_count"),
            ("classes = [{ gpu_milli = { constant = 1001 } }]", "classes[0].gpu_milli"),
            ("classes = [{ priorities = [] }]", "classes[0].priorities"),
            ("classes = [{ gpu_kinds = [[[\"A100\"], 0]] }]", "classes[0].gpu_kinds"),
            ("classes = [{ shortest_seconds = 5, longest_seconds = 4 }]", "classes[0].longest_seconds"),
            ("classes = [{ shortest_seconds = 1e8 }]", "classes[0].run_seconds"),
            ("classes = [{ cpu_use = { period_seconds = 0 } }]", "classes[0].cpu_use.period_seconds"),
            ("classes = [{ cpu_use = { hourly = [1] } }]", "classes[0].cpu_use.hourly"),
            ("classes = [{ cpu_use = { level = { constant = -1 } } }]", "classes[0].cpu_use.level"),
            ("classes = [{ cpu_use = { most = 0 } }]", "classes[0].cpu_use.most"),
        ] {
            let refused = generator(toml::from_str(options).expect("TOML")).err().expect(options).to_string();
            assert!(refused.contains(key), "{options}: {refused}");
        }
        let unknown = toml::from_str::<Options>("classes = [{ cpu = 3 }]").expect_err("unknown").to_string();
        assert!(unknown.contains("cpu_milli"), "{unknown}");
    }
}
