//! A course of learning: it advances generation by generation, and says how far it is, what it has seen and what the best policy is that it
//! has found. It can be written down after each generation, and goes on to the same bits. There are two: the search by CMA-ES of
//! any [`PolicyProblem`], and policy optimisation on a pool (`ppo`).

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use learners::search::{Search, SearchSettings};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::config::CmaEsConfig;
use super::curve::Curve;
use super::{PolicyProblem, STATE, TrainedPolicy, written};
use crate::error::RunError;

/// See the head of the file.
pub(super) trait Course {
    /// How many generations have passed.
    fn generation(&self) -> u64;

    /// Of how many.
    fn generations(&self) -> u64;

    /// Generations between two looks at what is held back for validation; there is one at the end too, or none was needed.
    fn validate_every(&self) -> u64;

    /// The best value there; nothing before the first look.
    fn validation(&self) -> Option<f64>;

    /// The policy that reached it.
    fn policy(&self) -> TrainedPolicy;

    /// What was seen.
    fn curve(&self) -> Curve;

    /// Where it stands, as text that goes on there.
    fn state(&self) -> Vec<u8>;

    /// Lets one generation pass.
    fn advance(&mut self) -> Result<(), RunError>;
}

/// What stands in the folder of a course, or what is at its beginning.
pub(super) fn begun<T: DeserializeOwned>(folder: &Path, new: impl FnOnce() -> T) -> Result<T, RunError> {
    let path = folder.join(STATE);
    match fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| RunError::Training {
            path,
            problem: format!("it holds no course of this training ({error}); remove it to begin anew"),
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(new()),
        Err(error) => Err(written(&path)(error)),
    }
}

/// Where a course stands, as text.
pub(super) fn state_of(course: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(course).expect("a course holds numbers")
}

/// A search by CMA-ES.
pub(super) struct SearchCourse<P> {
    config: CmaEsConfig,
    problem: P,
    search: Search,
}

impl<P: PolicyProblem> SearchCourse<P> {
    /// At its beginning, or where it stands in this folder.
    pub(super) fn new(config: CmaEsConfig, problem: P, seed: u64, folder: &Path) -> Result<Self, RunError> {
        let CmaEsConfig { population, validate_every, sigma, .. } = config;
        let settings = SearchSettings { seed, population, validate_every, sigma };
        let search = begun(folder, || Search::new(settings, &problem))?;
        Ok(Self { config, problem, search })
    }
}

impl<P: PolicyProblem> Course for SearchCourse<P> {
    fn generation(&self) -> u64 {
        self.search.generation()
    }

    fn generations(&self) -> u64 {
        self.config.generations
    }

    fn validate_every(&self) -> u64 {
        self.config.validate_every
    }

    fn validation(&self) -> Option<f64> {
        self.search.best().1
    }

    fn policy(&self) -> TrainedPolicy {
        self.problem.policy(self.search.best().0)
    }

    fn curve(&self) -> Curve {
        let mut curve = Curve::new(&["training", "validation"]);
        for point in self.search.curve() {
            curve.push(point.generation, vec![Some(point.training), point.validation]);
        }
        curve
    }

    fn state(&self) -> Vec<u8> {
        state_of(&self.search)
    }

    fn advance(&mut self) -> Result<(), RunError> {
        self.search.advance(&self.problem)
    }
}
