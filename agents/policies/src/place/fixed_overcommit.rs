//! Best fit under a fixed ratio: tasks on a host ask together for no more than `ratio` times the cpu that it really has, whatever its
//! model gives out. Where no host has that much, the one of which the least is asked for takes the task.

use serde::Deserialize;

use crate::options;
use crate::prelude::*;

pub(super) const HELP: &str = "best fit up to a fixed multiple of the cpu that hosts really have, and the emptiest host beyond it";

/// Options of the policy.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    /// How many times its cpu is given out.
    #[serde(deserialize_with = "options::above_zero")]
    ratio: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { ratio: 1.0 }
    }
}

struct Fixed(Options);

impl Score for Fixed {
    /// The share of the cpu that is asked for with the task; beyond the ratio, how little it is.
    fn score(&self, task: &TaskShape, host: &HostState, context: &Context) -> f64 {
        let (_, physical) = context.power.host(host.model);
        let asked = host.capacity.cpu_milli - host.free.cpu_milli + task.resources.cpu_milli;
        let share = f64::from(asked) / f64::from(physical.cpu_milli.max(1));
        // Bounded, so that those within the ratio come first.
        if share <= self.0.ratio { share / self.0.ratio } else { -share }
    }
}

pub(super) fn policy(options: Options) -> impl Policy {
    Greedy::new(Fixed(options))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn the_fullest_within_the_ratio_and_else_the_emptiest() {
        let scores = |ratio| {
            let running = [("at 0 cpu 3 work 9", 0), ("at 0 cpu 2 work 9", 1)];
            testing::score_after(Fixed(Options { ratio }), "cpu 9 physical 2 | cpu 9 physical 2", &running, "at 0 cpu 1")
        };
        // 4 and 3 cores of 2 would be asked for.
        assert_eq!(scores(2.0), [1.0, 0.75]);
        assert_eq!(scores(1.5), [-2.0, 1.0]);
        assert_eq!(scores(1.0), [-2.0, -1.5]);
    }
}
