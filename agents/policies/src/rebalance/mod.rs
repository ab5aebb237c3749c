//! What of the running tasks to move. One policy, one file; to add one, write the file and put its name into the list
//! below: configs, `rackwright list` and the contract test then know it.
//!
//! A policy is asked again after each of its answers, until it says `Defer`.

use crate::policy::{Choice, Policy, PolicyError, family};

mod detector;
mod linear_weights;
mod outlook;
mod planned;
mod regression;
mod scene;
mod selection;

family! {
    rebalance:
    consolidate
    cap_no_relief
    linear
}
