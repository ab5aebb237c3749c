//! The simulator as learners see it: questions with candidates, and episodes that are played very often.
//!
//! ```text
//!   Jobs (columns of a workload) ---> PoolEpisode ---> how long everybody waited
//!                                       ^   |
//!                              a score  |   |  everyone who waits, as columns
//!                              for each |   v
//!                                     scorer
//! ```
//!
//! [`pool`] plays the question *which next?* on a batch pool without the engine, several hundred times as fast as a general
//! simulation, and decides as the engine does: that is tested episode by episode. [`foresight`] holds the orders that play such
//! episodes before they answer, or that know how tasks will go.

pub mod environment;
pub mod foresight;
mod jobs;
pub mod order;
pub mod pool;
mod pool_episode;
pub mod toys;
pub mod vector;
