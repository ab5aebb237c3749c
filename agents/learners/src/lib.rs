//! How policies are learned. One algorithm, one file; its arithmetic is pure and tested by hand.

pub mod cma_es;
pub mod order_search;
pub mod search;
