//! What a person reads: statistics, the leaderboard in the terminal, figures, and one HTML page.
//!
//! ```text
//!  folder --results--> Results --> Comparison --+--> leaderboard   a table as text
//!                                               +--> figures       SVG, one function each
//!                                               +--> html          one self-contained page
//!                                               +--> paper         a folder: figures, their data, tables
//!                                               +--> claim         where the experiment's claim holds
//! ```
//!
//! This crate knows results and nothing else of ours: a page can be made anew years after the runs.

pub mod bootstrap;
pub mod claim;
pub mod compare;
mod error;
pub mod figures;
pub mod html;
pub mod leaderboard;
pub mod paper;
mod png;
mod random;
pub mod rivals;
pub mod statistics;
mod sweep_table;
mod sweeps;
pub mod testing;
pub mod words;

pub use claim::{Finding, finding};
pub use compare::{Comparison, Selection};
pub use error::ReportError;
pub use html::{page, write};
pub use leaderboard::{leaderboard, leaderboard_of};
pub use paper::Paper;
pub use png::png;
