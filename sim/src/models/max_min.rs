//! Fair sharing of links: what each flow gets when all rise together until a link is full (progressive filling, max-min).
//!
//! ```text
//!  link A (10) --- flow 0 -------------------- 8
//!       \
//!        flow 1 ------------------------------ 2     link B (4) is full first: 2 for each of its two flows,
//!              \                                     and flow 0 takes what is left of A.
//!  link B (4) --- flow 2 --------------------- 2
//! ```
//!
//! The fluid limit of many packets: no slow start, no collisions. It is right for flows that last much longer than a round
//! trip, as migrations do.

/// The rate of each flow, in the unit of the capacities. A flow names the links that it takes, each once; one that takes none
/// is not held back by anything and gets an infinite rate.
///
/// # Panics
/// When a flow names a link that has no capacity stated.
pub fn max_min<F: AsRef<[usize]>>(capacities: &[f64], flows: &[F]) -> Vec<f64> {
    let mut left = capacities.to_vec();
    let mut counts = vec![0_u32; capacities.len()];
    flows.iter().flat_map(|flow| flow.as_ref()).for_each(|&link| counts[link] += 1);
    let mut rates = vec![f64::INFINITY; flows.len()];
    let mut is_open: Vec<bool> = flows.iter().map(|flow| !flow.as_ref().is_empty()).collect();
    loop {
        // Of links that are full together the first decides, so that the order of sums is defined.
        let share = |link: usize| left[link].max(0.0) / f64::from(counts[link]);
        let used = (0..left.len()).filter(|&link| counts[link] > 0);
        let Some(fullest) = used.min_by(|&one, &other| share(one).total_cmp(&share(other))) else {
            return rates;
        };
        let rate = share(fullest);
        for (index, flow) in flows.iter().enumerate() {
            if is_open[index] && flow.as_ref().contains(&fullest) {
                is_open[index] = false;
                rates[index] = rate;
                for &link in flow.as_ref() {
                    left[link] -= rate;
                    counts[link] -= 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Models 9.2: links A 10 and B 4; flows over A, over both, over B.
    #[test]
    fn models_9_2_the_fuller_link_decides_first() {
        assert_eq!(max_min(&[10.0, 4.0], &[vec![0], vec![0, 1], vec![1]]), [8.0, 2.0, 2.0]);
    }

    #[test]
    fn equal_flows_share_evenly_and_nobody_shares_with_nobody() {
        assert_eq!(max_min(&[9.0], &[[0], [0], [0]]), [3.0; 3]);
        assert_eq!(max_min(&[9.0, 1.0], &[[0], [1]]), [9.0, 1.0]);
        assert_eq!(max_min::<[usize; 0]>(&[9.0], &[]), [0.0; 0]);
        assert_eq!(max_min(&[9.0], &[vec![], vec![0]]), [f64::INFINITY, 9.0]);
    }

    proptest! {
        /// What makes a rate max-min fair: no link carries more than it can, and every flow has a link that is full and on
        /// which nobody gets more.
        #[test]
        fn every_flow_is_held_back_by_a_full_link_on_which_nobody_gets_more(
            capacities in prop::collection::vec(0.1_f64..100.0, 1..8),
            drawn in prop::collection::vec(prop::collection::btree_set(0_usize..8, 1..4), 0..20),
        ) {
            let count = capacities.len();
            let flows: Vec<Vec<usize>> = drawn
                .into_iter()
                .map(|links| {
                    let mut links: Vec<usize> = links.into_iter().map(|link| link % count).collect();
                    links.sort_unstable();
                    links.dedup();
                    links
                })
                .collect();
            let rates = max_min(&capacities, &flows);
            let on = |link: usize| flows.iter().zip(&rates).filter(move |(flow, _)| flow.contains(&link));
            let load = |link: usize| on(link).map(|(_, rate)| rate).sum::<f64>();
            for (link, capacity) in capacities.iter().enumerate() {
                prop_assert!(load(link) <= capacity * (1.0 + 1e-9));
            }
            for (flow, &rate) in flows.iter().zip(&rates) {
                let holds_back = |&&link: &&usize| {
                    let is_full = load(link) >= capacities[link] * (1.0 - 1e-9);
                    is_full && on(link).all(|(_, &other)| other <= rate * (1.0 + 1e-9))
                };
                prop_assert!(flow.iter().any(|link| holds_back(&link)), "{flow:?} gets {rate}");
            }
        }
    }
}
