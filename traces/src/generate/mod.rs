//! Generators: workloads out of nothing but options and a seed.
//!
//! To add one, write its file beside this one and its name into the list below. A module of the list
//! offers `HELP`, `Options` and `generator(Options)`.

pub(crate) mod cycle;

use serde::de::DeserializeOwned;
use sim::kernel::rng::{Seed, Stream};
use sim::workload::{Workload, WorkloadError};

use crate::{OptionError, options};

/// Makes workloads.
pub trait Generator {
    /// Equal seeds give equal workloads.
    ///
    /// # Errors
    /// When the options ask for what cannot be made.
    fn make(&self, seed: Seed) -> Result<Workload, MakeError>;
}

/// Why a generator makes nothing of its options.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MakeError {
    /// An option that is not allowed.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// The result is no workload.
    #[error(transparent)]
    Workload(#[from] WorkloadError),
}

/// Why no workload is generated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenerateError {
    /// No generator of this name.
    #[error("there is no generator `{name}`: allowed are {}", known.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The names there are.
        known: Vec<&'static str>,
    },
    /// Options that cannot be followed.
    #[error("generator {generator}, {source}")]
    Options {
        /// The generator.
        generator: &'static str,
        /// The key, what stood there and what is allowed.
        source: MakeError,
    },
}

macro_rules! generators {
    ($($name:ident),* $(,)?) => {
        $(pub mod $name;)*

        /// The names of all generators, each with a line of help.
        pub fn names() -> Vec<(&'static str, &'static str)> {
            vec![$((stringify!($name), $name::HELP)),*]
        }

        /// Makes a workload with the generator of this name.
        ///
        /// # Errors
        /// When there is no such generator or option, or the options ask for what cannot be made.
        pub fn generate(name: &str, options: toml::Table, seed: Seed) -> Result<Workload, GenerateError> {
            match name {
                $(stringify!($name) => read($name::generator, options)
                    .and_then(|generator| generator.make(seed))
                    .map_err(|source| GenerateError::Options { generator: stringify!($name), source }),)*
                _ => Err(GenerateError::Unknown {
                    name: name.to_owned(),
                    known: vec![$(stringify!($name)),*],
                }),
            }
        }
    };
}

generators! { mixed_cluster, poisson, lublin, bench_cluster }

fn read<O: DeserializeOwned, G: Generator>(
    generator: impl FnOnce(O) -> Result<G, OptionError>,
    table: toml::Table,
) -> Result<G, MakeError> {
    Ok(options::parse(table).and_then(generator)?)
}

/// One of several values, by weight. The weights are at least 0 and not all 0.
fn pick<T: Copy>(stream: &mut Stream, choices: &[(T, f64)]) -> T {
    let total: f64 = choices.iter().map(|&(_, weight)| weight).sum();
    let mut left = stream.unit() * total;
    for &(value, weight) in choices {
        if left < weight {
            return value;
        }
        left -= weight;
    }
    // Rounding may leave a crumb behind the last weight; the last value that can be drawn takes it.
    choices.iter().rev().find(|&&(_, weight)| weight > 0.0).expect("a choice has a positive weight").0
}

/// The mean of weighted numbers.
fn mean(choices: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (sum, total) =
        choices.fold((0.0, 0.0), |(sum, total), (value, weight)| (sum + value * weight, total + weight));
    sum / total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_drawn_by_their_weight() {
        let mut stream = Seed(1).stream("choices");
        let choices = [('a', 1.0), ('b', 0.0), ('c', 3.0)];
        let drawn: Vec<char> = (0..4000).map(|_| pick(&mut stream, &choices)).collect();
        let share = drawn.iter().filter(|&&one| one == 'c').count() as f64 / 4000.0;
        assert!((share - 0.75).abs() < 0.03 && !drawn.contains(&'b'), "{share}");
        assert_eq!(mean([(1.0, 1.0), (5.0, 3.0)].into_iter()), 4.0);
    }
}
