//! What is free and what runs where.
//!
//! One vector per quantity, indexed by host, NUMA node or device; a host's tasks are a list threaded through
//! one array of tasks, so that nothing is allocated while the simulation runs. Integrals (energy, allocation)
//! advance only for the host that an event touches, the sums over the cluster only when time moves.

mod change;
mod facility_meter;
mod partition;

use std::collections::BTreeMap;
use std::sync::Arc;

use change::Changes;
pub use change::{Move, Moved, Outcome};
use facility_meter::FacilityMeter;
use partition::Parts;

use crate::decision::{Infeasible, NumaShare, Placement};
use crate::effects::Sharing;
use crate::kernel::ids::{DeviceId, HostId, Id, IdVec, NumaNodeId, TaskId};
use crate::kernel::time::{SimDuration, SimTime};
use crate::models::facility::Facility;
use crate::models::mig::Profile;
use crate::models::topology_manager::{DevicePlace, Need, Node, Site, TopologyManager};
use crate::resources::{
    DEVICE_PAGE_MIB, DeviceAffinity, DeviceRequest, DeviceSet, Resources, TaskShape, WHOLE_DEVICE,
};
use crate::rules::NumaSplit;
use crate::surroundings::{Footprint, Surroundings};
use crate::topology::{DeviceKind, DeviceSpec, Topology};

const NOBODY: u32 = u32::MAX;

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not yet submitted.
    Coming,
    /// In the queue.
    Waiting,
    /// On a host.
    Running,
    /// Its work is done.
    Finished,
    /// It left without having finished.
    Rejected,
}

/// What is known of one task during the run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TaskRecord {
    /// When it took its present status; of a finished task, when it last started.
    pub(crate) since: SimTime,
    /// The list of its host while it runs, of the queue while it waits.
    next: u32,
    previous: u32,
    host: HostId,
    devices: DeviceSet,
    /// Which of its points of use is in force.
    pub(crate) use_index: u32,
    /// How often it was started before; makes what was scheduled for an earlier start stale.
    pub(crate) attempt: u16,
    numa: NumaShare,
    pub(crate) status: Status,
}

impl TaskRecord {
    const COMING: Self = Self {
        since: SimTime::ZERO,
        next: NOBODY,
        previous: NOBODY,
        host: HostId(NOBODY),
        devices: DeviceSet::EMPTY,
        use_index: 0,
        attempt: 0,
        numa: NumaShare(0),
        status: Status::Coming,
    };
}

/// The ends of a list threaded through the tasks.
#[derive(Clone, Copy, Debug)]
struct List {
    first: u32,
    last: u32,
}

/// What a task uses of what it was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Use {
    /// Thousandths of a core.
    pub cpu_milli: u64,
    /// Mebibytes.
    pub memory_mib: u64,
    /// Thousandths of each device that it holds.
    pub device_milli_each: u32,
    /// Mebibytes of the memory of each of them that it has touched.
    pub device_memory_mib_each: u32,
}

/// Energy of one host.
#[derive(Clone, Copy, Debug)]
struct Meter {
    power_watts: f64,
    energy_joules: f64,
    since: SimTime,
}

/// What is kept of one host beside what is free on it: an event touches all of it, so it lies together.
#[derive(Clone, Copy, Debug)]
struct HostBooks {
    meter: Meter,
    cpu_use_milli: u64,
    memory_use_mib: u64,
    device_power_watts: f64,
    tasks: List,
    residents: [u16; DeviceAffinity::COUNT],
}

impl HostBooks {
    const EMPTY: Self = Self {
        meter: Meter { power_watts: 0.0, energy_joules: 0.0, since: SimTime::ZERO },
        cpu_use_milli: 0,
        memory_use_mib: 0,
        device_power_watts: 0.0,
        tasks: List { first: NOBODY, last: NOBODY },
        residents: [0; DeviceAffinity::COUNT],
    };
}

/// Sums over the cluster at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Allocated thousandths of a core.
    pub cpu_milli: u64,
    /// Allocated mebibytes.
    pub memory_mib: u64,
    /// Allocated thousandths of devices of any class.
    pub device_milli: u64,
    /// Memory of devices that is given out, in mebibytes.
    pub device_memory_mib: u64,
    /// Memory of devices that tasks have touched.
    pub device_memory_touched_mib: u64,
    /// What tasks asked of devices, in thousandths, summed over all that were started or turned away so far.
    pub device_milli_asked: u64,
    /// Tasks in the queue.
    pub waiting: u64,
    /// Tasks on hosts.
    pub running: u64,
    /// Hosts with at least one task.
    pub occupied_hosts: u64,
    /// Hosts that are on.
    pub hosts_on: u64,
    /// Thousandths of a core that hosts that are on really have.
    pub cpu_milli_on: u64,
    /// Thousandths of a core that running tasks want to use.
    pub cpu_wanted_milli: u64,
    /// What hosts give them of that: no more than there is.
    pub cpu_granted_milli: u64,
    /// Power of all hosts, in watts, as a running sum.
    pub power_watts: f64,
    /// The part of it that is drawn because tasks are on their way.
    pub move_watts: f64,
}

/// Sums over the cluster, integrated over time in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Integrals {
    /// Thousandths of a core times microseconds.
    pub cpu_milli: u128,
    /// Mebibytes times microseconds.
    pub memory_mib: u128,
    /// Thousandths of a device times microseconds.
    pub device_milli: u128,
    /// Mebibytes of memory of devices times microseconds.
    pub device_memory_mib: u128,
    /// Mebibytes of it that tasks have touched, times microseconds.
    pub device_memory_touched_mib: u128,
    /// Waiting tasks times microseconds.
    pub waiting: u128,
    /// Running tasks times microseconds.
    pub running: u128,
    /// Occupied hosts times microseconds.
    pub occupied_hosts: u128,
    /// Hosts that are on, times microseconds.
    pub hosts_on: u128,
    /// Thousandths of a core of hosts that are on, times microseconds.
    pub cpu_milli_on: u128,
    /// Thousandths of a core that tasks want to use, times microseconds.
    pub cpu_wanted_milli: u128,
    /// What hosts give them of that.
    pub cpu_granted_milli: u128,
}

/// What is free and what runs where, at the present moment.
#[derive(Clone, Debug)]
pub struct Cluster {
    topology: Arc<Topology>,
    now: SimTime,
    pub(crate) free: IdVec<HostId, Resources>,
    numa_free: IdVec<NumaNodeId, Resources>,
    pub(crate) device_free: IdVec<DeviceId, u16>,
    /// Of the memory of devices, in mebibytes; empty where no kind states any.
    device_memory_free: IdVec<DeviceId, u32>,
    /// Mebibytes of it that tasks have touched.
    device_memory_touched: IdVec<DeviceId, u32>,
    device_use: IdVec<DeviceId, u32>,
    books: IdVec<HostId, HostBooks>,
    pub(crate) tasks: IdVec<TaskId, TaskRecord>,
    queue: List,
    /// What each node gives to a task that spans several.
    spans: BTreeMap<(TaskId, HostId), Vec<Resources>>,
    /// Which tasks are split over nodes.
    numa_split: Option<NumaSplit>,
    /// The parts of devices that are given out in parts with a place.
    parts: BTreeMap<DeviceId, Parts>,
    /// How long tasks wait for what has to be made ready for them, between taking room and starting.
    readying: BTreeMap<TaskId, SimDuration>,
    totals: Totals,
    integrals: Integrals,
    /// Nothing where the overhead of the facility is in proportion to the energy of its hosts, and nobody says what is around it.
    facility: Option<FacilityMeter>,
    changes: ChangeLog,
    change: Changes,
}

/// Which hosts changed, in order: whoever remembers something per host reads from where it stopped.
#[derive(Clone, Debug, Default)]
struct ChangeLog {
    hosts: Vec<HostId>,
    /// The number of the first entry that is still kept.
    base: u64,
    capacity: usize,
}

impl ChangeLog {
    fn push(&mut self, host: HostId) {
        if self.hosts.len() == self.capacity {
            let dropped = self.capacity / 2;
            self.hosts.drain(..dropped);
            self.base += dropped as u64;
        }
        self.hosts.push(host);
    }
}

impl Cluster {
    /// An empty cluster for this many tasks.
    pub(crate) fn new(topology: Arc<Topology>, task_count: usize) -> Self {
        let host_count = topology.host_count();
        let nodes = topology.models();
        let numa_free =
            topology.hosts().flat_map(|host| nodes[topology.model_id(host)].numa_nodes.iter().copied());
        let mut cluster = Self {
            free: topology.hosts().map(|host| topology.capacity(host)).collect(),
            numa_free: numa_free.collect(),
            device_free: IdVec::filled(WHOLE_DEVICE, topology.device_count()),
            device_use: IdVec::filled(0, topology.device_count()),
            device_memory_free: IdVec::new(),
            device_memory_touched: IdVec::new(),
            books: IdVec::filled(HostBooks::EMPTY, host_count),
            tasks: IdVec::filled(TaskRecord::COMING, task_count),
            queue: List { first: NOBODY, last: NOBODY },
            spans: BTreeMap::new(),
            numa_split: None,
            parts: BTreeMap::new(),
            readying: BTreeMap::new(),
            totals: Totals {
                hosts_on: host_count as u64,
                cpu_milli_on: topology.total_capacity().0,
                ..Totals::default()
            },
            integrals: Integrals::default(),
            facility: None,
            changes: ChangeLog { hosts: Vec::new(), base: 0, capacity: (2 * host_count).max(1024) },
            change: Changes::default(),
            now: SimTime::ZERO,
            topology,
        };
        if cluster.topology.device_memory_mib() > 0 {
            let kind = |device| usize::from(cluster.topology.device_kind(device));
            let pages = |device| cluster.topology.kinds()[kind(device)].memory.pages_mib();
            let devices = (0..cluster.topology.device_count()).map(DeviceId::from_index);
            cluster.device_memory_free = devices.map(pages).collect();
            cluster.device_memory_touched = IdVec::filled(0, cluster.topology.device_count());
        }
        for host in cluster.topology.hosts() {
            cluster.update_device_power(host);
            cluster.update_power(host);
        }
        cluster
    }

    pub(crate) fn now(&self) -> SimTime {
        self.now
    }

    /// Moves the clock: the only place where time passes.
    pub(crate) fn advance(&mut self, to: SimTime) {
        let duration = to.since(self.now);
        let passed = u128::from(duration.0);
        if passed == 0 {
            return;
        }
        self.now = to;
        let (sums, totals) = (&mut self.integrals, &self.totals);
        sums.cpu_milli += u128::from(totals.cpu_milli) * passed;
        sums.memory_mib += u128::from(totals.memory_mib) * passed;
        sums.device_milli += u128::from(totals.device_milli) * passed;
        sums.device_memory_mib += u128::from(totals.device_memory_mib) * passed;
        sums.device_memory_touched_mib += u128::from(totals.device_memory_touched_mib) * passed;
        sums.waiting += u128::from(totals.waiting) * passed;
        sums.running += u128::from(totals.running) * passed;
        sums.occupied_hosts += u128::from(totals.occupied_hosts) * passed;
        sums.hosts_on += u128::from(totals.hosts_on) * passed;
        sums.cpu_milli_on += u128::from(totals.cpu_milli_on) * passed;
        sums.cpu_wanted_milli += u128::from(totals.cpu_wanted_milli) * passed;
        sums.cpu_granted_milli += u128::from(totals.cpu_granted_milli) * passed;
    }

    /// What this facility takes is summed up, from the beginning of the episode on.
    pub(crate) fn meter(&mut self, facility: Facility, surroundings: Arc<Surroundings>) {
        assert_eq!(self.now, SimTime::ZERO, "a meter begins when the episode does");
        self.facility = Some(FacilityMeter::new(facility, surroundings));
    }

    /// What is around the facility, where it is metered.
    pub(crate) fn surroundings(&self) -> Option<&Surroundings> {
        self.facility.as_ref().map(FacilityMeter::surroundings)
    }

    /// What the facility has taken, where that is summed up.
    pub(crate) fn footprint(&self) -> Option<Footprint> {
        self.facility.as_ref().map(|meter| meter.read(self.now, self.totals.power_watts))
    }

    /// What it has taken since a moment since when hosts draw so much, where that is summed up.
    pub(crate) fn footprint_since(&self, time: SimTime, it_watts: f64) -> Option<Footprint> {
        self.facility.as_ref().map(|meter| meter.add(Footprint::default(), (time, self.now), it_watts))
    }

    pub(crate) fn topology(&self) -> &Arc<Topology> {
        &self.topology
    }

    /// Counts what a task asked for, once it is decided for the first time whether it gets it.
    pub(crate) fn count_asked(&mut self, shape: &TaskShape) {
        self.totals.device_milli_asked += u64::from(shape.devices.milli_total());
    }

    pub(crate) fn totals(&self) -> &Totals {
        &self.totals
    }

    pub(crate) fn integrals(&self) -> &Integrals {
        &self.integrals
    }

    /// Reads what will be needed when this task ends, and returns what is good for nothing.
    #[inline]
    pub(crate) fn touch(&self, task: TaskId) -> u32 {
        let TaskRecord { previous, next, .. } = self.tasks[task];
        let neighbour = |link: u32| self.tasks.as_slice().get(link as usize).map_or(0, |record| record.next);
        neighbour(previous) ^ neighbour(next)
    }

    // The queue.

    pub(crate) fn enqueue(&mut self, task: TaskId) {
        self.tasks[task].status = Status::Waiting;
        self.tasks[task].since = self.now;
        self.queue = append(&mut self.tasks, self.queue, task);
        self.totals.waiting += 1;
    }

    pub(crate) fn dequeue(&mut self, task: TaskId) {
        self.queue = remove(&mut self.tasks, self.queue, task);
        self.totals.waiting -= 1;
    }

    pub(crate) fn waiting(&self) -> impl Iterator<Item = TaskId> {
        walk(&self.tasks, self.queue.first)
    }

    // Hosts.

    pub(crate) fn hosted(&self, host: HostId) -> impl Iterator<Item = TaskId> {
        walk(&self.tasks, self.books[host].tasks.first)
    }

    pub(crate) fn residents(&self, host: HostId) -> &[u16; DeviceAffinity::COUNT] {
        &self.books[host].residents
    }

    pub(crate) fn numa_free(&self, host: HostId) -> &[Resources] {
        let (first, count) = self.topology.numa_nodes(host);
        &self.numa_free.as_slice()[first.index()..first.index() + count]
    }

    pub(crate) fn devices_free(&self, host: HostId) -> &[u16] {
        let (first, count) = self.topology.devices(host);
        &self.device_free.as_slice()[first.index()..first.index() + count]
    }

    /// Thousandths of a device that nobody holds.
    pub(crate) fn device_unreserved(&self, host: HostId, position: usize) -> u16 {
        let device = self.device(host, position);
        match self.parts.get(&device) {
            Some(parts) => WHOLE_DEVICE - parts.held_milli(),
            None => self.device_free[device],
        }
    }

    pub(crate) fn device_use(&self, host: HostId) -> &[u32] {
        let (first, count) = self.topology.devices(host);
        &self.device_use.as_slice()[first.index()..first.index() + count]
    }

    pub(crate) fn cpu_use(&self, host: HostId) -> u64 {
        self.books[host].cpu_use_milli
    }

    pub(crate) fn memory_use(&self, host: HostId) -> u64 {
        self.books[host].memory_use_mib
    }

    pub(crate) fn power_watts(&self, host: HostId) -> f64 {
        self.books[host].meter.power_watts
    }

    pub(crate) fn energy_joules(&self, host: HostId) -> f64 {
        let Meter { power_watts, energy_joules, since } = self.books[host].meter;
        energy_joules + power_watts * self.now.since(since).seconds()
    }

    /// Where a running task is.
    pub(crate) fn placement(&self, task: TaskId) -> Placement {
        let TaskRecord { host, numa, devices, .. } = self.tasks[task];
        Placement { task, host, numa, devices }
    }

    /// The number of the next change, and the hosts that changed since change number `cursor`: `None` when
    /// that is too long ago to be remembered.
    pub(crate) fn changes_since(&self, cursor: u64) -> (u64, Option<&[HostId]>) {
        let next = self.changes.base + self.changes.hosts.len() as u64;
        let kept = cursor
            .checked_sub(self.changes.base)
            .and_then(|offset| self.changes.hosts.get(offset as usize..));
        (next, kept)
    }

    /// True when a task of this shape fits on this host.
    #[inline]
    pub(crate) fn fits(&self, shape: &TaskShape, host: HostId) -> bool {
        shape.is_possible
            && self.free[host].covers(shape.resources)
            // Who asks for neither cpu nor memory fits into the nothing that a sleeping host has free.
            && (shape.resources != Resources::ZERO || self.is_on(host))
            && self.topology.model(host).features & shape.features == shape.features
            && (self.numa_split.is_none() || self.has_numa_room(shape.resources, host))
            && (shape.devices.count == 0 || self.has_devices(shape.devices, host))
    }

    /// From now on tasks are split, or are not, as this says.
    pub(crate) fn split_by(&mut self, numa_split: Option<NumaSplit>) {
        self.numa_split = numa_split;
    }

    /// True when a task has room on the nodes from which it must come.
    fn has_numa_room(&self, need: Resources, host: HostId) -> bool {
        let count = self.topology.numa_nodes(host).1;
        let one = || (0..count).any(|node| self.numa_covers(host, NumaShare::node(node), need));
        match self.numa_split {
            Some(split) if split.splits(need) => self.numa_covers(host, NumaShare::first(count), need),
            Some(_) => one(),
            None => true,
        }
    }

    fn has_devices(&self, request: DeviceRequest, host: HostId) -> bool {
        let (first, count) = self.topology.devices(host);
        let free = self.devices_free(host);
        let kinds = self.topology.device_kinds(first, count);
        let usable = (0..count).filter(|&position| {
            let kind = kinds[position];
            request.kinds.has(kind)
                && free[position] >= self.taken_of(kind, request)
                && self.has_device_memory(DeviceId(first.0 + position as u32), request)
        });
        usable.count() >= usize::from(request.count)
    }

    /// What a request takes of each device of this kind, in thousandths: all of it unless the kind is shared.
    #[inline]
    pub(crate) fn taken_of(&self, kind: u8, request: DeviceRequest) -> u16 {
        let kind = &self.topology.kinds()[usize::from(kind)];
        match kind.sharing {
            Sharing::Mig { .. } => profile(kind, request).milli(),
            sharing => sharing.taken(request.milli_each),
        }
    }

    /// True when a device has the memory that is asked for.
    #[inline]
    fn has_device_memory(&self, device: DeviceId, request: DeviceRequest) -> bool {
        self.device_memory_free.is_empty() || self.device_memory_free[device] >= request.memory_mib_each
    }

    /// Free memory of a host's devices, in mebibytes; as good as without end where it is not stated.
    pub(crate) fn device_memory_free(&self, host: HostId, position: usize) -> u32 {
        let device = self.device(host, position);
        self.device_memory_free.as_slice().get(device.index()).copied().unwrap_or(u32::MAX)
    }

    /// True when a task that touches so much memory of each of these devices would touch more than one of them has.
    pub(crate) fn overflows(&self, placement: Placement, touched_mib: u32) -> bool {
        if self.device_memory_touched.is_empty() || touched_mib == 0 {
            return false;
        }
        placement.devices.iter().any(|position| {
            let device = self.device(placement.host, position);
            let there = self.topology.kinds()[usize::from(self.topology.device_kind(device))].memory;
            let touched = u64::from(self.device_memory_touched[device]) + u64::from(touched_mib);
            let pages_mib = u64::from(there.physical_mib).next_multiple_of(DEVICE_PAGE_MIB.into());
            there.physical_mib > 0 && touched > pages_mib
        })
    }

    /// Says why a placement cannot be, and changes nothing.
    pub(crate) fn check(&self, shape: &TaskShape, placement: Placement) -> Result<(), Infeasible> {
        let Placement { host, numa, devices, .. } = placement;
        if host.index() >= self.topology.host_count() {
            return Err(Infeasible::NoSuchHost(host));
        }
        if !shape.is_possible || self.topology.model(host).features & shape.features != shape.features {
            return Err(Infeasible::Feature(host));
        }
        if !self.is_on(host) {
            return Err(Infeasible::NotOn(host));
        }
        let nodes = self.numa_free(host);
        let known = numa.0 != 0 && usize::from(numa.0) < 1 << nodes.len();
        if !known || !self.numa_covers(host, numa, shape.resources) {
            return Err(Infeasible::Room { host, numa });
        }
        let (first, count) = self.topology.devices(host);
        let is_right = |position: usize| {
            position < count && {
                let kind = self.topology.device_kinds(first, count)[position];
                let need = self.taken_of(kind, shape.devices);
                shape.devices.kinds.has(kind)
                    && self.devices_free(host)[position] >= need
                    && self.has_device_memory(DeviceId(first.0 + position as u32), shape.devices)
            }
        };
        if devices.count() != u32::from(shape.devices.count) || !devices.iter().all(is_right) {
            return Err(Infeasible::Devices { host, devices });
        }
        Ok(())
    }

    /// True when these nodes together have room for `need`. Nodes beyond the last have none.
    pub(crate) fn numa_covers(&self, host: HostId, numa: NumaShare, need: Resources) -> bool {
        let nodes = self.numa_free(host);
        if nodes.len() == 1 {
            return nodes[0].covers(need);
        }
        if let Some(split) = self.numa_split {
            let is_whole = numa == NumaShare::first(nodes.len());
            return match split.splits(need) {
                true => {
                    let gives = |(node, free): (usize, &Resources)| {
                        free.covers(NumaSplit::part(need, nodes.len(), node))
                    };
                    is_whole && nodes.iter().enumerate().all(gives)
                }
                false => {
                    let node = nodes.get(numa.0.trailing_zeros() as usize);
                    numa.0.is_power_of_two() && node.is_some_and(|free| free.covers(need))
                }
            };
        }
        let sum = numa.iter().filter_map(|position| nodes.get(position));
        sum.fold(Resources::ZERO, |sum, &node| sum.plus(node)).covers(need)
    }

    /// Takes what a placement needs. The placement was checked.
    pub(crate) fn take(&mut self, shape: &TaskShape, placement: Placement) {
        let Placement { task, host, numa, devices } = placement;
        self.free[host] = self.free[host].minus(shape.resources);
        self.take_numa(task, host, numa, shape.resources);
        for position in devices.iter() {
            let device = self.device(host, position);
            let taken = self.taken_of(self.topology.device_kind(device), shape.devices);
            assert!(taken <= self.device_free[device], "no more of a device is taken than is free");
            self.device_free[device] -= taken;
            self.totals.device_milli += u64::from(taken);
            self.take_device_memory(device, shape.devices);
            self.take_part(task, device, shape.devices);
        }
        self.books[host].residents[DeviceAffinity::of(shape.devices) as usize] += 1;
        self.totals.cpu_milli += u64::from(shape.resources.cpu_milli);
        self.totals.memory_mib += u64::from(shape.resources.memory_mib);
        self.changes.push(host);
    }

    /// Gives back what a placement took.
    pub(crate) fn give(&mut self, shape: &TaskShape, placement: Placement) {
        let Placement { task, host, numa, devices } = placement;
        self.free[host] = self.free[host].plus(shape.resources);
        self.give_numa(task, host, numa, shape.resources);
        for position in devices.iter() {
            let device = self.device(host, position);
            let taken = self.taken_of(self.topology.device_kind(device), shape.devices);
            self.device_free[device] += taken;
            self.give_device_memory(device, shape.devices);
            self.give_part(task, device);
            assert!(
                self.device_free[device] <= WHOLE_DEVICE,
                "no more of a device is given back than there is"
            );
            self.totals.device_milli -= u64::from(taken);
        }
        self.books[host].residents[DeviceAffinity::of(shape.devices) as usize] -= 1;
        self.totals.cpu_milli -= u64::from(shape.resources.cpu_milli);
        self.totals.memory_mib -= u64::from(shape.resources.memory_mib);
        self.changes.push(host);
    }

    /// A task that left the queue runs where its placement has taken room.
    pub(crate) fn start(&mut self, usage: Use, placement: Placement) {
        let Placement { task, host, numa, devices } = placement;
        let record = &mut self.tasks[task];
        record.status = Status::Running;
        record.since = self.now;
        record.host = host;
        record.numa = numa;
        record.devices = devices;
        if self.books[host].tasks.first == NOBODY {
            self.totals.occupied_hosts += 1;
        }
        self.totals.running += 1;
        self.books[host].tasks = append(&mut self.tasks, self.books[host].tasks, task);
        self.settle(host);
        self.add_use(host, devices, usage);
        self.refresh(host, !devices.is_empty());
    }

    /// Takes a running task from its host. The caller says what it becomes.
    pub(crate) fn stop(&mut self, task: TaskId, shape: &TaskShape, usage: Use) -> HostId {
        let placement = self.placement(task);
        let Placement { host, devices, .. } = placement;
        self.give(shape, placement);
        self.totals.running -= 1;
        self.books[host].tasks = remove(&mut self.tasks, self.books[host].tasks, task);
        if self.books[host].tasks.first == NOBODY {
            self.totals.occupied_hosts -= 1;
        }
        self.settle(host);
        self.remove_use(host, devices, usage);
        self.refresh(host, !devices.is_empty());
        host
    }

    /// A running task uses something else from now on.
    pub(crate) fn change_use(&mut self, task: TaskId, before: Use, after: Use) -> HostId {
        let Placement { host, devices, .. } = self.placement(task);
        self.settle(host);
        self.remove_use(host, devices, before);
        self.add_use(host, devices, after);
        self.refresh(host, !devices.is_empty());
        host
    }

    /// A task takes its part of a device that has such, and waits for it when it has to be made.
    fn take_part(&mut self, task: TaskId, device: DeviceId, request: DeviceRequest) {
        let kind = &self.topology.kinds()[usize::from(self.topology.device_kind(device))];
        let seconds = match kind.sharing {
            Sharing::Mig { reconfiguration_seconds } => {
                let profile = profile(kind, request);
                let is_made = self.parts.entry(device).or_default().take(task, profile);
                self.follow_parts(device);
                if is_made { reconfiguration_seconds } else { 0.0 }
            }
            Sharing::Regions { reconfiguration_seconds, .. } => reconfiguration_seconds,
            _ => return,
        };
        let wait = SimDuration::from_seconds(seconds).unwrap_or(SimDuration::MAX);
        if wait > SimDuration::ZERO {
            let known = self.readying.entry(task).or_default();
            *known = wait.max(*known);
        }
    }

    /// What is free of a device in parts is its largest part that can be given.
    fn follow_parts(&mut self, device: DeviceId) {
        let largest = self.parts[&device].largest();
        self.device_free[device] = largest.map_or(0, Profile::milli);
        if !self.device_memory_free.is_empty() {
            let kind = &self.topology.kinds()[usize::from(self.topology.device_kind(device))];
            let pages_mib = kind.memory.pages_mib();
            self.device_memory_free[device] = largest.map_or(0, |profile| profile.memory_of(pages_mib));
        }
    }

    /// Memory of a host's devices that tasks have touched, in mebibytes.
    fn touched_mib(&self, host: HostId) -> u64 {
        let (first, count) = self.topology.devices(host);
        let of_host = self.device_memory_touched.as_slice().get(first.index()..first.index() + count);
        of_host.unwrap_or_default().iter().map(|&mib| u64::from(mib)).sum()
    }

    /// True when it is known how much memory a device has: where it is not, nobody runs short of it and nothing is counted.
    fn states_memory(&self, device: DeviceId) -> bool {
        !self.device_memory_free.is_empty()
            && self.topology.kinds()[usize::from(self.topology.device_kind(device))].memory.physical_mib > 0
    }

    fn take_device_memory(&mut self, device: DeviceId, request: DeviceRequest) {
        if self.states_memory(device) {
            let free = &mut self.device_memory_free[device];
            *free = free.checked_sub(request.memory_mib_each).expect("no more memory is taken than is free");
            self.totals.device_memory_mib += u64::from(request.memory_mib_each);
        }
    }

    fn give_device_memory(&mut self, device: DeviceId, request: DeviceRequest) {
        if self.states_memory(device) {
            self.device_memory_free[device] += request.memory_mib_each;
            self.totals.device_memory_mib -= u64::from(request.memory_mib_each);
        }
    }

    /// A task gives back its part of a device.
    fn give_part(&mut self, task: TaskId, device: DeviceId) {
        if let Some(parts) = self.parts.get_mut(&device) {
            parts.give(task);
            self.follow_parts(device);
        }
        if !self.readying.is_empty() {
            self.readying.remove(&task);
        }
    }

    /// How long a task that starts now waits for what has to be made ready for it.
    pub(crate) fn take_readying(&mut self, task: TaskId) -> SimDuration {
        match self.readying.is_empty() {
            true => SimDuration::ZERO,
            false => self.readying.remove(&task).unwrap_or_default(),
        }
    }

    /// What each of its nodes, in their order, gives to a running task that spans several; nothing of one that is on one.
    pub(crate) fn numa_span(&self, task: TaskId) -> Option<&[Resources]> {
        let Placement { host, numa, .. } = self.placement(task);
        match numa.0.is_power_of_two() {
            true => None,
            false => self.spans.get(&(task, host)).map(Vec::as_slice),
        }
    }

    /// What the agent on the host gives to a task that fits there, of this shape and placed so; nothing when it turns it
    /// away.
    pub(crate) fn admit(
        &self,
        manager: TopologyManager,
        shape: &TaskShape,
        placement: Placement,
    ) -> Option<Placement> {
        let Placement { host, devices, .. } = placement;
        let model = self.topology.model(host);
        let nodes: Vec<Node> = (self.numa_free(host).iter().zip(&model.numa_nodes))
            .map(|(&free, &capacity)| Node { free, capacity })
            .collect();
        let request = shape.devices;
        let place = |(position, (spec, &free)): (usize, (&DeviceSpec, &u16))| {
            let is_right = request.kinds.has(spec.kind);
            let has_memory = self.device_memory_free(host, position) >= request.memory_mib_each;
            let is_free = is_right && has_memory && free >= self.taken_of(spec.kind, request);
            DevicePlace { node: spec.numa_node, is_right, is_free }
        };
        let places: Vec<DevicePlace> =
            model.devices.iter().zip(self.devices_free(host)).enumerate().map(place).collect();
        let need = Need { resources: shape.resources, devices: request.count.into() };
        let site = Site { nodes: &nodes, devices: &places };
        let (numa, devices) = site.admit(manager, need, devices)?;
        Some(Placement { numa, devices, ..placement })
    }

    fn device(&self, host: HostId, position: usize) -> DeviceId {
        DeviceId(self.topology.devices(host).0.0 + position as u32)
    }

    fn take_numa(&mut self, task: TaskId, host: HostId, numa: NumaShare, need: Resources) {
        let (first, count) = self.topology.numa_nodes(host);
        if count == 1 || numa.0.is_power_of_two() {
            let node = NumaNodeId(first.0 + if count == 1 { 0 } else { numa.0.trailing_zeros() });
            self.numa_free[node] = self.numa_free[node].minus(need);
            return;
        }
        let mut rest = need;
        let mut amounts = Vec::new();
        for position in numa.iter() {
            let node = NumaNodeId(first.0 + position as u32);
            let free = self.numa_free[node];
            let amount = match self.numa_split {
                Some(_) => NumaSplit::part(need, count, position),
                None => Resources {
                    cpu_milli: rest.cpu_milli.min(free.cpu_milli),
                    memory_mib: rest.memory_mib.min(free.memory_mib),
                },
            };
            self.numa_free[node] = free.minus(amount);
            rest = rest.minus(amount);
            amounts.push(amount);
        }
        assert_eq!(rest, Resources::ZERO, "the nodes of a checked placement have room");
        self.spans.insert((task, host), amounts);
    }

    fn give_numa(&mut self, task: TaskId, host: HostId, numa: NumaShare, amount: Resources) {
        let (first, count) = self.topology.numa_nodes(host);
        if count == 1 || numa.0.is_power_of_two() {
            let node = NumaNodeId(first.0 + if count == 1 { 0 } else { numa.0.trailing_zeros() });
            self.numa_free[node] = self.numa_free[node].plus(amount);
            return;
        }
        let amounts =
            self.spans.remove(&(task, host)).expect("a task that spans nodes has its amounts recorded");
        for (position, amount) in numa.iter().zip(amounts) {
            let node = NumaNodeId(first.0 + position as u32);
            self.numa_free[node] = self.numa_free[node].plus(amount);
        }
    }

    /// Adds up the energy of a host until now, before its power changes.
    fn settle(&mut self, host: HostId) {
        let now = self.now;
        let meter = &mut self.books[host].meter;
        meter.energy_joules += meter.power_watts * now.since(meter.since).seconds();
        meter.since = now;
    }

    fn add_use(&mut self, host: HostId, devices: DeviceSet, usage: Use) {
        self.set_cpu_use(host, self.books[host].cpu_use_milli + usage.cpu_milli);
        self.books[host].memory_use_mib += usage.memory_mib;
        for position in devices.iter() {
            let device = self.device(host, position);
            self.device_use[device] += usage.device_milli_each;
            if usage.device_memory_mib_each > 0 && self.states_memory(device) {
                self.device_memory_touched[device] += usage.device_memory_mib_each;
                self.totals.device_memory_touched_mib += u64::from(usage.device_memory_mib_each);
            }
        }
    }

    fn set_cpu_use(&mut self, host: HostId, used_milli: u64) {
        let there = u64::from(self.topology.physical(host).cpu_milli);
        let before = std::mem::replace(&mut self.books[host].cpu_use_milli, used_milli);
        let totals = &mut self.totals;
        totals.cpu_wanted_milli = totals.cpu_wanted_milli + used_milli - before;
        totals.cpu_granted_milli = totals.cpu_granted_milli + used_milli.min(there) - before.min(there);
    }

    fn remove_use(&mut self, host: HostId, devices: DeviceSet, usage: Use) {
        self.set_cpu_use(host, self.books[host].cpu_use_milli - usage.cpu_milli);
        self.books[host].memory_use_mib -= usage.memory_mib;
        for position in devices.iter() {
            let device = self.device(host, position);
            self.device_use[device] -= usage.device_milli_each;
            if usage.device_memory_mib_each > 0 && self.states_memory(device) {
                self.device_memory_touched[device] -= usage.device_memory_mib_each;
                self.totals.device_memory_touched_mib -= u64::from(usage.device_memory_mib_each);
            }
        }
    }

    fn refresh(&mut self, host: HostId, devices_changed: bool) {
        if devices_changed {
            self.update_device_power(host);
        }
        self.update_power(host);
    }

    fn update_device_power(&mut self, host: HostId) {
        let (first, count) = self.topology.devices(host);
        let kinds = self.topology.device_kinds(first, count);
        let watts = kinds.iter().zip(self.device_use(host)).map(|(&kind, &used)| {
            self.topology.kinds()[usize::from(kind)].power.watts(used.min(u32::from(WHOLE_DEVICE)) as u16)
        });
        self.books[host].device_power_watts = watts.sum();
    }

    fn update_power(&mut self, host: HostId) {
        let model = self.topology.model(host);
        let watts = self.operated_watts(host).unwrap_or_else(|| {
            let capacity = self.topology.physical(host).cpu_milli;
            let used = self.books[host].cpu_use_milli.min(u64::from(capacity)) as u32;
            model.power.watts(used, capacity) + self.books[host].device_power_watts
        });
        let meter = &mut self.books[host].meter;
        if watts == meter.power_watts {
            return;
        }
        if let Some(facility) = &mut self.facility {
            facility.settle(self.now, self.totals.power_watts);
        }
        self.totals.power_watts += watts - meter.power_watts;
        meter.power_watts = watts;
    }

    /// Recounts everything that is kept as a running sum; for tests.
    ///
    /// # Panics
    /// When a sum differs from what it sums.
    pub fn assert_consistent(&self, shape_of: impl Fn(TaskId) -> TaskShape) {
        let mut totals = Totals { waiting: self.waiting().count() as u64, ..Totals::default() };
        for host in self.topology.hosts() {
            let mut used = Resources::ZERO;
            let mut devices = vec![0_u16; self.devices_free(host).len()];
            let coming = self.moves().filter(|(_, one)| one.to.host == host).map(|(_, one)| one.to);
            let held = self.hosted(host).map(|task| self.placement(task)).chain(coming);
            for Placement { task, devices: taken, .. } in held {
                let shape = shape_of(task);
                assert_eq!(self.tasks[task].status, Status::Running);
                used = used.plus(shape.resources);
                for position in taken.iter() {
                    let kind = self.topology.device_kind(self.device(host, position));
                    devices[position] += self.taken_of(kind, shape.devices);
                    if self.states_memory(self.device(host, position)) {
                        totals.device_memory_mib += u64::from(shape.devices.memory_mib_each);
                    }
                }
            }
            totals.running += self.hosted(host).count() as u64;
            totals.hosts_on += u64::from(self.is_on(host));
            totals.cpu_milli_on +=
                u64::from(self.is_on(host)) * u64::from(self.topology.physical(host).cpu_milli);
            let capacity = if self.is_on(host) { self.topology.capacity(host) } else { Resources::ZERO };
            assert_eq!(self.free[host].plus(used), capacity, "host {host}: free + used = capacity");
            let nodes = self.numa_free(host).iter().fold(Resources::ZERO, |sum, &node| sum.plus(node));
            assert_eq!(nodes, self.free[host], "host {host}: its NUMA nodes have what it has");
            let first = self.topology.devices(host).0;
            for (position, (used, &free)) in devices.iter().zip(self.devices_free(host)).enumerate() {
                match self.parts.get(&DeviceId(first.0 + position as u32)) {
                    // What is free is what can still be given in one part.
                    Some(parts) => {
                        let largest = parts.largest().map_or(0, Profile::milli);
                        assert_eq!((*used, free), (parts.held_milli(), largest), "host {host}");
                        assert!(used + free <= WHOLE_DEVICE, "host {host}: parts are parts of a whole");
                    }
                    None => {
                        assert_eq!(used + free, WHOLE_DEVICE, "host {host}: devices free + used = whole")
                    }
                }
                totals.device_milli += u64::from(*used);
            }
            totals.cpu_milli += u64::from(used.cpu_milli);
            totals.memory_mib += u64::from(used.memory_mib);
            totals.occupied_hosts += u64::from(self.books[host].tasks.first != NOBODY);
            let (wanted, there) = (self.cpu_use(host), u64::from(self.topology.physical(host).cpu_milli));
            totals.device_memory_touched_mib += self.touched_mib(host);
            totals.cpu_wanted_milli += wanted;
            totals.cpu_granted_milli += wanted.min(there);
            totals.power_watts += self.books[host].meter.power_watts;
        }
        let scale = totals.power_watts.abs().max(1.0);
        assert!((totals.power_watts - self.totals.power_watts).abs() <= 1e-9 * scale, "power adds up");
        let device_milli_asked = self.totals.device_milli_asked;
        assert_eq!(
            Totals { device_milli_asked, ..totals },
            Totals { power_watts: totals.power_watts, move_watts: 0.0, ..self.totals }
        );
    }
}

/// The part of a multi-instance GPU that a request is met with: the smallest that computes enough and has the memory.
fn profile(kind: &DeviceKind, request: DeviceRequest) -> &'static Profile {
    let whole_mib = kind.memory.pages_mib();
    let is_enough = |profile: &&'static Profile| {
        profile.milli() >= request.milli_each && profile.memory_of(whole_mib) >= request.memory_mib_each
    };
    Profile::PLAIN.into_iter().find(is_enough).unwrap_or(Profile::smallest(WHOLE_DEVICE))
}

fn append(tasks: &mut IdVec<TaskId, TaskRecord>, list: List, task: TaskId) -> List {
    tasks[task].next = NOBODY;
    tasks[task].previous = list.last;
    if list.last == NOBODY {
        return List { first: task.0, last: task.0 };
    }
    tasks[TaskId(list.last)].next = task.0;
    List { last: task.0, ..list }
}

fn remove(tasks: &mut IdVec<TaskId, TaskRecord>, mut list: List, task: TaskId) -> List {
    let TaskRecord { next, previous, .. } = tasks[task];
    match previous {
        NOBODY => list.first = next,
        _ => tasks[TaskId(previous)].next = next,
    }
    match next {
        NOBODY => list.last = previous,
        _ => tasks[TaskId(next)].previous = previous,
    }
    list
}

fn walk(tasks: &IdVec<TaskId, TaskRecord>, first: u32) -> impl Iterator<Item = TaskId> {
    let next = |task: &TaskId| Some(tasks[*task].next).filter(|&next| next != NOBODY).map(TaskId);
    std::iter::successors(Some(first).filter(|&first| first != NOBODY).map(TaskId), next)
}

/// What a task uses at one moment: its request times the fractions, rounded to whole units.
pub(crate) fn used(shape: &TaskShape, fractions: Option<&crate::workload::UsePoint>) -> Use {
    let Resources { cpu_milli, memory_mib } = shape.resources;
    let device_milli_each = shape.devices.milli_each;
    let Some(point) = fractions else {
        return Use {
            cpu_milli: cpu_milli.into(),
            memory_mib: memory_mib.into(),
            device_milli_each: device_milli_each.into(),
            device_memory_mib_each: shape.devices.memory_mib_each,
        };
    };
    let part = |amount: u32, fraction: f32| (f64::from(amount) * f64::from(fraction)).round() as u64;
    Use {
        cpu_milli: part(cpu_milli, point.cpu),
        memory_mib: part(memory_mib, point.memory),
        device_milli_each: part(device_milli_each.into(), point.devices) as u32,
        device_memory_mib_each: shape.devices.memory_mib_each,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::ShapeId;
    use crate::testing;
    use crate::workload::UsePoint;

    /// A cluster and the shapes of a workload drawn for it.
    fn world(hosts: &str, work: &str) -> (Cluster, IdVec<ShapeId, TaskShape>) {
        let (topology, workload) = (Arc::new(testing::topology(hosts)), testing::workload(work));
        let shapes = workload.shapes_in(&topology);
        (Cluster::new(topology, workload.task_count()), shapes)
    }

    fn at(task: u32, numa: u8, devices: u32) -> Placement {
        Placement { task: TaskId(task), host: HostId(0), numa: NumaShare(numa), devices: DeviceSet(devices) }
    }

    fn cores(nodes: &[Resources]) -> Vec<u32> {
        nodes.iter().map(|node| node.cpu_milli / 1000).collect()
    }

    #[test]
    fn a_task_that_spans_nodes_takes_from_each_in_order_and_gives_back_the_same() {
        let (mut cluster, shapes) = world("cpu 12 numa 3", "cpu 3 work 1 | cpu 6 work 1");
        let (small, large) = (&shapes[ShapeId(0)], &shapes[ShapeId(1)]);
        cluster.take(small, at(0, 0b010, 0));
        assert_eq!(cores(cluster.numa_free(HostId(0))), [4, 1, 4]);
        assert!(!cluster.numa_covers(HostId(0), NumaShare(0b110), large.resources));
        cluster.take(large, at(1, 0b111, 0));
        assert_eq!(cores(cluster.numa_free(HostId(0))), [0, 0, 3]);
        // The amounts are those that were taken, not those that the rule would find now.
        cluster.give(small, at(0, 0b010, 0));
        assert_eq!(cores(cluster.numa_free(HostId(0))), [0, 3, 3]);
        cluster.give(large, at(1, 0b111, 0));
        assert_eq!(cores(cluster.numa_free(HostId(0))), [4, 4, 4]);
    }

    #[test]
    fn a_part_of_a_device_that_serves_one_task_takes_all_of_it() {
        let work = "share 300 work 1";
        for (hosts, left) in [("gpus 2", 700), ("gpus 2 kind t4 shared no", 0)] {
            let (mut cluster, shapes) = world(hosts, work);
            let shape = &shapes[ShapeId(0)];
            cluster.take(shape, at(0, 1, 0b10));
            assert_eq!(cluster.devices_free(HostId(0)), [1000, left]);
            assert_eq!(cluster.totals().device_milli, u64::from(1000 - left));
            assert!(cluster.fits(shape, HostId(0)));
            assert_eq!(cluster.check(shape, at(0, 1, 0b10)).is_ok(), left > 0);
            cluster.give(shape, at(0, 1, 0b10));
            assert_eq!(cluster.devices_free(HostId(0)), [1000, 1000]);
        }
    }

    #[test]
    fn changes_are_remembered_until_there_are_too_many() {
        let (mut cluster, shapes) = world("cpu 1 | cpu 1", "cpu 1 work 1");
        let shape = &shapes[ShapeId(0)];
        cluster.take(shape, at(0, 1, 0));
        assert_eq!(cluster.changes_since(0), (1, Some(&[HostId(0)][..])));
        assert_eq!(cluster.changes_since(1), (1, Some(&[][..])));
        for _ in 0..1000 {
            cluster.give(shape, at(0, 1, 0));
            cluster.take(shape, at(0, 1, 0));
        }
        assert_eq!(cluster.changes_since(0), (2001, None), "the first changes are forgotten");
        assert_eq!(cluster.changes_since(1990), (2001, Some(&[HostId(0); 11][..])));
    }

    /// 100 W idle and 200 W busy: each host's own energy, whether or not anything touched it.
    #[test]
    fn energy_is_power_times_time_on_every_host() {
        let (mut cluster, shapes) = world("cpu 4 | cpu 4", "cpu 1 work 1");
        let shape = &shapes[ShapeId(0)];
        cluster.enqueue(TaskId(0));
        cluster.advance(SimTime(10_000_000));
        cluster.take(shape, at(0, 1, 0));
        cluster.dequeue(TaskId(0));
        cluster.start(used(shape, None), at(0, 1, 0));
        cluster.advance(SimTime(30_000_000));
        assert_eq!(cluster.energy_joules(HostId(0)), 10.0 * 100.0 + 20.0 * 125.0);
        assert_eq!(cluster.energy_joules(HostId(1)), 30.0 * 100.0);
        assert_eq!(cluster.totals().power_watts, 225.0);
        let Integrals { waiting, running, cpu_milli, occupied_hosts, .. } = *cluster.integrals();
        assert_eq!((waiting, running, occupied_hosts), (10_000_000, 20_000_000, 20_000_000));
        assert_eq!(cpu_milli, 1000 * 20_000_000);
    }

    #[test]
    fn what_is_used_beyond_the_request_draws_no_more_than_full_power() {
        let (mut cluster, shapes) = world("cpu 2 gpus 1", "cpu 2 gpus 1 work 1");
        let shape = &shapes[ShapeId(0)];
        let point = UsePoint { start: Default::default(), cpu: 3.0, memory: 1.0, devices: 2.0 };
        cluster.take(shape, at(0, 1, 1));
        cluster.start(used(shape, Some(&point)), at(0, 1, 1));
        assert_eq!((cluster.cpu_use(HostId(0)), cluster.device_use(HostId(0))), (6000, &[2000][..]));
        assert_eq!(cluster.power_watts(HostId(0)), 200.0 + 400.0);
    }

    #[test]
    fn use_is_the_request_times_its_fraction_rounded_to_whole_units() {
        let shape =
            TaskShape { resources: Resources { cpu_milli: 333, memory_mib: 7 }, ..TaskShape::default() };
        let point = UsePoint { start: Default::default(), cpu: 0.5, memory: 0.25, devices: 1.0 };
        let expected = Use { cpu_milli: 167, memory_mib: 2, device_milli_each: 0, device_memory_mib_each: 0 };
        assert_eq!(used(&shape, Some(&point)), expected, "166.5 and 1.75");
    }

    #[test]
    fn the_queue_keeps_its_order_when_somebody_leaves_from_the_middle() {
        let (mut cluster, _) = world("cpu 1", "work 1 | work 1 | work 1 | work 1");
        (0..4).for_each(|task| cluster.enqueue(TaskId(task)));
        for (task, rest) in [(1, vec![0, 2, 3]), (3, vec![0, 2]), (0, vec![2]), (2, vec![])] {
            cluster.dequeue(TaskId(task));
            assert_eq!(cluster.waiting().map(|task| task.0).collect::<Vec<_>>(), rest);
        }
        cluster.enqueue(TaskId(3));
        assert_eq!(cluster.waiting().collect::<Vec<_>>(), [TaskId(3)]);
    }
}
