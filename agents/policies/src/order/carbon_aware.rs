//! Whoever may wait is held until the hours in which its run emits least, as far as they are foreseen.

use super::OrderKey;
use super::aware::{Aware, Options};

pub(super) const HELP: &str = "an inner order, with everyone held until its run would emit least, within its slack";

pub(super) fn key(options: Options) -> impl OrderKey {
    Aware::new(options, |conditions| conditions.carbon_grams_per_kwh)
}
