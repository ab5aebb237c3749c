//! Dynamic consolidation (Beloglazov and Buyya, CCPE 24(13), 2012), as CloudSim 3.0.3 has it in its PlanetLab examples:
//! relieve overloaded hosts, then empty whatever host can be emptied.
//!
//! ```text
//!   overloaded hosts --selection--> who leaves
//!                                     | in order of what they ask for, the largest first
//!                                     v
//!              the host whose power rises least, that has room and would not be overloaded
//!                                     ^
//!   other hosts, the least used first: all that is on one, or nothing of it
//! ```
//!
//! What a host draws before is what it drew when the period passed: what was thought to come since does not count
//! (`count_arrivals`), and an empty host costs no idle power (`charge_switch_on`). Hosts that take in somebody from an
//! overloaded host may be emptied with whoever they were promised, who is then sent on (`protect_targets`).

use serde::Deserialize;

use super::detector::{Detector, Method, Weights};
use super::planned::{Planned, Planner};
use super::scene::{Asker, Histories, Scene, Terms};
use super::selection::{Candidate, Selection};
use crate::options;
use crate::prelude::*;

pub(super) const HELP: &str =
    "relieve overloaded hosts and empty others, where power rises least (Beloglazov and Buyya, 2012)";

/// Options of consolidation.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    /// How overload is detected.
    pub(super) detector: Method,
    /// The `s` of the detector's formula.
    #[serde(deserialize_with = "options::positive")]
    pub(super) safety: Option<f64>,
    /// With which weights lines are fitted.
    pub(super) weights: Weights,
    /// Who leaves an overloaded host.
    pub(super) selection: Selection,
    /// Whether overloaded hosts are relieved.
    pub(super) relieve: bool,
    /// Whether hosts are emptied.
    pub(super) evacuate: bool,
    /// Whether hosts that take somebody in are not emptied in the same turn.
    pub(super) protect_targets: bool,
    /// Whether an empty host costs its idle power.
    pub(super) charge_switch_on: bool,
    /// Whether what was thought to come counts for what a host draws before.
    pub(super) count_arrivals: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            detector: Method::Thr,
            safety: None,
            weights: Weights::None,
            selection: Selection::Mmt,
            relieve: true,
            evacuate: true,
            protect_targets: false,
            charge_switch_on: false,
            count_arrivals: false,
        }
    }
}

pub(super) struct Consolidate {
    options: Options,
    detector: Detector,
    random: Stream,
}

/// How far a host may be a source or a target.
struct Roles {
    overloaded: Vec<bool>,
    /// Nothing of it was in use when the period passed.
    off: Vec<bool>,
    tried: Vec<bool>,
}

impl Planner for Consolidate {
    fn reset(&mut self, seed: Seed) {
        self.random = seed.stream("consolidate");
    }

    fn plan(&mut self, view: ClusterView<'_>, histories: &Histories) -> Vec<(TaskId, HostId)> {
        let step_seconds = view.rules().rebalancing.map_or(1.0, |rebalancing| rebalancing.period.seconds());
        let (options, detector) = (self.options, self.detector);
        let mut scene = Scene::new(view, histories);
        let count = scene.hosts.len();
        let is_overloaded = |scene: &Scene<'_>, index: usize| {
            let host = &scene.hosts[index];
            let steps_ahead = scene.steps_ahead(index, 0, step_seconds);
            detector.is_overloaded(host.demand(), &host.history, steps_ahead)
        };
        let mut roles = Roles {
            overloaded: vec![false; count],
            off: scene.hosts.iter().map(|host| host.used == 0.0).collect(),
            tried: vec![false; count],
        };
        let mut turn = Turn { detector, step_seconds, terms: terms(options), moves: Vec::new() };
        if options.relieve {
            for index in 0..count {
                // Of an empty host nothing is asked.
                roles.overloaded[index] =
                    !scene.hosts[index].tasks.is_empty() && is_overloaded(&scene, index);
            }
            let mut leaving = Vec::new();
            for index in (0..count).filter(|&index| roles.overloaded[index]) {
                while !scene.hosts[index].tasks.is_empty() {
                    let position = choose(&scene, index, options.selection, &mut self.random);
                    leaving.push(scene.asker(scene.hosts[index].tasks[position]));
                    scene.remove(index, position);
                    if !is_overloaded(&scene, index) {
                        break;
                    }
                }
            }
            by_falling_demand(&mut leaving);
            for asker in leaving {
                let candidates = scene.occupied().filter(|&index| !roles.overloaded[index]);
                if let Some(target) = turn.find(&scene, asker, candidates.chain(scene.lowest_vacant())) {
                    scene.add(target, asker);
                    turn.moves.push((asker.task, target));
                }
            }
        }
        if options.evacuate {
            if options.protect_targets {
                turn.moves.iter().for_each(|&(_, target)| roles.tried[target] = true);
            }
            turn.evacuate(&mut scene, roles);
        }
        turn.moves.into_iter().map(|(task, target)| (task, Scene::host_id(target))).collect()
    }
}

fn terms(options: Options) -> Terms {
    Terms { charges_switch_on: options.charge_switch_on, counts_arrivals: options.count_arrivals }
}

fn choose(scene: &Scene<'_>, index: usize, selection: Selection, random: &mut Stream) -> usize {
    let candidate = |&task: &TaskId| Candidate {
        memory_mib: scene.view.held(task).memory_mib,
        // Divided by what it was multiplied with, as in the program: the last bit decides between equals.
        fraction: scene.view.cpu_demand_milli(task) / f64::from(scene.view.shape(task).resources.cpu_milli),
        history: scene.history_of(task),
    };
    let candidates: Vec<Candidate<'_>> = scene.hosts[index].tasks.iter().map(candidate).collect();
    selection.choose(&candidates, random)
}

pub(super) fn by_falling_demand(askers: &mut [Asker]) {
    askers.sort_by(|a, b| b.demand_milli.total_cmp(&a.demand_milli));
}

/// What is found out in one turn.
struct Turn {
    detector: Detector,
    step_seconds: f64,
    terms: Terms,
    moves: Vec<(TaskId, usize)>,
}

impl Turn {
    /// The lowest of the hosts on which power rises least.
    fn find(
        &self,
        scene: &Scene<'_>,
        asker: Asker,
        candidates: impl Iterator<Item = usize>,
    ) -> Option<usize> {
        let mut best: Option<(f64, usize)> = None;
        for index in candidates {
            if !scene.has_room(index, asker) {
                continue;
            }
            let Some(rise) = scene.rise(index, asker, self.terms) else { continue };
            // Looked at last, for it is the dearest question.
            if best.is_none_or(|best| (rise, index) < best) && !self.would_be_overloaded(scene, index, asker)
            {
                best = Some((rise, index));
            }
        }
        best.map(|(_, index)| index)
    }

    fn would_be_overloaded(&self, scene: &Scene<'_>, index: usize, asker: Asker) -> bool {
        if !scene.is_host_given_anything(index) {
            return false;
        }
        if self.detector.method == Method::Thr {
            return scene.demand_with(index, asker) > self.detector.safety;
        }
        let (demand, history) = scene.with(index, asker);
        let steps_ahead = scene.steps_ahead(index, asker.memory_mib, self.step_seconds);
        self.detector.is_overloaded(demand, &history, steps_ahead)
    }

    /// Hosts are emptied, the least used first, each wholly or not at all.
    fn evacuate(&mut self, scene: &mut Scene<'_>, roles: Roles) {
        let Roles { overloaded, off, mut tried } = roles;
        let mut order: Vec<usize> = (0..scene.hosts.len())
            .filter(|&index| !overloaded[index] && !off[index] && scene.hosts[index].used < 1.0)
            .collect();
        order.sort_by(|&a, &b| scene.hosts[a].used.total_cmp(&scene.hosts[b].used));
        let protected = tried.clone();
        let mut is_target = vec![false; scene.hosts.len()];
        for source in order {
            if is_target[source] || protected[source] {
                continue;
            }
            tried[source] = true;
            let mut askers: Vec<Asker> =
                scene.hosts[source].tasks.iter().map(|&task| scene.asker(task)).collect();
            by_falling_demand(&mut askers);
            let mut found = Vec::new();
            for &asker in &askers {
                let is_allowed =
                    |&index: &usize| !overloaded[index] && !off[index] && (!tried[index] || protected[index]);
                let candidates = scene.occupied().filter(is_allowed);
                let Some(target) = self.find(scene, asker, candidates) else { break };
                found.push((asker, target, scene.add(target, asker)));
            }
            if found.len() < askers.len() {
                found.into_iter().rev().for_each(|(_, target, before)| scene.undo(target, before));
                continue;
            }
            for (asker, target, _) in found {
                is_target[target] = true;
                self.moves.push((asker.task, target));
            }
        }
    }
}

pub(super) fn policy(options: Options) -> impl Policy {
    let safety = options.safety.unwrap_or_else(|| Detector::usual_safety(options.detector));
    Planned::new(Consolidate {
        options,
        detector: Detector { method: options.detector, safety, weights: options.weights },
        random: Seed(0).stream("consolidate"),
    })
}
