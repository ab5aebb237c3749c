//! A weighted sum of what is known of each host and of what would be left there (`host_features`), by kind of task and load
//! (`linear_scorer`). Weights are tuned, or trained, elsewhere.

use super::linear_scorer::{self, Table};
use crate::prelude::*;

pub(super) const HELP: &str = "a weighted sum of fragments, power, stranded capacity and what is left of the host";

pub(super) fn policy(weights: Table) -> impl Policy {
    linear_scorer::policy(weights)
}

#[cfg(test)]
mod tests {
    use crate::place::place;
    use crate::policy::Choice;

    #[test]
    fn weights_are_named_and_anything_else_is_refused() {
        let error = |options: &str| {
            let options: toml::Table = toml::from_str(options).expect("TOML");
            let choice = Choice { policy: "linear".to_owned(), options };
            place(&choice).err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(error("weights = { fgd = 1, power = -0.5 }\nby_load = { power = 1 }"), "");
        assert!(error("weights = { fdg = 1 }").contains("\"fdg\" is no feature; allowed are fgd, fragments"));
        assert!(error("weighs = { fgd = 1 }").contains("\"weighs\" is no group of weights; allowed are weights,"));
        assert!(error("weights = { fgd = inf }").contains("weights.fgd = inf; allowed are finite numbers"));
    }
}
