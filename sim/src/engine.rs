//! The engine: the one place where the world changes.
//!
//! ```text
//!            +--------- step() ---------+
//!            v                          |
//!   Happened(event)   Decide(request)   |   Ended
//!      to observers      to a policy    |
//!                            |          |
//!                     apply(request, decision)
//! ```
//!
//! The engine calls nobody; whoever holds it owns the loop. Its contract, each line a test below:
//!
//! 1. `step` yields exactly one thing. The effects of one cause come out one by one before time moves.
//! 2. Events take effect in the order `(time, class, sequence)`; releases before arrivals unless the rules
//!    say otherwise. All events of an instant take effect before a question is asked, unless the rules say
//!    after each event.
//! 3. A question is asked when something changed and a task waits that is worth asking about. After `Defer` to
//!    *where?* the next waiting task is asked about; after `Defer` to *which next?* time moves. A shape that
//!    found no place is not asked about again until something was released that could help it.
//! 4. A gang's members are asked about one after another and start together, or none of them does.
//! 5. What was scheduled for a task that was evicted meanwhile is dropped by its attempt number.
//! 6. `apply` refuses what is infeasible and changes nothing then. After `Evict` the same question is open.
//! 7. An engine is a plain value: `clone` is a snapshot.
//! 8. After `DeferUntil` to *which next?* it is asked again at that time, when the instant is over, though nothing
//!    else changed. The last answer to *which next?* counts: every later one takes the place of the wake-up. A
//!    wake-up at which nobody is worth asking about is dropped and moves no time; a time that is not in the future
//!    is refused.
//! 9. Where the rules say so, it is asked *what to change?* at the start, at a period, on load, and when a task found no
//!    place; always when an instant is over and nobody is worth asking about. Answers are taken until one says that
//!    nothing else is to change. A task that is on its way runs where it was until it arrives; it ends, or is thrown out,
//!    as if it were not on its way. A period alone keeps no episode from ending. Where the rules say so, a migration goes through
//!    stages over links that it shares, and may be given up; who stands still on the way goes on when that is over.

mod pace;
mod rebalance;
mod slowdown;
pub(crate) mod transfer;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::cluster::{Cluster, Outcome, Status, TaskRecord, Use, used};
use crate::decision::{Decision, Infeasible, Occasion, Placement, Request};
use crate::event::{Cause, Event, EventKind};
use crate::kernel::ids::{HostId, Id, IdVec, JobId, ShapeId, TaskId};
use crate::kernel::queue::{Class, EventQueue};
use crate::kernel::time::{SimDuration, SimTime};
use crate::models::facility::Facility;
use crate::pending::Pending;
use crate::resources::TaskShape;
use crate::rules::{AfterEviction, DecideAfter, EventOrder, Rules, TurnedAway, WhenNoPlace};
use crate::surroundings::Surroundings;
use crate::topology::Topology;
use crate::view::ClusterView;
use crate::workload::Workload;

use pace::Life;
use rebalance::Agenda;
use transfer::Transfers;

/// What one step of the engine yields. Nothing is borrowed: the caller may look, think, or walk away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Something happened.
    Happened(Event),
    /// A question is open; it is returned again until an answer was applied.
    Decide(Request),
    /// Nothing more will happen.
    Ended,
}

/// What is scheduled to happen to a running or waiting task, or to a host.
#[derive(Clone, Copy, Debug)]
struct Scheduled {
    /// The task; the host of an end of a phase.
    subject: u32,
    /// The attempt of a task; the serial number of its migration.
    attempt: u16,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Finish,
    ChangeUse,
    LosePatience,
    /// A migration ends, or a stage of it.
    Arrive,
    /// A phase of a host ends.
    EndPhase,
}

impl What {
    /// Lower classes of one instant take effect first; see [`Engine::arrival_class`].
    const fn class(self) -> Class {
        match self {
            Self::Finish | Self::Arrive | Self::EndPhase => 1,
            Self::ChangeUse => 2,
            Self::LosePatience => 4,
        }
    }
}

/// A gang on its way: what its members were given so far.
#[derive(Clone, Debug)]
struct Gang {
    job: JobId,
    members: Vec<TaskId>,
    placed: Vec<Placement>,
}

/// One episode: a workload on a topology under rules.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(crate) workload: Arc<Workload>,
    pub(crate) shapes: Arc<IdVec<ShapeId, TaskShape>>,
    pub(crate) rules: Rules,
    pub(crate) cluster: Cluster,
    pub(crate) pending: Pending,
    scheduled: EventQueue<Scheduled>,
    next_job: usize,
    outbox: VecDeque<EventKind>,
    open: Option<Request>,
    gang: Option<Gang>,
    /// Something changed since *which next?* was last answered with `Defer` or `DeferUntil`.
    is_news: bool,
    /// When to ask *which next?* though nothing changed; `SimTime::MAX` for never.
    wake_up: SimTime,
    /// What is known of tasks that were evicted and go on where they were, or did not always run at full speed.
    lives: BTreeMap<TaskId, Life>,
    /// When it is asked what to change.
    agenda: Agenda,
    /// The kind of behaviour of each job; nothing where all are of one, or nothing depends on it.
    behaviour_kinds: IdVec<JobId, u8>,
    /// How far migrations have come that go through stages.
    transfers: Transfers,
}

impl Engine {
    /// An episode at its beginning.
    pub fn new(topology: Arc<Topology>, workload: Arc<Workload>, rules: Rules) -> Self {
        let shapes = workload.shapes_in(&topology);
        let mut engine = Self {
            pending: Pending::new(shapes.len()),
            cluster: Cluster::new(topology, workload.task_count()),
            shapes: Arc::new(shapes),
            workload,
            rules,
            scheduled: EventQueue::new(),
            next_job: 0,
            outbox: VecDeque::new(),
            open: None,
            gang: None,
            is_news: false,
            wake_up: SimTime::MAX,
            lives: BTreeMap::new(),
            agenda: Agenda::NEVER,
            behaviour_kinds: IdVec::new(),
            transfers: Transfers::default(),
        };
        engine.draw_behaviours();
        engine.cluster.split_by(rules.numa_split);
        if let Facility::Electrical(_) = rules.facility {
            engine.cluster.meter(rules.facility, Arc::default());
        }
        engine.begin_agenda();
        engine
    }

    /// The same episode in these surroundings. They change what is metered and what policies see, and nothing that happens.
    ///
    /// # Panics
    /// When the episode has begun.
    #[must_use]
    pub fn with_surroundings(mut self, surroundings: Arc<Surroundings>) -> Self {
        self.cluster.meter(self.rules.facility, surroundings);
        self
    }

    /// The world as it is now.
    pub fn view(&self) -> ClusterView<'_> {
        ClusterView::new(self)
    }

    /// Goes on until something happened, a question is open, or the episode has ended.
    pub fn step(&mut self) -> Step {
        loop {
            if let Some(kind) = self.outbox.pop_front() {
                return Step::Happened(Event { time: self.cluster.now(), kind });
            }
            if let Some(request) = self.open {
                return Step::Decide(request);
            }
            let next = self.next_time();
            if self.must_ask(next) {
                self.open = Some(Request::Order);
                continue;
            }
            if let Some(cause) = self.must_rebalance(next) {
                self.open = Some(Request::Rebalance { cause });
                continue;
            }
            // A wake-up comes after everything else of its instant, the end of a period behind it.
            let wakes = self.wake_up < next.unwrap_or(SimTime::MAX);
            let next = if wakes { Some(self.wake_up) } else { next };
            let period = self.next_period();
            if period < next.unwrap_or(SimTime::MAX)
                && self.rules.horizon.is_none_or(|horizon| period <= horizon)
            {
                self.pass_period(period);
                continue;
            }
            match next.filter(|&next| self.rules.horizon.is_none_or(|horizon| next <= horizon)) {
                Some(next) if wakes => self.wake(next),
                Some(next) => self.advance(next),
                None => {
                    let end = self.rules.horizon.unwrap_or_default();
                    self.cluster.advance(end.max(self.cluster.now()));
                    return Step::Ended;
                }
            }
        }
    }

    /// Applies an answer to the open question.
    ///
    /// # Errors
    /// When the answer is infeasible; nothing has changed then.
    pub fn apply(&mut self, request: Request, decision: Decision) -> Result<(), Infeasible> {
        if self.open != Some(request) || !self.outbox.is_empty() {
            return Err(Infeasible::NotAsked);
        }
        match (request, decision) {
            (Request::Order, Decision::Select(task)) => self.select(task),
            (Request::Order, Decision::Defer) => {
                self.ask_again(SimTime::MAX);
                Ok(())
            }
            (Request::Order, Decision::DeferUntil(time)) => {
                let now = self.cluster.now();
                if time <= now {
                    return Err(Infeasible::NotInFuture { time, now });
                }
                self.ask_again(time);
                Ok(())
            }
            (Request::Place { task }, Decision::Place(placement)) => self.place(task, placement),
            (Request::Place { task }, Decision::Defer) => {
                self.defer(task);
                Ok(())
            }
            (Request::Place { task }, Decision::Reject) => {
                self.abandon_gang();
                self.reject(task, Cause::Policy);
                Ok(())
            }
            (Request::Place { .. }, Decision::Evict { victim }) => self.evict(victim),
            (Request::Rebalance { .. }, decision) => self.change(decision),
            _ => Err(Infeasible::WrongAnswer),
        }
    }

    pub(crate) fn submitted_tasks(&self) -> usize {
        match self.next_job {
            0 => 0,
            next => {
                self.workload.job_tasks(JobId::from_index(next - 1)).last().map_or(0, |task| task.index() + 1)
            }
        }
    }

    // Time.

    fn arrival_class(&self) -> Class {
        match self.rules.event_order {
            EventOrder::ReleasesFirst => 3,
            EventOrder::ArrivalsFirst => 0,
        }
    }

    fn next_arrival(&self) -> Option<SimTime> {
        (self.next_job < self.workload.job_count())
            .then(|| self.workload.job_submit(JobId::from_index(self.next_job)))
    }

    fn next_time(&self) -> Option<SimTime> {
        let scheduled = self.scheduled.peek().map(|(time, _)| time);
        match (self.next_arrival(), scheduled) {
            (Some(arrival), Some(scheduled)) => Some(arrival.min(scheduled)),
            (arrival, scheduled) => arrival.or(scheduled),
        }
    }

    fn must_ask(&self, next: Option<SimTime>) -> bool {
        let instant_is_over = || next.is_none_or(|next| next > self.cluster.now());
        self.is_news
            && self.pending.is_worth_asking()
            && (self.rules.decide_after == DecideAfter::EachEvent || instant_is_over())
    }

    /// Nobody is next: *which next?* is asked again when something changes, and at this time.
    fn ask_again(&mut self, time: SimTime) {
        self.is_news = false;
        self.wake_up = time;
        self.open = None;
    }

    /// The time has come to ask again, unless nobody is left whom it could help.
    fn wake(&mut self, now: SimTime) {
        self.wake_up = SimTime::MAX;
        if self.pending.is_worth_asking() {
            self.cluster.advance(now);
            self.is_news = true;
        }
    }

    /// Lets the next event take effect.
    fn advance(&mut self, next: SimTime) {
        let arrives = self.next_arrival() == Some(next)
            && self.scheduled.peek().is_none_or(|earliest| (next, self.arrival_class()) < earliest);
        if arrives {
            let job = JobId::from_index(self.next_job);
            self.next_job += 1;
            self.cluster.advance(next);
            self.note_life();
            self.arrive(job);
            return;
        }
        let Scheduled { subject, attempt, what } = self.pop_scheduled();
        if what == What::EndPhase {
            self.agenda.own -= 1;
            self.cluster.advance(next);
            self.end_phase(HostId(subject));
            return;
        }
        let task = TaskId(subject);
        self.agenda.own -= usize::from(what == What::Arrive);
        let record = &self.cluster.tasks[task];
        let is_due = match what {
            What::Finish => record.status == Status::Running && self.is_finish(task, next),
            What::ChangeUse => record.status == Status::Running,
            What::LosePatience => record.status == Status::Waiting,
            What::Arrive => {
                self.cluster.move_of(task).is_some_and(|one| one.serial == attempt && one.ends == next)
            }
            What::EndPhase => unreachable!("hosts were dealt with above"),
        };
        // What is dropped does not even let time pass: the episode would end later than what last happened in it.
        if (record.attempt != attempt && what != What::Arrive) || !is_due {
            return;
        }
        self.cluster.advance(next);
        if what != What::Arrive {
            self.note_life();
        }
        match what {
            What::Finish => self.finish(task),
            What::ChangeUse => self.change_use(task),
            What::LosePatience => self.reject(task, Cause::Patience),
            What::Arrive | What::EndPhase => self.end_stage(task),
        }
    }

    /// Takes the next scheduled event. What is known of the tasks of events that follow soon is read along, all
    /// of them at once and to no end but this: it is near when their turn comes, where each alone would have to
    /// be waited for.
    fn pop_scheduled(&mut self) -> Scheduled {
        let Self { scheduled, cluster, workload, .. } = self;
        let mut read = 0;
        let next = scheduled.pop_announcing(|soon| {
            if soon.what != What::EndPhase {
                let task = TaskId(soon.subject);
                read ^= cluster.touch(task) ^ workload.shape(task).0;
            }
        });
        std::hint::black_box(read);
        next.expect("the next event is scheduled").1
    }

    fn schedule(&mut self, after: SimDuration, task: TaskId, what: What) {
        let attempt = self.cluster.tasks[task].attempt;
        let time = self.cluster.now() + after;
        self.scheduled.push(time, what.class(), Scheduled { subject: task.0, attempt, what });
    }

    fn schedule_arrival(&mut self, after: SimDuration, task: TaskId, serial: u16) {
        self.agenda.own += 1;
        let what = What::Arrive;
        let time = self.cluster.now() + after;
        self.scheduled.push(time, what.class(), Scheduled { subject: task.0, attempt: serial, what });
    }

    fn schedule_host(&mut self, after: SimDuration, host: HostId) {
        let what = What::EndPhase;
        let time = self.cluster.now() + after;
        self.scheduled.push(time, what.class(), Scheduled { subject: host.0, attempt: 0, what });
    }

    // What happens to tasks.

    fn arrive(&mut self, job: JobId) {
        for task in self.workload.job_tasks(job) {
            self.outbox.push_back(EventKind::TaskSubmitted { task });
            self.wait(task);
        }
        if self.workload.is_gang(job) {
            let first = self.workload.job_tasks(job).next().expect("a job has tasks");
            self.pending.join_gang(first);
        }
        self.is_news = true;
    }

    /// A task joins the queue; its gang, if it has one, is entered by the caller.
    fn wait(&mut self, task: TaskId) {
        self.cluster.enqueue(task);
        if let Some(patience) = self.workload.patience(task) {
            self.schedule(patience, task, What::LosePatience);
        }
        if !self.workload.is_gang(self.workload.job(task)) {
            self.pending.join(task, self.workload.shape(task));
        }
    }

    fn finish(&mut self, task: TaskId) {
        let host = self.stop(task);
        self.forget_life(task);
        self.cluster.tasks[task].status = Status::Finished;
        self.outbox.push_back(EventKind::TaskFinished { task, host });
    }

    /// Takes a running task from its host and looks who can use the room.
    fn stop(&mut self, task: TaskId) -> HostId {
        if self.cluster.move_of(task).is_some() {
            self.cancel_move(task, Outcome::GivenUp);
        }
        let (shape, usage) = (self.held(task), self.current_use(task));
        let before = self.cluster.cpu_use(self.cluster.placement(task).host);
        let host = self.cluster.stop(task, &shape, usage);
        self.cluster.forget_size(task);
        self.set_pace_of_neighbours(host);
        self.watch_load(host, before);
        self.pending.on_release(host, &self.cluster, &self.shapes);
        self.is_news = true;
        host
    }

    /// What a task uses of what it was given.
    pub(crate) fn current_use(&self, task: TaskId) -> Use {
        let mut wanted = self.wanted_use(task);
        if wanted.device_memory_mib_each > 0 {
            wanted.device_memory_mib_each = self.touched_mib(task, wanted.device_memory_mib_each);
        }
        let Some(quota) = self.rules.cpu_quota else { return wanted };
        let request = self.shapes[self.workload.shape(task)].resources.cpu_milli;
        Use { cpu_milli: wanted.cpu_milli.min((quota * f64::from(request)).round() as u64), ..wanted }
    }

    /// What a task would use if nothing limited it.
    pub(crate) fn wanted_use(&self, task: TaskId) -> Use {
        let shape = &self.shapes[self.workload.shape(task)];
        if !self.workload.has_usage() {
            return used(shape, None);
        }
        used(shape, self.workload.usage(task).get(self.cluster.tasks[task].use_index as usize))
    }

    fn change_use(&mut self, task: TaskId) {
        let before = self.current_use(task);
        self.cluster.tasks[task].use_index += 1;
        let used = self.cluster.cpu_use(self.cluster.placement(task).host);
        let host = self.cluster.change_use(task, before, self.current_use(task));
        self.set_pace_of_neighbours(host);
        self.watch_load(host, used);
        self.schedule_change_of_use(task);
        self.outbox.push_back(EventKind::UseChanged { task, host });
    }

    fn schedule_change_of_use(&mut self, task: TaskId) {
        let TaskRecord { use_index, since, .. } = self.cluster.tasks[task];
        if let Some(next) = self.workload.usage(task).get(use_index as usize + 1) {
            let age = self.age_at_start(task) + self.cluster.now().since(since);
            self.schedule(next.start - age, task, What::ChangeUse);
        }
    }

    /// A task leaves; with it, if it is in a gang, everyone in the gang who waits.
    fn reject(&mut self, task: TaskId, cause: Cause) {
        let job = self.workload.job(task);
        if self.workload.is_gang(job) {
            self.pending.leave_gang(job);
            let waiting: Vec<TaskId> = self.view().gang(task).collect();
            waiting.into_iter().for_each(|member| self.reject_one(member, cause));
        } else {
            self.pending.leave(self.workload.shape(task));
            self.reject_one(task, cause);
        }
        self.open = None;
        self.is_news = true;
    }

    fn reject_one(&mut self, task: TaskId, cause: Cause) {
        self.cluster.dequeue(task);
        self.cluster.tasks[task].status = Status::Rejected;
        self.count_asked(task);
        self.outbox.push_back(EventKind::TaskRejected { task, cause });
    }

    // Answers.

    fn select(&mut self, task: TaskId) -> Result<(), Infeasible> {
        if task.index() >= self.workload.task_count() || self.cluster.tasks[task].status != Status::Waiting {
            return Err(Infeasible::NotWaiting(task));
        }
        let job = self.workload.job(task);
        let mut first = task;
        if self.workload.is_gang(job) {
            let members: Vec<TaskId> = self.view().gang(task).collect();
            first = members[0];
            self.gang = Some(Gang { job, members, placed: Vec::new() });
        }
        self.wake_up = SimTime::MAX;
        self.open = Some(Request::Place { task: first });
        Ok(())
    }

    fn place(&mut self, task: TaskId, placement: Placement) -> Result<(), Infeasible> {
        if placement.task != task {
            return Err(Infeasible::OtherTask(placement.task));
        }
        let shape = &self.shapes[self.workload.shape(task)];
        self.cluster.check(shape, placement)?;
        let placement = match self.rules.topology_manager {
            None => placement,
            Some(manager) => match self.cluster.admit(manager, shape, placement) {
                Some(given) => given,
                None => {
                    self.outbox.push_back(EventKind::TurnedAway { task, host: placement.host });
                    self.turn_away(task);
                    return Ok(());
                }
            },
        };
        if self.overflows(placement) {
            self.outbox.push_back(EventKind::OutOfMemory { task, host: placement.host });
            self.turn_away(task);
            return Ok(());
        }
        let shape = &self.shapes[self.workload.shape(task)];
        self.cluster.take(shape, placement);
        let Some(gang) = &mut self.gang else {
            self.pending.leave(self.workload.shape(task));
            self.start(placement);
            self.open = None;
            return Ok(());
        };
        gang.placed.push(placement);
        if let Some(&next) = gang.members.get(gang.placed.len()) {
            self.open = Some(Request::Place { task: next });
            return Ok(());
        }
        let Gang { job, placed, .. } = self.gang.take().expect("it was there a moment ago");
        self.pending.leave_gang(job);
        placed.into_iter().for_each(|placement| self.start(placement));
        self.open = None;
        Ok(())
    }

    /// True when a task would touch more memory of a device than the device has, beside those who run there and members of
    /// its gang that have a place there.
    fn overflows(&self, placement: Placement) -> bool {
        if self.shapes[self.workload.shape(placement.task)].devices.memory_mib_each == 0 {
            return false;
        }
        let shares =
            |other: &&Placement| other.host == placement.host && other.devices.0 & placement.devices.0 != 0;
        let placed = self.gang.iter().flat_map(|gang| &gang.placed).filter(shares);
        let beside: u32 = placed.map(|other| self.current_use(other.task).device_memory_mib_each).sum();
        let own = self.current_use(placement.task).device_memory_mib_each;
        self.cluster.overflows(placement, own.saturating_add(beside))
    }

    /// A host has not taken a task that was placed there; a gang is not taken whole.
    fn turn_away(&mut self, task: TaskId) {
        match self.rules.turned_away {
            TurnedAway::Waits => self.defer(task),
            TurnedAway::Leaves => {
                self.abandon_gang();
                self.reject(task, Cause::Admission);
            }
        }
    }

    /// A task whose room was taken leaves the queue and runs.
    fn start(&mut self, placement: Placement) {
        let task = placement.task;
        if self.workload.has_usage() {
            let age = self.age_at_start(task);
            let past = self.workload.usage(task).partition_point(|point| point.start <= age);
            self.cluster.tasks[task].use_index = past.saturating_sub(1) as u32;
        }
        let usage = self.current_use(task);
        self.count_asked(task);
        self.cluster.dequeue(task);
        let before = self.cluster.cpu_use(placement.host);
        self.cluster.start(usage, placement);
        self.watch_load(placement.host, before);
        self.set_out(task, placement.host);
        if self.workload.has_usage() {
            self.schedule_change_of_use(task);
        }
        self.outbox.push_back(EventKind::TaskStarted { placement });
        self.is_news = true;
    }

    fn count_asked(&mut self, task: TaskId) {
        if self.cluster.tasks[task].attempt == 0 {
            self.cluster.count_asked(&self.shapes[self.workload.shape(task)]);
        }
    }

    fn defer(&mut self, task: TaskId) {
        self.is_news = true;
        if self.rules.rebalancing.is_some_and(|rebalancing| rebalancing.no_place) {
            self.note(Occasion::NoPlace);
        }
        let gang = self.gang.as_ref().map(|gang| gang.job);
        self.abandon_gang();
        self.open = None;
        match (self.rules.when_no_place, gang) {
            (WhenNoPlace::Reject, _) => self.reject(task, Cause::NoPlace),
            (WhenNoPlace::Wait, Some(job)) => self.pending.fail_gang(job),
            (WhenNoPlace::Wait, None) => self.pending.fail(self.workload.shape(task)),
        }
    }

    /// Gives back what members of a gang were given, if one is on its way.
    fn abandon_gang(&mut self) {
        if let Some(gang) = self.gang.take() {
            for placement in gang.placed.into_iter().rev() {
                self.cluster.give(&self.shapes[self.workload.shape(placement.task)], placement);
            }
        }
    }

    /// Throws out a running task, and with it everyone of its gang who runs.
    fn evict(&mut self, victim: TaskId) -> Result<(), Infeasible> {
        if victim.index() >= self.workload.task_count()
            || self.cluster.tasks[victim].status != Status::Running
        {
            return Err(Infeasible::NotRunning(victim));
        }
        if self.gang.as_ref().is_some_and(|gang| !gang.placed.is_empty()) {
            return Err(Infeasible::EvictionInGang);
        }
        let job = self.workload.job(victim);
        if !self.workload.is_gang(job) {
            self.evict_one(victim);
            return Ok(());
        }
        let runs = |&task: &TaskId| self.cluster.tasks[task].status == Status::Running;
        let running: Vec<TaskId> = self.workload.job_tasks(job).filter(runs).collect();
        running.iter().for_each(|&task| self.evict_one(task));
        self.pending.join_gang(running[0]);
        Ok(())
    }

    fn evict_one(&mut self, task: TaskId) {
        let resumes = self.rules.after_eviction == AfterEviction::Resume;
        if resumes {
            self.keep_life(task);
        }
        let host = self.stop(task);
        // While it was being stopped its neighbours were looked at, and it with them.
        if !resumes {
            self.forget_life(task);
        }
        let record = &mut self.cluster.tasks[task];
        record.attempt = record.attempt.checked_add(1).expect("a task is evicted fewer than 65,536 times");
        self.outbox.push_back(EventKind::TaskEvicted { task, host, cause: Cause::Policy });
        self.wait(task);
    }

    /// Recounts everything that is kept as a running sum; for tests.
    ///
    /// # Panics
    /// When a sum differs from what it sums.
    pub fn assert_consistent(&self) {
        self.cluster.assert_consistent(|task| self.held(task));
        self.assert_pace();
        self.pending.assert_consistent();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::NumaShare;
    use crate::observe::{EventDigest, Observer};
    use crate::resources::DeviceSet;
    use crate::testing::{self, Story};

    const SECOND: u64 = 1_000_000;

    /// What happens until the next question, and that question; `None` at the end of the episode.
    fn until_question(engine: &mut Engine) -> (Vec<String>, Option<Request>) {
        let mut story = Story::default();
        loop {
            match engine.step() {
                Step::Happened(event) => story.on_event(&event, engine.view()),
                Step::Decide(request) => return (story.0, Some(request)),
                Step::Ended => return (story.0, None),
            }
        }
    }

    /// Answers the question that must be open.
    fn answer(engine: &mut Engine, request: Request, decision: Decision) {
        let (story, open) = until_question(engine);
        assert_eq!(open, Some(request), "after {story:?}");
        engine.apply(request, decision).expect("the test gives feasible answers");
    }

    /// Selects a waiting task and places it on a host.
    fn run(engine: &mut Engine, task: u32, host: u32) {
        answer(engine, Request::Order, Decision::Select(TaskId(task)));
        let placement = testing::placement_on(engine.view(), TaskId(task), HostId(host));
        answer(engine, Request::Place { task: TaskId(task) }, Decision::Place(placement));
    }

    fn evict(victim: u32) -> Decision {
        Decision::Evict { victim: TaskId(victim) }
    }

    fn where_to(task: u32) -> Request {
        Request::Place { task: TaskId(task) }
    }

    /// The whole story under first fit.
    fn story(cluster: &str, work: &str, rules: Rules) -> Vec<String> {
        let mut story = Story::default();
        testing::run_first_fit(&mut testing::engine_with(cluster, work, rules), &mut story);
        story.0
    }

    /// Plays to the end under first fit, and says when and about which task *where?* was asked.
    fn questions(engine: &mut Engine) -> Vec<(u64, TaskId)> {
        let mut asked = Vec::new();
        let decide = |view: ClusterView<'_>, request| {
            if let Request::Place { task } = request {
                asked.push((view.now().0 / SECOND, task));
            }
            testing::first_fit(view, request)
        };
        testing::play(engine, decide, &mut ());
        asked
    }

    fn digest(mut engine: Engine) -> String {
        let mut digest = EventDigest::new();
        testing::run_first_fit(&mut engine, &mut digest);
        digest.hex()
    }

    // 1. One thing per step.

    #[test]
    fn effects_come_out_one_by_one_before_time_moves() {
        let mut engine = testing::engine("cpu 2 | cpu 2", "at 0 cpu 1 work 9 gang 2 | at 4 cpu 1 work 9");
        for task in [0, 1] {
            assert!(
                matches!(engine.step(), Step::Happened(Event { time: SimTime(0), kind: EventKind::TaskSubmitted { task: t } }) if t == TaskId(task))
            );
        }
        answer(&mut engine, Request::Order, Decision::Select(TaskId(0)));
        for member in [0, 1] {
            let placement = testing::placement_on(engine.view(), TaskId(member), HostId(member));
            answer(&mut engine, where_to(member), Decision::Place(placement));
        }
        answer(&mut engine, Request::Order, Decision::Select(TaskId(2)));
        answer(&mut engine, where_to(2), evict(1));
        let evicted = |task| {
            Step::Happened(Event {
                time: SimTime(4 * SECOND),
                kind: EventKind::TaskEvicted { task: TaskId(task), host: HostId(task), cause: Cause::Policy },
            })
        };
        assert_eq!([engine.step(), engine.step()], [evicted(0), evicted(1)]);
        assert_eq!(engine.step(), Step::Decide(where_to(2)));
        assert_eq!(engine.view().now(), SimTime(4 * SECOND));
    }

    // 2. The order of events, and when questions are asked.

    #[test]
    fn releases_come_before_arrivals_unless_the_rules_say_otherwise() {
        let work = "at 0 cpu 1 work 5 | at 5 cpu 1 work 1";
        let first_at_five = |event_order| {
            let rules = Rules { event_order, ..Rules::default() };
            story("cpu 1", work, rules).into_iter().find(|line| line.starts_with("5:"))
        };
        assert_eq!(first_at_five(EventOrder::ReleasesFirst).as_deref(), Some("5: task 0 finished on host 0"));
        assert_eq!(first_at_five(EventOrder::ArrivalsFirst).as_deref(), Some("5: task 1 came"));
    }

    #[test]
    fn equal_times_and_classes_keep_the_order_in_which_they_were_scheduled() {
        let mut engine =
            testing::engine("cpu 3", "at 0 cpu 1 work 5 | at 0 cpu 1 work 5 | at 0 cpu 1 work 5");
        for task in [1, 2, 0] {
            run(&mut engine, task, 0);
        }
        let mut rest = Story::default();
        testing::run_first_fit(&mut engine, &mut rest);
        let finished =
            ["5: task 1 finished on host 0", "5: task 2 finished on host 0", "5: task 0 finished on host 0"];
        assert_eq!(rest.0[1..], finished);
    }

    #[test]
    fn an_instant_is_over_before_a_question_is_asked_unless_the_rules_say_otherwise() {
        let work = "at 0 cpu 1 work 5 | at 0 cpu 1 work 5";
        let rules = |decide_after| Rules { decide_after, ..Rules::default() };
        assert_eq!(
            story("cpu 2", work, rules(DecideAfter::EachInstant))[..3],
            ["0: task 0 came", "0: task 1 came", "0: task 0 started on host 0"]
        );
        assert_eq!(
            story("cpu 2", work, rules(DecideAfter::EachEvent))[..3],
            ["0: task 0 came", "0: task 0 started on host 0", "0: task 1 came"]
        );
    }

    /// As programs do that read arrivals first and turn away at once: the room that is about to come is not seen.
    #[test]
    fn arrivals_first_after_each_event_does_not_see_the_room_of_the_same_instant() {
        let work = "at 0 cpu 1 work 5 | at 5 cpu 1 work 1";
        let rules = Rules {
            event_order: EventOrder::ArrivalsFirst,
            decide_after: DecideAfter::EachEvent,
            when_no_place: WhenNoPlace::Reject,
            ..Rules::default()
        };
        let expected = ["5: task 1 came", "5: task 1 left (NoPlace)", "5: task 0 finished on host 0"];
        assert_eq!(story("cpu 1", work, rules)[2..], expected);
    }

    // 3. Which questions are asked.

    #[test]
    fn a_question_stays_open_until_it_is_answered() {
        let mut engine = testing::engine("cpu 1", "at 0 cpu 1 work 5");
        assert_eq!(until_question(&mut engine).1, Some(Request::Order));
        assert_eq!([engine.step(), engine.step()], [Step::Decide(Request::Order); 2]);
        answer(&mut engine, Request::Order, Decision::Select(TaskId(0)));
        assert_eq!([engine.step(), engine.step()], [Step::Decide(where_to(0)); 2]);
    }

    #[test]
    fn after_deferring_where_the_next_waiting_task_is_asked_about() {
        let mut engine =
            testing::engine("cpu 2", "at 0 cpu 3 work 5 | at 0 cpu 2 work 5 | at 0 cpu 1 work 5");
        let asked = questions(&mut engine);
        assert_eq!(asked[..3], [(0, TaskId(0)), (0, TaskId(1)), (0, TaskId(2))]);
    }

    #[test]
    fn after_deferring_which_next_time_moves_and_news_ask_again() {
        let mut engine = testing::engine("cpu 2", "at 0 cpu 1 work 5 | at 3 cpu 1 work 5");
        answer(&mut engine, Request::Order, Decision::Defer);
        let (story, request) = until_question(&mut engine);
        assert_eq!((story, request), (vec!["3: task 1 came".to_owned()], Some(Request::Order)));
        engine.apply(Request::Order, Decision::Defer).expect("nobody need be next");
        assert_eq!(until_question(&mut engine), (Vec::new(), None), "no news, no question");
        assert_eq!(engine.view().waiting().count(), 2);
    }

    #[test]
    fn a_shape_that_failed_is_not_asked_about_again_until_a_release_that_helps() {
        // Three equal tasks wait behind one of 10 s; a fourth comes meanwhile. The small host's release at 4 s
        // helps nobody, the release at 10 s helps all four, and each start makes the shape fail again.
        let mut engine = testing::engine(
            "cpu 4 | cpu 1",
            "at 0 cpu 4 work 10 | at 0 cpu 1 work 4 | at 0 cpu 4 work 2 | at 0 cpu 4 work 2 | at 0 cpu 4 work 2 | at 1 cpu 4 work 2",
        );
        let asked = questions(&mut engine);
        let expected =
            [(0, 0), (0, 1), (0, 2), (10, 2), (10, 3), (12, 3), (12, 4), (14, 4), (14, 5), (16, 5)];
        assert_eq!(asked, expected.map(|(time, task)| (time, TaskId(task))));
    }

    // 4. Gangs.

    #[test]
    fn a_gang_starts_together() {
        let lines = story("cpu 2 | cpu 1", "at 0 cpu 1 work 4 | at 1 cpu 1 work 5 gang 3", Rules::default());
        assert_eq!(lines[2..5], ["1: task 1 came", "1: task 2 came", "1: task 3 came"]);
        let started =
            ["4: task 1 started on host 0", "4: task 2 started on host 0", "4: task 3 started on host 1"];
        assert_eq!(lines[6..9], started);
    }

    #[test]
    fn a_gang_without_room_for_its_last_member_leaves_no_trace() {
        let cluster = "cpu 4 numa 2 gpus 2 | cpu 1 gpus 1";
        let mut engine =
            testing::engine(cluster, "at 0 cpu 1 gpus 1 work 50 | at 0 cpu 3 share 600 work 5 gang 2");
        run(&mut engine, 0, 1);
        answer(&mut engine, Request::Order, Decision::Select(TaskId(2)));
        let before = [format!("{:?}", engine.cluster.free), format!("{:?}", engine.cluster.totals())];
        let nodes = engine.cluster.numa_free(HostId(0)).to_vec();
        let placement = testing::placement_on(engine.view(), TaskId(1), HostId(0));
        answer(&mut engine, where_to(1), Decision::Place(placement));
        assert_eq!(engine.cluster.devices_free(HostId(0)), [400, 1000]);
        answer(&mut engine, where_to(2), Decision::Defer);
        assert_eq!([format!("{:?}", engine.cluster.free), format!("{:?}", engine.cluster.totals())], before);
        assert_eq!(engine.cluster.numa_free(HostId(0)), nodes);
        assert_eq!(engine.cluster.devices_free(HostId(0)), [1000, 1000]);
        engine.assert_consistent();
        // Not asked about again while nothing is released; then its first member comes first again.
        assert_eq!(
            until_question(&mut engine),
            (vec!["50: task 0 finished on host 1".into()], Some(Request::Order))
        );
        assert!(!engine.view().has_failed(TaskId(1)));
    }

    #[test]
    fn rejecting_a_member_rejects_the_gang_and_gives_back_what_it_was_given() {
        let mut engine = testing::engine("cpu 4", "at 0 cpu 1 work 5 gang 3");
        answer(&mut engine, Request::Order, Decision::Select(TaskId(0)));
        let placement = testing::placement_on(engine.view(), TaskId(0), HostId(0));
        answer(&mut engine, where_to(0), Decision::Place(placement));
        answer(&mut engine, where_to(1), Decision::Reject);
        let left = [0, 1, 2].map(|task| format!("0: task {task} left (Policy)"));
        assert_eq!(until_question(&mut engine), (left.to_vec(), None));
        engine.assert_consistent();
    }

    #[test]
    fn evicting_a_member_evicts_the_gang_and_it_starts_together_again() {
        let work = "at 0 cpu 1 work 3 gang 2 | at 1 cpu 2 work 4";
        let mut engine = testing::engine("cpu 1 | cpu 2", work);
        answer(&mut engine, Request::Order, Decision::Select(TaskId(0)));
        for member in [0, 1] {
            let placement = testing::placement_on(engine.view(), TaskId(member), HostId(member));
            answer(&mut engine, where_to(member), Decision::Place(placement));
        }
        answer(&mut engine, Request::Order, Decision::Select(TaskId(2)));
        answer(&mut engine, where_to(2), evict(1));
        let evicted = [0, 1].map(|task| format!("1: task {task} was evicted from host {task}"));
        assert_eq!(until_question(&mut engine), (evicted.to_vec(), Some(where_to(2))));
        engine.assert_consistent();
        let mut rest = Story::default();
        testing::run_first_fit(&mut engine, &mut rest);
        assert_eq!(
            rest.0,
            [
                "1: task 2 started on host 1",
                "5: task 2 finished on host 1",
                "5: task 0 started on host 0",
                "5: task 1 started on host 1",
                "8: task 0 finished on host 0",
                "8: task 1 finished on host 1",
            ]
        );
    }

    // 5. What was scheduled before an eviction.

    #[test]
    fn the_finish_of_an_earlier_start_is_dropped() {
        let mut engine = testing::engine("cpu 1 | cpu 1", "at 0 cpu 1 work 10 | at 4 cpu 1 work 1");
        run(&mut engine, 0, 0);
        answer(&mut engine, Request::Order, Decision::Select(TaskId(1)));
        answer(&mut engine, where_to(1), evict(0));
        let mut rest = Story::default();
        testing::run_first_fit(&mut engine, &mut rest);
        let finished: Vec<&String> = rest.0.iter().filter(|line| line.contains("task 0 finished")).collect();
        assert_eq!(finished, ["14: task 0 finished on host 1"]);
        assert_eq!(engine.view().attempt(TaskId(0)), 1);
    }

    /// Patience that was not needed, and points of use beyond the end of the work, are no events.
    #[test]
    fn what_is_dropped_moves_no_time() {
        let mut engine = testing::engine("cpu 1", "at 0 cpu 1 work 5 patience 100 use 0:100,200:50");
        testing::run_first_fit(&mut engine, &mut ());
        assert_eq!(engine.view().now(), SimTime(5 * SECOND));
        assert_eq!(engine.view().it_energy_joules(), 5.0 * 200.0);
    }

    // 6. Answers that cannot be, and eviction.

    /// Every refusal leaves the engine as it was, to the last bit of its state.
    #[track_caller]
    fn refused(engine: &mut Engine, request: Request, decision: Decision, why: Infeasible) {
        let before = format!("{engine:?}");
        assert_eq!(engine.apply(request, decision), Err(why));
        assert_eq!(format!("{engine:?}"), before, "a refused decision changes nothing");
    }

    #[test]
    fn what_is_infeasible_is_refused_and_changes_nothing() {
        let (order, defer) = (Request::Order, Decision::Defer);
        let mut engine = testing::engine(
            "cpu 4 numa 2 gpus 2 | cpu 4 gpus 2 kind whole shared no",
            "at 0 cpu 3 share 500 work 9 | at 0 cpu 3 share 600 work 9 | at 0 gpus 1 kind unknown work 1 | at 0 cpu 1 gpus 1 kind whole work 1",
        );
        refused(&mut engine, order, defer, Infeasible::NotAsked);
        assert_eq!(until_question(&mut engine).1, Some(order));
        refused(&mut engine, where_to(0), defer, Infeasible::NotAsked);
        refused(&mut engine, order, Decision::Reject, Infeasible::WrongAnswer);
        refused(&mut engine, order, Decision::Select(TaskId(9)), Infeasible::NotWaiting(TaskId(9)));
        run(&mut engine, 0, 0);
        refused(&mut engine, order, defer, Infeasible::NotAsked);
        assert_eq!(until_question(&mut engine).1, Some(order));
        refused(&mut engine, order, Decision::Select(TaskId(0)), Infeasible::NotWaiting(TaskId(0)));

        answer(&mut engine, order, Decision::Select(TaskId(1)));
        refused(&mut engine, order, defer, Infeasible::NotAsked);
        let asked = where_to(1);
        refused(&mut engine, asked, Decision::Select(TaskId(1)), Infeasible::WrongAnswer);
        refused(&mut engine, asked, evict(1), Infeasible::NotRunning(TaskId(1)));
        refused(&mut engine, asked, evict(9), Infeasible::NotRunning(TaskId(9)));
        let place = |task, host, numa, devices| {
            let (task, host, numa) = (TaskId(task), HostId(host), NumaShare(numa));
            Decision::Place(Placement { task, host, numa, devices: DeviceSet(devices) })
        };
        refused(&mut engine, asked, place(2, 1, 1, 1), Infeasible::OtherTask(TaskId(2)));
        refused(&mut engine, asked, place(1, 2, 1, 1), Infeasible::NoSuchHost(HostId(2)));
        for (host, numa) in [(0, 0b11), (1, 0), (1, 0b10), (1, 0b11)] {
            let (at, room) = (HostId(host), NumaShare(numa));
            refused(&mut engine, asked, place(1, host, numa, 1), Infeasible::Room { host: at, numa: room });
        }
        for devices in [0, 0b11, 0b100] {
            let (host, set) = (HostId(1), DeviceSet(devices));
            refused(&mut engine, asked, place(1, 1, 1, devices), Infeasible::Devices { host, devices: set });
        }
        // A device that serves one task is free no more, however little of it was asked for.
        answer(&mut engine, asked, place(1, 1, 1, 0b10));
        answer(&mut engine, order, Decision::Select(TaskId(3)));
        let taken = Infeasible::Devices { host: HostId(1), devices: DeviceSet(0b10) };
        refused(&mut engine, where_to(3), place(3, 1, 1, 0b10), taken);
        let wrong_kind = Infeasible::Devices { host: HostId(0), devices: DeviceSet(0b10) };
        refused(&mut engine, where_to(3), place(3, 0, 0b11, 0b10), wrong_kind);
        answer(&mut engine, where_to(3), place(3, 1, 1, 1));
        answer(&mut engine, order, Decision::Select(TaskId(2)));
        refused(&mut engine, where_to(2), place(2, 0, 1, 0b10), Infeasible::Feature(HostId(0)));
        engine.assert_consistent();
    }

    #[test]
    fn nobody_is_evicted_halfway_through_a_gang() {
        let mut engine = testing::engine("cpu 3", "at 0 cpu 1 work 9 | at 1 cpu 1 work 9 gang 2");
        run(&mut engine, 0, 0);
        answer(&mut engine, Request::Order, Decision::Select(TaskId(2)));
        let placement = testing::placement_on(engine.view(), TaskId(1), HostId(0));
        answer(&mut engine, where_to(1), Decision::Place(placement));
        refused(&mut engine, where_to(2), evict(0), Infeasible::EvictionInGang);
        refused(&mut engine, where_to(1), Decision::Place(placement), Infeasible::NotAsked);
        // From here the gang goes on as if nothing had been tried.
        let placement = testing::placement_on(engine.view(), TaskId(2), HostId(0));
        answer(&mut engine, where_to(2), Decision::Place(placement));
        assert_eq!(until_question(&mut engine).0.len(), 2 + 1 + 2, "two started, all three finish");
    }

    #[test]
    fn after_eviction_the_same_question_is_open_and_the_victim_waits_last() {
        let mut engine =
            testing::engine("cpu 1", "at 0 cpu 1 work 10 | at 4 cpu 1 work 1 | at 4 cpu 1 work 1");
        run(&mut engine, 0, 0);
        answer(&mut engine, Request::Order, Decision::Select(TaskId(1)));
        answer(&mut engine, where_to(1), evict(0));
        refused(&mut engine, where_to(1), Decision::Defer, Infeasible::NotAsked);
        let (story, open) = until_question(&mut engine);
        assert_eq!((story, open), (vec!["4: task 0 was evicted from host 0".to_owned()], Some(where_to(1))));
        assert_eq!(engine.view().waiting().collect::<Vec<_>>(), [TaskId(1), TaskId(2), TaskId(0)]);
        assert_eq!(engine.view().joined_since(0), (4, &[TaskId(0), TaskId(1), TaskId(2), TaskId(0)][..]));
    }

    #[test]
    fn an_evicted_task_starts_over_or_goes_on_as_the_rules_say() {
        let end_of = |after_eviction| {
            let rules = Rules { after_eviction, ..Rules::default() };
            let mut engine = testing::engine_with("cpu 1", "at 0 cpu 1 work 10 | at 4 cpu 1 work 1", rules);
            run(&mut engine, 0, 0);
            answer(&mut engine, Request::Order, Decision::Select(TaskId(1)));
            answer(&mut engine, where_to(1), evict(0));
            testing::run_first_fit(&mut engine, &mut ());
            engine.view().now().0 / SECOND
        };
        assert_eq!(end_of(AfterEviction::Restart), 4 + 1 + 10);
        assert_eq!(end_of(AfterEviction::Resume), 4 + 1 + 6);
    }

    /// Whenever the eviction comes, a life that goes on costs what it costs in one piece.
    #[test]
    fn a_resumed_task_goes_on_in_its_use_over_time_too() {
        let joules = |after_eviction, at| {
            let rules = Rules { after_eviction, ..Rules::default() };
            let work = format!("at 0 cpu 1 work 10 use 0:50,3:100,6:0 | at {at} cpu 1 work 1");
            let mut engine = testing::engine_with("cpu 1", &work, rules);
            run(&mut engine, 0, 0);
            answer(&mut engine, Request::Order, Decision::Select(TaskId(1)));
            answer(&mut engine, where_to(1), evict(0));
            testing::run_first_fit(&mut engine, &mut ());
            engine.view().it_energy_joules()
        };
        let whole_life = 3.0 * 150.0 + 3.0 * 200.0 + 4.0 * 100.0;
        for at in [1, 3, 4, 6, 8] {
            assert_eq!(joules(AfterEviction::Resume, at), whole_life + 200.0, "evicted at {at} s");
        }
        assert_eq!(joules(AfterEviction::Restart, 1), whole_life + 200.0 + 150.0);
    }

    // 7. Snapshots.

    #[test]
    fn a_clone_goes_on_like_the_original() {
        let mut engine = testing::engine(
            "cpu 4 numa 2 gpus 2 | cpu 2",
            "at 0 cpu 3 work 9 | at 0 cpu 1 share 300 work 3 gang 2 | at 2 cpu 2 work 4 patience 3 | at 5 cpu 2 work 2 use 0:10,1:90",
        );
        let beginning = digest(engine.clone());
        run(&mut engine, 0, 0);
        answer(&mut engine, Request::Order, Decision::Select(TaskId(1)));
        let snapshot = engine.clone();
        assert_eq!(digest(engine.clone()), digest(snapshot.clone()));
        // Going another way with the original leaves the snapshot alone.
        answer(&mut engine, where_to(1), Decision::Reject);
        assert_ne!(digest(engine), digest(snapshot));
        assert_eq!(beginning.len(), 32);
    }

    // 8. Wake-ups.

    fn defer_until(seconds: u64) -> Decision {
        Decision::DeferUntil(SimTime(seconds * SECOND))
    }

    /// Asks until nothing more happens, answering *which next?* in turn; says when it was asked.
    fn asked_at(engine: &mut Engine, answers: &[Decision]) -> Vec<u64> {
        let mut times = Vec::new();
        let mut answers = answers.iter();
        while let (_, Some(request)) = until_question(engine) {
            assert_eq!(request, Request::Order);
            times.push(engine.view().now().0 / SECOND);
            let answer = answers.next().copied().unwrap_or(Decision::Defer);
            engine.apply(request, answer).expect("the test gives feasible answers");
        }
        times
    }

    #[test]
    fn after_deferring_until_a_time_it_is_asked_again_then_though_nothing_changed() {
        let mut engine = testing::engine("cpu 1", "at 0 cpu 1 work 5");
        assert_eq!(asked_at(&mut engine, &[defer_until(3), defer_until(7)]), [0, 3, 7]);
        assert_eq!(engine.view().now(), SimTime(7 * SECOND), "time moves to what was asked");
        assert_eq!(engine.step(), Step::Ended);

        let mut engine = testing::engine("cpu 1", "at 0 cpu 1 work 5");
        answer(&mut engine, Request::Order, defer_until(3));
        run(&mut engine, 0, 0);
        assert_eq!(until_question(&mut engine).0[1..], ["8: task 0 finished on host 0"]);
        assert_eq!(
            engine.view().it_energy_joules(),
            3.0 * 100.0 + 5.0 * 200.0,
            "waiting costs what idling costs"
        );
    }

    #[test]
    fn a_wake_up_comes_when_its_instant_is_over_and_no_second_time_in_it() {
        let work = "at 0 cpu 1 work 4 | at 1 cpu 1 work 1 | at 4 cpu 1 work 1";
        let mut engine = testing::engine("cpu 1", work);
        run(&mut engine, 0, 0);
        answer(&mut engine, Request::Order, defer_until(4));
        let (story, open) = until_question(&mut engine);
        assert_eq!(story, ["4: task 0 finished on host 0", "4: task 2 came"]);
        assert_eq!(open, Some(Request::Order));
        engine.apply(Request::Order, Decision::Defer).expect("nobody need be next");
        assert_eq!(until_question(&mut engine), (Vec::new(), None));
    }

    #[test]
    fn the_last_answer_counts() {
        let work = "at 0 cpu 1 work 9 | at 2 cpu 1 work 9";
        let asked = |answers: &[Decision]| asked_at(&mut testing::engine("cpu 2", work), answers);
        assert_eq!(asked(&[defer_until(5)]), [0, 2], "the answer at 2 was never");
        assert_eq!(asked(&[defer_until(5), defer_until(8)]), [0, 2, 8]);
        assert_eq!(asked(&[defer_until(5), defer_until(3)]), [0, 2, 3]);
        // A selection is an answer too, and is followed by a question anyway.
        let mut engine = testing::engine("cpu 2", work);
        answer(&mut engine, Request::Order, defer_until(5));
        run(&mut engine, 1, 0);
        assert_eq!(asked_at(&mut engine, &[defer_until(6)]), [2, 6, 11]);
    }

    /// Nobody waits any more: the episode ends with what last happened.
    #[test]
    fn a_wake_up_that_helps_nobody_is_dropped_and_moves_no_time() {
        let mut engine = testing::engine("cpu 1", "at 0 cpu 1 work 5 patience 3 | at 9 cpu 1 work 5");
        answer(&mut engine, Request::Order, defer_until(8));
        let expected = ["3: task 0 left (Patience)", "9: task 1 came"].map(str::to_owned);
        assert_eq!(until_question(&mut engine), (expected.to_vec(), Some(Request::Order)));

        let mut engine = testing::engine("cpu 1", "at 0 cpu 1 work 5 patience 3");
        answer(&mut engine, Request::Order, defer_until(8));
        assert_eq!(until_question(&mut engine), (vec!["3: task 0 left (Patience)".to_owned()], None));
        assert_eq!(engine.view().now(), SimTime(3 * SECOND));
    }

    #[test]
    fn only_the_future_can_be_waited_for_and_the_horizon_ends_waiting() {
        let rules = Rules { horizon: Some(SimTime(6 * SECOND)), ..Rules::default() };
        let mut engine = testing::engine_with("cpu 1", "at 2 cpu 1 work 5", rules);
        assert_eq!(until_question(&mut engine).1, Some(Request::Order));
        let now = SimTime(2 * SECOND);
        for time in [SimTime::ZERO, now] {
            refused(
                &mut engine,
                Request::Order,
                Decision::DeferUntil(time),
                Infeasible::NotInFuture { time, now },
            );
        }
        assert_eq!(asked_at(&mut engine, &[defer_until(6), defer_until(7)]), [2, 6]);
        assert_eq!((engine.view().now(), engine.step()), (SimTime(6 * SECOND), Step::Ended));
        let mut engine = testing::engine("cpu 1", "at 2 cpu 1 work 5");
        answer(&mut engine, Request::Order, Decision::Select(TaskId(0)));
        refused(&mut engine, where_to(0), defer_until(9), Infeasible::WrongAnswer);
    }

    // What else the rules and the work can say.

    #[test]
    fn who_has_waited_long_enough_leaves() {
        let work = "at 0 cpu 1 work 10 | at 1 cpu 1 work 1 patience 3 | at 2 cpu 1 work 1 patience 9";
        let lines = story("cpu 1", work, Rules::default());
        assert_eq!(
            lines[4..],
            [
                "4: task 1 left (Patience)",
                "10: task 0 finished on host 0",
                "10: task 2 started on host 0",
                "11: task 2 finished on host 0"
            ]
        );
    }

    /// Patience comes last in its instant, but the instant is over before anybody is asked.
    #[test]
    fn room_in_the_instant_in_which_patience_ends_comes_too_late_unless_the_rules_ask_after_each_event() {
        let at_four = |decide_after| {
            let work = "at 0 cpu 1 work 4 | at 1 cpu 1 work 1 patience 3 | at 4 cpu 1 work 1 patience 1";
            let lines = story("cpu 1", work, Rules { decide_after, ..Rules::default() });
            lines[3..6].to_vec()
        };
        let finished = "4: task 0 finished on host 0";
        assert_eq!(
            at_four(DecideAfter::EachInstant),
            [finished, "4: task 2 came", "4: task 1 left (Patience)"]
        );
        assert_eq!(
            at_four(DecideAfter::EachEvent),
            [finished, "4: task 1 started on host 0", "4: task 2 came"]
        );
    }

    #[test]
    fn a_gang_leaves_whole_when_its_patience_ends() {
        let lines = story("cpu 1", "at 0 cpu 1 work 2 patience 3 gang 2", Rules::default());
        assert_eq!(lines[2..], ["3: task 0 left (Patience)", "3: task 1 left (Patience)"]);
    }

    #[test]
    fn where_nobody_may_wait_whoever_finds_no_place_leaves() {
        let rules = Rules { when_no_place: WhenNoPlace::Reject, ..Rules::default() };
        let work = "at 0 cpu 1 work 5 | at 1 cpu 1 work 5 | at 2 cpu 1 work 5 gang 2 | at 5 cpu 1 work 1";
        let lines = story("cpu 1", work, rules);
        let left: Vec<&String> = lines.iter().filter(|line| line.contains("left")).collect();
        assert_eq!(
            left,
            ["1: task 1 left (NoPlace)", "2: task 2 left (NoPlace)", "2: task 3 left (NoPlace)"]
        );
        assert_eq!(lines.last().map(String::as_str), Some("6: task 4 finished on host 0"));
    }

    #[test]
    fn a_life_that_outlasted_the_trace_outlasts_the_episode() {
        let mut engine = testing::engine("cpu 2", "at 0 cpu 1 work 5 censored yes | at 0 cpu 1 work 7");
        testing::run_first_fit(&mut engine, &mut ());
        assert_eq!(engine.view().now(), SimTime(7 * SECOND));
        assert_eq!(engine.view().status(TaskId(0)), Status::Running);
        assert_eq!(engine.view().integrals().cpu_milli, 2 * 7 * 1000 * u128::from(SECOND));
    }

    #[test]
    fn the_horizon_ends_the_episode_whatever_still_runs_waits_or_comes() {
        let rules = Rules { horizon: Some(SimTime(5 * SECOND)), ..Rules::default() };
        let work = "at 0 cpu 1 work 5 | at 0 cpu 1 work 9 | at 5 cpu 1 work 9 | at 6 cpu 1 work 1";
        let mut engine = testing::engine_with("cpu 1", work, rules);
        let mut story = Story::default();
        testing::run_first_fit(&mut engine, &mut story);
        let last = ["5: task 0 finished on host 0", "5: task 2 came", "5: task 1 started on host 0"];
        assert_eq!(story.0[3..], last, "what happens at the horizon still happens");
        let statuses = [1, 2, 3].map(|task| engine.view().status(TaskId(task)));
        assert_eq!(statuses, [Status::Running, Status::Waiting, Status::Coming]);
        assert_eq!((engine.view().submitted_count(), engine.view().now()), (3, SimTime(5 * SECOND)));
        assert_eq!(engine.step(), Step::Ended, "and it stays ended");
        // Nothing happens in the last four seconds, but they pass.
        let rules = Rules { horizon: Some(SimTime(9 * SECOND)), ..Rules::default() };
        let mut quiet = testing::engine_with("cpu 1", "at 0 cpu 1 work 5", rules);
        testing::run_first_fit(&mut quiet, &mut ());
        assert_eq!(quiet.view().it_energy_joules(), 5.0 * 200.0 + 4.0 * 100.0);
    }

    #[test]
    fn a_task_without_work_finishes_in_the_instant_in_which_it_starts() {
        let lines = story("cpu 1", "at 2 cpu 1 work 0 | at 2 cpu 1 work 0", Rules::default());
        assert_eq!(
            lines[2..],
            [
                "2: task 0 started on host 0",
                "2: task 0 finished on host 0",
                "2: task 1 started on host 0",
                "2: task 1 finished on host 0"
            ]
        );
    }

    /// A host of 100 W idle and 200 W busy, with four of four cores asked for.
    #[test]
    fn use_over_time_changes_power_and_takes_no_room() {
        let mut engine = testing::engine("cpu 4", "at 0 cpu 4 work 10 use 0:50,6:100");
        let mut watts = Vec::new();
        loop {
            match engine.step() {
                Step::Happened(event) => {
                    watts.push((event.time.0 / SECOND, engine.view().power_watts(HostId(0))))
                }
                Step::Decide(request) => {
                    engine.apply(request, testing::first_fit(engine.view(), request)).expect("feasible");
                }
                Step::Ended => break,
            }
            engine.assert_consistent();
        }
        assert_eq!(watts, [(0, 100.0), (0, 150.0), (6, 200.0), (10, 100.0)]);
        assert_eq!(engine.view().it_energy_joules(), 6.0 * 150.0 + 4.0 * 200.0);
        assert_eq!(engine.view().integrals().cpu_milli, 10 * 4000 * u128::from(SECOND), "given is not used");
    }

    #[test]
    fn a_shape_that_no_host_can_ever_hold_waits_for_ever_and_is_asked_about_once() {
        let work = "at 0 cpu 1 gpus 1 kind unknown work 1 | at 0 cpu 1 work 3 | at 1 cpu 1 work 3";
        let mut engine = testing::engine("cpu 1 gpus 1", work);
        let asked = questions(&mut engine);
        assert_eq!(asked.iter().filter(|(_, task)| *task == TaskId(0)).count(), 1);
        assert_eq!(engine.view().status(TaskId(0)), Status::Waiting);
        assert_eq!(engine.view().now(), SimTime(6 * SECOND));
    }
}
