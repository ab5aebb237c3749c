//! Small worlds drawn in one line of text, and the plainest scheduler, for tests of this crate and of those
//! above it.
//!
//! * A cluster: `"cpu 8 memory 16 gpus 2 | cpu 4"`, hosts from left to right, whole cores, mebibytes, devices;
//!   `numa 2` splits cpu and memory evenly over two nodes; `kind a100` names the kind of the devices, and
//!   `shared no` after it says that each of them serves one task, `sharing mig` (`turns`, `spatial`, `regions`) how they are
//!   shared, `vram 160` what memory each has, `given 320` what is given out of it; `slow numa,guest,cpu,memory,links` which effects the host has, `speed 1.25` how fast it is; `name left` names the host.
//! * A workload: `"at 0 cpu 2 work 5 | at 1 cpu 1 work 3 gpus 1"`, seconds and whole cores; `share 300` is that
//!   many thousandths of one device, `vram 80` memory of each device; `use 0:50,3:100` uses 50 % of everything at first and all from its third
//!   second on; also `memory`, `estimate`, `priority`, `patience`, `kind`, `tenant`, `gang N` (a job of N such tasks),
//!   `censored yes`; `started 7` and `on left` are what the source records of it: its start, and its host.
//! * Surroundings: `"celsius 0:10,30:24 | carbon 0:400,20:100 | price 0:40"`, seconds and values; `forecast 60` foresees a minute.

use std::sync::Arc;

use crate::decision::{Decision, NumaShare, Placement, Request};
use crate::effects::{HostEffects, Sharing};
use crate::engine::{Engine, Step};
use crate::event::{Event, EventKind};
use crate::kernel::ids::{HostId, HostModelId, Id, RackId, TaskId};
use crate::kernel::time::{SimDuration, SimTime};
use crate::models::cpu_sharing::CpuSharing;
use crate::models::gpu_power::GpuPower;
use crate::models::interconnect::Interconnect;
use crate::models::memory_pressure::MemoryPressure;
use crate::models::numa::NumaMemory;
use crate::models::power::HostPower;
use crate::models::sleep::Sleep;
use crate::models::virtualisation::Virtualisation;
use crate::observe::Observer;
use crate::resources::{DeviceClass, DeviceSet, Resources, TaskShape};
use crate::rules::Rules;
use crate::surroundings::{Known, Steps, Surroundings};
use crate::topology::{DeviceKind, DeviceMemory, DeviceSpec, HostModel, Operation, Topology};
use crate::view::ClusterView;
use crate::workload::{
    Demand, DeviceDemand, JobSpec, Recorded, TaskSpec, UsePoint, Workload, WorkloadBuilder,
};

/// The words of one entry, in pairs.
fn pairs(text: &str) -> Vec<(&str, &str)> {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.chunks(2).map(|pair| (pair[0], *pair.get(1).unwrap_or(&""))).collect()
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("a number was expected, not {text:?}"))
}

fn seconds(text: &str) -> SimDuration {
    SimDuration(number(text) * 1_000_000)
}

fn is_yes(text: &str) -> bool {
    match text {
        "yes" => true,
        "no" => false,
        _ => panic!("yes or no was expected, not {text:?}"),
    }
}

/// `0:50,3:100`: seconds of its life, and percent of what it asked for.
fn use_points(text: &str) -> Vec<UsePoint> {
    let point = |text: &str| {
        let (start, percent) = text.split_once(':').unwrap_or_else(|| panic!("{text:?} is no point of use"));
        let part = number(percent) as f32 / 100.0;
        UsePoint { start: seconds(start), cpu: part, memory: part, devices: part }
    };
    text.split(',').map(point).collect()
}

fn named_sharing(text: &str) -> Sharing {
    match text {
        "turns" => Sharing::TimeSlicing { switching_loss: 0.04 },
        "spatial" => Sharing::Spatial { neighbour_cost: 0.03 },
        "mig" => Sharing::Mig { reconfiguration_seconds: 10.0 },
        "regions" => Sharing::Regions { count: 4, reconfiguration_seconds: 2.0 },
        _ => panic!("{text:?} is no way to share a device"),
    }
}

fn named_effects(text: &str) -> HostEffects {
    let mut effects = HostEffects::default();
    for name in text.split(',') {
        match name {
            "numa" => effects.memory = NumaMemory::preset("ice_lake"),
            "guest" => effects.virtualisation = Virtualisation::preset("default_vm"),
            "cpu" => effects.cpu_sharing = Some(CpuSharing::default()),
            "memory" => effects.memory_pressure = Some(MemoryPressure::default()),
            "links" => effects.interconnect = Interconnect::preset("pcie_4"),
            _ => panic!("{name:?} is no effect"),
        }
    }
    effects
}

/// A cluster drawn in text.
///
/// # Panics
/// When the drawing is none.
pub fn topology(drawing: &str) -> Topology {
    let mut kinds: Vec<DeviceKind> = Vec::new();
    let mut models: Vec<HostModel> = Vec::new();
    let mut hosts: Vec<(HostModelId, RackId, Option<Box<str>>)> = Vec::new();
    for text in drawing.split('|') {
        let (mut cpu, mut memory, mut gpus, mut numa, mut kind, mut sharing) =
            (0, 1 << 20, 0, 1, "gpu", Sharing::Parts);
        let mut name = None;
        let mut physical = None;
        let mut operation = Operation::default();
        let mut effects = HostEffects::default();
        let mut device_memory = DeviceMemory::UNSTATED;
        for (word, value) in pairs(text) {
            match word {
                "cpu" => cpu = number(value) as u32,
                "memory" => memory = number(value) as u32,
                "gpus" => gpus = number(value) as usize,
                "vram" => {
                    let mib = number(value) as u32;
                    device_memory = DeviceMemory { physical_mib: mib, given_mib: mib };
                }
                "given" => device_memory.given_mib = number(value) as u32,
                "numa" => numa = number(value) as u32,
                "kind" => kind = value,
                "name" => name = Some(value.into()),
                "shared" => sharing = if is_yes(value) { Sharing::Parts } else { Sharing::Whole },
                "sharing" => sharing = named_sharing(value),
                "slow" => effects = named_effects(value),
                "speed" => effects.speed = Some(value.parse().expect(value)),
                "sleep" => {
                    let preset = Sleep::PRESETS.iter().find(|preset| preset.0 == value);
                    operation.sleep = Some(preset.expect("sleep is one of the presets").1);
                }
                "frequencies" => {
                    operation.frequencies = value.split(',').map(|one| one.parse().expect(one)).collect()
                }
                "embodied" => operation.embodied_kilograms = number(value) as f64,
                "physical" => physical = Some(number(value) as u32 * 1000),
                _ => panic!("{word:?} is no word for a host"),
            }
        }
        let index = kinds.iter().position(|known| known.name == kind).unwrap_or_else(|| {
            let power = GpuPower { idle_watts: 50.0, max_watts: 400.0, ..GpuPower::default() };
            let (name, class) = (kind.into(), DeviceClass::Gpu);
            kinds.push(DeviceKind { name, class, sharing, memory: device_memory, power });
            kinds.len() - 1
        });
        // Hosts that are drawn alike are of one model.
        let drawn = text.trim();
        if let Some(known) = models.iter().position(|model| *model.name == *drawn) {
            hosts.push((HostModelId::from_index(known), RackId(0), name));
            continue;
        }
        hosts.push((HostModelId::from_index(models.len()), RackId(0), name));
        let physical = physical.map(|cpu_milli| Resources { cpu_milli, memory_mib: memory });
        operation.physical = physical.or(operation.physical);
        let node = Resources { cpu_milli: cpu * 1000 / numa, memory_mib: memory / numa };
        models.push(HostModel {
            name: drawn.into(),
            numa_nodes: vec![node; numa as usize],
            devices: (0..gpus)
                .map(|gpu| DeviceSpec { kind: index as u8, numa_node: (gpu * numa as usize / gpus) as u8 })
                .collect(),
            features: 0,
            power: HostPower::Linear { idle_watts: 100.0, max_watts: 200.0 },
            operation,
            effects,
        });
    }
    Topology::new(kinds, Vec::new(), models.into(), hosts).expect("the drawing is a cluster")
}

/// A workload drawn in text.
///
/// # Panics
/// When the drawing is none.
pub fn workload(drawing: &str) -> Workload {
    let mut builder = WorkloadBuilder::new();
    for text in drawing.split('|') {
        let (mut job, mut task, mut gang) = (JobSpec::default(), TaskSpec::default(), 1);
        let (mut gpus, mut share, mut vram, mut kinds) = (0, 0, 0, Vec::new());
        let (mut recorded_start, mut recorded_host) = (None, None);
        for (word, value) in pairs(text) {
            match word {
                "at" => job.submit = SimTime(seconds(value).0),
                "tenant" => job.tenant = number(value) as u32,
                "cpu" => task.demand.cpu_milli = number(value) as u32 * 1000,
                "memory" => task.demand.memory_mib = number(value) as u32,
                "gpus" => gpus = number(value) as u8,
                "share" => share = number(value) as u16,
                "vram" => vram = number(value) as u32,
                "kind" => kinds.push(value.to_owned()),
                "work" => task.work = seconds(value),
                "estimate" => task.estimate = Some(seconds(value)),
                "patience" => task.patience = Some(seconds(value)),
                "priority" => task.demand.priority = number(value) as u8,
                "censored" => task.is_censored = is_yes(value),
                "use" => task.usage = use_points(value),
                "started" => recorded_start = Some(SimTime(seconds(value).0)),
                "on" => recorded_host = Some(value.into()),
                "gang" => (gang, job.is_gang) = (number(value) as usize, true),
                _ => panic!("{word:?} is no word for a task"),
            }
        }
        let (count, milli_each) = if share > 0 { (1, share) } else { (gpus, 1000) };
        let devices =
            DeviceDemand { class: DeviceClass::Gpu, count, milli_each, memory_mib_each: vram, kinds };
        task.recorded = recorded_start.map(|start| Recorded { start, host: recorded_host });
        task.demand = Demand { devices: (count > 0).then_some(devices), ..task.demand };
        builder.add_job(job, vec![task; gang]).expect("the drawing is a workload");
    }
    builder.finish()
}

/// Surroundings drawn in text.
///
/// # Panics
/// When the drawing is none.
pub fn surroundings(drawing: &str) -> Surroundings {
    let mut known = Known::default();
    let mut forecast = None;
    for (word, value) in drawing.split('|').flat_map(pairs) {
        let step = |text: &str| {
            let (start, value) = text.split_once(':').unwrap_or_else(|| panic!("{text:?} is no step"));
            let value = value.parse().unwrap_or_else(|_| panic!("a number was expected, not {value:?}"));
            (SimTime(seconds(start).0), value)
        };
        let steps = || Steps::new(value.split(',').map(step).collect()).expect("the drawing is steps");
        match word {
            "celsius" => known.dry_bulb_celsius = Some(steps()),
            "wet" => known.wet_bulb_celsius = Some(steps()),
            "carbon" => known.carbon_grams_per_kwh = Some(steps()),
            "price" => known.price_per_mwh = Some(steps()),
            "forecast" => forecast = Some(seconds(value)),
            _ => panic!("{word:?} is no word for surroundings"),
        }
    }
    let surroundings = Surroundings::new(known);
    match forecast {
        Some(forecast) => surroundings.with_forecast(forecast),
        None => surroundings,
    }
}

/// An engine over two drawings under default rules.
pub fn engine(cluster: &str, work: &str) -> Engine {
    engine_with(cluster, work, Rules::default())
}

/// An engine over two drawings.
pub fn engine_with(cluster: &str, work: &str, rules: Rules) -> Engine {
    Engine::new(Arc::new(topology(cluster)), Arc::new(workload(work)), rules)
}

/// The first devices that will do; fewer than asked for when there are not enough.
pub fn first_devices(view: ClusterView<'_>, shape: &TaskShape, host: HostId) -> DeviceSet {
    let devices = view.devices_free(host).iter().zip(view.device_kinds(host)).enumerate();
    let usable = devices.filter(|&(position, (&free, &kind))| {
        shape.devices.kinds.has(kind)
            && free >= view.taken_of(kind, shape.devices)
            && view.device_memory_free(host, position) >= shape.devices.memory_mib_each
    });
    usable
        .take(usize::from(shape.devices.count))
        .fold(DeviceSet::EMPTY, |set, (position, _)| set.with(position))
}

/// A placement on this host: the first devices that will do, and all of its NUMA nodes, or the first with room where the rules
/// want one.
pub fn placement_on(view: ClusterView<'_>, task: TaskId, host: HostId) -> Placement {
    let devices = first_devices(view, view.shape(task), host);
    let (nodes, need) = (view.numa_free(host), view.shape(task).resources);
    let is_one = nodes.len() > 1 && view.rules().numa_split.is_some_and(|split| !split.splits(need));
    let with_room = || nodes.iter().position(|node| node.covers(need)).unwrap_or(0);
    let numa = if is_one { NumaShare::node(with_room()) } else { NumaShare::first(nodes.len()) };
    Placement { task, host, numa, devices }
}

/// First come, first served, first fit by scanning, skipping whoever does not fit.
pub fn first_fit(view: ClusterView<'_>, request: Request) -> Decision {
    match request {
        Request::Order => {
            let next = view.waiting().find(|&task| !view.has_failed(task));
            next.map_or(Decision::Defer, Decision::Select)
        }
        Request::Place { task } => {
            let host = view.topology().hosts().find(|&host| view.fits(view.shape(task), host));
            host.map_or(Decision::Defer, |host| Decision::Place(placement_on(view, task, host)))
        }
        Request::Rebalance { .. } => Decision::Defer,
    }
}

/// Plays an episode to its end: `decide` answers, `observer` is told.
///
/// # Panics
/// When the engine refuses a decision.
pub fn play(
    engine: &mut Engine,
    mut decide: impl FnMut(ClusterView<'_>, Request) -> Decision,
    observer: &mut impl Observer,
) {
    loop {
        match engine.step() {
            Step::Happened(event) => observer.on_event(&event, engine.view()),
            Step::Decide(request) => {
                let decision = decide(engine.view(), request);
                if let Err(error) = engine.apply(request, decision) {
                    panic!("{decision:?} does not answer {request:?}: {error}");
                }
            }
            Step::Ended => return,
        }
    }
}

/// Plays an episode to its end with [`first_fit`].
///
/// # Panics
/// When the engine refuses one of its decisions.
pub fn run_first_fit(engine: &mut Engine, observer: &mut impl Observer) {
    play(engine, first_fit, observer);
}

/// What happened, one line per event: `"5: task 0 finished on host 1"`, seconds first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Story(pub Vec<String>);

impl Observer for Story {
    fn on_event(&mut self, event: &Event, _: ClusterView<'_>) {
        let seconds = event.time.seconds();
        self.0.push(match event.kind {
            EventKind::TaskSubmitted { task } => format!("{seconds}: task {task} came"),
            EventKind::TaskStarted { placement: Placement { task, host, .. } } => {
                format!("{seconds}: task {task} started on host {host}")
            }
            EventKind::TaskFinished { task, host } => {
                format!("{seconds}: task {task} finished on host {host}")
            }
            EventKind::TaskEvicted { task, host, .. } => {
                format!("{seconds}: task {task} was evicted from host {host}")
            }
            EventKind::TaskRejected { task, cause } => format!("{seconds}: task {task} left ({cause:?})"),
            EventKind::UseChanged { task, .. } => format!("{seconds}: task {task} changed its use"),
            EventKind::MigrationStarted { placement: Placement { task, host, .. } } => {
                format!("{seconds}: task {task} is on its way to host {host}")
            }
            EventKind::MigrationEnded { task, from, to } => {
                format!("{seconds}: task {task} came from host {from} to host {to}")
            }
            EventKind::MigrationCancelled { task, to } => {
                format!("{seconds}: task {task} does not go to host {to}")
            }
            EventKind::MigrationWentOn { task, leg } => format!("{seconds}: task {task} is {leg:?}"),
            EventKind::PhaseChanged { host, phase } => format!("{seconds}: host {host} is {phase:?}"),
            EventKind::Governed { host } => format!("{seconds}: host {host} runs in another way"),
            EventKind::Resized { task, .. } => format!("{seconds}: task {task} was resized"),
            EventKind::PeriodPassed => format!("{seconds}: the period has passed"),
            EventKind::OutOfMemory { task, host } => {
                format!("{seconds}: task {task} ran out of memory on host {host}")
            }
            EventKind::TurnedAway { task, host } => {
                format!("{seconds}: task {task} was turned away by host {host}")
            }
        });
    }
}
