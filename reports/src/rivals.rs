//! A group of schedulers against the best of the others, scenario by scenario: what a method is worth that was trained several
//! times.
//!
//! The group's value under a seed is the mean over its schedulers; the rival is the scheduler outside the group with the best mean
//! over the same seeds. Their ratio is that of the means; its interval comes from drawing blocks of consecutive seeds again and
//! again (Künsch, Annals of Statistics 17, 1989, without overlap), because neighbouring seeds may be windows of a trace that overlap.

use std::collections::BTreeMap;

use results::Better;

use crate::bootstrap::{Interval, RESAMPLES};
use crate::compare::{Comparison, ScenarioComparison};
use crate::random::Random;
use crate::words::fits;

/// What a group is worth in one scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Rivalry {
    /// The scenario.
    pub scenario: String,
    /// The schedulers of the group.
    pub group: Vec<String>,
    /// The best of the others.
    pub rival: String,
    /// Its mean.
    pub rival_mean: f64,
    /// The group's mean.
    pub group_mean: f64,
    /// The mean of each scheduler of the group, in their order.
    pub members: Vec<f64>,
    /// How many times the rival's mean the group's is.
    pub ratio: Interval,
    /// Seeds that all of them have.
    pub seeds: usize,
    /// In how many blocks they were drawn.
    pub blocks: usize,
}

/// Compares the schedulers that fit a pattern with the best of the others under a metric that judges, in so many blocks of
/// seeds. Scenarios in which nobody fits, or nobody is left, are passed over; so are those without a common seed.
pub fn rivalries(comparison: &Comparison, pattern: &str, metric: &str, blocks: usize) -> Vec<Rivalry> {
    comparison.scenarios.iter().filter_map(|scenario| rivalry(scenario, pattern, metric, blocks)).collect()
}

fn rivalry(scenario: &ScenarioComparison, pattern: &str, metric: &str, blocks: usize) -> Option<Rivalry> {
    let metric = scenario.metric(metric)?;
    let values: Vec<(&String, &BTreeMap<u64, f64>)> =
        scenario.schedulers.iter().zip(&metric.cells).map(|(name, cell)| (name, &cell.values)).collect();
    let (group, others): (Vec<_>, Vec<_>) = values.into_iter().partition(|(name, _)| fits(pattern, name));
    if group.is_empty() || others.is_empty() {
        return None;
    }
    let everyone = || group.iter().chain(&others);
    let seeds: Vec<u64> = group[0]
        .1
        .keys()
        .copied()
        .filter(|seed| everyone().all(|(_, values)| values.contains_key(seed)))
        .collect();
    if seeds.is_empty() {
        return None;
    }
    let of = |values: &BTreeMap<u64, f64>| seeds.iter().map(|seed| values[seed]).collect::<Vec<f64>>();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let is_better = |one: f64, other: f64| match metric.better {
        Better::Lower => one < other,
        Better::Higher => one > other,
        Better::Neither => false,
    };
    let others: Vec<(&String, Vec<f64>)> = others.iter().map(|(name, values)| (*name, of(values))).collect();
    let (rival, rival_values) = others
        .into_iter()
        .reduce(|best, one| if is_better(mean(&one.1), mean(&best.1)) { one } else { best })?;
    let members: Vec<Vec<f64>> = group.iter().map(|(_, values)| of(values)).collect();
    let group_values: Vec<f64> = (0..seeds.len())
        .map(|place| members.iter().map(|values| values[place]).sum::<f64>() / members.len() as f64)
        .collect();
    let blocks = blocks.min(seeds.len());
    Some(Rivalry {
        scenario: scenario.scenario.clone(),
        group: group.iter().map(|(name, _)| (*name).clone()).collect(),
        rival: rival.clone(),
        rival_mean: mean(&rival_values),
        group_mean: mean(&group_values),
        members: members.iter().map(|values| mean(values)).collect(),
        ratio: ratio(&group_values, &rival_values, blocks),
        seeds: seeds.len(),
        blocks,
    })
}

/// The ratio of the means, with the 2.5 % and 97.5 % quantiles of 10,000 draws of blocks; one block alone says nothing of that.
fn ratio(above: &[f64], below: &[f64], blocks: usize) -> Interval {
    let sums = |values: &[f64]| -> Vec<f64> {
        (0..blocks)
            .map(|block| {
                let border = |block: usize| block * values.len() / blocks;
                values[border(block)..border(block + 1)].iter().sum()
            })
            .collect()
    };
    let (above, below) = (sums(above), sums(below));
    let value = above.iter().sum::<f64>() / below.iter().sum::<f64>();
    if blocks < 2 {
        return Interval { value, ends: None };
    }
    let mut random = Random(0x5eed);
    let mut drawn: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let (mut sum, mut base) = (0.0, 0.0);
            for _ in 0..blocks {
                let block = random.below(blocks);
                (sum, base) = (sum + above[block], base + below[block]);
            }
            sum / base
        })
        .collect();
    drawn.sort_unstable_by(f64::total_cmp);
    Interval { value, ends: Some((drawn[RESAMPLES / 40 - 1], drawn[RESAMPLES - RESAMPLES / 40 - 1])) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a panic is how a test speaks

    use super::*;
    use crate::testing::{Size, invented};

    /// Two blocks of two: 1 + 3 over 4 + 4, and 2 + 2 over 2 + 2. A quarter of the draws has the first twice, a quarter the second
    /// twice: the ends are those of the blocks alone.
    #[test]
    fn blocks_are_drawn_whole() {
        let interval = ratio(&[1.0, 3.0, 2.0, 2.0], &[4.0, 4.0, 2.0, 2.0], 2);
        assert!((interval.value - 8.0 / 12.0).abs() < 1e-15);
        assert_eq!(interval.ends, Some((0.5, 1.0)));
        assert_eq!(ratio(&[1.0], &[2.0], 1), Interval { value: 0.5, ends: None });
    }

    #[test]
    fn a_group_meets_the_best_of_the_others() {
        let results = invented(Size { scenarios: 1, schedulers: 5, seeds: 12, samples: 0 });
        let comparison = Comparison::of(&results).unwrap();
        let found = rivalries(&comparison, "*_fit", "wait_mean", 4);
        let scenario = &comparison.scenarios[0];
        let mean = |name: &str| {
            let place = scenario.schedulers.iter().position(|other| other == name).unwrap();
            scenario.metric("wait_mean").unwrap().cells[place].estimate.unwrap().mean
        };
        assert_eq!(found[0].group, ["first_fit", "best_fit", "worst_fit"]);
        assert_eq!(
            (found[0].rival.as_str(), found[0].seeds, found[0].blocks),
            ("fgd", 12, 4),
            "0.69 is less than 0.74"
        );
        let group = (mean("first_fit") + mean("best_fit") + mean("worst_fit")) / 3.0;
        assert!((found[0].ratio.value - group / mean("fgd")).abs() < 1e-12);
        let (low, high) = found[0].ratio.ends.unwrap();
        assert!(low < found[0].ratio.value && found[0].ratio.value < high);
        assert!(rivalries(&comparison, "nobody*", "wait_mean", 4).is_empty());
        assert!(rivalries(&comparison, "*", "wait_mean", 4).is_empty());
    }
}
