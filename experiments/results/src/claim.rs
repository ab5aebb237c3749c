//! A claim about one metric, as an experiment states it. Reports say where it holds.

use serde::{Deserialize, Serialize};

/// What is claimed, and what the metric would have to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The claim, in words.
    pub says: String,
    /// The metric that it is about.
    pub metric: String,
    /// On which side of which value it holds.
    pub bound: Bound,
    /// What the model cannot show of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<String>,
}

/// The values of a metric with which a claim holds, the one that is named included.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// This or less.
    AtMost(f64),
    /// This or more.
    AtLeast(f64),
}
