//! Waiting for better hours: what the orders `carbon_aware` and `price_aware` have in common.
//!
//! ```text
//!  submitted      now                   latest start          end of the forecast
//!      |-----------|----------x----------|---------------------|
//!                             the start from which the declared run sees the lowest mean
//! ```
//!
//! A task is held back until then, and sorted by the inner order from then on, under any discipline: who is held back blocks
//! nobody and is promised nothing. Nobody is held longer than its slack, which counts from the submission: the time that the
//! options allow, and no more than half of its patience, so that there is time left to find room. The mean of a step function
//! over a run is lowest where the run begins or ends with a step, now, or at the last moment; nothing else is looked at. Of a run
//! that is longer than what is foreseen after the last of these starts, the beginning counts. When the better hour has come everybody who waited for it starts
//! at once, as far as there is room: orders look at hours, not at crowds.

use serde::Deserialize;
use sim::kernel::ids::TaskId;
use sim::kernel::rng::Seed;
use sim::kernel::time::{SimDuration, SimTime};
use sim::surroundings::{Conditions, Forecast};
use sim::view::ClusterView;

use super::{JobFacts, Order, OrderKey, order};
use crate::policy::Choice;

/// Waits of six hours reach from the evening peak into the night, or from the night into the sun.
const MOST_WAIT_SECONDS: f64 = 21_600.0;
/// How long a task is taken to run that does not say it.
const USUAL_RUN_SECONDS: f64 = 3600.0;
/// A gain of less than this share is none, so that rounding keeps nobody waiting.
const LEAST_GAIN: f64 = 1e-9;

/// Options as they are written.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    /// The order of those who are not held back.
    inner: Choice,
    /// Nobody is held longer than so many seconds after its submission.
    most_wait_seconds: f64,
    /// So long runs a task that declares nothing.
    usual_run_seconds: f64,
}

impl Default for Written {
    fn default() -> Self {
        let (most_wait_seconds, usual_run_seconds) = (MOST_WAIT_SECONDS, USUAL_RUN_SECONDS);
        Self { inner: "fcfs".into(), most_wait_seconds, usual_run_seconds }
    }
}

/// Options of the orders.
#[derive(Deserialize)]
#[serde(try_from = "Written")]
pub(super) struct Options {
    inner: Box<dyn OrderKey>,
    most_wait: SimDuration,
    usual_run: SimDuration,
}

impl TryFrom<Written> for Options {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let name = &written.inner.policy;
        let inner = match order(&written.inner).map_err(|error| error.to_string())? {
            Order::Key(_) if looks_at(name).is_some() => {
                return Err(format!(
                    "inner = {name:?} waits itself; allowed are orders that sort by a key alone"
                ));
            }
            Order::Key(key) => key,
            Order::Whole(_) => {
                return Err(format!("inner = {name:?} sorts nobody; allowed are orders that sort by a key"));
            }
        };
        let seconds = |key: &str, seconds: f64| {
            let refuse =
                || format!("`{key}`: {seconds} stands there; allowed is a number of seconds from 0 on");
            SimDuration::from_seconds(seconds).ok_or_else(refuse)
        };
        Ok(Self {
            inner,
            most_wait: seconds("most_wait_seconds", written.most_wait_seconds)?,
            usual_run: seconds("usual_run_seconds", written.usual_run_seconds)?,
        })
    }
}

/// What an order of this name waits for: `carbon` or `price`, as configs name them; nothing where it does not wait.
pub fn looks_at(name: &str) -> Option<&'static str> {
    match name {
        "carbon_aware" => Some("carbon"),
        "price_aware" => Some("price"),
        _ => None,
    }
}

/// An order that waits until something is low.
pub(super) struct Aware {
    options: Options,
    of: fn(&Conditions) -> Option<f64>,
}

impl Aware {
    pub(super) fn new(options: Options, of: fn(&Conditions) -> Option<f64>) -> Self {
        Self { options, of }
    }

    /// The last moment until which a task may be held.
    fn latest(&self, view: ClusterView<'_>, task: TaskId) -> SimTime {
        let half = |patience: SimDuration| SimDuration(patience.0 / 2);
        let slack = view.patience(task).map_or(SimDuration::MAX, half).min(self.options.most_wait);
        view.submit(task) + slack
    }
}

impl OrderKey for Aware {
    fn key(&self, job: &JobFacts) -> [f64; 2] {
        self.options.inner.key(job)
    }

    fn keys(&self, view: ClusterView<'_>, tasks: &[TaskId]) -> Option<Vec<[f64; 2]>> {
        self.options.inner.keys(view, tasks)
    }

    fn moves_with_time(&self) -> bool {
        self.options.inner.moves_with_time()
    }

    fn needs_estimates(&self) -> bool {
        self.options.inner.needs_estimates()
    }

    fn held_until(&self, view: ClusterView<'_>, task: TaskId) -> Option<SimTime> {
        let run =
            view.gang(task).map(|member| view.estimate(member).unwrap_or(self.options.usual_run)).max()?;
        let start = best_start(view.forecast()?, self.of, run, self.latest(view, task))?;
        (start > view.now()).then_some(start)
    }

    fn reset(&mut self, seed: Seed) {
        self.options.inner.reset(seed);
    }
}

/// From which moment, now or up to the latest, a run sees the lowest mean; the earliest of equals. Nothing where nobody says what
/// the quantity is.
fn best_start(
    forecast: Forecast<'_>,
    of: fn(&Conditions) -> Option<f64>,
    run: SimDuration,
    latest: SimTime,
) -> Option<SimTime> {
    let (now, end) = (forecast.begin(), forecast.end());
    // A run of no time sees what holds when it begins.
    let run = run.max(SimDuration(1));
    // Every start is judged by equally much of the run, all of it foreseen.
    let foreseen = end.since(now);
    let last = latest.min(SimTime(end.0 - run.0.min(foreseen.0 / 2)));
    let run = run.min(end.since(last));
    let before = |border: SimTime| border.0.checked_sub(run.0).map(SimTime);
    let mut starts: Vec<SimTime> =
        forecast.borders().flat_map(|border| [Some(border), before(border)]).flatten().collect();
    starts.push(last);
    starts.retain(|&start| now < start && start <= last);
    starts.sort_unstable();
    let mean = |start: SimTime| forecast.mean(of, start, start + run);
    let (mut best, mut lowest) = (now, mean(now)?);
    for start in starts {
        let mean = mean(start)?;
        if mean < lowest - LEAST_GAIN * lowest.abs() {
            (best, lowest) = (start, mean);
        }
    }
    Some(best)
}

#[cfg(test)]
mod tests {
    use super::super::tests_of_waiting::{episode, starts};
    use super::*;
    use crate::scheduler::Backfilling;
    use crate::testing::{random_world, starts_in_order};

    const HOUR: u64 = 3600;

    /// A host of 100 W idle and 200 W at work. At 400 g/kWh until the second hour, 100 until the third, 400 again, a task of half
    /// an hour submitted at 0 waits for the second hour. It takes 50 Wh above idle, so that starting at once would emit
    /// 0.05 * 1.54 * 400 = 30.8 g for it, and the better hour 7.7 g; at the price of 80 and then 20 for a megawatt-hour
    /// it costs 0.00616 or 0.00154. The episode of the eager one ends first: the rest of its hours draws idle power in neither.
    #[test]
    fn what_waiting_gains_by_hand() {
        let around = "carbon 0:400,7200:100,10800:400 | price 0:80,7200:20,10800:80";
        let work = "at 0 cpu 1 work 1800 estimate 1800 | at 10800 cpu 1 work 0 estimate 0 patience 1";
        let above_idle = |order: &str| {
            let view = episode(order, work, "cpu 1", around);
            let idle_grams = 0.1 * 1.54 * (2.0 * 400.0 + 100.0);
            let idle_cost = 0.1e-3 * 1.54 * (2.0 * 80.0 + 20.0);
            (view.0.carbon_grams - idle_grams, view.0.cost - idle_cost)
        };
        let near = |(grams, cost): (f64, f64), expected: (f64, f64)| {
            assert!(
                (grams - expected.0).abs() < 1e-9 && (cost - expected.1).abs() < 1e-12,
                "{grams} g, {cost}"
            );
        };
        near(above_idle("fcfs"), (30.8, 0.00616));
        near(above_idle("carbon_aware"), (7.7, 0.00154));
        near(above_idle("price_aware"), (7.7, 0.00154));
    }

    /// Green from 2 h to 3 h. A run of half an hour begins with it; one of an hour and a half begins half an hour before, of
    /// equals the earliest; who may wait for an hour alone does not gain and starts at once; who comes later starts at once.
    #[test]
    fn starts_by_hand() {
        let around = "carbon 0:400,7200:100,10800:400";
        let work = "at 0 cpu 1 work 1800 estimate 1800 | at 0 cpu 1 work 5400 estimate 5400 | at 0 cpu 1 work 60 estimate 60 \
                    patience 7200 | at 7500 cpu 1 work 60 estimate 60 | at 10900 cpu 1 work 60 estimate 60";
        for backfilling in Backfilling::ALL {
            let starts = starts("carbon_aware", backfilling.0, work, "cpu 8", around);
            assert_eq!(starts, [2 * HOUR, 5400, 0, 7500, 10_900], "{backfilling:?}");
        }
    }

    /// Nothing is foreseen beyond half an hour, and nothing is known of a price.
    #[test]
    fn what_is_not_foreseen_is_not_waited_for() {
        let around = "carbon 0:400,7200:100 | forecast 1800";
        let work = "at 0 cpu 1 work 60 estimate 60 | at 6000 cpu 1 work 60 estimate 60";
        let order = |order| starts(order, Backfilling::Skip, work, "cpu 8", around);
        assert_eq!(order("carbon_aware"), [0, 7200]);
        assert_eq!(order("price_aware"), [0, 6000]);
    }

    /// One core: the first is held and blocks nobody; the second, which gains nothing, takes the core until 9000 s, and the first
    /// comes after it, however long ago its hour came.
    #[test]
    fn who_is_held_blocks_nobody_and_comes_when_there_is_room() {
        let around = "carbon 0:400,7200:100,10800:400";
        let work = "at 0 cpu 1 work 600 estimate 600 | at 10 cpu 1 work 8990 estimate 80000";
        for backfilling in Backfilling::ALL {
            let starts = starts("carbon_aware", backfilling.0, work, "cpu 1", around);
            assert_eq!(starts, [9000, 10], "{backfilling:?}");
        }
    }

    /// Whatever the grid does, nobody is held longer than a quarter of an hour where there is room for all.
    #[test]
    fn nobody_is_held_beyond_its_slack() {
        for seed in (0..40).map(Seed) {
            let mut random = seed.stream("grid");
            let steps: Vec<String> =
                (0..60).map(|step| format!("{}:{}", 97 * step, random.below(500))).collect();
            let around = format!("carbon {}", steps.join(","));
            let work: Vec<String> = (0..30)
                .map(|index| format!("at {} cpu 1 work 9 estimate {}", 50 * index, 1 + random.below(2000)))
                .collect();
            for backfilling in Backfilling::ALL {
                let order = "{ policy = 'carbon_aware', most_wait_seconds = 900 }";
                let starts = starts(order, backfilling.0, &work.join(" | "), "cpu 64", &around);
                let waits = starts.iter().zip(0..).map(|(start, index)| start - 50 * index);
                assert!(waits.max() <= Some(900), "{seed:?} {backfilling:?}: {starts:?}");
            }
        }
    }

    /// At a constant intensity it is the inner order, event for event.
    #[test]
    fn where_nothing_is_better_it_is_the_inner_order() {
        for seed in (0..15).map(Seed) {
            let (hosts, work) = random_world(seed);
            for inner in ["fcfs", "sjf", "wfp3"] {
                for &(backfilling, name, _) in Backfilling::ALL {
                    let needs_pool = matches!(name, "easy_published" | "conservative");
                    let hosts = if needs_pool { "cpu 64 memory 4096 gpus 16 kind a100" } else { &hosts };
                    let order = format!("{{ policy = 'carbon_aware', inner = '{inner}' }}");
                    let aware = starts(&order, backfilling, &work, hosts, "carbon 0:300");
                    assert_eq!(aware, starts_in_order(inner, &work, hosts, backfilling), "{inner} {name}");
                }
            }
        }
    }

    #[test]
    fn inner_orders_sort_by_a_key_alone() {
        let refused = |options: &str| {
            let options: toml::Table = toml::from_str(options).expect("TOML");
            let choice = Choice { policy: "carbon_aware".to_owned(), options };
            order(&choice).err().expect("refused").to_string()
        };
        assert!(refused("inner = 'recorded'").contains("sorts nobody"));
        assert!(refused("inner = 'price_aware'").contains("waits itself"));
        assert!(refused("inner = 'sfj'").contains("did you mean \"sjf\""));
        assert!(refused("most_wait_seconds = -1").contains("from 0 on"));
        assert!(refused("most_wiat_seconds = 1").contains("most_wait_seconds"));
    }
}
