//! How policies are learned. One algorithm, one file; its arithmetic is pure and tested by hand.

pub mod behaviour_cloning;
pub mod cma_es;
pub mod distillation;
pub mod dqn;
pub mod evolution;
mod fused;
mod kernels;
pub mod math;
pub mod network;
pub mod order_ppo;
pub mod order_search;
pub mod ppo;
pub mod search;
pub mod worth;
