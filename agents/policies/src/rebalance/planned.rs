//! A policy that plans all its moves at once, when a period has passed, and then says one after the other.

use std::collections::VecDeque;

use sim::control::Phase;
use sim::decision::Occasion;
use sim::models::migration::course::Leg;

use super::scene::Histories;
use crate::prelude::*;
use crate::score::{tightest_devices, tightest_numa};

/// Who finds out what to move.
pub(super) trait Planner {
    /// Who is moved where, in this order; a task that stands there twice is sent on.
    fn plan(&mut self, view: ClusterView<'_>, histories: &Histories) -> Vec<(TaskId, HostId)>;

    /// A new episode begins.
    fn reset(&mut self, _seed: Seed) {}
}

/// The policy.
pub(super) struct Planned<P> {
    planner: P,
    histories: Histories,
    /// What was decided and not yet said.
    plan: VecDeque<(TaskId, HostId)>,
    is_planned: bool,
}

impl<P: Planner> Planned<P> {
    pub(super) fn new(planner: P) -> Self {
        Self { planner, histories: Histories::default(), plan: VecDeque::new(), is_planned: false }
    }
}

impl<P: Planner> Policy for Planned<P> {
    fn decide(&mut self, view: ClusterView<'_>, request: Request) -> Decision {
        let Request::Rebalance { cause } = request else { return Decision::Defer };
        if !self.is_planned {
            match cause {
                Occasion::Period => self.histories.grow(view),
                Occasion::Load => {}
                Occasion::Start | Occasion::NoPlace => return Decision::Defer,
            }
            self.plan = self.planner.plan(view, &self.histories).into();
            self.is_planned = true;
        }
        // Who has gone on at another host cannot be sent on until it has all of its memory.
        let has_gone_on = |&&(task, _): &&(TaskId, HostId)| view.leg_of(task) == Some(Leg::Following);
        while self.plan.front().filter(has_gone_on).is_some() {
            self.plan.pop_front();
        }
        let Some(&(task, host)) = self.plan.front() else {
            self.is_planned = false;
            return Decision::Defer;
        };
        // Who was promised to one host and then sent on to another, with which that host is emptied.
        if view.move_of(task).is_some() {
            return Decision::CancelMigration { task };
        }
        if view.phase(host) == Phase::Asleep {
            return Decision::Wake { host };
        }
        self.plan.pop_front();
        let shape = view.shape(task);
        // Planners look at what is used: whether what is asked for is there too, devices among it, is seen now.
        let held = TaskShape { resources: view.held(task), ..*shape };
        if !view.fits(&held, host) {
            return self.decide(view, request);
        }
        let devices = tightest_devices(shape, &view.host_state(host));
        Decision::Migrate(Placement { task, host, numa: tightest_numa(view, shape, host), devices })
    }

    fn reset(&mut self, seed: Seed) {
        self.planner.reset(seed);
        self.histories = Histories::default();
        self.plan.clear();
        self.is_planned = false;
    }
}
