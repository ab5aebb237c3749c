//! A scheduler: one policy per question, as a config names them.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim::decision::{Decision, Request};
use sim::kernel::rng::Seed;
use sim::topology::Topology;
use sim::view::ClusterView;
use sim::workload::Workload;

use crate::order::backfilling::{Blocking, Skipping};
use crate::order::conservative::Conservative;
use crate::order::easy::Easy;
use crate::order::easy_published::EasyPublished;
use crate::order::{Order, OrderKey};
use crate::place::preempt::Preempting;
use crate::policy::{Choice, Policy, PolicyError};
use crate::{order, place, power, rebalance};

/// Who may pass a task that is next and does not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Backfilling {
    /// Whoever fits.
    #[default]
    Skip,
    /// Nobody.
    None,
    /// Whoever does not delay it, by EASY.
    Easy,
    /// What RLScheduler calls EASY.
    EasyPublished,
    /// Whoever delays nobody in the queue.
    Conservative,
}

impl Backfilling {
    /// Every discipline with its name and one line of help.
    pub const ALL: &[(Self, &str, &str)] = &[
        (Self::Skip, "skip", "nobody blocks: whoever fits starts, in order"),
        (Self::None, "none", "the next task blocks everybody until it fits"),
        (Self::Easy, "easy", "EASY: whoever does not delay the head of the queue may pass it"),
        (Self::EasyPublished, "easy_published", "RLScheduler's EASY: no spare-processor rule; pools only"),
        (Self::Conservative, "conservative", "every waiting task holds a reservation; pools only"),
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|known| known.0 == self).expect("every discipline is listed").1
    }
}

/// Whether running tasks make room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Eviction {
    /// They do not.
    #[default]
    Never,
    /// Those of lower priority do.
    LowerPriority,
}

impl Eviction {
    /// Every way with its name and one line of help.
    pub const ALL: &[(Self, &str, &str)] = &[
        (Self::Never, "never", "running tasks are left alone"),
        (
            Self::LowerPriority,
            "lower_priority",
            "tasks of lower priority make room for one that finds no place",
        ),
    ];
}

/// A scheduler as a config writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SchedulerConfig {
    /// Which task next.
    #[serde(default = "fcfs")]
    #[schemars(schema_with = "crate::schema::order")]
    pub order: Choice,
    /// Where.
    #[serde(default = "first_fit")]
    #[schemars(schema_with = "crate::schema::place")]
    pub place: Choice,
    /// Whether running tasks make room.
    #[serde(default)]
    pub evict: Eviction,
    /// What of the running tasks to move; nothing without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::rebalance")]
    pub rebalance: Option<Choice>,
    /// Which hosts sleep, and how fast they run; all are on and as fast as they are without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::power")]
    pub power: Option<Choice>,
}

impl Default for SchedulerConfig {
    /// First come, first served, on the first host with room; nothing is ever changed.
    fn default() -> Self {
        Self { order: fcfs(), place: first_fit(), evict: Eviction::Never, rebalance: None, power: None }
    }
}

fn fcfs() -> Choice {
    "fcfs".into()
}

fn first_fit() -> Choice {
    "first_fit".into()
}

/// One policy per question.
pub struct Scheduler {
    order: Box<dyn Policy>,
    place: Box<dyn Policy>,
    /// What to move, then how to operate hosts: those that there are, in the order in which they are asked.
    changes: Vec<Box<dyn Policy>>,
    /// How many of them have said that nothing else is to change.
    changes_done: usize,
    backfilling: Backfilling,
    order_name: String,
    place_name: String,
    /// The order answers by itself, and is asked before the placement policy too.
    is_whole: bool,
    needs_estimates: bool,
}

impl Scheduler {
    /// The scheduler that a config describes, under a discipline.
    ///
    /// # Errors
    /// When a name or an option is wrong.
    pub fn new(config: &SchedulerConfig, backfilling: Backfilling) -> Result<Self, PolicyError> {
        Self::with_orders(config, backfilling, &|| order::order(&config.order))
    }

    /// As [`Scheduler::new`], with an order that is not made from its name alone; it is made anew, each time the same, as often as
    /// it is needed.
    ///
    /// # Errors
    /// When the order cannot be made, or another name or option is wrong.
    pub fn with_orders(
        config: &SchedulerConfig,
        backfilling: Backfilling,
        make: &dyn Fn() -> Result<Order, PolicyError>,
    ) -> Result<Self, PolicyError> {
        let place = place::place(&config.place)?;
        let (order, is_whole, needs_estimates): (Box<dyn Policy>, _, _) = match make()? {
            Order::Whole(policy) => (policy, true, false),
            Order::Key(key) => {
                let plans = !matches!(backfilling, Backfilling::Skip | Backfilling::None);
                let needs_estimates = plans || key.needs_estimates();
                (disciplined(key, make, backfilling)?, false, needs_estimates)
            }
        };
        let rebalance = config.rebalance.as_ref().map(rebalance::rebalance).transpose()?;
        let power = config.power.as_ref().map(power::power).transpose()?;
        Ok(Self {
            changes: rebalance.into_iter().chain(power).collect(),
            changes_done: 0,
            order,
            place: match config.evict {
                Eviction::Never => place,
                Eviction::LowerPriority => Box::new(Preempting::new(place)),
            },
            backfilling,
            order_name: config.order.policy.clone(),
            place_name: config.place.policy.clone(),
            is_whole,
            needs_estimates,
        })
    }

    /// Says why this scheduler cannot schedule this workload on this topology.
    ///
    /// # Errors
    /// When tasks lack declared run times, the discipline plans on a pool and there is none, or there is nothing to
    /// replay.
    pub fn check(&self, workload: &Workload, topology: &Topology) -> Result<(), PolicyError> {
        let (missing, total) = (workload.tasks_without_estimate(), workload.task_count());
        if self.needs_estimates && missing > 0 {
            let what = format!("order {} with backfilling {}", self.order_name, self.backfilling.name());
            return Err(PolicyError::NeedsEstimates { what, missing, total });
        }
        let hosts = topology.host_count();
        let plans_on_pool =
            matches!(self.backfilling, Backfilling::EasyPublished | Backfilling::Conservative);
        if plans_on_pool && !self.is_whole && hosts > 1 {
            return Err(PolicyError::NeedsPool { backfilling: self.backfilling.name(), hosts });
        }
        self.check_records(workload, topology)
    }

    /// Who replays what nobody recorded would schedule in some way that nobody asked for.
    fn check_records(&self, workload: &Workload, topology: &Topology) -> Result<(), PolicyError> {
        const RECORDED: &str = "recorded";
        if self.order_name == RECORDED && !workload.is_recorded() {
            return Err(PolicyError::NoStartsRecorded);
        }
        if self.place_name == RECORDED {
            let recorded: BTreeSet<&str> =
                workload.tasks().filter_map(|task| workload.recorded_host(task)).collect();
            let is_there = |host| topology.host_name(host).is_some_and(|name| recorded.contains(name));
            if !topology.hosts().any(is_there) {
                return Err(PolicyError::NoHostsRecorded { recorded: recorded.len() });
            }
        }
        Ok(())
    }
}

/// A key under a discipline.
fn disciplined(
    key: Box<dyn OrderKey>,
    make: &dyn Fn() -> Result<Order, PolicyError>,
    backfilling: Backfilling,
) -> Result<Box<dyn Policy>, PolicyError> {
    Ok(match backfilling {
        Backfilling::Skip => match make()? {
            Order::Key(same_key) => Box::new(Skipping::new(key, same_key)),
            Order::Whole(policy) => policy,
        },
        Backfilling::None => Box::new(Blocking::new(key)),
        Backfilling::Easy => Box::new(Easy::new(key)),
        Backfilling::EasyPublished => Box::new(EasyPublished::new(key)),
        Backfilling::Conservative => Box::new(Conservative::new(key)),
    })
}

impl Policy for Scheduler {
    fn decide(&mut self, view: ClusterView<'_>, request: Request) -> Decision {
        match request {
            Request::Order => self.order.decide(view, request),
            Request::Place { .. } => {
                if self.is_whole && self.order.decide(view, request) == Decision::Reject {
                    return Decision::Reject;
                }
                self.place.decide(view, request)
            }
            Request::Rebalance { .. } => {
                while let Some(policy) = self.changes.get_mut(self.changes_done) {
                    match policy.decide(view, request) {
                        Decision::Defer => self.changes_done += 1,
                        decision => return decision,
                    }
                }
                self.changes_done = 0;
                Decision::Defer
            }
        }
    }

    fn reset(&mut self, seed: Seed) {
        self.order.reset(seed);
        self.place.reset(seed);
        self.changes.iter_mut().for_each(|policy| policy.reset(seed));
        self.changes_done = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check_discipline, starts, starts_in_order};

    #[test]
    fn every_order_keeps_the_contract_under_every_discipline() {
        for &(name, _) in order::NAMES {
            for &(backfilling, ..) in Backfilling::ALL {
                check_discipline(name, backfilling);
            }
        }
    }

    /// Four cores. A takes 3 until 10 as declared; B wants 4 and is promised 10. C (1 core, 9 s) ends before
    /// that; D (1 core, 20 s) does not and there is nothing to spare beside B.
    const QUEUE: &str = "at 0 cpu 3 work 10 estimate 10 | at 1 cpu 4 work 5 estimate 5 \
                         | at 1 cpu 1 work 20 estimate 20 | at 1 cpu 1 work 9 estimate 9";

    #[test]
    fn who_may_pass() {
        assert_eq!(starts(QUEUE, "cpu 4", Backfilling::None), [0, 10, 15, 15]);
        assert_eq!(starts(QUEUE, "cpu 4", Backfilling::Skip), [0, 21, 1, 10]);
        assert_eq!(starts(QUEUE, "cpu 4", Backfilling::Easy), [0, 10, 15, 1]);
        assert_eq!(starts(QUEUE, "cpu 4", Backfilling::Conservative), [0, 10, 15, 1]);
        // The published program wants a declared end strictly before the shadow time.
        assert_eq!(starts(QUEUE, "cpu 4", Backfilling::EasyPublished), [0, 10, 15, 15]);
    }

    /// B wants 3 of 4 cores, so that one is to spare at its shadow time: a long job of one core may take it.
    #[test]
    fn easy_lets_a_long_job_take_what_is_to_spare() {
        let queue =
            "at 0 cpu 3 work 10 estimate 10 | at 1 cpu 3 work 5 estimate 5 | at 1 cpu 1 work 50 estimate 50";
        assert_eq!(starts(queue, "cpu 4", Backfilling::Easy), [0, 10, 1]);
        assert_eq!(starts(queue, "cpu 4", Backfilling::EasyPublished), [0, 10, 10]);
    }

    /// C would not delay B, the head, but D, whom conservative backfilling has promised 15.
    #[test]
    fn conservative_delays_nobody() {
        let queue = "at 0 cpu 3 work 10 estimate 10 | at 1 cpu 3 work 5 estimate 5 \
                     | at 1 cpu 4 work 5 estimate 5 | at 1 cpu 1 work 50 estimate 50";
        assert_eq!(starts(queue, "cpu 4", Backfilling::Easy), [0, 10, 51, 1]);
        assert_eq!(starts(queue, "cpu 4", Backfilling::Conservative), [0, 10, 15, 20]);
    }

    /// When A ends at 100, B has waited 98 s of its 200 (WFP3: -(98/200)^3) and C 10 s of its 10 (-1): C is next,
    /// although it came later and all keys are zero when tasks join.
    #[test]
    fn keys_that_move_are_looked_at_when_a_task_is_picked() {
        let queue = "at 0 cpu 4 work 100 estimate 100 | at 1 cpu 4 work 1 estimate 1 \
                     | at 3 cpu 4 work 200 estimate 200 | at 91 cpu 4 work 10 estimate 10";
        for backfilling in [Backfilling::None, Backfilling::EasyPublished] {
            let wfp3 = starts_in_order("wfp3", queue, "cpu 4", backfilling);
            assert_eq!(wfp3, [0, 100, 111, 101], "{backfilling:?}");
            let fcfs = starts_in_order("fcfs", queue, "cpu 4", backfilling);
            assert_eq!(fcfs, [0, 100, 101, 301], "{backfilling:?}");
        }
    }

    /// A ends at 4 although it declared 10: reservations move up.
    #[test]
    fn an_early_end_helps_whoever_waits() {
        let queue =
            "at 0 cpu 4 work 4 estimate 10 | at 1 cpu 4 work 2 estimate 5 | at 2 cpu 2 work 1 estimate 1";
        for (backfilling, ..) in Backfilling::ALL {
            assert_eq!(starts(queue, "cpu 4", *backfilling), [0, 4, 6], "{backfilling:?}");
        }
    }

    #[test]
    fn a_scheduler_says_what_it_needs() {
        let config =
            SchedulerConfig { order: "sjf".into(), place: "first_fit".into(), ..SchedulerConfig::default() };
        let workload = sim::testing::workload("at 0 cpu 1 work 1");
        let (pool, hosts) = (sim::testing::topology("cpu 1"), sim::testing::topology("cpu 1 | cpu 1"));
        let refused = |backfilling, workload: &Workload, topology: &Topology| {
            let scheduler = Scheduler::new(&config, backfilling).expect("valid");
            scheduler.check(workload, topology).expect_err("it lacks something").to_string()
        };
        assert!(refused(Backfilling::Skip, &workload, &pool).contains("1 of 1 tasks"));
        let estimated = sim::testing::workload("at 0 cpu 1 work 1 estimate 1");
        assert!(refused(Backfilling::Conservative, &estimated, &hosts).contains("2 hosts"));
    }

    #[test]
    fn nothing_is_replayed_of_what_nobody_recorded() {
        let config = |order: &str, place: &str| SchedulerConfig {
            order: order.into(),
            place: place.into(),
            ..SchedulerConfig::default()
        };
        let check = |config: &SchedulerConfig, work: &str| {
            let topology = sim::testing::topology("cpu 1 name left | cpu 1 name right");
            let scheduler = Scheduler::new(config, Backfilling::Conservative).expect("valid");
            scheduler.check(&sim::testing::workload(work), &topology).map_err(|error| error.to_string())
        };
        let (order, both) = (config("recorded", "best_fit"), config("recorded", "recorded"));
        let refused = check(&order, "at 0 cpu 1 work 1").expect_err("no start");
        assert!(refused.starts_with("the workload records no starts"), "{refused}");
        let started = "at 0 cpu 1 work 1 started 0";
        assert_eq!(check(&order, started), Ok(()), "neither estimates nor a pool are needed");
        for elsewhere in [started, "at 0 cpu 1 work 1 started 0 on middle"] {
            let refused = check(&both, elsewhere).expect_err("no host");
            assert!(refused.contains("records no host of this cluster"), "{refused}");
        }
        assert_eq!(check(&both, "at 0 cpu 1 work 1 started 0 on right"), Ok(()));
    }

    #[test]
    fn configs_are_read_with_defaults_and_unknown_keys_are_refused() {
        let config: SchedulerConfig =
            toml::from_str("place = 'fgd'\nevict = 'lower_priority'").expect("valid");
        assert_eq!((config.order.policy.as_str(), config.evict), ("fcfs", Eviction::LowerPriority));
        assert!(toml::from_str::<SchedulerConfig>("placing = 'fgd'").is_err());
        let wrong: SchedulerConfig = toml::from_str("order = 'fcsf'").expect("a name is a name");
        let error =
            Scheduler::new(&wrong, Backfilling::Skip).err().expect("there is no such order").to_string();
        assert!(error.contains("did you mean \"fcfs\""), "{error}");
    }
}
