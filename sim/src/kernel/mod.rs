//! The kernel: time, identifiers, randomness and the event queue. It knows nothing of datacenters.

pub mod ids;
pub mod queue;
pub mod rng;
pub mod time;
