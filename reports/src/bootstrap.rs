//! Intervals for what has no formula: the values are drawn again and again from themselves, and what the statistic
//! then does is how far it can be trusted (Efron, "Bootstrap Methods: Another Look at the Jackknife", 1979).

use crate::random::Random;
use crate::statistics::{Estimate, interquartile_mean};

/// How often the values are drawn again.
pub const RESAMPLES: usize = 10_000;
/// Below so many values the interquartile mean cuts nothing off: it is the mean.
const FEWEST: usize = 4;

/// A number with its 95 % interval, which need not lie evenly around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The number.
    pub value: f64,
    /// The lower and the upper end; absent where there is one value only.
    pub ends: Option<(f64, f64)>,
}

/// The draws for samples of one size. Every sample of this size is drawn alike, so that what is drawn depends on
/// nothing but the size.
#[derive(Clone, Debug)]
pub struct Bootstrap {
    count: usize,
    /// Which of the sorted values each draw has, each draw in rising order, one after another.
    places: Vec<u32>,
}

impl Bootstrap {
    /// Draws for samples of so many values.
    pub fn of(count: usize) -> Bootstrap {
        let mut random = Random(0x5eed);
        let mut places = Vec::new();
        if count >= FEWEST {
            places = (0..RESAMPLES * count).map(|_| random.below(count) as u32).collect();
            places.chunks_mut(count).for_each(<[u32]>::sort_unstable);
        }
        Bootstrap { count, places }
    }

    /// The interquartile mean with its interval: from the 2.5 % to the 97.5 % quantile of the means of 10,000 draws
    /// (the percentile interval, which is somewhat narrow below ten values). Below four values nothing is cut off,
    /// and the interval is that of the mean. Nothing for an empty sample.
    ///
    /// # Panics
    /// If the sample has another size than the draws.
    pub fn interquartile_mean(&self, values: &[f64]) -> Option<Interval> {
        assert_eq!(values.len(), self.count, "the draws are for samples of one size");
        let value = interquartile_mean(values)?;
        if self.count < FEWEST {
            let half_width = Estimate::of(values).and_then(|estimate| estimate.half_width);
            return Some(Interval { value, ends: half_width.map(|half| (value - half, value + half)) });
        }
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let cut = self.count / 4;
        let middle = cut..self.count - cut;
        let draws = self.places.chunks(self.count);
        let mut means: Vec<f64> = draws
            .map(|draw| draw[middle.clone()].iter().map(|place| sorted[*place as usize]).sum::<f64>())
            .map(|sum| sum / middle.len() as f64)
            .collect();
        means.sort_unstable_by(f64::total_cmp);
        Some(Interval {
            value,
            ends: Some((means[RESAMPLES / 40 - 1], means[RESAMPLES - RESAMPLES / 40 - 1])),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a panic is how a test speaks

    use super::*;

    #[test]
    fn few_values_have_the_interval_of_their_mean() {
        let interval = Bootstrap::of(3).interquartile_mean(&[2.0, 4.0, 9.0]).unwrap();
        let estimate = Estimate::of(&[2.0, 4.0, 9.0]).unwrap();
        let half = estimate.half_width.unwrap();
        assert_eq!(interval, Interval { value: 5.0, ends: Some((5.0 - half, 5.0 + half)) });
        assert_eq!(Bootstrap::of(1).interquartile_mean(&[3.0]), Some(Interval { value: 3.0, ends: None }));
        assert_eq!(Bootstrap::of(0).interquartile_mean(&[]), None);
    }

    #[test]
    fn two_equal_halves_by_hand() {
        // Of 0, 0, 1, 1 the middle two of a draw have the mean 0, 1/2 or 1, and 0 is drawn at least three times of
        // four with probability 5/16: both ends are far outside 2.5 %.
        let interval = Bootstrap::of(4).interquartile_mean(&[1.0, 0.0, 0.0, 1.0]).unwrap();
        assert_eq!(interval, Interval { value: 0.5, ends: Some((0.0, 1.0)) });
    }

    #[test]
    fn the_interval_is_about_as_wide_as_that_of_the_mean_of_the_middle() {
        // For the mean of 400 evenly spread values in the unit interval, whose middle half is used: the asymptotic
        // variance of the 25 % trimmed mean of a uniform distribution is (1 / 0.5)^2 times the variance of the
        // values pulled in to the quartiles, 2 * (0.25 * 1/16 + 1/192) = 1/24; so the half width is
        // 1.96 * sqrt(4 / 24 / 400) = 0.0400.
        let values: Vec<f64> = (0..400).map(|step| (f64::from(step) + 0.5) / 400.0).collect();
        let interval = Bootstrap::of(400).interquartile_mean(&values).unwrap();
        let (low, high) = interval.ends.unwrap();
        assert!((interval.value - 0.5).abs() < 1e-12);
        assert!(((high - low) / 2.0 - 0.0400).abs() < 0.002, "{low} to {high}");
        assert_eq!(Bootstrap::of(400).interquartile_mean(&values), Some(interval), "the same each time");
    }

    #[test]
    fn equal_values_leave_no_doubt() {
        let interval = Bootstrap::of(6).interquartile_mean(&[7.0; 6]).unwrap();
        assert_eq!(interval, Interval { value: 7.0, ends: Some((7.0, 7.0)) });
    }
}
