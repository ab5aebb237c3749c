//! Weights of the order question on a pool, searched by CMA-ES: every point of a generation plays the same sequences of
//! jobs, and is judged by how it compares with the best of the classical orders on each.
//!
//! ```text
//!   value = (mean_i v_i / b_i  +  sum_i v_i / sum_i b_i) / 2      v_i bounded slowdown, b_i that of the best classical order
//! ```
//!
//! Sequences that are easy (`b_i` up to 3) say nothing and are drawn again. Which weights are kept is decided by other
//! sequences, of the validation sources, that are the same in all generations.

use environment::order::OrderEpisodes;
use environment::pool::{FixedScores, Jobs, Passing, PoolPlayer, PoolSource};
use policies::order::queue_features::{FEATURES, Weights};
use rayon::prelude::*;
use sim::kernel::rng::{Seed, Stream};

use crate::search::Problem;

/// Sequences on which the best classical order does no worse than this are drawn again.
const EASY: f64 = 3.0;
/// So often a sequence is drawn at most.
const DRAWS: usize = 50;

/// What is learned.
#[derive(Clone, Debug)]
pub struct OrderTask {
    /// Where sequences to learn from come from.
    pub training: Vec<PoolSource>,
    /// Where those come from that decide which weights are kept.
    pub validation: Vec<PoolSource>,
    /// Who may pass.
    pub passing: Passing,
    /// Jobs of a sequence.
    pub sequence_jobs: usize,
}

/// A sequence with what the best classical order reaches.
#[derive(Clone, Debug)]
pub(crate) struct Sequence {
    pub(crate) jobs: Jobs,
    pub(crate) pool_milli: u32,
    base: f64,
}

/// The weights of an order, as a problem for the search.
#[derive(Clone, Debug)]
pub struct OrderProblem {
    task: OrderTask,
    /// Which features are weighed, by their place in [`FEATURES`], rising.
    features: Vec<usize>,
    /// Sequences that each point of a generation plays.
    sequences: usize,
    validation: Vec<Sequence>,
}

/// Smith's rule for slowdowns of equal weight, `r^2 n`, as far as its features are weighed: where the search begins.
fn start(features: &[usize]) -> Vec<f64> {
    let of = |feature: &usize| match feature {
        0 => 2.0 * SPREADS[0],
        1 => SPREADS[1],
        _ => 0.0,
    };
    features.iter().map(of).collect()
}

/// How widely features usually spread in a busy queue, in their order: the search moves in multiples of `1 / SPREADS`, so that
/// one width suits all weights.
const SPREADS: [f64; FEATURES.len()] =
    [2.0, 1.5, 2.5, 0.5, 4.0, 3.0, 1.0, 0.4, 2.0, 1.5, 3.5, 0.25, 8.0, 6.0, 10.0, 16.0, 8.0, 1.0];

fn weights(point: &[f64], features: &[usize]) -> Weights {
    let mut weights = Weights::default();
    for (value, &feature) in point.iter().zip(features) {
        weights[feature] = (value / SPREADS[feature]) as f32;
    }
    weights
}

impl OrderProblem {
    /// The weights of these features, by their places in [`FEATURES`]. The sequences of the validation are drawn now, the same for
    /// the same seed.
    ///
    /// # Errors
    /// When nothing but easy sequences is drawn.
    pub fn new(
        task: OrderTask,
        features: Vec<usize>,
        sequences: usize,
        validation_sequences: usize,
        seed: Seed,
    ) -> Result<Self, AllEasy> {
        let mut stream = seed.stream("validation sequences");
        let OrderTask { passing, sequence_jobs, .. } = task;
        let validation = draw(&task.validation, passing, sequence_jobs, validation_sequences, &mut stream)?;
        Ok(Self { task, features, sequences, validation })
    }

    /// Who may pass.
    pub(crate) fn passing(&self) -> Passing {
        self.task.passing
    }

    /// Sequences that a generation would play.
    pub(crate) fn draw(&self, stream: &mut Stream) -> Result<Vec<Sequence>, AllEasy> {
        let OrderTask { training, passing, sequence_jobs, .. } = &self.task;
        draw(training, *passing, *sequence_jobs, self.sequences, stream)
    }

    /// Sequences that are held back.
    pub(crate) fn held_back(&self) -> &[Sequence] {
        &self.validation
    }

    /// The training's sequences as episodes of whoever learns by choosing: those on which Smith's rule does too well are drawn again.
    ///
    /// # Errors
    /// When nothing but easy sequences is drawn.
    pub fn episodes(&self) -> Result<OrderEpisodes, AllEasy> {
        self.draw(&mut Seed(0).stream("sequences that are not easy"))?;
        let OrderTask { training, passing, sequence_jobs, .. } = &self.task;
        let sources = training.clone();
        Ok(OrderEpisodes { sources, passing: *passing, sequence_jobs: *sequence_jobs, easy: EASY })
    }

    /// What any order is worth on the sequences that are held back, by its mean bounded slowdown on each.
    pub(crate) fn value_of(&self, play: impl Fn(&Sequence, &mut PoolPlayer) -> f64 + Sync) -> f64 {
        let sequences = self.validation.par_iter();
        let found: Vec<f64> =
            sequences.map_init(PoolPlayer::default, |player, sequence| play(sequence, player)).collect();
        value(&found, &self.validation)
    }

    /// What weights are worth on the sequences that are held back, smaller being better.
    pub fn value_of_weights(&self, weights: &Weights) -> f64 {
        values(&[*weights], &self.validation, self.task.passing)[0]
    }

    /// The weights that a point of the search stands for, in the order of [`FEATURES`].
    pub fn weights(&self, point: &[f64]) -> Weights {
        weights(point, &self.features)
    }
}

impl Problem for OrderProblem {
    type Error = AllEasy;

    fn start(&self) -> Vec<f64> {
        start(&self.features)
    }

    fn values(&self, points: &[Vec<f64>], stream: &mut Stream) -> Result<Vec<f64>, AllEasy> {
        let sequences = self.draw(stream)?;
        let weighted: Vec<Weights> = points.iter().map(|point| self.weights(point)).collect();
        Ok(values(&weighted, &sequences, self.task.passing))
    }

    fn validation(&self, point: &[f64]) -> Result<f64, AllEasy> {
        Ok(self.value_of_weights(&self.weights(point)))
    }
}

/// There is nothing to learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "of {drawn} sequences that were drawn, the best classical order keeps the bounded slowdown of all but {kept} at 3 or below, \
     and {wanted} are wanted: there is nothing to learn at such a load"
)]
pub struct AllEasy {
    /// Sequences that were drawn.
    pub drawn: usize,
    /// Those that are not easy.
    pub kept: usize,
    /// How many of them are wanted.
    pub wanted: usize,
}

/// So many sequences that are not easy.
fn draw(
    sources: &[PoolSource],
    passing: Passing,
    sequence_jobs: usize,
    count: usize,
    stream: &mut Stream,
) -> Result<Vec<Sequence>, AllEasy> {
    // Twice as many as are wanted at a time, so that all cores have something to do.
    let mut sequences = Vec::with_capacity(count);
    for _ in 0..DRAWS {
        let drawn: Vec<(&PoolSource, usize)> =
            (0..2 * count).map(|_| PoolSource::draw(sources, sequence_jobs, stream)).collect();
        let made: Vec<Sequence> = drawn
            .into_par_iter()
            .map_init(PoolPlayer::default, |player, (source, first)| {
                let jobs = source.jobs.window(first, sequence_jobs);
                let base = best_classical(player, &jobs, source.pool_milli, passing);
                Sequence { jobs, pool_milli: source.pool_milli, base }
            })
            .collect();
        sequences.extend(made.into_iter().filter(|sequence| sequence.base > EASY));
        if sequences.len() >= count {
            break;
        }
    }
    if sequences.len() < count {
        return Err(AllEasy { drawn: 2 * count * DRAWS, kept: sequences.len(), wanted: count });
    }
    sequences.truncate(count);
    Ok(sequences)
}

/// What the best of SJF, F1 to F4 and smallest first reaches: tables 1.4, with submissions in the clock of the sequence, for
/// jobs in blocks have no other.
fn best_classical(player: &mut PoolPlayer, jobs: &Jobs, pool_milli: u32, passing: Passing) -> f64 {
    let formulas: [fn([f64; 3]) -> f64; 6] = [
        |[r, _, _]| r,
        |[_, n, _]| n,
        |[r, n, s]| libm::log10(r) * n + 870.0 * libm::log10(s),
        |[r, n, s]| r.sqrt() * n + 25_600.0 * libm::log10(s),
        |[r, n, s]| r * n + 6_860_000.0 * libm::log10(s),
        |[r, n, s]| r * n.sqrt() + 530_000.0 * libm::log10(s),
    ];
    let value = |formula: &fn([f64; 3]) -> f64| {
        let score = |job| {
            let [r, n, s] = jobs.facts(job);
            formula([r.max(0.1), n, s.max(0.1)]) as f32
        };
        let mut scores = FixedScores((0..jobs.len()).map(score).collect());
        player.play(jobs, pool_milli, passing, &mut scores)
    };
    formulas.iter().map(value).fold(f64::INFINITY, f64::min)
}

/// How good weights are on sequences, smaller being better.
fn values(points: &[Weights], sequences: &[Sequence], passing: Passing) -> Vec<f64> {
    let played: Vec<f64> = (0..points.len() * sequences.len())
        .into_par_iter()
        .map_init(PoolPlayer::default, |player, place| {
            let (mut weights, sequence) =
                (points[place / sequences.len()], &sequences[place % sequences.len()]);
            player.play(&sequence.jobs, sequence.pool_milli, passing, &mut weights)
        })
        .collect();
    played.chunks(sequences.len().max(1)).map(|found| value(found, sequences)).collect()
}

fn value(found: &[f64], sequences: &[Sequence]) -> f64 {
    let pairs = || found.iter().zip(sequences).map(|(found, sequence)| (*found, sequence.base));
    let mean = pairs().map(|(found, base)| found / base).sum::<f64>() / sequences.len() as f64;
    let (sum, base) = pairs().fold((0.0, 0.0), |(sum, base), pair| (sum + pair.0, base + pair.1));
    0.5 * (mean + sum / base)
}

/// More jobs of the kind: blocks of a list in random order, each with its own gaps between arrivals.
pub fn bootstrap(jobs: &Jobs, count: usize, block_jobs: [usize; 2], seed: Seed) -> Jobs {
    let mut stream = seed.stream("bootstrap of blocks");
    let mut made = Jobs::default();
    while made.len() < count {
        let length = block_jobs[0] + stream.below(block_jobs[1] - block_jobs[0] + 1);
        let first = 1 + stream.below(jobs.len() - length);
        made.append(&jobs.window(first, length), jobs.gap(first));
    }
    made.window(0, count)
}
