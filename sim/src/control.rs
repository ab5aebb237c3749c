//! What an operator can do with a host: put it to sleep, and set how fast its cpu runs.

use serde::{Deserialize, Serialize};

/// Where a host stands between on and asleep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It takes tasks.
    #[default]
    On,
    /// On its way to sleep.
    GoingDown,
    /// It draws next to nothing and takes no task.
    Asleep,
    /// On its way back.
    Booting,
}

/// How fast the cpu of a host runs, and what follows from that for its power.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Governor {
    /// At full frequency; power follows what is in use.
    #[default]
    OnDemand,
    /// At full frequency and full power whatever is in use: nothing is ever clocked down.
    Full,
    /// At this one of its model's frequencies, counted from 0.
    Step(u8),
}
