//! From a configuration to a plan to finished runs.
//!
//! ```text
//!  config.rs      TOML, typed and checked; refusals name file, line, key and the nearest valid name
//!     |
//!  plan.rs        scenarios x schedulers x seeds; an id for each run: the hash of all that determines it
//!     |
//!  selection.rs   the part of the plan that is wanted
//!  forecast.rs    what it would take
//!     |
//!  experiment.rs  all runs, on all cores, resumable ---> results::Store
//!     |    \
//!     |     evaluate.rs   one run: engine, scheduler, observers
//!     |     assets.rs     topologies and workloads, made once and shared
//!     |     series.rs     the cluster over time
//!     |     surroundings.rs  weather, carbon and prices over simulated time
//!  replay.rs      a trace's own decisions repeated, and held against the trace
//!  predict.rs     how well lives are foretold
//!  train.rs       policies from a training configuration, a search for each seed
//!  bench.rs       how fast all this is; memory.rs  how memory is counted
//! ```
//!
//! Deliberately absent: printing, arguments and allocators (the binary's), and anything that decides (the
//! policies').

pub mod assets;
pub mod bench;
pub mod cluster;
pub mod config;
mod error;
pub mod evaluate;
pub mod experiment;
pub mod forecast;
pub mod memory;
pub mod nearest;
pub mod plan;
pub mod predict;
pub mod replay;
pub mod selection;
pub mod series;
pub mod surroundings;
pub mod train;

pub use config::{Config, ConfigError};
pub use error::RunError;
pub use experiment::{Options, Progress, Standing};
pub use plan::{Plan, Run};
