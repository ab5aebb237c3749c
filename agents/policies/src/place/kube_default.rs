//! The default scoring of the Kubernetes scheduler (kube-scheduler 1.36), in its integers.
//!
//! Every plugin scores 0 to 100: NodeResourcesFit (weight 1) by what would be left (`least_allocated`) or taken
//! (`most_allocated`), BalancedAllocation (weight 1) by how evenly cpu and memory would be taken. Taints, node
//! affinity and spreading score alike on all hosts, because no task here states any. The real scheduler breaks
//! ties at random; here they go to the lowest host, or to a random one by option.

use serde::Deserialize;

use super::search::feasible;
use crate::prelude::*;
use crate::score::{placement, tightest_devices};

pub(super) const HELP: &str = "the default scoring of the Kubernetes scheduler";

/// What NodeResourcesFit likes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Scoring {
    #[default]
    LeastAllocated,
    MostAllocated,
}

/// Who wins among equals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ties {
    #[default]
    Lowest,
    Random,
}

/// Options of the Kubernetes scoring.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    scoring: Scoring,
    ties: Ties,
}

/// What a pod that states no request counts as in NodeResourcesFit.
const UNSTATED: Resources = Resources { cpu_milli: 100, memory_mib: 200 };

struct KubeDefault(Scoring);

impl Score for KubeDefault {
    fn score(&self, task: &TaskShape, host: &HostState, _: &Context) -> f64 {
        let used = host.capacity.minus(host.free);
        let (capacity, request) = (host.capacity, task.resources);
        let stated = |amount: u32, unstated: u32| u64::from(if amount == 0 { unstated } else { amount });
        let fit = |capacity: u32, used: u32, request: u64| {
            let (capacity, requested) = (u64::from(capacity), u64::from(used) + request);
            match self.0 {
                _ if capacity == 0 => 0,
                Scoring::LeastAllocated => capacity.saturating_sub(requested) * 100 / capacity,
                Scoring::MostAllocated => requested.min(capacity) * 100 / capacity,
            }
        };
        let cpu = fit(capacity.cpu_milli, used.cpu_milli, stated(request.cpu_milli, UNSTATED.cpu_milli));
        let memory = fit(capacity.memory_mib, used.memory_mib, stated(request.memory_mib, UNSTATED.memory_mib));
        ((cpu + memory) / 2 + balanced(capacity, used, request)) as f64
    }
}

/// BalancedAllocation: `50 + (50 + with - without) / 2`, where with and without the pod the fractions of cpu and
/// memory have a standard deviation of half their difference. A pod that requests nothing scores 0.
fn balanced(capacity: Resources, used: Resources, request: Resources) -> u64 {
    if request == Resources::ZERO {
        return 0;
    }
    let evenness = |taken: Resources| {
        let of = |part: u32, whole: u32| if whole == 0 { 1.0 } else { (f64::from(part) / f64::from(whole)).min(1.0) };
        let difference = of(taken.cpu_milli, capacity.cpu_milli) - of(taken.memory_mib, capacity.memory_mib);
        ((1.0 - difference.abs() / 2.0) * 100.0) as u64
    };
    50 + (50 + evenness(used.plus(request)) - evenness(used)) / 2
}

/// Draws among the hosts that score highest.
struct RandomTies {
    scoring: KubeDefault,
    stream: Stream,
}

impl Policy for RandomTies {
    fn decide(&mut self, view: ClusterView<'_>, request: Request) -> Decision {
        let Request::Place { task } = request else { return Decision::Defer };
        let (shape, context) = (view.shape(task), Context::new(view));
        let scored: Vec<(HostId, f64)> = feasible(view, shape)
            .map(|host| (host, self.scoring.score(shape, &view.host_state(host), &context)))
            .collect();
        let highest = scored.iter().fold(f64::NEG_INFINITY, |highest, &(_, score)| highest.max(score));
        let best: Vec<HostId> = scored.iter().filter(|scored| scored.1 == highest).map(|scored| scored.0).collect();
        if best.is_empty() {
            return Decision::Defer;
        }
        let host = best[self.stream.below(best.len())];
        let devices = match shape.devices.count {
            0 => DeviceSet::EMPTY,
            _ => tightest_devices(shape, &view.host_state(host)),
        };
        placement(view, task, host, devices)
    }

    fn reset(&mut self, seed: Seed) {
        self.stream = seed.stream("place.kube_default");
    }
}

pub(super) fn policy(options: Options) -> Box<dyn Policy> {
    let scoring = KubeDefault(options.scoring);
    match options.ties {
        Ties::Lowest => Box::new(Greedy::new(scoring)),
        Ties::Random => Box::new(RandomTies { scoring, stream: Seed::default().stream("place.kube_default") }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    /// formulas 1: allocatable 4000 and 8192, 1000 and 2048 in use, pod 1000 and 1024: least 56, balanced 71.
    #[test]
    fn the_worked_example() {
        let running = [("at 0 cpu 1 memory 2048 work 9", 0)];
        let pod = "at 0 cpu 1 memory 1024";
        let least = testing::score_after(KubeDefault(Scoring::LeastAllocated), "cpu 4 memory 8192", &running, pod);
        assert_eq!(least, [56.0 + 71.0]);
        // Most: cpu 2000 * 100 / 4000 = 50, memory 3072 * 100 / 8192 = 37, mean 43.
        let most = testing::score_after(KubeDefault(Scoring::MostAllocated), "cpu 4 memory 8192", &running, pod);
        assert_eq!(most, [43.0 + 71.0]);
    }

    #[test]
    fn random_ties_reach_every_equal_host() {
        let policy = policy(Options { ties: Ties::Random, ..Options::default() });
        let hosts = testing::hosts_used(policy, "cpu 64 | cpu 64 | cpu 64", "at 0 cpu 1 work 9 gang 40");
        assert!((0..3).all(|host| hosts.contains(&HostId(host))));
    }
}
