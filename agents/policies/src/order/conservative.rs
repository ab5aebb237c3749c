//! Conservative backfilling on a pool (Mu'alem and Feitelson, TPDS 12(6), 2001).
//!
//! Every waiting task holds a reservation in a profile of free capacity. A task starts when its reservation
//! begins; a new one is promised the earliest time that moves nobody. When something ended early, reservations
//! are compressed in the order of the queue: each moves to the earliest time that is free, which is never later
//! than what it had. A task that outlives its declared end is taken to end a moment from now.

use std::collections::BTreeMap;

use sim::decision::{Decision, Request};
use sim::kernel::ids::TaskId;
use sim::kernel::rng::Seed;
use sim::kernel::time::{SimDuration, SimTime};
use sim::resources::Resources;
use sim::view::ClusterView;

use super::OrderKey;
use super::easy::declared_end;
use super::pool::{self, POOL};
use super::queue::Sorted;
use crate::policy::Policy;

const A_MOMENT: SimDuration = SimDuration(1);

pub(crate) struct Conservative {
    queue: Sorted,
    /// What each waiting task was promised.
    promised: BTreeMap<TaskId, SimTime>,
}

impl Conservative {
    pub(crate) fn new(key: Box<dyn OrderKey>) -> Self {
        Self { queue: Sorted::new(key), promised: BTreeMap::new() }
    }
}

/// Capacity that is free from each time on, until the next one.
struct Profile(Vec<(SimTime, Resources)>);

impl Profile {
    /// What is free as running tasks end as declared.
    fn of_running(view: ClusterView<'_>) -> Self {
        let now = view.now();
        let mut ends: Vec<(SimTime, Resources)> = view
            .hosted(POOL)
            .map(|task| (declared_end(view, task).max(now + A_MOMENT), view.shape(task).resources))
            .collect();
        ends.sort_unstable_by_key(|&(end, _)| end);
        let mut steps = vec![(now, view.free()[0])];
        for (end, resources) in ends {
            let (last, free) = *steps.last().expect("it has a first step");
            let step = (end, free.plus(resources));
            match last == end {
                true => *steps.last_mut().expect("it has a first step") = step,
                false => steps.push(step),
            }
        }
        Self(steps)
    }

    /// The earliest time from which `need` is free for as long as the task runs; `None` when it never is.
    fn earliest(&self, need: Resources, run: SimDuration) -> Option<SimTime> {
        let mut start = None;
        for (index, &(time, free)) in self.0.iter().enumerate() {
            if !free.covers(need) {
                start = None;
                continue;
            }
            let begin = *start.get_or_insert(time);
            if self.0.get(index + 1).is_none_or(|&(next, _)| next >= begin + run) {
                return Some(begin);
            }
        }
        None
    }

    /// True when `need` is free from `start`, which is not in the past, for as long as the task runs.
    fn is_free(&self, need: Resources, start: SimTime, run: SimDuration) -> bool {
        let first = self.0.partition_point(|&(time, _)| time <= start);
        let during = self.0[first.saturating_sub(1)..].iter().take_while(|&&(time, _)| time < start + run);
        first > 0 && during.map(|&(_, free)| free).all(|free| free.covers(need))
    }

    fn reserve(&mut self, need: Resources, start: SimTime, run: SimDuration) {
        self.change(start, run, |free| free.minus(need));
    }

    fn give_back(&mut self, need: Resources, start: SimTime, run: SimDuration) {
        self.change(start, run, |free| free.plus(need));
    }

    fn change(&mut self, start: SimTime, run: SimDuration, change: impl Fn(Resources) -> Resources) {
        let end = start + run;
        self.split(start);
        self.split(end);
        for (_, free) in self.0.iter_mut().filter(|&&mut (time, _)| time >= start && time < end) {
            *free = change(*free);
        }
    }

    fn split(&mut self, at: SimTime) {
        let next = self.0.partition_point(|&(time, _)| time < at);
        if next > 0 && self.0.get(next).is_none_or(|&(time, _)| time != at) {
            let free = self.0[next - 1].1;
            self.0.insert(next, (at, free));
        }
    }
}

impl Conservative {
    /// Everyone's reservation, and the first task whose reservation begins now.
    fn plan(&mut self, view: ClusterView<'_>) -> Option<TaskId> {
        let waiting: Vec<TaskId> = self.queue.waiting(view).iter().map(|entry| entry.task).collect();
        let mut profile = Profile::of_running(view);
        let facts =
            |task: TaskId| (pool::need(view, task), view.estimate(task).unwrap_or_default().max(A_MOMENT));
        let mut plan: Vec<(TaskId, Option<SimTime>)> = Vec::with_capacity(waiting.len());
        // Whoever lacks devices now, and not cpu and memory, is not planned for.
        for task in waiting.into_iter().filter(|&task| !pool::is_impeded(view, task)) {
            let (need, run) = facts(task);
            let kept = self.promised.get(&task).copied();
            let start = kept.filter(|&start| profile.is_free(need, start, run));
            if let Some(start) = start {
                profile.reserve(need, start, run);
            }
            plan.push((task, start));
        }
        for (task, start) in &mut plan {
            let (need, run) = facts(*task);
            if let Some(start) = *start {
                profile.give_back(need, start, run);
            }
            *start = profile.earliest(need, run);
            if let Some(start) = *start {
                profile.reserve(need, start, run);
            }
        }
        let next = plan.iter().find(|&&(_, start)| start == Some(view.now())).map(|&(task, _)| task);
        self.promised = plan.into_iter().filter_map(|(task, start)| Some((task, start?))).collect();
        next
    }
}

impl Policy for Conservative {
    fn decide(&mut self, view: ClusterView<'_>, _: Request) -> Decision {
        self.plan(view).map_or_else(|| self.queue.nobody(view), Decision::Select)
    }

    fn reset(&mut self, seed: Seed) {
        self.queue.reset(seed);
        self.promised.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cores(count: u32) -> Resources {
        Resources { cpu_milli: count * 1000, memory_mib: 0 }
    }

    fn profile(steps: &[(u64, u32)]) -> Profile {
        Profile(steps.iter().map(|&(time, free)| (SimTime(time), cores(free))).collect())
    }

    #[test]
    fn the_earliest_time_is_free_for_the_whole_run() {
        let profile = profile(&[(0, 2), (10, 1), (20, 4)]);
        assert_eq!(profile.earliest(cores(2), SimDuration(10)), Some(SimTime(0)));
        assert_eq!(profile.earliest(cores(2), SimDuration(11)), Some(SimTime(20)));
        assert_eq!(profile.earliest(cores(1), SimDuration(1000)), Some(SimTime(0)));
        assert_eq!(profile.earliest(cores(5), SimDuration(1)), None);
    }

    #[test]
    fn what_is_reserved_and_given_back_leaves_no_trace_in_capacity() {
        let mut profile = profile(&[(0, 4)]);
        profile.reserve(cores(3), SimTime(5), SimDuration(10));
        assert!(!profile.is_free(cores(2), SimTime(0), SimDuration(6)));
        assert!(profile.is_free(cores(2), SimTime(0), SimDuration(5)));
        assert!(profile.is_free(cores(4), SimTime(15), SimDuration(5)));
        profile.give_back(cores(3), SimTime(5), SimDuration(10));
        assert!(profile.is_free(cores(4), SimTime(0), SimDuration(100)));
    }
}
