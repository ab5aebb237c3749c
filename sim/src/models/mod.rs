//! Physics that may be exchanged, one file each. A model turns a state into a rate; only the cluster integrates.

pub mod cloudsim;
pub mod dirtying;
pub mod facility;
pub mod fragmentation;
pub mod gpu_power;
pub mod gpu_sharing;
pub mod max_min;
pub mod mig;
pub mod migration;
pub mod power;
pub mod sleep;
