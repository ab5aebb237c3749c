//! From a trained policy to a short formula, on what it was trained on (`learners::distillation`).

use std::path::Path;

use learners::distillation::{Distilled, distil};
use policies::order::Linear;
use policies::policy::Choice;
use sim::kernel::rng::Seed;

use super::{Ground, Training, written};
use crate::config::PolicyFile;
use crate::error::RunError;
use crate::plan::VERSION;

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Distillation {
    /// What the trained policy is worth on what is held back for validation ([`Training::measure`]).
    pub trained: f64,
    /// Formulas of one term, of two, and so on.
    pub formulas: Vec<Distilled>,
}

impl Distillation {
    /// The formula that is worth most; of equals the shortest.
    pub fn best(&self) -> Option<&Distilled> {
        self.formulas.iter().reduce(|best, one| if one.value < best.value { one } else { best })
    }
}

impl Training {
    /// Formulas of up to so many terms that pick as the order `linear` in a policy file does, on sequences of this training.
    ///
    /// # Errors
    /// When the file holds no such order, the training is none of a pool, or nothing can be learned there.
    pub fn distil(&self, policy: &Path, terms: usize, seed: u64) -> Result<Distillation, RunError> {
        let refuse = |problem: String| RunError::Training { path: self.file_name.clone().into(), problem };
        let Ground::Pool(pool) = &self.ground else {
            let problem = "it plays an experiment; orders are distilled on a training of a pool".to_owned();
            return Err(refuse(problem));
        };
        let choice = PolicyFile::read(policy, "order")?;
        let wrong = |problem: String| RunError::PolicyFile { path: policy.to_owned(), problem };
        if choice.policy != "linear" {
            let name = choice.policy;
            return Err(wrong(format!("key `policy`: {name:?} stands there; allowed is \"linear\"")));
        }
        let linear = Linear::of(&choice).map_err(|error| wrong(error.to_string()))?;
        let problem = pool.problem(seed, policy)?.problem;
        let formulas = distil(&problem, linear.weights(), terms, Seed(seed));
        let formulas = formulas.map_err(|error| refuse(error.to_string()))?;
        Ok(Distillation { trained: problem.value_of_weights(linear.weights()), formulas })
    }

    /// Writes a formula as a policy file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_formula(&self, distilled: &Distilled, policy: &Path, out: &Path) -> Result<(), RunError> {
        let mut origin = toml::Table::new();
        let from = policy.file_name().unwrap_or_default().to_string_lossy().into_owned();
        origin.insert("command".to_owned(), format!("rackwright distil {from}").into());
        origin.insert("training".to_owned(), self.config.name().into());
        origin.insert("formula".to_owned(), distilled.formula.to_string().into());
        origin.insert("agreement".to_owned(), distilled.agreement.into());
        origin.insert("validation".to_owned(), distilled.value.into());
        origin.insert("version".to_owned(), VERSION.into());
        let policy = Choice { policy: "formula".to_owned(), options: distilled.formula.options() };
        let file = PolicyFile { question: "order".to_owned(), policy, origin };
        let text = toml::to_string(&file).expect("a policy file holds names and finite numbers");
        if let Some(folder) = out.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(written(folder))?;
        }
        super::write(out, text.as_bytes())
    }
}
