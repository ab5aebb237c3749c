//! What every policy is, and how a config names one.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sim::decision::{Decision, Request};
use sim::kernel::rng::Seed;
use sim::view::ClusterView;

/// Answers a question. It sees the present; no path leads from it to the future.
pub trait Policy {
    /// The answer to an open question.
    fn decide(&mut self, view: ClusterView<'_>, request: Request) -> Decision;

    /// Forgets the last episode; a new one begins under this seed.
    fn reset(&mut self, _seed: Seed) {}
}

impl<P: Policy + ?Sized> Policy for Box<P> {
    fn decide(&mut self, view: ClusterView<'_>, request: Request) -> Decision {
        (**self).decide(view, request)
    }

    fn reset(&mut self, seed: Seed) {
        (**self).reset(seed);
    }
}

/// A policy as a config names it: `"best_fit"`, or `{ policy = "best_fit", search = "scan" }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Choice {
    /// The policy's name.
    pub policy: String,
    /// Its options.
    pub options: toml::Table,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a policy's name, or a table { policy = NAME, OPTION = VALUE }")]
enum Written {
    Name(String),
    Table {
        policy: String,
        #[serde(flatten)]
        options: toml::Table,
    },
}

impl From<Written> for Choice {
    fn from(written: Written) -> Self {
        match written {
            Written::Name(policy) => Self { policy, options: toml::Table::new() },
            Written::Table { policy, options } => Self { policy, options },
        }
    }
}

impl From<Choice> for Written {
    fn from(Choice { policy, options }: Choice) -> Self {
        if options.is_empty() { Self::Name(policy) } else { Self::Table { policy, options } }
    }
}

impl From<&str> for Choice {
    fn from(name: &str) -> Self {
        Self { policy: name.into(), options: toml::Table::new() }
    }
}

impl Choice {
    /// The options, typed.
    ///
    /// # Errors
    /// When one of them is unknown or wrong.
    pub fn typed<O: DeserializeOwned>(&self) -> Result<O, PolicyError> {
        O::deserialize(self.options.clone()).map_err(|error| PolicyError::Options {
            policy: self.policy.clone(),
            reason: error.to_string().trim().replace('\n', " "),
        })
    }
}

/// A family of policies: a module each, their names with a line of help, and the policy that a config names.
macro_rules! family {
    ($family:ident: $($name:ident)*) => {
        $(mod $name;)*

        /// Name and one line of help of every policy.
        pub const NAMES: &[(&str, &str)] = &[$((stringify!($name), $name::HELP)),*];

        /// The policy that a config names.
        ///
        /// # Errors
        /// When there is none of this name, or its options are wrong.
        pub fn $family(choice: &Choice) -> Result<Box<dyn Policy>, PolicyError> {
            match choice.policy.as_str() {
                $(stringify!($name) => Ok(Box::new($name::policy(choice.typed()?))),)*
                name => Err(PolicyError::unknown(stringify!($family), name, NAMES)),
            }
        }
    };
}
pub(crate) use family;

/// The options of a policy that has none.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoOptions {}

/// Why there is no such scheduler, or why it cannot schedule this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// No policy of this name.
    #[error("{family} = {name:?}: there is no such policy; did you mean {nearest:?}? All: {all}")]
    Unknown {
        /// The question it should answer.
        family: &'static str,
        /// What stood there.
        name: String,
        /// The most similar name.
        nearest: &'static str,
        /// All names.
        all: String,
    },
    /// An option that the policy does not have, or of a wrong value.
    #[error("the options of policy {policy} are wrong: {reason}")]
    Options {
        /// The policy.
        policy: String,
        /// What is wrong and what is allowed.
        reason: String,
    },
    /// Tasks lack what the policy sorts by.
    #[error(
        "{what} needs the declared run time of every task, and {missing} of {total} tasks have none: choose another \
         policy, or import the workload with estimates (for SWF: estimate = \"run_time_when_missing\")"
    )]
    NeedsEstimates {
        /// Who needs them.
        what: String,
        /// Tasks without.
        missing: usize,
        /// All tasks.
        total: usize,
    },
    /// There is nothing to replay.
    #[error(
        "the workload records no starts: order = \"recorded\" replays those that a trace records; import one that \
         does, or choose another order"
    )]
    NoStartsRecorded,
    /// There is nowhere to replay it.
    #[error(
        "the workload records no host of this cluster (it names {recorded}): place = \"recorded\" looks for hosts of \
         the recorded names; use a cluster from the node list of the trace, or choose another policy"
    )]
    NoHostsRecorded {
        /// Distinct names that it records.
        recorded: usize,
    },
    /// A discipline for batch pools on several hosts.
    #[error(
        "backfilling = {backfilling:?} plans on one pool of processors, and this cluster has {hosts} hosts: use \
         \"easy\", \"skip\" or \"none\", or a cluster with a pool"
    )]
    NeedsPool {
        /// The discipline.
        backfilling: &'static str,
        /// What the cluster has.
        hosts: usize,
    },
}

impl PolicyError {
    pub(crate) fn unknown(family: &'static str, name: &str, known: &[(&'static str, &'static str)]) -> Self {
        // The fewest slips; among equals the one that begins alike.
        let slips = |known: &str| strsim::damerau_levenshtein(name, known);
        let likeness = |known: &str| strsim::jaro_winkler(name, known);
        let nearest = known
            .iter()
            .map(|known| known.0)
            .min_by(|a, b| slips(a).cmp(&slips(b)).then_with(|| likeness(b).total_cmp(&likeness(a))));
        let all: Vec<&str> = known.iter().map(|known| known.0).collect();
        Self::Unknown { family, name: name.into(), nearest: nearest.unwrap_or_default(), all: all.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Config {
        place: Choice,
    }

    fn parse(text: &str) -> Result<Choice, toml::de::Error> {
        toml::from_str::<Config>(text).map(|config| config.place)
    }

    #[test]
    fn a_choice_is_a_name_or_a_table() {
        assert_eq!(parse("place = 'fgd'").expect("a name"), Choice::from("fgd"));
        let table = parse("place = { policy = 'best_fit', search = 'scan' }").expect("a table");
        assert_eq!((table.policy.as_str(), table.options.len()), ("best_fit", 1));
        assert!(parse("place = 3").is_err());
    }

    #[test]
    fn no_options_means_none() {
        let choice = parse("place = { policy = 'x', speed = 3 }").expect("a table");
        let error = choice.typed::<NoOptions>().expect_err("there is no such option").to_string();
        assert!(error.contains("policy x") && error.contains("speed"), "{error}");
    }
}
