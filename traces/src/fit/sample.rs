//! Numbers that were seen, sorted, each with how often; and how far a distribution, or another sample, is from them.

use crate::distribution::Distribution;

/// A sample of at least one finite number.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Each distinct value and how often it was seen, rising.
    values: Vec<(f64, f64)>,
    count: f64,
}

impl Sample {
    /// The sample of these numbers; `None` of nothing, or when a number is not finite.
    pub fn new(numbers: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut numbers: Vec<f64> = numbers.into_iter().collect();
        if numbers.is_empty() || !numbers.iter().all(|number| number.is_finite()) {
            return None;
        }
        numbers.sort_by(f64::total_cmp);
        let mut values: Vec<(f64, f64)> = Vec::new();
        for &number in &numbers {
            match values.last_mut() {
                Some((value, times)) if *value == number => *times += 1.0,
                _ => values.push((number, 1.0)),
            }
        }
        Some(Self { values, count: numbers.len() as f64 })
    }

    /// Each distinct value and how often it was seen, rising.
    pub fn values(&self) -> &[(f64, f64)] {
        &self.values
    }

    /// How many numbers there are.
    pub fn count(&self) -> f64 {
        self.count
    }

    /// The least.
    pub fn least(&self) -> f64 {
        self.values[0].0
    }

    /// The most.
    pub fn most(&self) -> f64 {
        self.values[self.values.len() - 1].0
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        self.mean_of(|value| value)
    }

    /// The mean of a function of the numbers.
    pub(super) fn mean_of(&self, function: impl Fn(f64) -> f64) -> f64 {
        self.values.iter().map(|&(value, times)| function(value) * times).sum::<f64>() / self.count
    }

    /// Squared coefficient of variation: variance over squared mean.
    pub fn variation(&self) -> f64 {
        let mean = self.mean();
        self.mean_of(|value| (value - mean) * (value - mean)) / (mean * mean)
    }

    /// The values below which these shares lie; the shares rise.
    pub fn quantiles(&self, shares: &[f64]) -> Vec<f64> {
        let mut values = self.values.iter();
        let mut current = values.next().copied().unwrap_or_default();
        let mut seen = current.1;
        let mut found = Vec::with_capacity(shares.len());
        for share in shares {
            // The index of the number at this share, counted from 0.
            let index = (share * (self.count - 1.0)).round();
            while seen <= index {
                let Some(&next) = values.next() else { break };
                current = next;
                seen += next.1;
            }
            found.push(current.0);
        }
        found
    }

    /// The same numbers with neighbours within a thousandth of each other put together, at their mean.
    pub(super) fn coarse(&self) -> Self {
        let mut values: Vec<(f64, f64)> = Vec::new();
        let mut first = f64::NAN;
        for &(value, times) in &self.values {
            match values.last_mut() {
                Some(last) if value <= first * 1.001 => {
                    last.0 = (last.0 * last.1 + value * times) / (last.1 + times);
                    last.1 += times;
                }
                _ => {
                    first = value;
                    values.push((value, times));
                }
            }
        }
        Self { values, count: self.count }
    }

    /// The distance of Kolmogorov and Smirnov from a continuous distribution: the largest difference between the
    /// shares up to any value.
    pub fn distance_from(&self, distribution: &Distribution) -> f64 {
        let (mut below, mut distance) = (0.0, 0.0_f64);
        for &(value, times) in &self.values {
            let share = distribution.share_up_to(value);
            let up_to = below + times / self.count;
            distance = distance.max((share - below).abs()).max((share - up_to).abs());
            below = up_to;
        }
        distance
    }

    /// The distance of Kolmogorov and Smirnov between two samples: the largest difference between the shares up to any
    /// value.
    ///
    /// 1, 2, 3 against 2, 3, 4: a third up to 1 against nothing, so 1/3.
    pub fn distance(&self, other: &Self) -> f64 {
        let (mut here, mut there) = (self.values.iter().peekable(), other.values.iter().peekable());
        let (mut share_here, mut share_there, mut distance) = (0.0, 0.0, 0.0_f64);
        loop {
            let next = match (here.peek(), there.peek()) {
                (Some(&&(one, _)), Some(&&(two, _))) => one.min(two),
                (Some(&&(one, _)), None) | (None, Some(&&(one, _))) => one,
                (None, None) => return distance,
            };
            if let Some(&(_, times)) = here.next_if(|(value, _)| *value == next) {
                share_here += times / self.count;
            }
            if let Some(&(_, times)) = there.next_if(|(value, _)| *value == next) {
                share_there += times / other.count;
            }
            distance = distance.max((share_here - share_there).abs());
        }
    }
}

/// The distance that two samples of one distribution exceed in 5 of 100 cases, for large samples (Smirnov 1948):
/// 1.358 sqrt((n + m) / (n m)).
///
/// Two samples of 10,000: 0.0192.
pub fn distance_at_5_percent(one: f64, other: f64) -> f64 {
    1.358 * libm::sqrt((one + other) / (one * other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::kernel::rng::Seed;

    fn sample(numbers: &[f64]) -> Sample {
        Sample::new(numbers.iter().copied()).expect("numbers")
    }

    #[test]
    fn numbers_are_sorted_and_counted() {
        let found = sample(&[3.0, 1.0, 3.0, 2.0]);
        assert_eq!(found.values(), [(1.0, 1.0), (2.0, 1.0), (3.0, 2.0)]);
        assert_eq!((found.least(), found.most(), found.mean(), found.count()), (1.0, 3.0, 2.25, 4.0));
        // Squared differences 1.5625, 0.0625, 0.5625, 0.5625: variance 0.6875 over 5.0625.
        assert!((found.variation() - 0.6875 / 5.0625).abs() < 1e-12);
        assert_eq!(found.quantiles(&[0.0, 0.33, 0.66, 1.0]), [1.0, 2.0, 3.0, 3.0]);
        assert_eq!((Sample::new([]), Sample::new([f64::NAN])), (None, None));
        let coarse = sample(&[1.0, 1.0005, 2.0]).coarse();
        assert_eq!((coarse.values().len(), coarse.values()[0].1), (2, 2.0));
        assert!((coarse.mean() - sample(&[1.0, 1.0005, 2.0]).mean()).abs() < 1e-12);
    }

    #[test]
    fn distances_are_the_largest_differences() {
        assert!((sample(&[1.0, 2.0, 3.0]).distance(&sample(&[2.0, 3.0, 4.0])) - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(sample(&[1.0, 2.0]).distance(&sample(&[2.0, 1.0, 1.0, 2.0])), 0.0);
        assert_eq!(sample(&[1.0]).distance(&sample(&[2.0])), 1.0);
        // Uniform over 0 to 1, a single number at 0.3: 0 against 0.3 before it, 1 against 0.3 at it.
        let uniform = Distribution::Uniform { low: 0.0, high: 1.0 };
        assert!((sample(&[0.3]).distance_from(&uniform) - 0.7).abs() < 1e-12);
        assert!((distance_at_5_percent(1e4, 1e4) - 0.0192).abs() < 1e-4);
    }

    #[test]
    fn samples_of_one_distribution_are_near_and_of_two_are_far() {
        let of = |mean, name: &str| {
            let mut stream = Seed(3).stream(name);
            Sample::new((0..5000).map(|_| stream.exponential(mean))).expect("numbers")
        };
        let (one, same, other) = (of(1.0, "a"), of(1.0, "b"), of(1.2, "c"));
        let bound = distance_at_5_percent(5000.0, 5000.0);
        assert!(one.distance(&same) < bound && one.distance(&other) > bound);
        assert!(one.distance_from(&Distribution::Exponential { mean: 1.0 }) < bound);
    }
}
