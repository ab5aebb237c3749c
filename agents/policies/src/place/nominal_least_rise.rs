//! How CloudSim's PlanetLab examples with migrations begin (Beloglazov and Buyya, 2012): of the hosts that really have all
//! that the task asks for, the one that would draw least above its *idle* power, as if nothing were on it yet.
//!
//! An empty host wins so against one that is half full: the start spreads tasks over empty hosts.

use sim::models::cloudsim;

use crate::prelude::*;

pub(super) const HELP: &str = "the least power above idle by what hosts really have (the start of CloudSim's examples)";

struct LeastRise;

impl Score for LeastRise {
    fn score(&self, task: &TaskShape, host: &HostState, context: &Context) -> f64 {
        if !context.power.has_nominal_room(task, host) {
            return f64::NEG_INFINITY;
        }
        let (power, physical) = context.power.host(host.model);
        let total = physical.cpu_milli;
        let reserved = host.capacity.cpu_milli - host.free.cpu_milli;
        let after = (f64::from(reserved) + f64::from(task.resources.cpu_milli)) / f64::from(total);
        cloudsim::watts(power, 0.0, total) - cloudsim::watts(power, after, total)
    }
}

pub(super) fn policy(_: NoOptions) -> impl Policy {
    Greedy::new(LeastRise)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    /// 100 W idle and 200 W busy: one core of four draws 25 W more; where one is in use already, 50 W above idle.
    #[test]
    fn an_empty_host_wins() {
        let scores = testing::score_after(LeastRise, "cpu 4 | cpu 4", &[("at 0 cpu 1 work 9", 0)], "at 0 cpu 1");
        assert_eq!(scores, [-50.0, -25.0]);
    }
}
