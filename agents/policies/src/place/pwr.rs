//! PWR (CCGrid 2025): the host whose power rises least, alone or weighed against FGD.
//!
//! ```text
//!   PWR  = int(watts before - watts after)            the best device counts
//!   norm = 100 (PWR - least) / (most - least)         over the hosts on which the task fits; whole; all alike: 100
//!   FGD  = as in `fgd`, 0 to 100
//!   the host with the largest weight * norm + fgd_weight * FGD
//! ```
//!
//! The device is FGD's choice where FGD counts, else the one with the highest PWR. Conversions to whole numbers cut
//! towards zero, as in the published program; they make ties, which go to the lowest host.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::fgd::{Fgd, take_whole};
use crate::prelude::*;
use crate::score::{Ranking, Value};

pub(super) const HELP: &str = "the least additional power, alone or weighed against fgd (PWR, CCGrid 2025)";

/// Options of PWR.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    /// What the rise of power weighs.
    weight: u32,
    /// What the rise of fragments weighs.
    fgd_weight: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { weight: 1000, fgd_weight: 0 }
    }
}

/// What a host is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    power: i32,
    fragments: i32,
}

impl Value for Pair {
    const UNKNOWN: Self = Self { power: i32::MIN, fragments: 1 };
    const IMPOSSIBLE: Self = Self { power: i32::MIN, fragments: 0 };

    fn is_unknown(self) -> bool {
        self == Self::UNKNOWN
    }
}

/// The hosts of each pair. Hosts of one pair are alike, and pairs are few.
struct ByPair {
    options: Options,
    of_host: Vec<Pair>,
    hosts: BTreeMap<Pair, BTreeSet<usize>>,
}

impl ByPair {
    fn new(options: Options, count: usize) -> Self {
        Self { options, of_host: vec![Pair::IMPOSSIBLE; count], hosts: BTreeMap::new() }
    }
}

impl Ranking for ByPair {
    type Value = Pair;

    fn blank(&self, count: usize) -> Self {
        Self::new(self.options, count)
    }

    fn fill(&mut self, values: impl Iterator<Item = Pair>) {
        self.hosts.clear();
        self.of_host.clear();
        for (index, pair) in values.enumerate() {
            self.of_host.push(Pair::IMPOSSIBLE);
            self.set(index, pair);
        }
    }

    fn set(&mut self, index: usize, pair: Pair) {
        let before = std::mem::replace(&mut self.of_host[index], pair);
        if before == pair {
            return;
        }
        if let Some(hosts) = self.hosts.get_mut(&before) {
            hosts.remove(&index);
            if hosts.is_empty() {
                self.hosts.remove(&before);
            }
        }
        if pair != Pair::IMPOSSIBLE {
            self.hosts.entry(pair).or_default().insert(index);
        }
    }

    fn best(&self, _: f64) -> Option<usize> {
        // Pairs are in order of power first.
        let least = self.hosts.first_key_value()?.0.power;
        let range = self.hosts.last_key_value()?.0.power - least;
        let total = |pair: &Pair| {
            let norm = if range == 0 { 100 } else { 100 * (pair.power - least) / range };
            i64::from(self.options.weight) * i64::from(norm)
                + i64::from(self.options.fgd_weight) * i64::from(pair.fragments)
        };
        let candidates = self.hosts.iter().map(|(pair, hosts)| (total(pair), hosts.first()));
        let best = candidates.max_by_key(|&(total, host)| (total, std::cmp::Reverse(host)));
        best.and_then(|(_, host)| host.copied())
    }
}

struct Pwr {
    options: Options,
    fgd: Fgd,
}

impl Pwr {
    /// The device on which power rises least, or the whole devices, and the score.
    fn best(task: &TaskShape, host: &HostState, context: &Context) -> (DeviceSet, i32) {
        let score = |devices| -context.power.watts_added(task, host, devices) as i32;
        if !task.devices.is_share() {
            let (devices, _) = take_whole(task, host);
            return (devices, score(devices));
        }
        let usable = (0..host.devices_free().len()).filter(|&position| host.is_usable(position, task.devices));
        let each = usable.map(|position| DeviceSet::EMPTY.with(position)).map(|one| (one, score(one)));
        // The first of the best.
        each.reduce(|best, one| if one.1 > best.1 { one } else { best }).unwrap_or((DeviceSet::EMPTY, i32::MIN + 1))
    }
}

impl Score<Pair> for Pwr {
    fn score(&self, task: &TaskShape, host: &HostState, context: &Context) -> Pair {
        let fragments = match self.options.fgd_weight {
            0 => 0,
            _ => self.fgd.score(task, host, context) as i32,
        };
        Pair { power: Self::best(task, host, context).1, fragments }
    }

    /// What FGD depends on, for which it does not matter which of the devices has what free. Nor does it for power.
    fn essence(&self, host: HostState) -> HostState {
        self.fgd.essence(host)
    }

    fn devices(&self, task: &TaskShape, host: &HostState, context: &Context) -> DeviceSet {
        match self.options.fgd_weight {
            0 => Self::best(task, host, context).0,
            _ => self.fgd.devices(task, host, context),
        }
    }
}

pub(super) fn policy(options: Options) -> impl Policy {
    Greedy::ranked(Pwr { options, fgd: Fgd::default() }, ByPair::new(options, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn pair(power: i32, fragments: i32) -> Pair {
        Pair { power, fragments }
    }

    fn best(options: Options, pairs: &[Pair]) -> Option<usize> {
        let mut ranking = ByPair::new(options, 0);
        ranking.fill(pairs.iter().copied());
        ranking.best(0.0)
    }

    /// Power spread over 0 to 100: -700 is 0, -103 is 85, -100 is 85, 0 is 100.
    #[test]
    fn scores_are_spread_over_the_candidates_and_cut() {
        let alone = Options::default();
        let pairs = [pair(-700, 0), pair(-103, 0), pair(-100, 0), Pair::IMPOSSIBLE];
        assert_eq!(best(alone, &pairs), Some(2), "-103 is 99 and -100 is 100 among these");
        let more = [pairs[0], pairs[1], pairs[2], pair(0, 0)];
        assert_eq!(best(alone, &more), Some(3));
        // FGD decides between the two that the cut makes alike: 500 * 85 + 500 * 60 against 500 * 85 + 500 * 50.
        let mixed = Options { weight: 500, fgd_weight: 500 };
        assert_eq!(best(mixed, &[pair(-700, 0), pair(-103, 60), pair(-100, 50), pair(0, 0)]), Some(1));
        assert_eq!(best(mixed, &[pair(-5, 40), pair(-5, 50), pair(-5, 50)]), Some(1), "the lowest of the best");
        assert_eq!(best(mixed, &[Pair::IMPOSSIBLE]), None);
    }

    /// Hosts of 100 W idle and 200 W busy, GPUs of 50 W and 400 W: eight of 96 cores are 8 W, of four 200 W.
    #[test]
    fn power_rises_least_where_it_is_cheapest() {
        let hosts = "cpu 4 | cpu 96";
        assert_eq!(testing::choose(policy(Options::default()), hosts, "at 0 cpu 2"), Some(HostId(1)));
    }

    #[test]
    fn what_was_set_one_by_one_is_ranked_as_what_was_filled_in() {
        let mut random = Seed(3).stream("pairs");
        let mut ranking = ByPair::new(Options { weight: 300, fgd_weight: 700 }, 40);
        let mut plain = vec![Pair::IMPOSSIBLE; 40];
        for _ in 0..2000 {
            let index = random.below(40);
            let pair = match random.below(4) {
                0 => Pair::IMPOSSIBLE,
                _ => pair(-(random.below(300) as i32), random.below(100) as i32),
            };
            ranking.set(index, pair);
            plain[index] = pair;
            assert_eq!(ranking.best(0.0), best(ranking.options, &plain));
        }
    }
}
