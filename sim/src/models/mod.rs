//! Physics that may be exchanged, one file each. A model turns a state into a rate; only the cluster integrates.

pub mod carbon;
pub mod chiller;
pub mod cloudsim;
pub mod cooling;
pub mod facility;
pub mod fragmentation;
pub mod gpu_power;
pub mod gpu_sharing;
pub mod mig;
pub mod migration;
pub mod power;
pub mod recirculation;
pub mod sleep;
pub mod wet_bulb;
