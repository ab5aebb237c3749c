//! The quantiles of the last lives that ended among tasks that are alike: in as much as possible, or in less where too few are known.

use std::collections::{BTreeMap, VecDeque};

use serde::Deserialize;

use crate::options;

use super::{Case, Key, Likeness, Predictor, UNKNOWN_SECONDS, key_of};
use sim::kernel::ids::TaskId;
use sim::kernel::time::SimTime;

pub(super) const HELP: &str = "quantiles of the last lives that ended among tasks that are alike, or less so where few are";

/// Options of histories.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    /// In what tasks are alike, the closest first; after them come all tasks.
    alike: Vec<Vec<Likeness>>,
    /// So many lives are remembered of each.
    #[serde(deserialize_with = "options::one_or_more")]
    window: usize,
    /// So many must be known.
    #[serde(deserialize_with = "options::one_or_more")]
    least: usize,
}

impl Default for Options {
    fn default() -> Self {
        let alike = vec![vec![Likeness::Tenant, Likeness::Shape], vec![Likeness::Tenant]];
        Self { alike, window: 100, least: 5 }
    }
}

pub(super) fn predictor(mut options: Options) -> impl Predictor {
    options.alike.push(Vec::new());
    let lives = options.alike.iter().map(|_| BTreeMap::new()).collect();
    History { options, lives }
}

struct History {
    options: Options,
    /// By level, then by key.
    lives: Vec<BTreeMap<Key, Known>>,
}

/// The same lives in the order in which they ended, and sorted.
#[derive(Default)]
struct Known {
    in_order: VecDeque<f64>,
    sorted: Vec<f64>,
}

impl Known {
    fn learn(&mut self, seconds: f64, window: usize) {
        let place = |sorted: &[f64], seconds: f64| sorted.partition_point(|&life| life < seconds);
        if self.in_order.len() >= window
            && let Some(oldest) = self.in_order.pop_front()
        {
            let at = place(&self.sorted, oldest);
            self.sorted.remove(at);
        }
        self.in_order.push_back(seconds);
        let at = place(&self.sorted, seconds);
        self.sorted.insert(at, seconds);
    }
}

impl Predictor for History {
    fn began(&mut self, _: TaskId, _: &Case, _: SimTime) {}

    fn ended(&mut self, _: TaskId, case: &Case, seconds: f64) {
        for (alike, lives) in self.options.alike.iter().zip(&mut self.lives) {
            lives.entry(key_of(case, alike)).or_default().learn(seconds, self.options.window);
        }
    }

    /// The smallest known life that a `share` of those beyond the age do not exceed.
    fn life_seconds(&mut self, case: &Case, age_seconds: f64, _: SimTime, share: f64) -> f64 {
        let all = self.options.alike.len() - 1;
        for (level, (alike, lives)) in self.options.alike.iter().zip(&self.lives).enumerate() {
            let Some(known) = lives.get(&key_of(case, alike)) else { continue };
            let least = if level == all { 1 } else { self.options.least };
            let longer = &known.sorted[known.sorted.partition_point(|&life| life <= age_seconds)..];
            if longer.len() >= least {
                let rank = (share * longer.len() as f64).ceil() as usize;
                return longer[rank.clamp(1, longer.len()) - 1];
            }
        }
        if age_seconds > 0.0 { 2.0 * age_seconds } else { UNKNOWN_SECONDS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predict::tests::{foretold, of_tenant, told};

    #[test]
    fn quantiles_of_ones_own_or_of_all() {
        let options = "policy = 'history'\nalike = [['tenant']]\nwindow = 4\nleast = 2";
        // Of the first only the last four are remembered: 1, 2, 3, 4.
        let lives = [(1, 99.0), (1, 1.0), (1, 4.0), (1, 2.0), (1, 3.0), (2, 50.0)];
        let mut history = told(options, &lives);
        assert_eq!([0.25, 0.26, 0.9].map(|share| foretold(&mut *history, 1, share)), [1.0, 2.0, 4.0]);
        // Of the second too few are known; of all the last four: 4, 2, 3, 50.
        assert_eq!([0.25, 0.9].map(|share| foretold(&mut *history, 2, share)), [2.0, 50.0]);
        // Beyond an age only those count that got there; beyond all, it is doubled.
        let now = SimTime::from_seconds(1e6).expect("in range");
        assert_eq!(history.life_seconds(&of_tenant(1), 2.5, now, 0.5), 3.0);
        assert_eq!(history.life_seconds(&of_tenant(1), 60.0, now, 0.5), 120.0);
    }
}
