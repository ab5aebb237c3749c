//! How hosts are operated: which sleep and wake, how fast they run. One policy, one file; to add one, write the file and put
//! its name into the list below: configs, `rackwright list` and the contract test then know it.
//!
//! A policy is asked again after each of its answers, until it says `Defer`.

use crate::policy::{Choice, Policy, PolicyError};

macro_rules! powers {
    ($($name:ident)*) => {
        $(mod $name;)*

        /// Name and one line of help of every policy.
        pub const NAMES: &[(&str, &str)] = &[$((stringify!($name), $name::HELP)),*];

        /// The policy that a config names.
        ///
        /// # Errors
        /// When there is none of this name, or its options are wrong.
        pub fn power(choice: &Choice) -> Result<Box<dyn Policy>, PolicyError> {
            match choice.policy.as_str() {
                $(stringify!($name) => Ok(Box::new($name::policy(choice.typed()?))),)*
                name => Err(PolicyError::unknown("power", name, NAMES)),
            }
        }
    };
}

powers! {
    full_power
    idle_timeout
}
