//! What is known of every waiting task and of the queue around it, for orders that weigh it.
//!
//! ```text
//!   r  declared run time, seconds        n  cores           w  waited, seconds
//!   d  seconds until n cores are free if whoever runs ends as declared; 0 where they are free now
//!   f  cores free now                    N  all cores       q  tasks that wait
//! ```
//!
//! Whoever runs the same numbers through the same functions gets the same bits: logarithms are polynomials here, of
//! single precision and without fused operations, and everything is summed in one order. So a program that plays many
//! queues at once decides as the engine does.

/// The features, in their order, each with what it is.
pub const FEATURES: [(&str, &str); 18] = [
    ("ln_estimate", "ln r"),
    ("ln_cores", "ln n"),
    ("ln_waited", "ln(1 + w)"),
    ("fits", "1 where n <= f, else 0"),
    ("ln_delay", "ln(1 + d)"),
    ("fits_ln_estimate", "ln r where it fits"),
    ("fits_ln_cores", "ln n where it fits"),
    ("free_after", "(f - n) / N"),
    ("ln_slowdown", "ln(1 + w / max(r, 10))"),
    ("ln_delay_slowdown", "ln(1 + d / max(r, 10))"),
    ("ln_idle_area", "ln(1 + d f / N)"),
    ("cores_share", "n / N"),
    ("queue_ln_estimate", "ln q ln r"),
    ("queue_ln_cores", "ln q ln n"),
    ("queue_ln_waited", "ln q ln(1 + w)"),
    ("queue_ln_delay", "ln q ln(1 + d)"),
    ("queue_ln_slowdown", "ln q ln(1 + w / max(r, 10))"),
    ("queue_cores_share", "ln q n / N"),
];

/// The most of a queue, the first in order of submission, that networks see.
pub const CANDIDATES: usize = 128;

/// What features are multiplied with before a network sees them, so that all of a busy queue are of the order of 1.
pub const SCALES: Weights = [
    0.125, 0.25, 0.1, 1.0, 0.1, 0.125, 0.25, 1.0, 0.25, 0.25, 0.1, 1.0, 0.03125, 0.0625, 0.025, 0.025,
    0.0625, 0.25,
];

/// A weight for each feature.
pub type Weights = [f32; FEATURES.len()];

/// Shorter runs count as this long, as they do in the bounded slowdown.
pub(super) const SHORTEST_RUN: f32 = 10.0;

/// The natural logarithm of a positive, normal number, to a few units in the last place: the polynomial of the Cephes
/// library (Moshier, 1989) for single precision.
#[inline(always)]
pub fn ln(x: f32) -> f32 {
    const HALF_SQRT_2: u32 = 0x3f35_04f3;
    let bits = x.to_bits();
    let exponent = (bits.wrapping_sub(HALF_SQRT_2) as i32) >> 23;
    let f = f32::from_bits(bits.wrapping_sub((exponent << 23) as u32)) - 1.0;
    let square = f * f;
    let mut y = 7.037_683_6e-2;
    for coefficient in [
        -1.151_461e-1,
        1.167_699_9e-1,
        -1.242_014_1e-1,
        1.424_932_3e-1,
        -1.666_805_8e-1,
        2.000_071_5e-1,
        -2.499_999_4e-1,
        3.333_333e-1,
    ] {
        y = y * f + coefficient;
    }
    let exponent = exponent as f32;
    (y * f * square - exponent * 2.121_944_4e-4 - 0.5 * square) + f + exponent * 0.693_359_4
}

/// What of a task never changes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fixed {
    /// `ln r`, of at least one second.
    pub ln_estimate: f32,
    /// `max(r, 10)`.
    pub bounded: f32,
    /// `ln max(r, 10)`.
    pub ln_bounded: f32,
    /// `n`.
    pub cores: f32,
    /// `ln n`, of at least a thousandth.
    pub ln_cores: f32,
}

impl Fixed {
    /// Of a task with this declared run time and so many cores.
    pub fn of(estimate_seconds: f32, cores: f32) -> Self {
        let bounded = estimate_seconds.max(SHORTEST_RUN);
        Self {
            ln_estimate: ln(estimate_seconds.max(1.0)),
            bounded,
            ln_bounded: ln(bounded),
            cores,
            ln_cores: ln(cores.max(1e-3)),
        }
    }
}

/// Who waits, a column for each quantity.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    /// What never changes.
    pub ln_estimate: Vec<f32>,
    /// See [`Fixed::bounded`].
    pub bounded: Vec<f32>,
    /// See [`Fixed::ln_bounded`].
    pub ln_bounded: Vec<f32>,
    /// See [`Fixed::cores`].
    pub cores: Vec<f32>,
    /// See [`Fixed::ln_cores`].
    pub ln_cores: Vec<f32>,
    /// `w`.
    pub waited: Vec<f32>,
    /// `d`.
    pub delay: Vec<f32>,
}

impl Queue {
    /// How many wait.
    pub fn len(&self) -> usize {
        self.cores.len()
    }

    /// True when nobody waits.
    pub fn is_empty(&self) -> bool {
        self.cores.is_empty()
    }

    /// Adds a task at the end, whose `waited` and `delay` are still to be said.
    pub fn push(&mut self, fixed: Fixed) {
        self.ln_estimate.push(fixed.ln_estimate);
        self.bounded.push(fixed.bounded);
        self.ln_bounded.push(fixed.ln_bounded);
        self.cores.push(fixed.cores);
        self.ln_cores.push(fixed.ln_cores);
        self.waited.push(0.0);
        self.delay.push(0.0);
    }

    /// Takes out the task at a place; those behind it move up.
    pub fn remove(&mut self, place: usize) {
        for column in self.columns() {
            column.remove(place);
        }
    }

    /// Takes everybody out.
    pub fn clear(&mut self) {
        for column in self.columns() {
            column.clear();
        }
    }

    fn columns(&mut self) -> [&mut Vec<f32>; 7] {
        [
            &mut self.ln_estimate,
            &mut self.bounded,
            &mut self.ln_bounded,
            &mut self.cores,
            &mut self.ln_cores,
            &mut self.waited,
            &mut self.delay,
        ]
    }

    /// The features of the task at a place, in their order; what [`Queue::score`] weighs.
    pub fn features(&self, place: usize, free: f32, all: f32) -> Weights {
        let ln_queue = ln(self.len() as f32);
        let (r, n) = (self.ln_estimate[place], self.ln_cores[place]);
        let (w, d) = (self.waited[place], self.delay[place]);
        let (bounded, ln_bounded) = (self.bounded[place], self.ln_bounded[place]);
        let (fits, share) = (f32::from(u8::from(self.cores[place] <= free)), self.cores[place] / all);
        let (ln_w, ln_d) = (ln(1.0 + w), ln(1.0 + d));
        let ln_slowdown = ln(bounded + w) - ln_bounded;
        [
            r,
            n,
            ln_w,
            fits,
            ln_d,
            fits * r,
            fits * n,
            (free - self.cores[place]) / all,
            ln_slowdown,
            ln(bounded + d) - ln_bounded,
            ln(1.0 + d * free / all),
            share,
            ln_queue * r,
            ln_queue * n,
            ln_queue * ln_w,
            ln_queue * ln_d,
            ln_queue * ln_slowdown,
            ln_queue * share,
        ]
    }

    /// Writes the features of the first tasks, row by row, as many as there are rows, each multiplied with its [`SCALES`]: what networks see.
    ///
    /// # Panics
    /// When there are more rows than tasks.
    pub fn encode(&self, free: f32, all: f32, rows: &mut [f32]) {
        const BLOCK: usize = 16;
        let count = rows.len() / FEATURES.len();
        let ln_queue = ln(self.len().max(1) as f32);
        let free_share = free / all;
        for (block, rows) in rows.chunks_mut(BLOCK * FEATURES.len()).enumerate() {
            let first = BLOCK * block;
            let places = first..count.min(first + BLOCK);
            // Columns of a few tasks at a time, which compilers turn into vector instructions.
            let column = |all: &[f32]| {
                let mut of = [1.0; BLOCK];
                of[..places.len()].copy_from_slice(&all[places.clone()]);
                of
            };
            let (r, n, cores) = (column(&self.ln_estimate), column(&self.ln_cores), column(&self.cores));
            let (w, d) = (column(&self.waited), column(&self.delay));
            let (bounded, ln_bounded) = (column(&self.bounded), column(&self.ln_bounded));
            let mut columns = [[0.0; BLOCK]; FEATURES.len()];
            for lane in 0..BLOCK {
                let fits = if cores[lane] <= free { 1.0 } else { 0.0 };
                let (ln_w, ln_d) = (ln(1.0 + w[lane]), ln(1.0 + d[lane]));
                let ln_slowdown = ln(bounded[lane] + w[lane]) - ln_bounded[lane];
                let share = cores[lane] / all;
                let features = [
                    r[lane],
                    n[lane],
                    ln_w,
                    fits,
                    ln_d,
                    fits * r[lane],
                    fits * n[lane],
                    (free - cores[lane]) / all,
                    ln_slowdown,
                    ln(bounded[lane] + d[lane]) - ln_bounded[lane],
                    ln(1.0 + d[lane] * free_share),
                    share,
                    ln_queue * r[lane],
                    ln_queue * n[lane],
                    ln_queue * ln_w,
                    ln_queue * ln_d,
                    ln_queue * ln_slowdown,
                    ln_queue * share,
                ];
                for feature in 0..FEATURES.len() {
                    columns[feature][lane] = features[feature] * SCALES[feature];
                }
            }
            for (lane, row) in rows.chunks_exact_mut(FEATURES.len()).enumerate() {
                for (feature, number) in row.iter_mut().enumerate() {
                    *number = columns[feature][lane];
                }
            }
        }
    }

    /// The weighted sum of everybody's features, when so many of all cores are free: a score each, the smallest is next.
    pub fn score(&self, weights: &Weights, free: f32, all: f32, scores: &mut Vec<f32>) {
        let count = self.len();
        let ln_queue = ln(count.max(1) as f32);
        let w = |feature: usize| weights[feature];
        // What hangs on the length of the queue is the same for everybody.
        let (estimate, cores) = (w(0) + ln_queue * w(12), w(1) + ln_queue * w(13));
        let (waited, delay) = (w(2) + ln_queue * w(14), w(4) + ln_queue * w(15));
        let (slowdown, share) = (w(8) + ln_queue * w(16), (w(11) + ln_queue * w(17) - w(7)) / all);
        let free_now = w(7) * (free / all);
        let free_share = free / all;
        scores.clear();
        scores.resize(count, 0.0);
        let scores = &mut scores[..count];
        let (ln_estimate, ln_cores) = (&self.ln_estimate[..count], &self.ln_cores[..count]);
        let (bounded, ln_bounded) = (&self.bounded[..count], &self.ln_bounded[..count]);
        let (all_cores, all_waited, all_delay) =
            (&self.cores[..count], &self.waited[..count], &self.delay[..count]);
        for place in 0..count {
            let (r, n, d) = (ln_estimate[place], ln_cores[place], all_delay[place]);
            let fits = if all_cores[place] <= free { 1.0 } else { 0.0 };
            let mut score = estimate * r + cores * n + share * all_cores[place] + free_now;
            score += fits * (w(3) + w(5) * r + w(6) * n);
            score += waited * ln(1.0 + all_waited[place]);
            score += slowdown * (ln(bounded[place] + all_waited[place]) - ln_bounded[place]);
            score += delay * ln(1.0 + d);
            score += w(9) * (ln(bounded[place] + d) - ln_bounded[place]);
            score += w(10) * ln(1.0 + d * free_share);
            scores[place] = score;
        }
    }
}

/// When cores become free, if whoever runs ends as declared.
#[derive(Clone, Debug, Default)]
pub struct Releases {
    /// Seconds from now, rising, each with the cores that are free from then on.
    steps: Vec<(f32, f32)>,
    /// Seconds until so many whole cores are free.
    whole: Vec<f32>,
}

impl Releases {
    /// Of whoever runs: seconds until the declared end, rising, and cores; besides `free` ones.
    pub fn fill(&mut self, free: f32, ends: impl Iterator<Item = (f32, f32)>) {
        self.steps.clear();
        let mut sum = free;
        self.steps.push((0.0, sum));
        for (seconds, cores) in ends {
            sum += cores;
            self.steps.push((seconds.max(0.0), sum));
        }
    }

    /// As [`Releases::delay`], of many: where they are many and ask for whole cores of a machine that is not too large, all answers are
    /// written down at once.
    pub fn delays(&mut self, all: f32, cores: &[f32], delays: &mut [f32]) {
        const MANY: usize = 16;
        const LARGE: f32 = 4096.0;
        if cores.len() < MANY || all > LARGE {
            delays.iter_mut().zip(cores).for_each(|(delay, &cores)| *delay = self.delay(cores));
            return;
        }
        self.whole.clear();
        for &(seconds, free) in &self.steps {
            let until = (free as usize + 1).max(self.whole.len());
            self.whole.resize(until, seconds);
        }
        for (delay, &cores) in delays.iter_mut().zip(cores) {
            let place = cores as usize;
            let is_known = place as f32 == cores && place < self.whole.len();
            *delay = if is_known { self.whole[place] } else { self.delay(cores) };
        }
    }

    /// Seconds until so many cores are free; those of the last end where they never are.
    pub fn delay(&self, cores: f32) -> f32 {
        let place = self.steps.partition_point(|&(_, free)| free < cores);
        self.steps[place.min(self.steps.len() - 1)].0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_near_the_exact_ones() {
        for step in 0..2_000 {
            let x = libm::exp(-6.0 + 0.01 * f64::from(step)) as f32;
            let exact = libm::log(f64::from(x));
            let error = (f64::from(ln(x)) - exact).abs();
            assert!(error <= 2.5e-7 * exact.abs().max(1.0), "ln {x}: {} is not {exact}", ln(x));
        }
        assert_eq!(ln(1.0), 0.0);
    }

    /// Two run: 3 cores for 5 more seconds, 4 for 9; 2 of 9 are free.
    #[test]
    fn delays_follow_the_declared_ends() {
        let mut releases = Releases::default();
        releases.fill(2.0, [(5.0, 3.0), (9.0, 4.0)].into_iter());
        let delays = [1.0, 2.0, 3.0, 5.0, 6.0, 9.0, 20.0].map(|cores| releases.delay(cores));
        assert_eq!(delays, [0.0, 0.0, 5.0, 5.0, 9.0, 9.0, 9.0]);
        // Many at once, whole ones and others, as each alone.
        let cores: Vec<f32> = (1..60).map(|place| 0.5 * place as f32).collect();
        let mut many = vec![0.0; cores.len()];
        for all in [30.0, 10_000.0] {
            releases.delays(all, &cores, &mut many);
            assert!(cores.iter().zip(&many).all(|(&cores, &delay)| delay == releases.delay(cores)));
        }
        releases.fill(2.0, [(-3.0, 3.0)].into_iter());
        assert_eq!(releases.delay(5.0), 0.0, "who outlives its declared end ends now");
    }

    /// The sum is that of weights and features.
    #[test]
    fn scores_weigh_features() {
        let mut queue = Queue::default();
        for (estimate, cores) in [(100.0, 4.0), (3.0, 1.0), (5000.0, 16.0)] {
            queue.push(Fixed::of(estimate, cores));
        }
        (queue.waited, queue.delay) = (vec![50.0, 0.0, 3600.0], vec![0.0, 0.0, 700.0]);
        let weights: Weights = std::array::from_fn(|feature| 0.3 - 0.07 * feature as f32);
        let mut scores = Vec::new();
        queue.score(&weights, 6.0, 32.0, &mut scores);
        for (place, score) in scores.iter().enumerate() {
            let features = queue.features(place, 6.0, 32.0);
            let sum: f32 = features.iter().zip(&weights).map(|(feature, weight)| feature * weight).sum();
            assert!((sum - score).abs() < 1e-4, "{place}: {score} is not {sum}");
        }
        // Networks see the same numbers, scaled; the idle area is taken with another rounding.
        let mut rows = [0.0; 3 * FEATURES.len()];
        queue.encode(6.0, 32.0, &mut rows);
        for (place, row) in rows.chunks(FEATURES.len()).enumerate() {
            let features = queue.features(place, 6.0, 32.0);
            for ((found, feature), scale) in row.iter().zip(features).zip(SCALES) {
                assert!((found - feature * scale).abs() < 1e-6, "{place}: {found}, {feature} times {scale}");
            }
        }
        queue.remove(0);
        assert_eq!((queue.len(), queue.cores[0], queue.waited[1]), (2, 1.0, 3600.0));
    }
}
