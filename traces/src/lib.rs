//! Where work comes from: importers of published traces, generators of synthetic ones, transforms
//! between the two and the engine, and the canonical workload directory that all of them end in.
//!
//! ```text
//!  swf, openb ----> import --+
//!                            +--> Workload --> transform --> Workload --> engine
//!  mixed_cluster -> generate +       |  ^
//!                                    v  |
//!                             format (Parquet directory)
//! ```
//!
//! Nothing in here prints, and nothing is dropped or defaulted in silence: what an importer leaves out is
//! counted by reason, and what is no trace is refused with its file, line and column.

pub mod distribution;
pub mod fit;
#[cfg(feature = "tables")]
pub mod format;
pub mod generate;
pub mod import;
mod options;
pub mod series;
pub mod transform;

pub use options::OptionError;
