//! The arithmetic of learning, as pure functions: returns, advantages, gradients that are too long, and how far two policies are
//! from each other.

/// One step of a rollout, as far as advantages need it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// What it paid.
    pub reward: f32,
    /// What was thought to follow before it.
    pub value: f32,
    /// What is thought to follow after it: 0 when the episode ended there, the value of what was left when it was cut off.
    pub next_value: f32,
    /// True when the next step is not of the same episode, or there is none.
    pub is_last: bool,
}

/// Advantages by generalised advantage estimation (Schulman et al., arXiv:1506.02438, equation 16):
///
/// ```text
///   delta_t = r_t + d V(s_t+1) - V(s_t)        A_t = delta_t + d l A_t+1, and A_t = delta_t at the last step of an episode
/// ```
///
/// A cut is no end: `next_value` of its last step is the value of what was left.
pub fn advantages(steps: &[Step], discount: f32, trace: f32) -> Vec<f32> {
    let mut advantages = vec![0.0; steps.len()];
    let mut after = 0.0;
    for (advantage, step) in advantages.iter_mut().zip(steps).rev() {
        let surprise = step.reward + discount * step.next_value - step.value;
        after = surprise + if step.is_last { 0.0 } else { discount * trace * after };
        *advantage = after;
    }
    advantages
}

/// One step of a copy of an episode, as far as copies of the same episode are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paid {
    /// How far the episode was, by a clock that all copies share and that never goes back.
    pub clock: f64,
    /// What the step paid.
    pub reward: f32,
}

/// Advantages of the steps of several copies of one episode, played to its end under different choices: what a copy is still paid, held
/// against what all copies are still paid when they are as far. What comes from outside is the same for all of them, and so cancels
/// out (Mao et al., arXiv:1807.02264; Mao et al., arXiv:1810.01963, section 5.3).
///
/// ```text
///   G_t = r_t + d G_t+1
///   A_t = G_t - mean over the copies of their G at the first step that is as far as t or farther; 0 where there is none
/// ```
pub fn advantages_among_copies(copies: &[Vec<Paid>], discount: f32) -> Vec<Vec<f32>> {
    let to_go = |steps: &Vec<Paid>| {
        let mut all = vec![0.0; steps.len()];
        let mut after = 0.0;
        for (place, step) in all.iter_mut().zip(steps).rev() {
            after = f64::from(step.reward) + f64::from(discount) * after;
            *place = after;
        }
        all
    };
    let all: Vec<Vec<f64>> = copies.iter().map(to_go).collect();
    let at = |clock: f64| {
        let of = |(steps, to_go): (&Vec<Paid>, &Vec<f64>)| {
            let place = steps.partition_point(|step| step.clock < clock);
            to_go.get(place).copied().unwrap_or(0.0)
        };
        copies.iter().zip(&all).map(of).sum::<f64>() / copies.len() as f64
    };
    let of = |(steps, to_go): (&Vec<Paid>, &Vec<f64>)| {
        steps.iter().zip(to_go).map(|(step, to_go)| (to_go - at(step.clock)) as f32).collect()
    };
    copies.iter().zip(&all).map(of).collect()
}

/// Moves and stretches numbers to mean 0 and deviation 1; numbers that are all alike become 0.
pub fn standardise(numbers: &mut [f32]) {
    let count = numbers.len().max(1) as f64;
    let mean = numbers.iter().map(|&number| f64::from(number)).sum::<f64>() / count;
    let square = numbers.iter().map(|&number| (f64::from(number) - mean).powi(2)).sum::<f64>() / count;
    let deviation = square.sqrt() + 1e-8;
    numbers.iter_mut().for_each(|number| *number = ((f64::from(*number) - mean) / deviation) as f32);
}

/// Shortens a gradient to a length, and says how long it was.
pub fn shorten(gradient: &mut [f32], most: f32) -> f32 {
    let length = gradient.iter().map(|&part| f64::from(part).powi(2)).sum::<f64>().sqrt() as f32;
    if length > most {
        gradient.iter_mut().for_each(|part| *part *= most / length);
    }
    length
}

/// The Kullback-Leibler divergence of a new policy from an old one, estimated from what the old one chose: the mean of
/// `(r - 1) - ln r`, `r` being new over old probability (Schulman, Approximating KL Divergence, 2020, the estimator `k3`).
pub fn divergence(old_log: &[f32], new_log: &[f32]) -> f64 {
    let each = old_log.iter().zip(new_log).map(|(&old, &new)| {
        let log_ratio = f64::from(new) - f64::from(old);
        libm::exp(log_ratio) - 1.0 - log_ratio
    });
    each.sum::<f64>() / old_log.len().max(1) as f64
}

/// The share of the variance of returns that values explain: 1 - Var(return - value) / Var(return); 0 where returns do not vary.
pub fn explained_variance(values: &[f32], returns: &[f32]) -> f64 {
    let variance = |numbers: &dyn Fn(usize) -> f64| {
        let count = returns.len() as f64;
        let mean = (0..returns.len()).map(numbers).sum::<f64>() / count;
        (0..returns.len()).map(|place| (numbers(place) - mean).powi(2)).sum::<f64>() / count
    };
    let of_returns = variance(&|place| f64::from(returns[place]));
    match returns.is_empty() || of_returns == 0.0 {
        true => 0.0,
        false => 1.0 - variance(&|place| f64::from(returns[place]) - f64::from(values[place])) / of_returns,
    }
}

/// The solution of a small system of equations by elimination with pivots; nothing where there is none.
pub(crate) fn solved(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let count = right.len();
    for column in 0..count {
        let pivot =
            (column..count).max_by(|&a, &b| matrix[a][column].abs().total_cmp(&matrix[b][column].abs()))?;
        if matrix[pivot][column].abs() < 1e-14 {
            return None;
        }
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        for row in column + 1..count {
            let factor = matrix[row][column] / matrix[column][column];
            let above = matrix[column].clone();
            matrix[row].iter_mut().zip(&above).for_each(|(value, above)| *value -= factor * above);
            right[row] -= factor * right[column];
        }
    }
    let mut found = vec![0.0; count];
    for row in (0..count).rev() {
        let known: f64 = (row + 1..count).map(|place| matrix[row][place] * found[place]).sum();
        found[row] = (right[row] - known) / matrix[row][row];
    }
    Some(found)
}

/// Adam (Kingma and Ba, arXiv:1412.6980, algorithm 1) on a flat vector of parameters.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Adam {
    first: Vec<f32>,
    second: Vec<f32>,
    steps: i32,
}

impl Adam {
    const BETA: [f32; 2] = [0.9, 0.999];
    /// As PPO implementations have it (Huang et al., The 37 Implementation Details of PPO, 2022, detail 3).
    const EPSILON: f32 = 1e-5;

    /// At its beginning, for so many parameters.
    pub fn new(count: usize) -> Self {
        Self { first: vec![0.0; count], second: vec![0.0; count], steps: 0 }
    }

    /// One step down the gradient.
    pub fn step(&mut self, parameters: &mut [f32], gradient: &[f32], rate: f32) {
        self.steps += 1;
        let [one, two] = Self::BETA;
        let corrections = Self::BETA.map(|beta| 1.0 - libm::powf(beta, self.steps as f32));
        for (place, (parameter, &slope)) in parameters.iter_mut().zip(gradient).enumerate() {
            let (first, second) = (&mut self.first[place], &mut self.second[place]);
            *first = one * *first + (1.0 - one) * slope;
            *second = two * *second + (1.0 - two) * slope * slope;
            let (mean, square) = (*first / corrections[0], *second / corrections[1]);
            *parameter -= rate * mean / (square.sqrt() + Self::EPSILON);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(reward: f32, value: f32, next_value: f32, is_last: bool) -> Step {
        Step { reward, value, next_value, is_last }
    }

    /// d = 0.5, l = 0.5. Surprises 1 + 0.5 * 2 - 1 = 1, 0 + 0.5 * 4 - 2 = 0, 3 - 4 = -1 (the end), and 1 + 0.5 * 6 - 2 = 2 (a cut).
    /// From behind: 2; -1; 0 + 0.25 * -1 = -0.25; 1 + 0.25 * -0.25 = 0.9375.
    #[test]
    fn advantages_by_hand() {
        let steps = [
            step(1.0, 1.0, 2.0, false),
            step(0.0, 2.0, 4.0, false),
            step(3.0, 4.0, 0.0, true),
            step(1.0, 2.0, 6.0, true),
        ];
        assert_eq!(advantages(&steps, 0.5, 0.5), [0.9375, -0.25, -1.0, 2.0]);
        // With l = 1 they are discounted returns less values: 1 + 0 + 0.25 * 3 - 1.
        assert_eq!(advantages(&steps[..3], 0.5, 1.0)[0], 0.75);
    }

    /// d = 0.5. The first copy is paid 1, 2 and 4 at 0, 1 and 2: 1 + 0.5 * (2 + 0.5 * 4) = 3, 4 and 4 are to go. The second, paid 8 and 2
    /// at 0 and 2, has 9 and 2 to go. At 0 the mean is 6; as far as 1, or farther, the second is at 2, so that it is (4 + 2) / 2 there and at 2.
    /// Where the second is at 5, the first is over: (0 + 4) / 2.
    #[test]
    fn advantages_among_copies_by_hand() {
        let paid = |steps: &[(f64, f32)]| {
            steps.iter().map(|&(clock, reward)| Paid { clock, reward }).collect::<Vec<_>>()
        };
        let first = paid(&[(0.0, 1.0), (1.0, 2.0), (2.0, 4.0)]);
        let second = paid(&[(0.0, 8.0), (2.0, 2.0)]);
        let found = advantages_among_copies(&[first.clone(), second], 0.5);
        assert_eq!(found, [vec![-3.0, 1.0, 1.0], vec![3.0, -1.0]]);
        let longer = paid(&[(0.0, 8.0), (2.0, 0.0), (5.0, 4.0)]);
        let found = advantages_among_copies(&[first.clone(), longer], 0.5);
        assert_eq!(found, [vec![-3.0, 1.0, 1.0], vec![3.0, -1.0, 2.0]]);
        assert_eq!(advantages_among_copies(&[first], 1.0), [[0.0; 3]], "alone there is nothing to compare");
    }

    #[test]
    fn small_sums_by_hand() {
        let mut numbers = [1.0, 3.0, 5.0];
        standardise(&mut numbers);
        assert!((numbers[2] - 1.224_744_9).abs() < 1e-6 && numbers[1].abs() < 1e-6);
        let mut alike = [2.0, 2.0];
        standardise(&mut alike);
        assert_eq!(alike, [0.0, 0.0]);
        let mut gradient = [3.0, -4.0];
        assert_eq!(shorten(&mut gradient, 10.0), 5.0);
        assert_eq!(gradient, [3.0, -4.0]);
        shorten(&mut gradient, 1.0);
        assert_eq!(gradient, [0.6, -0.8]);
        // r = 2 and r = 1: (2 - 1 - ln 2) / 2.
        let found = divergence(&[0.0, 0.0], &[std::f32::consts::LN_2, 0.0]);
        assert!((found - (1.0 - std::f64::consts::LN_2) / 2.0).abs() < 1e-7);
        assert_eq!(explained_variance(&[1.0, 2.0], &[2.0, 3.0]), 1.0);
        assert_eq!(explained_variance(&[0.0, 0.0], &[2.0, 4.0]), 0.0);
    }

    /// 2 x + y = 5 and 4 x + 2.5 y = 11.5: x = 1, y = 3, with the larger row as the pivot. A row that is twice another says nothing.
    #[test]
    fn equations_by_hand() {
        assert_eq!(solved(vec![vec![2.0, 1.0], vec![4.0, 2.5]], vec![5.0, 11.5]), Some(vec![1.0, 3.0]));
        assert_eq!(solved(vec![vec![1.0, 1.0], vec![2.0, 2.0]], vec![1.0, 2.0]), None);
    }

    /// The first step is the rate, whatever the length of the gradient; the second with the same gradient too.
    #[test]
    fn adam_by_hand() {
        let mut adam = Adam::new(2);
        let mut parameters = [1.0, 1.0];
        for _ in 0..2 {
            adam.step(&mut parameters, &[100.0, -0.1], 0.25);
        }
        assert!((parameters[0] - 0.5).abs() < 1e-4 && (parameters[1] - 1.5).abs() < 1e-3, "{parameters:?}");
    }
}
