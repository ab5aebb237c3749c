//! A workload for measuring speed: Poisson arrivals of small tasks that keep a fleet of [`BENCH_HOSTS`] busy.
//!
//! Times between arrivals and run times are exponential. Once about five mean run times have passed, the
//! tasks that run ask for `load` of the fleet's cpu on average, about twelve of them per host at a load of
//! 0.8; memory and GPUs are asked for less. That takes more tasks than run at once: at 0.8 about 12 per host
//! to fill the fleet, and as many again for every hour that follows.

use serde::Deserialize;
use sim::kernel::rng::{Seed, Stream};
use sim::kernel::time::{SimDuration, SimTime};
use sim::resources::{DeviceClass, WHOLE_DEVICE};
use sim::workload::{Demand, DeviceDemand, JobSpec, TaskSpec, Workload, WorkloadBuilder, WorkloadError};

use super::{Generator, MakeError, mean, pick};
use crate::OptionError;

/// One line of help.
pub const HELP: &str = "for speed benchmarks: small tasks at a steady load on a fleet of four host kinds";

/// A kind of host of the benchmark's fleet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BenchHost {
    /// As reports name it.
    pub name: &'static str,
    /// Thousandths of a core.
    pub cpu_milli: u32,
    /// Mebibytes.
    pub memory_mib: u32,
    /// How many GPUs it has.
    pub gpu_count: u8,
    /// Their kind; empty without GPUs.
    pub gpu_kind: &'static str,
    /// Share of the fleet's hosts, summing to 1 over the kinds.
    pub share: f64,
}

/// The kinds of hosts that the workload is made for.
pub const BENCH_HOSTS: [BenchHost; 4] = [
    host("general", (64, 256), (0, ""), 0.50),
    host("memory", (96, 768), (0, ""), 0.20),
    host("a100", (128, 512), (8, "A100"), 0.15),
    host("t4", (32, 128), (2, "T4"), 0.15),
];

const fn host(
    name: &'static str,
    (cores, memory_gib): (u32, u32),
    (gpu_count, gpu_kind): (u8, &'static str),
    share: f64,
) -> BenchHost {
    let (cpu_milli, memory_mib) = (1000 * cores, 1024 * memory_gib);
    BenchHost { name, cpu_milli, memory_mib, gpu_count, gpu_kind, share }
}

/// How many hosts of each kind a fleet of this size has: shares rounded down, the rest to the first kind.
pub fn host_counts(hosts: usize) -> [usize; BENCH_HOSTS.len()] {
    let mut counts = BENCH_HOSTS.map(|kind| (kind.share * hosts as f64 + 1e-9) as usize);
    counts[0] += hosts - counts.iter().sum::<usize>();
    counts
}

/// With fewer hosts, some kind would be missing.
const FEWEST_HOSTS: usize = 10;
const MOST_HOSTS: usize = 10_000_000;
const MOST_TASKS: usize = 100_000_000;
const MEAN_RUN_SECONDS: f64 = 3600.0;

/// Cores and their weights.
const CORES: [(u32, f64); 5] = [(1, 0.20), (2, 0.20), (4, 0.28), (8, 0.20), (16, 0.12)];
/// Mebibytes per core and their weights.
const MIB_PER_CORE: [(u32, f64); 3] = [(1024, 0.3), (2048, 0.4), (4096, 0.3)];
/// GPUs, thousandths of each, and their weights.
const GPUS: [((u8, u16), f64); 6] = [
    ((0, 0), 0.87),
    ((1, 250), 0.05),
    ((1, 500), 0.04),
    ((1, WHOLE_DEVICE), 0.03),
    ((2, WHOLE_DEVICE), 0.008),
    ((4, WHOLE_DEVICE), 0.002),
];
/// Share of the tasks with whole GPUs that insist on the fast kind.
const NAMED_SHARE: f64 = 0.25;
const NAMED_KIND: &str = "A100";

/// What to make.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Hosts of the fleet, at least 10.
    pub hosts: usize,
    /// Tasks in all.
    pub tasks: usize,
    /// Mean share of the fleet's cpu that is asked for, up to 1.
    pub load: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { hosts: 1000, tasks: 100_000, load: 0.8 }
    }
}

/// The generator.
///
/// # Errors
/// When an option is out of its range.
pub fn generator(options: Options) -> Result<impl Generator, OptionError> {
    let Options { hosts, tasks, load } = options;
    if !(FEWEST_HOSTS..=MOST_HOSTS).contains(&hosts) {
        let allowed = format!("a whole number from {FEWEST_HOSTS} to {MOST_HOSTS}");
        return Err(OptionError::out_of_range("hosts", hosts, &allowed));
    }
    if !(1..=MOST_TASKS).contains(&tasks) {
        let allowed = format!("a whole number from 1 to {MOST_TASKS}");
        return Err(OptionError::out_of_range("tasks", tasks, &allowed));
    }
    if !(0.001..=1.0).contains(&load) {
        return Err(OptionError::out_of_range("load", load, "a number from 0.001 to 1"));
    }
    Ok(BenchCluster(options))
}

struct BenchCluster(Options);

impl BenchCluster {
    /// By Little's law, tasks running at once = arrivals per second x mean run time.
    fn seconds_between_arrivals(&self) -> f64 {
        let counts = host_counts(self.0.hosts).into_iter();
        let fleet: f64 = counts.zip(BENCH_HOSTS).map(|(count, kind)| count as f64 * f64::from(kind.cpu_milli)).sum();
        let mean_cpu_milli = 1000.0 * mean(CORES.into_iter().map(|(cores, weight)| (f64::from(cores), weight)));
        let running = self.0.load * fleet / mean_cpu_milli;
        MEAN_RUN_SECONDS / running
    }
}

impl Generator for BenchCluster {
    fn make(&self, seed: Seed) -> Result<Workload, MakeError> {
        let mut arrivals = seed.stream("bench_cluster.arrivals");
        let mut lives = seed.stream("bench_cluster.lives");
        let mut shapes = seed.stream("bench_cluster.shapes");
        let between = self.seconds_between_arrivals();
        let mut seconds = 0.0;
        let mut builder = WorkloadBuilder::new();
        for _ in 0..self.0.tasks {
            let submit = SimTime::from_seconds(seconds).ok_or(WorkloadError::TooLong)?;
            let work =
                SimDuration::from_seconds(lives.exponential(MEAN_RUN_SECONDS)).ok_or(WorkloadError::TooLong)?;
            let task = TaskSpec { demand: demand(&mut shapes), work, ..TaskSpec::default() };
            builder.add_task(JobSpec { submit, ..JobSpec::default() }, task)?;
            seconds += arrivals.exponential(between);
        }
        Ok(builder.finish())
    }
}

fn demand(stream: &mut Stream) -> Demand {
    let cores = pick(stream, &CORES);
    let memory_mib = cores * pick(stream, &MIB_PER_CORE);
    let (count, milli_each) = pick(stream, &GPUS);
    let is_named = stream.unit() < NAMED_SHARE && milli_each == WHOLE_DEVICE;
    let kinds = if is_named { vec![NAMED_KIND.to_owned()] } else { Vec::new() };
    let devices = DeviceDemand { class: DeviceClass::Gpu, count, milli_each, memory_mib_each: 0, kinds };
    Demand {
        cpu_milli: 1000 * cores,
        memory_mib,
        devices: Some(devices).filter(|devices| devices.count > 0),
        ..Demand::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host_has_a_kind() {
        assert_eq!(host_counts(1000), [500, 200, 150, 150]);
        assert_eq!(host_counts(10), [6, 2, 1, 1]);
        for hosts in 1..99 {
            assert_eq!(host_counts(hosts).iter().sum::<usize>(), hosts);
        }
    }

    #[test]
    fn the_load_is_reached_after_warming_up_and_memory_and_gpus_stay_below() {
        let hosts = 200;
        let options = Options { hosts, tasks: 40_000, load: 0.8 };
        let workload = generator(options).expect("allowed").make(Seed(3)).expect("possible");
        let (from, to) = (5.0 * MEAN_RUN_SECONDS, workload.last_submit().seconds());
        assert!(to > 2.0 * from, "there is time to measure: {to} s");
        let (mut cpu, mut memory, mut gpu, mut running) = (0.0, 0.0, 0.0, 0.0);
        for task in workload.tasks() {
            let start = workload.submit(task).seconds();
            let seconds = ((start + workload.work(task).seconds()).min(to) - start.max(from)).max(0.0);
            let demand = workload.demand(task);
            let gpus = demand.devices.as_ref().map_or(0.0, |gpus| f64::from(gpus.count) * f64::from(gpus.milli_each));
            cpu += seconds * f64::from(demand.cpu_milli);
            memory += seconds * f64::from(demand.memory_mib);
            gpu += seconds * gpus;
            running += seconds;
        }
        let fleet = |of: fn(&BenchHost) -> f64| -> f64 {
            host_counts(hosts).iter().zip(&BENCH_HOSTS).map(|(&count, kind)| count as f64 * of(kind)).sum()
        };
        let share = |sum: f64, fleet: f64| sum / (to - from) / fleet;
        let cpu = share(cpu, fleet(|kind| f64::from(kind.cpu_milli)));
        let memory = share(memory, fleet(|kind| f64::from(kind.memory_mib)));
        let gpu = share(gpu, fleet(|kind| 1000.0 * f64::from(kind.gpu_count)));
        let running = share(running, hosts as f64);
        assert!((cpu - 0.8).abs() < 0.02, "cpu {cpu}");
        assert!(memory < 0.7 && gpu < 0.75, "memory {memory}, gpu {gpu}");
        assert!((11.0..13.0).contains(&running), "{running} tasks per host");
        assert!((50..400).contains(&workload.demands().len()), "{} shapes", workload.demands().len());
    }
}
