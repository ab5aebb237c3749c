//! What of the running tasks to move. One policy, one file; to add one, write the file and put its name into the list
//! below: configs, `rackwright list` and the contract test then know it.
//!
//! A policy is asked again after each of its answers, until it says `Defer`.

use crate::policy::{Choice, Policy, PolicyError};

mod detector;
mod regression;
mod scene;
mod selection;

macro_rules! rebalances {
    ($($name:ident)*) => {
        $(mod $name;)*

        /// Name and one line of help of every policy.
        pub const NAMES: &[(&str, &str)] = &[$((stringify!($name), $name::HELP)),*];

        /// The policy that a config names.
        ///
        /// # Errors
        /// When there is none of this name, or its options are wrong.
        pub fn rebalance(choice: &Choice) -> Result<Box<dyn Policy>, PolicyError> {
            match choice.policy.as_str() {
                $(stringify!($name) => Ok(Box::new($name::policy(choice.typed()?))),)*
                name => Err(PolicyError::unknown("rebalance", name, NAMES)),
            }
        }
    };
}

rebalances! {
    consolidate
    cap_no_relief
}
