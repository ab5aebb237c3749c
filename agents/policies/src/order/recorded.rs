//! The order in which the source says that tasks were started, each at the very time that it records: a replay of
//! what was decided then.
//!
//! ```text
//!   joins --- start still to come --> later   a heap by start; the engine is asked to wake up for its first
//!     |                                 | its time has come
//!     +------ start is now, or past ----+--> due   whoever finds room starts, by (recorded start, id)
//! ```
//!
//! A due task for which there is no room, because the log gives out more than there is, waits, and starts as soon as
//! there is; it blocks nobody. The discipline of the scenario has no say: who passes whom was decided long ago. A gang is
//! due when the last of its members is. Each task costs O(log n).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use serde::Deserialize;
use sim::cluster::Status;
use sim::decision::{Decision, Request};
use sim::kernel::ids::TaskId;
use sim::kernel::rng::Seed;
use sim::kernel::time::SimTime;
use sim::view::ClusterView;

use super::queue::{ByShape, Entry};
use crate::policy::Policy;

pub(super) const HELP: &str = "as the trace records it: everyone at its recorded start, whatever the discipline";

/// What becomes of tasks of which no start is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Unrecorded {
    /// They start as soon as they fit, as if their recorded start were their submission.
    #[default]
    WhenItFits,
    /// They never ran, and are turned away when they are asked about.
    Reject,
}

/// Options of the order.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    unrecorded: Unrecorded,
}

struct Recorded {
    options: Options,
    /// How much of the queue was read.
    cursor: usize,
    /// Whose start is still to come.
    later: BinaryHeap<Reverse<(SimTime, TaskId)>>,
    /// Whose start has come.
    due: ByShape,
}

pub(super) fn policy(options: Options) -> impl Policy {
    Recorded { options, cursor: 0, later: BinaryHeap::new(), due: ByShape::default() }
}

/// The recorded start of a task; of a gang, the last of its members'.
fn start(view: ClusterView<'_>, task: TaskId) -> Option<SimTime> {
    view.gang(task).filter_map(|member| view.recorded_start(member)).max()
}

impl Recorded {
    fn read_joined(&mut self, view: ClusterView<'_>) {
        let (next, joined) = view.joined_since(self.cursor);
        self.cursor = next;
        for &task in joined.iter().filter(|&&task| view.status(task) == Status::Waiting) {
            match start(view, task) {
                Some(start) if start > view.now() => self.later.push(Reverse((start, task))),
                start => self.due.push(view, entry(start.unwrap_or(view.submit(task)), task)),
            }
        }
    }

    /// Moves over whose time has come, forgets who left, and says when the next one is due.
    fn next_due(&mut self, view: ClusterView<'_>) -> Option<SimTime> {
        while let Some(&Reverse((start, task))) = self.later.peek() {
            let waits = view.status(task) == Status::Waiting;
            if waits && start > view.now() {
                return Some(start);
            }
            self.later.pop();
            if waits {
                self.due.push(view, entry(start, task));
            }
        }
        None
    }

    fn turns_away(&self, view: ClusterView<'_>, task: TaskId) -> bool {
        self.options.unrecorded == Unrecorded::Reject && start(view, task).is_none()
    }
}

/// Microseconds of a workload, and ids of tasks, are exact as floats.
fn entry(start: SimTime, task: TaskId) -> Entry {
    Entry::new([start.0 as f64, f64::from(task.0)], 0, task)
}

impl Policy for Recorded {
    fn decide(&mut self, view: ClusterView<'_>, request: Request) -> Decision {
        if let Request::Place { task } = request {
            return if self.turns_away(view, task) { Decision::Reject } else { Decision::Defer };
        }
        self.read_joined(view);
        let next_due = self.next_due(view);
        match (self.due.next(view), next_due) {
            (Some(task), _) => Decision::Select(task),
            (None, Some(start)) => Decision::DeferUntil(start),
            (None, None) => Decision::Defer,
        }
    }

    fn reset(&mut self, _: Seed) {
        self.cursor = 0;
        self.later.clear();
        self.due.clear();
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::Choice;
    use crate::scheduler::Backfilling;
    use crate::testing::{starts_in_order, story_in_order};

    fn starts(work: &str, hosts: &str) -> Vec<u64> {
        let mut all = Backfilling::ALL.iter().filter(|known| hosts.split('|').count() == 1 || known.1 == "skip");
        let first = starts_in_order("recorded", work, hosts, all.next().expect("there are several").0);
        for (backfilling, ..) in all {
            assert_eq!(starts_in_order("recorded", work, hosts, *backfilling), first, "{backfilling:?}");
        }
        first
    }

    /// The second starts before the first, although both fit when they come, and the third when the first ends.
    #[test]
    fn everyone_starts_when_the_trace_says() {
        let work = "at 0 cpu 2 work 5 started 7 | at 1 cpu 2 work 3 started 2 | at 1 cpu 4 work 9 started 12";
        assert_eq!(starts(work, "cpu 4"), [7, 2, 12]);
        assert_eq!(starts(work, "cpu 4 | cpu 4"), [7, 2, 12]);
    }

    /// What ends in a second makes room for what starts in it; what takes no time makes room at once.
    #[test]
    fn ends_of_an_instant_make_room_for_its_starts() {
        let work = "at 0 cpu 4 work 5 started 0 | at 0 cpu 4 work 0 started 5 | at 0 cpu 4 work 2 started 5";
        assert_eq!(starts(work, "cpu 4"), [0, 5, 5]);
    }

    /// The log has five of four cores in use at 2: the second is late, and blocks neither the third nor the fifth. It goes
    /// before the fourth, which was recorded later and finds no room beside it.
    #[test]
    fn who_finds_no_room_waits_and_blocks_nobody() {
        let work = "at 0 cpu 3 work 8 started 0 | at 0 cpu 2 work 4 started 2 | at 0 cpu 1 work 1 started 3 \
                    | at 0 cpu 3 work 1 started 6 | at 5 cpu 1 work 1 started 5";
        assert_eq!(starts(work, "cpu 4"), [0, 8, 3, 12, 5]);
    }

    /// Equal starts go by id.
    #[test]
    fn equal_starts_go_in_order_of_submission() {
        let work = "at 0 cpu 3 work 4 started 2 | at 1 cpu 2 work 4 started 2 | at 1 cpu 1 work 4 started 2";
        assert_eq!(starts(work, "cpu 4"), [2, 6, 2]);
    }

    #[test]
    fn a_gang_starts_when_it_is_recorded() {
        let work = "at 0 cpu 2 work 5 gang 2 started 3 | at 1 cpu 4 work 1 started 8";
        assert_eq!(starts(work, "cpu 4"), [3, 3, 8]);
    }

    #[test]
    fn who_is_not_recorded_starts_when_it_fits_or_never_ran() {
        let work = "at 0 cpu 3 work 5 started 1 | at 0 cpu 4 work 1 | at 3 cpu 1 work 1 started 4";
        assert_eq!(starts(work, "cpu 4"), [1, 0, 4], "the second is there first");
        let mut reject = Choice::from("recorded");
        reject.options.insert("unrecorded".into(), "reject".into());
        let story = story_in_order(reject, work, "cpu 4");
        let expected = ["0: task 0 came", "0: task 1 came", "0: task 1 left (Policy)", "1: task 0 started on host 0"];
        assert_eq!(story[..4], expected);
        assert_eq!(story[5], "4: task 2 started on host 0");
    }
}
