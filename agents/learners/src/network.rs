//! Networks that score candidates: one and the same small network for every candidate, so that the order of candidates means nothing
//! and their number may change.
//!
//! ```text
//!   candidate ---- [+ context] --> hidden layers --> score [+ candidate * heuristic]  a softmax over the candidates
//!        |              ^                             last layer 0 at the start
//!        `--> embed --> mean over the candidates --> value of the state
//! ```
//!
//! Parameters are one flat vector, so that any learner can move them, and files can keep them. burn turns them into tensors for
//! gradients; `policies::neural` plays the same numbers without it.

use burn::prelude::*;
use burn::tensor::activation::{log_softmax, relu};
use policies::neural::{Dense, Scorer};
use serde::{Deserialize, Serialize};
use sim::kernel::rng::Seed;

/// How a network is built.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Form {
    /// Numbers of a candidate.
    pub features: usize,
    /// Widths of the hidden layers of the score.
    pub hidden: Vec<usize>,
    /// Width of the embedding whose mean over the candidates is the state (Deep Sets, Zaheer et al., arXiv:1703.06114).
    pub embedding: usize,
    /// Whether scores see the state.
    pub has_context: bool,
    /// A weight for each feature, which no learning moves: their sum is a heuristic's own score, the largest being next, and learning
    /// begins at its choices.
    pub heuristic: Option<Vec<f32>>,
}

/// The layers of a form, by their rows and columns.
struct Layers {
    score: Vec<[usize; 2]>,
    embed: [usize; 2],
    value: [[usize; 2]; 2],
}

impl Form {
    fn layers(&self) -> Layers {
        let seen = self.features + if self.has_context { self.embedding } else { 0 };
        let widths: Vec<usize> = [&[seen][..], &self.hidden, &[1]].concat();
        Layers {
            score: widths.windows(2).map(|pair| [pair[0], pair[1]]).collect(),
            embed: [self.features, self.embedding],
            value: [[self.embedding, self.embedding], [self.embedding, 1]],
        }
    }

    /// The layers in the order of the parameters, each its weights row by row and then its bias.
    pub(crate) fn all(&self) -> Vec<[usize; 2]> {
        let Layers { score, embed, value } = self.layers();
        score.into_iter().chain([embed]).chain(value).collect()
    }

    /// How many parameters there are.
    pub fn parameter_count(&self) -> usize {
        self.all().iter().map(|[rows, columns]| (rows + 1) * columns).sum()
    }

    /// Parameters at the start: normal, of variance 2 / inputs (He et al., arXiv:1502.01852), and 0 in the last layers and in every bias.
    pub fn initial(&self, seed: Seed) -> Vec<f32> {
        let mut random = seed.stream("parameters");
        let mut parameters = Vec::with_capacity(self.parameter_count());
        let last = [self.hidden.len(), self.hidden.len() + 3];
        for (place, [rows, columns]) in self.all().into_iter().enumerate() {
            let scale = if last.contains(&place) { 0.0 } else { (2.0 / rows as f64).sqrt() };
            parameters.extend((0..rows * columns).map(|_| (scale * random.normal()) as f32));
            parameters.extend((0..columns).map(|_| 0.0));
        }
        parameters
    }

    /// The same network without burn, for choosing.
    pub fn scorer(&self, parameters: &[f32]) -> Scorer {
        let mut rest = parameters;
        let mut take = |[rows, columns]: [usize; 2]| {
            let (weights, after) = rest.split_at(rows * columns);
            let (bias, after) = after.split_at(columns);
            rest = after;
            Dense::new(rows, columns, weights.to_vec(), bias.to_vec())
        };
        let Layers { score, embed, value } = self.layers();
        let score = score.into_iter().map(&mut take).collect();
        let embed = take(embed);
        Scorer {
            score,
            embed,
            value: value.map(&mut take).into(),
            has_context: self.has_context,
            heuristic: self.heuristic.clone(),
        }
    }
}

/// A batch of observations.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Candidates of each, and features of each candidate.
    pub shape: [usize; 3],
    /// Row by row.
    pub observations: Vec<f32>,
    /// Who may be chosen.
    pub masks: Vec<bool>,
}

/// The parameters as tensors that know their gradients.
pub(crate) struct Tensors {
    weights: Vec<(Tensor<2>, Tensor<2>)>,
}

impl Tensors {
    pub(crate) fn new(form: &Form, parameters: &[f32], device: &Device) -> Self {
        let mut rest = parameters;
        let mut take = |rows: usize, columns: usize| {
            let (numbers, after) = rest.split_at(rows * columns);
            rest = after;
            Tensor::<2>::from_data(TensorData::new(numbers.to_vec(), [rows, columns]), device).require_grad()
        };
        let weights =
            form.all().into_iter().map(|[rows, columns]| (take(rows, columns), take(1, columns))).collect();
        Self { weights }
    }

    /// The gradient of a number, in the order of the parameters.
    pub(crate) fn gradient(&self, loss: &Tensor<1>) -> Vec<f32> {
        let gradients = loss.backward();
        let mut flat = Vec::new();
        for (weights, bias) in &self.weights {
            for tensor in [weights, bias] {
                match tensor.grad(&gradients) {
                    Some(gradient) => flat.extend(numbers(gradient)),
                    // What the number does not hang on.
                    None => flat.resize(flat.len() + tensor.dims().iter().product::<usize>(), 0.0),
                }
            }
        }
        flat
    }

    /// Logarithms of probabilities, `[batch, candidates]`, and values, `[batch, 1]`.
    pub(crate) fn forward(&self, form: &Form, batch: &Batch, device: &Device) -> (Tensor<2>, Tensor<2>) {
        let Scored { scores, counted, values } = self.scored(form, batch, device);
        (log_softmax(scores.mask_fill(counted.equal_elem(0.0), MASKED), 1), values)
    }

    /// Scores and values of a batch.
    pub(crate) fn scored(&self, form: &Form, batch: &Batch, device: &Device) -> Scored {
        let [count, candidates, features] = batch.shape;
        let rows = count * candidates;
        let seen =
            Tensor::<2>::from_data(TensorData::new(batch.observations.clone(), [rows, features]), device);
        let counted: Vec<f32> = batch.masks.iter().map(|&may| f32::from(u8::from(may))).collect();
        let counted = Tensor::<3>::from_data(TensorData::new(counted, [count, candidates, 1]), device);
        let layers = form.hidden.len() + 1;
        let layer = |input: Tensor<2>, place: usize| {
            let (weights, bias) = &self.weights[place];
            input.matmul(weights.clone()) + bias.clone()
        };
        let width = form.embedding;
        let embedded = relu(layer(seen.clone(), layers)).reshape([count, candidates, width]);
        let sums: Tensor<3> = (embedded * counted.clone()).sum_dim(1);
        let state: Tensor<3> = sums / counted.clone().sum_dim(1);
        let mut hidden = seen.clone();
        if form.has_context {
            let context = state.clone().repeat_dim(1, candidates).reshape([rows, width]);
            hidden = Tensor::cat(vec![hidden, context], 1);
        }
        for place in 0..form.hidden.len() {
            hidden = relu(layer(hidden, place));
        }
        let mut score = layer(hidden, form.hidden.len());
        if let Some(heuristic) = &form.heuristic {
            let weights = TensorData::new(heuristic.clone(), [features, 1]);
            score = score + seen.matmul(Tensor::<2>::from_data(weights, device));
        }
        let value = relu(layer(state.reshape([count, width]), layers + 1));
        Scored {
            scores: score.reshape([count, candidates]),
            counted: counted.reshape([count, candidates]),
            values: layer(value, layers + 2),
        }
    }
}

/// What a network says of a batch.
pub(crate) struct Scored {
    /// `[batch, candidates]`; of candidates that may not be chosen they mean nothing.
    pub(crate) scores: Tensor<2>,
    /// 1 for candidates that may be chosen, else 0.
    pub(crate) counted: Tensor<2>,
    /// `[batch, 1]`.
    pub(crate) values: Tensor<2>,
}

/// The score of whoever may not be chosen: its probability is 0.
const MASKED: f32 = -1e9;

/// The numbers of a tensor, row by row.
pub(crate) fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec::<f32>().expect("tensors here hold single precision")
}

/// The device on which gradients are taken.
pub(crate) fn device() -> Device {
    Device::flex().autodiff()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms() -> Vec<Form> {
        let plain =
            Form { features: 3, hidden: vec![8, 4], embedding: 5, has_context: false, heuristic: None };
        let context = Form { has_context: true, ..plain.clone() };
        let residual = Form { heuristic: Some(vec![-0.5, 2.0, 0.25]), ..context.clone() };
        let linear = Form { hidden: Vec::new(), ..residual.clone() };
        vec![plain, context, residual, linear]
    }

    fn random(form: &Form, seed: u64) -> Vec<f32> {
        let mut random = Seed(seed).stream("test");
        (0..form.parameter_count()).map(|_| 0.5 * random.normal() as f32).collect()
    }

    fn batch(count: usize, candidates: usize, features: usize, seed: u64) -> Batch {
        let mut random = Seed(seed).stream("batch");
        let observations = (0..count * candidates * features).map(|_| random.normal() as f32).collect();
        let masks =
            (0..count * candidates).map(|place| place % candidates == 0 || random.below(3) > 0).collect();
        Batch { shape: [count, candidates, features], observations, masks }
    }

    fn forward(form: &Form, parameters: &[f32], batch: &Batch) -> (Vec<f32>, Vec<f32>) {
        let device = device();
        let (logs, values) = Tensors::new(form, parameters, &device).forward(form, batch, &device);
        (numbers(logs), numbers(values))
    }

    #[test]
    fn what_plays_without_burn_gives_the_same_numbers() {
        for (place, form) in forms().into_iter().enumerate() {
            let (parameters, batch) = (random(&form, place as u64), batch(6, 7, 3, 9));
            let (logs, values) = forward(&form, &parameters, &batch);
            let scorer = form.scorer(&parameters);
            let mut buffers = policies::neural::Buffers::default();
            for one in 0..6 {
                let rows = &batch.observations[one * 21..(one + 1) * 21];
                let mask = &batch.masks[one * 7..(one + 1) * 7];
                let value = scorer.evaluate(rows, mask, &mut buffers);
                assert!((value - values[one]).abs() < 1e-5, "{value}, {}", values[one]);
                let scores = buffers.scores();
                let most = scores.iter().zip(mask).filter(|(_, may)| **may).map(|(score, _)| *score);
                let most = most.fold(f32::NEG_INFINITY, f32::max);
                let sum: f32 = scores
                    .iter()
                    .zip(mask)
                    .filter(|(_, may)| **may)
                    .map(|(score, _)| (score - most).exp())
                    .sum();
                for candidate in (0..7).filter(|&candidate| mask[candidate]) {
                    let log = scores[candidate] - most - sum.ln();
                    assert!((log - logs[one * 7 + candidate]).abs() < 1e-5);
                }
            }
        }
    }

    /// Candidates in another order have the same scores in that order, and the state has the same value.
    #[test]
    fn the_order_of_candidates_means_nothing() {
        for form in forms() {
            let parameters = random(&form, 4);
            let straight = batch(1, 5, 3, 2);
            let order = [3, 0, 4, 1, 2];
            let mut turned = straight.clone();
            for (to, from) in order.into_iter().enumerate() {
                turned.observations[3 * to..3 * to + 3]
                    .copy_from_slice(&straight.observations[3 * from..3 * from + 3]);
                turned.masks[to] = straight.masks[from];
            }
            let (one, other) = (forward(&form, &parameters, &straight), forward(&form, &parameters, &turned));
            assert!((one.1[0] - other.1[0]).abs() < 1e-6);
            for (to, from) in order.into_iter().enumerate() {
                assert!((other.0[to] - one.0[from]).abs() < 1e-5);
            }
        }
    }

    /// At the start the most probable candidate is the heuristic's, and without one all are alike.
    #[test]
    fn learning_begins_at_the_heuristic() {
        for form in forms() {
            let batch = batch(40, 6, 3, 8);
            let (logs, values) = forward(&form, &form.initial(Seed(3)), &batch);
            assert!(values.iter().all(|value| *value == 0.0));
            for (one, logs) in logs.chunks(6).enumerate() {
                let allowed = |candidate: &usize| batch.masks[6 * one + candidate];
                match &form.heuristic {
                    Some(weights) => {
                        let of = |candidate: &usize| -> f32 {
                            let row = &batch.observations[3 * (6 * one + candidate)..][..3];
                            row.iter().zip(weights).map(|(number, weight)| number * weight).sum()
                        };
                        let best = (0..6).filter(allowed).max_by(|one, other| of(one).total_cmp(&of(other)));
                        let found = (0..6).max_by(|&one, &other| logs[one].total_cmp(&logs[other]));
                        assert_eq!(best, found);
                    }
                    None => {
                        let count = (0..6).filter(allowed).count() as f32;
                        assert!((0..6).filter(allowed).all(|one| (logs[one] + count.ln()).abs() < 1e-5));
                    }
                }
            }
        }
    }
}
