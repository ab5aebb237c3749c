//! A fit in words and numbers.

use serde::Serialize;
use sim::kernel::rng::Seed;
use sim::workload::Workload;

use super::arrivals::FittedArrivals;
use super::classes::FittedClass;
use super::compare::{Comparison, Load};
use super::likelihood::Candidate;
use super::sample::distance_at_5_percent;
use super::{LeftOut, tidied};
use crate::distribution::Distribution;

/// A family that was tried.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CandidateReport {
    /// With its parameters.
    pub distribution: Distribution,
    /// How many parameters were fitted.
    pub parameters: usize,
    /// Of all numbers.
    pub log_likelihood: f64,
    /// Akaike's information criterion; lower is better.
    pub aic: f64,
    /// The distance of Kolmogorov and Smirnov from the numbers.
    pub distance: f64,
}

/// A class and what was tried for its run times.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassReport {
    /// By size.
    pub name: String,
    /// How many jobs it has.
    pub jobs: usize,
    /// The word of the distribution that its options state.
    pub chosen: &'static str,
    /// The best one first.
    pub candidates: Vec<CandidateReport>,
}

/// One quantity in the log and in what was generated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QuantityReport {
    /// What it is.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// The distance of Kolmogorov and Smirnov between both.
    pub distance: f64,
    /// What two samples of one distribution exceed in 5 of 100 cases.
    pub distance_at_5_percent: f64,
    /// Mean in the log.
    pub trace_mean: f64,
    /// Mean in what was generated.
    pub generated_mean: f64,
}

/// How options came about, and how far what they make is from the log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FitReport {
    /// Jobs of the log, and of what was generated to compare.
    pub jobs: usize,
    /// The seed with which it was generated.
    pub seed: u64,
    /// From the first job to the last, in the log.
    pub trace_span_seconds: f64,
    /// From the first job to the last, in what was generated.
    pub generated_span_seconds: f64,
    /// What the fit does not tell.
    pub left_out: LeftOut,
    /// False when the log is too short to weigh hours.
    pub has_hourly: bool,
    /// False when the log is too short to weigh days.
    pub has_daily: bool,
    /// What was tried for gaps, the chosen one first.
    pub gaps: Vec<CandidateReport>,
    /// By size.
    pub classes: Vec<ClassReport>,
    /// How far both are from each other.
    pub quantities: Vec<QuantityReport>,
    /// The load of the log.
    pub trace: Load,
    /// The load of what was generated.
    pub generated: Load,
}

impl FitReport {
    pub(super) fn new(
        workload: &Workload,
        generated: &Workload,
        arrivals: &FittedArrivals,
        classes: &[FittedClass],
        left_out: LeftOut,
        comparisons: &[Comparison],
        seed: Seed,
    ) -> Self {
        Self {
            jobs: workload.job_count(),
            seed: seed.0,
            trace_span_seconds: workload.last_submit().seconds(),
            generated_span_seconds: generated.last_submit().seconds(),
            left_out,
            has_hourly: arrivals.has_hourly,
            has_daily: arrivals.has_daily,
            gaps: reports(&arrivals.candidates),
            classes: classes.iter().map(class).collect(),
            quantities: comparisons.iter().map(quantity).collect(),
            trace: Load::of(workload),
            generated: Load::of(generated),
        }
    }

    /// For people.
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "# A fit of {} jobs\n\nGenerated with seed {} to compare: as many jobs over {:.2} days; the log has {:.2} days.\n",
            self.jobs,
            self.seed,
            self.generated_span_seconds / 86_400.0,
            self.trace_span_seconds / 86_400.0
        );
        text.push_str("\n| Quantity | distance | at 5 % | mean of the log | mean generated |\n| --- | --- | --- | --- | --- |\n");
        for one in &self.quantities {
            let unit = if one.unit == "1" { String::new() } else { format!(" ({})", one.unit) };
            text.push_str(&format!(
                "| {}{unit} | {:.4} | {:.4} | {} | {} |\n",
                one.name,
                one.distance,
                one.distance_at_5_percent,
                short(one.trace_mean),
                short(one.generated_mean)
            ));
        }
        text.push_str("\nThe distance is that of Kolmogorov and Smirnov: the largest difference between the shares up to any value. Two samples of one distribution exceed the next column in 5 of 100 cases.\n");
        text.push_str("\n| Load | log | generated |\n| --- | --- | --- |\n");
        for (name, trace, generated) in [
            ("cores asked for on the mean", self.trace.cores_mean, self.generated.cores_mean),
            ("GPUs asked for on the mean", self.trace.gpus_mean, self.generated.gpus_mean),
            ("squared variation of gaps", self.trace.gap_variation, self.generated.gap_variation),
            ("dispersion of jobs per hour", self.trace.hourly_dispersion, self.generated.hourly_dispersion),
        ] {
            text.push_str(&format!("| {name} | {} | {} |\n", short(trace), short(generated)));
        }
        text.push_str("\n## Gaps between jobs\n\n");
        text.push_str(&table(&self.gaps, "all gaps are alike"));
        for note in [
            (!self.has_hourly).then_some("The log is shorter than two days: hours weigh alike."),
            (!self.has_daily).then_some("The log is shorter than two weeks: days weigh alike."),
        ]
        .into_iter()
        .flatten()
        {
            text.push_str(&format!("\n{note}\n"));
        }
        for one in &self.classes {
            text.push_str(&format!(
                "\n## Run times of jobs of {}: {}, {} jobs\n\n",
                one.name, one.chosen, one.jobs
            ));
            text.push_str(&table(&one.candidates, "all run times are alike"));
        }
        text.push_str("\n## What the fit does not tell\n\n");
        let LeftOut { run_times_unknown, tasks_differ, other_devices, features, usage } = self.left_out;
        for (jobs, what) in [
            (
                run_times_unknown,
                "jobs whose run times are not known: they left without running, or outlasted the log",
            ),
            (tasks_differ, "jobs whose tasks differ: their first task speaks for all"),
            (other_devices, "jobs that ask for devices other than GPUs: generated without them"),
            (features, "jobs that ask for features of hosts: generated without them"),
            (usage, "jobs that state what they use over time: generated as using what they ask for"),
        ] {
            text.push_str(&format!("* {jobs} {what}\n"));
        }
        text
    }
}

fn reports(candidates: &[Candidate]) -> Vec<CandidateReport> {
    candidates
        .iter()
        .map(|one| CandidateReport {
            distribution: tidied(&one.distribution),
            parameters: one.parameters,
            log_likelihood: one.log_likelihood,
            aic: one.aic,
            distance: one.distance,
        })
        .collect()
}

fn class(one: &FittedClass) -> ClassReport {
    ClassReport {
        name: one.class.name.clone(),
        jobs: one.jobs,
        chosen: one.class.run_seconds.name(),
        candidates: reports(&one.candidates),
    }
}

fn quantity(one: &Comparison) -> QuantityReport {
    QuantityReport {
        name: one.name,
        unit: one.unit,
        distance: one.distance(),
        distance_at_5_percent: distance_at_5_percent(one.trace.count(), one.generated.count()),
        trace_mean: one.trace.mean(),
        generated_mean: one.generated.mean(),
    }
}

fn table(candidates: &[CandidateReport], nothing: &str) -> String {
    let Some(best) = candidates.first() else { return format!("No family was tried: {nothing}.\n") };
    let mut text =
        String::from("| Family | parameters | AIC above the best | distance |\n| --- | --- | --- | --- |\n");
    for one in candidates {
        text.push_str(&format!(
            "| {} | {} | {:.1} | {:.4} |\n",
            one.distribution.name(),
            parameters(&one.distribution),
            one.aic - best.aic,
            one.distance
        ));
    }
    text
}

fn parameters(distribution: &Distribution) -> String {
    match distribution {
        Distribution::Exponential { mean } => format!("mean {}", short(*mean)),
        Distribution::Lognormal { median, sigma } => {
            format!("median {}, sigma {}", short(*median), short(*sigma))
        }
        Distribution::Gamma { shape, scale } | Distribution::Weibull { shape, scale } => {
            format!("shape {}, scale {}", short(*shape), short(*scale))
        }
        Distribution::HyperExponential(phases) => {
            let phase =
                |&(mean, weight): &(f64, f64)| format!("mean {} ({:.1} %)", short(mean), 100.0 * weight);
            phases.iter().map(phase).collect::<Vec<_>>().join(", ")
        }
        other => other.name().to_owned(),
    }
}

/// Four digits.
fn short(number: f64) -> String {
    let rounded: f64 = format!("{number:.3e}").parse().expect("a number that was just written");
    rounded.to_string()
}
