//! Sums that stay exact where ordinary ones lose digits: a year's integral is large, and an hour's is the
//! difference of two of them.

/// A number as the unevaluated sum of two doubles, about 32 decimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Exact {
    high: f64,
    low: f64,
}

impl Exact {
    /// The product of two doubles, without rounding (a fused multiplication gives what rounding lost).
    pub(super) fn product(a: f64, b: f64) -> Self {
        let high = a * b;
        Self { high, low: a.mul_add(b, -high) }
    }

    /// The sum, rounded after about 32 digits (Knuth's two-sum on the high parts, then on what is left).
    pub(super) fn plus(self, other: Self) -> Self {
        let (high, lost) = two_sum(self.high, other.high);
        let low = lost + (self.low + other.low);
        let (high, low) = two_sum(high, low);
        Self { high, low }
    }

    /// The difference, rounded as the sum is.
    pub(super) fn minus(self, other: Self) -> Self {
        self.plus(Self { high: -other.high, low: -other.low })
    }

    /// The nearest double.
    pub(super) fn value(self) -> f64 {
        self.high + self.low
    }
}

/// The rounded sum of two doubles, and what rounding lost.
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    (sum, (a - (sum - of_b)) + (b - of_b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_doubles_lose_is_kept() {
        let third = 1.0 / 3.0;
        let large = Exact::product(1e9 + third, 1e9);
        let sum = large.plus(Exact::product(1e-9, 1.0));
        assert_eq!(1e18 + 1e-9, 1e18, "a double loses it");
        assert!((sum.minus(large).value() - 1e-9).abs() < 1e-13, "of 32 digits");
        let product = Exact::product(third, 3.0);
        assert_eq!(product.value(), 1.0);
        // A third in binary is smaller than a third by 2^-54 / 3.
        assert_eq!(product.minus(Exact { high: 1.0, low: 0.0 }).value(), -f64::powi(2.0, -54));
    }
}
