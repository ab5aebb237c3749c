//! Functions that distributions need and the standard library has not, the same on every machine.

/// The regularised lower incomplete gamma function P(shape, x): the share of a gamma distribution of scale 1
/// below `x`. Series below the mean, continued fraction (Lentz's method) above, to about 14 digits
/// (Abramowitz and Stegun 1964, 6.5.29 and 6.5.31).
///
/// P(1, x) = 1 - exp(-x), so that P(1, 2) = 0.864664716763.
pub(crate) fn lower_gamma(shape: f64, x: f64) -> f64 {
    const STEPS: usize = 1000;
    const SMALL: f64 = 1e-300;
    const PRECISION: f64 = 1e-15;
    if x <= 0.0 {
        return 0.0;
    }
    if x.is_infinite() {
        return 1.0;
    }
    let front = libm::exp(shape * libm::log(x) - x - libm::lgamma(shape));
    if x < shape + 1.0 {
        let (mut term, mut sum) = (1.0 / shape, 1.0 / shape);
        for step in 1..STEPS {
            term *= x / (shape + step as f64);
            sum += term;
            if term < sum * PRECISION {
                break;
            }
        }
        return (front * sum).min(1.0);
    }
    let mut b = x + 1.0 - shape;
    let mut c = 1.0 / SMALL;
    let mut d = 1.0 / b;
    let mut fraction = d;
    for step in 1..STEPS {
        let step = step as f64;
        let a = -step * (step - shape);
        b += 2.0;
        d = 1.0 / away_from_zero(a * d + b, SMALL);
        c = away_from_zero(b + a / c, SMALL);
        fraction *= d * c;
        if (d * c - 1.0).abs() < PRECISION {
            break;
        }
    }
    (1.0 - front * fraction).max(0.0)
}

fn away_from_zero(value: f64, small: f64) -> f64 {
    if value.abs() < small { small } else { value }
}

/// The derivative of the logarithm of the gamma function: recurrence up to 10, then the asymptotic series
/// (Abramowitz and Stegun 1964, 6.3.18).
///
/// digamma(1) is minus Euler's constant, -0.577215664902.
pub(crate) fn digamma(x: f64) -> f64 {
    let (mut x, mut sum) = (x, 0.0);
    while x < 10.0 {
        sum -= 1.0 / x;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let series = 1.0 / 12.0 - square * (1.0 / 120.0 - square * (1.0 / 252.0 - square * (1.0 / 240.0)));
    sum + libm::log(x) - 0.5 / x - square * series
}

/// The share of a standard normal distribution below `x`.
pub(crate) fn normal_below(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_incomplete_gamma_function_has_its_known_values() {
        // P(1, x) = 1 - exp(-x); P(1/2, x) = erf(sqrt(x)); P(3, x) = 1 - exp(-x) (1 + x + x^2 / 2).
        for x in [0.01, 0.5, 1.0, 2.0, 10.0_f64] {
            assert!((lower_gamma(1.0, x) - (1.0 - (-x).exp())).abs() < 1e-13, "{x}");
            assert!((lower_gamma(0.5, x) - libm::erf(x.sqrt())).abs() < 1e-13, "{x}");
            let three = 1.0 - (-x).exp() * (1.0 + x + x * x / 2.0);
            assert!((lower_gamma(3.0, x) - three).abs() < 1e-13, "{x}");
        }
        assert!((lower_gamma(1.0, 2.0) - 0.864_664_716_763).abs() < 1e-12);
        // The median of a gamma of shape 312 lies a third below its mean, nearly: 311.667.
        assert!((lower_gamma(312.0, 311.667) - 0.5).abs() < 1e-4);
        assert_eq!((lower_gamma(2.0, 0.0), lower_gamma(2.0, f64::INFINITY)), (0.0, 1.0));
    }

    #[test]
    fn the_digamma_function_has_its_known_values() {
        assert!((digamma(1.0) + 0.577_215_664_901_532_9).abs() < 1e-11);
        // digamma(1/2) = -euler - 2 ln 2.
        assert!((digamma(0.5) + 0.577_215_664_901_532_9 + 2.0 * std::f64::consts::LN_2).abs() < 1e-11);
        assert!((digamma(11.0) - (digamma(10.0) + 0.1)).abs() < 1e-12);
    }

    #[test]
    fn the_normal_distribution_has_its_known_values() {
        assert_eq!(normal_below(0.0), 0.5);
        assert!((normal_below(1.959_963_984_540_054) - 0.975).abs() < 1e-12);
    }
}
