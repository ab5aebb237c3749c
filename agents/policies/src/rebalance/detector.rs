//! Is a host overloaded? (Beloglazov and Buyya, CCPE 24(13), 2012.)
//!
//! ```text
//!   thr   demand > s
//!   iqr   demand > 1 - s (x[q3] - x[q1])                 of the host's history x, sorted
//!   mad   demand > 1 - s median |x - median x|
//!   lr    s (a + b (10 + steps ahead)) >= 1              a line through the ten newest values
//!   lrr   the same by a robust line
//! ```
//!
//! A history that is too short (12 values, for lines 10) says nothing: then `demand > 0.7`. As published, CloudSim 3.0.3
//! fits both lines without weights, so that `lrr` is `lr`; the paper weighs them (`weights = "paper"`).

use serde::Deserialize;

use super::regression::line;

/// The newest values of a series, newest first.
pub(super) const HISTORY: usize = 30;

const TOO_SHORT: f64 = 0.7;
const FEWEST_VALUES: usize = 12;
const LINE_VALUES: usize = 10;

/// How overload is detected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Method {
    Thr,
    Iqr,
    Mad,
    Lr,
    Lrr,
}

/// With which weights lines are fitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Weights {
    /// None, as the published program does.
    #[default]
    None,
    /// The newer the heavier (tricube); for `lrr` outliers lighter too (bisquare).
    Paper,
}

/// A method with what it needs to know.
#[derive(Clone, Copy, Debug)]
pub(super) struct Detector {
    pub(super) method: Method,
    /// The `s` of its formula.
    pub(super) safety: f64,
    pub(super) weights: Weights,
}

/// What a host used, newest first: shares of its cpu.
#[derive(Clone, Copy, Debug)]
pub(super) struct History {
    pub(super) values: [f64; HISTORY],
    /// Without the zeros at its old end; at least 1.
    pub(super) length: usize,
}

impl History {
    pub(super) const EMPTY: Self = Self { values: [0.0; HISTORY], length: 1 };

    /// Adds what a task used, as shares of a host `1 / scale` times its size.
    pub(super) fn add(&mut self, task: &[f64], milli: f64, total: f64) {
        for (sum, fraction) in self.values.iter_mut().zip(task) {
            *sum += fraction * milli / total;
        }
        let used = self.values.iter().rposition(|&value| value != 0.0);
        self.length = used.map_or(1, |last| last + 1);
    }

    fn recent(&self) -> &[f64] {
        &self.values[..self.length]
    }
}

impl Detector {
    /// What its safety is, unless stated.
    pub(super) fn usual_safety(method: Method) -> f64 {
        match method {
            Method::Thr => 0.8,
            Method::Iqr => 1.5,
            Method::Mad => 2.5,
            Method::Lr | Method::Lrr => 1.2,
        }
    }

    /// True when a host that is asked for this share of its cpu is overloaded. `steps_ahead` is how many steps of its
    /// history the longest migration from it would take.
    pub(super) fn is_overloaded(&self, demand: f64, history: &History, steps_ahead: f64) -> bool {
        match self.method {
            Method::Thr => demand > self.safety,
            Method::Iqr if history.length >= FEWEST_VALUES => {
                demand > 1.0 - self.safety * interquartile_range(history.recent())
            }
            Method::Mad if history.length >= FEWEST_VALUES => {
                demand > 1.0 - self.safety * median_deviation(history.recent())
            }
            Method::Lr | Method::Lrr if history.length >= LINE_VALUES => {
                self.safety * self.predicted(history, steps_ahead) >= 1.0
            }
            Method::Iqr | Method::Mad | Method::Lr | Method::Lrr => demand > TOO_SHORT,
        }
    }

    fn predicted(&self, history: &History, steps_ahead: f64) -> f64 {
        let mut oldest_first = [0.0; LINE_VALUES];
        for (value, newest_first) in oldest_first.iter_mut().rev().zip(&history.values) {
            *value = *newest_first;
        }
        let (intercept, slope) = match self.weights {
            Weights::None => line(&oldest_first, None),
            Weights::Paper => weighted_line(&oldest_first, self.method == Method::Lrr),
        };
        intercept + slope * (LINE_VALUES as f64 + steps_ahead)
    }
}

/// `(1 - u^3)^3` of the distance to the newest value; robustly, times `(1 - (e / 6 s)^2)^2` of the residuals `e` of that
/// fit, `s` their median size.
fn weighted_line(y: &[f64], is_robust: bool) -> (f64, f64) {
    let newest = (y.len() - 1) as f64;
    let tricube = |index: usize| (1.0 - ((newest - index as f64) / newest).powi(3)).powi(3);
    let mut weights: Vec<f64> = (0..y.len()).map(tricube).collect();
    let (intercept, slope) = line(y, Some(&weights));
    if !is_robust {
        return (intercept, slope);
    }
    let residual = |index: usize| y[index] - (intercept + slope * (index + 1) as f64);
    let mut sizes: Vec<f64> = (0..y.len()).map(|index| residual(index).abs()).collect();
    let scale = 6.0 * median(&mut sizes);
    if scale == 0.0 {
        return (intercept, slope);
    }
    for (index, weight) in weights.iter_mut().enumerate() {
        let part = (residual(index) / scale).abs().min(1.0);
        *weight *= (1.0 - part * part) * (1.0 - part * part);
    }
    line(y, Some(&weights))
}

/// By the program's ranks, halves rounded up.
fn interquartile_range(values: &[f64]) -> f64 {
    let mut sorted = [0.0; HISTORY];
    let sorted = &mut sorted[..values.len()];
    sorted.copy_from_slice(values);
    sorted.sort_unstable_by(f64::total_cmp);
    let rank = |share: f64| (share * (values.len() + 1) as f64 + 0.5).floor() as usize - 1;
    sorted[rank(0.75).min(values.len() - 1)] - sorted[rank(0.25)]
}

fn median_deviation(values: &[f64]) -> f64 {
    let mut sorted = [0.0; HISTORY];
    let sorted = &mut sorted[..values.len()];
    sorted.copy_from_slice(values);
    let middle = median(sorted);
    sorted.iter_mut().zip(values).for_each(|(deviation, value)| *deviation = (value - middle).abs());
    median(sorted)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() % 2 {
        1 => values[middle],
        _ => (values[middle - 1] + values[middle]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(newest_first: &[f64]) -> History {
        let mut history = History::EMPTY;
        history.add(newest_first, 1000.0, 1000.0);
        history
    }

    fn detector(method: Method) -> Detector {
        Detector { method, safety: Detector::usual_safety(method), weights: Weights::None }
    }

    #[test]
    fn spreads_by_hand() {
        let values: Vec<f64> = (1..=12).map(f64::from).collect();
        // Ranks round(3.25) = 3 and round(9.75) = 10.
        assert_eq!(interquartile_range(&values), 7.0);
        // The median of 1 ... 12 is 6.5, and of the distances to it, 0.5, 0.5, 1.5, 1.5 ..., 3.
        assert_eq!(median_deviation(&values), 3.0);
    }

    #[test]
    fn a_short_history_says_nothing() {
        for method in [Method::Iqr, Method::Mad, Method::Lr, Method::Lrr] {
            let short = history(&[0.5; 9]);
            assert!(!detector(method).is_overloaded(0.7, &short, 1.0));
            assert!(detector(method).is_overloaded(0.71, &short, 1.0));
        }
        assert!(detector(Method::Thr).is_overloaded(0.81, &history(&[]), 1.0));
        assert_eq!(history(&[0.3, 0.0, 0.2, 0.0, 0.0]).length, 3, "zeros at the old end are no history");
    }

    #[test]
    fn a_rising_use_is_overloaded_before_it_is() {
        // 0.60, 0.62, ... 0.78, so that 0.80 comes next, and 1.2 times 0.80 is 0.96; rising by 0.04 it is more.
        let rising = |by: f64| -> Vec<f64> { (0..10).map(|step| 0.78 - by * f64::from(step)).collect() };
        for method in [Method::Lr, Method::Lrr] {
            for weights in [Weights::None, Weights::Paper] {
                let detector = Detector { weights, ..detector(method) };
                assert!(!detector.is_overloaded(0.78, &history(&rising(0.02)), 1.0));
                assert!(detector.is_overloaded(0.78, &history(&rising(0.06)), 1.0));
            }
        }
        // A steady use varies by nothing: only more than all of it is too much.
        for method in [Method::Iqr, Method::Mad] {
            assert!(!detector(method).is_overloaded(0.99, &history(&[0.99; 12]), 1.0));
        }
    }

    /// One outlier among the newer values: the robust line is pulled away by it less than half as far.
    #[test]
    fn the_robust_line_passes_outliers() {
        let mut newest_first: Vec<f64> = (0..10).map(|step| 0.5 - 0.01 * f64::from(step)).collect();
        newest_first[3] = 1.0;
        let missed = |method| {
            let detector = Detector { weights: Weights::Paper, ..detector(method) };
            (detector.predicted(&history(&newest_first), 1.0) - 0.51).abs()
        };
        assert!(
            missed(Method::Lrr) < 0.5 * missed(Method::Lr),
            "{} {}",
            missed(Method::Lrr),
            missed(Method::Lr)
        );
    }
}
