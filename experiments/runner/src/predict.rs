//! How well lives are foretold: predictors watch a trace, moment by moment, and what they say of each task when it is submitted is
//! held against what became of it.
//!
//! ```text
//!  config.rs     what is foretold, by whom, and from when on it counts
//!  timeline.rs   the trace as predictors see it, and what they lost
//!  compare.rs    means, ratios to baselines and their intervals
//!  tune.rs       the numbers of a predictor, searched on what came before the test
//! ```
//!
//! Nothing that comes after a prediction reaches it: a predictor is told of a beginning or an end when it happens.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use policies::policy::Choice;
use policies::predict::{Predictor, predictor};
use serde_json::{Value, json};
use sim::workload::Workload;

use crate::assets::{source, transformed};
use crate::config::{Document, PolicyFile, is_file};
use crate::error::RunError;
use crate::plan::{VERSION, canonical, digest, plan_workload};

mod compare;
mod config;
mod timeline;
mod tune;

pub use compare::{Ratio, Report, Row};
pub use config::{PredictConfig, TuneConfig};
pub use timeline::{Losses, Span};

use timeline::Timeline;

/// A comparison of predictors that was read and checked, with the trace.
pub struct Prediction {
    config: PredictConfig,
    choices: Vec<(String, Choice)>,
    workload: Arc<Workload>,
    digest: String,
    file_name: String,
}

impl Prediction {
    /// Reads and checks a configuration, and makes its workload.
    ///
    /// # Errors
    /// What is not allowed in it, and files that are not there.
    pub fn read(path: &Path, data: Option<&Path>) -> Result<Self, RunError> {
        let document = Document::read(path)?;
        let config: PredictConfig = document.parse()?;
        config::check(&config, &document)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut choices = Vec::new();
        for (name, choice) in &config.predictors.0 {
            let choice = match is_file(choice) {
                true => PolicyFile::read(&folder.join(&choice.policy), "predict")?,
                false => choice.clone(),
            };
            predictor(&choice).map_err(|error| document.refuse(&["predictors", name], error.to_string()))?;
            let is_tuned = config.tune.as_ref().is_some_and(|tune| tune.predictor == *name);
            if is_tuned && !tune::has_numbers(&choice) {
                let problem = format!(
                    "{name} states no `strength` and no `memory`; allowed is a predictor that does, for these are tuned"
                );
                return Err(document.refuse(&["tune", "predictor"], problem).into());
            }
            choices.push((name.clone(), choice));
        }
        let (planned, content) = plan_workload("workload", &config.workload, data, folder)?;
        let seed = config.seed;
        let made = source(&planned, sim::kernel::rng::Seed(seed))?;
        let workload = transformed(made, &planned, &planned.config.transforms, seed)?;
        let last = workload.last_submit().seconds();
        if config.test_from_seconds > last {
            let problem = format!(
                "{} stands there, and the last task is submitted at {last} s: nothing would be tested",
                config.test_from_seconds
            );
            return Err(document.refuse(&["test_from_seconds"], problem).into());
        }
        let all = json!({ "config": config, "workload": content, "predictors": choices, "version": VERSION });
        let file_name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { digest: digest(canonical(&all).as_bytes()), config, choices, workload, file_name })
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// All predictors on what is submitted from the beginning of the test on.
    pub fn compare(&self) -> Report {
        let timeline = Timeline::new(&self.workload);
        let config = &self.config;
        let span = Span {
            from_seconds: config.test_from_seconds,
            to_seconds: config.test_to_seconds.unwrap_or(f64::INFINITY),
            known_until_seconds: timeline.end_seconds(),
            horizon_seconds: config.horizon_seconds.unwrap_or(f64::INFINITY),
        };
        let losses = |(name, choice): &(String, Choice)| {
            (name.clone(), timeline.losses(&mut *made(choice), span, &config.quantiles))
        };
        let losses: Vec<(String, Losses)> = self.choices.iter().map(losses).collect();
        compare::report(config, &losses)
    }

    /// Searches the numbers of the predictor that is to be tuned, on what came before the test, and answers with a policy file. Lives
    /// are known there as far as they were watched when the test begins.
    ///
    /// # Errors
    /// When the config does not say what is to be tuned.
    pub fn tune(&self, progress: impl FnMut(u64, f64)) -> Result<PolicyFile, RunError> {
        let Some(tune) = &self.config.tune else {
            let problem = "it has no table `tune`, which says what is tuned".to_owned();
            return Err(RunError::Training { path: PathBuf::from(&self.file_name), problem });
        };
        let timeline = Timeline::new(&self.workload);
        let span = Span {
            from_seconds: tune.from_seconds,
            to_seconds: self.config.test_from_seconds,
            known_until_seconds: self.config.test_from_seconds.min(timeline.end_seconds()),
            horizon_seconds: self.config.horizon_seconds.unwrap_or(f64::INFINITY),
        };
        let start = &self.choices.iter().find(|(name, _)| *name == tune.predictor).expect("it was checked").1;
        let value = |choice: &Choice| {
            timeline.losses(&mut *made(choice), span, &self.config.quantiles).mean_seconds()
        };
        let (policy, loss) = tune::search(tune, start, value, progress);
        let mut origin = toml::Table::new();
        let mut say = |key: &str, value: toml::Value| origin.insert(key.to_owned(), value);
        say("command", format!("rackwright predict {} --tune FILE", self.file_name).into());
        say("config", self.config.name.clone().into());
        say("digest", self.digest.clone().into());
        say("version", VERSION.into());
        say("tuned_on_seconds", vec![tune.from_seconds, self.config.test_from_seconds].into());
        say("loss_seconds", loss.into());
        Ok(PolicyFile { question: "predict".to_owned(), policy, origin })
    }
}

fn made(choice: &Choice) -> Box<dyn Predictor> {
    predictor(choice).expect("it was made once before")
}

impl Report {
    /// As JSON.
    pub fn as_json(&self, name: &str) -> Value {
        let row = |row: &Row| {
            let ratios: Vec<Value> = row
                .ratios
                .iter()
                .map(|one| {
                    json!({ "baseline": one.baseline, "ratio": one.value, "interval": one.ends, "log_ratio": one.log_value,
                            "median_ratio": one.median_value, "median_interval": one.median_ends })
                })
                .collect();
            json!({
                "predictor": row.name, "loss_seconds": row.loss_seconds, "loss_seconds_of_median": row.loss_of_median,
                "loss_log": row.loss_log, "below": row.below, "ratios": ratios,
            })
        };
        json!({
            "prediction": name, "tasks": self.tasks, "cut_off": self.cut_off, "quantiles": self.quantiles,
            "blocks": self.blocks, "predictors": self.rows.iter().map(row).collect::<Vec<_>>(),
        })
    }
}
