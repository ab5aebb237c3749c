//! How fast tasks get on: at full speed unless they are moved, their host is clocked down, or it slows them. On its way a task
//! may stand still.
//!
//! Most tasks of most episodes always run at full speed from their start to their end, and nothing is kept of them here. On
//! hosts that slow their work (`sim/src/engine/slowdown.rs`) all tasks are looked at whenever something changes there.

use super::{Engine, What};
use crate::control::Governor;
use crate::kernel::ids::{HostId, TaskId};
use crate::kernel::time::{SimDuration, SimTime};
use crate::models::power::slowdown_at_frequency;

/// Who needs longer than this never ends, in microseconds: times are whole numbers up to 2^53 of them, 285 years.
const LONGEST: f64 = 9_007_199_254_740_992.0;

/// What is known of a task that was evicted and goes on, or did not always run at full speed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Life {
    /// How long it had run before its present start: its use over time goes on from there.
    pub(super) age: SimDuration,
    /// The work it had done at `since`, with what was to be made ready first.
    done: SimDuration,
    /// What had to be made ready before its present start, in time at full speed.
    ready: SimDuration,
    since: SimTime,
    /// Work per time.
    speed: f64,
    /// When it will have done all of it; another time that was once scheduled is stale.
    pub(super) finish: SimTime,
}

impl Life {
    fn done_at(&self, now: SimTime) -> SimDuration {
        let passed = now.since(self.since);
        if self.speed == 1.0 {
            return self.done + passed;
        }
        self.done + SimDuration((passed.0 as f64 * self.speed).round() as u64)
    }
}

impl Engine {
    /// How long a task had run before its present start.
    pub(super) fn age_at_start(&self, task: TaskId) -> SimDuration {
        match self.lives.is_empty() {
            true => SimDuration::ZERO,
            false => self.lives.get(&task).map_or(SimDuration::ZERO, |life| life.age),
        }
    }

    /// True when a finish that was scheduled for this moment is the one that counts.
    pub(super) fn is_finish(&self, task: TaskId, time: SimTime) -> bool {
        self.lives.is_empty() || self.lives.get(&task).is_none_or(|life| life.finish == time)
    }

    /// A task has just started: its end is scheduled, unless its life outlasts the episode.
    pub(super) fn set_out(&mut self, task: TaskId, host: HostId) {
        let mut ready = self.cluster.take_readying(task);
        if self.slows(host) {
            // What is made ready takes its time, whatever slows the work that waits for it.
            if ready > SimDuration::ZERO {
                let own = self.slowdowns_on(host).into_iter().find(|(other, _)| *other == task);
                let slowdown = own.map_or(1.0, |(_, slowdown)| slowdown);
                ready = SimDuration((ready.0 as f64 * self.speed_on(host) / slowdown).round() as u64);
            }
            let (age, done) = self.lives.get(&task).map_or(Default::default(), |life| (life.age, life.done));
            let since = self.cluster.now();
            // At no speed yet, so that whatever it turns out to be is another one and its end is scheduled.
            self.lives.insert(task, Life { age, done, ready, since, speed: 0.0, finish: SimTime::MAX });
            self.set_pace_on(host);
            return;
        }
        let speed = self.speed_on(host);
        let kept = self.lives.get(&task).copied();
        if kept.is_none() && speed == 1.0 && ready == SimDuration::ZERO {
            if !self.workload.is_censored(task) {
                self.schedule(self.workload.work(task), task, What::Finish);
            }
            return;
        }
        let (age, done) = kept.map_or(Default::default(), |life| (life.age, life.done));
        let since = self.cluster.now();
        self.run_on(task, Life { age, done, ready, since, speed, finish: SimTime::MAX });
    }

    /// The task goes on with this life: its end is scheduled anew, unless it stands still.
    fn run_on(&mut self, task: TaskId, mut life: Life) {
        life.finish = SimTime::MAX;
        if life.speed > 0.0 && !self.workload.is_censored(task) {
            let left = self.workload.work(task) + life.ready - life.done;
            let after = match life.speed == 1.0 {
                true => left,
                false => SimDuration((left.0 as f64 / life.speed).ceil().min(LONGEST) as u64),
            };
            // Whoever hardly moves is not done within anybody's time.
            if after.0 < LONGEST as u64 {
                life.finish = self.cluster.now() + after;
                self.schedule(after, task, What::Finish);
            }
        }
        self.lives.insert(task, life);
    }

    /// A task leaves its host before its end: what it has done is kept.
    pub(super) fn keep_life(&mut self, task: TaskId) {
        let now = self.cluster.now();
        let started = self.cluster.tasks[task].since;
        let ran = now.since(started);
        let kept = self.lives.get(&task).copied();
        let worked = |life: Life| SimDuration(life.done_at(now).0.saturating_sub(life.ready.0));
        let (age, done) = kept.map_or((ran, ran), |life| (life.age + ran, worked(life)));
        let ready = SimDuration::ZERO;
        self.lives.insert(task, Life { age, done, ready, since: now, speed: 1.0, finish: SimTime::MAX });
    }

    /// What a task had done is lost.
    pub(super) fn forget_life(&mut self, task: TaskId) {
        if !self.lives.is_empty() {
            self.lives.remove(&task);
        }
    }

    /// The speed of tasks on a host.
    fn speed_on(&self, host: HostId) -> f64 {
        match self.cluster.control(host).governor {
            Governor::OnDemand | Governor::Full => 1.0,
            Governor::Step(_) => {
                1.0 / slowdown_at_frequency(self.rules.cpu_bound.0, self.cluster.frequency(host))
            }
        }
    }

    /// Something changed that may make a running task faster or slower.
    pub(super) fn set_pace(&mut self, task: TaskId) {
        let host = self.cluster.placement(task).host;
        if self.slows(host) {
            return self.set_pace_on(host);
        }
        self.set_speed(task, self.speed_on(host) * self.pace_on_the_way(task));
    }

    fn set_speed(&mut self, task: TaskId, speed: f64) {
        let now = self.cluster.now();
        let life = self.lives.get(&task).copied();
        if life.map_or(1.0, |life| life.speed) == speed {
            return;
        }
        let started = self.cluster.tasks[task].since;
        let life = life.unwrap_or(Life {
            age: SimDuration::ZERO,
            done: SimDuration::ZERO,
            ready: SimDuration::ZERO,
            since: started,
            speed: 1.0,
            finish: SimTime::MAX,
        });
        // Rounded up, the end may lie a microsecond beyond the work.
        let done = life.done_at(now).min(self.workload.work(task) + life.ready);
        self.run_on(task, Life { done, since: now, speed, ..life });
    }

    /// How fast a running task gets on: 1 as its trace says.
    pub(crate) fn speed(&self, task: TaskId) -> f64 {
        self.lives.get(&task).map_or(1.0, |life| life.speed)
    }

    /// Works out anew how fast everybody gets on; for tests.
    ///
    /// # Panics
    /// When somebody gets on at another speed.
    pub(super) fn assert_pace(&self) {
        for host in self.cluster.topology().hosts().filter(|&host| self.slows(host)) {
            for (task, slowdown) in self.slowdowns_on(host) {
                let expected = self.speed_on(host) * self.pace_on_the_way(task) / slowdown;
                assert_eq!(self.speed(task), expected, "task {task} on host {host} gets on as it should");
            }
        }
    }

    /// As [`Engine::set_pace_on`], where a change to one task of a host may change the others.
    pub(super) fn set_pace_of_neighbours(&mut self, host: HostId) {
        if self.slows(host) {
            self.set_pace_on(host);
        }
    }

    /// As [`Engine::set_pace`], of every task on a host.
    pub(super) fn set_pace_on(&mut self, host: HostId) {
        if self.slows(host) {
            for (task, slowdown) in self.slowdowns_on(host) {
                self.set_speed(task, self.speed_on(host) * self.pace_on_the_way(task) / slowdown);
            }
            return;
        }
        let tasks: Vec<TaskId> = self.cluster.hosted(host).collect();
        tasks.into_iter().for_each(|task| self.set_pace(task));
    }
}
