//! From a training configuration to policies: one course of learning for each seed, each of which can be interrupted and goes on to the
//! same bits.
//!
//! ```text
//!  OUT/policy.toml               the policy of the seed that did best on what is held back for validation
//!      training.json             what determines all this
//!      curves.parquet            what all of them saw
//!      seed_N/state.json         where the course of a seed stands
//!             policy.toml        the best it has found
//!             curve.csv          what it saw, generation by generation; for TensorBoard in events.out.tfevents.*
//! ```
//!
//! A course (`course`) is a search by CMA-ES of a [`PolicyProblem`]: the weights of an order on a pool that is played without the engine
//! (`pool`), or numbers among the options of any policy, played on an experiment (`episodes`). Or it is policy optimisation of a
//! network on a pool (`ppo`).

use std::fs;
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use learners::search::Problem;
use policies::policy::Choice;
use serde_json::json;

use crate::config::{Document, PolicyFile};
use crate::error::RunError;
use crate::plan::{VERSION, canonical, digest};

mod config;
mod course;
mod curve;
mod distil;
mod episodes;
mod experiment_config;
mod pool;
mod ppo;
mod ppo_config;

use config::check;
pub use config::{
    AnyTrainConfig, BootstrapConfig, CmaEsConfig, PoolBackfilling, Question, SourceConfig, TrainConfig,
};
use course::{Course, SearchCourse};
pub use distil::Distillation;
use episodes::ExperimentTraining;
pub use experiment_config::{ExperimentTrainConfig, ParameterConfig, TermConfig};
use pool::{Method, PoolTraining};
pub use ppo_config::{BaselineName, PpoConfig, StartConfig};

const RECORD: &str = "training.json";
const STATE: &str = "state.json";
const POLICY: &str = "policy.toml";
const CURVE: &str = "curve.csv";
/// What its name begins with is how TensorBoard knows such a file.
const EVENTS: &str = "events.out.tfevents.0.rackwright";
const CURVES: &str = "curves.parquet";

/// A policy that was found.
struct TrainedPolicy {
    question: &'static str,
    policy: Choice,
}

/// A problem whose points are policies.
trait PolicyProblem: Problem<Error = RunError> {
    /// The policy of a point.
    fn policy(&self, point: &[f64]) -> TrainedPolicy;
}

/// What is trained on.
enum Ground {
    Pool(Box<PoolTraining>),
    Experiment(Box<ExperimentTraining>),
}

/// A training that was read, checked and has what it learns from.
pub struct Training {
    config: AnyTrainConfig,
    ground: Ground,
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
    /// The best value on what is held back for validation ([`Training::measure`]); nothing before the first look.
    pub validation: Option<f64>,
}

/// What a course has left.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// The seed.
    pub seed: u64,
    /// Its value on what is held back for validation ([`Training::measure`]).
    pub validation: f64,
    /// Its policy.
    pub policy: PathBuf,
}

impl Training {
    /// Reads and checks a configuration, and makes what it learns from.
    ///
    /// # Errors
    /// What is not allowed in it, files that are not there, jobs that are no batch jobs, and jobs or seeds of the test that stand
    /// among those to be learned from.
    pub fn read(path: &Path, data: Option<&Path>) -> Result<Self, RunError> {
        let document = Document::read(path)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let (config, ground, contents) = match document.has("experiment") {
            true => {
                let config: ExperimentTrainConfig = document.parse()?;
                experiment_config::check(&config, &document)?;
                let ground = ExperimentTraining::read(&config, &document, folder, data)?;
                let contents = ground.content.clone();
                (AnyTrainConfig::Experiment(config), Ground::Experiment(Box::new(ground)), contents)
            }
            false => {
                let mut config: TrainConfig = document.parse()?;
                check(&config, &document)?;
                match &mut config.ppo {
                    Some(ppo) => ppo.resolve(&document, folder)?,
                    None => {
                        config.cma_es.get_or_insert_default();
                    }
                }
                let (ground, contents) = PoolTraining::read(&config, &document, folder, data)?;
                (AnyTrainConfig::Pool(config), Ground::Pool(Box::new(ground)), contents)
            }
        };
        let all = json!({ "config": config, "workloads": contents, "version": VERSION });
        let file_name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { digest: digest(canonical(&all).as_bytes()), config, ground, file_name })
    }

    /// What the values of validation are; the smaller one is the better.
    pub fn measure(&self) -> &'static str {
        match self.ground {
            Ground::Pool(_) => "times the best classical order, on validation sequences",
            Ground::Experiment(_) => "minus what is gained on the baseline, on validation seeds",
        }
    }

    /// What the second and the third column of a curve are (`curve.csv`).
    pub fn columns(&self) -> [String; 2] {
        let measure = self.measure();
        let is_ppo = matches!(&self.ground, Ground::Pool(pool) if matches!(pool.method(), Method::Ppo(_)));
        match is_ppo {
            true => [
                "What is drawn, on its own work (bounded slowdown less 1, times that of Smith's rule)"
                    .to_owned(),
                format!("First choices, on what is held back ({measure})"),
            ],
            false => [
                format!("Best of each generation, on its own work ({measure})"),
                format!("Mean of the search, on what is held back ({measure})"),
            ],
        }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        self.config.name()
    }

    /// Learns, or goes on where it stood; what was finished is left as it is.
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
        let (mut trained, mut seen) = (Vec::new(), Vec::new());
        for (place, &seed) in self.config.seeds().0.iter().enumerate() {
            let folder = out.join(format!("seed_{seed}"));
            fs::create_dir_all(&folder).map_err(written(&folder))?;
            let mut course = self.course(seed, &folder)?;
            let generations = course.generations();
            while course.generation() < generations {
                course.advance()?;
                let generation = course.generation();
                if generation.is_multiple_of(course.validate_every()) || generation == generations {
                    self.leave(&*course, seed, &folder)?;
                }
                let seeds = self.config.seeds().0.len();
                let validation = course.validation();
                let standing =
                    TrainStanding { seeds_done: place, seeds, seed, generation, generations, validation };
                if progress(standing).is_break() && generation < generations {
                    return Ok(trained);
                }
            }
            let validation = course.validation().expect("a course looks once before it ends");
            trained.push(Trained { seed, validation, policy: folder.join(POLICY) });
            seen.extend(course.curve().points(seed));
        }
        results::write_curves(&out.join(CURVES), &seen)?;
        // Of equals the first stays first.
        let best =
            trained.iter().reduce(|best, one| if one.validation < best.validation { one } else { best });
        if let Some(best) = best {
            let text = fs::read(&best.policy).map_err(written(&best.policy))?;
            write(&out.join(POLICY), &text)?;
        }
        Ok(trained)
    }

    /// The course of a seed, in its folder.
    fn course(&self, seed: u64, folder: &Path) -> Result<Box<dyn Course + '_>, RunError> {
        match &self.ground {
            Ground::Pool(pool) => pool.course(seed, folder).map(|course| course as Box<dyn Course + '_>),
            Ground::Experiment(experiment) => {
                let experiment = &**experiment;
                Ok(Box::new(SearchCourse::new(experiment.search, experiment, seed, folder)?))
            }
        }
    }

    /// Writes down where a course stands; the state last, so that what lies beside it is never older.
    fn leave(&self, course: &dyn Course, seed: u64, folder: &Path) -> Result<(), RunError> {
        let curve = course.curve();
        write(&folder.join(CURVE), curve.csv().as_bytes())?;
        write(&folder.join(EVENTS), &curve.events())?;
        let TrainedPolicy { question, policy } = course.policy();
        let mut origin = toml::Table::new();
        origin.insert("command".to_owned(), format!("rackwright train {}", self.file_name).into());
        origin.insert("training".to_owned(), self.config.name().into());
        origin.insert("digest".to_owned(), self.digest.clone().into());
        origin.insert("version".to_owned(), VERSION.into());
        origin.insert("seed".to_owned(), i64::try_from(seed).unwrap_or(i64::MAX).into());
        let generation = course.generation();
        origin.insert("generation".to_owned(), i64::try_from(generation).unwrap_or(i64::MAX).into());
        origin.extend(course.validation().map(|value| ("validation".to_owned(), value.into())));
        let file = PolicyFile { question: question.to_owned(), policy, origin };
        let text = toml::to_string(&file).expect("a policy file holds names and finite numbers");
        write(&folder.join(POLICY), text.as_bytes())?;
        write(&folder.join(STATE), &course.state())
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
