//! What can go wrong between a configuration and its results.

use std::path::PathBuf;

use policies::PolicyError;
use policies::episode::EpisodeError;
use results::ResultsError;
use sim::topology::TopologyError;
use traces::generate::GenerateError;
use traces::import::ImportError;
use traces::transform::TransformError;

use crate::config::ConfigError;
use crate::replay::ReplayClusterError;

/// Why an experiment was not planned or not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The results.
    #[error(transparent)]
    Results(#[from] ResultsError),
    /// The configuration names files of a data folder, and none is known.
    #[error(
        "{what} needs {path} from the data folder, and no data folder is named: name it with --data DIR or the \
         environment variable RACKWRIGHT_DATA"
    )]
    NoDataFolder {
        /// The cluster or workload.
        what: String,
        /// The file, as the configuration names it.
        path: String,
    },
    /// The data folder is not there.
    #[error("the data folder {} is not there or is no folder: name another one with --data DIR", path.display())]
    DataFolder {
        /// What was named.
        path: PathBuf,
    },
    /// A file that the configuration names is not there.
    #[error("{what} needs the file {}, which cannot be read: {source}", path.display())]
    MissingFile {
        /// The cluster or workload.
        what: String,
        /// The file.
        path: PathBuf,
        /// What the file system says.
        source: std::io::Error,
    },
    /// A policy file that is not what it is named for.
    #[error("{}: {problem}", path.display())]
    PolicyFile {
        /// Where.
        path: PathBuf,
        /// What stood there, and what is allowed.
        problem: String,
    },
    /// A folder or a file of a training.
    #[error("the training in {}: {problem}", path.display())]
    Training {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A cluster that cannot be built.
    #[error("cluster `{cluster}`: {source}")]
    Topology {
        /// The cluster.
        cluster: String,
        /// What is wrong.
        source: TopologyError,
    },
    /// Nodes that are no hosts.
    #[error("cluster `{cluster}`: {source}")]
    Nodes {
        /// The cluster.
        cluster: String,
        /// What is wrong.
        source: Box<ImportError>,
    },
    /// A GPU model of a node list whose power nobody stated.
    #[error(
        "cluster `{cluster}`: the list names GPUs of model `{model}`, whose power is not known: state it as \
         [clusters.{cluster}.device_kinds.{model}] power = {{ idle_watts = ..., max_watts = ... }}"
    )]
    UnknownModel {
        /// The cluster.
        cluster: String,
        /// The model.
        model: String,
    },
    /// A trace that cannot be imported.
    #[error("workload `{workload}`: {source}")]
    Import {
        /// The workload.
        workload: String,
        /// What is wrong.
        source: Box<ImportError>,
    },
    /// A canonical workload that cannot be read.
    #[error("workload `{workload}`: {source}")]
    Canonical {
        /// The workload.
        workload: String,
        /// What is wrong.
        source: Box<traces::format::FormatError>,
    },
    /// A generator that makes nothing.
    #[error("workload `{workload}`: {source}")]
    Generate {
        /// The workload.
        workload: String,
        /// What is wrong.
        source: Box<GenerateError>,
    },
    /// A transform that cannot be done.
    #[error("workload `{workload}`: {source}")]
    Transform {
        /// The workload.
        workload: String,
        /// What is wrong.
        source: TransformError,
    },
    /// A pattern that chooses no run.
    #[error(
        "--only {pattern}: it fits no run; `{pattern}` should be SCENARIO, SCENARIO:SCHEDULER or seed=N: {problem}"
    )]
    NothingChosen {
        /// The pattern.
        pattern: String,
        /// What there is, and what is nearest.
        problem: String,
    },
    /// Nothing was measured.
    #[error(
        "{run}: the episode ended after {end_seconds} s, and measuring would have begun at {begin_seconds} s: choose a \
         smaller `warm_up_seconds`, or a longer workload"
    )]
    NothingMeasured {
        /// The run.
        run: String,
        /// When the episode ended.
        end_seconds: f64,
        /// When the warm-up ends.
        begin_seconds: f64,
    },
    /// A building that is too small for its hosts.
    #[error(
        "{run}: `facility.rated_watts` is {rated_watts}; allowed is {full_watts:.0} or more, which its hosts draw when all \
         of them is in use"
    )]
    Facility {
        /// The run.
        run: String,
        /// What it is made for.
        rated_watts: f64,
        /// What its hosts draw at most.
        full_watts: f64,
    },
    /// Weather, carbon or prices that cannot be had.
    #[error("{what}: {problem}")]
    Surroundings {
        /// Of which rules, or of which run.
        what: String,
        /// What is wrong.
        problem: String,
    },
    /// A cluster on which a trace cannot be replayed.
    #[error(transparent)]
    ReplayCluster(#[from] ReplayClusterError),
    /// A scheduler that cannot do this.
    #[error("{run}: {source}")]
    Policy {
        /// The run.
        run: String,
        /// What is wrong.
        source: Box<PolicyError>,
    },
    /// A scheduler that broke the rules.
    #[error("{run}: {source}")]
    Episode {
        /// The run.
        run: String,
        /// What it did.
        source: Box<EpisodeError>,
    },
}

impl RunError {
    /// True when what was asked for is wrong, and not how it went.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Results(error) => {
                !matches!(error, ResultsError::Io { .. } | ResultsError::Incomplete { .. })
            }
            Self::Episode { .. } => false,
            _ => true,
        }
    }
}
