//! The networks of [`crate::network`] forwards and backwards without burn, one observation at a time, so that everything between its
//! rows and its gradient stays near the processor. Burn's own gradient is what it is held against in tests.
//!
//! ```text
//!   rows -> hidden -> .. -> scores        d scores -> .. -> d hidden -> gradient of the score
//!      `--> embedded -> state -> value    d value  -> d state -> d embedded -> gradient of embedding and value
//! ```
//!
//! Rows are those of candidates that may be chosen, and rows of zeros that fill them up to a multiple of four.

use crate::kernels::{
    ROWS, Weights, add_columns, add_outer, bend, bend_back, has_wide_instructions, multiply, padded,
};
use crate::network::Form;
use policies::neural::weighted;

/// A layer, its columns filled up.
struct Layer {
    inputs: usize,
    columns: usize,
    weights: Vec<f32>,
    bias: Vec<f32>,
    /// Weights of each output, its inputs filled up.
    turned: Vec<f32>,
    /// Columns without those that fill up.
    real: usize,
}

impl Layer {
    fn of(weights: &[f32], bias: &[f32]) -> Self {
        let (inputs, real) = (weights.len() / bias.len(), bias.len());
        let (columns, turned_columns) = (padded(real), padded(inputs));
        let mut layer = Self {
            inputs,
            columns,
            weights: vec![0.0; inputs * columns],
            bias: vec![0.0; columns],
            turned: vec![0.0; real * turned_columns],
            real,
        };
        layer.bias[..real].copy_from_slice(bias);
        for (input, row) in weights.chunks_exact(real).enumerate() {
            layer.weights[input * columns..][..real].copy_from_slice(row);
            for (output, &weight) in row.iter().enumerate() {
                layer.turned[output * turned_columns + input] = weight;
            }
        }
        layer
    }

    fn forwards(&self) -> Weights<'_> {
        Weights { inputs: self.inputs, columns: self.columns, weights: &self.weights }
    }

    fn backwards(&self) -> Weights<'_> {
        Weights { inputs: self.real, columns: padded(self.inputs), weights: &self.turned }
    }
}

/// The gradient of a layer, its columns filled up.
#[derive(Clone)]
struct LayerGradient {
    weights: Vec<f32>,
    bias: Vec<f32>,
}

/// A gradient that is being added up.
#[derive(Clone)]
pub(crate) struct Gradient {
    layers: Vec<LayerGradient>,
}

/// Memory that is used again for each observation.
#[derive(Default)]
pub(crate) struct Room {
    /// Outputs of the score's layers.
    outputs: Vec<Vec<f32>>,
    slopes: [Vec<f32>; 2],
    embedded: Vec<f32>,
    state: Vec<f32>,
    state_slopes: Vec<f32>,
    bias: Vec<f32>,
    hidden: Vec<f32>,
    scores: Vec<f32>,
}

impl Room {
    /// The scores of the last observation.
    pub(crate) fn scores(&self) -> &[f32] {
        &self.scores
    }
}

/// A network as numbers, ready to be played and taught.
pub(crate) struct Fused {
    features: usize,
    /// Those of the score, the embedding, and two of the value.
    layers: Vec<Layer>,
    has_context: bool,
    heuristic: Option<Vec<f32>>,
}

impl Fused {
    /// Of a form with these parameters.
    pub(crate) fn new(form: &Form, parameters: &[f32]) -> Self {
        let mut rest = parameters;
        let mut take = |[rows, columns]: [usize; 2]| {
            let (weights, after) = rest.split_at(rows * columns);
            let (bias, after) = after.split_at(columns);
            rest = after;
            Layer::of(weights, bias)
        };
        let layers = form.all().into_iter().map(&mut take).collect();
        let heuristic = form.heuristic.clone();
        Self { features: form.features, layers, has_context: form.has_context, heuristic }
    }

    /// A gradient to add to, at zero.
    pub(crate) fn gradient(&self) -> Gradient {
        let zero = |layer: &Layer| LayerGradient {
            weights: vec![0.0; layer.inputs * layer.columns],
            bias: vec![0.0; layer.columns],
        };
        Gradient { layers: self.layers.iter().map(zero).collect() }
    }

    /// Scores so many candidates, whose rows come first, and values the state.
    ///
    /// # Panics
    /// When the number of rows is no multiple of four.
    pub(crate) fn forward(&self, rows: &[f32], count: usize, room: &mut Room) -> f32 {
        assert!(rows.len().is_multiple_of(ROWS * self.features) && count * self.features <= rows.len());
        #[cfg(target_arch = "x86_64")]
        if has_wide_instructions() {
            // SAFETY: the processor has what the function is compiled for.
            #[allow(unsafe_code)]
            return unsafe { self.forward_wide(rows, count, room) };
        }
        self.forward_inlined(rows, count, room)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn forward_wide(&self, rows: &[f32], count: usize, room: &mut Room) -> f32 {
        self.forward_inlined(rows, count, room)
    }

    #[inline(always)]
    fn forward_inlined(&self, rows: &[f32], count: usize, room: &mut Room) -> f32 {
        let depth = self.layers.len() - 3;
        let [embed, first, second] = [depth, depth + 1, depth + 2].map(|place| &self.layers[place]);
        let Room { outputs, embedded, state, bias, hidden, scores, .. } = room;
        multiply((rows, self.features), embed.forwards(), &embed.bias, embedded);
        bend(embedded);
        state.clear();
        state.resize(embed.columns, 0.0);
        add_columns(&embedded[..count * embed.columns], embed.columns, state);
        let share = 1.0 / count as f32;
        state.iter_mut().for_each(|sum| *sum *= share);

        outputs.resize_with(depth, Vec::new);
        for place in 0..depth {
            let (before, after) = outputs.split_at_mut(place);
            let layer = &self.layers[place];
            match before.last() {
                Some(inputs) => {
                    let stride = self.layers[place - 1].columns;
                    multiply((inputs, stride), layer.forwards(), &layer.bias, &mut after[0]);
                }
                None => {
                    bias.clone_from(&layer.bias);
                    if self.has_context {
                        let rest = layer.weights.chunks_exact(layer.columns).skip(self.features);
                        for (weights, &part) in rest.zip(&*state) {
                            for (sum, weight) in bias.iter_mut().zip(weights) {
                                *sum = part.mul_add(*weight, *sum);
                            }
                        }
                    }
                    let seen = Weights { inputs: self.features, ..layer.forwards() };
                    multiply((rows, self.features), seen, bias, &mut after[0]);
                }
            }
            if place + 1 < depth {
                bend(&mut after[0]);
            }
        }
        let last = &outputs[depth - 1];
        let columns = self.layers[depth - 1].columns;
        scores.clear();
        scores.extend(last.chunks_exact(columns).take(count).map(|row| row[0]));
        if let Some(heuristic) = &self.heuristic {
            for (score, row) in scores.iter_mut().zip(rows.chunks_exact(self.features)) {
                *score += weighted(row, heuristic);
            }
        }
        one_row(state, first, hidden);
        bend(hidden);
        let weights = second.weights.chunks_exact(second.columns);
        hidden.iter().zip(weights).fold(second.bias[0], |sum, (part, row)| part.mul_add(row[0], sum))
    }

    /// Adds to a gradient what the slopes of the last observation's scores, and that of its value, give.
    ///
    /// # Panics
    /// When there is not one slope for each score.
    pub(crate) fn backward(
        &self,
        rows: &[f32],
        score_slopes: &[f32],
        value_slope: f32,
        room: &mut Room,
        gradient: &mut Gradient,
    ) {
        assert_eq!(score_slopes.len(), room.scores.len());
        #[cfg(target_arch = "x86_64")]
        if has_wide_instructions() {
            // SAFETY: the processor has what the function is compiled for.
            #[allow(unsafe_code)]
            return unsafe { self.backward_wide(rows, score_slopes, value_slope, room, gradient) };
        }
        self.backward_inlined(rows, score_slopes, value_slope, room, gradient);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn backward_wide(
        &self,
        rows: &[f32],
        score_slopes: &[f32],
        value_slope: f32,
        room: &mut Room,
        gradient: &mut Gradient,
    ) {
        self.backward_inlined(rows, score_slopes, value_slope, room, gradient);
    }

    #[inline(always)]
    fn backward_inlined(
        &self,
        rows: &[f32],
        score_slopes: &[f32],
        value_slope: f32,
        room: &mut Room,
        gradient: &mut Gradient,
    ) {
        let (depth, count) = (self.layers.len() - 3, score_slopes.len());
        let [embed, first, second] = [depth, depth + 1, depth + 2].map(|place| &self.layers[place]);
        let Room { outputs, slopes, embedded, state, state_slopes, bias, hidden, .. } = room;
        let [slope, next] = slopes;

        // The value.
        let of = &mut gradient.layers[depth + 2];
        of.bias[0] += value_slope;
        for (sums, &part) in of.weights.chunks_exact_mut(second.columns).zip(&*hidden) {
            sums[0] = part.mul_add(value_slope, sums[0]);
        }
        for (part, weights) in hidden.iter_mut().zip(second.weights.chunks_exact(second.columns)) {
            *part = if *part > 0.0 { value_slope * weights[0] } else { 0.0 };
        }
        let of = &mut gradient.layers[depth + 1];
        add_columns(&hidden[..first.columns], first.columns, &mut of.bias);
        add_outer(
            (&state[..first.inputs], first.inputs),
            first.inputs,
            hidden,
            first.columns,
            &mut of.weights,
        );
        state_slopes.clear();
        state_slopes.resize(embed.columns, 0.0);
        for (weights, &part) in first.turned.chunks_exact(padded(first.inputs)).zip(&*hidden) {
            for (sum, weight) in state_slopes.iter_mut().zip(weights) {
                *sum = part.mul_add(*weight, *sum);
            }
        }

        // The score, from behind.
        let last = &self.layers[depth - 1];
        slope.clear();
        slope.resize(rows.len() / self.features * last.columns, 0.0);
        for (row, &score) in slope.chunks_exact_mut(last.columns).zip(score_slopes) {
            row[0] = score;
        }
        for place in (0..depth).rev() {
            let (layer, of) = (&self.layers[place], &mut gradient.layers[place]);
            if place == 0 {
                bias.clear();
                bias.resize(layer.columns, 0.0);
                add_columns(slope, layer.columns, bias);
                add_columns(bias, layer.columns, &mut of.bias);
                add_outer((rows, self.features), self.features, slope, layer.columns, &mut of.weights);
                if self.has_context {
                    let sums = of.weights.chunks_exact_mut(layer.columns).skip(self.features);
                    for (sums, &part) in sums.zip(&*state) {
                        for (sum, slope) in sums.iter_mut().zip(&*bias) {
                            *sum = part.mul_add(*slope, *sum);
                        }
                    }
                    let weights = layer.weights.chunks_exact(layer.columns).skip(self.features);
                    for (sum, weights) in state_slopes.iter_mut().zip(weights) {
                        *sum = weights
                            .iter()
                            .zip(&*bias)
                            .fold(*sum, |sum, (weight, slope)| weight.mul_add(*slope, sum));
                    }
                }
                break;
            }
            let inputs = &outputs[place - 1];
            let stride = self.layers[place - 1].columns;
            add_columns(slope, layer.columns, &mut of.bias);
            add_outer((inputs, stride), layer.inputs, slope, layer.columns, &mut of.weights);
            bias.clear();
            bias.resize(stride, 0.0);
            multiply((slope, layer.columns), layer.backwards(), bias, next);
            bend_back(next, inputs);
            std::mem::swap(slope, next);
        }

        // The embedding.
        let share = 1.0 / count as f32;
        state_slopes.iter_mut().for_each(|slope| *slope *= share);
        slope.clear();
        slope.resize(rows.len() / self.features * embed.columns, 0.0);
        for row in slope.chunks_exact_mut(embed.columns).take(count) {
            row.copy_from_slice(state_slopes);
        }
        bend_back(slope, embedded);
        let of = &mut gradient.layers[depth];
        add_columns(slope, embed.columns, &mut of.bias);
        add_outer((rows, self.features), self.features, slope, embed.columns, &mut of.weights);
    }

    /// A gradient in the order of the parameters.
    pub(crate) fn flat(&self, gradient: &Gradient) -> Vec<f32> {
        let mut flat = Vec::new();
        for (layer, of) in self.layers.iter().zip(&gradient.layers) {
            for row in of.weights.chunks_exact(layer.columns) {
                flat.extend_from_slice(&row[..layer.real]);
            }
            flat.extend_from_slice(&of.bias[..layer.real]);
        }
        flat
    }
}

impl Gradient {
    /// Adds another one.
    pub(crate) fn add(&mut self, other: &Self) {
        for (layer, other) in self.layers.iter_mut().zip(&other.layers) {
            layer.weights.iter_mut().zip(&other.weights).for_each(|(sum, part)| *sum += part);
            layer.bias.iter_mut().zip(&other.bias).for_each(|(sum, part)| *sum += part);
        }
    }
}

/// Outputs of one row of inputs, unbent.
#[inline(always)]
fn one_row(inputs: &[f32], layer: &Layer, outputs: &mut Vec<f32>) {
    outputs.clone_from(&layer.bias);
    for (&part, weights) in inputs.iter().zip(layer.weights.chunks_exact(layer.columns)) {
        for (sum, weight) in outputs.iter_mut().zip(weights) {
            *sum = part.mul_add(*weight, *sum);
        }
    }
}

/// Rows that may be chosen, filled up with zeros: what [`Fused::forward`] takes. Gives how many may be chosen.
pub(crate) fn gather(observation: &[f32], mask: &[bool], features: usize, rows: &mut Vec<f32>) -> usize {
    let before = rows.len();
    for (row, _) in observation.chunks_exact(features).zip(mask).filter(|(_, may)| **may) {
        rows.extend_from_slice(row);
    }
    let count = (rows.len() - before) / features;
    rows.resize(before + count.next_multiple_of(ROWS) * features, 0.0);
    count
}
