//! How hosts are operated: which sleep and wake, how fast they run. One policy, one file; to add one, write the file and put
//! its name into the list below: configs, `rackwright list` and the contract test then know it.
//!
//! A policy is asked again after each of its answers, until it says `Defer`.

use crate::policy::{Choice, Policy, PolicyError, family};

family! {
    power:
    full_power
    idle_timeout
    power_cap
}
