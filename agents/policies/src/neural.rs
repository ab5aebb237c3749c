//! Small networks that score candidates, as numbers alone: what a learner has found, played without one.
//!
//! ```text
//!   score = dense(... relu(dense(candidate [, state]))) [+ sum of heuristic * candidate]
//!   state = mean over the candidates of relu(embed(candidate))          value = dense(relu(dense(state)))
//! ```
//!
//! All candidates go through a layer together, eight columns at a time, which compilers turn into vector instructions.

use serde::{Deserialize, Serialize};

/// `x W + b`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dense {
    rows: usize,
    columns: usize,
    /// Row by row: what of an input goes to each output.
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Dense {
    /// A layer of so many inputs and outputs.
    ///
    /// # Panics
    /// When there are more or fewer numbers.
    pub fn new(rows: usize, columns: usize, weights: Vec<f32>, bias: Vec<f32>) -> Self {
        assert_eq!((weights.len(), bias.len()), (rows * columns, columns), "a layer of {rows} x {columns}");
        Self { rows, columns, weights, bias }
    }

    /// What is wrong with numbers that were read from a file.
    fn check(&self) -> Result<(), String> {
        let Self { rows, columns, weights, bias } = self;
        if *rows == 0 || *columns == 0 {
            return Err(format!(
                "a layer has {rows} rows and {columns} columns; allowed are 1 or more of both"
            ));
        }
        // Sizes are read from files: their product may be more than there is.
        if Some(weights.len()) != rows.checked_mul(*columns) || bias.len() != *columns {
            let (weights, bias) = (weights.len(), bias.len());
            return Err(format!(
                "a layer of {rows} rows and {columns} columns has {weights} weights and a bias of {bias}; allowed are rows times columns, and columns"
            ));
        }
        match weights.iter().chain(bias).find(|number| !number.is_finite()) {
            Some(number) => Err(format!("{number} in a layer is not finite; allowed are finite numbers")),
            None => Ok(()),
        }
    }

    /// Outputs of every row of inputs, row by row; `is_bent` takes what is below 0 for 0.
    fn apply(&self, inputs: &[f32], outputs: &mut Vec<f32>, is_bent: bool) {
        outputs.clear();
        outputs.reserve(inputs.len() / self.rows * self.columns);
        for input in inputs.chunks_exact(self.rows) {
            let first = outputs.len();
            outputs.extend_from_slice(&self.bias);
            let output = &mut outputs[first..];
            for (&part, weights) in input.iter().zip(self.weights.chunks_exact(self.columns)) {
                for (sum, weight) in output.iter_mut().zip(weights) {
                    *sum += part * weight;
                }
            }
            if is_bent {
                output.iter_mut().for_each(|sum| *sum = sum.max(0.0));
            }
        }
    }
}

/// A network that scores candidates and values the state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scorer {
    /// From a candidate to its score.
    pub score: Vec<Dense>,
    /// From a candidate to its part of the state.
    pub embed: Dense,
    /// From the state to its value.
    pub value: Vec<Dense>,
    /// Whether scores see the state.
    pub has_context: bool,
    /// What every feature counts by itself, beside the network.
    pub heuristic: Option<Vec<f32>>,
}

/// Memory that is used again for each question.
#[derive(Clone, Debug, Default)]
pub struct Buffers {
    one: Vec<f32>,
    other: Vec<f32>,
    state: Vec<f32>,
    scores: Vec<f32>,
}

impl Buffers {
    /// The scores of the last question, one for each candidate; those of candidates that may not be chosen mean nothing.
    pub fn scores(&self) -> &[f32] {
        &self.scores
    }
}

impl Scorer {
    /// Numbers of a candidate.
    pub fn features(&self) -> usize {
        self.embed.rows
    }

    /// What is wrong with a network that was read from a file, for candidates of so many numbers.
    ///
    /// # Errors
    /// A sentence: layers that do not follow one another, numbers that are not finite.
    pub fn check(&self, features: usize) -> Result<(), String> {
        let chained = |layers: &[&Dense], seen: usize, what: &str| {
            let first = layers.first().map_or(0, |layer| layer.rows);
            if first != seen {
                return Err(format!("{what}: it begins with {first} numbers; allowed are {seen}"));
            }
            for layer in layers {
                layer.check()?;
            }
            let odd =
                layers.windows(2).map(|pair| (pair[0].columns, pair[1].rows)).find(|(out, next)| out != next);
            match odd {
                Some((out, next)) => {
                    Err(format!("{what}: {out} numbers go into {next}; allowed are as many"))
                }
                None => Ok(layers[layers.len() - 1].columns),
            }
        };
        let ends_in_one = |columns: usize, what: &str| match columns {
            1 => Ok(()),
            _ => Err(format!("{what}: it ends in {columns} numbers; allowed is 1")),
        };
        let context = if self.has_context { self.embed.columns } else { 0 };
        let score: Vec<&Dense> = self.score.iter().collect();
        ends_in_one(chained(&score, features + context, "score")?, "score")?;
        if self.value.len() != 2 {
            return Err(format!("value: it has {} layers; allowed are 2", self.value.len()));
        }
        let value = [&self.embed, &self.value[0], &self.value[1]];
        ends_in_one(chained(&value, features, "embed and value")?, "value")?;
        let Some(heuristic) = &self.heuristic else { return Ok(()) };
        let odd = heuristic.iter().find(|weight| !weight.is_finite());
        match odd {
            Some(odd) => Err(format!("heuristic: {odd} stands there; allowed are finite numbers")),
            None if heuristic.len() != features => {
                let count = heuristic.len();
                Err(format!(
                    "heuristic: {count} weights stand there; allowed are {features}, one for each feature"
                ))
            }
            None => Ok(()),
        }
    }

    /// Scores all candidates, given row by row, and values the state, in which those count that may be chosen.
    pub fn evaluate(&self, candidates: &[f32], mask: &[bool], buffers: &mut Buffers) -> f32 {
        self.see(candidates, mask, buffers);
        self.score_all(candidates, buffers);
        let Buffers { one, other, state, .. } = buffers;
        self.value[0].apply(state, one, true);
        self.value[1].apply(one, other, false);
        other[0]
    }

    /// Scores all candidates.
    pub fn score(&self, candidates: &[f32], mask: &[bool], buffers: &mut Buffers) {
        if self.has_context {
            self.see(candidates, mask, buffers);
        }
        self.score_all(candidates, buffers);
    }

    /// The state.
    fn see(&self, candidates: &[f32], mask: &[bool], buffers: &mut Buffers) {
        let Buffers { one, state, .. } = buffers;
        self.embed.apply(candidates, one, true);
        state.clear();
        state.resize(self.embed.columns, 0.0);
        let mut count = 0.0;
        for (row, _) in one.chunks_exact(self.embed.columns).zip(mask).filter(|(_, may)| **may) {
            count += 1.0;
            state.iter_mut().zip(row).for_each(|(sum, part)| *sum += part);
        }
        state.iter_mut().for_each(|sum| *sum /= count);
    }

    fn score_all(&self, candidates: &[f32], buffers: &mut Buffers) {
        let Buffers { one, other, state, scores } = buffers;
        one.clear();
        for candidate in candidates.chunks_exact(self.features()) {
            one.extend_from_slice(candidate);
            if self.has_context {
                one.extend_from_slice(state);
            }
        }
        for (place, layer) in self.score.iter().enumerate() {
            layer.apply(one, other, place + 1 < self.score.len());
            std::mem::swap(one, other);
        }
        scores.clear();
        scores.extend_from_slice(one);
        if let Some(heuristic) = &self.heuristic {
            for (score, candidate) in scores.iter_mut().zip(candidates.chunks_exact(self.features())) {
                *score += weighted(candidate, heuristic);
            }
        }
    }
}

/// The weighted sum of the features of a candidate.
#[inline(always)]
pub fn weighted(candidate: &[f32], weights: &[f32]) -> f32 {
    candidate.iter().zip(weights).map(|(number, weight)| number * weight).sum()
}

/// The first of the candidates with the largest score that may be chosen.
pub fn best(scores: &[f32], mask: &[bool]) -> Option<usize> {
    let mut best = None;
    for (place, (&score, &may)) in scores.iter().zip(mask).enumerate() {
        if may && best.is_none_or(|(_, largest)| score > largest) {
            best = Some((place, score));
        }
    }
    best.map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two features, one hidden unit `relu(a - b)`, score `3 h + 1`, and half of the first feature less the second by themselves.
    #[test]
    fn a_small_network_by_hand() {
        let scorer = Scorer {
            score: vec![Dense::new(2, 1, vec![1.0, -1.0], vec![0.0]), Dense::new(1, 1, vec![3.0], vec![1.0])],
            embed: Dense::new(2, 1, vec![1.0, 1.0], vec![-1.0]),
            value: vec![Dense::new(1, 1, vec![2.0], vec![0.0]), Dense::new(1, 1, vec![1.0], vec![5.0])],
            has_context: false,
            heuristic: Some(vec![0.5, -1.0]),
        };
        let mut buffers = Buffers::default();
        let (candidates, mask) = ([4.0, 1.0, 0.0, 2.0, 9.0, 0.0], [true, true, false]);
        let value = scorer.evaluate(&candidates, &mask, &mut buffers);
        assert_eq!(buffers.scores(), [11.0, -1.0, 32.5]);
        // The state is the mean of relu(4 + 1 - 1) and relu(0 + 2 - 1): 2.5; its value 2 * 2.5 + 5.
        assert_eq!(value, 10.0);
        assert_eq!(best(buffers.scores(), &mask), Some(0));
        assert_eq!(best(&[1.0, 2.0, 2.0], &[true; 3]), Some(1), "the first of equals");
        assert_eq!(best(&[1.0], &[false]), None);
    }
}
