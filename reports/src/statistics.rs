//! Means and how far they can be trusted. Every interval here holds with 95 % confidence and rests on Student's t:
//! a few seeds, roughly normal, drawn independently. With one seed there is no interval, and none is invented.

/// A mean over seeds with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Half the width of the interval around the mean; absent where there is one value only.
    pub half_width: Option<f64>,
    /// How many values it rests on; at least one.
    pub count: usize,
}

impl Estimate {
    /// Mean and interval of a sample; nothing for an empty one.
    pub fn of(values: &[f64]) -> Option<Estimate> {
        let mean = mean(values)?;
        let half_width =
            sample_standard_deviation(values).map(|deviation| half_width(deviation, values.len()));
        Some(Estimate { mean, half_width, count: values.len() })
    }

    /// The paired difference candidate - baseline; pairs are values at the same place of both slices.
    ///
    /// # Panics
    /// If the slices differ in length: there is a value without partner.
    pub fn of_difference(candidate: &[f64], baseline: &[f64]) -> Option<Estimate> {
        assert_eq!(candidate.len(), baseline.len(), "every value has its partner");
        let differences: Vec<f64> = candidate.iter().zip(baseline).map(|(new, old)| new - old).collect();
        Estimate::of(&differences)
    }

    /// How many times the baseline's mean the candidate's mean is, from pairs: r = mean(y) / mean(x), with the
    /// standard error s(y - r x) / (sqrt(n) mean(x)) (Cochran, Sampling Techniques, 3rd edition, section 2.11).
    /// Nothing where it would say nothing: a baseline whose mean is not above zero, or a negative candidate.
    ///
    /// # Panics
    /// If the slices differ in length: there is a value without partner.
    pub fn of_ratio(candidate: &[f64], baseline: &[f64]) -> Option<Estimate> {
        assert_eq!(candidate.len(), baseline.len(), "every value has its partner");
        let (above, below) = (mean(candidate)?, mean(baseline)?);
        if below <= 0.0 || above < 0.0 {
            return None;
        }
        let ratio = above / below;
        let residuals: Vec<f64> =
            candidate.iter().zip(baseline).map(|(new, old)| new - ratio * old).collect();
        let half_width = sample_standard_deviation(&residuals)
            .map(|deviation| half_width(deviation, residuals.len()) / below);
        Some(Estimate { mean: ratio, half_width, count: residuals.len() })
    }

    /// Whether the interval leaves this value out. Without an interval nothing is left out.
    pub fn excludes(&self, value: f64) -> bool {
        self.half_width.is_some_and(|half_width| (self.mean - value).abs() > half_width)
    }
}

/// The arithmetic mean; nothing for an empty sample.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The standard deviation with n - 1 below, in two passes so that large means do not swallow it; nothing below
/// two values.
pub fn sample_standard_deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (values.len() >= 2).then(|| (squares / (values.len() - 1) as f64).sqrt())
}

/// The mean of the middle half: a quarter of the values, rounded down, is cut off at each end (Agarwal et al.,
/// "Deep Reinforcement Learning at the Edge of the Statistical Precipice", NeurIPS 2021). Nothing for an empty
/// sample.
pub fn interquartile_mean(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let cut = sorted.len() / 4;
    mean(&sorted[cut..sorted.len() - cut])
}

/// How likely a value of one sample is above one of another, ties counted half: the Mann-Whitney U of the first, over the
/// number of pairs (Agarwal et al., as above). Nothing where a sample is empty.
pub fn probability_above(one: &[f64], other: &[f64]) -> Option<f64> {
    let pairs = one.len() * other.len();
    let above = |x: f64| {
        other
            .iter()
            .map(|&y| {
                if x > y {
                    1.0
                } else if x == y {
                    0.5
                } else {
                    0.0
                }
            })
            .sum::<f64>()
    };
    (pairs > 0).then(|| one.iter().map(|&x| above(x)).sum::<f64>() / pairs as f64)
}

fn half_width(deviation: f64, count: usize) -> f64 {
    student_t_975(count - 1) * deviation / (count as f64).sqrt()
}

/// The 97.5 % quantile of Student's t with `freedom` degrees of freedom: half the width, in standard errors, of
/// an interval that holds in 95 of 100 cases.
///
/// Up to 200 degrees by bisection of the exact distribution; beyond by its expansion around the normal quantile,
/// whose first omitted term is below 1e-10 there.
///
/// # Panics
/// Without a degree of freedom: one value has no spread.
pub fn student_t_975(freedom: usize) -> f64 {
    assert!(freedom >= 1, "an interval needs two values");
    if freedom > 200 {
        return expansion_975(freedom as f64);
    }
    // Every quantile lies between the normal one (1.96) and the one for a single degree (12.71).
    let (mut low, mut high) = (1.9, 12.8);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if central_probability(middle, freedom) < 0.95 {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// P(-t < T < t) for a whole number of degrees of freedom, as a finite sum (Abramowitz and Stegun, Handbook of
/// Mathematical Functions, 26.7.3 for odd and 26.7.4 for even degrees; theta = atan(t / sqrt(freedom))).
fn central_probability(t: f64, freedom: usize) -> f64 {
    let degrees = freedom as f64;
    let cos_squared = degrees / (degrees + t * t);
    let (sin, cos) = ((1.0 - cos_squared).sqrt(), cos_squared.sqrt());
    let odd = freedom % 2 == 1;
    // Odd: cos + 2/3 cos^3 + 2*4/(3*5) cos^5 + ...; even: 1 + 1/2 cos^2 + 1*3/(2*4) cos^4 + ...; up to
    // cos^(freedom - 2).
    let mut term = if odd { cos } else { 1.0 };
    let mut sum = 0.0;
    let mut power = if odd { 1 } else { 0 };
    while power + 2 <= freedom {
        sum += term;
        let next = (power + 1) as f64;
        term *= cos_squared * next / (next + 1.0);
        power += 2;
    }
    if odd { 2.0 / std::f64::consts::PI * (libm::atan2(sin, cos) + sin * sum) } else { sin * sum }
}

/// The expansion of the quantile in 1 / freedom (Abramowitz and Stegun, 26.7.5).
fn expansion_975(freedom: f64) -> f64 {
    const X: f64 = 1.959_963_984_540_054; // the normal quantile
    let (x3, x5, x7, x9) = (X.powi(3), X.powi(5), X.powi(7), X.powi(9));
    let g1 = (x3 + X) / 4.0;
    let g2 = (5.0 * x5 + 16.0 * x3 + 3.0 * X) / 96.0;
    let g3 = (3.0 * x7 + 19.0 * x5 + 17.0 * x3 - 15.0 * X) / 384.0;
    let g4 = (79.0 * x9 + 776.0 * x7 + 1482.0 * x5 - 1920.0 * x3 - 945.0 * X) / 92160.0;
    X + g1 / freedom + g2 / freedom.powi(2) + g3 / freedom.powi(3) + g4 / freedom.powi(4)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a panic is how a test speaks

    use super::*;

    fn close(found: f64, wanted: f64, tolerance: f64) {
        assert!((found - wanted).abs() <= tolerance, "{found} is not {wanted}");
    }

    #[test]
    fn t_quantiles_are_those_of_the_printed_tables() {
        // Abramowitz and Stegun, table 26.10, column 0.95 (two-sided), and Student (1908) for the first.
        let table = [
            (1, 12.706),
            (2, 4.303),
            (3, 3.182),
            (4, 2.776),
            (5, 2.571),
            (9, 2.262),
            (10, 2.228),
            (19, 2.093),
            (29, 2.045),
            (30, 2.042),
            (60, 2.000),
            (120, 1.980),
        ];
        for (freedom, quantile) in table {
            close(student_t_975(freedom), quantile, 5.1e-4);
        }
    }

    #[test]
    fn t_quantiles_with_closed_forms_are_exact() {
        // One degree is the Cauchy distribution: tan(0.475 pi). Two degrees: u / sqrt((1 - u^2) / 2), u = 0.95.
        close(student_t_975(1), libm::tan(0.475 * std::f64::consts::PI), 1e-9);
        close(student_t_975(2), 0.95 / ((1.0 - 0.95 * 0.95) / 2.0_f64).sqrt(), 1e-12);
    }

    #[test]
    fn the_expansion_meets_the_exact_quantile() {
        close(expansion_975(200.0), student_t_975(200), 1e-9);
        close(expansion_975(199.0), student_t_975(199), 1e-9);
        assert!(student_t_975(201) < student_t_975(200) && student_t_975(1_000_000) > 1.959_963);
    }

    #[test]
    fn an_interval_by_hand() {
        // 2, 4, 9: mean 5, squares 9 + 1 + 16 = 26, s = sqrt(13) = 3.605551, t(2) = 4.302653,
        // half = 4.302653 * 3.605551 / sqrt(3) = 8.956686.
        let estimate = Estimate::of(&[2.0, 4.0, 9.0]).unwrap();
        close(estimate.mean, 5.0, 1e-12);
        close(sample_standard_deviation(&[2.0, 4.0, 9.0]).unwrap(), 13.0_f64.sqrt(), 1e-12);
        close(estimate.half_width.unwrap(), 8.956_686, 1e-5);
        assert!(!estimate.excludes(0.0) && estimate.excludes(-4.0));
    }

    #[test]
    fn one_value_has_no_interval_and_none_has_nothing() {
        let one = Estimate::of(&[3.0]).unwrap();
        assert_eq!((one.mean, one.half_width, one.count), (3.0, None, 1));
        assert!(!one.excludes(0.0), "nothing is claimed from one seed");
        assert_eq!(Estimate::of(&[]), None);
        assert_eq!(sample_standard_deviation(&[3.0]), None);
    }

    #[test]
    fn pairs_remove_what_the_seeds_share() {
        // Values differ widely between seeds and by 1, 2, 3 within the pairs: mean 2, s 1, half 4.302653 / sqrt(3).
        let (candidate, baseline) = ([11.0, 102.0, 1003.0], [10.0, 100.0, 1000.0]);
        let difference = Estimate::of_difference(&candidate, &baseline).unwrap();
        close(difference.mean, 2.0, 1e-12);
        close(difference.half_width.unwrap(), 2.484_138, 1e-5);
        assert_eq!(difference.count, 3);
        let same = Estimate::of_difference(&baseline, &baseline).unwrap();
        assert_eq!((same.mean, same.half_width), (0.0, Some(0.0)));
        assert!(!same.excludes(0.0));
    }

    #[test]
    fn a_ratio_by_hand() {
        // y = 3, 5; x = 1, 3: r = 4 / 2 = 2, residuals 3 - 2 = 1 and 5 - 6 = -1, s = sqrt(2), n = 2:
        // half = 12.706205 * sqrt(2) / sqrt(2) / 2 = 6.353102.
        let ratio = Estimate::of_ratio(&[3.0, 5.0], &[1.0, 3.0]).unwrap();
        close(ratio.mean, 2.0, 1e-12);
        close(ratio.half_width.unwrap(), 6.353_102, 1e-5);
        let exact = Estimate::of_ratio(&[2.0, 6.0], &[1.0, 3.0]).unwrap();
        assert_eq!((exact.mean, exact.half_width), (2.0, Some(0.0)));
        assert_eq!(Estimate::of_ratio(&[1.0], &[0.0]), None);
        assert_eq!(Estimate::of_ratio(&[-1.0], &[1.0]), None);
    }

    #[test]
    fn models_12_interquartile_mean_and_probability_of_improvement() {
        let scores = [0.2, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 3.0];
        close(interquartile_mean(&scores).unwrap(), 0.85, 1e-12);
        close(mean(&scores).unwrap(), 1.025, 1e-12);
        // Of nine pairs five are above, and 5 meets 5.
        close(probability_above(&[3.0, 5.0, 7.0], &[2.0, 5.0, 6.0]).unwrap(), 5.5 / 9.0, 1e-12);
        assert_eq!(probability_above(&[], &[1.0]), None);
    }

    #[test]
    fn the_interquartile_mean_cuts_a_quarter_at_each_end() {
        let scores = [3.0, 0.2, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1];
        close(interquartile_mean(&scores).unwrap(), 0.85, 1e-12);
        close(interquartile_mean(&[1.0, 2.0, 6.0]).unwrap(), 3.0, 1e-12);
        assert_eq!(interquartile_mean(&[]), None);
    }
}
