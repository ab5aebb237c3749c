//! Formulas of one term, two, and more, fitted to picks.
//!
//! ```text
//!   p_i    = exp(-s_i) / sum_j exp(-s_j)         how likely the formula s picks task i of those who wait
//!   q_i    = likewise, of the trained order, whose scores are divided by SOFTNESS times their usual spread: who comes second counts too
//!   loss   = - mean over decisions of sum_i q_i ln p_i  +  RIDGE / 2 * sum of squared weights
//!   first  = terms by g^2 / h                    gradient and curvature of the loss at a weight of 0 (the score test: Rao, 1948)
//!   then   = of the best few, the one with the least loss once all weights are fitted (Newton's method)
//! ```
//!
//! Within a decision only differences count, so terms are centred there and scaled by their spread over all decisions. At the end
//! weights are told to three digits, with the first term at 1 or -1.

use policies::order::{Factor, Facts, Formula, Function, Quantity, Term};
use rayon::prelude::*;

use super::Pick;
use crate::math::solved;

/// How much squared weights count, of terms whose spread is 1: picks that a formula explains without fail would ask for boundless
/// ones.
const RIDGE: f64 = 1e-4;
/// How sharply a trained order is taken to prefer, in spreads of its scores within a decision.
const SOFTNESS: f64 = 0.2;
/// So many terms are fitted at each step, the most promising ones.
const TRIED: usize = 6;
/// Newton's steps at most.
const STEPS: usize = 25;

/// Products that a formula may have: a function of what is known of the task, alone, times another one, or times one of the queue.
fn products() -> Vec<Vec<Factor>> {
    let functions = [Function::Logarithm, Function::Root, Function::Itself];
    let of = |quantities: &[Quantity]| -> Vec<Factor> {
        let each = |&quantity: &Quantity| functions.map(|function| Factor { quantity, function });
        quantities.iter().flat_map(each).collect()
    };
    let mut own = of(&[
        Quantity::Estimate,
        Quantity::Cores,
        Quantity::Waited,
        Quantity::Delay,
        Quantity::Slowdown,
        Quantity::DelaySlowdown,
    ]);
    // Of what is 0 or 1 every function says the same.
    own.push(Factor { quantity: Quantity::Fits, function: Function::Itself });
    let around = of(&[Quantity::Queue, Quantity::Free]);
    let mut products: Vec<Vec<Factor>> = own.iter().map(|&factor| vec![factor]).collect();
    for (place, &one) in own.iter().enumerate() {
        products.extend(own[place..].iter().map(|&other| vec![one, other]));
        products.extend(around.iter().map(|&other| vec![one, other]));
    }
    products
}

/// A product as a column: its values, centred within each decision and scaled to a spread of 1.
struct Column {
    factors: Vec<Factor>,
    scale: f64,
    values: Vec<f64>,
}

impl Column {
    /// Nothing where it is the same for all who wait.
    fn new(factors: Vec<Factor>, picks: &[Pick]) -> Option<Self> {
        let mut values = Vec::with_capacity(picks.iter().map(|pick| pick.facts.len()).sum());
        for pick in picks {
            let product = |facts: &Facts| factors.iter().map(|factor| factor.value(facts)).product::<f64>();
            let own: Vec<f64> = pick.facts.iter().map(product).collect();
            let mean = own.iter().sum::<f64>() / own.len() as f64;
            values.extend(own.iter().map(|value| value - mean));
        }
        let square = values.iter().map(|value| value * value).sum::<f64>() / values.len().max(1) as f64;
        let scale = square.sqrt();
        (scale > 1e-9).then(|| {
            values.iter_mut().for_each(|value| *value /= scale);
            Self { factors, scale, values }
        })
    }
}

/// Weights of columns, with their loss.
#[derive(Clone, Debug)]
struct Fit {
    weights: Vec<f64>,
    loss: f64,
}

/// The best formulas of one term, two, and up to so many, as far as the search goes.
///
/// # Panics
/// When there are no picks.
pub fn fit(picks: &[Pick], terms: usize) -> Vec<Formula> {
    assert!(!picks.is_empty(), "a formula is fitted to picks");
    let targets = &targets(picks);
    let columns: Vec<Column> =
        products().into_par_iter().filter_map(|factors| Column::new(factors, picks)).collect();
    let (mut chosen, mut weights): (Vec<usize>, Vec<f64>) = (Vec::new(), Vec::new());
    let mut formulas = Vec::new();
    while chosen.len() < terms.min(columns.len()) {
        let likely = likelihoods(&scores(&columns, &chosen, &weights), picks);
        let mut gains: Vec<(f64, usize)> = (0..columns.len())
            .into_par_iter()
            .filter(|place| !chosen.contains(place))
            .map(|place| {
                let [gradient, curvature] = slope(&columns[place].values, &likely, targets, picks);
                (gradient * gradient / (curvature + RIDGE), place)
            })
            .collect();
        gains.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let with = |place: usize| [&chosen[..], &[place]].concat();
        let start = [&weights[..], &[0.0]].concat();
        let tried: Vec<(usize, Fit)> = gains[..gains.len().min(TRIED)]
            .par_iter()
            .map(|&(_, place)| (place, newton(&columns, &with(place), &start, targets, picks)))
            .collect();
        let least = |best: (usize, Fit), one: (usize, Fit)| if one.1.loss < best.1.loss { one } else { best };
        let Some((place, found)) = tried.into_iter().reduce(least) else { break };
        chosen.push(place);
        weights = found.weights;
        formulas.push(formula(&columns, &chosen, &weights));
    }
    formulas
}

/// How likely the trained order is taken to pick each.
fn targets(picks: &[Pick]) -> Vec<f64> {
    let spread = |pick: &Pick| {
        let count = pick.scores.len() as f64;
        let mean = pick.scores.iter().sum::<f64>() / count;
        libm::sqrt(pick.scores.iter().map(|score| (score - mean) * (score - mean)).sum::<f64>() / count)
    };
    let usual = picks.iter().map(spread).sum::<f64>() / picks.len() as f64;
    let unit = if usual > 0.0 { SOFTNESS * usual } else { 1.0 };
    let scores: Vec<f64> = picks.iter().flat_map(|pick| &pick.scores).map(|score| score / unit).collect();
    likelihoods(&scores, picks)
}

fn scores(columns: &[Column], chosen: &[usize], weights: &[f64]) -> Vec<f64> {
    let mut scores = vec![0.0; columns.first().map_or(0, |column| column.values.len())];
    for (&place, weight) in chosen.iter().zip(weights) {
        scores.iter_mut().zip(&columns[place].values).for_each(|(score, value)| *score += weight * value);
    }
    scores
}

/// How likely each of those who wait is picked.
fn likelihoods(scores: &[f64], picks: &[Pick]) -> Vec<f64> {
    let mut likely = Vec::with_capacity(scores.len());
    let mut from = 0;
    for pick in picks {
        let own = &scores[from..from + pick.facts.len()];
        from += own.len();
        let least = own.iter().copied().fold(f64::INFINITY, f64::min);
        let first = likely.len();
        likely.extend(own.iter().map(|score| libm::exp(least - score)));
        let sum: f64 = likely[first..].iter().sum();
        likely[first..].iter_mut().for_each(|one| *one /= sum);
    }
    likely
}

/// Gradient and curvature of the loss by the weight of a column.
fn slope(values: &[f64], likely: &[f64], targets: &[f64], picks: &[Pick]) -> [f64; 2] {
    let (mut gradient, mut curvature, mut from) = (0.0, 0.0, 0);
    for pick in picks {
        let range = from..from + pick.facts.len();
        from = range.end;
        let (mut wanted, mut mean, mut square) = (0.0, 0.0, 0.0);
        for place in range {
            let value = values[place];
            wanted += targets[place] * value;
            mean += likely[place] * value;
            square += likely[place] * value * value;
        }
        gradient += wanted - mean;
        curvature += square - mean * mean;
    }
    [gradient, curvature].map(|sum| sum / picks.len() as f64)
}

fn loss(scores: &[f64], weights: &[f64], targets: &[f64], picks: &[Pick]) -> f64 {
    let likely = likelihoods(scores, picks);
    let of = |(likely, target): (&f64, &f64)| -target * libm::log(likely.max(1e-300));
    let squares: f64 = weights.iter().map(|weight| weight * weight).sum();
    likely.iter().zip(targets).map(of).sum::<f64>() / picks.len() as f64 + 0.5 * RIDGE * squares
}

/// Newton's method, halving steps that do not help.
fn newton(columns: &[Column], chosen: &[usize], start: &[f64], targets: &[f64], picks: &[Pick]) -> Fit {
    let of = |weights: &[f64]| loss(&scores(columns, chosen, weights), weights, targets, picks);
    let mut best = Fit { weights: start.to_vec(), loss: of(start) };
    for _ in 0..STEPS {
        let likely = likelihoods(&scores(columns, chosen, &best.weights), picks);
        let (gradient, curvature) = slopes(columns, chosen, &best.weights, [&likely, targets], picks);
        let Some(step) = solved(curvature, gradient) else { break };
        let mut share = 1.0;
        let next = loop {
            let weights: Vec<f64> =
                best.weights.iter().zip(&step).map(|(weight, step)| weight - share * step).collect();
            let loss = of(&weights);
            if loss < best.loss {
                break Some(Fit { weights, loss });
            }
            share /= 2.0;
            if share < 1e-6 {
                break None;
            }
        };
        let Some(next) = next else { break };
        let is_done = best.loss - next.loss < 1e-9;
        best = next;
        if is_done {
            break;
        }
    }
    best
}

/// Gradient and Hessian of the loss.
fn slopes(
    columns: &[Column],
    chosen: &[usize],
    weights: &[f64],
    [likely, targets]: [&[f64]; 2],
    picks: &[Pick],
) -> (Vec<f64>, Vec<Vec<f64>>) {
    let count = chosen.len();
    let mut gradient: Vec<f64> = weights.iter().map(|weight| RIDGE * weight).collect();
    let mut hessian = vec![vec![0.0; count]; count];
    let share = 1.0 / picks.len() as f64;
    let mut from = 0;
    for pick in picks {
        let range = from..from + pick.facts.len();
        from = range.end;
        let value = |one: usize, place: usize| columns[chosen[one]].values[place];
        let mean = |shares: &[f64], one: usize| {
            range.clone().map(|place| shares[place] * value(one, place)).sum::<f64>()
        };
        let means: Vec<f64> = (0..count).map(|one| mean(likely, one)).collect();
        for one in 0..count {
            gradient[one] += share * (mean(targets, one) - means[one]);
            for other in 0..=one {
                let both = |place: usize| likely[place] * value(one, place) * value(other, place);
                let covariance = range.clone().map(both).sum::<f64>() - means[one] * means[other];
                hessian[one][other] += share * covariance;
            }
        }
    }
    // What is below the diagonal stands above it as well.
    let below = hessian.clone();
    for (one, row) in hessian.iter_mut().enumerate() {
        row[one] += RIDGE;
        row.iter_mut().zip(&below).skip(one + 1).for_each(|(value, other)| *value = other[one]);
    }
    (gradient, hessian)
}

/// Weights of the products themselves, to three digits, with the first at 1 or -1; what weighs nothing is left out.
fn formula(columns: &[Column], chosen: &[usize], weights: &[f64]) -> Formula {
    let own = |(&place, weight): (&usize, &f64)| (place, weight / columns[place].scale);
    let own: Vec<(usize, f64)> = chosen.iter().zip(weights).map(own).collect();
    let unit = own.iter().map(|one| one.1.abs()).find(|weight| *weight > 0.0).unwrap_or(1.0);
    let term = |&(place, weight): &(usize, f64)| {
        let weight: f64 = format!("{:.2e}", weight / unit).parse().expect("a number");
        Term { weight, factors: columns[place].factors.clone() }
    };
    Formula(own.iter().map(term).filter(|term| term.weight != 0.0).collect())
}

#[cfg(test)]
mod tests {
    use sim::kernel::rng::Seed;

    use super::super::agreement;
    use super::*;

    /// Queues drawn at random, and whom a formula picks of them.
    fn picks(formula: &Formula, count: usize, seed: u64) -> Vec<Pick> {
        let mut stream = Seed(seed).stream("queues");
        let mut drawn = |low: f64, high: f64| libm::exp(low + (high - low) * stream.unit());
        let mut pick = || {
            let many = drawn(0.8, 3.0) as usize;
            let free = drawn(-3.0, 0.0);
            let facts: Vec<Facts> = (0..many)
                .map(|_| Facts {
                    estimate: drawn(2.0, 11.0),
                    cores: drawn(0.0, 5.0).round(),
                    waited: drawn(0.0, 10.0),
                    delay: drawn(0.0, 8.0),
                    fits: false,
                    queue: many as f64,
                    free,
                })
                .collect();
            let scores: Vec<f64> = facts.iter().map(|facts| formula.score(facts)).collect();
            let picked =
                (0..many).fold(0, |best, place| if scores[place] < scores[best] { place } else { best });
            Pick { facts, picked, scores }
        };
        (0..count).map(|_| pick()).collect()
    }

    fn term(weight: f64, factors: [&str; 2]) -> Term {
        let factors = factors.iter().map(|text| text.parse().expect("a factor"));
        Term { weight, factors: factors.collect() }
    }

    #[test]
    fn a_formula_is_found_again() {
        let one = |text: &str| text.parse::<Factor>().expect("a factor");
        let hidden = Formula(vec![
            term(1.0, ["ln(1 + estimate)", "ln(1 + queue)"]),
            Term { weight: 2.0, factors: vec![one("ln(1 + cores)")] },
        ]);
        let found = fit(&picks(&hidden, 1500, 1), 2);
        assert_eq!(found.len(), 2);
        // Roots and logarithms of lengths of queues are nearly alike; of what they are is told without fail.
        let quantities = |formula: &Formula| -> Vec<Vec<Quantity>> {
            let of = |term: &Term| term.factors.iter().map(|factor| factor.quantity).collect();
            formula.0.iter().map(of).collect()
        };
        assert_eq!(quantities(&found[1]), quantities(&hidden), "{}", found[1]);
        let held_back = picks(&hidden, 1000, 2);
        let [one, two] = [0, 1].map(|place| agreement(&found[place], &held_back));
        assert!(two > 0.95 && one < two, "{one} and {two}: {}", found[1]);
    }

    /// The gradient and the Hessian are those of the loss.
    #[test]
    fn slopes_agree_with_finite_differences() {
        let hidden = Formula(vec![term(1.0, ["ln(1 + estimate)", "ln(1 + cores)"])]);
        let picks = picks(&hidden, 50, 3);
        let names = [["ln(1 + estimate)", "cores"], ["sqrt(waited)", "sqrt(waited)"], ["delay", "free"]];
        let column = |names: [&str; 2]| Column::new(term(1.0, names).factors, &picks).expect("it varies");
        let columns = names.map(column);
        let (chosen, weights) = ([0, 1, 2], [0.7, -0.3, 0.2]);
        let at = |weights: &[f64]| {
            let scores = scores(&columns, &chosen, weights);
            let (likely, targets) = (likelihoods(&scores, &picks), targets(&picks));
            let slopes = slopes(&columns, &chosen, weights, [&likely, &targets], &picks);
            (loss(&scores, weights, &targets, &picks), slopes)
        };
        let (_, (gradient, hessian)) = at(&weights);
        for one in 0..3 {
            let moved = |by: f64| {
                let mut weights = weights;
                weights[one] += by;
                at(&weights)
            };
            let (up, down) = (moved(1e-4), moved(-1e-4));
            assert!(((up.0 - down.0) / 2e-4 - gradient[one]).abs() < 1e-7);
            for (other, row) in hessian.iter().enumerate() {
                let slope = (up.1.0[other] - down.1.0[other]) / 2e-4;
                assert!((slope - row[one]).abs() < 1e-6);
            }
        }
    }

    /// 2x + y = 5 and x + 3y = 10: x = 1, y = 3.
    #[test]
    fn equations_are_solved() {
        let found = solved(vec![vec![2.0, 1.0], vec![1.0, 3.0]], vec![5.0, 10.0]).expect("a solution");
        assert!((found[0] - 1.0).abs() < 1e-12 && (found[1] - 3.0).abs() < 1e-12);
        assert_eq!(solved(vec![vec![1.0, 1.0], vec![1.0, 1.0]], vec![1.0, 2.0]), None);
    }
}
