//! What an experiment will take, before it is run.
//!
//! Nothing is guessed where it can be tried: the workload of the first run of each scenario and scheduler is really
//! made, and the beginning of that run is really played. What a run takes is then taken in proportion to the tasks
//! that were decided about. Clusters are emptier and queues shorter at the beginning than later, so that a long run
//! on a crowded cluster takes longer than foretold; the text [`Forecast::method`] says so to whoever reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use environment::foresight;
use policies::Policy;
use policies::episode::{Counts, run_until};
use results::Store;
use serde::Serialize;
use sim::engine::Engine;
use sim::event::{Event, EventKind};
use sim::kernel::rng::Seed;
use sim::metrics::MetricSet;
use sim::observe::{EventDigest, Observer};
use sim::view::ClusterView;

use crate::assets::{Assets, is_of_seed};
use crate::error::RunError;
use crate::experiment::Options;
use crate::plan::{Plan, Run};
use crate::selection::select;
use crate::series::SeriesSampler;

/// A sample ends after so many decisions, or so much time.
const SAMPLE_DECISIONS: u64 = 5000;
const SAMPLE_TIME: Duration = Duration::from_millis(250);
/// How often a sample looks at the clock.
const LOOK_DECISIONS: u64 = 100;

/// What an experiment will take.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Forecast {
    /// Its name.
    pub experiment: String,
    /// How many scenarios there are.
    pub scenarios: usize,
    /// How many schedulers.
    pub schedulers: usize,
    /// How many seeds.
    pub seeds: usize,
    /// Runs of the whole plan.
    pub runs: usize,
    /// Those that are wanted now.
    pub wanted: usize,
    /// Of these, those that are finished in the folder.
    pub finished: usize,
    /// Of these, those that would be run.
    pub left: usize,
    /// On how many threads.
    pub threads: usize,
    /// Seconds of all threads together.
    pub cpu_seconds: f64,
    /// Seconds from the beginning to the end, when the threads have a core each.
    pub wall_seconds: f64,
    /// The most bytes that are allocated at once; nothing where memory is not counted.
    pub peak_memory_bytes: Option<u64>,
    /// How the estimate was made, in words.
    pub method: String,
    /// What is scheduled.
    pub workloads: Vec<WorkloadForecast>,
    /// Who schedules what.
    pub parts: Vec<PartForecast>,
}

/// A workload, as it was made for the first run that needs it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorkloadForecast {
    /// Its name.
    pub workload: String,
    /// The seed of that run.
    pub seed: u64,
    /// How many tasks it has.
    pub tasks: usize,
    /// How many jobs.
    pub jobs: usize,
    /// Seconds to import or make it.
    pub prepare_seconds: f64,
    /// How often that is done: once, or once for each seed.
    pub prepared: usize,
    /// What it takes in memory, its cluster included; nothing where memory is not counted.
    pub memory_bytes: Option<u64>,
    /// The most that was allocated while it was made.
    pub peak_bytes: Option<u64>,
}

/// A scenario with a scheduler.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartForecast {
    /// The scenario.
    pub scenario: String,
    /// The scheduler.
    pub scheduler: String,
    /// How many runs are wanted.
    pub wanted: usize,
    /// How many of them would be run.
    pub left: usize,
    /// Tasks of the first of them; nothing when none is left.
    pub tasks: Option<usize>,
    /// Hosts of the cluster.
    pub hosts: Option<usize>,
    /// Decisions that were played to find out.
    pub sampled_decisions: u64,
    /// Seconds of one run.
    pub run_seconds: Option<f64>,
    /// What one run takes in memory beside its workload and cluster.
    pub memory_bytes: Option<u64>,
}

/// Foretells what `experiment::run` with these options would do. Nothing is written.
///
/// # Errors
/// When a pattern fits no run, the folder holds something else, a workload or cluster cannot be made, or a
/// scheduler cannot schedule.
pub fn forecast(plan: &Plan, folder: Option<&Path>, options: &Options) -> Result<Forecast, RunError> {
    let wanted = select(plan, &options.only)?;
    let finished = match folder.filter(|_| !options.force) {
        Some(folder) => Store::look(folder, &plan.manifest)?,
        None => BTreeSet::new(),
    };
    let left: Vec<&Run> = wanted.iter().copied().filter(|run| !finished.contains(&run.id)).collect();
    let threads = options.threads_for(left.len());
    let mut tried =
        Trial { plan, options, assets: Assets::new(plan, left.iter().copied()), workloads: BTreeMap::new() };
    let mut parts = Vec::new();
    for group in groups(&wanted) {
        parts.push(tried.part(&group, &finished)?);
    }
    let Trial { mut workloads, .. } = tried;
    for (&index, workload) in &mut workloads {
        let seeds: BTreeSet<u64> =
            left.iter().filter(|run| run.workload == index).map(|run| run.seed).collect();
        workload.prepared = if is_of_seed(&plan.workloads[index]) { seeds.len() } else { 1 };
    }
    let prepare: f64 = workloads.values().map(|one| one.prepare_seconds * one.prepared as f64).sum();
    let play: f64 = parts.iter().map(|part| part.run_seconds.unwrap_or(0.0) * part.left as f64).sum();
    let count = |of: fn(&Run) -> &str| plan.runs.iter().map(of).collect::<BTreeSet<_>>().len();
    Ok(Forecast {
        experiment: plan.manifest.experiment.clone(),
        scenarios: count(|run| &run.scenario),
        schedulers: plan.schedulers.len(),
        seeds: plan.runs.iter().map(|run| run.seed).collect::<BTreeSet<_>>().len(),
        runs: plan.runs.len(),
        wanted: wanted.len(),
        finished: wanted.len() - left.len(),
        left: left.len(),
        threads,
        cpu_seconds: prepare + play,
        wall_seconds: (prepare + play) / threads as f64,
        peak_memory_bytes: options.meter.map(|_| peak_memory(plan, &workloads, &parts, threads)),
        method: method(),
        workloads: workloads.into_values().collect(),
        parts,
    })
}

fn method() -> String {
    format!(
        "each workload was made once, and of each scenario and scheduler the first run that is left was played for up \
         to {SAMPLE_DECISIONS} decisions or {} ms; the rest is taken in proportion to the tasks, so that runs on \
         clusters that fill up or queues that grow later take longer; memory was counted by the allocator, without what \
         other threads of a reader allocate",
        SAMPLE_TIME.as_millis()
    )
}

/// Runs of one scenario with one scheduler, in plan order.
fn groups<'p>(runs: &[&'p Run]) -> Vec<Vec<&'p Run>> {
    let mut groups: Vec<Vec<&Run>> = Vec::new();
    for &run in runs {
        match groups.last_mut() {
            Some(group) if (&group[0].scenario, group[0].scheduler) == (&run.scenario, run.scheduler) => {
                group.push(run);
            }
            _ => groups.push(vec![run]),
        }
    }
    groups
}

/// Workloads that are shared by all seeds stay; of those that are not, each thread has one; and each thread has a
/// run. While the largest workload is made, it may take more than afterwards.
fn peak_memory(
    plan: &Plan,
    workloads: &BTreeMap<usize, WorkloadForecast>,
    parts: &[PartForecast],
    threads: usize,
) -> u64 {
    let bytes = |one: &WorkloadForecast| one.memory_bytes.unwrap_or(0);
    let (of_seed, shared): (Vec<_>, Vec<_>) =
        workloads.iter().partition(|&(&index, _)| is_of_seed(&plan.workloads[index]));
    let shared: u64 = shared.into_iter().map(|(_, one)| bytes(one)).sum();
    let of_seed = of_seed.into_iter().map(|(_, one)| bytes(one)).max().unwrap_or(0);
    let run = parts.iter().filter_map(|part| part.memory_bytes).max().unwrap_or(0);
    let making = workloads.values().filter_map(|one| one.peak_bytes).max().unwrap_or(0);
    shared + (threads as u64 * (of_seed + run)).max(making)
}

struct Trial<'a> {
    plan: &'a Plan,
    options: &'a Options,
    assets: Assets<'a>,
    workloads: BTreeMap<usize, WorkloadForecast>,
}

impl Trial<'_> {
    fn part(&mut self, group: &[&Run], finished: &BTreeSet<String>) -> Result<PartForecast, RunError> {
        let left: Vec<&&Run> = group.iter().filter(|run| !finished.contains(&run.id)).collect();
        let mut part = PartForecast {
            scenario: group[0].scenario.clone(),
            scheduler: group[0].scheduler_name.clone(),
            wanted: group.len(),
            left: left.len(),
            tasks: None,
            hosts: None,
            sampled_decisions: 0,
            run_seconds: None,
            memory_bytes: None,
        };
        let Some(run) = left.first() else { return Ok(part) };
        self.prepare(run)?;
        self.sample(run, &mut part)?;
        Ok(part)
    }

    fn prepare(&mut self, run: &Run) -> Result<(), RunError> {
        let before = self.options.meter.map(|meter| (meter, meter.begin()));
        let begin = Instant::now();
        let workload = self.assets.workload(run)?;
        self.assets.topology(run)?;
        let made = WorkloadForecast {
            workload: self.plan.workloads[run.workload].name.clone(),
            seed: run.seed,
            tasks: workload.task_count(),
            jobs: workload.job_count(),
            prepare_seconds: begin.elapsed().as_secs_f64(),
            prepared: 0,
            memory_bytes: before.map(|(meter, before)| meter.kept_since(before)),
            peak_bytes: before.map(|(meter, before)| meter.peak_since(before)),
        };
        self.workloads.entry(run.workload).or_insert(made);
        Ok(())
    }

    /// Plays the beginning of a run.
    fn sample(&self, run: &Run, part: &mut PartForecast) -> Result<(), RunError> {
        let policy_error = |source| RunError::Policy { run: run.title(), source: Box::new(source) };
        let (workload, topology) = (self.assets.workload(run)?, self.assets.topology(run)?);
        let tasks = workload.task_count();
        part.tasks = Some(tasks);
        part.hosts = Some(topology.host_count());
        let before = self.options.meter.map(|meter| (meter, meter.begin()));
        let begin = Instant::now();
        let mut scheduler =
            foresight::scheduler(&self.plan.schedulers[run.scheduler], run.backfilling, &workload)
                .map_err(policy_error)?;
        scheduler.check(&workload, &topology).map_err(policy_error)?;
        scheduler.reset(Seed(run.seed));
        let rules = self.assets.rules(run, &topology)?;
        let around = self.assets.around(run, &workload)?;
        let mut engine = Engine::new(topology, workload, rules);
        if let Some(around) = around {
            engine = engine.with_surroundings(around.surroundings);
        }
        let mut observers = (
            (MetricSet::over(run.window, engine.view()), EventDigest::new()),
            (SeriesSampler::new(self.plan.series_points, engine.view()), Decided::default()),
        );
        let mut counts = Counts::default();
        let mut goes_on = true;
        while goes_on && counts.decisions < SAMPLE_DECISIONS && begin.elapsed() < SAMPLE_TIME {
            let until = counts.decisions + LOOK_DECISIONS;
            goes_on = run_until(&mut engine, &mut scheduler, &mut observers, &mut counts, until)
                .map_err(|source| RunError::Episode { run: run.title(), source: Box::new(source) })?;
        }
        let seconds = begin.elapsed().as_secs_f64();
        let decided = observers.1.1.0.min(engine.view().submitted_count() as u64).max(1);
        let share = if goes_on { (decided as f64 / tasks.max(1) as f64).min(1.0) } else { 1.0 };
        part.sampled_decisions = counts.decisions;
        part.run_seconds = Some(seconds / share);
        part.memory_bytes = before.map(|(meter, before)| meter.peak_since(before));
        Ok(())
    }
}

/// How many tasks were started or turned away.
#[derive(Default)]
struct Decided(u64);

impl Observer for Decided {
    fn on_event(&mut self, event: &Event, _: ClusterView<'_>) {
        let is_decision =
            matches!(event.kind, EventKind::TaskStarted { .. } | EventKind::TaskRejected { .. });
        self.0 += u64::from(is_decision);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::experiment;

    const TEXT: &str = r#"
        name = "x"
        seeds = [1, 2, 3]
        series_points = 20
        [clusters.c]
        named = "edge_site"
        [workloads.day]
        source = { generator = "bench_cluster", tasks = 300 }
        [schedulers.first_fit]
        [schedulers.best_fit]
        place = "best_fit"
        [[scenarios]]
        name = "s"
        cluster = "c"
        workload = "day"
    "#;

    #[test]
    fn a_forecast_counts_what_is_left_and_writes_nothing() {
        let config = Config::parse("x.toml", TEXT).expect("valid");
        let plan = Plan::new(&config, None, "x").expect("nothing is missing");
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("out");
        let look = |only: &[&str]| {
            let only = only.iter().map(|&pattern| pattern.to_owned()).collect();
            forecast(&plan, Some(&out), &Options { only, ..Options::default() }).expect("possible")
        };
        let all = look(&[]);
        assert_eq!((all.scenarios, all.schedulers, all.seeds, all.runs), (1, 2, 3, 6));
        assert_eq!((all.wanted, all.finished, all.left), (6, 0, 6));
        assert_eq!((all.parts[0].tasks, all.parts[0].hosts), (Some(300), Some(16)));
        assert_eq!((all.workloads[0].tasks, all.workloads[0].prepared), (300, 3));
        assert!(all.cpu_seconds > 0.0 && all.peak_memory_bytes.is_none());
        assert!(!out.exists());

        let only = vec!["s:best_fit".to_owned(), "seed=2".to_owned()];
        let options = Options { only, ..Options::default() };
        let results = experiment::run(&plan, &out, &options, &()).expect("possible");
        assert!(!results.is_complete());
        let rest = look(&[]);
        assert_eq!((rest.wanted, rest.finished, rest.left), (6, 1, 5));
        let none = look(&["s:best_fit", "seed=2"]);
        assert_eq!((none.wanted, none.left, none.parts[0].run_seconds), (1, 0, None));
    }
}
