//! The world and its clock.
pub mod kernel;
pub mod models;
pub mod resources;
pub mod topology;
pub mod workload;
