//! What the policy `linear` weighs: numbers of a host or of a task, each with a weight of the same name.

use serde::Deserialize;

use crate::options;

/// A struct of numbers that serves twice: as the features of something, and as their weights.
macro_rules! weighed {
    ($(#[$doc:meta])* $type:ident { $($(#[$field_doc:meta])* $field:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub(super) struct $type {
            $(
                $(#[$field_doc])*
                #[serde(deserialize_with = "options::finite")]
                pub(super) $field: f64,
            )*
        }

        impl $type {
            /// The sum of all features, each times its weight.
            pub(super) fn score(&self, features: Self) -> f64 {
                0.0 $(+ self.$field * features.$field)*
            }
        }
    };
}

weighed! {
    /// Of a task that could leave an overloaded host; the least goes first.
    Leaver {
        /// Its memory, in GiB.
        memory_gib,
        /// What it asks for, as a share of the host.
        demand,
        /// What the host is asked for too much even without it, as a share.
        still_over,
        /// By how much less than necessary the host is asked for without it, as a share.
        beyond,
    }
}

weighed! {
    /// Of a host that could take a task in; the least does.
    Target {
        /// By how much its power rises above what it drew when the period passed, in watts.
        rise,
        /// By how much above what it draws with all that was thought to come since, in watts.
        rise_now,
        /// What it draws before, if it is empty, in watts.
        switch_on,
        /// What is asked of it with the task, as a share.
        load_after,
        /// What it draws for each core when all are in use, in watts.
        full_watts_per_core,
        /// 1 if nobody else comes to it in this turn.
        is_first,
        /// By how many seconds longer somebody is on the way to it.
        more_seconds,
    }
}

weighed! {
    /// Of a host that could be emptied; the least comes first.
    Source {
        /// How much of it is in use, as a share.
        used,
        /// What it draws for each core when all are in use, in watts.
        full_watts_per_core,
        /// How many tasks are on it.
        tasks,
        /// What its tasks ask for times how long each is on the way, as seconds of the whole host.
        moved_seconds,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_and_features_are_multiplied_name_by_name() {
        let weights: Source = toml::from_str("used = 2.0\ntasks = -0.5").expect("weights");
        let features = Source { used: 0.4, full_watts_per_core: 25.0, tasks: 3.0, moved_seconds: 7.0 };
        assert!((weights.score(features) - (2.0 * 0.4 - 0.5 * 3.0)).abs() < 1e-12);
        let error = |text: &str| toml::from_str::<Source>(text).expect_err(text).to_string();
        assert!(error("task = 1.0").contains("unknown field `task`"));
        assert!(error("tasks = nan").contains("allowed is a finite number"));
    }
}
