//! Where a task goes. One policy, one file; to add one, write the file and put its name into the list below:
//! configs, `rackwright list` and the contract test then know it.

use crate::policy::{Choice, Policy, PolicyError};

pub(crate) mod preempt;
mod search;

macro_rules! places {
    ($($name:ident)*) => {
        $(mod $name;)*

        /// Name and one line of help of every policy.
        pub const NAMES: &[(&str, &str)] = &[$((stringify!($name), $name::HELP)),*];

        /// The policy that a config names.
        ///
        /// # Errors
        /// When there is none of this name, or its options are wrong.
        pub fn place(choice: &Choice) -> Result<Box<dyn Policy>, PolicyError> {
            match choice.policy.as_str() {
                $(stringify!($name) => Ok(Box::new($name::policy(choice.typed()?))),)*
                name => Err(PolicyError::unknown("place", name, NAMES)),
            }
        }
    };
}

places! {
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
