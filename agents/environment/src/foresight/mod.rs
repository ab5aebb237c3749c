//! Orders that look beyond what a policy sees. They are made where the workload is known, and are orders like any other
//! afterwards, under the disciplines of `policies`.
//!
//! | Order | What it knows |
//! | --- | --- |
//! | `lookahead` | what every policy knows; it imagines what may come, from what has come so far |
//! | `clairvoyant` | how long everybody will run |
//! | `clairvoyant_lookahead` | how long everybody will run, and who will come |
//!
//! No scheduler of the world can do what the last two do: their rows are there to show what is left to be won, and their names say
//! so.

use std::sync::Arc;

use policies::order::Order;
use policies::policy::PolicyError;
use policies::scheduler::{Backfilling, Scheduler, SchedulerConfig};
use sim::workload::{Workload, WorkloadBuilder};

mod clairvoyant;
mod lookahead;

/// The scheduler that a config describes, under a discipline, for this workload.
///
/// # Errors
/// When a name or an option is wrong, or the order cannot play this discipline.
pub fn scheduler(
    config: &SchedulerConfig,
    backfilling: Backfilling,
    workload: &Arc<Workload>,
) -> Result<Scheduler, PolicyError> {
    let order = &config.order;
    Scheduler::with_orders(config, backfilling, &|| match order.policy.as_str() {
        "lookahead" => Ok(Order::Key(Box::new(lookahead::key(order, backfilling, None)?))),
        "clairvoyant_lookahead" => {
            Ok(Order::Key(Box::new(lookahead::key(order, backfilling, Some(workload))?)))
        }
        "clairvoyant" => Ok(Order::Key(Box::new(clairvoyant::key(order, workload)?))),
        _ => policies::order::order(order),
    })
}

/// Says what is wrong with a config, without a workload.
///
/// # Errors
/// As [`scheduler`].
pub fn check(config: &SchedulerConfig, backfilling: Backfilling) -> Result<(), PolicyError> {
    scheduler(config, backfilling, &Arc::new(WorkloadBuilder::new().finish())).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use policies::episode::run_episode;
    use policies::policy::Policy;
    use sim::engine::Engine;
    use sim::kernel::rng::Seed;
    use sim::testing::{topology, workload};

    /// When each task starts on four cores, in whole seconds.
    pub(super) fn starts(order: &str, backfilling: Backfilling, work: &str, seed: u64) -> Vec<u64> {
        let config: SchedulerConfig = toml::from_str(&format!("order = {order}")).expect("a scheduler");
        let (topology, workload) = (Arc::new(topology("cpu 4")), Arc::new(workload(work)));
        let mut scheduler = scheduler(&config, backfilling, &workload).expect("valid");
        scheduler.check(&workload, &topology).expect("it can be scheduled");
        scheduler.reset(Seed(seed));
        let mut engine = Engine::new(topology, workload.clone(), sim::rules::Rules::default());
        run_episode(&mut engine, &mut scheduler, &mut ()).expect("feasible");
        workload.tasks().map(|task| engine.view().started(task).0 / 1_000_000).collect()
    }

    #[test]
    fn every_order_beyond_is_made_here_and_nowhere_else() {
        for (name, _) in policies::order::BEYOND {
            let config = SchedulerConfig { order: (*name).into(), ..SchedulerConfig::default() };
            assert_eq!(check(&config, Backfilling::None), Ok(()), "{name}");
            let refused = Scheduler::new(&config, Backfilling::None).err().expect("no workload").to_string();
            assert!(refused.contains("it is made from a workload"), "{refused}");
        }
        let config = SchedulerConfig { order: "lookahaed".into(), ..SchedulerConfig::default() };
        let refused = check(&config, Backfilling::None).expect_err("a slip").to_string();
        assert!(refused.contains("did you mean \"lookahead\""), "{refused}");
    }
}
