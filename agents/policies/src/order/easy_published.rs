//! Backfilling as RLScheduler (SC 2020) has it under the name EASY, quirk by quirk (`HPCSimPickJobs.py`).
//!
//! * The queue is one list, sorted in place (stably) by the order's key whenever a task is picked, and again by
//!   submission before each look for who may pass; what ties leave behind, the next sort finds.
//! * The picked task is held until it fits. Its shadow time is computed once, when it is picked: running tasks
//!   by declared end, until enough would be free. It may lie in the past.
//! * At every event until it fits, in order of submission, whoever fits now and would end by its declared run
//!   time strictly before the shadow time starts. There is no rule of spare processors.

use sim::cluster::Status;
use sim::decision::{Decision, Request};
use sim::kernel::ids::TaskId;
use sim::kernel::rng::Seed;
use sim::kernel::time::SimTime;
use sim::resources::Resources;
use sim::view::ClusterView;

use super::OrderKey;
use super::easy::declared_end;
use super::pool::{self, POOL};
use super::queue::{Entry, Joining};
use crate::policy::Policy;

pub(crate) struct EasyPublished {
    joining: Joining,
    list: Vec<Entry>,
    held: Option<(TaskId, SimTime)>,
}

impl EasyPublished {
    pub(crate) fn new(key: Box<dyn OrderKey>) -> Self {
        Self { joining: Joining::new(key), list: Vec::new(), held: None }
    }

    /// The task that is picked, with its shadow time.
    fn pick(&mut self, view: ClusterView<'_>) -> Option<(TaskId, SimTime)> {
        self.joining.refresh(view, &mut self.list);
        self.list.sort_by(Entry::compare_keys);
        let task = self.list.first()?.task;
        Some((task, shadow_time(view, task)))
    }

    fn passes(&mut self, view: ClusterView<'_>, shadow: SimTime) -> Option<TaskId> {
        self.list.sort_by_key(|entry| view.submit(entry.task));
        self.list.iter().map(|entry| entry.task).find(|&task| {
            let end = view.now() + view.estimate(task).unwrap_or_default();
            end < shadow && pool::fits(view, task)
        })
    }
}

/// When enough would be free for this task if every running task ended as declared.
fn shadow_time(view: ClusterView<'_>, task: TaskId) -> SimTime {
    let mut ends: Vec<(SimTime, Resources)> =
        view.hosted(POOL).map(|task| (declared_end(view, task), view.shape(task).resources)).collect();
    ends.sort_by_key(|&(end, _)| end);
    let need = pool::need(view, task);
    let (mut free, mut shadow) = (view.free()[0], view.now());
    for (end, resources) in ends {
        free = free.plus(resources);
        shadow = end;
        if free.covers(need) {
            break;
        }
    }
    shadow
}

impl Policy for EasyPublished {
    fn decide(&mut self, view: ClusterView<'_>, _: Request) -> Decision {
        self.list.retain(|entry| view.status(entry.task) == Status::Waiting);
        let list = &mut self.list;
        self.joining.read(view, |entry| list.push(entry));
        let held = self.held.filter(|&(task, _)| view.status(task) == Status::Waiting);
        self.held = held.or_else(|| self.pick(view));
        let Some((task, shadow)) = self.held else { return self.joining.nobody(view) };
        if pool::fits(view, task) {
            return Decision::Select(task);
        }
        self.passes(view, shadow).map_or_else(|| self.joining.nobody(view), Decision::Select)
    }

    fn reset(&mut self, seed: Seed) {
        self.joining.reset(seed);
        self.list.clear();
        self.held = None;
    }
}
