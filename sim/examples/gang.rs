//! A gang of three (tasks 1 to 3) that starts together or not at all, and an urgent task that throws it out.
//!
//! ```text
//!   time    0     2     4     6     8     10    12
//!   host 0  |     |- 1 -|           |--- 1 -----|     2 cores, 2 GPUs
//!           |- 0 -|- 2 -|--- 4 -----|--- 2 -----|
//!   host 1        |- 3 -|           |--- 3 -----|     1 core, 1 GPU
//! ```
//!
//! It demonstrates
//! * that the members of a gang are asked about one by one, and are given back what they hold when the last one
//!   finds no place;
//! * that throwing out one member throws out all, after which the same question is open again;
//! * that a task which was thrown out goes on where it was, if the rules say so;
//! * that an engine is a plain value: the same episode is played twice, from a clone and from the original.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sim::decision::{Decision, Request};
use sim::engine::Engine;
use sim::kernel::ids::TaskId;
use sim::rules::{AfterEviction, Rules};
use sim::testing::{self, Story};
use sim::view::ClusterView;

/// First fit, but who is more urgent may throw out whoever runs on a host that is large enough. Nobody may be
/// thrown out once the first member of a gang holds its place.
fn urgent_first(view: ClusterView<'_>, request: Request) -> Decision {
    match (testing::first_fit(view, request), request) {
        (Decision::Defer, Request::Place { task }) if view.gang(task).next() == Some(task) => {
            let is_less_urgent = |&other: &TaskId| view.shape(other).priority < view.shape(task).priority;
            let large = |&host: &_| view.topology().capacity(host).covers(view.shape(task).resources);
            let mut running = view.topology().hosts().filter(large).flat_map(|host| view.hosted(host));
            running.find(is_less_urgent).map_or(Decision::Defer, |victim| Decision::Evict { victim })
        }
        (decision, _) => decision,
    }
}

fn main() {
    let rules = Rules { after_eviction: AfterEviction::Resume, ..Rules::default() };
    let engine = testing::engine_with(
        "cpu 2 gpus 2 | cpu 1 gpus 1",
        "at 0 cpu 2 work 2 | at 1 cpu 1 gpus 1 work 6 gang 3 | at 4 cpu 2 work 4 priority 1",
        rules,
    );
    tell("nobody is thrown out", engine.clone(), testing::first_fit);
    tell("urgent first", engine, urgent_first);
}

/// Plays an episode under a policy, and prints what happened.
fn tell(name: &str, mut engine: Engine, policy: impl FnMut(ClusterView<'_>, Request) -> Decision) {
    let mut story = Story::default();
    testing::play(&mut engine, policy, &mut story);
    println!("{name}:");
    story.0.iter().for_each(|line| println!("  {line}"));
}
