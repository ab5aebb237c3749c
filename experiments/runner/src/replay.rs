//! Validation by replay: the decisions that a trace records are repeated, and what comes out is held against the
//! trace itself.
//!
//! ```text
//!  workload --- order = "recorded" ---> engine ---> starts, and what is given out over time --+
//!     |                                                                                      +--> Fidelity
//!     `-------- (start, run, amount) of every row, summed by a sweep of its own -------------+
//! ```
//!
//! The sweep knows nothing of engines: where both agree, the simulator gives out what the trace says was given out.

mod cause;
mod cluster;
mod steps;

use std::sync::Arc;

use policies::Policy;
use policies::episode::run_episode;
use policies::policy::Choice;
use policies::scheduler::{Backfilling, Scheduler, SchedulerConfig};
use serde::Serialize;
use sim::cluster::Status;
use sim::engine::Engine;
use sim::event::Event;
use sim::kernel::ids::TaskId;
use sim::kernel::rng::Seed;
use sim::kernel::time::{SimDuration, SimTime};
use sim::observe::Observer;
use sim::rules::Rules;
use sim::topology::Topology;
use sim::view::ClusterView;
use sim::workload::Workload;

use crate::error::RunError;
use cause::{Causes, Moments};
use steps::Steps;

pub use cluster::{Amount, ReplayCluster, ReplayClusterError};

/// What is given out, and is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// Cores, or the processors of a batch pool.
    Processors,
    /// Devices of any class.
    Devices,
}

impl Resource {
    const ALL: [Self; 2] = [Self::Processors, Self::Devices];

    /// As people say it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Processors => "processors",
            Self::Devices => "devices",
        }
    }

    /// What a task asks for, in thousandths.
    fn asked_milli(self, workload: &Workload, task: TaskId) -> u64 {
        let demand = workload.demand(task);
        match (self, &demand.devices) {
            (Self::Processors, _) => demand.cpu_milli.into(),
            (Self::Devices, Some(devices)) => u64::from(devices.count) * u64::from(devices.milli_each),
            (Self::Devices, None) => 0,
        }
    }

    /// What a cluster has, in thousandths.
    fn capacity_milli(self, topology: &Topology) -> u64 {
        match self {
            Self::Processors => topology.total_capacity().0,
            Self::Devices => 1000 * topology.device_count() as u64,
        }
    }
}

/// What became of the tasks, in the trace or in the simulation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Counts {
    /// Tasks that started.
    pub started: u64,
    /// Tasks that finished.
    pub finished: u64,
    /// Tasks that were turned away.
    pub rejected: u64,
    /// Tasks that never started, and still wait at the end.
    pub left_waiting: u64,
    /// Seconds from the first submission to the last thing that happened.
    pub makespan_seconds: f64,
    /// Mean of the seconds between submission and start, over the recorded tasks that started.
    pub wait_mean_seconds: f64,
}

/// Tasks that start later than recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Late {
    /// How many.
    pub count: u64,
    /// By how much, on average over the late ones.
    pub mean_seconds: f64,
    /// By how much at most.
    pub max_seconds: f64,
    /// What held them up.
    pub causes: Causes,
}

/// Simulated minus recorded wait, over the recorded tasks that started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct WaitError {
    /// Mean.
    pub mean_seconds: f64,
    /// Median, by nearest rank.
    pub p50_seconds: f64,
    /// Ninety-ninth percentile, by nearest rank.
    pub p99_seconds: f64,
    /// Largest.
    pub max_seconds: f64,
}

/// One resource over time, simulated and as the trace's own intervals sum up.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UtilisationError {
    /// Which.
    pub resource: Resource,
    /// What the cluster has.
    pub capacity: f64,
    /// Mean share of it that the trace has in use.
    pub trace_mean: f64,
    /// Mean share of it that is given out in the simulation.
    pub simulated_mean: f64,
    /// Mean over time of the absolute difference of both shares.
    pub absolute_error_mean: f64,
    /// The largest difference of both shares that lasts for any time at all.
    pub absolute_error_max: f64,
    /// Most that the trace has in use at once.
    pub trace_peak: f64,
    /// For so many seconds the trace has more in use than the cluster has.
    pub trace_over_capacity_seconds: f64,
}

/// How faithful a replay is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fidelity {
    /// All tasks.
    pub tasks: u64,
    /// Those with a recorded start.
    pub tasks_recorded: u64,
    /// The order and the placement that replayed them.
    pub scheduler: [String; 2],
    /// Hosts of the cluster.
    pub hosts: u64,
    /// Recorded tasks that start later than recorded.
    pub late: Late,
    /// Recorded tasks that start earlier than recorded; members of gangs whose records differ wait for each other, and
    /// nobody is early.
    pub early: u64,
    /// Recorded tasks that never start.
    pub never_started: u64,
    /// How far waits are from recorded ones.
    pub wait_error: WaitError,
    /// What is given out over time, for each resource that tasks ask for.
    pub utilisation: Vec<UtilisationError>,
    /// What the trace says became of its tasks. What it does not record counts nowhere.
    pub trace: Counts,
    /// What became of them in the simulation.
    pub simulated: Counts,
    /// Why simulation and trace differ, or that they do not; a sentence each.
    pub explanation: Vec<String>,
}

/// A resource over time, for a figure: at each moment what is in use from then on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves {
    /// In the trace: seconds, and the number in use.
    pub trace: Vec<(f64, f64)>,
    /// In the simulation.
    pub simulated: Vec<(f64, f64)>,
}

/// A replay and what it is measured by.
#[derive(Clone, Debug)]
pub struct Replay {
    /// How faithful it is.
    pub fidelity: Fidelity,
    /// The resources over time, in the order of [`Fidelity::utilisation`].
    pub utilisation: Vec<Curves>,
    /// Waits in the trace of the recorded tasks that started, in seconds, rising.
    pub trace_waits: Vec<f64>,
    /// Their waits in the simulation, rising.
    pub simulated_waits: Vec<f64>,
}

/// Replays a workload on a cluster. The placement is that of `place`; without it, the recorded hosts where the cluster
/// has them, and best fit where it does not.
///
/// # Errors
/// When the workload records no starts, there is no such placement, or the scheduler breaks the rules, which is a bug.
pub fn replay(
    workload: &Arc<Workload>,
    topology: &Arc<Topology>,
    place: Option<Choice>,
) -> Result<Replay, RunError> {
    let (mut scheduler, names) = scheduler(workload, topology, place)?;
    scheduler.reset(Seed::default());
    let mut engine = Engine::new(Arc::clone(topology), Arc::clone(workload), Rules::default());
    let mut books = Books::default();
    run_episode(&mut engine, &mut scheduler, &mut books)
        .map_err(|source| RunError::Episode { run: RUN.to_owned(), source: Box::new(source) })?;
    Ok(Comparison { workload, topology, view: engine.view(), books }.replay(names))
}

const RUN: &str = "the replay";

fn scheduler(
    workload: &Workload,
    topology: &Topology,
    place: Option<Choice>,
) -> Result<(Scheduler, [String; 2]), RunError> {
    let refuse = |source| RunError::Policy { run: RUN.to_owned(), source: Box::new(source) };
    let make = |place: Choice| {
        let names = ["recorded".to_owned(), place.policy.clone()];
        let config = SchedulerConfig { order: "recorded".into(), place, ..SchedulerConfig::default() };
        let scheduler = Scheduler::new(&config, Backfilling::Skip)?;
        scheduler.check(workload, topology)?;
        Ok((scheduler, names))
    };
    match place {
        Some(place) => make(place).map_err(refuse),
        None => make("recorded".into()).or_else(|_| make("best_fit".into())).map_err(refuse),
    }
}

/// What is given out over time, as the engine's own books say.
#[derive(Debug, Default)]
struct Books([Steps; 2]);

impl Observer for Books {
    fn on_event(&mut self, event: &Event, view: ClusterView<'_>) {
        let totals = view.totals();
        self.0[0].set(event.time, totals.cpu_milli);
        self.0[1].set(event.time, totals.device_milli);
    }
}

/// A replay at its end, beside the trace.
struct Comparison<'a> {
    workload: &'a Workload,
    topology: &'a Topology,
    view: ClusterView<'a>,
    books: Books,
}

impl Comparison<'_> {
    fn replay(self, scheduler: [String; 2]) -> Replay {
        let recorded: Vec<(TaskId, SimTime)> = self
            .workload
            .tasks()
            .filter_map(|task| Some((task, self.workload.recorded_start(task)?)))
            .collect();
        let trace = Resource::ALL.map(|resource| swept(self.workload, resource));
        let trace_end = trace_end(self.workload, &recorded);
        let end = self.view.now().max(trace_end);
        let moments: Vec<Moments<'_>> = Resource::ALL
            .into_iter()
            .zip(trace.iter().zip(&self.books.0))
            .map(|(resource, (trace, simulated))| Moments {
                resource,
                capacity_milli: resource.capacity_milli(self.topology),
                trace,
                simulated,
            })
            .filter(|moments| {
                self.workload.tasks().any(|task| moments.resource.asked_milli(self.workload, task) > 0)
            })
            .collect();
        let mut starts = Starts::default();
        for &(task, start) in &recorded {
            self.compare_start(task, start, &moments, &mut starts);
        }
        let utilisation: Vec<UtilisationError> = moments.iter().map(|one| one.error(end)).collect();
        let (trace_counts, simulated) = self.counts(&recorded, trace_end, &mut starts);
        let mut fidelity = Fidelity {
            tasks: self.workload.task_count() as u64,
            tasks_recorded: recorded.len() as u64,
            scheduler,
            hosts: self.topology.host_count() as u64,
            late: starts.late(),
            early: starts.early,
            never_started: starts.never,
            wait_error: starts.wait_error(),
            utilisation,
            trace: trace_counts,
            simulated,
            explanation: Vec::new(),
        };
        fidelity.explanation = cause::explanation(&fidelity);
        Replay {
            fidelity,
            utilisation: moments.iter().map(|one| one.curves()).collect(),
            trace_waits: starts.trace_waits,
            simulated_waits: starts.simulated_waits,
        }
    }

    fn compare_start(&self, task: TaskId, recorded: SimTime, moments: &[Moments<'_>], starts: &mut Starts) {
        if matches!(self.view.status(task), Status::Coming | Status::Waiting | Status::Rejected) {
            starts.never += 1;
            return;
        }
        let started = self.view.started(task);
        let submit = self.workload.submit(task);
        starts.trace_waits.push(recorded.since(submit).seconds());
        starts.simulated_waits.push(started.since(submit).seconds());
        starts.errors.push(started.0 as i64 - recorded.0 as i64);
        if started < recorded {
            starts.early += 1;
        } else if started > recorded {
            starts.causes.count(self.workload, task, recorded, moments);
        }
    }

    fn counts(
        &self,
        recorded: &[(TaskId, SimTime)],
        trace_end: SimTime,
        starts: &mut Starts,
    ) -> (Counts, Counts) {
        let status =
            |wanted| self.workload.tasks().filter(|&task| self.view.status(task) == wanted).count() as u64;
        starts.trace_waits.sort_by(f64::total_cmp);
        starts.simulated_waits.sort_by(f64::total_cmp);
        let finished = recorded.iter().filter(|(task, _)| !self.workload.is_censored(*task)).count() as u64;
        let trace = Counts {
            started: recorded.len() as u64,
            finished,
            rejected: 0,
            left_waiting: 0,
            makespan_seconds: trace_end.seconds(),
            wait_mean_seconds: mean(&starts.trace_waits),
        };
        let simulated = Counts {
            started: status(Status::Finished) + status(Status::Running),
            finished: status(Status::Finished),
            rejected: status(Status::Rejected),
            left_waiting: status(Status::Waiting),
            makespan_seconds: self.view.now().seconds(),
            wait_mean_seconds: mean(&starts.simulated_waits),
        };
        (trace, simulated)
    }
}

/// When the last recorded task starts or ends; one whose end is not known counts by its start.
fn trace_end(workload: &Workload, recorded: &[(TaskId, SimTime)]) -> SimTime {
    let end = |&(task, start): &(TaskId, SimTime)| match workload.is_censored(task) {
        true => start,
        false => start + workload.work(task),
    };
    recorded.iter().map(end).max().unwrap_or_default()
}

/// What the trace itself has in use over time: every recorded task takes what it asks for from its recorded start for as
/// long as it ran, or for ever if its end is not known.
fn swept(workload: &Workload, resource: Resource) -> Steps {
    let mut changes = Vec::new();
    for task in workload.tasks() {
        let Some(start) = workload.recorded_start(task) else { continue };
        let milli = resource.asked_milli(workload, task) as i64;
        if milli > 0 {
            changes.push((start, milli));
            if !workload.is_censored(task) {
                changes.push((start + workload.work(task), -milli));
            }
        }
    }
    Steps::of_changes(changes)
}

/// The most that the recorded tasks have in use at once, in whole processors or devices, rounded up: the smallest
/// capacity that the trace itself does not contradict.
pub fn recorded_peak(workload: &Workload, resource: Resource) -> u64 {
    swept(workload, resource).peak().div_ceil(1000)
}

/// How the starts of recorded tasks compare.
#[derive(Debug, Default)]
struct Starts {
    /// Simulated minus recorded, in microseconds, in order of the tasks.
    errors: Vec<i64>,
    trace_waits: Vec<f64>,
    simulated_waits: Vec<f64>,
    causes: Causes,
    early: u64,
    never: u64,
}

impl Starts {
    fn late(&self) -> Late {
        let late: Vec<f64> =
            self.errors.iter().filter(|&&error| error > 0).map(|&error| seconds(error)).collect();
        Late {
            count: late.len() as u64,
            mean_seconds: mean(&late),
            max_seconds: late.iter().copied().fold(0.0, f64::max),
            causes: self.causes,
        }
    }

    fn wait_error(&self) -> WaitError {
        let mut sorted = self.errors.clone();
        sorted.sort_unstable();
        let rank = |share: f64| {
            let rank = (share * sorted.len() as f64).ceil() as usize;
            sorted.get(rank.saturating_sub(1)).map_or(0.0, |&error| seconds(error))
        };
        let sum: i128 = sorted.iter().map(|&error| i128::from(error)).sum();
        WaitError {
            mean_seconds: if sorted.is_empty() { 0.0 } else { sum as f64 / 1e6 / sorted.len() as f64 },
            p50_seconds: rank(0.5),
            p99_seconds: rank(0.99),
            max_seconds: rank(1.0),
        }
    }
}

/// Signed microseconds as seconds.
fn seconds(error: i64) -> f64 {
    SimDuration(error.unsigned_abs()).seconds() * error.signum() as f64
}

fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::testing::{topology, workload};

    fn replayed(hosts: &str, work: &str) -> Replay {
        replay(&Arc::new(workload(work)), &Arc::new(topology(hosts)), None).expect("it can be replayed")
    }

    /// Four cores: 3 from 0 to 8, 1 from 2 to 6. Mean use over 8 s: (3 x 8 + 1 x 4) / 32.
    #[test]
    fn a_consistent_trace_is_replayed_without_error() {
        let replay = replayed("cpu 4", "at 0 cpu 3 work 8 started 0 | at 1 cpu 1 work 4 started 2");
        let Fidelity { late, early, never_started, wait_error, trace, simulated, .. } = &replay.fidelity;
        assert_eq!((late.count, *early, *never_started), (0, 0, 0));
        assert_eq!(*wait_error, WaitError::default());
        assert_eq!(trace, simulated);
        assert_eq!(
            (trace.started, trace.finished, trace.makespan_seconds, trace.wait_mean_seconds),
            (2, 2, 8.0, 0.5)
        );
        let [cpu] = &replay.fidelity.utilisation[..] else { panic!("no devices are asked for") };
        assert_eq!((cpu.trace_mean, cpu.simulated_mean), (0.875, 0.875));
        assert_eq!((cpu.absolute_error_mean, cpu.absolute_error_max, cpu.trace_peak), (0.0, 0.0, 4.0));
        assert_eq!(replay.fidelity.explanation.len(), 1, "{:?}", replay.fidelity.explanation);
        assert_eq!(replay.utilisation[0].trace, replay.utilisation[0].simulated);
        assert_eq!(replay.utilisation[0].trace, [(0.0, 3.0), (2.0, 4.0), (6.0, 3.0), (8.0, 0.0)]);
    }

    /// The log has five of four cores in use from 2 to 6. B (2 cores) is late by 6 s because of the log; C, recorded at 9
    /// with 3 cores, by 3 s because B runs until 12. One core of nobody's from 2 to 6 is missing, and so on:
    ///
    /// ```text
    ///  second      0-2  2-6  6-8  8-9  9-10  10-12  12-13
    ///  trace        3    5    3    0    3      0      0
    ///  simulated    3    3    3    2    2      2      3
    ///  difference   0    2    0    2    1      2      3    : 8 + 2 + 1 + 4 + 3 = 18 core seconds of 4 x 13
    /// ```
    #[test]
    fn an_inconsistent_trace_is_late_for_stated_reasons() {
        let replay = replayed(
            "cpu 4",
            "at 0 cpu 3 work 8 started 0 | at 1 cpu 2 work 4 started 2 | at 1 cpu 3 work 1 started 9",
        );
        let fidelity = &replay.fidelity;
        assert_eq!(
            (fidelity.late.count, fidelity.late.mean_seconds, fidelity.late.max_seconds),
            (2, 4.5, 6.0)
        );
        let causes = fidelity.late.causes;
        assert_eq!((causes.trace_over_capacity, causes.held_by_others, causes.no_single_host), (1, 1, 0));
        assert_eq!(fidelity.wait_error.mean_seconds, 3.0);
        assert_eq!((fidelity.wait_error.p50_seconds, fidelity.wait_error.max_seconds), (3.0, 6.0));
        let cpu = &fidelity.utilisation[0];
        assert_eq!(cpu.absolute_error_mean, 18.0 / 52.0);
        assert_eq!(
            (cpu.absolute_error_max, cpu.trace_over_capacity_seconds, cpu.trace_peak),
            (0.75, 4.0, 5.0)
        );
        assert_eq!((fidelity.trace.makespan_seconds, fidelity.simulated.makespan_seconds), (10.0, 13.0));
        let told = fidelity.explanation.join(" ");
        assert!(
            told.contains("2 of 3") && told.contains("5 of 4 processors") && told.contains("4 s"),
            "{told}"
        );
    }

    #[test]
    fn room_that_no_single_host_has_is_told_apart() {
        let work = "at 0 cpu 1 gpus 2 work 9 started 0 | at 0 cpu 1 gpus 2 work 9 started 0 | at 0 gpus 2 work 1 started 1";
        let causes = replayed("cpu 4 gpus 3 | cpu 4 gpus 3", work).fidelity.late.causes;
        assert_eq!((causes.trace_over_capacity, causes.held_by_others, causes.no_single_host), (0, 0, 1));
    }

    #[test]
    fn what_is_not_recorded_and_what_never_starts_is_counted() {
        let replay = replayed(
            "cpu 4",
            "at 0 cpu 1 work 5 | at 0 cpu 9 work 1 started 1 | at 0 cpu 2 work 2 started 3",
        );
        let fidelity = &replay.fidelity;
        assert_eq!((fidelity.tasks, fidelity.tasks_recorded, fidelity.never_started), (3, 2, 1));
        assert_eq!(
            (fidelity.trace.started, fidelity.simulated.started, fidelity.simulated.left_waiting),
            (2, 2, 1)
        );
        let told = fidelity.explanation.join(" ");
        assert!(told.contains("1 of 3 tasks") && told.contains("never start"), "{told}");
    }

    #[test]
    fn recorded_hosts_are_used_where_the_cluster_has_them() {
        let work = "at 0 cpu 1 work 5 started 2 on right";
        let on = |hosts| replayed(hosts, work).fidelity.scheduler;
        assert_eq!(on("cpu 4 name left | cpu 4 name right"), ["recorded", "recorded"]);
        assert_eq!(on("cpu 4 | cpu 4"), ["recorded", "best_fit"]);
        let nothing = replay(&Arc::new(workload("at 0 cpu 1 work 1")), &Arc::new(topology("cpu 4")), None);
        let refused = nothing.expect_err("nothing is recorded").to_string();
        assert!(refused.contains("records no starts"), "{refused}");
    }
}
