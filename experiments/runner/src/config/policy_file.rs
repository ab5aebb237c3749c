//! Policies that stand in a file of their own: `order = "some/policy.toml"`, as training leaves it.
//!
//! The file says which question it answers, and its policy with all options. What it says takes the place of its name, so
//! that everything that determines a run is part of its configuration, wherever the file lies. An order that builds on another
//! one, its `base`, may name a file there too, and so may a policy that asks a `predictor`.

use std::path::Path;

use policies::policy::Choice;
use policies::scheduler::SchedulerConfig;
use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::document::Document;

/// A policy in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyFile {
    /// The question that it answers: `order`, `place`, `rebalance`, `power` or `predict`.
    pub question: String,
    /// The policy, with its options.
    pub policy: Choice,
    /// Where it comes from; for people.
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    pub origin: toml::Table,
}

/// True when this is the name of a file, not of a policy.
pub(crate) fn is_file(choice: &Choice) -> bool {
    choice.policy.ends_with(".toml")
}

/// Puts what files say in the place of their names.
pub(super) fn resolve(
    schedulers: &mut [(String, SchedulerConfig)],
    document: &Document,
    folder: &Path,
    at: &[&str],
) -> Result<(), ConfigError> {
    for (name, scheduler) in schedulers {
        let SchedulerConfig { order, place, rebalance, power, .. } = scheduler;
        let choices = [("order", Some(order)), ("place", Some(place))];
        let changes = [("rebalance", rebalance.as_mut()), ("power", power.as_mut())];
        for (question, choice) in choices.into_iter().chain(changes) {
            let Some(choice) = choice else { continue };
            let place = [at, &["schedulers", name, question]].concat();
            for (option, question) in [("base", question), ("predictor", "predict")] {
                let named = choice.options.get(option).and_then(toml::Value::as_str).map(Choice::from);
                if let Some(named) = named.filter(is_file) {
                    let said = read(&named, question, document, folder, &[&place[..], &[option]].concat())?;
                    let said = toml::Value::try_from(said).expect("it was TOML before");
                    choice.options.insert(option.to_owned(), said);
                }
            }
            if is_file(choice) {
                *choice = read(choice, question, document, folder, &place)?;
            }
        }
    }
    Ok(())
}

/// The policy in the file that a choice names, relative to a folder; what is wrong is refused where the choice stands.
pub(crate) fn read(
    choice: &Choice,
    question: &str,
    document: &Document,
    folder: &Path,
    at: &[&str],
) -> Result<Choice, ConfigError> {
    if !choice.options.is_empty() {
        let problem = format!("options stand beside {:?}; allowed is the file alone", choice.policy);
        return Err(document.refuse(at, problem));
    }
    let path = folder.join(&choice.policy);
    let file = match Document::read(&path) {
        Ok(file) => file,
        Err(ConfigError::Open { file, source }) => {
            return Err(document.refuse(at, format!("{file} cannot be read: {source}")));
        }
        Err(other) => return Err(other),
    };
    answering(&file, question)
}

impl PolicyFile {
    /// The policy in a file that answers this question.
    ///
    /// # Errors
    /// When the file cannot be read, is no policy file, or answers another question.
    pub fn read(path: &Path, question: &str) -> Result<Choice, ConfigError> {
        answering(&Document::read(path)?, question)
    }
}

fn answering(file: &Document, question: &str) -> Result<Choice, ConfigError> {
    let said: PolicyFile = file.parse()?;
    if said.question != question {
        let problem = format!(
            "{:?} stands there; allowed is {question:?}, which this file is named for",
            said.question
        );
        return Err(file.refuse(&["question"], problem));
    }
    match is_file(&said.policy) {
        true => Err(file.refuse(&["policy"], "a file that is named in a config names no other")),
        false => Ok(said.policy),
    }
}
