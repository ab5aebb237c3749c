//! Rows of Alibaba's batch tasks, which stand for many alike instances.

use serde::Deserialize;

use super::Tally;

/// What Alibaba's tables say of a task.
pub(super) const STATUSES: [&str; 7] =
    ["Ready", "Waiting", "Running", "Terminated", "Failed", "Cancelled", "Interrupted"];

/// How many tasks such a row becomes at most: from 1, which it is unless stated otherwise, to 1000. Whole traces have
/// a thousand million instances; how many were left out is stated (`instances_left_out`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub struct MostInstances(pub u32);

impl Default for MostInstances {
    fn default() -> Self {
        Self(1)
    }
}

impl TryFrom<u32> for MostInstances {
    type Error = String;
    fn try_from(count: u32) -> Result<Self, String> {
        match count {
            1..=1000 => Ok(Self(count)),
            _ => Err(format!("{count} stands there, allowed is a whole number from 1 to 1000")),
        }
    }
}

impl MostInstances {
    /// How many tasks a row of so many instances becomes.
    pub(super) fn of(self, instances: u32, tally: &mut Tally) -> u32 {
        let taken = instances.min(self.0);
        tally.add("instances_left_out", u64::from(instances - taken));
        taken
    }
}
