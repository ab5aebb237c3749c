//! Consolidation with numbers to tune, or to train: as `consolidate` by thresholds, hosts are relieved and others emptied, but
//!
//! * what counts as overloaded, and how far a host is relieved and filled, are different thresholds, for what its tasks are
//!   expected to ask for (`outlook`), not for what they ask for now;
//! * who leaves, who takes in and who is emptied first has the least weighted sum of features (`linear_weights`).
//!
//! With the defaults it decides as `consolidate` by thresholds does, with `protect_targets`, `charge_switch_on` and
//! `count_arrivals`.

use serde::Deserialize;

use super::consolidate::by_falling_demand;
use super::linear_weights::{Leaver, Source, Target};
use super::outlook::{Habits, Outlook};
use super::planned::{Planned, Planner};
use super::scene::{Asker, Before, Histories, Scene, Terms};
use crate::options;
use crate::prelude::*;

pub(super) const HELP: &str =
    "relieve hosts and empty others by weighted sums and what is expected of them; numbers to train";

/// Options of the policy. Shares are of a host's cpu.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    /// A host of which more is expected is relieved.
    #[serde(deserialize_with = "options::finite")]
    relieve_above: f64,
    /// Until no more than this is.
    #[serde(deserialize_with = "options::finite")]
    relieve_down_to: f64,
    /// How many standard deviations count on a host that may have to be relieved.
    #[serde(deserialize_with = "options::finite")]
    relieve_spread: f64,
    /// The most that may be expected of a host that takes somebody in.
    #[serde(deserialize_with = "options::finite")]
    fill_up_to: f64,
    /// How many standard deviations count on a host that takes somebody in.
    #[serde(deserialize_with = "options::finite")]
    fill_spread: f64,
    /// The highest score of a host that is emptied.
    #[serde(deserialize_with = "options::finite")]
    empty_up_to: f64,
    /// How much of a task's last step is expected once more.
    #[serde(deserialize_with = "options::finite")]
    trend: f64,
    /// How much of a task's way to its mean is expected.
    #[serde(deserialize_with = "options::finite")]
    reversion: f64,
    /// Whether hosts that could not be emptied take in what leaves others later in the same turn.
    full_take_in: bool,
    /// Who leaves.
    leaver: Leaver,
    /// Who takes in.
    target: Target,
    /// Who is emptied first.
    source: Source,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            relieve_above: 0.8,
            relieve_down_to: 0.8,
            relieve_spread: 0.0,
            fill_up_to: 0.8,
            fill_spread: 0.0,
            empty_up_to: 1e9,
            trend: 0.0,
            reversion: 0.0,
            full_take_in: false,
            leaver: Leaver { memory_gib: 1.0, ..Leaver::default() },
            target: Target { rise_now: 1.0, switch_on: 1.0, ..Target::default() },
            source: Source { used: 1.0, ..Source::default() },
        }
    }
}

struct Linear(Options);

/// How a host stands in this turn.
#[derive(Clone, Copy, Default)]
struct Role {
    is_overloaded: bool,
    /// Nothing of it was in use when the period passed.
    is_off: bool,
    /// It takes somebody in.
    is_target: bool,
    /// It was looked at to be emptied, and was or was not.
    is_tried: bool,
    is_emptied: bool,
    /// How long somebody is on the way to it.
    arrival_seconds: f64,
    outlook: Outlook,
}

/// One turn.
struct Turn<'a> {
    options: Options,
    habits: Habits,
    scene: Scene<'a>,
    roles: Vec<Role>,
    moves: Vec<(TaskId, usize)>,
}

/// Where somebody is thought to come, and what the host was before.
struct Promise {
    asker: Asker,
    target: usize,
    before: Before,
    role: Role,
}

impl Planner for Linear {
    fn plan(&mut self, view: ClusterView<'_>, histories: &Histories) -> Vec<(TaskId, HostId)> {
        let options = self.0;
        let habits = Habits { trend: options.trend, reversion: options.reversion };
        let scene = Scene::new(view, histories);
        let roles = vec![Role::default(); scene.hosts.len()];
        let mut turn = Turn { options, habits, scene, roles, moves: Vec::new() };
        for index in 0..turn.roles.len() {
            turn.recount(index);
            turn.roles[index].is_off = turn.scene.hosts[index].used == 0.0;
        }
        turn.relieve();
        turn.empty();
        turn.moves.into_iter().map(|(task, target)| (task, Scene::host_id(target))).collect()
    }
}

impl Turn<'_> {
    /// What is expected of a host, from its tasks.
    fn recount(&mut self, index: usize) {
        let tasks = self.scene.hosts[index].tasks.iter();
        let outlooks = tasks.map(|&task| Outlook::of(&self.scene, task, self.habits));
        self.roles[index].outlook = outlooks.fold(Outlook::default(), Outlook::and);
    }

    /// What a host may have to be relieved for, as a share.
    fn pressure(&self, index: usize) -> f64 {
        let host = &self.scene.hosts[index];
        self.roles[index].outlook.share(host.demanded_milli, host.total_milli, self.options.relieve_spread)
    }

    fn relieve(&mut self) {
        for index in 0..self.roles.len() {
            // Of an empty host nothing is asked.
            let is_empty = self.scene.hosts[index].tasks.is_empty();
            self.roles[index].is_overloaded = !is_empty && self.pressure(index) > self.options.relieve_above;
        }
        let mut leaving = Vec::new();
        for index in 0..self.roles.len() {
            while self.roles[index].is_overloaded && !self.scene.hosts[index].tasks.is_empty() {
                let position = self.leaver(index);
                leaving.push(self.scene.asker(self.scene.hosts[index].tasks[position]));
                self.scene.remove(index, position);
                self.recount(index);
                if self.pressure(index) <= self.options.relieve_down_to {
                    break;
                }
            }
        }
        by_falling_demand(&mut leaving);
        for asker in leaving {
            let candidates = self.scene.occupied().filter(|&index| !self.roles[index].is_overloaded);
            if let Some(target) = self.find(asker, candidates.chain(self.scene.lowest_vacant())) {
                self.promise(asker, target);
                self.moves.push((asker.task, target));
            }
        }
    }

    /// The position of who leaves next; ties go to the first. There is somebody.
    fn leaver(&self, index: usize) -> usize {
        let host = &self.scene.hosts[index];
        let excess = self.pressure(index) - self.options.relieve_down_to;
        let score = |&task: &TaskId| {
            let Asker { demand_milli, memory_mib, .. } = self.scene.asker(task);
            let demand = demand_milli / host.total_milli;
            self.options.leaver.score(Leaver {
                memory_gib: f64::from(memory_mib) / 1024.0,
                demand,
                still_over: (excess - demand).max(0.0),
                beyond: (demand - excess).max(0.0),
            })
        };
        let first = (0, f64::INFINITY);
        let scores = host.tasks.iter().map(score).enumerate();
        scores.fold(first, |least, one| if one.1 < least.1 { one } else { least }).0
    }

    /// The lowest of the hosts with the least score that have room.
    fn find(&self, asker: Asker, candidates: impl Iterator<Item = usize>) -> Option<usize> {
        let outlook = Outlook::of(&self.scene, asker.task, self.habits);
        let mut best: Option<(f64, usize)> = None;
        for index in candidates.filter(|&index| self.scene.has_room(index, asker)) {
            let Some(features) = self.target(index, asker) else { continue };
            let score = self.options.target.score(features);
            let host = &self.scene.hosts[index];
            let expected = || {
                let demanded_milli = host.demanded_milli + asker.demand_milli;
                let both = self.roles[index].outlook.and(outlook);
                both.share(demanded_milli, host.total_milli, self.options.fill_spread)
            };
            if best.is_none_or(|best| (score, index) < best)
                && (!self.scene.is_host_given_anything(index) || expected() <= self.options.fill_up_to)
            {
                best = Some((score, index));
            }
        }
        best.map(|(_, index)| index)
    }

    /// The features of a host as a target; nothing when it has less cpu than is asked for.
    fn target(&self, index: usize, asker: Asker) -> Option<Target> {
        let rise = |counts_arrivals| {
            self.scene.rise(index, asker, Terms { charges_switch_on: false, counts_arrivals })
        };
        let [idle_watts, full_watts] = self.scene.idle_and_full_watts(index);
        let host = &self.scene.hosts[index];
        let seconds = self.scene.migration_seconds(asker);
        let role = &self.roles[index];
        Some(Target {
            rise: rise(false)?,
            rise_now: rise(true)?,
            switch_on: if host.is_empty() { idle_watts } else { 0.0 },
            load_after: self.scene.demand_with(index, asker),
            full_watts_per_core: 1000.0 * full_watts / host.total_milli,
            is_first: f64::from(u8::from(!role.is_target)),
            more_seconds: (seconds - role.arrival_seconds).max(0.0),
        })
    }

    /// A task is thought to come to a host.
    fn promise(&mut self, asker: Asker, target: usize) -> Promise {
        let role = self.roles[target];
        let outlook = role.outlook.and(Outlook::of(&self.scene, asker.task, self.habits));
        let seconds = self.scene.migration_seconds(asker);
        let arrival_seconds = role.arrival_seconds.max(seconds);
        self.roles[target] = Role { is_target: true, arrival_seconds, outlook, ..role };
        Promise { asker, target, before: self.scene.add(target, asker), role }
    }

    /// Hosts are emptied in the order of their scores, each wholly or not at all.
    fn empty(&mut self) {
        let may_leave = |role: &Role| !role.is_overloaded && !role.is_off && !role.is_target;
        let mut order: Vec<(f64, usize)> = (0..self.roles.len())
            .filter(|&index| may_leave(&self.roles[index]) && self.scene.hosts[index].used < 1.0)
            .map(|index| (self.options.source.score(self.source(index)), index))
            .filter(|&(score, _)| score <= self.options.empty_up_to)
            .collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (_, source) in order {
            if self.roles[source].is_target {
                continue;
            }
            self.roles[source].is_tried = true;
            let tasks = self.scene.hosts[source].tasks.iter();
            let mut askers: Vec<Asker> = tasks.map(|&task| self.scene.asker(task)).collect();
            by_falling_demand(&mut askers);
            let mut promises = Vec::new();
            for &asker in &askers {
                let takes_in = |&index: &usize| {
                    let role = &self.roles[index];
                    let was_tried = role.is_tried && !self.options.full_take_in;
                    index != source && !role.is_overloaded && !role.is_off && !was_tried && !role.is_emptied
                };
                let Some(target) = self.find(asker, self.scene.occupied().filter(takes_in)) else { break };
                promises.push(self.promise(asker, target));
            }
            if promises.len() < askers.len() {
                for Promise { target, before, role, .. } in promises.into_iter().rev() {
                    self.scene.undo(target, before);
                    self.roles[target] = role;
                }
                continue;
            }
            self.roles[source].is_emptied = true;
            self.moves.extend(promises.into_iter().map(|promise| (promise.asker.task, promise.target)));
        }
    }

    /// The features of a host that could be emptied.
    fn source(&self, index: usize) -> Source {
        let host = &self.scene.hosts[index];
        let [_, full_watts] = self.scene.idle_and_full_watts(index);
        let moved = |&task: &TaskId| {
            let asker = self.scene.asker(task);
            asker.demand_milli * self.scene.migration_seconds(asker)
        };
        Source {
            used: host.used,
            full_watts_per_core: 1000.0 * full_watts / host.total_milli,
            tasks: host.tasks.len() as f64,
            moved_seconds: host.tasks.iter().map(moved).sum::<f64>() / host.total_milli,
        }
    }
}

pub(super) fn policy(options: Options) -> impl Policy {
    Planned::new(Linear(options))
}
