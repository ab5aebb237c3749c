//! How fast the simulator is here and now: one replay of the workload `bench_cluster` on one thread, with every
//! metric and energy on. Tasks that find no place wait.
//!
//! Allocations are counted by the binary's allocator, which this module knows only as a function that reads
//! its counters.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use policies::episode::{Counts, EpisodeError, run_episode, run_until};
use policies::scheduler::{Backfilling, Scheduler, SchedulerConfig};
use policies::{Choice, Policy, PolicyError};
use serde::Serialize;
use sim::effects::{HostEffects, Sharing};
use sim::engine::Engine;
use sim::kernel::ids::{Id, IdVec, RackId};
use sim::kernel::rng::Seed;
use sim::metrics::MetricSet;
use sim::models::gpu_power::GpuPower;
use sim::models::power::HostPower;
use sim::resources::{DeviceClass, Resources};
use sim::rules::Rules;
use sim::topology::{DeviceKind, DeviceMemory, DeviceSpec, HostModel, Operation, Topology, TopologyError};
use sim::workload::Workload;
use traces::generate::bench_cluster::{BENCH_HOSTS, BenchHost, host_counts};
use traces::generate::{GenerateError, generate};

use crate::config::{ConfigError, PolicyFile};
use crate::memory::AllocationCounters;

const HOSTS_PER_RACK: usize = 40;
const SEED: Seed = Seed(1);
/// The measured servers by which the hosts of the fleet draw power, in the order of [`BENCH_HOSTS`].
const POWER: [&str; BENCH_HOSTS.len()] = ["dl380_8380", "sr665_7763", "dl385_7763", "r740_8180"];
/// Decisions by which a policy that takes over in the middle catches up, and those that are then timed; fewer
/// when the workload is small.
const WARM_UP_DECISIONS: u64 = 2000;
const SAMPLE_DECISIONS: u64 = 8000;

/// What is to be measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BenchOptions {
    /// Hosts of the fleet.
    pub hosts: usize,
    /// Tasks of the workload.
    pub tasks: usize,
    /// Name of the placement policy, or a policy file.
    pub scheduler: String,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BenchReport {
    /// Hosts of the fleet.
    pub hosts: usize,
    /// Tasks of the workload.
    pub tasks: usize,
    /// Name of the placement policy.
    pub scheduler: String,
    /// Events of the replay.
    pub events: u64,
    /// Decisions *where?* of the replay.
    pub decisions: u64,
    /// Wall time of the replay, without the making of its workload.
    pub wall_seconds: f64,
    /// Events per second of wall time.
    pub events_per_second: f64,
    /// Decisions per second of wall time, everything included that the replay does.
    pub decisions_per_second: f64,
    /// Decisions per second over a sample from the middle of the replay, when the fleet is loaded.
    pub sample_decisions_per_second: f64,
    /// The same sample by the policy that looks at every host, which the index must agree with; nothing where
    /// the policy has no such option.
    pub scan_decisions_per_second: Option<f64>,
    /// The most bytes that were allocated at once, workload and results included.
    pub peak_memory_bytes: i64,
    /// Bytes of the workload and of the engine's state per task.
    pub bytes_per_task: f64,
    /// Bytes of the topology and of the cluster's state per host.
    pub bytes_per_host: f64,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The fleet or the workload cannot be.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// The policy file.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The fleet cannot be.
    #[error(transparent)]
    Topology(#[from] TopologyError),
    /// No such policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The policy broke the rules.
    #[error(transparent)]
    Episode(#[from] EpisodeError),
}

/// Measures.
///
/// # Errors
/// When there is no such policy, or too few hosts or tasks.
pub fn bench(
    options: &BenchOptions,
    counters: fn() -> AllocationCounters,
) -> Result<BenchReport, BenchError> {
    let live = || counters().live_bytes;
    let place = match options.scheduler.ends_with(".toml") {
        true => PolicyFile::read(Path::new(&options.scheduler), "place")?,
        false => Choice::from(options.scheduler.as_str()),
    };
    let config = config(&place, false);
    let mut scheduler = Scheduler::new(&config, Backfilling::Skip)?;
    let options_of_workload = toml::Table::from_iter([
        ("hosts".to_owned(), toml::Value::Integer(options.hosts as i64)),
        ("tasks".to_owned(), toml::Value::Integer(options.tasks as i64)),
    ]);

    // The fleet is built only if the generator accepts its size.
    let workload = Arc::new(generate("bench_cluster", options_of_workload, SEED)?);
    let with_workload = live();
    let topology = Arc::new(fleet(options.hosts)?);
    let idle = Engine::new(Arc::clone(&topology), Arc::new(Workload::default()), Rules::default());
    let (fleet_bytes, idle_bytes) = (live() - with_workload, engine_bytes(&idle, live));
    drop(idle);
    let workload_bytes = workload_bytes(&workload, live);

    let mut engine = Engine::new(Arc::clone(&topology), Arc::clone(&workload), Rules::default());
    let state_bytes = engine_bytes(&engine, live) - idle_bytes;
    let middle = options.tasks as u64 / 2;
    scheduler.reset(SEED);
    let mut metrics = MetricSet::default();
    let begin = Instant::now();
    let counts = run_episode(&mut engine, &mut scheduler, &mut metrics)?;
    let wall_seconds = begin.elapsed().as_secs_f64();
    let peak_memory_bytes = counters().peak_bytes;
    drop((engine, metrics, scheduler));

    let sample = Sample::at(middle, topology, workload, &config)?;
    let sample_decisions_per_second = sample.decisions_per_second(&config)?;
    let scan = self::config(&place, true);
    let scan_decisions_per_second = match Scheduler::new(&scan, Backfilling::Skip) {
        Ok(_) => Some(sample.decisions_per_second(&scan)?),
        Err(PolicyError::Options { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    Ok(BenchReport {
        hosts: options.hosts,
        tasks: options.tasks,
        scheduler: options.scheduler.clone(),
        events: counts.events,
        decisions: counts.decisions,
        wall_seconds,
        events_per_second: counts.events as f64 / wall_seconds,
        decisions_per_second: counts.decisions as f64 / wall_seconds,
        sample_decisions_per_second,
        scan_decisions_per_second,
        peak_memory_bytes,
        bytes_per_task: (workload_bytes + state_bytes) as f64 / options.tasks as f64,
        bytes_per_host: fleet_bytes as f64 / options.hosts as f64,
    })
}

/// What a copy of an engine takes, without what it shares.
fn engine_bytes(engine: &Engine, live: impl Fn() -> i64) -> i64 {
    let before = live();
    let copy = engine.clone();
    let bytes = live() - before;
    drop(copy);
    bytes
}

/// What a copy of a workload takes, which is what it takes itself, without the room it grew by.
fn workload_bytes(workload: &Workload, live: impl Fn() -> i64) -> i64 {
    let before = live();
    let copy = workload.clone();
    let bytes = live() - before;
    drop(copy);
    bytes
}

/// The middle of a replay, from which several policies may go on.
struct Sample {
    engine: Engine,
    warm_up_decisions: u64,
}

impl Sample {
    fn at(
        decisions: u64,
        topology: Arc<Topology>,
        workload: Arc<Workload>,
        config: &SchedulerConfig,
    ) -> Result<Self, BenchError> {
        let mut engine = Engine::new(topology, workload, Rules::default());
        let mut scheduler = Scheduler::new(config, Backfilling::Skip)?;
        scheduler.reset(SEED);
        run_until(&mut engine, &mut scheduler, &mut (), &mut Counts::default(), decisions)?;
        let warm_up_decisions = WARM_UP_DECISIONS.min(decisions / 5);
        Ok(Self { engine, warm_up_decisions })
    }

    /// How fast a scheduler goes on from there, once it has caught up.
    fn decisions_per_second(&self, config: &SchedulerConfig) -> Result<f64, BenchError> {
        let mut engine = self.engine.clone();
        let mut scheduler = Scheduler::new(config, Backfilling::Skip)?;
        scheduler.reset(SEED);
        let mut counts = Counts::default();
        let mut metrics = MetricSet::default();
        run_until(&mut engine, &mut scheduler, &mut metrics, &mut counts, self.warm_up_decisions)?;
        let before = counts.decisions;
        let begin = Instant::now();
        run_until(&mut engine, &mut scheduler, &mut metrics, &mut counts, before + SAMPLE_DECISIONS)?;
        Ok((counts.decisions - before) as f64 / begin.elapsed().as_secs_f64())
    }
}

fn config(place: &Choice, is_scan: bool) -> SchedulerConfig {
    let mut place = place.clone();
    if is_scan {
        place.options.insert("search".to_owned(), toml::Value::String("scan".to_owned()));
    }
    SchedulerConfig { order: "fcfs".into(), place, ..SchedulerConfig::default() }
}

/// Hosts of the kinds for which the workload is made, each kind standing together.
fn fleet(hosts: usize) -> Result<Topology, TopologyError> {
    let mut kinds = Vec::new();
    let mut models = IdVec::new();
    let mut places = Vec::with_capacity(hosts);
    for ((kind, power), count) in BENCH_HOSTS.iter().zip(POWER).zip(host_counts(hosts)) {
        let model = models.push(host_model(kind, power, &mut kinds));
        for _ in 0..count {
            places.push((model, RackId::from_index(places.len() / HOSTS_PER_RACK), None));
        }
    }
    Topology::new(kinds, Vec::new(), models, places)
}

fn host_model(host: &BenchHost, power: &str, kinds: &mut Vec<DeviceKind>) -> HostModel {
    let mut devices = Vec::new();
    if host.gpu_count > 0 {
        let kind = kinds.len() as u8;
        devices = vec![DeviceSpec { kind, numa_node: 0 }; usize::from(host.gpu_count)];
        kinds.push(DeviceKind {
            name: host.gpu_kind.to_owned(),
            class: DeviceClass::Gpu,
            sharing: Sharing::Parts,
            memory: DeviceMemory::UNSTATED,
            power: GpuPower::preset(host.gpu_kind).expect("the power of the fleet's GPUs is known"),
        });
    }
    HostModel {
        name: host.name.to_owned(),
        numa_nodes: vec![Resources { cpu_milli: host.cpu_milli, memory_mib: host.memory_mib }],
        devices,
        features: 0,
        power: HostPower::preset(power).expect("the power of the fleet's hosts is known"),
        operation: Operation::default(),
        effects: HostEffects::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bench_of(hosts: usize, tasks: usize, scheduler: &str) -> Result<BenchReport, BenchError> {
        bench(&BenchOptions { hosts, tasks, scheduler: scheduler.to_owned() }, AllocationCounters::default)
    }

    #[test]
    fn a_small_bench_measures_everything() {
        let report = bench_of(20, 3000, "best_fit").expect("possible");
        assert_eq!((report.hosts, report.tasks), (20, 3000));
        assert!(report.decisions >= 3000 && report.events >= 9000, "{report:?}");
        assert!(report.scan_decisions_per_second.is_some_and(|rate| rate > 0.0));
        assert_eq!(bench_of(20, 1000, "random").expect("possible").scan_decisions_per_second, None);
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        assert!(matches!(bench_of(20, 10, "bestfit"), Err(BenchError::Policy(_))));
        assert!(matches!(bench_of(3, 10, "best_fit"), Err(BenchError::Generate(_))));
    }

    #[test]
    fn the_fleet_has_every_kind_of_host() {
        let topology = fleet(1000).expect("possible");
        assert_eq!((topology.host_count(), topology.rack_count(), topology.models().len()), (1000, 25, 4));
        assert_eq!(topology.device_count(), 150 * 8 + 150 * 2);
    }
}
