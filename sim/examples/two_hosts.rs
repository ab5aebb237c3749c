//! Two hosts, four tasks, and the plainest of schedulers.
//!
//! ```text
//!   time    0     2     4     6     8     10
//!   host 0  |---- task 0 -----------|-task 2-|      4 cores
//!   host 1  |- task 1 --|---- task 3 -----|         2 cores
//!   queue         |---- task 2 -----|
//!                    |3-|
//! ```
//!
//! It demonstrates
//! * the loop: `step` says what happened or asks, `apply` answers, and the loop is yours;
//! * the two questions, *which next?* and *where?*;
//! * that a task that does not fit waits, while others pass it (task 2 waits for all of host 0);
//! * what is known at the end: time, energy, and sums over time.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sim::decision::{Decision, Request};
use sim::engine::Step;
use sim::testing;

fn main() {
    let mut engine = testing::engine(
        "cpu 4 memory 16 | cpu 2 memory 8",
        "at 0 cpu 3 work 8 | at 0 cpu 2 work 4 | at 2 cpu 4 work 3 | at 3 cpu 2 work 6",
    );
    loop {
        match engine.step() {
            Step::Happened(event) => println!("{:>5}  {:?}", event.time.to_string(), event.kind),
            Step::Decide(request) => {
                let view = engine.view();
                let decision = match request {
                    Request::Order => match view.waiting().find(|&task| !view.has_failed(task)) {
                        Some(task) => Decision::Select(task),
                        None => Decision::Defer,
                    },
                    Request::Place { task } => {
                        let fits = |&host: &_| view.fits(view.shape(task), host);
                        match view.topology().hosts().find(fits) {
                            Some(host) => Decision::Place(testing::placement_on(view, task, host)),
                            None => Decision::Defer,
                        }
                    }
                    // Not asked under these rules.
                    Request::Rebalance { .. } => Decision::Defer,
                };
                engine.apply(request, decision).expect("a host on which a task fits takes it");
            }
            Step::Ended => break,
        }
    }
    let view = engine.view();
    let core_seconds = view.integrals().cpu_milli as f64 / 1e9;
    println!("ended at {}, after {core_seconds} core-seconds of work", view.now());
    println!("the hosts drew {} J", view.it_energy_joules());
}
