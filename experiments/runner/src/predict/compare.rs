//! Means of losses, their ratios to baselines, and how far these can be trusted: blocks of consecutive tasks are drawn again and again
//! (Künsch, Annals of Statistics 17, 1989, without overlap), because tasks that come one after the other are alike.

use sim::kernel::rng::Seed;

use super::{Losses, PredictConfig};

/// How often blocks are drawn.
const DRAWS: usize = 4000;

/// What all predictors lost.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Of how many tasks something was foretold that counts.
    pub tasks: usize,
    /// Of them, whose end was not seen.
    pub cut_off: u64,
    /// The shares.
    pub quantiles: Vec<f64>,
    /// In how many blocks tasks were drawn.
    pub blocks: usize,
    /// One for each predictor, as the config names them.
    pub rows: Vec<Row>,
}

/// What a predictor lost.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// As the config names it.
    pub name: String,
    /// Mean pinball loss over tasks and quantiles, in seconds.
    pub loss_seconds: f64,
    /// At the median alone.
    pub loss_of_median: f64,
    /// Of `ln(1 + life)`, over tasks and quantiles.
    pub loss_log: f64,
    /// For each quantile, the share of lives that were no longer, of those that were watched for long enough.
    pub below: Vec<f64>,
    /// One for each baseline.
    pub ratios: Vec<Ratio>,
}

/// How many times the loss of a baseline the loss is.
#[derive(Clone, Debug, PartialEq)]
pub struct Ratio {
    /// The baseline.
    pub baseline: String,
    /// Over all quantiles.
    pub value: f64,
    /// Its 95 % interval.
    pub ends: [f64; 2],
    /// At the median alone,
    pub median_value: f64,
    /// with its interval.
    pub median_ends: [f64; 2],
    /// In logarithms, over all quantiles.
    pub log_value: f64,
}

pub(super) fn report(config: &PredictConfig, losses: &[(String, Losses)]) -> Report {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let of = |name: &str| &losses.iter().find(|one| one.0 == name).expect("baselines were checked").1;
    let row = |(name, own): &(String, Losses)| Row {
        name: name.clone(),
        loss_seconds: own.mean_seconds(),
        loss_of_median: mean(&own.of_median),
        loss_log: mean(&own.logs),
        below: own.below.iter().map(|&(all, below)| below as f64 / all.max(1) as f64).collect(),
        ratios: config
            .baselines
            .iter()
            .filter(|baseline| *baseline != name)
            .map(|baseline| {
                let other = of(baseline);
                let (value, ends) = ratio(&own.seconds, &other.seconds, config.blocks);
                let (median_value, median_ends) = ratio(&own.of_median, &other.of_median, config.blocks);
                let log_value = mean(&own.logs) / mean(&other.logs);
                Ratio { baseline: baseline.clone(), value, ends, median_value, median_ends, log_value }
            })
            .collect(),
    };
    Report {
        tasks: losses.first().map_or(0, |one| one.1.seconds.len()),
        cut_off: losses.first().map_or(0, |one| one.1.cut_off),
        quantiles: config.quantiles.clone(),
        blocks: config.blocks,
        rows: losses.iter().map(row).collect(),
    }
}

/// The ratio of two sums over the same tasks, with the interval from drawing blocks of them.
fn ratio(own: &[f64], other: &[f64], blocks: usize) -> (f64, [f64; 2]) {
    let length = own.len().div_ceil(blocks).max(1);
    let sums = |values: &[f64]| values.chunks(length).map(|block| block.iter().sum()).collect::<Vec<f64>>();
    let (own, other) = (sums(own), sums(other));
    let of = |places: &mut dyn Iterator<Item = usize>| {
        let (above, below) =
            places.fold((0.0, 0.0), |(above, below), at| (above + own[at], below + other[at]));
        if below > 0.0 { above / below } else { 1.0 }
    };
    let mut random = Seed(0).stream("predict.blocks");
    let mut draws: Vec<f64> =
        (0..DRAWS).map(|_| of(&mut (0..own.len()).map(|_| random.below(own.len())))).collect();
    draws.sort_unstable_by(f64::total_cmp);
    (of(&mut (0..own.len())), [draws[DRAWS / 40 - 1], draws[DRAWS - DRAWS / 40 - 1]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_by_hand_lies_in_its_interval() {
        let (value, ends) = ratio(&[1.0, 2.0, 3.0, 4.0], &[2.0, 4.0, 6.0, 8.0], 2);
        assert_eq!((value, ends), (0.5, [0.5, 0.5]), "all blocks agree");
        let own: Vec<f64> = (0..100).map(|n| f64::from(n % 7)).collect();
        let other: Vec<f64> = (0..100).map(|n| f64::from(n % 5)).collect();
        let (value, [low, high]) = ratio(&own, &other, 10);
        assert!((value - own.iter().sum::<f64>() / other.iter().sum::<f64>()).abs() < 1e-12);
        assert!(low < value && value < high, "{low} {value} {high}");
    }
}
