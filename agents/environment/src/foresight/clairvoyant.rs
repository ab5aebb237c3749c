//! An order of keys that knows how long everybody will run: the true run time stands wherever the order has the declared one.
//! Who may pass is still up to the discipline, which knows no more than before.

use std::sync::Arc;

use policies::order::{JobFacts, Linear, Order, OrderKey, order};
use policies::policy::{Choice, PolicyError};
use serde::Deserialize;
use sim::kernel::ids::TaskId;
use sim::kernel::rng::Seed;
use sim::view::ClusterView;
use sim::workload::Workload;

/// The options.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// The order.
    base: Choice,
}

impl Default for Options {
    fn default() -> Self {
        Self { base: "sjf".into() }
    }
}

enum Base {
    /// It weighs times until cores are free, too, and those are true ones as well.
    Linear(Box<Linear>),
    Key(Box<dyn OrderKey>),
}

struct Clairvoyant {
    base: Base,
    workload: Arc<Workload>,
}

pub(super) fn key(choice: &Choice, workload: &Arc<Workload>) -> Result<impl OrderKey + use<>, PolicyError> {
    let Options { base } = choice.typed()?;
    let base = match (base.policy.as_str(), order(&base)?) {
        ("linear", _) => Base::Linear(Box::new(Linear::of(&base)?)),
        (_, Order::Key(key)) => Base::Key(key),
        (name, Order::Whole(_)) => {
            let reason = format!("base = {name:?} sorts nobody; allowed are orders that sort by a key");
            return Err(PolicyError::Options { policy: choice.policy.clone(), reason });
        }
    };
    Ok(Clairvoyant { base, workload: workload.clone() })
}

impl OrderKey for Clairvoyant {
    /// Which task this is nobody says here; [`OrderKey::keys`] puts that right before anybody is picked.
    fn key(&self, job: &JobFacts) -> [f64; 2] {
        match &self.base {
            Base::Linear(linear) => linear.key(job),
            Base::Key(key) => key.key(job),
        }
    }

    fn keys(&self, view: ClusterView<'_>, tasks: &[TaskId]) -> Option<Vec<[f64; 2]>> {
        let run_time = |task: TaskId| self.workload.work(task);
        Some(match &self.base {
            Base::Linear(linear) => {
                let scores = linear.scores(view, tasks, run_time);
                let keys = scores.iter().zip(tasks);
                keys.map(|(&score, &task)| [f64::from(score), view.submit(task).seconds()]).collect()
            }
            Base::Key(key) => tasks
                .iter()
                .map(|&task| {
                    let estimate = run_time(task).seconds();
                    key.key(&JobFacts { estimate, ..JobFacts::of(view, task) })
                })
                .collect(),
        })
    }

    fn moves_with_time(&self) -> bool {
        true
    }

    fn needs_estimates(&self) -> bool {
        false
    }

    fn reset(&mut self, seed: Seed) {
        if let Base::Key(key) = &mut self.base {
            key.reset(seed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::starts;
    use policies::scheduler::Backfilling;

    /// The second declares less than the third and takes longer.
    const WORK: &str =
        "at 0 cpu 4 work 10 estimate 10 | at 1 cpu 4 work 9 estimate 10 | at 1 cpu 4 work 2 estimate 20";

    #[test]
    fn true_run_times_decide() {
        for base in ["'sjf'", "{ policy = 'linear', weights = { ln_estimate = 1 } }"] {
            let blind = starts(base, Backfilling::Skip, WORK, 0);
            assert_eq!(blind, [0, 10, 19], "{base}");
            let order = format!("{{ policy = 'clairvoyant', base = {base} }}");
            assert_eq!(starts(&order, Backfilling::Skip, WORK, 0), [0, 12, 10], "{base}");
        }
    }
}
