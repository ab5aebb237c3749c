//! Everything that can happen, in one enum.

use crate::decision::Placement;
use crate::kernel::ids::{HostId, TaskId};
use crate::kernel::time::SimTime;

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
}

// A stream of events costs nothing to pass on as long as one fits into a few registers.
const _: () = assert!(std::mem::size_of::<Event>() <= 32);
