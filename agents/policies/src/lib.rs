//! Who decides: schedulers made of one policy per question, without a neural network.
//!
//! ```text
//!   Request::Order --> order/  which task next: a key (fcfs, sjf, f1 ...) under a discipline (nobody passes,
//!                              EASY, conservative, whoever fits)
//!   Request::Place --> place/  where: most are a Score, and Greedy<Score> remembers what it found out
//!   Request::Rebalance --> rebalance/  what to move, then power/  which hosts sleep, and how fast they run
//!   predict/  how long tasks will live: asked by policies, and held against traces
//! ```
//!
//! To add a placement policy: write `src/place/NAME.rs`, put `NAME` into the list in `src/place/mod.rs`. Configs,
//! `rackwright list` and the contract test (`testing::check_policy`) then know it.

pub mod episode;
pub mod neural;
mod options;
pub mod order;
pub mod place;
pub mod policy;
pub mod power;
pub mod power_models;
pub mod predict;
pub mod rebalance;
pub mod room;
pub mod scheduler;
mod schema;
pub mod score;
pub mod testing;

pub use policy::{Choice, Policy, PolicyError};

/// What a policy file needs.
pub mod prelude {
    pub use crate::policy::{NoOptions, Policy};
    pub use crate::score::{Context, Greedy, Score};
    pub use sim::decision::{Decision, NumaShare, Placement, Request};
    pub use sim::kernel::ids::{HostId, TaskId};
    pub use sim::kernel::rng::{Seed, Stream};
    pub use sim::resources::{DeviceAffinity, DeviceSet, Resources, TaskShape, WHOLE_DEVICE};
    pub use sim::view::{ClusterView, HostState};
}

/// Family, name and one line of help for everything that a config may name.
pub fn catalogue() -> Vec<(&'static str, &'static str, &'static str)> {
    let order = order::names().into_iter().map(|(name, help)| ("order", name, help));
    let place = place::NAMES.iter().map(|&(name, help)| ("place", name, help));
    let backfilling = scheduler::Backfilling::ALL.iter().map(|&(_, name, help)| ("backfilling", name, help));
    let evict = scheduler::Eviction::ALL.iter().map(|&(_, name, help)| ("evict", name, help));
    let rebalance = rebalance::NAMES.iter().map(|&(name, help)| ("rebalance", name, help));
    let power = power::NAMES.iter().map(|&(name, help)| ("power", name, help));
    order.chain(place).chain(rebalance).chain(power).chain(backfilling).chain(evict).collect()
}
