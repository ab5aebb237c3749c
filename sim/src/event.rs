//! Everything that can happen, in one enum.

use crate::control::Phase;
use crate::decision::Placement;
use crate::kernel::ids::{HostId, TaskId};
use crate::kernel::time::SimTime;
use crate::models::migration::course::Leg;

/// A fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// When it happened.
    pub time: SimTime,
    /// What happened.
    pub kind: EventKind,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A task came and waits.
    TaskSubmitted {
        /// Which.
        task: TaskId,
    },
    /// A task began to run.
    TaskStarted {
        /// Which, and where.
        placement: Placement,
    },
    /// A task has done its work.
    TaskFinished {
        /// Which.
        task: TaskId,
        /// Where it ran.
        host: HostId,
    },
    /// A running task was thrown out and waits again.
    TaskEvicted {
        /// Which.
        task: TaskId,
        /// Where it ran.
        host: HostId,
        /// Why.
        cause: Cause,
    },
    /// A task left without having finished.
    TaskRejected {
        /// Which.
        task: TaskId,
        /// Why.
        cause: Cause,
    },
    /// A running task uses more or less than before.
    UseChanged {
        /// Which.
        task: TaskId,
        /// Where it runs.
        host: HostId,
    },
    /// A running task is on its way to another host, which holds room for it.
    MigrationStarted {
        /// Which, and where it goes.
        placement: Placement,
    },
    /// A task has arrived where it was sent.
    MigrationEnded {
        /// Which.
        task: TaskId,
        /// Where it ran before.
        from: HostId,
        /// Where it runs now.
        to: HostId,
    },
    /// A task that was on its way is not any more: it ended, was thrown out, or stays where it is.
    MigrationCancelled {
        /// Which.
        task: TaskId,
        /// Where it would have gone.
        to: HostId,
    },
    /// A task that is on its way gets on in another way than before: slower, not at all, or at the other host.
    MigrationWentOn {
        /// Which.
        task: TaskId,
        /// How.
        leg: Leg,
    },
    /// A host goes to sleep, sleeps, boots or is on again.
    PhaseChanged {
        /// Which.
        host: HostId,
        /// Where it stands now.
        phase: Phase,
    },
    /// The cpu of a host runs in another way.
    Governed {
        /// Which.
        host: HostId,
    },
    /// A running task holds more or less than before.
    Resized {
        /// Which.
        task: TaskId,
        /// Where it runs.
        host: HostId,
    },
    /// The period of the third question has passed; the question comes when the instant is over.
    PeriodPassed,
    /// The agent on a host turned a task away that was placed there.
    TurnedAway {
        /// Which.
        task: TaskId,
        /// Where.
        host: HostId,
    },
    /// A task that was placed on devices wanted to touch more of their memory than was left of it.
    OutOfMemory {
        /// Which.
        task: TaskId,
        /// Where.
        host: HostId,
    },
}

/// Why something happened to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A policy said so.
    Policy,
    /// There was no place, and the rules let nobody wait.
    NoPlace,
    /// It had waited for as long as it would.
    Patience,
    /// The agent on a host turned it away, or it ran out of memory there.
    Admission,
}

// A stream of events costs nothing to pass on as long as one fits into a few registers.
const _: () = assert!(std::mem::size_of::<Event>() <= 32);
