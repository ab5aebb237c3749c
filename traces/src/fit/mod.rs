//! Fitting: from a log to the options of the `poisson` generator, and how far what they make is from the log.
//!
//! ```text
//!  log --> arrivals: weights of hours and days, share of jobs that come together, family of gaps --+
//!      \-> classes by size: sizes as they are, run times as the most likely family -----------------+--> options
//!                                                                                                    |
//!  log <-- compared by distances of Kolmogorov and Smirnov, means and loads <--- workload <--- generator
//! ```
//!
//! What a fit leaves out, it counts: what did not run to its end has no run time, what asks for other devices than
//! GPUs or for features is generated without them, and a job is generated of tasks that are all like its first one.

mod arrivals;
mod classes;
mod compare;
pub mod likelihood;
mod report;
mod sample;

use serde::Serialize;
use sim::kernel::ids::{JobId, TaskId};
use sim::kernel::rng::Seed;
use sim::workload::Workload;

pub use compare::{Comparison, Load, comparison_csv};
pub use report::{CandidateReport, ClassReport, FitReport, QuantityReport};
pub use sample::{Sample, distance_at_5_percent};

use crate::distribution::Distribution;
use crate::generate::poisson::{Estimates, Options, Tenants};
use crate::generate::{self, GenerateError};

/// Fewer jobs than this say nothing.
const LEAST_JOBS: usize = 20;
/// Tables of up to so many values state each of them; of more values, quantiles.
const MOST_VALUES: usize = 64;

/// How run times are described.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunTimes {
    /// By the best family of distributions: short, smooth, and off where no family fits.
    #[default]
    Family,
    /// By a table of quantiles: as the log has them.
    Quantiles,
}

/// How to fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FitOptions {
    /// What the Unix clock showed when the source's clock showed 0; without it the source's clock counts from midnight
    /// before a Monday.
    pub epoch_seconds: Option<u64>,
    /// How run times are described.
    pub run_times: RunTimes,
}

/// Why a log cannot be fitted.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// Too short.
    #[error("there are {jobs} jobs: a fit needs {LEAST_JOBS} or more")]
    TooFew {
        /// How many there are.
        jobs: usize,
    },
    /// No arrival times.
    #[error("all jobs are submitted at the same moment: a fit needs arrival times")]
    NoTimes,
    /// Nothing ended.
    #[error("no job ran to its end: a fit needs run times")]
    NoRunTimes,
    /// What was fitted cannot be generated.
    #[error("what was fitted cannot be generated: {0}")]
    Generate(#[from] Box<GenerateError>),
}

/// Jobs of which a fit does not tell everything, by what it leaves out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Jobs that left without running, or still ran at the end: their run times are not known.
    pub run_times_unknown: u64,
    /// Jobs whose tasks differ: their first task speaks for all.
    pub tasks_differ: u64,
    /// Jobs that ask for devices other than GPUs.
    pub other_devices: u64,
    /// Jobs that ask for features of hosts.
    pub features: u64,
    /// Jobs that state what they use over time.
    pub usage: u64,
}

impl LeftOut {
    fn look_at(&mut self, workload: &Workload, job: JobId, first: TaskId) {
        let demand = workload.demand(first);
        let differs = |task: TaskId| workload.shape(task) != workload.shape(first);
        self.run_times_unknown += u64::from(!classes::has_run(workload, first));
        self.tasks_differ += u64::from(workload.job_tasks(job).any(differs));
        self.other_devices +=
            u64::from(demand.devices.is_some() && classes::gpus(demand.devices.as_ref()).is_none());
        self.features += u64::from(!demand.features.is_empty());
        self.usage += u64::from(!workload.usage(first).is_empty());
    }
}

/// What was fitted.
#[derive(Clone, Debug)]
pub struct Fit {
    /// Options of the `poisson` generator.
    pub options: Options,
    /// How they came about, and how far what they make is from the log.
    pub report: FitReport,
    /// The quantities in which both were compared.
    pub comparisons: Vec<Comparison>,
}

impl Fit {
    /// The options as a part of an experiment: a workload named `fitted`.
    pub fn experiment(&self) -> String {
        #[derive(Serialize)]
        struct Source<'a> {
            generator: &'static str,
            #[serde(flatten)]
            options: &'a Options,
        }
        let source = Source { generator: "poisson", options: &self.options };
        let named = |key: &str, value: toml::Value| {
            toml::Value::Table(toml::Table::from_iter([(key.to_owned(), value)]))
        };
        let value = toml::Value::try_from(source).expect("options are tables of numbers, texts and lists");
        let table = named("workloads", named("fitted", named("source", value)));
        toml::to_string(&table).expect("and so they can be written")
    }
}

/// Fits the `poisson` generator to a log, generates as many jobs as the log has with this seed, and compares.
///
/// # Errors
/// When the log has too few jobs, or no arrival times or run times.
pub fn fit(workload: &Workload, how: FitOptions, seed: Seed) -> Result<Fit, FitError> {
    let jobs = workload.job_count();
    if jobs < LEAST_JOBS {
        return Err(FitError::TooFew { jobs });
    }
    let mut left_out = LeftOut::default();
    let fitted = arrivals::fit(workload, how.epoch_seconds)?;
    let classes = classes::fit(workload, how.run_times, &mut left_out)?;
    let (share, factor, longest) = classes::estimates(workload);
    let options = Options {
        jobs: Some(jobs),
        arrivals: fitted.arrivals.clone(),
        tenants: tenants(workload),
        estimates: match factor {
            Some(factor) => {
                Estimates { share: tidy(share), factor, longest_seconds: longest, ..Estimates::default() }
            }
            None => Estimates::default(),
        },
        classes: classes.iter().map(|one| one.class.clone()).collect(),
        ..Options::default()
    };
    let table = toml::Table::try_from(&options).expect("options are tables of numbers, texts and lists");
    let generated = generate::generate("poisson", table, seed).map_err(Box::new)?;
    let comparisons = compare::compare(workload, &generated, how.epoch_seconds, options.arrivals.first_hour);
    let report = FitReport::new(workload, &generated, &fitted, &classes, left_out, &comparisons, seed);
    Ok(Fit { options, report, comparisons })
}

/// How many submit, and how unevenly: the most likely skew when tenant k submits as often as 1 / k^skew, ranked by how
/// many jobs they have.
fn tenants(workload: &Workload) -> Tenants {
    let mut counts = std::collections::BTreeMap::<u32, f64>::new();
    workload.jobs().for_each(|job| *counts.entry(workload.tenant(job).0).or_default() += 1.0);
    let mut counts: Vec<f64> = counts.into_values().collect();
    counts.sort_by(|one, other| other.total_cmp(one));
    Tenants { count: counts.len() as u32, skew: tidy(skew(&counts)) }
}

/// The skew at which the mean logarithm of the rank is that of the counts, which fall from rank to rank.
fn skew(counts: &[f64]) -> f64 {
    let total: f64 = counts.iter().sum();
    let logs: Vec<f64> = (1..=counts.len()).map(|rank| libm::log(rank as f64)).collect();
    let found = counts.iter().zip(&logs).map(|(count, log)| count * log).sum::<f64>() / total;
    let expected = |skew: f64| {
        let of = |&log: &f64| (libm::exp(-skew * log), log);
        let sums =
            logs.iter().map(of).fold((0.0, 0.0), |sum, (weight, log)| (sum.0 + weight, sum.1 + weight * log));
        sums.1 / sums.0
    };
    let (mut low, mut high) = (0.0, 10.0);
    for _ in 0..50 {
        let middle = (low + high) / 2.0;
        // The expectation falls as the skew rises.
        if expected(middle) > found { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

/// A sample as a distribution that gives the same numbers: each of a few values by its count, or quantiles of many.
pub fn table(sample: &Sample) -> Distribution {
    let values = sample.values();
    if values.len() == 1 {
        return Distribution::Constant(values[0].0);
    }
    if values.len() <= MOST_VALUES {
        return Distribution::Weighted(values.iter().map(|&(value, times)| (tidy(value), times)).collect());
    }
    // Every hundredth, and finer towards the end, where most of the work is.
    let mut shares: Vec<f64> = (0..99).map(|index| f64::from(index) / 100.0).collect();
    shares.extend([0.99, 0.995, 0.998, 0.999, 0.9995, 1.0]);
    shares.insert(99, 0.985);
    shares.sort_by(f64::total_cmp);
    shares.dedup();
    let quantiles = sample.quantiles(&shares);
    Distribution::Quantiles(shares.into_iter().zip(quantiles.into_iter().map(tidy)).collect())
}

/// Six digits: more would say that a fit is better than it is.
pub(crate) fn tidy(number: f64) -> f64 {
    format!("{number:.5e}").parse().expect("a number that was just written")
}

/// With parameters of six digits.
fn tidied(distribution: &Distribution) -> Distribution {
    match distribution {
        Distribution::Exponential { mean } => Distribution::Exponential { mean: tidy(*mean) },
        Distribution::Lognormal { median, sigma } => {
            Distribution::Lognormal { median: tidy(*median), sigma: tidy(*sigma) }
        }
        Distribution::Gamma { shape, scale } => {
            Distribution::Gamma { shape: tidy(*shape), scale: tidy(*scale) }
        }
        Distribution::Weibull { shape, scale } => {
            Distribution::Weibull { shape: tidy(*shape), scale: tidy(*scale) }
        }
        Distribution::HyperExponential(phases) => Distribution::HyperExponential(
            phases.iter().map(|&(mean, weight)| (tidy(mean), tidy(weight))).collect(),
        ),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::generate;
    use sim::workload::WorkloadBuilder;

    #[test]
    fn the_skew_of_tenants_is_recovered() {
        let counts: Vec<f64> = (1..=200).map(|rank| 1e6 * f64::from(rank).powf(-1.3)).collect();
        assert!((skew(&counts) - 1.3).abs() < 1e-6);
        assert!(skew(&[5.0, 5.0, 5.0]).abs() < 1e-6 && skew(&[5.0]).is_finite());
    }

    #[test]
    fn tables_give_what_was_seen() {
        let few = Sample::new([1.0, 2.0, 2.0]).expect("numbers");
        assert_eq!(table(&few), Distribution::Weighted(vec![(1.0, 1.0), (2.0, 2.0)]));
        let many = Sample::new((0..=10_000).map(f64::from)).expect("numbers");
        let quantiles = table(&many);
        quantiles.check("x", 0.0, 1e9).expect("allowed");
        assert!(
            (quantiles.mean() - 5000.0).abs() < 5.0 && (quantiles.share_up_to(2500.0) - 0.25).abs() < 1e-3
        );
        assert_eq!((tidy(1234.5678), tidy(0.0), tidy(-1e-9)), (1234.57, 0.0, -1e-9));
    }

    #[test]
    fn a_fit_of_what_it_generated_is_near() {
        let options = r#"
            jobs = 10000
            tenants = { count = 20, skew = 1 }
            estimates = { share = 1, factor = { uniform = { low = 1, high = 5 } } }
            arrivals = { per_hour = 30, hourly = [1,1,1,1,1,1,2,3,4,4,4,4,4,4,4,4,4,3,2,1,1,1,1,1] }
            [[classes]]
            share = 2
            run_seconds = { lognormal = { median = 600, sigma = 1.5 } }
            [[classes]]
            cpu_milli = { weighted = [[4000, 1], [8000, 1]] }
            run_seconds = { weibull = { shape = 0.7, scale = 3600 } }
        "#;
        let workload =
            generate("poisson", toml::from_str(options).expect("TOML"), Seed(5)).expect("possible");
        let found = fit(&workload, FitOptions::default(), Seed(6)).expect("fitted");
        let bound = distance_at_5_percent(1e4, 1e4);
        for one in &found.comparisons {
            assert!(one.distance() < 1.5 * bound, "{}: {} of {bound}", one.name, one.distance());
        }
        assert_eq!(found.comparisons.len(), 5, "there are no GPUs");
        assert_eq!(found.options.tenants.count, 20);
        assert!((found.options.tenants.skew - 1.0).abs() < 0.05);
        let (trace, generated) = (found.report.trace, found.report.generated);
        assert!((generated.cores_mean / trace.cores_mean - 1.0).abs() < 0.1, "{trace:?} {generated:?}");
        // The options can be read again, as part of an experiment.
        let text = found.experiment();
        let table: toml::Table = toml::from_str(&text).expect("TOML");
        let mut source = table["workloads"]["fitted"]["source"].as_table().expect("a table").clone();
        assert_eq!(
            source.remove("generator").and_then(|name| name.as_str().map(str::to_owned)).as_deref(),
            Some("poisson")
        );
        let again = generate("poisson", source, Seed(6)).expect("possible");
        assert_eq!(again.job_count(), 10_000);
        assert!(comparison_csv(&found.comparisons).lines().count() == 5 * 201 + 1);
        let markdown = found.report.markdown();
        assert!(markdown.contains("run time") && markdown.contains("weibull"), "{markdown}");
    }

    #[test]
    fn what_says_nothing_is_refused() {
        let refused = |options: &str| {
            let workload =
                generate("poisson", toml::from_str(options).expect("TOML"), Seed(5)).expect("possible");
            fit(&workload, FitOptions::default(), Seed(6))
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default()
        };
        assert!(refused("jobs = 19").contains("19 jobs"));
        assert_eq!(refused("jobs = 20"), "");
        let mut builder = WorkloadBuilder::new();
        for _ in 0..30 {
            builder.add_task(Default::default(), Default::default()).expect("valid");
        }
        let error = fit(&builder.finish(), FitOptions::default(), Seed(0)).expect_err("no times").to_string();
        assert!(error.contains("arrival times"), "{error}");
    }
}
