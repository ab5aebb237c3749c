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

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::cluster::{Cluster, Status, Use, used};
use crate::decision::{Decision, Infeasible, Placement, Request};
use crate::event::{Cause, Event, EventKind};
use crate::kernel::ids::{HostId, Id, IdVec, JobId, ShapeId, TaskId};
use crate::kernel::queue::{Class, EventQueue};
use crate::kernel::time::{SimDuration, SimTime};
use crate::pending::Pending;
use crate::resources::TaskShape;
use crate::rules::{AfterEviction, DecideAfter, EventOrder, Rules, WhenNoPlace};
use crate::topology::Topology;
use crate::view::ClusterView;
use crate::workload::Workload;

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

/// What is scheduled to happen to a running or waiting task.
#[derive(Clone, Copy, Debug)]
struct Scheduled {
    task: TaskId,
    attempt: u16,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Finish,
    ChangeUse,
    LosePatience,
}

impl What {
    /// Lower classes of one instant take effect first; see [`Engine::arrival_class`].
    const fn class(self) -> Class {
        match self {
            Self::Finish => 1,
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
    /// Something changed since *which next?* was last answered with `Defer`.
    is_news: bool,
    /// What is left of the work of tasks that were evicted and will go on where they were.
    remaining: BTreeMap<TaskId, SimDuration>,
}

impl Engine {
    /// An episode at its beginning.
    pub fn new(topology: Arc<Topology>, workload: Arc<Workload>, rules: Rules) -> Self {
        let shapes = workload.shapes_in(&topology);
        Self {
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
            remaining: BTreeMap::new(),
        }
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
            match next.filter(|&next| self.rules.horizon.is_none_or(|horizon| next <= horizon)) {
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
                self.is_news = false;
                self.open = None;
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
            _ => Err(Infeasible::WrongAnswer),
        }
    }

    pub(crate) fn submitted_tasks(&self) -> usize {
        match self.next_job {
            0 => 0,
            next => self.workload.job_tasks(JobId::from_index(next - 1)).last().map_or(0, |task| task.index() + 1),
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
        (self.next_job < self.workload.job_count()).then(|| self.workload.job_submit(JobId::from_index(self.next_job)))
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

    /// Lets the next event take effect.
    fn advance(&mut self, next: SimTime) {
        self.cluster.advance(next);
        let arrives = self.next_arrival() == Some(next)
            && self.scheduled.peek().is_none_or(|earliest| (next, self.arrival_class()) < earliest);
        if arrives {
            let job = JobId::from_index(self.next_job);
            self.next_job += 1;
            self.arrive(job);
            return;
        }
        let (_, Scheduled { task, attempt, what }) = self.scheduled.pop().expect("the next event is scheduled");
        let record = &self.cluster.tasks[task];
        if record.attempt != attempt {
            return;
        }
        match (what, record.status) {
            (What::Finish, Status::Running) => self.finish(task),
            (What::ChangeUse, Status::Running) => self.change_use(task),
            (What::LosePatience, Status::Waiting) => self.reject(task, Cause::Patience),
            _ => {}
        }
    }

    fn schedule(&mut self, after: SimDuration, task: TaskId, what: What) {
        let attempt = self.cluster.tasks[task].attempt;
        let time = self.cluster.now() + after;
        self.scheduled.push(time, what.class(), Scheduled { task, attempt, what });
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
        self.cluster.tasks[task].status = Status::Finished;
        self.outbox.push_back(EventKind::TaskFinished { task, host });
    }

    /// Takes a running task from its host and looks who can use the room.
    fn stop(&mut self, task: TaskId) -> HostId {
        let shape = &self.shapes[self.workload.shape(task)];
        let host = self.cluster.stop(task, shape, self.current_use(task));
        self.pending.on_release(host, &self.cluster, &self.shapes);
        self.is_news = true;
        host
    }

    fn current_use(&self, task: TaskId) -> Use {
        let shape = &self.shapes[self.workload.shape(task)];
        if !self.workload.has_usage() {
            return used(shape, None);
        }
        used(shape, self.workload.usage(task).get(self.cluster.tasks[task].use_index as usize))
    }

    fn change_use(&mut self, task: TaskId) {
        let before = self.current_use(task);
        self.cluster.tasks[task].use_index += 1;
        let host = self.cluster.change_use(task, before, self.current_use(task));
        self.schedule_change_of_use(task);
        self.outbox.push_back(EventKind::UseChanged { task, host });
    }

    fn schedule_change_of_use(&mut self, task: TaskId) {
        let index = self.cluster.tasks[task].use_index as usize;
        if let [now, next, ..] = self.workload.usage(task)[index..] {
            self.schedule(next.start - now.start, task, What::ChangeUse);
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
        self.open = Some(Request::Place { task: first });
        Ok(())
    }

    fn place(&mut self, task: TaskId, placement: Placement) -> Result<(), Infeasible> {
        if placement.task != task {
            return Err(Infeasible::OtherTask(placement.task));
        }
        let shape = &self.shapes[self.workload.shape(task)];
        self.cluster.check(shape, placement)?;
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

    /// A task whose room was taken leaves the queue and runs.
    fn start(&mut self, placement: Placement) {
        let task = placement.task;
        let shape = &self.shapes[self.workload.shape(task)];
        let usage = if self.workload.has_usage() { self.workload.usage(task).first() } else { None };
        let usage = used(shape, usage);
        self.cluster.dequeue(task);
        self.cluster.start(usage, placement);
        if !self.workload.is_censored(task) {
            let work = self.remaining_work(task);
            self.schedule(work, task, What::Finish);
        }
        if self.workload.has_usage() {
            self.schedule_change_of_use(task);
        }
        self.outbox.push_back(EventKind::TaskStarted { placement });
        self.is_news = true;
    }

    fn remaining_work(&self, task: TaskId) -> SimDuration {
        self.remaining.get(&task).copied().unwrap_or_else(|| self.workload.work(task))
    }

    fn defer(&mut self, task: TaskId) {
        self.is_news = true;
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
        if victim.index() >= self.workload.task_count() || self.cluster.tasks[victim].status != Status::Running {
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
        let ran = self.cluster.now().since(self.cluster.tasks[task].since);
        let host = self.stop(task);
        if self.rules.after_eviction == AfterEviction::Resume {
            let before = self.remaining_work(task);
            self.remaining.insert(task, SimDuration(before.0.saturating_sub(ran.0)));
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
        self.cluster.assert_consistent(|task| self.shapes[self.workload.shape(task)]);
        self.pending.assert_consistent();
    }
}
