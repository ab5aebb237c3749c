//! From a training configuration to policies: one search for each seed, each of which can be interrupted and goes on to the
//! same bits.
//!
//! ```text
//!  OUT/policy.toml               the policy of the seed that did best on the validation sequences
//!      training.json             what determines all this
//!      seed_N/state.json         where the search of a seed stands
//!             policy.toml        the best it has found
//!             curve.csv          what it saw, generation by generation
//! ```

use std::fs;
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use environment::pool::{Jobs, Passing, PoolError};
use learners::order_search::{
    AllEasy, OrderSearch, OrderTask, PoolSource, SearchSettings, ValidationSet, bootstrap,
};
use policies::order::queue_features::{FEATURES, Weights};
use policies::policy::Choice;
use serde_json::json;
use sim::kernel::rng::Seed;
use sim::workload::Workload;

use crate::assets::{source, transformed};
use crate::config::{Document, PolicyFile};
use crate::error::RunError;
use crate::plan::{PlannedWorkload, VERSION, canonical, digest, plan_workload};

mod config;

pub use config::{BootstrapConfig, CmaEsConfig, PoolBackfilling, Question, SourceConfig, TrainConfig};
use config::{check, refuse_test_jobs};

const RECORD: &str = "training.json";
const STATE: &str = "state.json";
const POLICY: &str = "policy.toml";
const CURVE: &str = "curve.csv";

/// A training that was read, checked and has its jobs.
pub struct Training {
    config: TrainConfig,
    task: OrderTask,
    digest: String,
    file_name: String,
}

/// How far a training is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainStanding {
    /// Seeds that are done.
    pub seeds_done: usize,
    /// Of all.
    pub seeds: usize,
    /// Which one is at work.
    pub seed: u64,
    /// Its generation, of `generations`.
    pub generation: u64,
    /// Of how many.
    pub generations: u64,
    /// The value of the best weights on the validation sequences, times the best classical order; nothing before the first
    /// look.
    pub validation: Option<f64>,
}

/// What a search has left.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// The seed.
    pub seed: u64,
    /// The value of its weights on the validation sequences, times the best classical order.
    pub validation: f64,
    /// Its policy.
    pub policy: PathBuf,
}

impl Training {
    /// Reads and checks a configuration, and makes its jobs.
    ///
    /// # Errors
    /// What is not allowed in it, files that are not there, jobs that are no batch jobs, and jobs of the test that stand
    /// among those to be learned from.
    pub fn read(path: &Path, data: Option<&Path>) -> Result<Self, RunError> {
        let document = Document::read(path)?;
        let config: TrainConfig = document.parse()?;
        check(&config, &document)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut made = Vec::new();
        let mut contents = serde_json::Map::new();
        for (name, workload) in &config.workloads.0 {
            let (planned, value) = plan_workload(name, workload, data, folder)?;
            contents.insert(name.clone(), value);
            made.push(workload_of(&planned)?);
        }
        let of = |name: &str| &made[config.workloads.position(name).expect("names were checked")];
        refuse_test_jobs(&config, &document, of)?;
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
        let all = json!({ "config": config, "workloads": contents, "version": VERSION });
        let file_name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { digest: digest(canonical(&all).as_bytes()), config, task, file_name })
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// Searches, or goes on where it stood; what was finished is left as it is.
    ///
    /// # Errors
    /// When the folder holds another training, or files cannot be read or written.
    ///
    /// `progress` is told after each generation, and stops the training where it says so; it goes on another time.
    pub fn run(
        &self,
        out: &Path,
        mut progress: impl FnMut(TrainStanding) -> ControlFlow<()>,
    ) -> Result<Vec<Trained>, RunError> {
        self.claim(out)?;
        let mut trained = Vec::new();
        for (place, &seed) in self.config.seeds.0.iter().enumerate() {
            let folder = out.join(format!("seed_{seed}"));
            fs::create_dir_all(&folder).map_err(written(&folder))?;
            let search = self.search(seed, &folder, |generation, validation| {
                let (seeds, generations) = (self.config.seeds.0.len(), self.config.cma_es.generations);
                progress(TrainStanding {
                    seeds_done: place,
                    seeds,
                    seed,
                    generation,
                    generations,
                    validation,
                })
            })?;
            if search.generation() < self.config.cma_es.generations {
                return Ok(trained);
            }
            let validation = search.best().1.expect("a search looks once before it ends");
            trained.push(Trained { seed, validation, policy: folder.join(POLICY) });
        }
        // Of equals the first stays first.
        let best =
            trained.iter().reduce(|best, one| if one.validation < best.validation { one } else { best });
        if let Some(best) = best {
            let text = fs::read(&best.policy).map_err(written(&best.policy))?;
            write(&out.join(POLICY), &text)?;
        }
        Ok(trained)
    }

    fn search(
        &self,
        seed: u64,
        folder: &Path,
        mut progress: impl FnMut(u64, Option<f64>) -> ControlFlow<()>,
    ) -> Result<OrderSearch, RunError> {
        let CmaEsConfig { generations, population, sequences, validation_sequences, validate_every, sigma } =
            self.config.cma_es;
        let settings =
            SearchSettings { seed, population, sequences, validation_sequences, validate_every, sigma };
        let state = folder.join(STATE);
        let mut search = match fs::read_to_string(&state) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| RunError::Training {
                path: state.clone(),
                problem: format!("it holds no search ({error}); remove it to begin anew"),
            })?,
            Err(error) if error.kind() == ErrorKind::NotFound => OrderSearch::new(settings, &self.features()),
            Err(error) => return Err(written(&state)(error)),
        };
        let easy =
            |error: AllEasy| RunError::Training { path: folder.to_owned(), problem: error.to_string() };
        let validation = ValidationSet::draw(&self.task, &settings).map_err(easy)?;
        while search.generation() < generations {
            search.advance(&self.task, &validation).map_err(easy)?;
            if search.generation().is_multiple_of(validate_every) || search.generation() == generations {
                self.leave(&search, seed, folder)?;
            }
            if progress(search.generation(), search.best().1).is_break() {
                break;
            }
        }
        Ok(search)
    }

    /// The places of the features that are weighed.
    fn features(&self) -> Vec<usize> {
        let wanted = &self.config.features;
        let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|one| one == name);
        (0..FEATURES.len()).filter(|&feature| is_wanted(FEATURES[feature].0)).collect()
    }

    /// Writes down where a search stands; the state last, so that what lies beside it is never older.
    fn leave(&self, search: &OrderSearch, seed: u64, folder: &Path) -> Result<(), RunError> {
        let mut curve = String::from("generation,training,validation\n");
        for point in search.curve() {
            let validation = point.validation.map(|value| value.to_string()).unwrap_or_default();
            curve.push_str(&format!("{},{},{validation}\n", point.generation, point.training));
        }
        write(&folder.join(CURVE), curve.as_bytes())?;
        let (weights, validation) = search.best();
        let policy = self.policy_file(&weights, validation, seed, search.generation());
        write(&folder.join(POLICY), policy.as_bytes())?;
        let state = serde_json::to_vec(search).expect("a search holds numbers");
        write(&folder.join(STATE), &state)
    }

    fn policy_file(&self, weights: &Weights, validation: Option<f64>, seed: u64, generation: u64) -> String {
        // Shortest digits that give the same number of single precision.
        let number = |weight: f32| weight.to_string().parse::<f64>().expect("a number");
        let weights: toml::Table = FEATURES
            .iter()
            .zip(weights)
            .filter(|(_, weight)| **weight != 0.0)
            .map(|((name, _), weight)| ((*name).to_owned(), number(*weight).into()))
            .collect();
        let mut options = toml::Table::new();
        options.insert("weights".to_owned(), weights.into());
        let mut origin = toml::Table::new();
        origin.insert("command".to_owned(), format!("rackwright train {}", self.file_name).into());
        origin.insert("training".to_owned(), self.config.name.clone().into());
        origin.insert("digest".to_owned(), self.digest.clone().into());
        origin.insert("version".to_owned(), VERSION.into());
        origin.insert("seed".to_owned(), i64::try_from(seed).unwrap_or(i64::MAX).into());
        origin.insert("generation".to_owned(), i64::try_from(generation).unwrap_or(i64::MAX).into());
        origin.extend(validation.map(|value| ("validation".to_owned(), value.into())));
        let policy = Choice { policy: "linear".to_owned(), options };
        let file = PolicyFile { question: "order".to_owned(), policy, origin };
        toml::to_string(&file).expect("a policy file holds names and finite numbers")
    }

    /// Makes the folder that of this training.
    fn claim(&self, out: &Path) -> Result<(), RunError> {
        fs::create_dir_all(out).map_err(written(out))?;
        let path = out.join(RECORD);
        match fs::read_to_string(&path) {
            Ok(text) => {
                let found: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
                match found["digest"] == self.digest.as_str() {
                    true => Ok(()),
                    false => Err(RunError::Training {
                        path: out.to_owned(),
                        problem: "it holds another training; name another folder, or remove this one"
                            .to_owned(),
                    }),
                }
            }
            Err(error) if error.kind() != ErrorKind::NotFound => Err(written(&path)(error)),
            Err(_) => {
                let record = json!({ "digest": self.digest, "config": self.config, "version": VERSION });
                let text = serde_json::to_vec_pretty(&record).expect("configs hold text and finite numbers");
                write(&path, &text)
            }
        }
    }
}

fn written(path: &Path) -> impl FnOnce(std::io::Error) -> RunError {
    let path = path.to_owned();
    move |source| RunError::Training { path, problem: format!("it cannot be read or written: {source}") }
}

/// Whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    let beside = path.with_extension("new");
    fs::write(&beside, bytes).map_err(written(&beside))?;
    fs::rename(&beside, path).map_err(written(path))
}

fn workload_of(planned: &PlannedWorkload) -> Result<std::sync::Arc<Workload>, RunError> {
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
