//! Least squares, in the two small forms that consolidation needs.

/// Intercept and slope of the line through `y` at x = 1, 2, ... with these weights; all alike without.
pub(super) fn line(y: &[f64], weights: Option<&[f64]>) -> (f64, f64) {
    let weight = |index: usize| weights.map_or(1.0, |weights| weights[index]);
    let sums = |of: &dyn Fn(usize) -> f64| (0..y.len()).map(|index| weight(index) * of(index)).sum::<f64>();
    let x = |index: usize| (index + 1) as f64;
    let total = sums(&|_| 1.0);
    let (x_mean, y_mean) = (sums(&|index| x(index)) / total, sums(&|index| y[index]) / total);
    let slope = sums(&|index| (x(index) - x_mean) * (y[index] - y_mean))
        / sums(&|index| (x(index) - x_mean) * (x(index) - x_mean));
    (y_mean - slope * x_mean, slope)
}

/// How much of the variation of `y` the other series explain, with an intercept (the coefficient of determination of an
/// ordinary least-squares fit, by Householder reflections). `None` where there is no fit: with fewer samples than unknowns,
/// or with series that depend on each other.
pub(super) fn determination(y: &[f64], others: &[&[f64]]) -> Option<f64> {
    let (rows, columns) = (y.len(), others.len() + 1);
    if rows < columns {
        return None;
    }
    // Column by column: the intercept, then the series.
    let mut matrix: Vec<Vec<f64>> = vec![vec![1.0; rows]];
    matrix.extend(others.iter().map(|series| series.to_vec()));
    let mut rest = y.to_vec();
    for step in 0..columns {
        let norm = matrix[step][step..].iter().map(|value| value * value).sum::<f64>().sqrt();
        if norm == 0.0 {
            return None;
        }
        let diagonal = if matrix[step][step] > 0.0 { -norm } else { norm };
        let mut reflector = matrix[step][step..].to_vec();
        reflector[0] -= diagonal;
        let length = reflector.iter().map(|value| value * value).sum::<f64>();
        let reflect = |column: &mut [f64]| {
            let dot: f64 = reflector.iter().zip(column.iter()).map(|(a, b)| a * b).sum();
            column.iter_mut().zip(&reflector).for_each(|(value, part)| *value -= 2.0 * dot / length * part);
        };
        matrix[step + 1..].iter_mut().for_each(|column| reflect(&mut column[step..]));
        reflect(&mut rest[step..]);
    }
    let residual: f64 = rest[columns..].iter().map(|value| value * value).sum();
    let mean = y.iter().sum::<f64>() / rows as f64;
    let total: f64 = y.iter().map(|value| (value - mean) * (value - mean)).sum();
    Some(1.0 - residual / total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_again_whatever_the_weights() {
        let y = [3.0, 5.0, 7.0, 9.0];
        for weights in [None, Some(&[1.0, 2.0, 0.5, 4.0][..])] {
            let (intercept, slope) = line(&y, weights);
            assert!((intercept - 1.0).abs() < 1e-12 && (slope - 2.0).abs() < 1e-12);
        }
        // By hand: y = 1, 2, 4 at 1, 2, 3 has slope 1.5 and intercept -2/3.
        let (intercept, slope) = line(&[1.0, 2.0, 4.0], None);
        assert!((intercept + 2.0 / 3.0).abs() < 1e-12 && (slope - 1.5).abs() < 1e-12);
    }

    /// y = 1, 2, 4 on x = 1, 2, 3: residuals 1/6, -1/3, 1/6 of a total of 14/3: 1 - (1/6) / (14/3) = 27/28.
    #[test]
    fn determination_by_hand() {
        let determined = determination(&[1.0, 2.0, 4.0], &[&[1.0, 2.0, 3.0]]).expect("there is a fit");
        assert!((determined - 27.0 / 28.0).abs() < 1e-12, "{determined}");
        let exact = determination(&[1.0, 5.0, 4.0, 9.0], &[&[0.0, 4.0, 3.0, 8.0]]).expect("there is a fit");
        assert!((exact - 1.0).abs() < 1e-12);
        assert_eq!(
            determination(&[1.0, 2.0], &[&[1.0, 2.0], &[2.0, 1.0]]),
            None,
            "two samples, three unknowns"
        );
        assert_eq!(
            determination(&[1.0, 2.0, 3.0], &[&[0.0, 0.0, 0.0]]),
            None,
            "a series of zeros says nothing"
        );
        let steady = determination(&[2.0, 2.0, 2.0], &[&[1.0, 2.0, 4.0]]);
        assert!(steady.is_none_or(|one| one.is_nan() || one <= 0.0), "what does not vary is not explained");
    }
}
