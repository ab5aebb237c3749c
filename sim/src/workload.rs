//! The work: jobs, tasks and what they use over time. A workload never changes during a run.
//!
//! Every importer and generator ends in a [`WorkloadBuilder`]; [`WorkloadBuilder::finish`] is the only way
//! to a [`Workload`], so that whatever meets the engine is sorted, dense and checked.

use std::collections::BTreeMap;

use crate::kernel::ids::{Id, IdVec, JobId, ShapeId, TaskId, TenantId};
use crate::kernel::time::{SimDuration, SimTime};
use crate::resources::{DEVICE_PAGE_MIB, DeviceClass, DeviceRequest, Resources, TaskShape, WHOLE_DEVICE};
use crate::topology::Topology;

/// What a task asks for, in words that no topology has translated yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Demand {
    /// Thousandths of a core.
    pub cpu_milli: u32,
    /// Mebibytes.
    pub memory_mib: u32,
    /// How many devices of which class; `None` for no device.
    pub devices: Option<DeviceDemand>,
    /// Features that the host must have, sorted.
    pub features: Vec<String>,
    /// Higher is more urgent.
    pub priority: u8,
}

/// Devices, in words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceDemand {
    /// What they are for.
    pub class: DeviceClass,
    /// How many, at least one.
    pub count: u8,
    /// Thousandths of each, 1 to 1000; several devices are taken whole.
    pub milli_each: u16,
    /// Memory of each of them, in mebibytes; 0 where it is not stated.
    pub memory_mib_each: u32,
    /// The kinds that will do, sorted; empty when any of the class will.
    pub kinds: Vec<String>,
}

/// What a task uses from some moment of its life on, as fractions of its request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UsePoint {
    /// Since the task started.
    pub start: SimDuration,
    /// Fraction of the requested cpu.
    pub cpu: f32,
    /// Fraction of the requested memory.
    pub memory: f32,
    /// Fraction of the requested devices.
    pub devices: f32,
}

/// What a trace tells of how a task really went. It is no demand: only who replays the trace looks at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// When it was started, on the clock of the workload.
    pub start: SimTime,
    /// The host on which it ran, as the trace names it.
    pub host: Option<Box<str>>,
}

/// One task, as a builder is told of it.
#[derive(Clone, Debug, Default)]
pub struct TaskSpec {
    /// What it asks for.
    pub demand: Demand,
    /// Run time at reference speed. Policies never see it.
    pub work: SimDuration,
    /// The run time that the user declared. Policies see it.
    pub estimate: Option<SimDuration>,
    /// How long it waits before it leaves; `None` for ever.
    pub patience: Option<SimDuration>,
    /// True when its life outlasted the trace: `work` is then only what was seen of it.
    pub is_censored: bool,
    /// Use over time, by rising start; empty when it uses what it asked for.
    pub usage: Vec<UsePoint>,
    /// Its name in the source, for people.
    pub name: Option<Box<str>>,
    /// When and where the source says that it ran.
    pub recorded: Option<Recorded>,
}

/// One job, as a builder is told of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct JobSpec {
    /// When it is submitted, with all its tasks.
    pub submit: SimTime,
    /// Who submits it.
    pub tenant: u32,
    /// True when its tasks start together or not at all.
    pub is_gang: bool,
}

/// Why something is no workload. The importer adds the file and the line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkloadError {
    /// A job without tasks.
    #[error("a job has no tasks: every job needs at least one")]
    EmptyJob,
    /// A part of several devices, of none, or more than all of one.
    #[error(
        "a task asks for {milli_each} thousandths of each of {count} devices: one device may be shared (1 to 1000), several are taken whole (1000)"
    )]
    Devices {
        /// How many.
        count: u8,
        /// How much of each.
        milli_each: u16,
    },
    /// A patience of no time.
    #[error("a task has a patience of 0 s: it needs at least a microsecond, or none stated")]
    NoPatience,
    /// Use over time that is out of order or no number.
    #[error("use over time must begin at 0 s, rise in time and be fractions from 0 to 1000")]
    Usage,
    /// Too long ago or too far away.
    #[error("a task ends beyond 2^53 microseconds, about 285 years, after the beginning")]
    TooLong,
    /// Started before it was there.
    #[error("a task was started before it was submitted: the recorded start must not be earlier")]
    RecordedStart,
    /// A dependency on nothing, or on itself.
    #[error("task {task} follows task {on}: both must have been added, and differ")]
    Dependency {
        /// Who follows, in order of adding.
        task: u32,
        /// Whom it follows, in order of adding.
        on: u32,
    },
}

/// Collects jobs in any order.
#[derive(Clone, Debug, Default)]
pub struct WorkloadBuilder {
    origin: SimTime,
    jobs: Vec<JobSpec>,
    /// One per job: the first of its tasks, which follow each other.
    first_tasks: Vec<u32>,
    tasks: Vec<Task>,
    patience: BTreeMap<u32, SimDuration>,
    usages: Vec<Vec<UsePoint>>,
    names: Names,
    records: Vec<Record>,
    recorded_hosts: Vec<Box<str>>,
    known_hosts: BTreeMap<Box<str>, u32>,
    /// Who follows whom, in order of adding.
    dependencies: Vec<(u32, u32)>,
    demands: IdVec<ShapeId, Demand>,
    known: BTreeMap<Demand, ShapeId>,
    mix: Option<Vec<MixEntry>>,
}

/// Names of tasks in one text: millions of small ones would cost more than what they say. Tasks behind the last name
/// have none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Names {
    text: String,
    /// Where each ends; it begins where the one before ends.
    ends: Vec<usize>,
}

impl Names {
    fn get(&self, index: usize) -> &str {
        let Some(&end) = self.ends.get(index) else { return "" };
        let begin = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[begin..end]
    }

    /// The name of this task; tasks that were left out before it have none.
    fn set(&mut self, index: usize, name: &str) {
        self.ends.resize(index, self.text.len());
        self.text.push_str(name);
        self.ends.push(self.text.len());
    }

    fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

/// What a trace tells of a task, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Record {
    start: SimTime,
    /// Index of the host's name.
    host: u32,
}

impl Record {
    /// Nothing is told.
    const NONE: Self = Self { start: SimTime::MAX, host: u32::MAX };
}

/// The columns of one task that the engine reads together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Task {
    /// That of its job, here so that the end of a task needs one look-up.
    submit: SimTime,
    work: SimDuration,
    /// `SimDuration::MAX` when none was declared.
    estimate: SimDuration,
    shape: ShapeId,
    job: JobId,
    is_censored: bool,
}

/// How common one demand is in a mix of tasks.
#[derive(Clone, Debug, PartialEq)]
pub struct MixEntry {
    /// Memory and priority left out: only what decides whether a device can be used.
    pub demand: Demand,
    /// Its share of the tasks that are told apart, summing to 1.
    pub share: f64,
}

impl WorkloadBuilder {
    /// An empty builder.
    pub fn new() -> Self {
        Self::default()
    }

    /// States what the source's own clock showed when the workload began. It shifts nothing; policies that
    /// read absolute submit times (F1 to F4) add it.
    pub fn set_origin(&mut self, origin: SimTime) {
        self.origin = origin;
    }

    /// States the mix of the source from which a part was taken; without it the mix is that of the tasks.
    pub fn set_mix(&mut self, mix: Vec<MixEntry>) {
        self.mix = Some(mix);
    }

    /// How many tasks were added.
    pub fn task_count(&self) -> usize {
        self.tasks.len()
    }

    /// Adds a job of one task.
    ///
    /// # Errors
    /// When the task is none, as [`WorkloadError`] says.
    pub fn add_task(&mut self, job: JobSpec, task: TaskSpec) -> Result<(), WorkloadError> {
        self.add_job(job, std::iter::once(task))
    }

    /// Adds a job with its tasks. Nothing is added when it is refused.
    ///
    /// # Errors
    /// When the job or one of its tasks is none, as [`WorkloadError`] says.
    pub fn add_job(
        &mut self,
        job: JobSpec,
        tasks: impl IntoIterator<Item = TaskSpec>,
    ) -> Result<(), WorkloadError> {
        let first = self.tasks.len();
        let checked: Vec<TaskSpec> =
            tasks.into_iter().map(|task| checked(&job, task)).collect::<Result<_, _>>()?;
        if checked.is_empty() {
            return Err(WorkloadError::EmptyJob);
        }
        let job_id = JobId(u32::try_from(self.jobs.len()).expect("fewer than 2^32 jobs"));
        self.jobs.push(job);
        self.first_tasks.push(first as u32);
        for task in checked {
            let shape = self.intern(task.demand);
            self.tasks.push(Task {
                submit: job.submit,
                work: task.work,
                estimate: task.estimate.unwrap_or(SimDuration::MAX),
                shape,
                job: job_id,
                is_censored: task.is_censored,
            });
            self.remember_usage(task.usage);
            if let Some(patience) = task.patience {
                self.patience.insert(self.tasks.len() as u32 - 1, patience);
            }
            if let Some(name) = task.name {
                self.names.set(self.tasks.len() - 1, &name);
            }
            if let Some(recorded) = task.recorded {
                self.remember_record(recorded);
            }
        }
        Ok(())
    }

    /// States that a task starts only when another has ended. Tasks are counted from 0 in order of adding. Nothing
    /// waits for it: it is remembered, for people and for models of workflows.
    ///
    /// # Errors
    /// When one of both was not added, or both are one.
    pub fn add_dependency(&mut self, task: u32, on: u32) -> Result<(), WorkloadError> {
        if task == on || task.max(on) as usize >= self.tasks.len() {
            return Err(WorkloadError::Dependency { task, on });
        }
        self.dependencies.push((task, on));
        Ok(())
    }

    fn remember_record(&mut self, Recorded { start, host }: Recorded) {
        let host = host.map_or(u32::MAX, |name| match self.known_hosts.get(&name) {
            Some(&known) => known,
            None => {
                let index = self.recorded_hosts.len() as u32;
                self.recorded_hosts.push(name.clone());
                self.known_hosts.insert(name, index);
                index
            }
        });
        self.records.resize(self.tasks.len() - 1, Record::NONE);
        self.records.push(Record { start, host });
    }

    fn remember_usage(&mut self, usage: Vec<UsePoint>) {
        if !usage.is_empty() || !self.usages.is_empty() {
            self.usages.resize(self.tasks.len() - 1, Vec::new());
            self.usages.push(usage);
        }
    }

    fn intern(&mut self, demand: Demand) -> ShapeId {
        if let Some(&known) = self.known.get(&demand) {
            return known;
        }
        let shape = self.demands.push(demand.clone());
        self.known.insert(demand, shape);
        shape
    }

    /// Like [`Self::finish`], for jobs that were added on the clock of their source: the first of them is submitted
    /// at 0, and the origin is what that clock showed then.
    pub fn finish_from_first_submission(mut self) -> Workload {
        let first = self.jobs.iter().map(|job| job.submit).min().unwrap_or_default();
        let moved = |time: &mut SimTime| *time = SimTime(time.0 - first.0);
        self.jobs.iter_mut().for_each(|job| moved(&mut job.submit));
        self.tasks.iter_mut().for_each(|task| moved(&mut task.submit));
        let told = self.records.iter_mut().filter(|record| record.start != SimTime::MAX);
        told.for_each(|record| moved(&mut record.start));
        self.origin = first;
        self.finish()
    }

    /// Sorts by submission (equal times keep the order in which they were added), numbers densely, freezes.
    pub fn finish(self) -> Workload {
        let mut order: Vec<u32> = (0..self.jobs.len() as u32).collect();
        order.sort_by_key(|&job| self.jobs[job as usize].submit);
        let mut workload = Workload { origin: self.origin, ..Workload::default() };
        // Shapes and recorded hosts are numbered by first appearance, whatever the order in which jobs were added.
        let mut shapes: IdVec<ShapeId, Option<ShapeId>> = IdVec::filled(None, self.demands.len());
        workload.tasks = Vec::with_capacity(self.tasks.len()).into();
        let mut names = Names::default();
        let mut hosts: Vec<Option<u32>> = vec![None; self.recorded_hosts.len()];
        // Where each task went, by order of adding; only who has dependencies asks.
        let mut places = vec![0; if self.dependencies.is_empty() { 0 } else { self.tasks.len() }];
        for job in order {
            let spec = self.jobs[job as usize];
            let first = self.first_tasks[job as usize] as usize;
            let end = self.first_tasks.get(job as usize + 1).map_or(self.tasks.len(), |&next| next as usize);
            let id = workload.jobs.push(Job {
                submit: spec.submit,
                first_task: TaskId(workload.tasks.len() as u32),
                task_count: (end - first) as u32,
                tenant: TenantId(spec.tenant),
                is_gang: spec.is_gang && end - first > 1,
            });
            for index in first..end {
                let old = self.tasks[index].shape;
                let shape =
                    *shapes[old].get_or_insert_with(|| workload.demands.push(self.demands[old].clone()));
                let task = workload.tasks.push(Task { job: id, shape, ..self.tasks[index] });
                if let Some(&patience) = self.patience.get(&(index as u32)) {
                    workload.patience.insert(task, patience);
                }
                if !self.usages.is_empty() {
                    workload.first_use.push(workload.usage_points.len() as u32);
                    workload
                        .usage_points
                        .extend_from_slice(self.usages.get(index).map_or(&[], Vec::as_slice));
                }
                if !self.names.is_empty() {
                    names.set(task.index(), self.names.get(index));
                }
                if !self.records.is_empty() {
                    let mut record = self.records.get(index).copied().unwrap_or(Record::NONE);
                    if let Some(name) = self.recorded_hosts.get(record.host as usize) {
                        record.host = *hosts[record.host as usize].get_or_insert_with(|| {
                            workload.recorded_hosts.push(name.clone());
                            workload.recorded_hosts.len() as u32 - 1
                        });
                    }
                    workload.records.push(record);
                }
                if let Some(place) = places.get_mut(index) {
                    *place = task.0;
                }
            }
        }
        workload.names = (!self.names.is_empty()).then_some(names);
        let moved = |&(task, on): &(u32, u32)| (TaskId(places[task as usize]), TaskId(places[on as usize]));
        workload.dependencies = self.dependencies.iter().map(moved).collect();
        workload.dependencies.sort_unstable();
        workload.dependencies.dedup();
        workload.jobs.shrink_to_fit();
        workload.mix = self.mix.unwrap_or_else(|| workload.measure_mix());
        workload
    }
}

/// Makes a task canonical, or says why it is none.
fn checked(job: &JobSpec, mut task: TaskSpec) -> Result<TaskSpec, WorkloadError> {
    const LATEST: u64 = 1 << 53;
    if let Some(devices) = &mut task.demand.devices {
        let DeviceDemand { count, milli_each, .. } = *devices;
        let is_whole = milli_each == WHOLE_DEVICE && count >= 1;
        let is_share = count == 1 && (1..WHOLE_DEVICE).contains(&milli_each);
        if !is_whole && !is_share {
            return Err(WorkloadError::Devices { count, milli_each });
        }
        devices.kinds.sort();
        devices.kinds.dedup();
    }
    task.demand.features.sort();
    task.demand.features.dedup();
    if task.patience == Some(SimDuration::ZERO) {
        return Err(WorkloadError::NoPatience);
    }
    if (job.submit + task.work).0 > LATEST {
        return Err(WorkloadError::TooLong);
    }
    let is_fraction = |value: f32| (0.0..=1000.0).contains(&value);
    let rises = task.usage.windows(2).all(|pair| pair[0].start < pair[1].start);
    let begins = task.usage.first().is_none_or(|point| point.start == SimDuration::ZERO);
    let fractions = |point: &UsePoint| [point.cpu, point.memory, point.devices].into_iter().all(is_fraction);
    if !(rises && begins && task.usage.iter().all(fractions)) {
        return Err(WorkloadError::Usage);
    }
    if task.recorded.as_ref().is_some_and(|recorded| recorded.start < job.submit) {
        return Err(WorkloadError::RecordedStart);
    }
    if task.recorded.as_ref().is_some_and(|recorded| recorded.start.0 > LATEST) {
        return Err(WorkloadError::TooLong);
    }
    Ok(task)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Job {
    submit: SimTime,
    first_task: TaskId,
    task_count: u32,
    tenant: TenantId,
    is_gang: bool,
}

/// Jobs and tasks in order of submission. Equal inputs give equal workloads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Workload {
    origin: SimTime,
    demands: IdVec<ShapeId, Demand>,
    jobs: IdVec<JobId, Job>,
    tasks: IdVec<TaskId, Task>,
    /// Of those who do not wait for ever.
    patience: BTreeMap<TaskId, SimDuration>,
    /// Where the points of each task begin; nothing when no task has any.
    first_use: Vec<u32>,
    usage_points: Vec<UsePoint>,
    names: Option<Names>,
    /// Of all tasks, or of none.
    records: IdVec<TaskId, Record>,
    recorded_hosts: Vec<Box<str>>,
    /// Who follows whom, sorted.
    dependencies: Vec<(TaskId, TaskId)>,
    mix: Vec<MixEntry>,
}

impl Workload {
    /// How many tasks there are.
    pub fn task_count(&self) -> usize {
        self.tasks.len()
    }

    /// How many jobs there are.
    pub fn job_count(&self) -> usize {
        self.jobs.len()
    }

    /// What the source's clock showed when the workload began.
    pub fn origin(&self) -> SimTime {
        self.origin
    }

    /// All jobs, in order of submission.
    pub fn jobs(&self) -> impl DoubleEndedIterator<Item = JobId> + ExactSizeIterator + use<> {
        self.jobs.ids()
    }

    /// All tasks, in order of submission.
    pub fn tasks(&self) -> impl DoubleEndedIterator<Item = TaskId> + ExactSizeIterator + use<> {
        self.tasks.ids()
    }

    /// When a job was submitted.
    pub fn job_submit(&self, job: JobId) -> SimTime {
        self.jobs[job].submit
    }

    /// The tasks of a job, which follow each other.
    pub fn job_tasks(
        &self,
        job: JobId,
    ) -> impl DoubleEndedIterator<Item = TaskId> + ExactSizeIterator + use<> {
        let Job { first_task, task_count, .. } = self.jobs[job];
        (first_task.0..first_task.0 + task_count).map(TaskId)
    }

    /// Who submitted a job.
    pub fn tenant(&self, job: JobId) -> TenantId {
        self.jobs[job].tenant
    }

    /// True when the tasks of a job start together or not at all.
    pub fn is_gang(&self, job: JobId) -> bool {
        self.jobs[job].is_gang
    }

    /// The job of a task.
    #[inline]
    pub fn job(&self, task: TaskId) -> JobId {
        self.tasks[task].job
    }

    /// When a task was submitted.
    #[inline]
    pub fn submit(&self, task: TaskId) -> SimTime {
        self.tasks[task].submit
    }

    /// The shape of a task.
    #[inline]
    pub fn shape(&self, task: TaskId) -> ShapeId {
        self.tasks[task].shape
    }

    /// How long a task runs at reference speed. Hidden from policies, which see only a `ClusterView`.
    #[inline]
    pub fn work(&self, task: TaskId) -> SimDuration {
        self.tasks[task].work
    }

    /// The run time that the user declared.
    #[inline]
    pub fn estimate(&self, task: TaskId) -> Option<SimDuration> {
        Some(self.tasks[task].estimate).filter(|&estimate| estimate != SimDuration::MAX)
    }

    /// How long a task waits before it leaves.
    #[inline]
    pub fn patience(&self, task: TaskId) -> Option<SimDuration> {
        self.patience.get(&task).copied()
    }

    /// True when a task's life outlasted the trace.
    #[inline]
    pub fn is_censored(&self, task: TaskId) -> bool {
        self.tasks[task].is_censored
    }

    /// What a task uses over time; empty when it uses what it asked for.
    pub fn usage(&self, task: TaskId) -> &[UsePoint] {
        let Some(&from) = self.first_use.get(task.index()) else { return &[] };
        let to = self.first_use.get(task.index() + 1).map_or(self.usage_points.len(), |&to| to as usize);
        &self.usage_points[from as usize..to]
    }

    /// True when some task states what it uses over time.
    pub fn has_usage(&self) -> bool {
        !self.first_use.is_empty()
    }

    /// The name of a task in its source, where it has one.
    pub fn name(&self, task: TaskId) -> Option<&str> {
        self.names.as_ref().map(|names| names.get(task.index()))
    }

    /// True when the source tells of some task when it was started.
    pub fn is_recorded(&self) -> bool {
        !self.records.is_empty()
    }

    fn record(&self, task: TaskId) -> Option<&Record> {
        self.records.as_slice().get(task.index())
    }

    /// When the source says that a task was started.
    pub fn recorded_start(&self, task: TaskId) -> Option<SimTime> {
        self.record(task).map(|record| record.start).filter(|&start| start != SimTime::MAX)
    }

    /// The host on which the source says that a task ran, as the source names it.
    pub fn recorded_host(&self, task: TaskId) -> Option<&str> {
        self.recorded_hosts.get(self.record(task)?.host as usize).map(|name| &**name)
    }

    /// Who follows whom, sorted: the first of a pair starts only when the second has ended. The engine does not wait
    /// for it.
    pub fn dependencies(&self) -> &[(TaskId, TaskId)] {
        &self.dependencies
    }

    /// The distinct demands, by shape.
    pub fn demands(&self) -> &IdVec<ShapeId, Demand> {
        &self.demands
    }

    /// What a task asks for.
    pub fn demand(&self, task: TaskId) -> &Demand {
        &self.demands[self.shape(task)]
    }

    /// When the last job is submitted.
    pub fn last_submit(&self) -> SimTime {
        self.jobs.iter().last().map_or(SimTime::ZERO, |job| job.submit)
    }

    /// How common each demand is, the most common first, as known from the source as a whole.
    pub fn mix(&self) -> &[MixEntry] {
        &self.mix
    }

    /// How many tasks have no declared run time.
    pub fn tasks_without_estimate(&self) -> usize {
        self.tasks.iter().filter(|task| task.estimate == SimDuration::MAX).count()
    }

    /// One task, as a builder would be told of it.
    pub fn task_spec(&self, task: TaskId) -> TaskSpec {
        TaskSpec {
            demand: self.demand(task).clone(),
            work: self.work(task),
            estimate: self.estimate(task),
            patience: self.patience(task),
            is_censored: self.is_censored(task),
            usage: self.usage(task).to_vec(),
            name: self.name(task).map(Into::into),
            recorded: self
                .recorded_start(task)
                .map(|start| Recorded { start, host: self.recorded_host(task).map(Into::into) }),
        }
    }

    /// One job, as a builder would be told of it.
    pub fn job_spec(&self, job: JobId) -> JobSpec {
        let Job { submit, tenant, is_gang, .. } = self.jobs[job];
        JobSpec { submit, tenant: tenant.0, is_gang }
    }

    /// The shapes in the words of one topology.
    pub fn shapes_in(&self, topology: &Topology) -> IdVec<ShapeId, TaskShape> {
        self.demands.iter().map(|demand| demand.in_topology(topology)).collect()
    }

    /// Tasks that differ only in memory, features or priority count as one; equal counts keep the order of
    /// the demands themselves.
    fn measure_mix(&self) -> Vec<MixEntry> {
        let mut per_shape: IdVec<ShapeId, u64> = IdVec::filled(0, self.demands.len());
        self.tasks.iter().for_each(|task| per_shape[task.shape] += 1);
        let mut counts: BTreeMap<Demand, u64> = BTreeMap::new();
        for (shape, demand) in self.demands.ids().zip(self.demands.iter()) {
            let key = Demand { memory_mib: 0, features: Vec::new(), priority: 0, ..demand.clone() };
            *counts.entry(key).or_default() += per_shape[shape];
        }
        let mut counts: Vec<(Demand, u64)> = counts.into_iter().filter(|&(_, count)| count > 0).collect();
        counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        let total = self.tasks.len() as f64;
        counts.into_iter().map(|(demand, count)| MixEntry { demand, share: count as f64 / total }).collect()
    }
}

impl Demand {
    /// Translates names into the masks of one topology.
    pub fn in_topology(&self, topology: &Topology) -> TaskShape {
        let mut is_possible = true;
        let devices = self.devices.as_ref().map_or(DeviceRequest::NONE, |devices| DeviceRequest {
            kinds: topology.kind_mask(devices.class, &devices.kinds),
            count: devices.count,
            milli_each: devices.milli_each,
            memory_mib_each: devices.memory_mib_each.next_multiple_of(DEVICE_PAGE_MIB),
        });
        let mut features = 0;
        for feature in &self.features {
            match topology.features().iter().position(|known| known == feature) {
                Some(bit) => features |= 1 << bit,
                None => is_possible = false,
            }
        }
        is_possible &= devices.count == 0 || devices.kinds.0 != 0;
        let resources = Resources { cpu_milli: self.cpu_milli, memory_mib: self.memory_mib };
        TaskShape { resources, devices, features, priority: self.priority, is_possible }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(cpu_milli: u32) -> TaskSpec {
        let demand = Demand { cpu_milli, ..Demand::default() };
        TaskSpec { demand, work: SimDuration(10), ..TaskSpec::default() }
    }

    fn at(submit: u64) -> JobSpec {
        JobSpec { submit: SimTime(submit), ..JobSpec::default() }
    }

    #[test]
    fn jobs_are_sorted_and_equal_times_keep_their_order() {
        let mut builder = WorkloadBuilder::new();
        for (submit, cpu) in [(5, 1), (3, 2), (5, 3), (3, 4)] {
            builder.add_task(at(submit), task(cpu)).expect("valid");
        }
        let workload = builder.finish();
        let cpus: Vec<u32> = workload.tasks().map(|task| workload.demand(task).cpu_milli).collect();
        assert_eq!(cpus, [2, 4, 1, 3]);
    }

    #[test]
    fn equal_demands_share_a_shape_and_the_mix_counts_them() {
        let mut builder = WorkloadBuilder::new();
        builder.add_job(at(0), [task(1), task(2), task(1), task(1)]).expect("valid");
        let workload = builder.finish();
        assert_eq!(workload.demands().len(), 2);
        assert_eq!(workload.mix()[0].share, 0.75);
        assert_eq!(workload.mix()[0].demand.cpu_milli, 1);
    }

    #[test]
    fn what_is_no_task_is_refused() {
        let mut builder = WorkloadBuilder::new();
        let devices = |count, milli_each| {
            let devices = DeviceDemand {
                class: DeviceClass::Gpu,
                count,
                milli_each,
                memory_mib_each: 0,
                kinds: Vec::new(),
            };
            TaskSpec { demand: Demand { devices: Some(devices), ..Demand::default() }, ..TaskSpec::default() }
        };
        for (count, milli_each) in [(0, 1000), (2, 500), (1, 0), (1, 1001)] {
            assert_eq!(
                builder.add_task(at(0), devices(count, milli_each)),
                Err(WorkloadError::Devices { count, milli_each })
            );
        }
        let impatient = TaskSpec { patience: Some(SimDuration::ZERO), ..task(1) };
        assert_eq!(builder.add_task(at(0), impatient), Err(WorkloadError::NoPatience));
        assert_eq!(builder.add_job(at(0), []), Err(WorkloadError::EmptyJob));
        assert_eq!(builder.task_count(), 0);
    }

    #[test]
    fn records_and_dependencies_follow_their_tasks() {
        let mut builder = WorkloadBuilder::new();
        let recorded = |start, host: &str| Some(Recorded { start: SimTime(start), host: Some(host.into()) });
        builder.add_task(at(9), task(1)).expect("valid");
        builder.add_task(at(5), TaskSpec { recorded: recorded(7, "b"), ..task(2) }).expect("valid");
        builder.add_task(at(1), TaskSpec { recorded: recorded(1, "a"), ..task(3) }).expect("valid");
        let early = TaskSpec { recorded: recorded(4, "a"), ..task(3) };
        assert_eq!(builder.add_task(at(5), early), Err(WorkloadError::RecordedStart));
        builder.add_dependency(0, 2).expect("both are there");
        for (task, on) in [(1, 1), (0, 3)] {
            assert_eq!(builder.add_dependency(task, on), Err(WorkloadError::Dependency { task, on }));
        }
        let workload = builder.finish();
        let starts: Vec<_> = workload.tasks().map(|task| workload.recorded_start(task)).collect();
        assert_eq!(starts, [Some(SimTime(1)), Some(SimTime(7)), None]);
        let hosts: Vec<_> = workload.tasks().map(|task| workload.recorded_host(task)).collect();
        assert_eq!(hosts, [Some("a"), Some("b"), None]);
        assert_eq!(workload.dependencies(), [(TaskId(2), TaskId(0))]);
        assert_eq!(workload.task_spec(TaskId(1)).recorded, recorded(7, "b"));
    }

    #[test]
    fn use_over_time_begins_at_zero_and_rises() {
        let point = |start, cpu| UsePoint { start: SimDuration(start), cpu, memory: 1.0, devices: 0.0 };
        let mut builder = WorkloadBuilder::new();
        let with = |usage| TaskSpec { usage, ..task(1) };
        for usage in [vec![point(1, 0.5)], vec![point(0, 0.5), point(0, 0.6)], vec![point(0, -1.0)]] {
            assert_eq!(builder.add_task(at(0), with(usage)), Err(WorkloadError::Usage));
        }
        builder.add_task(at(0), task(1)).expect("valid");
        builder.add_task(at(0), with(vec![point(0, 0.5), point(7, 1.5)])).expect("valid");
        let workload = builder.finish();
        assert!(workload.usage(TaskId(0)).is_empty());
        assert_eq!(workload.usage(TaskId(1)).len(), 2);
    }
}
