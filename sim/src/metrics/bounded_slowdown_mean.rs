//! Bounded slowdown (Feitelson et al., JSSPP 1997): `max(1, (wait + run) / max(run, 10 s))`, averaged over
//! the tasks that finished.

use super::sample::Mean;
use super::{Better, Measured, Metric, Subject};
use crate::kernel::ids::TaskId;
use crate::kernel::time::SimDuration;
use crate::view::ClusterView;

/// Shorter runs count as this long, so that they do not dominate the mean.
const SHORTEST_RUN: SimDuration = SimDuration(10_000_000);

#[derive(Default)]
pub(super) struct Watch(Mean);

/// That of a task that has just finished.
pub(super) fn bounded_slowdown(task: TaskId, view: ClusterView<'_>) -> f64 {
    let run = view.now().since(view.started(task));
    slowdown(view.now().since(view.submit(task)), run)
}

fn slowdown(turnaround: SimDuration, run: SimDuration) -> f64 {
    (turnaround.seconds() / run.max(SHORTEST_RUN).seconds()).max(1.0)
}

impl Metric for Watch {
    const UNIT: &'static str = "1";
    const BETTER: Better = Better::Lower;
    const SUBJECT: Subject = Subject::Tasks;
    const HELP: &'static str = "(wait + run) / max(run, 10 s), at least 1, mean over finished tasks";

    fn on_finished(&mut self, task: TaskId, view: ClusterView<'_>) {
        self.0.add(bounded_slowdown(task, view));
    }

    fn value(&self, _: &Measured<'_>) -> f64 {
        self.0.value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_runs_count_as_ten_seconds() {
        let seconds = |seconds: u64| SimDuration(seconds * 1_000_000);
        assert_eq!(slowdown(seconds(300), seconds(100)), 3.0);
        assert_eq!(slowdown(seconds(41), seconds(1)), 4.1);
        assert_eq!(slowdown(seconds(2), seconds(1)), 1.0);
    }

    /// A wait of 50 s before a run of 2 s.
    #[test]
    fn models_12_a_wait_of_50_before_a_run_of_2() {
        assert_eq!(slowdown(SimDuration(52_000_000), SimDuration(2_000_000)), 5.2);
    }
}
