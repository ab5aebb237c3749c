//! CMA-ES, the covariance matrix adaptation evolution strategy, as Hansen's tutorial has it (arXiv:1604.00772v2, with
//! its default parameters): a normal distribution moves towards the better half of what it drew, and takes on their shape.
//!
//! ```text
//!   x_k = m + s B D z_k             z_k standard normal, C = B D^2 B'
//!   m  <- sum w_i x_i               of the better half, the best first
//!   p_s, s                          how far m went, decorrelated; longer than by chance: larger steps
//!   p_c, C                          the way of m (rank one) and the spread of the better half (rank mu)
//! ```

use serde::{Deserialize, Serialize};
use sim::kernel::rng::{Seed, Stream};

/// A distribution that looks for the smallest value of a function. The same seed gives the same bits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CmaEs {
    /// Where it is.
    mean: Vec<f64>,
    /// How wide it is.
    sigma: f64,
    /// Its shape, row by row.
    covariance: Vec<f64>,
    path_sigma: Vec<f64>,
    path_covariance: Vec<f64>,
    generation: u64,
    population: usize,
    seed: u64,
    /// Of `covariance`: eigenvectors as columns, row by row, and square roots of eigenvalues.
    #[serde(skip)]
    shape: Option<(Vec<f64>, Vec<f64>)>,
}

/// What follows from the dimension and the population (table 1 of the tutorial, without negative weights).
struct Parameters {
    weights: Vec<f64>,
    mu_effective: f64,
    c_sigma: f64,
    d_sigma: f64,
    c_covariance: f64,
    c_one: f64,
    c_mu: f64,
    /// The expected length of a standard normal vector.
    chi: f64,
}

impl Parameters {
    fn of(dimension: usize, population: usize) -> Self {
        let n = dimension as f64;
        let mu = population / 2;
        let raw: Vec<f64> = (1..=mu)
            .map(|rank| libm::log((population as f64 + 1.0) / 2.0) - libm::log(rank as f64))
            .collect();
        let sum: f64 = raw.iter().sum();
        let weights: Vec<f64> = raw.iter().map(|weight| weight / sum).collect();
        let mu_effective = 1.0 / weights.iter().map(|weight| weight * weight).sum::<f64>();
        let c_sigma = (mu_effective + 2.0) / (n + mu_effective + 5.0);
        let beyond = (((mu_effective - 1.0) / (n + 1.0)).sqrt() - 1.0).max(0.0);
        let c_one = 2.0 / ((n + 1.3) * (n + 1.3) + mu_effective);
        let c_mu = 2.0 * (mu_effective - 2.0 + 1.0 / mu_effective) / ((n + 2.0) * (n + 2.0) + mu_effective);
        Self {
            mu_effective,
            c_sigma,
            d_sigma: 1.0 + 2.0 * beyond + c_sigma,
            c_covariance: (4.0 + mu_effective / n) / (n + 4.0 + 2.0 * mu_effective / n),
            c_one,
            c_mu: c_mu.min(1.0 - c_one),
            chi: n.sqrt() * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n)),
            weights,
        }
    }
}

impl CmaEs {
    /// Begins round a point with this width, drawing so many points a generation.
    ///
    /// # Panics
    /// Without dimensions, with fewer than four points a generation, or a width that is not above zero.
    pub fn new(start: &[f64], sigma: f64, population: usize, seed: Seed) -> Self {
        let n = start.len();
        assert!(
            n > 0 && population >= 4 && sigma > 0.0,
            "{n} dimensions, {population} points, width {sigma}"
        );
        Self {
            mean: start.to_vec(),
            sigma,
            covariance: (0..n * n).map(|place| f64::from(u8::from(place / n == place % n))).collect(),
            path_sigma: vec![0.0; n],
            path_covariance: vec![0.0; n],
            generation: 0,
            population,
            seed: seed.0,
            shape: None,
        }
    }

    /// Where it is.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// How wide it is.
    pub fn sigma(&self) -> f64 {
        self.sigma
    }

    /// How many generations have passed.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The points of this generation.
    pub fn ask(&mut self) -> Vec<Vec<f64>> {
        let n = self.mean.len();
        let mut stream: Stream = Seed(self.seed).stream(&format!("generation {}", self.generation));
        let (mean, sigma) = (self.mean.clone(), self.sigma);
        let population = self.population;
        let (vectors, lengths) = self.shape();
        let draw = |_| {
            let z: Vec<f64> = (0..n).map(|axis| lengths[axis] * stream.normal()).collect();
            let along = |row: usize| (0..n).map(|axis| vectors[row * n + axis] * z[axis]).sum::<f64>();
            (0..n).map(|row| mean[row] + sigma * along(row)).collect()
        };
        (0..population).map(draw).collect()
    }

    /// Learns how good the points of this generation were, smaller being better. What is no number is worst.
    ///
    /// # Panics
    /// When there are not as many values as points.
    pub fn tell(&mut self, points: &[Vec<f64>], values: &[f64]) {
        assert_eq!(
            (points.len(), values.len()),
            (self.population, self.population),
            "a value for each point"
        );
        let n = self.mean.len();
        let parameters = Parameters::of(n, self.population);
        let mut order: Vec<usize> = (0..points.len()).collect();
        let value = |place: usize| if values[place].is_nan() { f64::INFINITY } else { values[place] };
        order.sort_by(|&one, &other| value(one).total_cmp(&value(other)));
        let steps: Vec<Vec<f64>> = order
            .iter()
            .take(parameters.weights.len())
            .map(|&place| (0..n).map(|axis| (points[place][axis] - self.mean[axis]) / self.sigma).collect())
            .collect();
        let step: Vec<f64> = (0..n)
            .map(|axis| steps.iter().zip(&parameters.weights).map(|(step, weight)| weight * step[axis]).sum())
            .collect();
        let white = self.whitened(&step);
        for (mean, step) in self.mean.iter_mut().zip(&step) {
            *mean += self.sigma * step;
        }
        let Parameters { mu_effective, c_sigma, d_sigma, c_covariance, c_one, c_mu, chi, .. } = parameters;
        let push = (c_sigma * (2.0 - c_sigma) * mu_effective).sqrt();
        for (path, white) in self.path_sigma.iter_mut().zip(&white) {
            *path = (1.0 - c_sigma) * *path + push * white;
        }
        self.generation += 1;
        let length = self.path_sigma.iter().map(|x| x * x).sum::<f64>().sqrt();
        let decay = 1.0 - libm::pow(1.0 - c_sigma, 2.0 * self.generation as f64);
        let is_short = length / decay.sqrt() < (1.4 + 2.0 / (n as f64 + 1.0)) * chi;
        let push = if is_short { (c_covariance * (2.0 - c_covariance) * mu_effective).sqrt() } else { 0.0 };
        for (path, step) in self.path_covariance.iter_mut().zip(&step) {
            *path = (1.0 - c_covariance) * *path + push * step;
        }
        let lost = if is_short { 0.0 } else { c_one * c_covariance * (2.0 - c_covariance) };
        for row in 0..n {
            for column in 0..n {
                let spread: f64 = steps
                    .iter()
                    .zip(&parameters.weights)
                    .map(|(step, weight)| weight * step[row] * step[column])
                    .sum();
                let one = self.path_covariance[row] * self.path_covariance[column];
                let place = row * n + column;
                self.covariance[place] =
                    (1.0 - c_one - c_mu + lost) * self.covariance[place] + c_one * one + c_mu * spread;
            }
        }
        self.sigma *= libm::exp((c_sigma / d_sigma * (length / chi - 1.0)).min(1.0));
        self.shape = None;
    }

    /// `C^(-1/2)` times a vector.
    fn whitened(&mut self, step: &[f64]) -> Vec<f64> {
        let n = step.len();
        let (vectors, lengths) = self.shape();
        let along: Vec<f64> = (0..n)
            .map(|axis| (0..n).map(|row| vectors[row * n + axis] * step[row]).sum::<f64>() / lengths[axis])
            .collect();
        (0..n).map(|row| (0..n).map(|axis| vectors[row * n + axis] * along[axis]).sum()).collect()
    }

    fn shape(&mut self) -> &(Vec<f64>, Vec<f64>) {
        let (covariance, n) = (&self.covariance, self.mean.len());
        self.shape.get_or_insert_with(|| {
            let (vectors, values) = eigen(covariance, n);
            // Rounding may leave a direction without width.
            (vectors, values.into_iter().map(|value| value.max(1e-20).sqrt()).collect())
        })
    }
}

/// Eigenvectors, as columns, and eigenvalues of a symmetric matrix, by the rotations of Jacobi (Golub and Van Loan, Matrix
/// Computations, section 8.5), cyclic by rows.
fn eigen(matrix: &[f64], n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut a = matrix.to_vec();
    let mut vectors: Vec<f64> = (0..n * n).map(|place| f64::from(u8::from(place / n == place % n))).collect();
    let size: f64 = a.iter().map(|x| x * x).sum();
    for _ in 0..100 {
        let off: f64 =
            (0..n * n).filter(|place| place / n != place % n).map(|place| a[place] * a[place]).sum();
        if off <= 1e-28 * size {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                if a[p * n + q] == 0.0 {
                    continue;
                }
                let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * a[p * n + q]);
                let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let t = if theta == 0.0 { 1.0 } else { t };
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                for k in 0..n {
                    let (kp, kq) = (a[k * n + p], a[k * n + q]);
                    (a[k * n + p], a[k * n + q]) = (c * kp - s * kq, s * kp + c * kq);
                }
                for k in 0..n {
                    let (pk, qk) = (a[p * n + k], a[q * n + k]);
                    (a[p * n + k], a[q * n + k]) = (c * pk - s * qk, s * pk + c * qk);
                    let (kp, kq) = (vectors[k * n + p], vectors[k * n + q]);
                    (vectors[k * n + p], vectors[k * n + q]) = (c * kp - s * kq, s * kp + c * kq);
                }
            }
        }
    }
    (vectors, (0..n).map(|axis| a[axis * n + axis]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest value found within so many evaluations.
    fn smallest(f: impl Fn(&[f64]) -> f64, start: &[f64], sigma: f64, evaluations: usize, seed: u64) -> f64 {
        let population = 12;
        let mut search = CmaEs::new(start, sigma, population, Seed(seed));
        for _ in 0..evaluations / population {
            let points = search.ask();
            let values: Vec<f64> = points.iter().map(|point| f(point)).collect();
            search.tell(&points, &values);
        }
        f(search.mean())
    }

    /// A matrix with eigenvalues 1, 3 and 6, made by hand: diag(6, and [[2, 1], [1, 2]]).
    #[test]
    fn eigenvalues_by_hand() {
        let (vectors, mut values) = eigen(&[6.0, 0.0, 0.0, 0.0, 2.0, 1.0, 0.0, 1.0, 2.0], 3);
        for axis in 0..3 {
            let length: f64 = (0..3).map(|row| vectors[row * 3 + axis] * vectors[row * 3 + axis]).sum();
            assert!((length - 1.0).abs() < 1e-14);
        }
        values.sort_by(f64::total_cmp);
        assert!(
            values.iter().zip([1.0, 3.0, 6.0]).all(|(got, wanted)| (got - wanted).abs() < 1e-13),
            "{values:?}"
        );
    }

    /// Of the tutorial's table 1, ten dimensions and ten points: `mu_eff = 3.167`, `c_sigma = 0.2844`, `c_c = 0.2950`.
    #[test]
    fn parameters_are_those_of_the_tutorial() {
        let parameters = Parameters::of(10, 10);
        let sum: f64 = parameters.weights.iter().sum();
        assert!((sum - 1.0).abs() < 1e-15 && parameters.weights.windows(2).all(|pair| pair[0] > pair[1]));
        let got = [parameters.mu_effective, parameters.c_sigma, parameters.c_covariance, parameters.chi];
        for (got, wanted) in got.iter().zip([3.167, 0.2844, 0.2950, 3.0847]) {
            assert!((got - wanted).abs() < 6e-4, "{got} is not {wanted}");
        }
    }

    #[test]
    fn known_optima_are_found_within_a_bound_for_five_seeds() {
        let sphere = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>();
        // A ridge, a thousand times as steep in one direction as in another, turned against the axes.
        let ellipsoid = |x: &[f64]| {
            let turned = |axis: usize| (x[axis] + 0.8 * x[(axis + 1) % x.len()]) / 1.3;
            (0..x.len())
                .map(|axis| libm::pow(1e6, axis as f64 / 5.0) * turned(axis) * turned(axis))
                .sum::<f64>()
        };
        let banana = |x: &[f64]| {
            let pair = |a: f64, b: f64| 100.0 * (b - a * a) * (b - a * a) + (1.0 - a) * (1.0 - a);
            x.windows(2).map(|x| pair(x[0], x[1])).sum::<f64>()
        };
        for seed in 0..5 {
            assert!(smallest(sphere, &[3.0; 10], 1.0, 3_000, seed) < 1e-8, "sphere, seed {seed}");
            assert!(smallest(ellipsoid, &[3.0; 6], 1.0, 9_000, seed) < 1e-8, "ellipsoid, seed {seed}");
            assert!(smallest(banana, &[-1.0, 1.0, 0.0], 0.3, 9_000, seed) < 1e-8, "banana, seed {seed}");
        }
    }

    /// Stopped and gone on with from text, the same bits come out.
    #[test]
    fn a_search_goes_on_where_it_stood() {
        let f = |x: &[f64]| (x[0] - 1.0) * (x[0] - 1.0) + 3.0 * x[1] * x[1];
        let step = |search: &mut CmaEs| {
            let points = search.ask();
            let values: Vec<f64> = points.iter().map(|point| f(point)).collect();
            search.tell(&points, &values);
        };
        let mut search = CmaEs::new(&[0.0, 5.0], 1.0, 8, Seed(4));
        (0..7).for_each(|_| step(&mut search));
        let mut again = CmaEs { shape: None, ..search.clone() };
        (0..7).for_each(|_| step(&mut search));
        (0..7).for_each(|_| step(&mut again));
        assert_eq!((search.mean, search.sigma), (again.mean, again.sigma));
    }
}
