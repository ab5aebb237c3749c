//! The rules of a scenario: what the engine does that is no policy's decision.

use serde::{Deserialize, Serialize};

use crate::kernel::time::SimTime;
use crate::models::facility::Facility;

/// Which of two events of one instant takes effect first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventOrder {
    /// What ends makes room before what comes is counted.
    #[default]
    ReleasesFirst,
    /// As some published programs have it.
    ArrivalsFirst,
}

/// When the engine asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecideAfter {
    /// After all events of an instant have taken effect.
    #[default]
    EachInstant,
    /// After each single event, as some published programs do.
    EachEvent,
}

/// What becomes of a task for which there is no place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenNoPlace {
    /// It waits.
    #[default]
    Wait,
    /// It leaves at once.
    Reject,
}

/// What becomes of the work that an evicted task has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterEviction {
    /// It is lost: the task starts from the beginning.
    #[default]
    Restart,
    /// It is kept: the task goes on where it was.
    Resume,
}

/// All rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Which of two events of one instant takes effect first.
    pub event_order: EventOrder,
    /// When the engine asks.
    pub decide_after: DecideAfter,
    /// What becomes of a task for which there is no place.
    pub when_no_place: WhenNoPlace,
    /// What becomes of the work that an evicted task has done.
    pub after_eviction: AfterEviction,
    /// The episode ends here, whatever still waits or runs; `None` when nothing more can happen.
    pub horizon: Option<SimTime>,
    /// The building.
    pub facility: Facility,
}
