//! First fit where nothing is overcommitted: the lowest host that really has all that the task asks for, and a core that is
//! fast enough for a task of one core.
//!
//! On hosts that give out more than they have this is how CloudSim's PlanetLab examples begin; elsewhere it is first fit.

use crate::prelude::*;

pub(super) const HELP: &str = "first fit by what hosts really have, where more is given out";

struct First;

impl Score for First {
    fn score(&self, task: &TaskShape, host: &HostState, context: &Context) -> f64 {
        if context.power.has_nominal_room(task, host) { 0.0 } else { f64::NEG_INFINITY }
    }
}

pub(super) fn policy(_: NoOptions) -> impl Policy {
    Greedy::new(First)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn what_is_given_out_beyond_what_there_is_does_not_count() {
        let hosts = "cpu 8 physical 2 | cpu 8 physical 4";
        assert_eq!(testing::choose(policy(NoOptions {}), hosts, "at 0 cpu 2"), Some(HostId(0)));
        assert_eq!(testing::choose(policy(NoOptions {}), hosts, "at 0 cpu 3"), Some(HostId(1)));
        assert_eq!(testing::choose(policy(NoOptions {}), hosts, "at 0 cpu 5"), None);
    }
}
