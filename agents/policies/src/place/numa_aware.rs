//! Tasks whose cores, memory and devices come from one NUMA node where that can be: best fit among the hosts on which it can,
//! and among those on which the task fits at all where it can on none. Among the nodes of a host, the one with the least load.
//!
//! ```text
//!   load = "reserved"    cores of the node that are given out
//!   load = "foretold"    cores that its tasks are foretold to use: of each, half what it uses now, half what tasks that ask for
//!                        the same have used, as it was seen (each look counts `weight`, those before it the rest)
//! ```
//!
//! Nodes that are loaded alike share what their memory carries; what is reserved says little of that where tasks use little of
//! what they reserve. Each question looks at every host.

use std::collections::BTreeMap;

use serde::Deserialize;
use sim::kernel::ids::ShapeId;
use sim::resources::MAX_NUMA_NODES_PER_HOST;

use super::search::{feasible, place_tightly};
use crate::options;
use crate::prelude::*;

pub(super) const HELP: &str = "one NUMA node for cores, memory and devices where that can be, the least loaded; then best fit";

/// Options of the policy.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    /// What counts as the load of a node.
    load: Load,
    /// How much one look counts in what is foretold.
    #[serde(deserialize_with = "options::share")]
    weight: f64,
}

/// What counts as the load of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Load {
    /// What is given out.
    #[default]
    Reserved,
    /// What will be used, as far as that is foretold.
    Foretold,
}

impl Default for Options {
    fn default() -> Self {
        Self { load: Load::Reserved, weight: 0.05 }
    }
}

struct NumaAware {
    options: Options,
    /// Which part of what they ask for tasks of a shape have used.
    seen: BTreeMap<ShapeId, f64>,
}

pub(super) fn policy(options: Options) -> impl Policy {
    NumaAware { options, seen: BTreeMap::new() }
}

impl Policy for NumaAware {
    fn decide(&mut self, view: ClusterView<'_>, request: Request) -> Decision {
        let Request::Place { task } = request else { return Decision::Defer };
        let shape = view.shape(task);
        let left = |host: HostId| {
            let free = view.free()[host.0 as usize];
            let devices: u32 = view.devices_free(host).iter().map(|&free| u32::from(free)).sum();
            (free.cpu_milli, free.memory_mib, devices)
        };
        let is_apart = |host: HostId| nodes_with_room(view, shape, host).next().is_none();
        let best = feasible(view, shape).min_by_key(|&host| (is_apart(host), left(host), host));
        let Some(host) = best.filter(|&host| !is_apart(host)) else { return place_tightly(view, task, best) };
        let load = self.loads(view, host);
        let node = nodes_with_room(view, shape, host)
            .min_by(|&one, &other| load[one].total_cmp(&load[other]).then(one.cmp(&other)))
            .expect("the host has a node with room");
        let devices = devices_on(view, shape, host, node);
        Decision::Place(Placement { task, host, numa: NumaShare::node(node), devices })
    }

    fn reset(&mut self, _: Seed) {
        self.seen.clear();
    }
}

impl NumaAware {
    /// The load of each node of a host, in thousandths of a core.
    fn loads(&mut self, view: ClusterView<'_>, host: HostId) -> [f64; MAX_NUMA_NODES_PER_HOST] {
        let mut loads = [0.0; MAX_NUMA_NODES_PER_HOST];
        let (free, model) = (view.numa_free(host), view.topology().model(host));
        if self.options.load == Load::Reserved {
            for (load, (free, capacity)) in loads.iter_mut().zip(free.iter().zip(&model.numa_nodes)) {
                *load = f64::from(capacity.cpu_milli - free.cpu_milli);
            }
            return loads;
        }
        for task in view.hosted(host) {
            let request = f64::from(view.shape(task).resources.cpu_milli);
            if request == 0.0 {
                continue;
            }
            let now = view.use_of(task).cpu_milli as f64 / request;
            let seen = self.seen.entry(view.shape_id(task)).or_insert(now);
            *seen += self.options.weight * (now - *seen);
            let foretold = request * 0.5 * (now + *seen);
            let numa = view.placement(task).numa;
            let count = f64::from(numa.0.count_ones());
            numa.iter().for_each(|node| loads[node] += foretold / count);
        }
        loads
    }
}

/// The nodes of a host that give a task everything.
fn nodes_with_room<'a>(
    view: ClusterView<'a>,
    shape: &'a TaskShape,
    host: HostId,
) -> impl Iterator<Item = usize> + 'a {
    let nodes = view.numa_free(host);
    let is_split = nodes.len() > 1 && view.rules().numa_split.is_some_and(|split| split.splits(shape.resources));
    let is_enough = move |&node: &usize| {
        !is_split
            && nodes[node].covers(shape.resources)
            && (shape.devices.count == 0
                || devices_on(view, shape, host, node).count() == u32::from(shape.devices.count))
    };
    (0..nodes.len()).filter(is_enough)
}

/// The devices of a node that a task is given: a part of the fullest that has room, or the first whole ones; fewer than it
/// asks for where there are not enough.
fn devices_on(view: ClusterView<'_>, shape: &TaskShape, host: HostId, node: usize) -> DeviceSet {
    let (specs, free) = (&view.topology().model(host).devices, view.devices_free(host));
    let is_usable = |&position: &usize| {
        let spec = specs[position];
        usize::from(spec.numa_node) == node
            && shape.devices.kinds.has(spec.kind)
            && free[position] >= view.taken_of(spec.kind, shape.devices)
            && view.device_memory_free(host, position) >= shape.devices.memory_mib_each
    };
    let usable = (0..specs.len()).filter(is_usable);
    if shape.devices.is_share() {
        let tightest = usable.min_by_key(|&position| free[position]);
        return tightest.map_or(DeviceSet::EMPTY, |position| DeviceSet::EMPTY.with(position));
    }
    usable.take(usize::from(shape.devices.count)).fold(DeviceSet::EMPTY, DeviceSet::with)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn models_3_3_one_node_gives_everything_where_that_can_be() {
        // One core is left on the first node of the first host, four on the second.
        let running = [("at 0 cpu 3 work 9", 0)];
        let hosts = "cpu 8 numa 2 | cpu 12 numa 2";
        let placed = |task| {
            let place = testing::choose_after(policy(Options::default()), hosts, &running, task);
            place.map(|placement| (placement.host.0, placement.numa.0))
        };
        assert_eq!(placed("at 0 cpu 1"), Some((0, 0b10)), "the node of the least load");
        assert_eq!(placed("at 0 cpu 4"), Some((0, 0b10)));
        assert_eq!(placed("at 0 cpu 5"), Some((1, 0b01)), "the fuller host would have to give from both nodes");
        assert_eq!(placed("at 0 cpu 7"), Some((1, 0b11)), "no node has as many");
    }

    #[test]
    fn the_device_hangs_on_the_node_of_the_cores() {
        let running = [("at 0 cpu 3 work 9", 0)];
        let hosts = "cpu 8 numa 2 gpus 2";
        let place = testing::choose_after(policy(Options::default()), hosts, &running, "at 0 cpu 2 gpus 1");
        assert_eq!(place.map(|place| (place.numa.0, place.devices.0)), Some((0b10, 0b10)));
    }

    /// Two cores that do nothing, one that works, one more.
    #[test]
    fn what_is_foretold_to_be_used_counts_where_that_is_asked_for() {
        let nodes = |load| {
            let mut policy = policy(Options { load, ..Options::default() });
            let work = "at 0 cpu 2 work 9 use 0:0 | at 1 cpu 1 work 9 | at 2 cpu 1 work 9";
            let mut engine = sim::testing::engine("cpu 10 numa 2", work);
            let mut given = Given(Vec::new());
            let decide = |view: ClusterView<'_>, request| match request {
                Request::Place { .. } => policy.decide(view, request),
                _ => sim::testing::first_fit(view, request),
            };
            sim::testing::play(&mut engine, decide, &mut given);
            given.0
        };
        assert_eq!(nodes(Load::Reserved), [0b01, 0b10, 0b10]);
        assert_eq!(nodes(Load::Foretold), [0b01, 0b01, 0b10]);
    }

    /// The nodes that tasks were given.
    struct Given(Vec<u8>);

    impl sim::observe::Observer for Given {
        fn on_event(&mut self, event: &sim::event::Event, _: ClusterView<'_>) {
            if let sim::event::EventKind::TaskStarted { placement } = event.kind {
                self.0.push(placement.numa.0);
            }
        }
    }
}
