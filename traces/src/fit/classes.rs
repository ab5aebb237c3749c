//! What jobs are of: classes by size, and for each class its sizes and run times.

use std::collections::BTreeMap;

use sim::kernel::ids::{JobId, TaskId};
use sim::resources::{DeviceClass, WHOLE_DEVICE};
use sim::workload::{DeviceDemand, Workload};

use super::likelihood::{Candidate, FAMILIES, candidates};
use super::{FitError, LeftOut, RunTimes, Sample, table, tidied};
use crate::distribution::Distribution;
use crate::generate::poisson::Class;

/// Smaller classes are put together with their neighbours: fewer jobs say little of a distribution.
const LEAST_JOBS: usize = 50;
/// Logs count in seconds: a job of 0 s ran for less than one.
const SHORTEST_SECONDS: f64 = 0.5;

/// A class and what was tried for it.
#[derive(Clone, Debug)]
pub(super) struct FittedClass {
    pub(super) class: Class,
    pub(super) jobs: usize,
    /// The families that were tried for run times, the best one first; none of them is the chosen one when quantiles
    /// are.
    pub(super) candidates: Vec<Candidate>,
}

/// Classes in order of size: those without GPUs by cores, then those with GPUs by how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Size {
    /// Up to 2^n cores, and more than half of that.
    Cores(u8),
    /// A part of one.
    SharedGpu,
    /// So many.
    Gpus(u8),
}

impl Size {
    fn of(workload: &Workload, task: TaskId) -> Self {
        let demand = workload.demand(task);
        match gpus(demand.devices.as_ref()) {
            None => {
                let cores = u64::from(demand.cpu_milli).div_ceil(1000).max(1);
                Self::Cores(cores.next_power_of_two().trailing_zeros() as u8)
            }
            Some(gpus) if gpus.milli_each < WHOLE_DEVICE => Self::SharedGpu,
            Some(gpus) => Self::Gpus(gpus.count),
        }
    }

    fn is_with_gpus(self) -> bool {
        !matches!(self, Self::Cores(_))
    }
}

/// The GPUs that are asked for; other devices are not generated.
pub(super) fn gpus(devices: Option<&DeviceDemand>) -> Option<&DeviceDemand> {
    devices.filter(|devices| devices.class == DeviceClass::Gpu)
}

/// True when a task ran to its end, so that its run time is known.
pub(super) fn has_run(workload: &Workload, task: TaskId) -> bool {
    workload.patience(task).is_none() && !workload.is_censored(task)
}

/// The first task of a job, which speaks for all of them.
pub(super) fn first_task(workload: &Workload, job: JobId) -> TaskId {
    workload.job_tasks(job).next().expect("a job has tasks")
}

pub(super) fn fit(
    workload: &Workload,
    run_times: RunTimes,
    left_out: &mut LeftOut,
) -> Result<Vec<FittedClass>, FitError> {
    let mut by_size: BTreeMap<Size, Vec<JobId>> = BTreeMap::new();
    for job in workload.jobs() {
        let task = first_task(workload, job);
        left_out.look_at(workload, job, task);
        by_size.entry(Size::of(workload, task)).or_default().push(job);
    }
    let whole_log = lives(workload, workload.jobs());
    let Some(whole_log) = Sample::new(whole_log) else { return Err(FitError::NoRunTimes) };
    let mut classes = Vec::new();
    for (from, to, jobs) in merged(by_size) {
        // A class of which nothing ran to its end runs as all others do.
        let own = Sample::new(lives(workload, jobs.iter().copied()));
        classes.push(class(workload, (from, to), &jobs, own.as_ref().unwrap_or(&whole_log), run_times));
    }
    Ok(classes)
}

fn lives(workload: &Workload, jobs: impl Iterator<Item = JobId>) -> Vec<f64> {
    let tasks = jobs.map(|job| first_task(workload, job)).filter(|&task| has_run(workload, task));
    tasks.map(|task| workload.work(task).seconds().max(SHORTEST_SECONDS)).collect()
}

/// Puts small classes together with the next larger one of the same sort, and what is left with the one before.
fn merged(by_size: BTreeMap<Size, Vec<JobId>>) -> Vec<(Size, Size, Vec<JobId>)> {
    let mut classes: Vec<(Size, Size, Vec<JobId>)> = Vec::new();
    for (size, jobs) in by_size {
        match classes.last_mut() {
            Some((from, to, small))
                if small.len() < LEAST_JOBS && from.is_with_gpus() == size.is_with_gpus() =>
            {
                *to = size;
                small.extend(jobs);
            }
            _ => classes.push((size, size, jobs)),
        }
    }
    let mut index = classes.len();
    while index > 1 {
        index -= 1;
        let is_small = classes[index].2.len() < LEAST_JOBS;
        if is_small && classes[index].0.is_with_gpus() == classes[index - 1].0.is_with_gpus() {
            let (_, to, jobs) = classes.remove(index);
            classes[index - 1].1 = to;
            classes[index - 1].2.extend(jobs);
        }
    }
    classes
}

fn name(from: Size, to: Size) -> String {
    let gpus = |count: u8| if count == 1 { "1 GPU".to_owned() } else { format!("{count} GPUs") };
    match (from, to) {
        (Size::Cores(from), Size::Cores(to)) => {
            let (most, least) = (1_u64 << to, (1_u64 << from) / 2 + 1);
            let least = if from == 0 { 1 } else { least };
            match most {
                1 => "up to 1 core".to_owned(),
                _ if least == most => format!("{most} cores"),
                _ if from == 0 => format!("up to {most} cores"),
                _ => format!("{least} to {most} cores"),
            }
        }
        (Size::SharedGpu, Size::SharedGpu) => "part of a GPU".to_owned(),
        (Size::SharedGpu, Size::Gpus(to)) => format!("part of a GPU to {}", gpus(to)),
        (Size::Gpus(from), Size::Gpus(to)) if from == to => gpus(to),
        (Size::Gpus(from), Size::Gpus(to)) => format!("{from} to {}", gpus(to)),
        _ => unreachable!("classes with and without GPUs are not put together"),
    }
}

fn class(
    workload: &Workload,
    (from, to): (Size, Size),
    jobs: &[JobId],
    run_seconds: &Sample,
    run_times: RunTimes,
) -> FittedClass {
    let tasks = || jobs.iter().map(|&job| first_task(workload, job));
    let demands = || tasks().map(|task| workload.demand(task));
    let numbers = |numbers: Vec<f64>| Sample::new(numbers).map(|sample| table(&sample));
    let of_gpus = || demands().filter_map(|demand| gpus(demand.devices.as_ref()));
    let per_core = |memory: u32, cpu: u32| f64::from(memory) * 1000.0 / f64::from(cpu.max(1));
    let base = Class::default();
    let found = candidates(run_seconds, &FAMILIES);
    let distribution = match (run_times, found.first()) {
        (RunTimes::Family, Some(best)) => tidied(&best.distribution),
        _ => table(run_seconds),
    };
    let several = || jobs.iter().filter(|&&job| workload.job_tasks(job).len() > 1);
    let gangs = several().filter(|&&job| workload.is_gang(job)).count();
    let class = Class {
        name: name(from, to),
        share: jobs.len() as f64,
        tasks: numbers(jobs.iter().map(|&job| workload.job_tasks(job).len() as f64).collect())
            .unwrap_or(base.tasks),
        gang: 2 * gangs > several().count(),
        cpu_milli: numbers(demands().map(|demand| f64::from(demand.cpu_milli.max(1))).collect())
            .unwrap_or(base.cpu_milli),
        memory_mib_per_core: numbers(
            demands().map(|demand| per_core(demand.memory_mib, demand.cpu_milli)).collect(),
        )
        .unwrap_or(base.memory_mib_per_core),
        gpu_count: numbers(
            demands()
                .map(|demand| gpus(demand.devices.as_ref()).map_or(0.0, |gpus| f64::from(gpus.count)))
                .collect(),
        )
        .unwrap_or(base.gpu_count),
        gpu_milli: numbers(
            of_gpus().filter(|gpus| gpus.count == 1).map(|gpus| f64::from(gpus.milli_each)).collect(),
        )
        .unwrap_or(base.gpu_milli),
        gpu_kinds: counted(of_gpus().map(|gpus| gpus.kinds.clone())),
        priorities: counted(demands().map(|demand| demand.priority)),
        run_seconds: distribution,
        shortest_seconds: run_seconds.least(),
        longest_seconds: run_seconds.most(),
        cpu_use: None,
    };
    // A set of kinds that is always empty need not be said.
    let says_kinds = class.gpu_kinds.iter().any(|(kinds, _)| !kinds.is_empty());
    let gpu_kinds = if says_kinds { class.gpu_kinds } else { Vec::new() };
    FittedClass { class: Class { gpu_kinds, ..class }, jobs: jobs.len(), candidates: found }
}

/// Each distinct thing with how often it comes.
fn counted<T: Ord>(things: impl Iterator<Item = T>) -> Vec<(T, f64)> {
    let mut counts: BTreeMap<T, f64> = BTreeMap::new();
    things.for_each(|thing| *counts.entry(thing).or_default() += 1.0);
    counts.into_iter().collect()
}

/// The declared run times, as factors of the actual ones: the share of jobs that have one, the factors, the longest.
pub(super) fn estimates(workload: &Workload) -> (f64, Option<Distribution>, f64) {
    let declared = || workload.tasks().filter_map(|task| Some((task, workload.estimate(task)?)));
    let share = declared().count() as f64 / workload.task_count() as f64;
    let longest = declared().map(|(_, estimate)| estimate.seconds()).fold(0.0, f64::max);
    let known = declared().filter(|&(task, _)| has_run(workload, task));
    let factors = known
        .map(|(task, estimate)| estimate.seconds() / workload.work(task).seconds().max(SHORTEST_SECONDS));
    (share, Sample::new(factors).map(|sample| table(&sample)), longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::generate;
    use sim::kernel::rng::Seed;

    #[test]
    fn classes_are_named_for_their_sizes() {
        let names = [
            name(Size::Cores(0), Size::Cores(0)),
            name(Size::Cores(1), Size::Cores(1)),
            name(Size::Cores(0), Size::Cores(3)),
            name(Size::Cores(3), Size::Cores(5)),
            name(Size::SharedGpu, Size::SharedGpu),
            name(Size::Gpus(1), Size::Gpus(1)),
            name(Size::Gpus(2), Size::Gpus(8)),
        ];
        let expected = [
            "up to 1 core",
            "2 cores",
            "up to 8 cores",
            "5 to 32 cores",
            "part of a GPU",
            "1 GPU",
            "2 to 8 GPUs",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn small_classes_join_their_neighbours_of_the_same_sort() {
        let jobs = |count: usize| vec![JobId(0); count];
        let sizes = |by_size: &[(Size, usize)]| {
            let by_size = by_size.iter().map(|&(size, count)| (size, jobs(count))).collect();
            merged(by_size).into_iter().map(|(from, to, jobs)| (from, to, jobs.len())).collect::<Vec<_>>()
        };
        use Size::{Cores, Gpus, SharedGpu};
        assert_eq!(
            sizes(&[
                (Cores(0), 10),
                (Cores(1), 70),
                (Cores(2), 5),
                (SharedGpu, 9),
                (Gpus(1), 60),
                (Gpus(2), 20),
                (Gpus(4), 20),
                (Gpus(8), 20)
            ]),
            [(Cores(0), Cores(2), 85), (SharedGpu, Gpus(1), 69), (Gpus(2), Gpus(8), 60)]
        );
        assert_eq!(sizes(&[(Cores(0), 3), (Gpus(1), 3)]), [(Cores(0), Cores(0), 3), (Gpus(1), Gpus(1), 3)]);
    }

    #[test]
    fn classes_of_a_generated_workload_come_back() {
        let options = r#"
            jobs = 20000
            [[classes]]
            share = 3
            run_seconds = { weibull = { shape = 0.6, scale = 900 } }
            [[classes]]
            share = 1
            cpu_milli = { weighted = [[12000, 1], [16000, 1]] }
            memory_mib_per_core = { constant = 4096 }
            gpu_count = { constant = 1 }
            gpu_milli = { weighted = [[250, 1], [500, 3]] }
            gpu_kinds = [[["A100"], 1], [[], 3]]
            run_seconds = { gamma = { shape = 3, scale = 2000 } }
        "#;
        let workload =
            generate("poisson", toml::from_str(options).expect("TOML"), Seed(2)).expect("possible");
        let classes = fit(&workload, RunTimes::Family, &mut LeftOut::default()).expect("fitted");
        assert_eq!(classes.len(), 2);
        assert!((classes[0].class.share / 15_000.0 - 1.0).abs() < 0.02);
        assert_eq!(classes[0].class.cpu_milli, Distribution::Constant(1000.0));
        let Distribution::Weibull { shape, .. } = classes[0].class.run_seconds else {
            panic!("{:?}", classes[0])
        };
        assert!((shape - 0.6).abs() < 0.015, "{shape}");
        let Distribution::Gamma { shape, .. } = classes[1].class.run_seconds else {
            panic!("{:?}", classes[1])
        };
        assert!((shape - 3.0).abs() < 0.2, "{shape}");
        assert_eq!(classes[1].class.name, "part of a GPU");
        assert_eq!(classes[1].class.memory_mib_per_core, Distribution::Constant(4096.0));
        let Distribution::Weighted(milli) = &classes[1].class.gpu_milli else { panic!("{:?}", classes[1]) };
        assert!((milli[1].1 / milli[0].1 - 3.0).abs() < 0.3 && milli[0].0 == 250.0, "{milli:?}");
        assert_eq!(classes[1].class.gpu_kinds.len(), 2);
    }
}
