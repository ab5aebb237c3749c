//! Moving a running task to another host: what it takes, and what the task feels of it.
//!
//! * `send_once`, the default: CloudSim's model. `memory / bandwidth` long, while which the task gets 10 % less cpu. Pages that
//!   change meanwhile, the moment of the change itself, and links that are shared are not in it.
//! * everything else: a course through stages (`course`), each of which takes time or a part of the network. What the network
//!   gives is shared by whoever moves over the same ends (`models::max_min`).
//!
//! What runs here are rates and rules; time passes in the engine alone.

pub mod course;
pub mod gpu_checkpoint;
pub mod post_copy;
pub mod pre_copy;
mod presets;

use serde::{Deserialize, Serialize};

use crate::kernel::time::SimDuration;
use crate::models::dirtying::Dirtying;
use course::{Forecast, Load};
use gpu_checkpoint::Checkpoint;
use post_copy::PostCopy;
use pre_copy::PreCopy;

/// How a running task is moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// All of its memory once, without any downtime.
    #[default]
    SendOnce,
    /// In rounds while it runs, the last one while it stands still.
    PreCopy,
    /// It goes on at the other host, and its memory follows.
    PostCopy,
    /// One round, then what it left follows.
    Hybrid,
    /// It is stopped, saved, sent and loaded again.
    Checkpoint,
}

/// What a migration costs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Migration {
    /// What one migration gets of the network; in every mode but `send_once`, what either end of it has for all that leave it,
    /// and for all that come.
    pub bandwidth_mib_per_second: f64,
    /// The share of its speed that a task loses while it is copied.
    pub slowdown: f64,
    /// What either host draws more while it lasts, as a share of the difference between its full and its idle power.
    pub power_share: f64,
    /// How.
    pub mode: Mode,
    /// The most migrations that leave a host, and that come to it, at a time: others wait for their turn, and run meanwhile.
    /// `None` for no limit; `send_once` knows none.
    pub at_once: Option<u32>,
    /// `t_r`: what stopping and resuming cost beside what is sent, in seconds.
    pub resume_seconds: f64,
    /// How guests change their memory.
    pub dirtying: Dirtying,
    /// When rounds end.
    pub pre_copy: PreCopy,
    /// What follows a guest that went on.
    pub post_copy: PostCopy,
    /// How tasks move that hold devices.
    pub checkpoint: Checkpoint,
}

impl Default for Migration {
    /// Ten gigabits per second of which 80 % are used; 10 % slower (CloudSim); 10 % of the dynamic power on both ends
    /// (assumed).
    fn default() -> Self {
        Self::SEND_ONCE
    }
}

impl Migration {
    /// How long it takes to send this much memory, rounded to the nearest microsecond.
    pub fn duration(&self, memory_mib: u32) -> SimDuration {
        let seconds = f64::from(memory_mib) / self.bandwidth_mib_per_second;
        SimDuration::from_seconds(seconds).unwrap_or(SimDuration::MAX)
    }

    /// How a migration goes that has the network for itself.
    pub fn forecast(&self, load: Load) -> Forecast {
        if self.mode != Mode::SendOnce {
            return course::alone(self, load);
        }
        Forecast {
            total_seconds: self.duration(load.memory_mib).seconds(),
            downtime_seconds: 0.0,
            sent_mib: f64::from(load.memory_mib),
            rounds: 1,
            stall: None,
            arrives: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// models 5.5, example 3: 1024 MB over half of 1 Gb/s are about 16 s; the four sizes of the PlanetLab benchmark.
    #[test]
    fn models_5_5_3_memory_over_bandwidth() {
        let cloudsim = Migration { bandwidth_mib_per_second: 62.5, ..Migration::default() };
        let seconds = |memory| cloudsim.duration(memory).seconds();
        assert!((seconds(1024) - 16.384).abs() < 1e-9);
        assert_eq!([870, 1740, 613].map(seconds), [13.92, 27.84, 9.808]);
        let forecast = cloudsim.forecast(Load::memory(1024));
        assert_eq!((forecast.total_seconds, forecast.downtime_seconds), (16.384, 0.0));
    }
}
