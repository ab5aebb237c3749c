//! The read-only window through which policies and observers see the world as it is now.
//!
//! No path leads from here to the work that a task still has to do, or to what has not arrived yet.
//!
//! What a trace records of how its tasks went ([`ClusterView::recorded_start`]) is a decision of the scheduler that was
//! in charge then: only the policies `recorded`, which repeat it, look at it, and it is known of tasks that have come,
//! no earlier. When a recorded task will *end* stays hidden from them too.

use crate::cluster::{Integrals, Move, Moved, Status, Totals, Use};
use crate::control::{Governor, Phase};
use crate::decision::Placement;
use crate::engine::Engine;
use crate::engine::transfer::load_of;
use crate::kernel::ids::{HostId, HostModelId, IdVec, JobId, ShapeId, TaskId, TenantId};
use crate::kernel::time::{SimDuration, SimTime};
use crate::models::cooling::Outside;
use crate::models::facility::{Facility, Overhead};
use crate::models::migration::course::{Forecast as MigrationForecast, Leg};
use crate::resources::{
    DEVICE_PAGE_MIB, DeviceAffinity, DeviceRequest, MAX_DEVICES_PER_HOST, Resources, TaskShape, WHOLE_DEVICE,
};
use crate::rules::{Accounting, Rules};
use crate::surroundings::{Conditions, Footprint, Forecast, Surroundings};
use crate::topology::Topology;
use crate::workload::{MixEntry, UsePoint};

/// CloudSim's PlanetLab traces have a point every five minutes.
const STEP_SECONDS: f64 = 300.0;
const STEP_US: u64 = 300_000_000;

/// The world as it is now.
#[derive(Clone, Copy)]
pub struct ClusterView<'a> {
    engine: &'a Engine,
}

impl<'a> ClusterView<'a> {
    pub(crate) fn new(engine: &'a Engine) -> Self {
        Self { engine }
    }

    /// The present moment.
    #[inline]
    pub fn now(self) -> SimTime {
        self.engine.cluster.now()
    }

    /// The places.
    #[inline]
    pub fn topology(self) -> &'a Topology {
        self.engine.cluster.topology()
    }

    /// The rules of the scenario.
    pub fn rules(self) -> &'a Rules {
        &self.engine.rules
    }

    /// How common each demand is in the source of the workload: what an operator knows from history.
    pub fn mix(self) -> &'a [MixEntry] {
        self.engine.workload.mix()
    }

    // Tasks.

    /// How many tasks have been submitted so far.
    pub fn submitted_count(self) -> usize {
        self.engine.submitted_tasks()
    }

    /// The shape of a task.
    #[inline]
    pub fn shape_id(self, task: TaskId) -> ShapeId {
        self.engine.workload.shape(task)
    }

    /// What a task asks for.
    #[inline]
    pub fn shape(self, task: TaskId) -> &'a TaskShape {
        &self.engine.shapes[self.shape_id(task)]
    }

    /// Everything that tasks ask for, by shape.
    pub fn shapes(self) -> &'a IdVec<ShapeId, TaskShape> {
        &self.engine.shapes
    }

    /// When a task was submitted.
    #[inline]
    pub fn submit(self, task: TaskId) -> SimTime {
        self.engine.workload.submit(task)
    }

    /// What the source's own clock showed when the workload began.
    pub fn origin(self) -> SimTime {
        self.engine.workload.origin()
    }

    /// The run time that the user declared.
    #[inline]
    pub fn estimate(self, task: TaskId) -> Option<SimDuration> {
        self.engine.workload.estimate(task)
    }

    /// How long a task waits before it leaves; nothing of one that waits for ever.
    pub fn patience(self, task: TaskId) -> Option<SimDuration> {
        self.engine.workload.patience(task)
    }

    /// When the source says that a task was started; nothing when it does not, or when the task has not been
    /// submitted yet. For replaying what was decided then: no other policy looks at it.
    #[inline]
    pub fn recorded_start(self, task: TaskId) -> Option<SimTime> {
        if !self.engine.workload.is_recorded() || self.status(task) == Status::Coming {
            return None;
        }
        self.engine.workload.recorded_start(task)
    }

    /// The host on which the source says that a task ran, as the source names it; otherwise as
    /// [`ClusterView::recorded_start`].
    pub fn recorded_host(self, task: TaskId) -> Option<&'a str> {
        if !self.engine.workload.is_recorded() || self.status(task) == Status::Coming {
            return None;
        }
        self.engine.workload.recorded_host(task)
    }

    /// The job of a task.
    pub fn job(self, task: TaskId) -> JobId {
        self.engine.workload.job(task)
    }

    /// Who submitted a task.
    pub fn tenant(self, task: TaskId) -> TenantId {
        self.engine.workload.tenant(self.job(task))
    }

    /// The members of a task's gang that wait with it; only itself when it is in none.
    pub fn gang(self, task: TaskId) -> impl Iterator<Item = TaskId> {
        let job = self.job(task);
        let is_gang = self.engine.workload.is_gang(job);
        let members = is_gang.then(|| self.engine.workload.job_tasks(job)).into_iter().flatten();
        let single = (!is_gang).then_some(task);
        members.filter(move |&member| self.status(member) == Status::Waiting).chain(single)
    }

    /// Where a task stands.
    #[inline]
    pub fn status(self, task: TaskId) -> Status {
        self.engine.cluster.tasks[task].status
    }

    /// When a running or finished task last started; of a waiting one, when it joined the queue.
    #[inline]
    pub fn started(self, task: TaskId) -> SimTime {
        self.engine.cluster.tasks[task].since
    }

    /// How long a finished task ran, at reference speed; nothing of any other task.
    #[inline]
    pub fn ran(self, task: TaskId) -> Option<SimDuration> {
        (self.status(task) == Status::Finished).then(|| self.engine.workload.work(task))
    }

    /// How often a task was started before it got where it stands.
    #[inline]
    pub fn attempt(self, task: TaskId) -> u16 {
        self.engine.cluster.tasks[task].attempt
    }

    /// How fast a running task gets on: 1 when it takes as long as its trace says, less when something slows it.
    pub fn speed(self, task: TaskId) -> f64 {
        self.engine.speed(task)
    }

    /// Where a running task is; for a finished one, where it was.
    pub fn placement(self, task: TaskId) -> Placement {
        self.engine.cluster.placement(task)
    }

    // What is changed of what runs.

    /// What a running task holds: what it asked for, unless it was resized.
    pub fn held(self, task: TaskId) -> Resources {
        self.engine.cluster.resized(task).unwrap_or(self.shape(task).resources)
    }

    /// Where a running task is on its way to, if it is.
    #[inline]
    pub fn move_of(self, task: TaskId) -> Option<Move> {
        self.engine.cluster.move_of(task)
    }

    /// Everyone who is on the way.
    pub fn moves(self) -> impl Iterator<Item = (TaskId, Move)> {
        self.engine.cluster.moves()
    }

    /// How a task that is on its way gets on; nothing where it is not. Who is following is not called back.
    pub fn leg_of(self, task: TaskId) -> Option<Leg> {
        self.engine.leg_of(task)
    }

    /// The share of its speed that a task has because it is on its way: 0 when it stands still, 1 when it is not on its way.
    pub fn pace_on_the_way(self, task: TaskId) -> f64 {
        self.engine.pace_on_the_way(task)
    }

    /// How the last migration of a task went that is over.
    pub fn last_move(self, task: TaskId) -> Option<Moved> {
        self.engine.cluster.last_move(task)
    }

    /// How long a migration of a running task would take, and how long it would stand still, if nobody else were on the way.
    pub fn migration_forecast(self, task: TaskId) -> MigrationForecast {
        let shape = TaskShape { resources: self.held(task), ..*self.shape(task) };
        self.rules().migration.forecast(load_of(&shape))
    }

    /// What migrations have drawn beyond what hosts would have drawn without them since the beginning, in joules.
    pub fn move_joules(self) -> f64 {
        self.engine.cluster.move_joules()
    }

    /// The fraction of the cpu that it asked for that a running task uses now, read to six decimals; 1 where the workload
    /// states no use. Under CloudSim's accounting on a straight line between the points of the trace.
    pub fn cpu_use_fraction(self, task: TaskId) -> f64 {
        let (workload, record) = (&self.engine.workload, &self.engine.cluster.tasks[task]);
        if !workload.has_usage() {
            return 1.0;
        }
        let points = workload.usage(task);
        let index = record.use_index as usize;
        let Some(point) = points.get(index) else { return 1.0 };
        // Not negative: to add a half and cut is to round.
        let read = |point: &UsePoint| (f64::from(point.cpu) * 1e6 + 0.5) as u64 as f64 / 1e6;
        let now = read(point);
        if self.rules().accounting == Accounting::Exact {
            return now;
        }
        let seconds = self.engine.cloudsim_clock_seconds() - record.since.seconds();
        let step = (seconds / STEP_SECONDS) as u64;
        let begin = STEP_SECONDS * step as f64;
        match points.get(index + 1).filter(|next| next.start.0 <= (step + 1) * STEP_US) {
            None => now,
            Some(next) => now + (read(next) - now) / STEP_SECONDS * (seconds - begin),
        }
    }

    /// What a running task asks for of the cpu now, in thousandths of a core.
    pub fn cpu_demand_milli(self, task: TaskId) -> f64 {
        self.cpu_use_fraction(task) * f64::from(self.shape(task).resources.cpu_milli)
    }

    /// How many tasks the workload holds: for whoever keeps a list of them.
    pub(crate) fn task_count(self) -> usize {
        self.engine.workload.task_count()
    }

    // The queue.

    /// All waiting tasks, in the order in which they joined the queue.
    pub fn waiting(self) -> impl Iterator<Item = TaskId> {
        self.engine.cluster.waiting()
    }

    /// What joined the queue since entry number `cursor` (of a gang, its first waiting member), and the number
    /// of the next entry. An evicted task joins again. Entries may have left meanwhile.
    pub fn joined_since(self, cursor: usize) -> (usize, &'a [TaskId]) {
        self.engine.pending.joined_since(cursor)
    }

    /// True when this waiting task found no place, and nothing was released since that could help it.
    #[inline]
    pub fn has_failed(self, task: TaskId) -> bool {
        let job = self.job(task);
        if self.engine.workload.is_gang(job) {
            self.engine.pending.has_gang_failed(job)
        } else {
            self.engine.pending.has_failed(self.shape_id(task))
        }
    }

    // Hosts.

    /// Where a host stands between on and asleep.
    pub fn phase(self, host: HostId) -> Phase {
        self.engine.cluster.control(host).phase
    }

    /// How the cpu of a host runs.
    pub fn governor(self, host: HostId) -> Governor {
        self.engine.cluster.control(host).governor
    }

    /// True when somebody is on the way from a host, or to it.
    pub fn has_moves(self, host: HostId) -> bool {
        self.engine.cluster.control(host).has_moves()
    }

    /// What a running task uses of what it was given.
    pub fn use_of(self, task: TaskId) -> Use {
        self.engine.current_use(task)
    }

    /// True when no task is on a host, or on its way to it.
    pub fn is_vacant(self, host: HostId) -> bool {
        self.engine.cluster.is_vacant(host)
    }

    /// Free cpu and memory, by host.
    #[inline]
    pub fn free(self) -> &'a [Resources] {
        self.engine.cluster.free.as_slice()
    }

    /// Free cpu and memory of a host's NUMA nodes.
    #[inline]
    pub fn numa_free(self, host: HostId) -> &'a [Resources] {
        self.engine.cluster.numa_free(host)
    }

    /// Free thousandths of a host's devices: what a task can be given of each.
    #[inline]
    pub fn devices_free(self, host: HostId) -> &'a [u16] {
        self.engine.cluster.devices_free(host)
    }

    /// Thousandths of one of a host's devices that nobody holds. It is what is free, but for devices in parts that have a
    /// place, where no more is free than can be had in one part.
    pub fn device_unreserved(self, host: HostId, position: usize) -> u16 {
        self.engine.cluster.device_unreserved(host, position)
    }

    /// The indices of the kinds of a host's devices.
    #[inline]
    pub fn device_kinds(self, host: HostId) -> &'a [u8] {
        let (first, count) = self.topology().devices(host);
        self.topology().device_kinds(first, count)
    }

    /// Thousandths of a host's devices that are in use.
    pub fn device_use(self, host: HostId) -> &'a [u32] {
        self.engine.cluster.device_use(host)
    }

    /// Thousandths of a core in use on a host.
    pub fn cpu_use_milli(self, host: HostId) -> u64 {
        self.engine.cluster.cpu_use(host)
    }

    /// Mebibytes in use on a host.
    pub fn memory_use_mib(self, host: HostId) -> u64 {
        self.engine.cluster.memory_use(host)
    }

    /// The tasks on a host, in the order in which they started.
    pub fn hosted(self, host: HostId) -> impl Iterator<Item = TaskId> {
        self.engine.cluster.hosted(host)
    }

    /// True when a task of this shape fits on this host now.
    #[inline]
    pub fn fits(self, shape: &TaskShape, host: HostId) -> bool {
        self.engine.cluster.fits(shape, host)
    }

    /// What a request takes of each device of this kind, in thousandths: all of it unless the kind is shared.
    #[inline]
    pub fn taken_of(self, kind: u8, request: DeviceRequest) -> u16 {
        self.engine.cluster.taken_of(kind, request)
    }

    /// Free memory of one of a host's devices, in mebibytes: what a task can be given; as good as without end where its kind
    /// states none.
    #[inline]
    pub fn device_memory_free(self, host: HostId, position: usize) -> u32 {
        self.engine.cluster.device_memory_free(host, position)
    }

    /// Everything a score may look at on one host.
    pub fn host_state(self, host: HostId) -> HostState {
        let topology = self.topology();
        let mut state = HostState {
            model: topology.model_id(host),
            capacity: topology.capacity(host),
            free: self.free()[host.0 as usize],
            residents: *self.engine.cluster.residents(host),
            device_count: 0,
            device_free: [0; MAX_DEVICES_PER_HOST],
            device_kinds: [0; MAX_DEVICES_PER_HOST],
            device_pages_free: [0; MAX_DEVICES_PER_HOST],
        };
        for (&free, &kind) in self.devices_free(host).iter().zip(self.device_kinds(host)) {
            let position = usize::from(state.device_count);
            state.device_free[position] = free;
            state.device_kinds[position] = kind;
            let pages = self.device_memory_free(host, position) / DEVICE_PAGE_MIB;
            state.device_pages_free[position] = pages.min(u16::MAX.into()) as u16;
            state.device_count += 1;
        }
        state
    }

    /// The number of the next change, and the hosts whose free capacity changed since change number `cursor`
    /// (repeated when they changed repeatedly); `None` when that is too long ago: look at all hosts again.
    #[inline]
    pub fn changes_since(self, cursor: u64) -> (u64, Option<&'a [HostId]>) {
        self.engine.cluster.changes_since(cursor)
    }

    // What is around it.

    pub(crate) fn surroundings(self) -> Option<&'a Surroundings> {
        self.engine.cluster.surroundings()
    }

    /// The air outside, the carbon intensity and the price of electricity now.
    pub fn conditions(self) -> Conditions {
        self.conditions_at(self.now())
    }

    /// What they were at an earlier moment, or are now.
    ///
    /// # Panics
    /// When the moment is still to come: see [`ClusterView::forecast`].
    pub fn conditions_at(self, time: SimTime) -> Conditions {
        assert!(time <= self.now(), "what is still to come is in the forecast");
        self.surroundings().map_or_else(Conditions::default, |surroundings| surroundings.at(time))
    }

    /// What is foreseen of them, for as long as the rules say; nothing where nobody says what is around the datacenter.
    pub fn forecast(self) -> Option<Forecast<'a>> {
        self.surroundings().map(|surroundings| surroundings.forecast(self.now()))
    }

    /// What the facility draws when its hosts draw so many watts, under the conditions of a moment that is not to come.
    pub fn facility_power_watts(self, it_watts: f64, time: SimTime) -> f64 {
        self.rules().facility.power_watts(it_watts, self.conditions_at(time).outside())
    }

    /// The power of the facility over that of its hosts now; 0 where they draw nothing.
    pub fn pue(self) -> f64 {
        let it_watts = self.totals().power_watts;
        if it_watts > 0.0 { self.facility_power_watts(it_watts, self.now()) / it_watts } else { 0.0 }
    }

    // The cluster as a whole.

    /// Sums at this moment.
    #[inline]
    pub fn totals(self) -> &'a Totals {
        self.engine.cluster.totals()
    }

    /// Sums over time until this moment.
    pub fn integrals(self) -> &'a Integrals {
        self.engine.cluster.integrals()
    }

    /// Power of a host, in watts.
    pub fn power_watts(self, host: HostId) -> f64 {
        self.engine.cluster.power_watts(host)
    }

    /// Energy of a host since the beginning, in joules.
    pub fn energy_joules(self, host: HostId) -> f64 {
        self.engine.cluster.energy_joules(host)
    }

    /// What the facility has drawn beyond its hosts since the beginning, in joules.
    pub fn facility_overhead_joules(self) -> Overhead {
        self.footprint().overhead
    }

    /// What the facility has taken since the beginning.
    pub fn footprint(self) -> Footprint {
        let summed = self.engine.cluster.footprint();
        match self.rules().facility {
            Facility::Electrical(_) => summed.expect("a facility whose losses follow the load is metered"),
            // In proportion to the meters of its hosts, to the last bit.
            facility => Footprint {
                overhead: facility.overhead(self.it_energy_joules(), Outside::default()),
                ..summed.unwrap_or_default()
            },
        }
    }

    /// What it has taken since a moment since when its hosts draw so much.
    pub(crate) fn footprint_since(self, time: SimTime, it_watts: f64) -> Footprint {
        let summed = self.engine.cluster.footprint_since(time, it_watts);
        summed.unwrap_or_else(|| {
            let overhead = self.rules().facility.overhead(it_watts, Outside::default());
            Footprint { overhead: overhead.times(self.now().since(time).seconds()), ..Footprint::default() }
        })
    }

    /// Energy of all hosts since the beginning, in joules, summed in order of the hosts.
    pub fn it_energy_joules(self) -> f64 {
        self.topology().hosts().map(|host| self.energy_joules(host)).sum()
    }
}

/// Everything that a score may look at on one host. Hosts in equal states are one candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HostState {
    /// Its model.
    pub model: HostModelId,
    /// Cpu and memory.
    pub capacity: Resources,
    /// Free cpu and memory.
    pub free: Resources,
    /// Tasks on it, by the devices they hold.
    pub residents: [u16; DeviceAffinity::COUNT],
    device_count: u8,
    device_free: [u16; MAX_DEVICES_PER_HOST],
    device_kinds: [u8; MAX_DEVICES_PER_HOST],
    /// Of the memory of each.
    device_pages_free: [u16; MAX_DEVICES_PER_HOST],
}

impl HostState {
    /// Free thousandths of its devices, in order.
    #[inline]
    pub fn devices_free(&self) -> &[u16] {
        &self.device_free[..usize::from(self.device_count)]
    }

    /// The indices of the kinds of its devices, in order.
    #[inline]
    pub fn device_kinds(&self) -> &[u8] {
        &self.device_kinds[..usize::from(self.device_count)]
    }

    /// Free thousandths over all its devices.
    #[inline]
    pub fn devices_free_total(&self) -> u32 {
        self.devices_free().iter().map(|&free| u32::from(free)).sum()
    }

    /// Devices with nothing on them.
    #[inline]
    pub fn devices_whole(&self) -> usize {
        self.devices_free().iter().filter(|&&free| free == WHOLE_DEVICE).count()
    }

    /// True when this device will do for the request, as far as kind and room go.
    #[inline]
    pub fn is_usable(&self, position: usize, request: DeviceRequest) -> bool {
        request.kinds.has(self.device_kinds[position])
            && self.device_free[position] >= request.milli_each
            && u32::from(self.device_pages_free[position]) * DEVICE_PAGE_MIB >= request.memory_mib_each
    }

    /// The state with what is free on the devices in rising order; for devices of one kind. Where their memory differs, they
    /// stay as they are.
    #[must_use]
    pub fn with_devices_sorted(mut self) -> Self {
        let count = usize::from(self.device_count);
        if self.device_pages_free[..count].windows(2).all(|pair| pair[0] == pair[1]) {
            self.device_free[..count].sort_unstable();
        }
        self
    }

    /// The state with this much taken from a device.
    #[must_use]
    pub fn with_device_taken(mut self, position: usize, milli: u16) -> Self {
        self.device_free[position] -= milli;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Step;
    use crate::event::Event;
    use crate::observe::Observer;
    use crate::testing;

    #[test]
    fn what_is_recorded_of_a_task_is_seen_when_the_task_has_come_and_no_earlier() {
        let work = "at 0 cpu 1 work 1 started 0 on left | at 1 cpu 1 work 1 started 3 | at 1 cpu 1 work 1";
        let mut engine = testing::engine("cpu 1", work);
        let seen = |view: ClusterView<'_>| {
            let of = |task| {
                (view.recorded_start(TaskId(task)), view.recorded_host(TaskId(task)).map(str::to_owned))
            };
            [of(0), of(1), of(2)]
        };
        let nothing = (None, None);
        assert!(matches!(engine.step(), Step::Happened(_)));
        let first = (Some(SimTime(0)), Some("left".to_owned()));
        assert_eq!(seen(engine.view()), [first.clone(), nothing.clone(), nothing.clone()]);
        testing::run_first_fit(&mut engine, &mut ());
        assert_eq!(seen(engine.view()), [first, (Some(SimTime(3_000_000)), None), nothing]);
    }

    #[test]
    fn how_long_a_task_runs_is_seen_when_it_has_ended_and_no_earlier() {
        let mut engine = testing::engine("cpu 1", "at 0 cpu 1 work 3 | at 1 cpu 1 work 4");
        let mut seen = Seen(Vec::new());
        testing::run_first_fit(&mut engine, &mut seen);
        let seconds = |seconds: u64| Some(SimDuration(seconds * 1_000_000));
        let expected = [[None, None], [seconds(3), None], [seconds(3), seconds(4)]];
        seen.0.dedup();
        assert_eq!(seen.0, expected);
    }

    /// What is seen of two tasks at each event.
    struct Seen(Vec<[Option<SimDuration>; 2]>);

    impl Observer for Seen {
        fn on_event(&mut self, _: &Event, view: ClusterView<'_>) {
            self.0.push([TaskId(0), TaskId(1)].map(|task| view.ran(task)));
        }
    }
}
