//! A mixed CPU and GPU cluster with people on it: the day and the week, bursts, heavy tails, gangs.
//!
//! Jobs come in bursts of one tenant, all alike, whose beginnings follow the hour of the day and the day of
//! the week. Shapes follow openb, run times ElasticFlow and Philly; all numbers stand in
//! `mixed_cluster.toml`, and options override them by the same keys.
//!
//! Whether queues form is a matter of a few large jobs, and would differ from seed to seed. Therefore run
//! times are multiplied by one factor for tasks with GPUs, and by another for tasks without, so that the
//! GPUs and the cores asked for at once, were there room for everything, peak at stated shares of the
//! cluster. At the default of 0.95 large jobs and those that insist on a kind wait in the afternoon, and the
//! queue drains in the evening or, where GPUs are wasted by careless placement, in the next night.

mod parameters;

use std::f64::consts::TAU;

use sim::kernel::rng::{Seed, Stream};
use sim::kernel::time::{SimDuration, SimTime};
use sim::resources::DeviceClass;
use sim::workload::{Demand, DeviceDemand, JobSpec, TaskSpec, Workload, WorkloadBuilder, WorkloadError};

use super::{Generator, MakeError, pick};
use crate::OptionError;
use parameters::{Class, Parameters};

/// One line of help.
pub const HELP: &str = "a mixed CPU and GPU cluster: days and weeks, bursts by tenant, heavy tails, gangs";

/// Overrides of `mixed_cluster.toml`, by its keys.
pub type Options = toml::Table;

/// The generator.
///
/// # Errors
/// When a key is unknown or its value is out of range.
pub fn generator(options: Options) -> Result<impl Generator, OptionError> {
    Parameters::with(options).map(MixedCluster)
}

struct MixedCluster(Parameters);

/// A job before its run times are scaled.
struct Draft {
    seconds: f64,
    tenant: u32,
    demand: Demand,
    task_count: usize,
    run_seconds: f64,
    /// Estimate over run time, before rounding.
    estimate_factor: f64,
}

impl Generator for MixedCluster {
    fn make(&self, seed: Seed) -> Result<Workload, MakeError> {
        let mut drafts = self.drafts(seed);
        drafts.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        self.scale_run_times(&mut drafts)?;
        let mut builder = WorkloadBuilder::new();
        for draft in drafts {
            let submit = SimTime::from_seconds(draft.seconds).ok_or(WorkloadError::TooLong)?;
            let work = SimDuration::from_seconds(draft.run_seconds).ok_or(WorkloadError::TooLong)?;
            let round = self.0.estimates.round_up_seconds;
            let declared = (draft.run_seconds * draft.estimate_factor / round).ceil().max(1.0) * round;
            let estimate = Some(SimDuration::from_seconds(declared).ok_or(WorkloadError::TooLong)?);
            let job = JobSpec { submit, tenant: draft.tenant, is_gang: draft.task_count > 1 };
            let task = TaskSpec { demand: draft.demand, work, estimate, ..TaskSpec::default() };
            builder.add_job(job, std::iter::repeat_n(task, draft.task_count))?;
        }
        Ok(builder.finish())
    }
}

impl MixedCluster {
    fn drafts(&self, seed: Seed) -> Vec<Draft> {
        let Parameters { arrivals, tasks, .. } = &self.0;
        let tenants = self.tenants(seed);
        let weights: Vec<(usize, f64)> = tenants.iter().enumerate().map(|(id, one)| (id, one.weight)).collect();
        let mut times = seed.stream("mixed_cluster.arrivals");
        let mut shapes = seed.stream("mixed_cluster.shapes");
        let mut lives = seed.stream("mixed_cluster.run_times");
        let mut habits = seed.stream("mixed_cluster.estimates");
        let (mut drafts, mut left) = (Vec::new(), *tasks);
        while left > 0 {
            let mut seconds = self.burst_begin(&mut times);
            let tenant = pick(&mut times, &weights);
            let (class, demand, task_count) = self.shape(&mut shapes);
            let typical = run_seconds(class, &mut lives);
            loop {
                // What is left of the number of tasks may be too little for a gang.
                let task_count = if task_count <= left { task_count } else { 1 };
                left -= task_count;
                drafts.push(Draft {
                    seconds,
                    tenant: tenant as u32,
                    demand: demand.clone(),
                    task_count,
                    run_seconds: self.alike(typical, &mut lives),
                    estimate_factor: self.estimate_factor(tenants[tenant].estimate_factor, &mut habits),
                });
                seconds += times.exponential(arrivals.burst_gap_seconds_mean);
                // Nobody submits one gang behind another.
                let is_last = times.unit() * arrivals.burst_jobs_mean < 1.0 || task_count > 1;
                if is_last || left == 0 || seconds >= self.span_seconds() {
                    break;
                }
            }
        }
        drafts
    }

    fn span_seconds(&self) -> f64 {
        self.0.span_hours * 3600.0
    }

    /// By rejection: a moment is kept as often as it is busy.
    fn burst_begin(&self, stream: &mut Stream) -> f64 {
        let arrivals = &self.0.arrivals;
        loop {
            let seconds = stream.unit() * self.span_seconds();
            let hours = arrivals.first_hour + seconds / 3600.0;
            let of_day = libm::cos(TAU * (hours - arrivals.peak_hour) / 24.0);
            let weekday = (i64::from(arrivals.first_weekday) + (hours / 24.0) as i64) % 7;
            let of_week = if matches!(weekday, 0 | 6) { arrivals.weekend_factor } else { 1.0 };
            let busy = (1.0 + arrivals.day_amplitude * of_day) / (1.0 + arrivals.day_amplitude) * of_week;
            if stream.unit() < busy {
                return seconds;
            }
        }
    }

    fn tenants(&self, seed: Seed) -> Vec<Tenant> {
        let mut stream = seed.stream("mixed_cluster.tenants");
        let Parameters { tenants, estimates, .. } = &self.0;
        (1..=tenants.count)
            .map(|rank| Tenant {
                weight: libm::pow(f64::from(rank), -tenants.skew),
                estimate_factor: log_normal(&mut stream, estimates.factor_median, estimates.factor_sigma),
            })
            .collect()
    }

    /// What all jobs of a burst ask for, and of how many tasks each of them is.
    fn shape(&self, stream: &mut Stream) -> (&Class, Demand, usize) {
        let classes = self.0.classes.all();
        let class = pick(stream, &classes.map(|(_, class)| (class, class.share)));
        let count = pick(stream, &class.gpus);
        let milli_each = pick(stream, &class.gpu_milli);
        let cpu_milli = pick(stream, &class.cpu_milli) * u32::from(count.max(1));
        let memory_mib = (u64::from(cpu_milli) * u64::from(pick(stream, &class.mib_per_core)) / 1000) as u32;
        let kinds = self.kinds(count, stream);
        let devices = DeviceDemand { class: DeviceClass::Gpu, count, milli_each, memory_mib_each: 0, kinds };
        let demand = Demand {
            cpu_milli,
            memory_mib,
            devices: Some(devices).filter(|_| count > 0),
            features: Vec::new(),
            priority: pick(stream, &self.0.priorities.weights),
        };
        let is_gang = stream.unit() < self.0.gangs.share && std::ptr::eq(class, &self.0.classes.eight_gpu);
        let task_count = if is_gang { usize::from(pick(stream, &self.0.gangs.hosts)) } else { 1 };
        (class, demand, task_count)
    }

    /// The kinds that a job insists on: none, one or two of those whose hosts have enough GPUs.
    fn kinds(&self, gpu_count: u8, stream: &mut Stream) -> Vec<String> {
        let Parameters { constraints, kinds, .. } = &self.0;
        let able = kinds.iter().enumerate().filter(|(_, kind)| gpu_count > 0 && kind.gpus_per_host >= gpu_count);
        let mut able: Vec<(usize, f64)> = able.map(|(index, kind)| (index, kind.weight)).collect();
        let draws = (stream.unit(), stream.unit());
        let wanted = match draws {
            (first, _) if first >= constraints.named_share => 0,
            (_, second) if second >= constraints.second_kind_share => 1,
            _ => 2,
        };
        let mut names = Vec::new();
        while names.len() < wanted && !able.is_empty() {
            let index = pick(stream, &able);
            able.retain(|&(other, _)| other != index);
            names.push(kinds[index].name.clone());
        }
        names.sort();
        names
    }

    fn alike(&self, typical: f64, stream: &mut Stream) -> f64 {
        let run_times = &self.0.run_times;
        let seconds = log_normal(stream, typical, run_times.alike_sigma);
        seconds.clamp(run_times.shortest_seconds, run_times.longest_seconds)
    }

    fn estimate_factor(&self, habit: f64, stream: &mut Stream) -> f64 {
        let estimates = &self.0.estimates;
        let factor = log_normal(stream, habit, estimates.jitter_sigma).max(1.0);
        let (is_short, how_short) = (stream.unit() < estimates.too_short_share, stream.unit());
        if is_short { 0.3 + 0.6 * how_short } else { factor }
    }

    /// Brings the peaks to the stated shares: GPUs by the tasks that have some, then cores by the others.
    fn scale_run_times(&self, drafts: &mut [Draft]) -> Result<(), OptionError> {
        let cluster = &self.0.cluster;
        Peak {
            key: "cluster.peak_gpu_share",
            share: cluster.peak_gpu_share,
            capacity: 1000.0 * f64::from(cluster.gpus),
            amount: Draft::gpu_milli,
            is_scaled: |draft| draft.gpu_milli() > 0,
        }
        .reach(drafts)?;
        Peak {
            key: "cluster.peak_cpu_share",
            share: cluster.peak_cpu_share,
            capacity: 1000.0 * f64::from(cluster.cpu_cores),
            amount: |draft| draft.task_count as u64 * u64::from(draft.demand.cpu_milli),
            is_scaled: |draft| draft.gpu_milli() == 0,
        }
        .reach(drafts)
    }
}

impl Draft {
    /// Of all its tasks, in thousandths.
    fn gpu_milli(&self) -> u64 {
        let each = |gpus: &DeviceDemand| u64::from(gpus.count) * u64::from(gpus.milli_each);
        self.task_count as u64 * self.demand.devices.as_ref().map_or(0, each)
    }
}

struct Tenant {
    weight: f64,
    estimate_factor: f64,
}

/// What is asked for at once, at most, as a share of a capacity.
struct Peak {
    key: &'static str,
    share: f64,
    capacity: f64,
    amount: fn(&Draft) -> u64,
    is_scaled: fn(&Draft) -> bool,
}

impl Peak {
    /// Run times are scaled by at most this factor, up or down.
    const MOST: f64 = 64.0;
    /// Halvings of the factor's logarithm: enough for six digits.
    const STEPS: usize = 24;

    /// Scales run times until the peak has the stated share: longer runs never lower it, so that halving the
    /// range finds it.
    fn reach(&self, drafts: &mut [Draft]) -> Result<(), OptionError> {
        if self.share == 0.0 {
            return Ok(());
        }
        let (mut low, mut high) = (1.0 / Self::MOST, Self::MOST);
        let (least, most) = (self.with(drafts, low), self.with(drafts, high));
        if !(least..=most).contains(&self.share) {
            let allowed = format!("0, or a share from {least:.3} to {most:.3}, which these tasks can reach");
            return Err(OptionError::out_of_range(self.key, self.share, &allowed));
        }
        for _ in 0..Self::STEPS {
            let middle = libm::sqrt(low * high);
            if self.with(drafts, middle) < self.share {
                low = middle;
            } else {
                high = middle;
            }
        }
        drafts.iter_mut().filter(|draft| (self.is_scaled)(draft)).for_each(|draft| draft.run_seconds *= high);
        Ok(())
    }

    /// The share at the peak, were run times scaled by this factor. Drafts are in order of submission.
    fn with(&self, drafts: &[Draft], factor: f64) -> f64 {
        let end = |draft: &Draft| {
            let factor = if (self.is_scaled)(draft) { factor } else { 1.0 };
            (draft.seconds + draft.run_seconds * factor, (self.amount)(draft))
        };
        let mut ends: Vec<(f64, u64)> = drafts.iter().map(end).collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut ends = ends.into_iter().peekable();
        let (mut now, mut peak) = (0_u64, 0_u64);
        for draft in drafts {
            now += (self.amount)(draft);
            while let Some((_, amount)) = ends.next_if(|&(end, _)| end <= draft.seconds) {
                now -= amount;
            }
            peak = peak.max(now);
        }
        peak as f64 / self.capacity
    }
}

/// Log-normal with this median.
fn log_normal(stream: &mut Stream, median: f64, sigma: f64) -> f64 {
    median * libm::exp(sigma * stream.normal())
}

/// The run time that is typical of a burst: log-normal, from the body or from the tail.
fn run_seconds(class: &Class, stream: &mut Stream) -> f64 {
    let is_tail = stream.unit() < class.tail_share;
    let body = log_normal(stream, class.median_seconds, class.sigma);
    let tail = log_normal(stream, class.tail_median_seconds, class.tail_sigma);
    if is_tail { tail } else { body }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(options: &str, seed: u64) -> Workload {
        let options = toml::from_str(options).expect("TOML");
        generator(options).expect("allowed").make(Seed(seed)).expect("possible")
    }

    fn gpu_milli(workload: &Workload, task: sim::kernel::ids::TaskId) -> u64 {
        workload.demand(task).devices.as_ref().map_or(0, |one| u64::from(one.count) * u64::from(one.milli_each))
    }

    /// The most that is asked for at once.
    fn peak(workload: &Workload, amount: impl Fn(sim::kernel::ids::TaskId) -> u64) -> u64 {
        let mut changes: Vec<(u64, i64)> = Vec::new();
        for task in workload.tasks() {
            let (start, amount) = (workload.submit(task), amount(task) as i64);
            changes.push((start.0, amount));
            changes.push(((start + workload.work(task)).0, -amount));
        }
        changes.sort_unstable();
        let (mut now, mut peak) = (0, 0);
        for (_, change) in changes {
            now += change;
            peak = peak.max(now);
        }
        peak as u64
    }

    #[test]
    fn the_default_day_peaks_where_it_should() {
        for seed in 0..3 {
            let day = make("", seed);
            assert_eq!(day.task_count(), 20_000);
            assert!(day.last_submit().seconds() < 86_400.0 && day.last_submit().seconds() > 80_000.0);
            let gpus = peak(&day, |task| gpu_milli(&day, task)) as f64 / 2_048_000.0;
            let cores = peak(&day, |task| u64::from(day.demand(task).cpu_milli)) as f64 / 105e6;
            assert!((gpus - 0.95).abs() < 0.01 && (cores - 0.6).abs() < 0.01, "seed {seed}: {gpus} {cores}");
        }
    }

    #[test]
    fn classes_have_their_shares_and_gangs_and_kinds_occur() {
        let day = make("tasks = 40000\ncluster.gpus = 4096\ncluster.cpu_cores = 210000", 1);
        let share = |is: &dyn Fn(u64, u8) -> bool| {
            let of = |task| is(gpu_milli(&day, task), day.demand(task).devices.as_ref().map_or(0, |one| one.count));
            day.tasks().filter(|&task| of(task)).count() as f64 / day.task_count() as f64
        };
        assert!((share(&|milli, _| milli == 0) - 0.35).abs() < 0.03);
        assert!((share(&|milli, _| milli > 0 && milli < 1000) - 0.265).abs() < 0.03);
        assert!((share(&|milli, _| milli == 1000) - 0.32).abs() < 0.03);
        assert!((0.02..0.06).contains(&share(&|_, count| count == 8)));
        let named = |task| day.demand(task).devices.as_ref().is_some_and(|one| !one.kinds.is_empty());
        let with_gpus = day.tasks().filter(|&task| gpu_milli(&day, task) > 0).count() as f64;
        let named = day.tasks().filter(|&task| named(task)).count() as f64 / with_gpus;
        assert!((0.20..0.30).contains(&named), "{named}");
        assert!(day.jobs().filter(|&job| day.is_gang(job)).count() > 5);
    }

    #[test]
    fn people_sleep_at_night_and_rest_on_weekends() {
        let week = make("span_hours = 168.0\ncluster.peak_cpu_share = 0.0\ncluster.peak_gpu_share = 0.0", 4);
        let in_hours = |from: u64, to: u64| {
            let hour = |job| week.job_submit(job).0 / 3_600_000_000;
            week.jobs().filter(|&job| (from..to).contains(&hour(job))).count() as f64
        };
        assert!(in_hours(10, 18) > 2.0 * in_hours(0, 6) * 8.0 / 6.0, "the first day is a Monday");
        assert!(in_hours(120, 168) < 0.7 * in_hours(24, 72), "and the last two are the weekend");
    }

    #[test]
    fn estimates_are_mostly_too_long() {
        let day = make("", 2);
        let is_short = |&task: &_| day.estimate(task).expect("declared") < day.work(task);
        let short = day.tasks().filter(is_short).count() as f64 / day.task_count() as f64;
        assert!((0.005..0.05).contains(&short), "{short}");
    }

    #[test]
    fn what_cannot_be_made_is_refused() {
        for (options, key) in [
            ("cluster.peak_gpu_share = 50.0", "cluster.peak_gpu_share"),
            ("classes.one_gpu.gpus = [[17, 1]]", "classes.one_gpu.gpus"),
            ("classes.one_gpu.shape = 3", "classes.one_gpu"),
            ("span_hours = nan", "span_hours"),
            ("tasks = -1", "tasks"),
        ] {
            let made = generator(toml::from_str(options).expect("TOML"))
                .map_err(MakeError::from)
                .and_then(|generator| generator.make(Seed(0)));
            let refusal = made.err().map(|error| error.to_string()).unwrap_or_default();
            assert!(refusal.contains(key), "{options}: {refusal}");
        }
    }
}
