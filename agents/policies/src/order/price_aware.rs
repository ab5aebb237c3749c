//! Whoever may wait is held until the hours in which its run costs least, as far as they are foreseen.

use super::OrderKey;
use super::aware::{Aware, Options};

pub(super) const HELP: &str = "an inner order, with everyone held until its run would cost least, within its slack";

pub(super) fn key(options: Options) -> impl OrderKey {
    Aware::new(options, |conditions| conditions.price_per_mwh)
}
