//! The loss of a minibatch and its gradient, by burn and by hand.
//!
//! ```text
//!   p = softmax(s)      r = p_a / old p_a      H = - sum p ln p            s scores, a who was chosen, M observations
//!   loss = mean of  - min(r A, clip(r) A) + w/2 (V - R)^2 - e H
//!   d loss / d s_j = (g ([j = a] - p_j) + e p_j (ln p_j + H)) / M          g = - r A where the minimum is r A, else 0
//!   d loss / d V   = w (V - R) / M
//! ```

use burn::prelude::*;
use rayon::prelude::*;

use super::{Gradients, PpoSettings, Rollout};
use crate::fused::{Fused, Gradient, Room};
use crate::kernels::ROWS;
use crate::math::standardise;
use crate::network::{Batch, Form, Tensors, device, numbers};

/// Observations of a part of a minibatch. Parts are added up in their order, so that it does not matter who takes which.
const PART: usize = 64;

/// A minibatch.
pub(super) struct Sample<'a> {
    /// Rows of the candidates of each observation, filled up, and how many candidates there are.
    rows: Vec<(&'a [f32], usize)>,
    choices: Vec<usize>,
    pub(super) logs: Vec<f32>,
    advantages: Vec<f32>,
    returns: Vec<f32>,
}

/// A step that was judged.
pub(super) struct Judged<'a> {
    /// Whose it is, and which.
    pub(super) of: (&'a Rollout, usize),
    pub(super) advantage: f32,
    /// What followed it, as far as values are to know.
    pub(super) returned: f32,
}

impl<'a> Sample<'a> {
    pub(super) fn of(steps: impl Iterator<Item = Judged<'a>>, features: usize) -> Self {
        let [mut advantages, mut logs, mut returns] = [const { Vec::new() }; 3];
        let (mut rows, mut choices) = (Vec::new(), Vec::new());
        for Judged { of: (rollout, step), advantage, returned } in steps {
            let (begin, count) = rollout.places[step];
            let end = begin + count.next_multiple_of(ROWS) * features;
            rows.push((&rollout.rows[begin..end], count));
            choices.push(rollout.choices[step]);
            logs.push(rollout.logs[step]);
            advantages.push(advantage);
            returns.push(returned);
        }
        standardise(&mut advantages);
        Self { rows, choices, logs, advantages, returns }
    }

    /// The gradient, and the logarithms of the probabilities of what was chosen.
    pub(super) fn gradient(
        &self,
        form: &Form,
        parameters: &[f32],
        settings: &PpoSettings,
    ) -> (Vec<f32>, Vec<f32>) {
        match settings.gradients {
            Gradients::Fused => self.fused(form, parameters, settings),
            Gradients::Burn => self.by_burn(form, parameters, settings),
        }
    }

    pub(super) fn fused(
        &self,
        form: &Form,
        parameters: &[f32],
        settings: &PpoSettings,
    ) -> (Vec<f32>, Vec<f32>) {
        let network = Fused::new(form, parameters);
        let count = self.choices.len();
        let parts: Vec<(Gradient, Vec<f32>)> = (0..count.div_ceil(PART))
            .into_par_iter()
            .map_init(Room::default, |room, part| {
                let mut gradient = network.gradient();
                let mut slopes = Vec::new();
                let logs = (part * PART..count.min((part + 1) * PART))
                    .map(|place| self.learn_one(&network, place, settings, room, &mut slopes, &mut gradient));
                let logs = logs.collect();
                (gradient, logs)
            })
            .collect();
        let mut sum = network.gradient();
        parts.iter().for_each(|(gradient, _)| sum.add(gradient));
        (network.flat(&sum), parts.into_iter().flat_map(|(_, logs)| logs).collect())
    }

    /// Adds the gradient of one observation's part of the loss; the logarithm of the probability of who was chosen.
    fn learn_one(
        &self,
        network: &Fused,
        place: usize,
        settings: &PpoSettings,
        room: &mut Room,
        slopes: &mut Vec<f32>,
        gradient: &mut Gradient,
    ) -> f32 {
        let (rows, count) = self.rows[place];
        let value = network.forward(rows, count, room);
        let scores = room.scores();
        let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        slopes.clear();
        slopes.extend(scores.iter().map(|score| libm::expf(score - largest)));
        let sum: f32 = slopes.iter().sum();
        let log_sum = libm::logf(sum);
        let log_of = |score: f32| score - largest - log_sum;
        let spread: f32 =
            slopes.iter().zip(scores).map(|(weight, &score)| weight * log_of(score)).sum::<f32>() / sum;
        let (choice, advantage) = (self.choices[place], self.advantages[place]);
        let log = log_of(scores[choice]);
        let ratio = libm::expf(log - self.logs[place]);
        let bounded = ratio.clamp(1.0 - settings.clip, 1.0 + settings.clip);
        let won = if ratio * advantage <= bounded * advantage { ratio * advantage } else { 0.0 };
        let share = 1.0 / self.choices.len() as f32;
        for (slope, &score) in slopes.iter_mut().zip(scores) {
            let probability = *slope / sum;
            *slope = share * probability * (won + settings.entropy * (log_of(score) - spread));
        }
        slopes[choice] -= share * won;
        let value_slope = share * settings.value_weight * (value - self.returns[place]);
        network.backward(rows, slopes, value_slope, room, gradient);
        log
    }

    pub(super) fn by_burn(
        &self,
        form: &Form,
        parameters: &[f32],
        settings: &PpoSettings,
    ) -> (Vec<f32>, Vec<f32>) {
        let tensors = Tensors::new(form, parameters, &device());
        let (loss, chosen) = self.tensors(&tensors, form, settings);
        (tensors.gradient(&loss), numbers(chosen))
    }

    /// The loss itself.
    #[cfg(test)]
    pub(super) fn loss_by_burn(&self, form: &Form, parameters: &[f32], settings: &PpoSettings) -> f64 {
        let tensors = Tensors::new(form, parameters, &device());
        f64::from(numbers(self.tensors(&tensors, form, settings).0)[0])
    }

    /// The loss, and the logarithms of the probabilities of what was chosen.
    fn tensors(&self, tensors: &Tensors, form: &Form, settings: &PpoSettings) -> (Tensor<1>, Tensor<2>) {
        let (device, count) = (device(), self.choices.len());
        let column =
            |numbers: &[f32]| Tensor::<2>::from_data(TensorData::new(numbers.to_vec(), [count, 1]), &device);
        let choices: Vec<i32> = self.choices.iter().map(|&choice| choice as i32).collect();
        let choices = Tensor::<2, Int>::from_data(TensorData::new(choices, [count, 1]), &device);
        let (logs, values) = tensors.forward(form, &self.batch(form.features), &device);
        let chosen = logs.clone().gather(1, choices);
        let ratio = (chosen.clone() - column(&self.logs)).exp();
        let advantage = column(&self.advantages);
        let bounded = ratio.clone().clamp(1.0 - settings.clip, 1.0 + settings.clip) * advantage.clone();
        let won = (ratio * advantage).min_pair(bounded).mean();
        let error = (values - column(&self.returns)).powi_scalar(2).mean();
        // Whoever may not be chosen has a probability of 0, and 0 times a large number must be 0.
        let spread = (logs.clone().exp() * logs.clamp_min(-50.0)).sum_dim(1).mean();
        (error * (0.5 * settings.value_weight) - won + spread * settings.entropy, chosen)
    }

    /// All rows, those of each observation filled up to as many as the largest has.
    fn batch(&self, features: usize) -> Batch {
        let most = self.rows.iter().map(|(_, count)| *count).max().unwrap_or(0);
        let (mut observations, mut masks) = (Vec::new(), Vec::new());
        for (place, &(rows, count)) in self.rows.iter().enumerate() {
            observations.extend_from_slice(&rows[..count * features]);
            observations.resize((place + 1) * most * features, 0.0);
            masks.resize(place * most + count, true);
            masks.resize((place + 1) * most, false);
        }
        Batch { shape: [self.rows.len(), most, features], observations, masks }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ppo::Ppo;
    use environment::toys::Packing;
    use sim::kernel::rng::Seed;

    /// Burn's gradient against differences of its loss, parameter by parameter, and the fused one against burn's: for every kind of
    /// network, with candidates that may not be chosen, ratios inside and beyond the clip, and widths that are no multiple of anything.
    #[test]
    fn gradients_agree_with_finite_differences_and_with_each_other() {
        let plain =
            Form { has_context: false, heuristic: None, hidden: vec![11, 4], embedding: 3, features: 2 };
        let context = Form { has_context: true, heuristic: Some(vec![0.5, -0.2]), ..plain.clone() };
        let linear = Form { hidden: Vec::new(), ..context.clone() };
        let wide = Form { hidden: vec![32, 16, 8], embedding: 32, ..plain.clone() };
        for form in [plain, context, linear, wide] {
            let settings = PpoSettings { entropy: 0.1, steps: 90, minibatch: 90, ..PpoSettings::default() };
            let mut ppo = Ppo::new(settings.clone(), form.clone());
            let mut random = Seed(5).stream("parameters of the test");
            ppo.parameters.iter_mut().for_each(|parameter| *parameter = 0.4 * random.normal() as f32);
            let rollout = ppo.collect(&mut Packing::default(), 0);
            let counts: Vec<usize> = rollout.places.iter().map(|place| place.1).collect();
            assert!(counts.contains(&1) && counts.contains(&4), "{counts:?}");
            let mut draw = |count: usize| (0..count).map(|_| random.normal() as f32).collect::<Vec<f32>>();
            let (judged, returns, moves) = (draw(90), draw(90), draw(90));
            let of = |place: usize| Judged {
                of: (&rollout, place),
                advantage: judged[place],
                returned: returns[place],
            };
            let mut sample = Sample::of((0..90).map(of), 2);
            // Moved a little, so that ratios are not all 1, and within the clip, where the loss is smooth.
            sample.logs.iter_mut().zip(&moves).for_each(|(log, by)| *log += 0.03 * by);
            let (gradient, logs) = sample.by_burn(&form, &ppo.parameters, &settings);
            assert_eq!(gradient.len(), form.parameter_count());
            if form.hidden.len() < 3 {
                for place in 0..gradient.len() {
                    let moved = |by: f32| {
                        let mut parameters = ppo.parameters.clone();
                        parameters[place] += by;
                        sample.loss_by_burn(&form, &parameters, &settings)
                    };
                    let slope = (moved(2e-3) - moved(-2e-3)) / 4e-3;
                    let found = f64::from(gradient[place]);
                    assert!((slope - found).abs() < 3e-3 + 0.03 * found.abs(), "{place}: {slope}, {found}");
                }
            }
            // Far beyond the clip too.
            for spread in [0.0, 0.5] {
                sample.logs.iter_mut().zip(&moves).for_each(|(log, by)| *log += spread * by);
                let (by_burn, burn_logs) = sample.by_burn(&form, &ppo.parameters, &settings);
                let (fused, fused_logs) = sample.fused(&form, &ppo.parameters, &settings);
                assert!(logs.iter().zip(&fused_logs).all(|(one, other)| (one - other).abs() < 1e-5));
                assert!(burn_logs.iter().zip(&fused_logs).all(|(one, other)| (one - other).abs() < 1e-5));
                for (place, (one, other)) in by_burn.iter().zip(&fused).enumerate() {
                    assert!((one - other).abs() < 1e-5 + 1e-4 * one.abs(), "{place}: {one}, {other}");
                }
            }
        }
    }
}
