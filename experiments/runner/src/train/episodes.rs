//! Training on an experiment: any policy with numbers among its options is played on scenarios of an experiment, under seeds
//! of the training, and judged by what metrics gain on those of a baseline.
//!
//! ```text
//!   gain of a term  = mean over the seeds of (metric - metric of the baseline), turned so that more is better,
//!                     or that in percent of the mean of the baseline
//!   value           = - mean over the scenarios of the sum of weight * min(gain, up_to)         smaller is better
//! ```
//!
//! A term with `up_to` is a guard: what lies beyond counts for nothing, so that only falling short of it does.

use std::path::Path;
use std::sync::Arc;

use learners::search::Problem;
use policies::Policy;
use policies::episode::run_episode;
use policies::place::host_features::FEATURES;
use policies::place::linear_scorer::{GROUPS, STEPS};
use policies::policy::Choice;
use policies::scheduler::{Backfilling, Scheduler, SchedulerConfig};
use rayon::prelude::*;
use serde_json::{Value, json};
use sim::engine::Engine;
use sim::kernel::rng::{Seed, Stream};
use sim::metrics::{Better, MetricSet, Window};
use sim::rules::Rules;
use sim::topology::Topology;
use sim::workload::Workload;

use super::config::{CmaEsConfig, Question};
use super::experiment_config::{ExperimentTrainConfig, ParameterConfig, TermConfig};
use super::{PolicyProblem, TrainedPolicy};
use crate::assets::Assets;
use crate::config::{Config, Document, Seeds};
use crate::error::RunError;
use crate::nearest::unknown_name;
use crate::plan::{Plan, Run};
use crate::surroundings::Around;

/// What a scenario is under one seed, and what the baseline reaches on it.
struct Episode {
    title: String,
    seed: u64,
    topology: Arc<Topology>,
    workload: Arc<Workload>,
    rules: Rules,
    around: Option<Around>,
    window: Window,
    backfilling: Backfilling,
    /// By term; empty until it was played.
    baseline: Vec<f64>,
}

/// The episodes of one scenario.
struct Scenario {
    training: Vec<Episode>,
    validation: Vec<Episode>,
}

/// A metric that counts.
#[derive(Clone, Copy)]
struct Term {
    /// Its place among all metrics.
    metric: usize,
    /// 1 where more is better, else -1.
    sign: f64,
    weight: f64,
    is_relative: bool,
    up_to: f64,
}

/// Everything that is the same for all seeds of the training.
pub(super) struct ExperimentTraining {
    scenarios: Vec<Scenario>,
    terms: Vec<Term>,
    parameters: Vec<ParameterConfig>,
    question: Question,
    scheduler: SchedulerConfig,
    episodes: usize,
    /// How it is searched.
    pub(super) search: CmaEsConfig,
    /// What determines the episodes.
    pub(super) content: Value,
}

impl ExperimentTraining {
    /// Reads the experiment and makes its episodes.
    pub(super) fn read(
        config: &ExperimentTrainConfig,
        document: &Document,
        folder: &Path,
        data: Option<&Path>,
    ) -> Result<Self, RunError> {
        let mut experiment = Config::read(&folder.join(&config.experiment))?;
        let schedulers = experiment.experiment.schedulers.clone();
        let scheduler_of = |key: &str, name: &str| {
            let names: Vec<&str> = schedulers.0.iter().map(|(known, _)| known.as_str()).collect();
            let found = schedulers.position(name).map(|place| schedulers.0[place].1.clone());
            found.ok_or_else(|| document.refuse(&[key], unknown_name("scheduler", name, &names)))
        };
        let scheduler = scheduler_of("scheduler", &config.scheduler)?;
        let baseline = scheduler_of("baseline", &config.baseline)?;
        let parameters = parameters(config, &scheduler, document)?;
        let scenarios = experiment.scenarios();
        let names: Vec<&str> = scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
        for (place, name) in config.scenarios.iter().enumerate() {
            if !names.contains(&name.as_str()) {
                let problem = unknown_name("scenario", name, &names);
                return Err(document.refuse(&[&format!("scenarios[{place}]")], problem).into());
            }
        }
        if let Some(own) = scenarios.iter().find(|one| one.seeds.is_some() || !one.schedulers.0.is_empty()) {
            let problem = format!(
                "scenario `{}` of {} has seeds or schedulers of its own; a training needs one without",
                own.name, config.experiment
            );
            return Err(document.refuse(&["experiment"], problem).into());
        }
        let [training, validation] = [&config.training_seeds, &config.validation_seeds];
        experiment.experiment.seeds = Seeds(training.0.iter().chain(&validation.0).copied().collect());
        experiment.experiment.schedulers.0.retain(|(name, _)| *name == config.baseline);
        let plan = Plan::new(&experiment, data, "")?;
        let wanted = |run: &&Run| config.scenarios.is_empty() || config.scenarios.contains(&run.scenario);
        let runs: Vec<&Run> = plan.runs.iter().filter(wanted).collect();
        let content = json!(runs.iter().map(|run| run.id.as_str()).collect::<Vec<_>>());
        let assets = Assets::new(&plan, runs.iter().copied());
        let episode = |run: &&Run| -> Result<Episode, RunError> {
            let (topology, workload) = (assets.topology(run)?, assets.workload(run)?);
            Ok(Episode {
                title: run.title(),
                seed: run.seed,
                rules: assets.rules(run, &topology)?,
                around: assets.around(run, &workload)?,
                topology,
                workload,
                window: run.window,
                backfilling: run.backfilling,
                baseline: Vec::new(),
            })
        };
        let terms = terms(&config.objective, document)?;
        let mut episodes = runs.iter().map(episode).collect::<Result<Vec<_>, _>>()?;
        let played: Vec<Vec<f64>> =
            episodes.par_iter().map(|one| one.play(&baseline, &terms)).collect::<Result<_, _>>()?;
        episodes.iter_mut().zip(played).for_each(|(episode, baseline)| episode.baseline = baseline);
        // Runs stand scenario by scenario, in order of the seeds.
        let mut episodes = episodes.into_iter();
        let mut next = |count| episodes.by_ref().take(count).collect::<Vec<_>>();
        let count = runs.len() / (training.0.len() + validation.0.len());
        let scenarios = (0..count)
            .map(|_| Scenario { training: next(training.0.len()), validation: next(validation.0.len()) })
            .collect();
        let (question, episodes) = (config.question, config.episodes);
        let search = config.cma_es;
        Ok(Self { scenarios, terms, parameters, question, scheduler, episodes, search, content })
    }

    /// The scheduler with the options that a point stands for.
    fn scheduler(&self, point: &[f64]) -> SchedulerConfig {
        let mut scheduler = self.scheduler.clone();
        let choice = choice_of(&mut scheduler, self.question).expect("it was looked at before");
        for (parameter, value) in self.parameters.iter().zip(point) {
            let value = parameter.value(*value);
            let (group, name) = parameter.key.split_once('.').unwrap_or(("", &parameter.key));
            let table = match group {
                "" => &mut choice.options,
                group => choice
                    .options
                    .entry(group)
                    .or_insert_with(|| toml::Table::new().into())
                    .as_table_mut()
                    .expect("it was looked at before"),
            };
            // What weighs nothing need not be said.
            match value == 0.0 && !group.is_empty() {
                true => table.remove(name),
                false => table.insert(name.to_owned(), value.into()),
            };
        }
        scheduler
    }

    /// The value of what was played, by scenario, seed and term, with the baseline of each.
    fn value<'a>(&self, played: impl Iterator<Item = Vec<(&'a Episode, &'a Vec<f64>)>>) -> f64 {
        let (mut sum, mut scenarios) = (0.0, 0);
        for of_scenario in played {
            scenarios += 1;
            for (place, term) in self.terms.iter().enumerate() {
                let count = of_scenario.len() as f64;
                let found = of_scenario.iter().map(|(_, values)| values[place]).sum::<f64>() / count;
                let base = of_scenario.iter().map(|(one, _)| one.baseline[place]).sum::<f64>() / count;
                let gain = match (term.is_relative, base == 0.0) {
                    (false, _) => found - base,
                    (true, false) => 100.0 * (found - base) / base.abs(),
                    (true, true) => 0.0,
                };
                sum += term.weight * (term.sign * gain).min(term.up_to);
            }
        }
        -sum / f64::from(scenarios.max(1))
    }

    /// The values of points on these episodes, scenario by scenario.
    fn values(&self, points: &[Vec<f64>], episodes: &[Vec<&Episode>]) -> Result<Vec<f64>, RunError> {
        let flat: Vec<&Episode> = episodes.iter().flatten().copied().collect();
        let schedulers: Vec<SchedulerConfig> = points.iter().map(|point| self.scheduler(point)).collect();
        let played: Vec<Vec<f64>> = (0..points.len() * flat.len())
            .into_par_iter()
            .map(|place| flat[place % flat.len()].play(&schedulers[place / flat.len()], &self.terms))
            .collect::<Result<_, _>>()?;
        let of_point = |played: &[Vec<f64>]| {
            let mut pairs = flat.iter().copied().zip(played);
            let pairs: Vec<Vec<_>> =
                episodes.iter().map(|of| pairs.by_ref().take(of.len()).collect()).collect();
            self.value(pairs.into_iter())
        };
        Ok(played.chunks(flat.len()).map(of_point).collect())
    }
}

impl Problem for &ExperimentTraining {
    type Error = RunError;

    fn start(&self) -> Vec<f64> {
        self.parameters.iter().map(|parameter| parameter.start / parameter.step).collect()
    }

    fn values(&self, points: &[Vec<f64>], stream: &mut Stream) -> Result<Vec<f64>, RunError> {
        // Every scenario under the same seeds, none of which is drawn twice.
        let mut order: Vec<usize> = (0..self.scenarios[0].training.len()).collect();
        stream.shuffle(&mut order);
        order.truncate(self.episodes);
        let episodes: Vec<Vec<&Episode>> = self
            .scenarios
            .iter()
            .map(|one| order.iter().map(|&place| &one.training[place]).collect())
            .collect();
        ExperimentTraining::values(self, points, &episodes)
    }

    fn validation(&self, point: &[f64]) -> Result<f64, RunError> {
        let episodes: Vec<Vec<&Episode>> =
            self.scenarios.iter().map(|one| one.validation.iter().collect()).collect();
        Ok(ExperimentTraining::values(self, std::slice::from_ref(&point.to_vec()), &episodes)?[0])
    }
}

impl PolicyProblem for &ExperimentTraining {
    fn policy(&self, point: &[f64]) -> TrainedPolicy {
        let mut scheduler = self.scheduler(point);
        let policy = choice_of(&mut scheduler, self.question).expect("it was looked at before").clone();
        TrainedPolicy { question: self.question.name(), policy }
    }
}

impl Episode {
    /// The metrics of the terms.
    fn play(&self, scheduler: &SchedulerConfig, terms: &[Term]) -> Result<Vec<f64>, RunError> {
        let refused = |source| RunError::Policy { run: self.title.clone(), source: Box::new(source) };
        let mut policy = Scheduler::new(scheduler, self.backfilling).map_err(refused)?;
        policy.check(&self.workload, &self.topology).map_err(refused)?;
        policy.reset(Seed(self.seed));
        let mut engine = Engine::new(Arc::clone(&self.topology), Arc::clone(&self.workload), self.rules);
        if let Some(around) = &self.around {
            engine = engine.with_surroundings(Arc::clone(&around.surroundings));
        }
        let mut metrics = MetricSet::over(self.window, engine.view());
        run_episode(&mut engine, &mut policy, &mut metrics)
            .map_err(|source| RunError::Episode { run: self.title.clone(), source: Box::new(source) })?;
        if let Some(around) = &self.around {
            around.check(&self.title, engine.view().now())?;
        }
        let values = metrics.values(engine.view());
        Ok(terms.iter().map(|term| values[term.metric]).collect())
    }
}

fn choice_of(scheduler: &mut SchedulerConfig, question: Question) -> Option<&mut Choice> {
    match question {
        Question::Order => Some(&mut scheduler.order),
        Question::Place => Some(&mut scheduler.place),
        Question::Rebalance => scheduler.rebalance.as_mut(),
        Question::Power => scheduler.power.as_mut(),
    }
}

/// The numbers that are searched: those that are stated, or all weights of the linear placement that are asked for.
fn parameters(
    config: &ExperimentTrainConfig,
    scheduler: &SchedulerConfig,
    document: &Document,
) -> Result<Vec<ParameterConfig>, RunError> {
    let mut scheduler = scheduler.clone();
    let name = config.question.name();
    let Some(choice) = choice_of(&mut scheduler, config.question) else {
        let problem = format!(
            "scheduler `{}` answers no question {name:?}; there is nothing to train",
            config.scheduler
        );
        return Err(document.refuse(&["scheduler"], problem).into());
    };
    let number = |key: &str| {
        let (group, name) = key.split_once('.').unwrap_or(("", key));
        let table = match group {
            "" => Some(&choice.options),
            group => choice.options.get(group).and_then(|table| table.as_table()),
        };
        table
            .and_then(|table| table.get(name))
            .and_then(|value| value.as_float().or(value.as_integer().map(|whole| whole as f64)))
    };
    let mut parameters = config.parameters.clone();
    for parameter in &mut parameters {
        parameter.start = number(&parameter.key).unwrap_or(parameter.start);
    }
    let is_linear = config.question == Question::Place && choice.policy == "linear";
    if !is_linear && (!config.features.is_empty() || !config.groups.is_empty()) {
        let problem =
            format!("policy {:?} has no features; name its options under `parameters`", choice.policy);
        return Err(document
            .refuse(&[if config.features.is_empty() { "groups" } else { "features" }], problem)
            .into());
    }
    if is_linear {
        let groups: Vec<&str> = match config.groups.is_empty() {
            true => vec![GROUPS[0].0],
            false => config.groups.iter().map(String::as_str).collect(),
        };
        for group in groups {
            for (place, (feature, _)) in FEATURES.iter().enumerate() {
                if config.features.is_empty() || config.features.iter().any(|one| one == feature) {
                    let key = format!("{group}.{feature}");
                    let start = number(&key).unwrap_or(0.0);
                    parameters.push(ParameterConfig { key, start, step: STEPS[place], within: None });
                }
            }
        }
    }
    match parameters.is_empty() {
        true => Err(document.refuse(&["parameters"], "there is none; allowed are one or more").into()),
        false => Ok(parameters),
    }
}

fn terms(objective: &[TermConfig], document: &Document) -> Result<Vec<Term>, RunError> {
    let mut terms = Vec::new();
    for (place, term) in objective.iter().enumerate() {
        let at = format!("objective[{place}]");
        let names: Vec<&str> = MetricSet::INFOS.iter().map(|info| info.name).collect();
        let Some(metric) = names.iter().position(|name| *name == term.metric) else {
            let problem = unknown_name("metric", &term.metric, &names);
            return Err(document.refuse(&[&at, "metric"], problem).into());
        };
        let sign = match MetricSet::INFOS[metric].better {
            Better::Higher => 1.0,
            Better::Lower => -1.0,
            Better::Neither => {
                let problem = format!("{:?} stands there, which is neither good nor bad", term.metric);
                return Err(document.refuse(&[&at, "metric"], problem).into());
            }
        };
        let up_to = term.up_to.unwrap_or(f64::INFINITY);
        terms.push(Term { metric, sign, weight: term.weight, is_relative: term.relative, up_to });
    }
    Ok(terms)
}
