//! Training on a pool that is played without the engine: the weights of the order `linear`, or the network of the order `neural`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use environment::pool::{Jobs, Passing, PoolError, PoolSource};
use learners::order_search::{AllEasy, OrderProblem, OrderTask, bootstrap};
use learners::search::Problem;
use policies::order::queue_features::FEATURES;
use policies::policy::Choice;
use serde_json::Value;
use sim::kernel::rng::{Seed, Stream};
use sim::workload::Workload;

use super::config::{
    BootstrapConfig, CmaEsConfig, PoolBackfilling, SourceConfig, TrainConfig, refuse_test_jobs,
};
use super::course::{Course, SearchCourse};
use super::ppo::PpoCourse;
use super::ppo_config::{PpoConfig, shortest};
use super::{PolicyProblem, TrainedPolicy};
use crate::assets::{source, transformed};
use crate::config::Document;
use crate::error::RunError;
use crate::plan::{PlannedWorkload, plan_workload};

/// What is the same for all seeds of the training.
pub(super) struct PoolTraining {
    task: OrderTask,
    features: Vec<usize>,
    method: Method,
}

/// How it learns.
pub(super) enum Method {
    CmaEs(CmaEsConfig),
    Ppo(PpoConfig),
}

impl PoolTraining {
    /// Makes the jobs; also gives what determines them.
    pub(super) fn read(
        config: &TrainConfig,
        document: &Document,
        folder: &Path,
        data: Option<&Path>,
    ) -> Result<(Self, Value), RunError> {
        let mut made = Vec::new();
        let mut contents = serde_json::Map::new();
        for (name, workload) in &config.workloads.0 {
            let (planned, value) = plan_workload(name, workload, data, folder)?;
            contents.insert(name.clone(), value);
            made.push(workload_of(&planned)?);
        }
        let of = |name: &str| &made[config.workloads.position(name).expect("names were checked")];
        refuse_test_jobs(config, document, of)?;
        let sources = |key: &str, all: &[SourceConfig]| -> Result<Vec<PoolSource>, RunError> {
            let one = |(place, one): (usize, &SourceConfig)| {
                pool_source(one, of(&one.workload), config.sequence_jobs, &format!("{key} {place}"))
                    .map_err(|problem| document.refuse(&[&format!("{key}[{place}]")], problem).into())
            };
            all.iter().enumerate().map(one).collect()
        };
        let task = OrderTask {
            training: sources("training", &config.training)?,
            validation: sources("validation", &config.validation)?,
            passing: match config.backfilling {
                PoolBackfilling::None => Passing::None,
                PoolBackfilling::EasyPublished => Passing::EasyPublished,
                PoolBackfilling::Easy => Passing::Easy,
            },
            sequence_jobs: config.sequence_jobs,
        };
        let is_wanted =
            |name: &str| config.features.is_empty() || config.features.iter().any(|one| one == name);
        let features = (0..FEATURES.len()).filter(|&feature| is_wanted(FEATURES[feature].0)).collect();
        let method = match &config.ppo {
            Some(ppo) => Method::Ppo(ppo.clone()),
            None => Method::CmaEs(config.cma_es.unwrap_or_default()),
        };
        Ok((Self { task, features, method }, contents.into()))
    }

    /// How it learns.
    pub(super) fn method(&self) -> &Method {
        &self.method
    }

    /// The course of one seed, in its folder.
    pub(super) fn course(&self, seed: u64, folder: &Path) -> Result<Box<dyn Course>, RunError> {
        let problem = self.problem(seed, folder)?;
        Ok(match &self.method {
            Method::CmaEs(search) => Box::new(SearchCourse::new(*search, problem, seed, folder)?),
            Method::Ppo(ppo) => Box::new(PpoCourse::new(ppo, problem.problem, seed, folder)?),
        })
    }

    /// The problem of one seed; `folder` is that of its course.
    pub(super) fn problem(&self, seed: u64, folder: &Path) -> Result<PoolProblem, RunError> {
        // Policy optimisation draws sequences of its own, one by one.
        let (sequences, validation_sequences) = match &self.method {
            Method::CmaEs(search) => (search.sequences, search.validation_sequences),
            Method::Ppo(ppo) => (CmaEsConfig::default().sequences, ppo.validation_sequences),
        };
        let (task, features) = (self.task.clone(), self.features.clone());
        let made = OrderProblem::new(task, features, sequences, validation_sequences, Seed(seed));
        let folder = folder.to_owned();
        Ok(PoolProblem { problem: made.map_err(|error| easy(&folder, error))?, folder })
    }
}

pub(super) fn easy(folder: &Path, error: AllEasy) -> RunError {
    RunError::Training { path: folder.to_owned(), problem: error.to_string() }
}

/// The weights of an order, in the folder of their course.
pub(super) struct PoolProblem {
    pub(super) problem: OrderProblem,
    folder: PathBuf,
}

impl Problem for PoolProblem {
    type Error = RunError;

    fn start(&self) -> Vec<f64> {
        self.problem.start()
    }

    fn values(&self, points: &[Vec<f64>], stream: &mut Stream) -> Result<Vec<f64>, RunError> {
        self.problem.values(points, stream).map_err(|error| easy(&self.folder, error))
    }

    fn validation(&self, point: &[f64]) -> Result<f64, RunError> {
        self.problem.validation(point).map_err(|error| easy(&self.folder, error))
    }
}

impl PolicyProblem for PoolProblem {
    fn policy(&self, point: &[f64]) -> TrainedPolicy {
        let weights: toml::Table = FEATURES
            .iter()
            .zip(self.problem.weights(point))
            .filter(|(_, weight)| *weight != 0.0)
            .map(|((name, _), weight)| ((*name).to_owned(), shortest(weight).into()))
            .collect();
        let mut options = toml::Table::new();
        options.insert("weights".to_owned(), weights.into());
        TrainedPolicy { question: "order", policy: Choice { policy: "linear".to_owned(), options } }
    }
}

fn workload_of(planned: &PlannedWorkload) -> Result<Arc<Workload>, RunError> {
    let made = source(planned, Seed(0))?;
    transformed(made, planned, &planned.config.transforms, 0)
}

fn pool_source(
    config: &SourceConfig,
    workload: &Workload,
    sequence_jobs: usize,
    stream: &str,
) -> Result<PoolSource, String> {
    let pool_milli = config.processors.saturating_mul(1000);
    let mut jobs = Jobs::of(workload, pool_milli).map_err(|error: PoolError| error.to_string())?;
    if let Some(BootstrapConfig { jobs: count, block_jobs }) = config.bootstrap {
        if block_jobs[1] >= jobs.len() {
            let there = jobs.len();
            return Err(format!(
                "blocks of up to {} jobs are cut from {there} jobs; allowed are fewer",
                block_jobs[1]
            ));
        }
        let mut seed = Seed(0).stream(stream);
        jobs = bootstrap(&jobs, count, block_jobs, Seed(seed.below(usize::MAX) as u64));
    }
    if jobs.len() < sequence_jobs {
        return Err(format!("it has {} jobs; a sequence takes {sequence_jobs}", jobs.len()));
    }
    Ok(PoolSource { jobs, pool_milli, share: config.share })
}
