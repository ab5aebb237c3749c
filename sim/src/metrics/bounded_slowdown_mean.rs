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

fn bounded_slowdown(turnaround: SimDuration, run: SimDuration) -> f64 {
    (turnaround.seconds() / run.max(SHORTEST_RUN).seconds()).max(1.0)
}

impl Metric for Watch {
    const UNIT: &'static str = "1";
    const BETTER: Better = Better::Lower;
    const SUBJECT: Subject = Subject::Tasks;
    const HELP: &'static str = "(wait + run) / max(run, 10 s), at least 1, mean over finished tasks";

    fn on_finished(&mut self, task: TaskId, view: ClusterView<'_>) {
        let run = view.now().since(view.started(task));
        self.0.add(bounded_slowdown(view.now().since(view.submit(task)), run));
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
        assert_eq!(bounded_slowdown(seconds(300), seconds(100)), 3.0);
        assert_eq!(bounded_slowdown(seconds(41), seconds(1)), 4.1);
        assert_eq!(bounded_slowdown(seconds(2), seconds(1)), 1.0);
    }
}
