//! The world and its clock: a workload goes in, the engine asks, a policy answers, events come out.
//!
//! This crate is pure: no input or output, no threads, no wall clock. Time is integer microseconds, randomness
//! comes from named streams, and the same inputs give the same events on every machine.
//!
//! A complete simulation, with the plainest of schedulers:
//!
//! ```
//! use sim::decision::{Decision, Request};
//! use sim::engine::Step;
//! use sim::testing;
//!
//! // Two hosts, and three tasks that come at the same time.
//! let mut engine = testing::engine(
//!     "cpu 4 memory 8 | cpu 2 memory 4",
//!     "at 0 cpu 2 work 10 | at 0 cpu 4 work 10 | at 0 cpu 2 work 10",
//! );
//! loop {
//!     match engine.step() {
//!         Step::Happened(event) => println!("{} {:?}", event.time, event.kind),
//!         Step::Decide(request) => {
//!             let view = engine.view();
//!             let decision = match request {
//!                 // Which next? The first one that has not just failed.
//!                 Request::Order => match view.waiting().find(|&task| !view.has_failed(task)) {
//!                     Some(task) => Decision::Select(task),
//!                     None => Decision::Defer,
//!                 },
//!                 // Where? On the first host with room.
//!                 Request::Place { task } => {
//!                     match view.topology().hosts().find(|&host| view.fits(view.shape(task), host)) {
//!                         Some(host) => Decision::Place(testing::placement_on(view, task, host)),
//!                         None => Decision::Defer,
//!                     }
//!                 }
//!                 // What to change? Not asked under these rules.
//!                 Request::Rebalance { .. } => Decision::Defer,
//!             };
//!             engine.apply(request, decision).expect("what fits is feasible");
//!         }
//!         Step::Ended => break,
//!     }
//! }
//! // The task of four cores waited until a host of four cores was empty.
//! assert_eq!(engine.view().now().seconds(), 20.0);
//! ```

pub mod cluster;
pub mod control;
pub mod decision;
pub mod effects;
pub mod engine;
pub mod event;
pub mod index;
pub mod kernel;
pub mod metrics;
pub mod models;
pub mod observe;
mod pending;
pub mod resources;
pub mod rules;
pub mod surroundings;
pub mod testing;
pub mod topology;
pub mod view;
pub mod workload;
