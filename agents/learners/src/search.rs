//! A search for the point with the smallest value by CMA-ES, under common random numbers: what a generation plays is drawn
//! once for all of its points. Which point is kept is decided elsewhere: by what the problem holds back for validation, on which
//! the mean of the distribution is looked at from time to time.

use serde::{Deserialize, Serialize};
use sim::kernel::rng::{Seed, Stream};

use crate::cma_es::CmaEs;

/// What is searched.
pub trait Problem {
    /// Why a point has no value.
    type Error;

    /// Where the search begins, in units in which one width suits all axes.
    fn start(&self) -> Vec<f64>;

    /// The values of points, smaller being better, all on the same draw from this stream.
    ///
    /// # Errors
    /// When they have none.
    fn values(&self, points: &[Vec<f64>], stream: &mut Stream) -> Result<Vec<f64>, Self::Error>;

    /// The value of a point on what is held back for validation.
    ///
    /// # Errors
    /// When it has none.
    fn validation(&self, point: &[f64]) -> Result<f64, Self::Error>;
}

/// How it is searched.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchSettings {
    /// Of everything that is drawn.
    pub seed: u64,
    /// Points of a generation.
    pub population: usize,
    /// Generations between two validations.
    pub validate_every: u64,
    /// The width of the first generation.
    pub sigma: f64,
}

/// What was seen at one generation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Which generation.
    pub generation: u64,
    /// The value of its best point on what it played.
    pub training: f64,
    /// That of the mean of the distribution on what is held back, when it was looked at.
    pub validation: Option<f64>,
}

/// A search that can be stopped, written down and gone on with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Search {
    settings: SearchSettings,
    search: CmaEs,
    best: Vec<f64>,
    /// Nothing before the first look.
    best_validation: Option<f64>,
    curve: Vec<CurvePoint>,
}

impl Search {
    /// A search at its beginning.
    pub fn new(settings: SearchSettings, problem: &impl Problem) -> Self {
        let best = problem.start();
        let search = CmaEs::new(&best, settings.sigma, settings.population, Seed(settings.seed));
        Self { settings, search, best, best_validation: None, curve: Vec::new() }
    }

    /// The point that did best on what is held back so far, and its value there; before the first look, the one that the search
    /// began with.
    pub fn best(&self) -> (&[f64], Option<f64>) {
        (&self.best, self.best_validation)
    }

    /// How many generations have passed.
    pub fn generation(&self) -> u64 {
        self.search.generation()
    }

    /// What was seen, generation by generation.
    pub fn curve(&self) -> &[CurvePoint] {
        &self.curve
    }

    /// One generation. What it draws and finds does not depend on the number of threads, if the problem's values do not.
    ///
    /// # Errors
    /// When the problem gives no values.
    pub fn advance<P: Problem>(&mut self, problem: &P) -> Result<(), P::Error> {
        let generation = self.search.generation();
        let mut stream = Seed(self.settings.seed).stream(&format!("sequences of generation {generation}"));
        let points = self.search.ask();
        let values = problem.values(&points, &mut stream)?;
        self.search.tell(&points, &values);
        let is_looked_at = self.search.generation().is_multiple_of(self.settings.validate_every);
        let mut found = None;
        if is_looked_at {
            let point = self.search.mean().to_vec();
            let value = problem.validation(&point)?;
            if self.best_validation.is_none_or(|best| value < best) {
                (self.best, self.best_validation) = (point, Some(value));
            }
            found = Some(value);
        }
        let training = values.iter().copied().fold(f64::INFINITY, f64::min);
        self.curve.push(CurvePoint { generation: self.search.generation(), training, validation: found });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    /// A valley whose bottom moves with the draw; what is held back has it at (3, -2).
    struct Valley;

    impl Problem for Valley {
        type Error = Infallible;

        fn start(&self) -> Vec<f64> {
            vec![0.0, 0.0]
        }

        fn values(&self, points: &[Vec<f64>], stream: &mut Stream) -> Result<Vec<f64>, Infallible> {
            let shift = [stream.normal(), stream.normal()];
            let value = |point: &Vec<f64>| {
                (point[0] - 3.0 - 0.1 * shift[0]).powi(2) + (point[1] + 2.0 - 0.1 * shift[1]).powi(2)
            };
            Ok(points.iter().map(value).collect())
        }

        fn validation(&self, point: &[f64]) -> Result<f64, Infallible> {
            Ok((point[0] - 3.0).powi(2) + (point[1] + 2.0).powi(2))
        }
    }

    #[test]
    fn the_best_that_was_looked_at_is_kept() {
        let settings = SearchSettings { seed: 5, population: 8, validate_every: 3, sigma: 1.0 };
        let mut search = Search::new(settings, &Valley);
        assert_eq!(search.best(), (&[0.0, 0.0][..], None));
        for _ in 0..60 {
            search.advance(&Valley).expect("values");
        }
        let (best, validation) = search.best();
        let looks: Vec<f64> = search.curve().iter().filter_map(|point| point.validation).collect();
        assert_eq!((looks.len(), search.curve().len()), (20, 60));
        assert_eq!(validation, looks.iter().copied().reduce(f64::min));
        assert!((best[0] - 3.0).abs() < 0.1 && (best[1] + 2.0).abs() < 0.1, "{best:?}");
        let text = serde_json::to_string(&search).expect("numbers");
        assert_eq!(serde_json::from_str::<Search>(&text).expect("its own"), search);
    }
}
