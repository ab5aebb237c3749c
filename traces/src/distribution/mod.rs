//! Distributions of numbers, as options state them: of run times, sizes, gaps between arrivals.
//!
//! ```toml
//! run_seconds = { lognormal = { median = 600, sigma = 1.5 } }
//! cpu_milli = { weighted = [[1000, 3], [2000, 1]] }
//! ```
//!
//! Shares, means and draws use one pinned mathematical library and no other: they are the same on every machine.

mod draw;
pub(crate) mod special;

use serde::{Deserialize, Serialize};

pub(crate) use draw::gamma;
use special::{lower_gamma, normal_below};

use crate::OptionError;

/// How a number is distributed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Distribution {
    /// Always the same: `{ constant = 5 }`.
    Constant(f64),
    /// Any number between two is as likely: `{ uniform = { low = 1, high = 2 } }`.
    Uniform {
        /// The least.
        low: f64,
        /// The most, above the least.
        high: f64,
    },
    /// Without memory: `{ exponential = { mean = 60 } }`.
    Exponential {
        /// The mean, above 0.
        mean: f64,
    },
    /// Its logarithm is normal: `{ lognormal = { median = 600, sigma = 1.5 } }`.
    Lognormal {
        /// The median, above 0.
        median: f64,
        /// Standard deviation of the natural logarithm.
        sigma: f64,
    },
    /// A sum of waiting times: `{ gamma = { shape = 0.5, scale = 600 } }`.
    Gamma {
        /// Above 0.
        shape: f64,
        /// Above 0.
        scale: f64,
    },
    /// The first of many failures: `{ weibull = { shape = 0.5, scale = 600 } }`.
    Weibull {
        /// Above 0; below 1 the tail is heavier than exponential.
        shape: f64,
        /// Above 0.
        scale: f64,
    },
    /// Exponential with a mean that is itself drawn: `{ hyper_exponential = [[60, 0.9], [3600, 0.1]] }`, each
    /// mean with its weight.
    HyperExponential(Vec<(f64, f64)>),
    /// Pareto, cut off at both ends: `{ pareto = { shape = 1.2, smallest = 1, largest = 1000 } }`.
    Pareto {
        /// Above 0; the smaller, the heavier the tail.
        shape: f64,
        /// Above 0.
        smallest: f64,
        /// Above the smallest.
        largest: f64,
    },
    /// As a table says: `{ quantiles = [[0, 1], [0.5, 20], [1, 300]] }`, each share (from 0 to 1, rising) with the
    /// value below which it lies; straight lines between them.
    Quantiles(Vec<(f64, f64)>),
    /// One of several values: `{ weighted = [[1, 3], [2, 1]] }`, each value with its weight.
    Weighted(Vec<(f64, f64)>),
}

impl Distribution {
    /// Its word in options.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Constant(_) => "constant",
            Self::Uniform { .. } => "uniform",
            Self::Exponential { .. } => "exponential",
            Self::Lognormal { .. } => "lognormal",
            Self::Gamma { .. } => "gamma",
            Self::Weibull { .. } => "weibull",
            Self::HyperExponential(_) => "hyper_exponential",
            Self::Pareto { .. } => "pareto",
            Self::Quantiles(_) => "quantiles",
            Self::Weighted(_) => "weighted",
        }
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Uniform { low, high } => (low + high) / 2.0,
            Self::Exponential { mean } => *mean,
            Self::Lognormal { median, sigma } => median * libm::exp(sigma * sigma / 2.0),
            Self::Gamma { shape, scale } => shape * scale,
            Self::Weibull { shape, scale } => scale * libm::tgamma(1.0 + 1.0 / shape),
            Self::HyperExponential(values) | Self::Weighted(values) => {
                let total: f64 = values.iter().map(|&(_, weight)| weight).sum();
                values.iter().map(|&(value, weight)| value * weight).sum::<f64>() / total
            }
            Self::Pareto { shape, smallest, largest } => pareto_mean(*shape, *smallest, *largest),
            Self::Quantiles(table) => {
                let trapeze = |pair: &[(f64, f64)]| (pair[1].0 - pair[0].0) * (pair[0].1 + pair[1].1) / 2.0;
                table.windows(2).map(trapeze).sum()
            }
        }
    }

    /// The share of draws that do not exceed `x`.
    pub fn share_up_to(&self, x: f64) -> f64 {
        match self {
            Self::Constant(value) => f64::from(u8::from(x >= *value)),
            Self::Uniform { low, high } => ((x - low) / (high - low)).clamp(0.0, 1.0),
            Self::Weighted(values) => {
                let total: f64 = values.iter().map(|&(_, weight)| weight).sum();
                values.iter().filter(|&&(value, _)| value <= x).map(|&(_, weight)| weight).sum::<f64>()
                    / total
            }
            Self::Quantiles(table) => share_in_table(table, x),
            _ if x <= 0.0 => 0.0,
            Self::Exponential { mean } => -libm::expm1(-x / mean),
            Self::Lognormal { median, sigma: 0.0 } => f64::from(u8::from(x >= *median)),
            Self::Lognormal { median, sigma } => normal_below(libm::log(x / median) / sigma),
            Self::Gamma { shape, scale } => lower_gamma(*shape, x / scale),
            Self::Weibull { shape, scale } => -libm::expm1(-libm::pow(x / scale, *shape)),
            Self::HyperExponential(phases) => {
                let total: f64 = phases.iter().map(|&(_, weight)| weight).sum();
                phases.iter().map(|&(mean, weight)| -libm::expm1(-x / mean) * weight).sum::<f64>() / total
            }
            Self::Pareto { shape, smallest, largest } => {
                let x = x.clamp(*smallest, *largest);
                let tail = libm::pow(smallest / largest, *shape);
                (1.0 - libm::pow(smallest / x, *shape)) / (1.0 - tail)
            }
        }
    }

    /// The logarithm of the density at `x` above 0, of the families that are fitted by likelihood; `None` for the
    /// others.
    pub(crate) fn log_density(&self, x: f64) -> Option<f64> {
        let log_x = libm::log(x);
        match self {
            Self::Exponential { mean } => Some(-libm::log(*mean) - x / mean),
            Self::Lognormal { median, sigma } => {
                let z = (log_x - libm::log(*median)) / sigma;
                Some(-log_x - libm::log(*sigma) - 0.5 * libm::log(std::f64::consts::TAU) - 0.5 * z * z)
            }
            Self::Gamma { shape, scale } => {
                let front = shape * libm::log(*scale) + libm::lgamma(*shape);
                Some((shape - 1.0) * log_x - x / scale - front)
            }
            Self::Weibull { shape, scale } => {
                let z = log_x - libm::log(*scale);
                Some(libm::log(*shape) + shape * z - log_x - libm::exp(shape * z))
            }
            Self::HyperExponential(phases) => {
                let total: f64 = phases.iter().map(|&(_, weight)| weight).sum();
                let density = |&(mean, weight): &(f64, f64)| weight / total / mean * libm::exp(-x / mean);
                Some(libm::log(phases.iter().map(density).sum::<f64>().max(f64::MIN_POSITIVE)))
            }
            _ => None,
        }
    }

    /// Refuses parameters out of their range, and distributions that give what is allowed (`low` to `high`) in less
    /// than one draw of a hundred.
    ///
    /// # Errors
    /// With the key, what stood there and what is allowed.
    pub(crate) fn check(&self, key: &str, low: f64, high: f64) -> Result<(), OptionError> {
        let inner = format!("{key}.{}", self.name());
        self.check_parameters(&inner)?;
        let below = match self {
            // What is exactly at the lower bound is allowed, and may be all there is.
            Self::Constant(_) | Self::Weighted(_) => self.share_up_to(low.next_down()),
            Self::Quantiles(table) if table[0].1 >= low => 0.0,
            _ => self.share_up_to(low),
        };
        if self.share_up_to(high) - below < 0.01 {
            let allowed =
                format!("distributions that give {low} to {high} in at least one draw of a hundred");
            return Err(OptionError::out_of_range(&inner, format_args!("{self:?}"), &allowed));
        }
        Ok(())
    }

    fn check_parameters(&self, key: &str) -> Result<(), OptionError> {
        const MOST: f64 = 1e15;
        let positive = |name: &str, value: f64, most: f64| {
            let is_allowed = value >= 1e-9 && value <= most;
            let key = format!("{key}.{name}");
            let refuse =
                || OptionError::out_of_range(&key, value, &format!("a number from 1e-9 to {most:e}"));
            if is_allowed { Ok(()) } else { Err(refuse()) }
        };
        match self {
            Self::Constant(value) if !(value.abs() <= MOST) => {
                Err(OptionError::out_of_range(key, value, "a number of up to 1e15"))
            }
            Self::Constant(_) => Ok(()),
            Self::Uniform { low, high } if !(low.abs() <= MOST && high.abs() <= MOST && low < high) => {
                let found = format!("low = {low}, high = {high}");
                Err(OptionError::out_of_range(key, found, "numbers of up to 1e15, the lower one first"))
            }
            Self::Uniform { .. } => Ok(()),
            Self::Exponential { mean } => positive("mean", *mean, MOST),
            Self::Lognormal { sigma, .. } if !(0.0..=10.0).contains(sigma) => {
                Err(OptionError::out_of_range(&format!("{key}.sigma"), sigma, "a number from 0 to 10"))
            }
            Self::Lognormal { median, .. } => positive("median", *median, MOST),
            Self::Gamma { shape, scale } | Self::Weibull { shape, scale } => {
                positive("shape", *shape, 1e6)?;
                let least = if matches!(self, Self::Weibull { .. }) { 0.01 } else { 1e-9 };
                if *shape < least {
                    let key = format!("{key}.shape");
                    return Err(OptionError::out_of_range(&key, shape, "a number from 0.01 to 1e6"));
                }
                positive("scale", *scale, MOST)
            }
            Self::HyperExponential(phases) => {
                check_weights(key, phases)?;
                phases.iter().try_for_each(|&(mean, _)| positive("mean", mean, MOST))
            }
            Self::Weighted(values) => check_weights(key, values),
            Self::Pareto { shape, smallest, largest } => {
                positive("shape", *shape, 100.0)?;
                positive("smallest", *smallest, MOST)?;
                match smallest < largest && *largest <= MOST {
                    true => Ok(()),
                    false => Err(OptionError::out_of_range(
                        &format!("{key}.largest"),
                        largest,
                        &format!("a number above {smallest}, up to 1e15"),
                    )),
                }
            }
            Self::Quantiles(table) => check_table(key, table),
        }
    }
}

fn check_weights(key: &str, values: &[(f64, f64)]) -> Result<(), OptionError> {
    let is_allowed = |&(value, weight): &(f64, f64)| value.abs() <= 1e15 && (0.0..=1e15).contains(&weight);
    if values.iter().all(is_allowed) && values.iter().any(|&(_, weight)| weight > 0.0) {
        return Ok(());
    }
    let allowed = "values of up to 1e15 with weights of at least 0 that are not all 0";
    Err(OptionError::out_of_range(key, format_args!("{values:?}"), allowed))
}

fn check_table(key: &str, table: &[(f64, f64)]) -> Result<(), OptionError> {
    let rises = |pair: &[(f64, f64)]| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1;
    let is_whole = table.len() >= 2 && table[0].0 == 0.0 && table[table.len() - 1].0 == 1.0;
    if is_whole && table.windows(2).all(rises) && table.iter().all(|&(_, value)| value.abs() <= 1e15) {
        return Ok(());
    }
    let allowed = "[share, value] with rising shares from 0 to 1 and values of up to 1e15 that do not fall";
    Err(OptionError::out_of_range(key, format_args!("{table:?}"), allowed))
}

/// Of a Pareto distribution that is cut off: the integral of x times its density over both ends.
fn pareto_mean(shape: f64, smallest: f64, largest: f64) -> f64 {
    let tail = libm::pow(smallest / largest, shape);
    let front = shape * smallest / (1.0 - tail);
    let log_ratio = libm::log(largest / smallest);
    // At a shape of 1 the integral is a logarithm; beside it, the power would lose its digits.
    if ((1.0 - shape) * log_ratio).abs() < 1e-9 {
        return front * log_ratio;
    }
    front * libm::expm1((1.0 - shape) * log_ratio) / (1.0 - shape)
}

fn share_in_table(table: &[(f64, f64)], x: f64) -> f64 {
    let next = table.partition_point(|&(_, value)| value <= x);
    if next == 0 {
        return 0.0;
    }
    if next == table.len() {
        return 1.0;
    }
    let ((from, low), (to, high)) = (table[next - 1], table[next]);
    from + (to - from) * (x - low) / (high - low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::kernel::rng::Seed;

    /// One of each, with its mean worked by hand.
    fn all() -> Vec<(Distribution, f64)> {
        vec![
            (Distribution::Constant(5.0), 5.0),
            (Distribution::Uniform { low: 1.0, high: 4.0 }, 2.5),
            (Distribution::Exponential { mean: 3.0 }, 3.0),
            // exp(0.5 * 0.25) = 1.1331
            (Distribution::Lognormal { median: 2.0, sigma: 0.5 }, 2.266_297),
            (Distribution::Gamma { shape: 0.4, scale: 5.0 }, 2.0),
            (Distribution::Gamma { shape: 4.2, scale: 0.94 }, 3.948),
            // The gamma function of 3 is 2.
            (Distribution::Weibull { shape: 0.5, scale: 3.0 }, 6.0),
            (Distribution::HyperExponential(vec![(1.0, 3.0), (9.0, 1.0)]), 3.0),
            // shape 1 between 1 and e: 1 / (1 - 1/e) * 1 = 1.58198
            (Distribution::Pareto { shape: 1.0, smallest: 1.0, largest: std::f64::consts::E }, 1.581_977),
            // shape 2 between 1 and 2: 2 / (1 - 1/4) * (1 - 1/2) = 4/3
            (Distribution::Pareto { shape: 2.0, smallest: 1.0, largest: 2.0 }, 4.0 / 3.0),
            // 0.5 * (0 + 2) / 2 + 0.5 * (2 + 10) / 2
            (Distribution::Quantiles(vec![(0.0, 0.0), (0.5, 2.0), (1.0, 10.0)]), 3.5),
            (Distribution::Weighted(vec![(1.0, 3.0), (5.0, 1.0)]), 2.0),
        ]
    }

    #[test]
    fn means_shares_and_draws_agree() {
        const DRAWS: usize = 40_000;
        for (distribution, mean) in all() {
            assert!((distribution.mean() - mean).abs() < 1e-5, "{distribution:?}: {}", distribution.mean());
            distribution.check("x", 0.0, 1e9).expect("allowed");
            let mut stream = Seed(5).stream("draws");
            let mut draws: Vec<f64> = (0..DRAWS).map(|_| distribution.draw(&mut stream)).collect();
            draws.sort_by(f64::total_cmp);
            let drawn = draws.iter().sum::<f64>() / DRAWS as f64;
            assert!((drawn - mean).abs() < 0.04 * mean, "{distribution:?}: {drawn}");
            for &x in [0.1, 0.25, 0.5, 0.75, 0.9, 0.99]
                .map(|share| (DRAWS as f64 * share) as usize)
                .map(|at| &draws[at])
                .iter()
            {
                let found = draws.partition_point(|one| one <= x) as f64 / DRAWS as f64;
                // Three standard deviations of a share are at most 0.0075.
                assert!((distribution.share_up_to(*x) - found).abs() < 0.0075, "{distribution:?} at {x}");
            }
            let same: Vec<u64> =
                (0..5).map(|_| distribution.draw(&mut Seed(9).stream("x")).to_bits()).collect();
            assert!(same.windows(2).all(|pair| pair[0] == pair[1]));
        }
    }

    #[test]
    fn densities_are_slopes_of_shares() {
        let mut seen = 0;
        for (distribution, _) in all() {
            for x in [0.3, 1.0, 4.0] {
                let Some(density) = distribution.log_density(x) else { continue };
                let slope = (distribution.share_up_to(x + 1e-5) - distribution.share_up_to(x - 1e-5)) / 2e-5;
                assert!((density.exp() - slope).abs() < 1e-6 * (1.0 + slope), "{distribution:?} at {x}");
                seen += 1;
            }
        }
        assert_eq!(seen, 18);
    }

    #[test]
    fn what_is_out_of_bounds_is_drawn_again() {
        let wide = Distribution::Exponential { mean: 10.0 };
        let mut stream = Seed(1).stream("bounds");
        assert!((0..1000).map(|_| wide.draw_within(&mut stream, 2.0, 5.0)).all(|x| (2.0..=5.0).contains(&x)));
    }

    #[test]
    fn distributions_are_words_in_toml_and_wrong_ones_are_refused() {
        #[derive(Debug, Deserialize, Serialize)]
        struct Options {
            x: Distribution,
        }
        let read = |text: &str| toml::from_str::<Options>(text).map(|options| options.x);
        for (distribution, _) in all() {
            let text = toml::to_string(&Options { x: distribution.clone() }).expect("TOML");
            assert_eq!(read(&text).expect("read back"), distribution, "{text}");
        }
        assert!(read("x = { exponential = { mean = 1, median = 2 } }").is_err());
        assert!(read("x = { cauchy = 1 }").is_err());
        for (text, told) in [
            ("x = { constant = nan }", "x.constant"),
            ("x = { constant = -1 }", "0 to 10"),
            ("x = { uniform = { low = 2, high = 1 } }", "x.uniform"),
            ("x = { uniform = { low = 20, high = 30 } }", "0 to 10"),
            ("x = { exponential = { mean = 0 } }", "x.exponential.mean"),
            ("x = { lognormal = { median = 1, sigma = -1 } }", "x.lognormal.sigma"),
            ("x = { gamma = { shape = 1, scale = inf } }", "x.gamma.scale"),
            ("x = { weibull = { shape = 0.001, scale = 1 } }", "x.weibull.shape"),
            ("x = { hyper_exponential = [] }", "not all 0"),
            ("x = { hyper_exponential = [[0, 1]] }", "x.hyper_exponential.mean"),
            ("x = { pareto = { shape = 1, smallest = 5, largest = 5 } }", "x.pareto.largest"),
            ("x = { quantiles = [[0, 5], [0.5, 4], [1, 6]] }", "x.quantiles"),
            ("x = { quantiles = [[0.1, 5], [1, 6]] }", "rising shares from 0 to 1"),
            ("x = { weighted = [[1, -1]] }", "x.weighted"),
            ("x = { weighted = [[11, 1]] }", "0 to 10"),
        ] {
            let error = read(text).expect("TOML").check("x", 0.0, 10.0).expect_err(text).to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
        Distribution::Constant(0.0).check("x", 0.0, 10.0).expect("the lower bound is allowed");
        Distribution::Weighted(vec![(10.0, 1.0)]).check("x", 10.0, 10.0).expect("and a single value");
    }
}
