//! Who gets how much of a cpu that is asked for more than it is there.
//!
//! Weighted max-min with quotas: the share `x` that makes the smallest `x / weight` as large as it can be, then the next
//! smallest, with nobody given more than it wants or may have. It is what the group scheduler of Linux does in the limit of
//! short time slices (`cpu.weight`), with bandwidth control (`cpu.max`: a quota for each period of 100 ms).

use serde::{Deserialize, Serialize};

/// How the cpu of a host is shared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CpuSharing {
    /// Who counts how much when there is not enough.
    pub weights: Weights,
    /// How what is left of a busy cpu is divided.
    pub rule: SharingRule,
}

/// Who counts how much when there is not enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weights {
    /// In proportion to what was asked for, as Kubernetes sets them.
    #[default]
    Request,
    /// All alike.
    Equal,
    /// Twice as much for each step of priority.
    Priority,
}

/// How a cpu that is asked for too much is divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SharingRule {
    /// Weighted max-min.
    #[default]
    MaxMin,
    /// Everybody gets the same part of what it wants, as CloudSim's over-subscription has it.
    Proportional,
}

/// Somebody who wants a part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Claim {
    /// What it could use, in any unit.
    pub demand: f64,
    /// How much it counts; above 0.
    pub weight: f64,
    /// The most that it may have.
    pub quota: f64,
}

impl Claim {
    /// The most that it takes.
    pub fn effective(&self) -> f64 {
        self.demand.min(self.quota)
    }

    /// The part of what it may have that it does not get: steal, in the words of a guest.
    pub fn steal(&self, given: f64) -> f64 {
        match self.effective() {
            effective if effective > 0.0 => (1.0 - given / effective).max(0.0),
            _ => 0.0,
        }
    }

    /// The part of what it wants that its quota keeps from it.
    pub fn throttled(&self) -> f64 {
        if self.demand > 0.0 { 1.0 - (self.quota / self.demand).min(1.0) } else { 0.0 }
    }
}

/// What each gets of so much, by weighted max-min: progressive filling, `n log n`.
pub fn max_min(capacity: f64, claims: &[Claim]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..claims.len()).collect();
    let level = |index: usize| claims[index].effective() / claims[index].weight;
    order.sort_by(|&one, &other| level(one).total_cmp(&level(other)).then(one.cmp(&other)));
    let mut given = vec![0.0; claims.len()];
    let (mut left, mut weights) = (capacity, claims.iter().map(|claim| claim.weight).sum::<f64>());
    for (place, &index) in order.iter().enumerate() {
        let Claim { weight, .. } = claims[index];
        let effective = claims[index].effective();
        if effective > weight * left / weights {
            order[place..].iter().for_each(|&other| given[other] = claims[other].weight * left / weights);
            break;
        }
        given[index] = effective;
        left = (left - effective).max(0.0);
        weights -= weight;
    }
    given
}

/// What each gets when all get the same part of what they want and may have.
pub fn proportional(capacity: f64, claims: &[Claim]) -> Vec<f64> {
    let wanted: f64 = claims.iter().map(Claim::effective).sum();
    let part = if wanted > capacity { capacity / wanted } else { 1.0 };
    claims.iter().map(|claim| claim.effective() * part).collect()
}

/// A group of claims that is given a part of its own, which its members share: groups within groups are levels.
#[derive(Clone, Debug)]
pub struct Group {
    /// How much it counts among groups; above 0.
    pub weight: f64,
    /// The most that all of it may have.
    pub quota: f64,
    /// Its members.
    pub members: Vec<Claim>,
}

/// What each member of each group gets: max-min among the groups, then within each.
pub fn max_min_of_groups(capacity: f64, groups: &[Group]) -> Vec<Vec<f64>> {
    let claim = |group: &Group| Claim {
        demand: group.members.iter().map(Claim::effective).sum(),
        weight: group.weight,
        quota: group.quota,
    };
    let parts = max_min(capacity, &groups.iter().map(claim).collect::<Vec<_>>());
    parts.into_iter().zip(groups).map(|(part, group)| max_min(part, &group.members)).collect()
}

/// How many times as long as its service a response takes on average, of work that comes at random and is served a bit each
/// in turn, where it wants this share of what it is given: `1 / (1 - load)` (M/G/1 with processor sharing). Without bound from
/// a load of 1 on.
pub fn response_slowdown(load: f64) -> f64 {
    if load < 1.0 { 1.0 / (1.0 - load) } else { f64::INFINITY }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claim(demand: f64, weight: f64, quota: f64) -> Claim {
        Claim { demand, weight, quota }
    }

    #[test]
    fn models_4_2_weights_and_a_quota() {
        let claims = [
            claim(16.0, 100.0, 6.0),
            claim(16.0, 200.0, f64::INFINITY),
            claim(12.0, 100.0, f64::INFINITY),
            claim(2.0, 100.0, f64::INFINITY),
        ];
        let given = max_min(32.0, &claims);
        assert_eq!(given, [6.0, 16.0, 8.0, 2.0]);
        assert_eq!((claims[0].throttled(), claims[0].steal(given[0])), (0.625, 0.0));
        assert!((claims[2].steal(given[2]) - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn models_4_2_equal_demands_share_evenly() {
        for given in max_min(8.0, &[claim(4.0, 1.0, 9.0); 3]) {
            assert!((given - 8.0 / 3.0).abs() < 1e-12);
        }
    }

    /// A busy queue answers slowly: at a load of 0.92, 12.5 times the service.
    #[test]
    fn models_4_2_responses_under_load() {
        assert!((response_slowdown(0.92) - 12.5).abs() < 1e-12);
        assert_eq!(response_slowdown(1.0), f64::INFINITY);
    }

    /// Proportionally a small one loses as much of what it wants as a greedy one.
    #[test]
    fn models_4_2_sharing_in_proportion_is_another_rule() {
        let claims = [claim(1.0, 1.0, 99.0), claim(15.0, 1.0, 99.0)];
        assert_eq!(proportional(8.0, &claims), [0.5, 7.5]);
        assert_eq!(max_min(8.0, &claims), [1.0, 7.0]);
    }

    #[test]
    fn groups_share_before_their_members_do() {
        let group =
            |weight, members: &[Claim]| Group { weight, quota: f64::INFINITY, members: members.into() };
        let crowd = group(1.0, &[claim(8.0, 1.0, 99.0); 4]);
        let lone = group(1.0, &[claim(3.0, 1.0, 99.0)]);
        assert_eq!(max_min_of_groups(8.0, &[crowd, lone]), [vec![1.25; 4], vec![3.0]]);
    }

    proptest! {
        /// Nobody gets more than it wants, nothing is left that somebody could use, and whoever gets less than it wants gets
        /// no less for its weight than anybody else: so that no other sharing is better for whoever is worst off.
        #[test]
        fn nobody_can_be_better_off_in_the_worst_place(
            capacity in 0.0_f64..64.0,
            claims in prop::collection::vec((0.0_f64..32.0, 1_u32..5, 0.1_f64..40.0), 1..12),
            other in prop::collection::vec(0.0_f64..1.0, 12),
        ) {
            let claims: Vec<Claim> =
                claims.into_iter().map(|(demand, weight, quota)| claim(demand, weight.into(), quota)).collect();
            let given = max_min(capacity, &claims);
            let sum: f64 = given.iter().sum();
            let wanted: f64 = claims.iter().map(Claim::effective).sum();
            prop_assert!((sum - wanted.min(capacity)).abs() <= 1e-9 * (1.0 + capacity));
            for (claim, &given) in claims.iter().zip(&given) {
                prop_assert!(given <= claim.effective() + 1e-9);
            }
            let short = |index: &usize| given[*index] < claims[*index].effective() - 1e-9;
            let level = |index: usize| given[index] / claims[index].weight;
            let worst = (0..claims.len()).filter(short).map(level).fold(f64::INFINITY, f64::min);
            for index in 0..claims.len() {
                prop_assert!(level(index) <= worst + 1e-9, "{index} has more for its weight than who is short");
            }
            // Any other feasible sharing: random parts, held to what each may have and to the whole.
            let mut rival: Vec<f64> =
                claims.iter().zip(&other).map(|(claim, part)| claim.effective() * part).collect();
            let scale = (capacity / rival.iter().sum::<f64>().max(1e-12)).min(1.0);
            rival.iter_mut().for_each(|part| *part *= scale);
            let ratios = |parts: &[f64]| {
                let mut ratios: Vec<f64> = parts.iter().zip(&claims).map(|(part, claim)| part / claim.weight).collect();
                ratios.sort_by(f64::total_cmp);
                ratios
            };
            prop_assert!(ratios(&given)[0] >= ratios(&rival)[0] - 1e-9);
        }
    }
}
