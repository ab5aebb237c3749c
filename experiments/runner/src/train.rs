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

use std::collections::BTreeSet;
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
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sim::kernel::rng::Seed;
use sim::workload::Workload;

use crate::assets::{source, transformed};
use crate::config::{ConfigError, Document, Named, PolicyFile, Seeds, WorkloadConfig, seeds_at};
use crate::error::RunError;
use crate::plan::{PlannedWorkload, VERSION, canonical, digest, plan_workload};

const RECORD: &str = "training.json";
const STATE: &str = "state.json";
const POLICY: &str = "policy.toml";
const CURVE: &str = "curve.csv";

/// What is trained, from what and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// As files name it.
    pub name: String,
    /// What the policy is to answer.
    pub question: Question,
    /// A search for each.
    pub seeds: Seeds,
    /// Who may pass a task that is held.
    pub backfilling: PoolBackfilling,
    /// Jobs of a sequence.
    #[serde(default = "sequence_jobs")]
    pub sequence_jobs: usize,
    /// Where jobs come from.
    pub workloads: Named<WorkloadConfig>,
    /// What is learned from.
    pub training: Vec<SourceConfig>,
    /// What decides which weights are kept.
    pub validation: Vec<SourceConfig>,
    /// The features that are weighed (`rackwright list features`); all without it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// Workloads of which nothing may be learned: a job that stands in one of them and in one of the others is refused.
    #[serde(default)]
    pub test: Vec<String>,
    /// The search.
    #[serde(default)]
    pub cma_es: CmaEsConfig,
}

fn sequence_jobs() -> usize {
    1024
}

/// What can be trained today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Which task of a batch queue is next.
    Order,
}

/// The disciplines under which orders are learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PoolBackfilling {
    /// Nobody passes.
    None,
    /// RLScheduler's EASY.
    EasyPublished,
}

/// Jobs with the pool that they run on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// A key of `workloads`.
    pub workload: String,
    /// Processors of the pool.
    pub processors: u32,
    /// How often it is drawn from, relative to the others.
    #[serde(default = "one")]
    pub share: f64,
    /// More jobs of the kind, in the place of the jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<BootstrapConfig>,
}

fn one() -> f64 {
    1.0
}

/// Blocks of jobs in random order.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BootstrapConfig {
    /// How many jobs are made.
    pub jobs: usize,
    /// The shortest and the longest block.
    pub block_jobs: [usize; 2],
}

/// The search by CMA-ES.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CmaEsConfig {
    /// Generations.
    pub generations: u64,
    /// Points of a generation.
    pub population: usize,
    /// Sequences that each of them plays.
    pub sequences: usize,
    /// Sequences of the validation.
    pub validation_sequences: usize,
    /// Generations between two validations.
    pub validate_every: u64,
    /// The width of the first generation.
    pub sigma: f64,
}

impl Default for CmaEsConfig {
    fn default() -> Self {
        Self {
            generations: 100,
            population: 20,
            sequences: 64,
            validation_sequences: 192,
            validate_every: 5,
            sigma: 2.0,
        }
    }
}

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
    /// The value of the best weights on the validation sequences, times the best classical order; infinite before the first
    /// look.
    pub validation: f64,
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
            let (_, validation) = search.best();
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
        mut progress: impl FnMut(u64, f64) -> ControlFlow<()>,
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

    fn policy_file(&self, weights: &Weights, validation: f64, seed: u64, generation: u64) -> String {
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
        origin.insert("validation".to_owned(), validation.into());
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

fn check(config: &TrainConfig, document: &Document) -> Result<(), ConfigError> {
    seeds_at(&config.seeds, document, &["seeds"])?;
    let known: Vec<&str> = config.workloads.0.iter().map(|(name, _)| name.as_str()).collect();
    for (key, sources) in [("training", &config.training), ("validation", &config.validation)] {
        if sources.is_empty() {
            return Err(document.refuse(&[key], "there is none; allowed are one or more"));
        }
        for (place, one) in sources.iter().enumerate() {
            let at = format!("{key}[{place}]");
            if !known.contains(&one.workload.as_str()) {
                let problem = crate::nearest::unknown_name("workload", &one.workload, &known);
                return Err(document.refuse(&[&at, "workload"], problem));
            }
            if one.processors == 0 {
                return Err(document.refuse(&[&at, "processors"], "0 stands there; allowed is 1 or more"));
            }
            if !(one.share.is_finite() && one.share > 0.0) {
                let problem = format!("{} stands there; allowed is a number above 0", one.share);
                return Err(document.refuse(&[&at, "share"], problem));
            }
            if let Some(count) =
                one.bootstrap.map(|bootstrap| bootstrap.jobs).filter(|&jobs| jobs < config.sequence_jobs)
            {
                let problem = format!(
                    "{count} stands there; allowed are as many as a sequence has, {}",
                    config.sequence_jobs
                );
                return Err(document.refuse(&[&at, "bootstrap", "jobs"], problem));
            }
            let blocks = one.bootstrap.map_or([1, 1], |bootstrap| bootstrap.block_jobs);
            if blocks[0] == 0 || blocks[0] > blocks[1] {
                let problem = format!("{blocks:?} stands there; allowed are 1 or more, rising");
                return Err(document.refuse(&[&at, "bootstrap", "block_jobs"], problem));
            }
        }
    }
    for name in &config.test {
        if !known.contains(&name.as_str()) {
            return Err(document.refuse(&["test"], crate::nearest::unknown_name("workload", name, &known)));
        }
    }
    let features: Vec<&str> = FEATURES.iter().map(|feature| feature.0).collect();
    for (place, name) in config.features.iter().enumerate() {
        if !features.contains(&name.as_str()) {
            let problem = crate::nearest::unknown_name("feature", name, &features);
            return Err(document.refuse(&[&format!("features[{place}]")], problem));
        }
    }
    let search = &config.cma_es;
    let counts = [
        ("generations", search.generations, 1),
        ("population", search.population as u64, 4),
        ("sequences", search.sequences as u64, 1),
        ("validation_sequences", search.validation_sequences as u64, 1),
        ("validate_every", search.validate_every, 1),
    ];
    for (key, found, least) in counts {
        if found < least {
            let problem = format!("{found} stands there; allowed is {least} or more");
            return Err(document.refuse(&["cma_es", key], problem));
        }
    }
    if !(search.sigma.is_finite() && search.sigma > 0.0) {
        let problem = format!("{} stands there; allowed is a number above 0", search.sigma);
        return Err(document.refuse(&["cma_es", "sigma"], problem));
    }
    match config.sequence_jobs {
        0 => Err(document.refuse(&["sequence_jobs"], "0 stands there; allowed is 1 or more")),
        _ => Ok(()),
    }
}

/// Refuses jobs that stand in a test and among those that decide anything.
fn refuse_test_jobs<'a>(
    config: &TrainConfig,
    document: &Document,
    of: impl Fn(&str) -> &'a std::sync::Arc<Workload>,
) -> Result<(), ConfigError> {
    // A job is itself by when it was submitted in the clock of its source, and by what it asks for and does.
    let jobs = |name: &str| {
        let workload = of(name).clone();
        let origin = workload.origin().0;
        workload
            .tasks()
            .map(|task| {
                (origin + workload.submit(task).0, workload.work(task).0, workload.demand(task).cpu_milli)
            })
            .collect::<BTreeSet<_>>()
    };
    let tests: BTreeSet<_> = config.test.iter().flat_map(|name| jobs(name)).collect();
    for (key, sources) in [("training", &config.training), ("validation", &config.validation)] {
        for (place, one) in sources.iter().enumerate() {
            let shared = jobs(&one.workload).intersection(&tests).count();
            if shared > 0 {
                let problem = format!(
                    "{shared} of its jobs stand in a test of this training too; nothing may be learned from those"
                );
                return Err(document.refuse(&[&format!("{key}[{place}]"), "workload"], problem));
            }
        }
    }
    Ok(())
}
