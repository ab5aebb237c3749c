//! A claim about one metric, which reports hold against every scenario and scheduler. It determines no run.

use results::{Bound, Claim};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::Checked;
use super::document::Document;
use super::schema;
use crate::nearest::nearest;

/// What is claimed. Exactly one of `at_most` and `at_least` says when it holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = schema::one_bound)]
pub struct ClaimConfig {
    /// The claim, in words.
    #[schemars(length(min = 1))]
    pub says: String,
    /// The metric that it is about: one of the experiment's `metrics`.
    #[schemars(schema_with = "schema::metric")]
    pub metric: String,
    /// It holds where the metric is this or less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    /// It holds where the metric is this or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// What the model cannot show of it, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub limits: Option<String>,
}

impl ClaimConfig {
    pub(crate) fn claim(&self) -> Claim {
        Claim {
            says: self.says.trim().to_owned(),
            metric: self.metric.clone(),
            bound: self.bound().expect("checked when the config was read"),
            limits: self.limits.as_ref().map(|limits| limits.trim().to_owned()),
        }
    }

    /// Nothing unless exactly one of the two stands there.
    fn bound(&self) -> Option<Bound> {
        match (self.at_most, self.at_least) {
            (Some(most), None) => Some(Bound::AtMost(most)),
            (None, Some(least)) => Some(Bound::AtLeast(least)),
            _ => None,
        }
    }

    /// `listed` are the metrics of the experiment.
    pub(super) fn check(&self, listed: &[String], document: &Document) -> Checked {
        let refuse = |key: &str, problem: String| Err(document.refuse(&["claim", key], problem));
        if self.says.trim().is_empty() {
            return refuse("says", "the claim is empty; allowed is any other text".to_owned());
        }
        if self.limits.as_ref().is_some_and(|limits| limits.trim().is_empty()) {
            return refuse("limits", "the text is empty; allowed is any other, or no such key".to_owned());
        }
        if !listed.contains(&self.metric) {
            let allowed: Vec<String> = listed.iter().map(|name| format!("`{name}`")).collect();
            let allowed = if allowed.is_empty() { "none yet".to_owned() } else { allowed.join(", ") };
            let meant = nearest(&self.metric, listed.iter().map(String::as_str));
            let meant = meant.map_or(String::new(), |name| format!("; did you mean `{name}`?"));
            let problem = format!(
                "`{}` is not in `metrics`; allowed is what stands there, {allowed}{meant}",
                self.metric
            );
            return refuse("metric", problem);
        }
        match self.bound() {
            None => {
                let found = if self.at_most.is_some() { "both stand there" } else { "neither stands there" };
                refuse("at_most", format!("{found}; allowed is exactly one of `at_most` and `at_least`"))
            }
            Some(Bound::AtMost(value)) if !value.is_finite() => {
                refuse("at_most", format!("{value} stands there; allowed is any finite number"))
            }
            Some(Bound::AtLeast(value)) if !value.is_finite() => {
                refuse("at_least", format!("{value} stands there; allowed is any finite number"))
            }
            Some(_) => Ok(()),
        }
    }
}
