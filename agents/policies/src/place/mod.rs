//! Where a task goes. One policy, one file; to add one, write the file and put its name into the list below:
//! configs, `rackwright list` and the contract test then know it.

use crate::policy::{Choice, Policy, PolicyError, family};

pub mod host_features;
pub mod linear_scorer;
pub(crate) mod preempt;
mod search;

family! {
    place:
    random
    round_robin
    first_fit
    best_fit
    worst_fit
    dot_product
    l2_norm
    cosine
    gpu_packing
    gpu_clustering
    fgd
    fgd_stranded
    linear
    lifetime_aware
    fixed_overcommit
    numa_aware
    pwr
    kube_default
    best_fit_published
    dot_product_published
    nominal_first_fit
    nominal_least_rise
    recorded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_keeps_the_contract() {
        for &(name, _) in NAMES {
            crate::testing::check_policy(|| place(&name.into()).expect("it is in the list"), name);
        }
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_nearest() {
        let error = place(&"best_fitt".into()).err().expect("there is no such policy").to_string();
        assert!(error.contains("\"best_fitt\"") && error.contains("did you mean \"best_fit\""), "{error}");
    }
}
