//! Random clusters and workloads with everything in them, small enough that things get in each other's way.
//! Times come in half seconds most of the time, so that many things happen at once.

use sim::effects::{HostEffects, Sharing};
use sim::kernel::ids::{HostModelId, Id, RackId};
use sim::kernel::rng::Stream;
use sim::kernel::time::{SimDuration, SimTime};
use sim::models::cpu_sharing::{CpuSharing, SharingRule, Weights};
use sim::models::gpu_power::{GpuCurve, GpuPower};
use sim::models::interconnect::Interconnect;
use sim::models::memory_pressure::MemoryPressure;
use sim::models::numa::NumaMemory;
use sim::models::power::HostPower;
use sim::models::sleep::Sleep;
use sim::models::virtualisation::Virtualisation;
use sim::resources::{DeviceClass, Resources};
use sim::topology::{DeviceKind, DeviceMemory, DeviceSpec, HostModel, Operation, Topology};
use sim::workload::{Demand, DeviceDemand, JobSpec, TaskSpec, UsePoint, Workload, WorkloadBuilder};

/// What a workload may contain beside plain tasks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taste {
    /// Tasks per second, about.
    pub(crate) rate: f64,
    /// True when the members of a gang may differ.
    pub(crate) has_mixed_gangs: bool,
}

/// True with this probability.
pub(crate) fn is_likely(random: &mut Stream, probability: f64) -> bool {
    random.unit() < probability
}

/// `first` to `last`, each equally likely.
fn between(random: &mut Stream, first: u32, last: u32) -> u32 {
    first + random.below((last - first + 1) as usize) as u32
}

/// Up to four models of hosts; devices that are shared, that are not, and that are no GPUs. Nothing slows anybody.
#[allow(dead_code, reason = "each of the tests takes what it needs")]
pub(crate) fn topology(random: &mut Stream, host_count: usize) -> Topology {
    let kinds = kinds([Sharing::Parts, Sharing::Whole, Sharing::Whole]);
    topology_of(random, host_count, kinds, |_| HostEffects::default())
}

/// The same with everything that slows work: more is given out than there is, and devices are shared in every way.
#[allow(dead_code, reason = "each of the tests takes what it needs")]
pub(crate) fn slow_topology(random: &mut Stream, host_count: usize) -> Topology {
    let ways = [
        Sharing::Parts,
        Sharing::TimeSlicing { switching_loss: 0.03 },
        Sharing::Spatial { neighbour_cost: 0.03 },
        Sharing::Mig { reconfiguration_seconds: 0.0 },
        Sharing::Regions { count: 4, reconfiguration_seconds: 0.0 },
    ];
    let kinds = kinds([(); 3].map(|()| ways[random.below(ways.len())]));
    topology_of(random, host_count, kinds, |random| HostEffects {
        memory: is_likely(random, 0.5)
            .then(|| NumaMemory { remote_gb_per_second: 1.0, ..NumaMemory::PRESETS[random.below(4)].1 }),
        interconnect: is_likely(random, 0.5).then(|| Interconnect::PRESETS[random.below(6)].1),
        virtualisation: is_likely(random, 0.5).then(|| Virtualisation::PRESETS[random.below(6)].1),
        cpu_sharing: is_likely(random, 0.7).then(|| CpuSharing {
            weights: [Weights::Request, Weights::Equal, Weights::Priority][random.below(3)],
            rule: [SharingRule::MaxMin, SharingRule::Proportional][random.below(2)],
        }),
        memory_pressure: is_likely(random, 0.5).then(|| MemoryPressure::PRESETS[random.below(3)].1),
        speed: is_likely(random, 0.3).then_some(1.5),
    })
}

fn kinds(sharing: [Sharing; 3]) -> Vec<DeviceKind> {
    let kind = |name: &str, class, sharing, curve| DeviceKind {
        name: name.into(),
        class,
        sharing,
        memory: DeviceMemory::UNSTATED,
        power: GpuPower { idle_watts: 30.0, max_watts: 300.0, curve },
    };
    vec![
        kind("t4", DeviceClass::Gpu, sharing[0], GpuCurve::Linear),
        kind("a100", DeviceClass::Gpu, sharing[1], GpuCurve::MemoryBound),
        kind("versal", DeviceClass::Fpga, sharing[2], GpuCurve::AllOrNothing),
    ]
}

fn topology_of(
    random: &mut Stream,
    host_count: usize,
    kinds: Vec<DeviceKind>,
    effects: impl Fn(&mut Stream) -> HostEffects,
) -> Topology {
    let model_count = between(random, 1, 4);
    let mut models: Vec<HostModel> = (0..model_count).map(|_| host_model(random, kinds.len())).collect();
    for model in &mut models {
        model.effects = effects(random);
        if !model.effects.is_none() {
            let Resources { cpu_milli, memory_mib } = model.capacity();
            let physical = Resources { cpu_milli: cpu_milli * 2 / 3, memory_mib: memory_mib * 2 / 3 };
            model.operation.physical = Some(physical);
        }
    }
    let host =
        |index| (HostModelId::from_index(random.below(model_count as usize)), RackId(index as u32 / 4), None);
    let hosts = (0..host_count).map(host).collect();
    Topology::new(kinds, vec!["fast".into()], models.into(), hosts).expect("the parts are valid")
}

fn host_model(random: &mut Stream, kind_count: usize) -> HostModel {
    let node_count = between(random, 1, 4);
    let node = |random: &mut Stream| Resources {
        cpu_milli: 500 * between(random, 0, 8),
        memory_mib: 512 * between(random, 0, 8),
    };
    let device = |random: &mut Stream| DeviceSpec {
        kind: random.below(kind_count) as u8,
        numa_node: random.below(node_count as usize) as u8,
    };
    let device_count = if is_likely(random, 0.6) { between(random, 1, 4) } else { 0 };
    let (idle_watts, max_watts) = (80.0, 230.0);
    HostModel {
        name: "random".into(),
        numa_nodes: (0..node_count).map(|_| node(random)).collect(),
        devices: (0..device_count).map(|_| device(random)).collect(),
        features: between(random, 0, 1),
        power: match random.below(3) {
            0 => HostPower::Linear { idle_watts, max_watts },
            1 => HostPower::Fan { idle_watts, max_watts, exponent: 1.4 },
            _ => HostPower::preset("epyc_9654").expect("it is listed"),
        },
        operation: Operation {
            frequencies: vec![0.8, 0.5],
            sleep: is_likely(random, 0.8).then(|| Sleep {
                down: SimDuration(500_000 * random.below(4) as u64),
                down_watts: 90.0,
                asleep_watts: 5.0,
                boot: SimDuration(500_000 * random.below(10) as u64),
                boot_watts: 200.0,
            }),
            ..Operation::default()
        },
        effects: HostEffects::default(),
    }
}

/// How many tenants submit, in turns.
pub(crate) const TENANTS: u32 = 3;

/// Jobs of one task and of several, gangs, and tasks with patience, priority, use over time, or no end.
pub(crate) fn workload(random: &mut Stream, job_count: usize, taste: Taste) -> Workload {
    let mut builder = WorkloadBuilder::new();
    let span = (2.0 * job_count as f64 / taste.rate) as usize;
    for place in 0..job_count {
        let submit = SimTime(500_000 * random.below(span + 1) as u64);
        let task_count = if is_likely(random, 0.3) { between(random, 2, 4) } else { 1 };
        let is_gang = is_likely(random, 0.6);
        let first = task(random);
        let others = (1..task_count)
            .map(|_| if is_gang && !taste.has_mixed_gangs { first.clone() } else { task(random) });
        let tasks: Vec<TaskSpec> = others.chain([first.clone()]).collect();
        let job = JobSpec { submit, tenant: place as u32 % TENANTS, is_gang };
        builder.add_job(job, tasks).expect("the parts are valid");
    }
    builder.finish()
}

fn task(random: &mut Stream) -> TaskSpec {
    let patience = is_likely(random, 0.2).then(|| duration(random).max(SimDuration(1)));
    TaskSpec {
        demand: demand(random),
        work: if is_likely(random, 0.05) { SimDuration::ZERO } else { duration(random) },
        estimate: is_likely(random, 0.5).then(|| duration(random)),
        patience,
        is_censored: is_likely(random, 0.04),
        usage: if is_likely(random, 0.3) { use_points(random) } else { Vec::new() },
        name: None,
        recorded: None,
    }
}

fn duration(random: &mut Stream) -> SimDuration {
    match is_likely(random, 0.8) {
        true => SimDuration(500_000 * u64::from(between(random, 1, 30))),
        false => SimDuration(1 + random.below(20_000_000) as u64),
    }
}

/// One in forty asks for what no host has.
fn demand(random: &mut Stream) -> Demand {
    let feature = match random.below(80) {
        0 => Some("unheard_of"),
        1..=8 => Some("fast"),
        _ => None,
    };
    Demand {
        cpu_milli: 250 * between(random, 0, 16),
        memory_mib: 256 * between(random, 0, 16),
        devices: is_likely(random, 0.4).then(|| devices(random)),
        features: feature.map(String::from).into_iter().collect(),
        priority: between(random, 0, 3) as u8,
    }
}

fn devices(random: &mut Stream) -> DeviceDemand {
    let (count, milli_each) = match is_likely(random, 0.5) {
        true => (1, 100 * between(random, 1, 9) as u16),
        false => (between(random, 1, 3) as u8, 1000),
    };
    let (class, names): (_, &[&str]) = match random.below(20) {
        0..=7 => (DeviceClass::Gpu, &[]),
        8..=12 => (DeviceClass::Gpu, &["t4"]),
        13..=16 => (DeviceClass::Gpu, &["a100"]),
        17 => (DeviceClass::Gpu, &["a100", "t4"]),
        18 => (DeviceClass::Fpga, &[]),
        _ => (DeviceClass::Gpu, &["unheard_of"]),
    };
    DeviceDemand {
        class,
        count,
        milli_each,
        memory_mib_each: 0,
        kinds: names.iter().map(|&name| name.into()).collect(),
    }
}

fn use_points(random: &mut Stream) -> Vec<UsePoint> {
    let mut start = SimDuration::ZERO;
    let points = (0..between(random, 1, 4)).map(|_| {
        let mut part = || random.below(16) as f32 / 10.0;
        let point = UsePoint { start, cpu: part(), memory: part(), devices: part() };
        start = start + duration(random);
        point
    });
    points.collect()
}
