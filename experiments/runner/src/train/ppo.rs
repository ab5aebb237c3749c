//! Proximal policy optimisation on a pool, as a course of learning: a network for the order `neural`.

use std::path::Path;
use std::sync::Arc;

use environment::order::OrderEpisodes;
use learners::order_ppo::OrderPpo;
use learners::order_search::OrderProblem;
use policies::policy::Choice;

use super::TrainedPolicy;
use super::course::{Course, begun, state_of};
use super::curve::Curve;
use super::pool::easy;
use super::ppo_config::{PpoConfig, shortest};
use crate::error::RunError;

/// See the head of the file.
pub(super) struct PpoCourse {
    config: PpoConfig,
    problem: OrderProblem,
    episodes: Arc<OrderEpisodes>,
    learning: OrderPpo,
}

impl PpoCourse {
    /// At its beginning, or where it stands in this folder.
    pub(super) fn new(
        config: &PpoConfig,
        problem: OrderProblem,
        seed: u64,
        folder: &Path,
    ) -> Result<Self, RunError> {
        let new = || OrderPpo::new(config.settings(seed), config.form(), config.validate_every);
        let learning = begun(folder, new)?;
        let episodes = problem.episodes().map_err(|error| easy(folder, error))?;
        Ok(Self { config: config.clone(), problem, episodes: Arc::new(episodes), learning })
    }
}

impl Course for PpoCourse {
    fn generation(&self) -> u64 {
        self.learning.iteration()
    }

    fn generations(&self) -> u64 {
        self.config.iterations
    }

    fn validate_every(&self) -> u64 {
        self.config.validate_every
    }

    fn validation(&self) -> Option<f64> {
        self.learning.best_validation()
    }

    fn policy(&self) -> TrainedPolicy {
        let mut network = toml::Value::try_from(self.learning.best()).expect("a network holds numbers");
        shorten(&mut network);
        let options = toml::Table::from_iter([("network".to_owned(), network)]);
        TrainedPolicy { question: "order", policy: Choice { policy: "neural".to_owned(), options } }
    }

    /// What an iteration was paid is turned, so that less is better, as everywhere in such tables.
    fn curve(&self) -> Curve {
        let mut curve = Curve::new(&[
            "training",
            "validation",
            "divergence",
            "entropy",
            "explained_variance",
            "candidates",
        ]);
        let mut looks = self.learning.looks().iter().peekable();
        let mut look = |generation: u64| looks.next_if(|look| look.0 == generation).map(|look| look.1);
        if let Some(start) = look(0) {
            curve.push(0, vec![None, Some(start)]);
        }
        for point in self.learning.curve() {
            let seen = [point.divergence, point.entropy, point.explained_variance, point.candidates];
            let mut row = vec![point.episode_reward.map(|reward| -reward), look(point.iteration)];
            row.extend(seen.map(Some));
            curve.push(point.iteration, row);
        }
        curve
    }

    fn state(&self) -> Vec<u8> {
        state_of(&self.learning)
    }

    fn advance(&mut self) -> Result<(), RunError> {
        self.learning.advance(&self.problem, &self.episodes);
        Ok(())
    }
}

/// Writes numbers of single precision with as few digits as they need.
fn shorten(value: &mut toml::Value) {
    match value {
        toml::Value::Float(number) => *number = shortest(*number as f32),
        toml::Value::Array(values) => values.iter_mut().for_each(shorten),
        toml::Value::Table(table) => table.iter_mut().for_each(|(_, value)| shorten(value)),
        _ => {}
    }
}
