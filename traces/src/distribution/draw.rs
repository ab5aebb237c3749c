//! Drawing from distributions: with the simulator's own streams and a pinned mathematical library, so that a seed
//! gives the same numbers on every machine.

use sim::kernel::rng::Stream;

use super::Distribution;

/// Draws out of bounds are drawn again, at most so often: bounds that hold less than a hundredth of the
/// distribution are refused beforehand, so that this many in a row mean a slip in here.
const MOST_DRAWS: usize = 100_000;

impl Distribution {
    /// One draw.
    pub fn draw(&self, stream: &mut Stream) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Uniform { low, high } => low + (high - low) * stream.unit(),
            Self::Exponential { mean } => stream.exponential(*mean),
            Self::Lognormal { median, sigma } => median * libm::exp(sigma * stream.normal()),
            Self::Gamma { shape, scale } => gamma(stream, *shape) * scale,
            Self::Weibull { shape, scale } => scale * libm::pow(-libm::log(1.0 - stream.unit()), 1.0 / shape),
            Self::HyperExponential(phases) => {
                let mean = chosen(phases, stream.unit());
                stream.exponential(mean)
            }
            Self::Pareto { .. } | Self::Quantiles(_) => self.quantile(stream.unit()),
            Self::Weighted(values) => chosen(values, stream.unit()),
        }
    }

    /// One draw of those within the bounds. At least a hundredth of the distribution must lie there.
    pub fn draw_within(&self, stream: &mut Stream, low: f64, high: f64) -> f64 {
        (0..MOST_DRAWS)
            .map(|_| self.draw(stream))
            .find(|value| (low..=high).contains(value))
            .expect("at least a hundredth lies within the bounds: that is checked")
    }

    /// The value below which this share lies, of those distributions whose draws are made so.
    fn quantile(&self, share: f64) -> f64 {
        match self {
            Self::Pareto { shape, smallest, largest } => {
                let tail = libm::pow(smallest / largest, *shape);
                smallest * libm::pow(1.0 - share * (1.0 - tail), -1.0 / shape)
            }
            Self::Quantiles(table) => {
                let next = table.partition_point(|&(at, _)| at <= share).clamp(1, table.len() - 1);
                let ((from, low), (to, high)) = (table[next - 1], table[next]);
                low + (high - low) * ((share - from) / (to - from)).clamp(0.0, 1.0)
            }
            _ => unreachable!("the other distributions are drawn in other ways"),
        }
    }
}

/// The value at this share of the weights.
fn chosen(values: &[(f64, f64)], share: f64) -> f64 {
    let total: f64 = values.iter().map(|&(_, weight)| weight).sum();
    let mut left = share * total;
    for &(value, weight) in values {
        if left < weight {
            return value;
        }
        left -= weight;
    }
    // Rounding may leave a crumb behind the last weight; the last value that can be drawn takes it.
    values.iter().rev().find(|&&(_, weight)| weight > 0.0).expect("a value has a positive weight").0
}

/// Gamma-distributed with scale 1: Marsaglia and Tsang, A simple method for generating gamma variables, 2000. A
/// shape below 1 is drawn one above and brought down by a power of a uniform draw, as their note says.
pub(crate) fn gamma(stream: &mut Stream, shape: f64) -> f64 {
    if shape < 1.0 {
        let above = gamma(stream, shape + 1.0);
        return above * libm::exp(libm::log(1.0 - stream.unit()) / shape);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / libm::sqrt(9.0 * d);
    loop {
        let x = stream.normal();
        let root = 1.0 + c * x;
        if root <= 0.0 {
            continue;
        }
        let v = root * root * root;
        let u = 1.0 - stream.unit();
        if libm::log(u) < 0.5 * x * x + d - d * v + d * libm::log(v) {
            return d * v;
        }
    }
}
