//! Migrations that go through stages, over links that they share: how far each has come, and when its stage ends.
//!
//! ```text
//!   host 0 --egress--\                      /--ingress--> host 2
//!                     task 7, 5 of 10 MiB/s
//!                     task 9, 5 of 10 MiB/s
//!   host 1 --egress--/   (both come to host 2)
//! ```
//!
//! Where only so many move at a time from or to one host, others wait for their turn and run meanwhile. What one is given changes when another begins to send or has ended: then what was sent is settled, and the end of the stage
//! is scheduled anew, of those alone who share a link with it, directly or by others. Stages end between two microseconds; by
//! how much is carried on, so that a lone migration takes what its recurrence says, however many stages it has.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Engine;
use crate::cluster::{Moved, Outcome};
use crate::event::EventKind;
use crate::kernel::ids::{HostId, TaskId};
use crate::kernel::time::{SimDuration, SimTime};
use crate::models::max_min::max_min;
use crate::models::migration::course::{Course, Leg, Load, Need, Passed};
use crate::models::migration::gpu_checkpoint::DeviceLoad;
use crate::models::migration::{Migration, Mode};
use crate::resources::TaskShape;

/// One end of a link: what leaves a host, or what comes to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Egress(HostId),
    Ingress(HostId),
}

/// One migration on its way.
#[derive(Clone, Debug)]
pub(super) struct Transfer {
    course: Course,
    ends: [End; 2],
    /// True until it is its turn.
    is_waiting: bool,
    /// When it was.
    begun: SimTime,
    /// When what follows was true.
    since: SimTime,
    /// By how much later that really was, in seconds: less than a microsecond, or negative.
    offset_seconds: f64,
    /// What the stage still needs: mebibytes while it sends, seconds while it waits.
    left: f64,
    /// How fast that goes: mebibytes per second while it sends, 1 while it waits, 0 until it was told.
    rate: f64,
    is_sending: bool,
    /// For how long the stage has lasted.
    stage_seconds: f64,
    /// For how long the task stood still in stages that are over.
    stood_seconds: f64,
}

impl Transfer {
    /// What is left of the stage, in seconds.
    fn seconds_left(&self) -> f64 {
        self.left / self.rate
    }

    /// What was done until now is counted.
    fn settle(&mut self, now: SimTime) {
        let seconds = now.since(self.since).seconds() - self.offset_seconds;
        self.left -= self.rate * seconds;
        self.stage_seconds += seconds;
        (self.since, self.offset_seconds) = (now, 0.0);
    }

    /// The stage is over at this moment, or a part of a microsecond before or after it, which the next one begins with.
    fn end_stage(&mut self, now: SimTime) {
        let seconds = self.seconds_left();
        self.offset_seconds += seconds - now.since(self.since).seconds();
        self.since = now;
        self.stage_seconds += seconds;
        self.left = 0.0;
        if self.course.leg() == Leg::Standing {
            self.stood_seconds += self.stage_seconds;
        }
    }

    fn leg(&self) -> Leg {
        if self.is_waiting { Leg::Waiting } else { self.course.leg() }
    }

    fn pace(&self, migration: &Migration) -> f64 {
        if self.is_waiting {
            return 1.0;
        }
        self.course.pace(migration, if self.is_sending { self.rate } else { 0.0 })
    }
}

/// All migrations that go through stages.
#[derive(Clone, Debug, Default)]
pub(super) struct Transfers {
    of_task: BTreeMap<TaskId, Transfer>,
    /// Who sends over which end.
    senders: BTreeMap<End, BTreeSet<TaskId>>,
    /// How many have their turn at which end.
    turns: BTreeMap<End, u32>,
    /// Whose turn it is not yet, in the order in which they set out.
    waiting: VecDeque<TaskId>,
}

impl Transfers {
    /// True when one more may have its turn at these ends.
    fn has_turn(&self, ends: [End; 2], at_once: Option<u32>) -> bool {
        let has_turn =
            |end: &End| at_once.is_none_or(|most| self.turns.get(end).is_none_or(|&count| count < most));
        ends.iter().all(has_turn)
    }

    fn take_turn(&mut self, ends: [End; 2]) {
        ends.into_iter().for_each(|end| *self.turns.entry(end).or_default() += 1);
    }

    fn give_turn(&mut self, ends: [End; 2]) {
        for end in ends {
            let count = self.turns.get_mut(&end).expect("who had its turn was counted");
            *count -= 1;
            if *count == 0 {
                self.turns.remove(&end);
            }
        }
    }

    fn begin_sending(&mut self, task: TaskId, ends: [End; 2]) {
        for end in ends {
            self.senders.entry(end).or_default().insert(task);
        }
    }

    fn end_sending(&mut self, task: TaskId, ends: [End; 2]) {
        for end in ends {
            let senders = self.senders.get_mut(&end).expect("who sends stands at both ends");
            senders.remove(&task);
            if senders.is_empty() {
                self.senders.remove(&end);
            }
        }
    }

    /// Those who share with whoever sends over these ends, directly or by others, and the ends that they use; both in order.
    fn component(&self, ends: [End; 2]) -> (BTreeSet<TaskId>, Vec<End>) {
        let mut reached: BTreeSet<End> = ends.into();
        let mut open: Vec<End> = ends.into();
        let mut tasks = BTreeSet::new();
        while let Some(end) = open.pop() {
            for &task in self.senders.get(&end).into_iter().flatten() {
                if tasks.insert(task) {
                    open.extend(self.of_task[&task].ends.into_iter().filter(|&other| reached.insert(other)));
                }
            }
        }
        (tasks, reached.into_iter().collect())
    }

    /// What each of a component is given.
    fn shares(&self, ends: [End; 2], mib_per_second: f64) -> Vec<(TaskId, f64)> {
        let (tasks, links) = self.component(ends);
        let place =
            |end: End| links.binary_search(&end).expect("the ends of a component are among its links");
        let flows: Vec<[usize; 2]> = tasks.iter().map(|task| self.of_task[task].ends.map(place)).collect();
        tasks.into_iter().zip(max_min(&vec![mib_per_second; links.len()], &flows)).collect()
    }
}

/// What a task of this shape takes along.
pub(crate) fn load_of(shape: &TaskShape) -> Load {
    let devices = DeviceLoad {
        count: u32::from(shape.devices.count),
        share: f64::from(shape.devices.milli_each) / f64::from(crate::resources::WHOLE_DEVICE),
    };
    Load { memory_mib: shape.resources.memory_mib, devices }
}

impl Engine {
    /// A task sets out on a course, or waits for its turn; both hosts hold room for it.
    pub(super) fn begin_transfer(&mut self, task: TaskId) {
        let from = self.cluster.placement(task).host;
        let to = self.cluster.move_of(task).expect("it is on its way").to.host;
        let course = Course::new(&self.rules.migration, load_of(&self.held(task)));
        let (now, ends) = (self.cluster.now(), [End::Egress(from), End::Ingress(to)]);
        let transfer = Transfer {
            course,
            ends,
            is_waiting: true,
            begun: now,
            since: now,
            offset_seconds: 0.0,
            left: 0.0,
            rate: 0.0,
            is_sending: false,
            stage_seconds: 0.0,
            stood_seconds: 0.0,
        };
        self.transfers.of_task.insert(task, transfer);
        if !self.transfers.has_turn(ends, self.rules.migration.at_once) {
            self.transfers.waiting.push_back(task);
            self.outbox.push_back(EventKind::MigrationWentOn { task, leg: Leg::Waiting });
            return;
        }
        self.begin_turn(task);
        if course.leg() != Leg::Copying {
            self.outbox.push_back(EventKind::MigrationWentOn { task, leg: course.leg() });
        }
    }

    /// It is the turn of a task.
    fn begin_turn(&mut self, task: TaskId) {
        let now = self.cluster.now();
        let transfer = self.transfers.of_task.get_mut(&task).expect("it is on its way");
        (transfer.is_waiting, transfer.begun, transfer.since) = (false, now, now);
        let ends = transfer.ends;
        self.transfers.take_turn(ends);
        self.cluster.begin_sending(task);
        self.begin_stage(task);
        self.set_pace(task);
    }

    /// Somebody had its turn: whoever has waited longest of those who can have theirs now does.
    pub(super) fn begin_turns(&mut self) {
        let waiting = std::mem::take(&mut self.transfers.waiting);
        for task in waiting {
            let ends = self.transfers.of_task[&task].ends;
            if self.transfers.has_turn(ends, self.rules.migration.at_once) {
                self.begin_turn(task);
                let leg = self.transfers.of_task[&task].leg();
                self.outbox.push_back(EventKind::MigrationWentOn { task, leg });
            } else {
                self.transfers.waiting.push_back(task);
            }
        }
    }

    /// The present stage of a migration ends.
    pub(super) fn end_stage(&mut self, task: TaskId) {
        let (now, migration) = (self.cluster.now(), self.rules.migration);
        let Some(transfer) = self.transfers.of_task.get_mut(&task) else { return self.end_move(task) };
        let before = (transfer.course.leg(), transfer.pace(&migration));
        transfer.end_stage(now);
        let (seconds, rate) = (transfer.stage_seconds, transfer.rate);
        match transfer.course.pass(&migration, seconds, rate) {
            Passed::Stage => {
                self.begin_stage(task);
                let transfer = &self.transfers.of_task[&task];
                let leg = transfer.course.leg();
                if (leg, transfer.pace(&migration)) != before {
                    self.set_pace(task);
                    self.outbox.push_back(EventKind::MigrationWentOn { task, leg });
                }
            }
            Passed::Arrived => self.end_move(task),
            Passed::Failed(_) => {
                self.cancel_move(task, Outcome::Failed);
                self.set_pace(task);
            }
        }
    }

    fn begin_stage(&mut self, task: TaskId) {
        let migration = self.rules.migration;
        let transfer = self.transfers.of_task.get_mut(&task).expect("it is on its way");
        let (ends, was_sending) = (transfer.ends, transfer.is_sending);
        let need = transfer.course.need(&migration);
        transfer.stage_seconds = 0.0;
        transfer.is_sending = matches!(need, Need::Send(_));
        match need {
            // What the network gives does not change by going on.
            Need::Send(mib) if was_sending => {
                transfer.left = mib;
                self.schedule_end_of_stage(task);
            }
            Need::Send(mib) => {
                (transfer.left, transfer.rate) = (mib, 0.0);
                self.transfers.begin_sending(task, ends);
                self.share(ends);
            }
            Need::Wait(seconds) => {
                (transfer.left, transfer.rate) = (seconds, 1.0);
                self.schedule_end_of_stage(task);
                if was_sending {
                    self.transfers.end_sending(task, ends);
                    self.share(ends);
                }
            }
        }
    }

    /// Somebody has begun or ended to send over these ends: whoever shares with them is given something else.
    fn share(&mut self, ends: [End; 2]) {
        let (now, migration) = (self.cluster.now(), self.rules.migration);
        for (task, rate) in self.transfers.shares(ends, migration.bandwidth_mib_per_second) {
            let transfer = self.transfers.of_task.get_mut(&task).expect("who sends is on its way");
            if transfer.rate == rate {
                continue;
            }
            let is_new = transfer.rate == 0.0;
            if !is_new {
                transfer.settle(now);
            }
            transfer.rate = rate;
            self.schedule_end_of_stage(task);
            // Who has just begun is told of by whoever began it.
            if !is_new && self.transfers.of_task[&task].course.leg() == Leg::Following {
                self.set_pace(task);
                self.outbox.push_back(EventKind::MigrationWentOn { task, leg: Leg::Following });
            }
        }
    }

    fn schedule_end_of_stage(&mut self, task: TaskId) {
        let transfer = &self.transfers.of_task[&task];
        let seconds = (transfer.offset_seconds + transfer.seconds_left()).max(0.0);
        let since = transfer.since;
        let after = SimDuration::from_seconds(seconds).unwrap_or(SimDuration::MAX);
        let serial = self.next_serial();
        self.cluster.reschedule_move(task, since + after, serial);
        self.schedule_arrival(after, task, serial);
    }

    /// A task is not on its way any more, wherever it is. Says how that went.
    pub(super) fn end_transfer(&mut self, task: TaskId, outcome: Outcome) -> Moved {
        let (ended, migration) = (self.cluster.now(), self.rules.migration);
        let since = self.cluster.move_of(task).expect("it is on its way").since;
        let Some(mut transfer) = self.transfers.of_task.remove(&task) else {
            let memory_mib = f64::from(self.held(task).resources.memory_mib);
            let passed = ended.since(since).seconds() * migration.bandwidth_mib_per_second;
            let sent_mib = if outcome == Outcome::Arrived { memory_mib } else { passed.min(memory_mib) };
            return Moved { since, ended, sent_mib, downtime_seconds: 0.0, outcome };
        };
        if transfer.is_waiting {
            self.transfers.waiting.retain(|&other| other != task);
            return Moved { since: ended, ended, sent_mib: 0.0, downtime_seconds: 0.0, outcome };
        }
        let since = transfer.begun;
        let mut sent_mib = transfer.course.sent_mib();
        if outcome == Outcome::GivenUp {
            transfer.settle(ended);
            if let Need::Send(mib) = transfer.course.need(&migration) {
                sent_mib += (mib - transfer.left).max(0.0);
            }
            if transfer.course.leg() == Leg::Standing {
                transfer.stood_seconds += transfer.stage_seconds.max(0.0);
            }
        }
        if transfer.is_sending {
            self.transfers.end_sending(task, transfer.ends);
            self.share(transfer.ends);
        }
        self.transfers.give_turn(transfer.ends);
        Moved { since, ended, sent_mib, downtime_seconds: transfer.stood_seconds, outcome }
    }

    /// The share of its speed that a task has because it is on its way; 1 when it is not.
    pub(crate) fn pace_on_the_way(&self, task: TaskId) -> f64 {
        let migration = &self.rules.migration;
        match self.transfers.of_task.get(&task) {
            Some(transfer) => transfer.pace(migration),
            None if self.cluster.move_of(task).is_some() => 1.0 - migration.slowdown,
            None => 1.0,
        }
    }

    /// How a task that is on its way gets on; nothing where it is not.
    pub(crate) fn leg_of(&self, task: TaskId) -> Option<Leg> {
        match self.transfers.of_task.get(&task) {
            Some(transfer) => Some(transfer.leg()),
            None => self.cluster.move_of(task).map(|_| Leg::Copying),
        }
    }

    /// True when somebody stands still who will go on, and end.
    pub(super) fn is_somebody_standing(&self) -> bool {
        let stands = |(&task, transfer): (&TaskId, &Transfer)| {
            transfer.leg() == Leg::Standing && !self.workload.is_censored(task)
        };
        self.transfers.of_task.iter().any(stands)
    }

    /// True when migrations go through stages.
    pub(super) fn has_stages(&self) -> bool {
        self.rules.migration.mode != Mode::SendOnce
    }
}
