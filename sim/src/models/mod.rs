//! Physics that may be exchanged, one file each. A model turns a state into a rate; only the cluster integrates.

pub mod behaviour;
pub mod carbon;
pub mod chiller;
pub mod cloudsim;
pub mod cooling;
pub mod cpu_sharing;
pub mod device_memory;
pub mod dirtying;
pub mod facility;
pub mod fragmentation;
pub mod gpu_power;
pub mod gpu_sharing;
pub mod interconnect;
pub mod max_min;
pub mod memory_pressure;
pub mod mig;
pub mod migration;
pub mod numa;
pub mod offload;
pub mod power;
pub mod recirculation;
pub mod sleep;
pub mod topology_manager;
pub mod virtualisation;
pub mod wet_bulb;
