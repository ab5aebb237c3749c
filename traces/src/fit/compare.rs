//! A log and what its fit generates, side by side.

use serde::Serialize;
use sim::workload::Workload;

use super::{Sample, arrivals, classes};

/// One quantity, in the log and in what was generated.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What it is.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// True when it spans several powers of ten.
    pub is_log_axis: bool,
    /// In the log.
    pub trace: Sample,
    /// In what was generated.
    pub generated: Sample,
}

impl Comparison {
    /// The distance of Kolmogorov and Smirnov between both.
    pub fn distance(&self) -> f64 {
        self.trace.distance(&self.generated)
    }
}

/// What the work comes to, and how unevenly it comes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Load {
    /// Cores asked for on the mean, were there room for everything: cores times run time over the span.
    pub cores_mean: f64,
    /// GPUs, likewise.
    pub gpus_mean: f64,
    /// Variance over squared mean of the gaps between jobs; 1 for a Poisson process of even rate.
    pub gap_variation: f64,
    /// Variance over mean of the jobs per hour; 1 for a Poisson process of even rate.
    pub hourly_dispersion: f64,
}

impl Load {
    /// Of one workload; tasks that did not run to their end are left out.
    pub fn of(workload: &Workload) -> Self {
        let span = workload.last_submit().seconds().max(1e-6);
        let (mut cores, mut gpus) = (0.0, 0.0);
        for task in workload.tasks().filter(|&task| classes::has_run(workload, task)) {
            let (demand, seconds) = (workload.demand(task), workload.work(task).seconds());
            cores += seconds * f64::from(demand.cpu_milli) / 1000.0;
            gpus += seconds * gpus_of(workload, task);
        }
        let mut per_hour = vec![0.0; (span / 3600.0) as usize + 1];
        workload
            .jobs()
            .for_each(|job| per_hour[(workload.job_submit(job).seconds() / 3600.0) as usize] += 1.0);
        // The last hour is not whole.
        let whole = if per_hour.len() > 1 { per_hour.len() - 1 } else { 1 };
        let counts = Sample::new(per_hour[..whole].iter().copied());
        Self {
            cores_mean: cores / span,
            gpus_mean: gpus / span,
            gap_variation: Sample::new(gaps(workload)).map_or(0.0, |sample| sample.variation()),
            hourly_dispersion: counts.map_or(0.0, |sample| sample.variation() * sample.mean()),
        }
    }
}

fn gpus_of(workload: &Workload, task: sim::kernel::ids::TaskId) -> f64 {
    let each =
        |gpus: &sim::workload::DeviceDemand| f64::from(gpus.count) * f64::from(gpus.milli_each) / 1000.0;
    classes::gpus(workload.demand(task).devices.as_ref()).map_or(0.0, each)
}

fn gaps(workload: &Workload) -> Vec<f64> {
    let times: Vec<f64> = workload.jobs().map(|job| workload.job_submit(job).seconds()).collect();
    times.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// Gaps, sizes, run times and hours of both. What neither of them has (GPUs, memory) is left out. Clocks are seconds
/// from a midnight to the beginning.
pub(super) fn compare(
    trace: &Workload,
    generated: &Workload,
    epoch_seconds: Option<u64>,
    first_hour: f64,
) -> Vec<Comparison> {
    let per_job = |workload: &Workload, of: &dyn Fn(sim::kernel::ids::TaskId) -> f64| -> Vec<f64> {
        workload.jobs().map(|job| workload.job_tasks(job).map(of).sum()).collect()
    };
    let cores =
        |workload: &Workload| per_job(workload, &|task| f64::from(workload.demand(task).cpu_milli) / 1000.0);
    let memory =
        |workload: &Workload| per_job(workload, &|task| f64::from(workload.demand(task).memory_mib) / 1024.0);
    let gpus = |workload: &Workload| per_job(workload, &|task| gpus_of(workload, task));
    let runs = |workload: &Workload| -> Vec<f64> {
        let tasks = workload.jobs().map(|job| classes::first_task(workload, job));
        tasks
            .filter(|&task| classes::has_run(workload, task))
            .map(|task| workload.work(task).seconds())
            .collect()
    };
    let hours = |workload: &Workload, first: f64| -> Vec<f64> {
        workload.jobs().map(|job| (first + workload.job_submit(job).seconds()) % 86_400.0 / 3600.0).collect()
    };
    let first = arrivals::first_second(trace, epoch_seconds);
    let mut found = Vec::new();
    for (name, unit, is_log_axis, trace, generated) in [
        ("time between jobs", "s", true, gaps(trace), gaps(generated)),
        ("run time", "s", true, runs(trace), runs(generated)),
        ("cores of a job", "1", true, cores(trace), cores(generated)),
        ("memory of a job", "GiB", true, memory(trace), memory(generated)),
        ("GPUs of a job", "1", false, gpus(trace), gpus(generated)),
        ("hour of the day", "h", false, hours(trace, first), hours(generated, first_hour * 3600.0)),
    ] {
        let is_nothing = |numbers: &[f64]| numbers.iter().all(|&number| number == 0.0);
        if is_nothing(&trace) && is_nothing(&generated) {
            continue;
        }
        if let (Some(trace), Some(generated)) = (Sample::new(trace), Sample::new(generated)) {
            found.push(Comparison { name, unit, is_log_axis, trace, generated });
        }
    }
    found
}

/// The comparisons as a table: 201 shares of each quantity and the values below which they lie.
pub fn comparison_csv(comparisons: &[Comparison]) -> String {
    let shares: Vec<f64> = (0..=200).map(|index| f64::from(index) / 200.0).collect();
    let mut text = String::from("quantity,unit,share,trace,generated\n");
    for one in comparisons {
        let (trace, generated) = (one.trace.quantiles(&shares), one.generated.quantiles(&shares));
        for ((share, trace), generated) in shares.iter().zip(trace).zip(generated) {
            text.push_str(&format!("{},{},{share},{trace},{generated}\n", one.name, one.unit));
        }
    }
    text
}
