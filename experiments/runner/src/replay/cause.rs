//! What a replay and its trace differ by, and why.

use serde::Serialize;
use sim::kernel::ids::TaskId;
use sim::kernel::time::SimTime;
use sim::workload::Workload;

use super::steps::Steps;
use super::{Curves, Fidelity, Resource, UtilisationError};

/// Why tasks start later than recorded. Each late task counts once, under the first that holds at its recorded start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Causes {
    /// The trace itself has more in use than the cluster has.
    pub trace_over_capacity: u64,
    /// The trace has room, but tasks that started late, or of which no start is recorded, hold it.
    pub held_by_others: u64,
    /// There is enough in sum, but no single host has all that is asked for.
    pub no_single_host: u64,
}

impl Causes {
    pub(super) fn count(
        &mut self,
        workload: &Workload,
        task: TaskId,
        recorded: SimTime,
        all: &[Moments<'_>],
    ) {
        let is_over = |one: &Moments<'_>| one.trace.at(recorded) > one.capacity_milli;
        let is_held = |one: &Moments<'_>| {
            let asked = gang_milli(workload, task, one.resource);
            one.simulated.at(recorded) + asked > one.capacity_milli
        };
        if all.iter().any(is_over) {
            self.trace_over_capacity += 1;
        } else if all.iter().any(is_held) {
            self.held_by_others += 1;
        } else {
            self.no_single_host += 1;
        }
    }
}

/// What a task needs to start: with a gang, what all of it does.
fn gang_milli(workload: &Workload, task: TaskId, resource: Resource) -> u64 {
    let job = workload.job(task);
    match workload.is_gang(job) {
        true => workload.job_tasks(job).map(|member| resource.asked_milli(workload, member)).sum(),
        false => resource.asked_milli(workload, task),
    }
}

/// One resource over time, in thousandths.
pub(super) struct Moments<'a> {
    pub(super) resource: Resource,
    pub(super) capacity_milli: u64,
    pub(super) trace: &'a Steps,
    pub(super) simulated: &'a Steps,
}

impl Moments<'_> {
    pub(super) fn error(&self, end: SimTime) -> UtilisationError {
        let (mut trace_sum, mut simulated_sum, mut difference_sum) = (0_u128, 0_u128, 0_u128);
        let (mut difference_max, mut over_us) = (0, 0);
        self.trace.beside(self.simulated, end, |length, trace, simulated| {
            let difference = trace.abs_diff(simulated);
            let times = |value: u64| u128::from(value) * u128::from(length);
            trace_sum += times(trace);
            simulated_sum += times(simulated);
            difference_sum += times(difference);
            difference_max = difference_max.max(difference);
            over_us += if trace > self.capacity_milli { length } else { 0 };
        });
        let whole = self.capacity_milli as f64 * end.0 as f64;
        let share = |sum: u128| if whole == 0.0 { 0.0 } else { sum as f64 / whole };
        UtilisationError {
            resource: self.resource,
            capacity: self.capacity_milli as f64 / 1000.0,
            trace_mean: share(trace_sum),
            simulated_mean: share(simulated_sum),
            absolute_error_mean: share(difference_sum),
            absolute_error_max: match self.capacity_milli {
                0 => 0.0,
                capacity => difference_max as f64 / capacity as f64,
            },
            trace_peak: self.trace.peak() as f64 / 1000.0,
            trace_over_capacity_seconds: SimTime(over_us).seconds(),
        }
    }

    pub(super) fn curves(&self) -> Curves {
        let points = |steps: &Steps| {
            steps.iter().map(|(time, milli)| (time.seconds(), milli as f64 / 1000.0)).collect()
        };
        Curves { trace: points(self.trace), simulated: points(self.simulated) }
    }
}

/// One sentence for each thing that differs, or one that nothing does.
pub(super) fn explanation(fidelity: &Fidelity) -> Vec<String> {
    let mut sentences = Vec::new();
    let Fidelity { tasks, tasks_recorded, late, never_started, .. } = fidelity;
    if late.count > 0 {
        sentences.push(why_late(fidelity));
    }
    if *never_started > 0 {
        sentences.push(format!(
            "{never_started} of {tasks_recorded} recorded tasks never start: they ask for more than any host of this cluster has."
        ));
    }
    let unrecorded = tasks - tasks_recorded;
    if unrecorded > 0 {
        sentences.push(format!(
            "Of {unrecorded} of {tasks} tasks the trace records no start: they are started as soon as they fit, and count in the \
             simulation only."
        ));
    }
    let is_off = fidelity.utilisation.iter().any(|one| one.absolute_error_max > 0.0);
    if sentences.is_empty() && is_off {
        sentences.push(
            "Everyone starts when recorded; what is given out differs from what is asked for because devices that are not \
             shared are given out whole."
                .to_owned(),
        );
    }
    if sentences.is_empty() {
        sentences.push(format!(
            "All {tasks_recorded} tasks start at their recorded times, and what is in use is the same at every moment."
        ));
    }
    sentences
}

fn why_late(fidelity: &Fidelity) -> String {
    let Causes { trace_over_capacity, held_by_others, no_single_host } = fidelity.late.causes;
    let mut causes = Vec::new();
    if trace_over_capacity > 0 {
        let over =
            fidelity.utilisation.iter().filter(|one| one.trace_over_capacity_seconds > 0.0).map(|one| {
                format!(
                    "up to {} of {} {} for {} s in all",
                    one.trace_peak,
                    one.capacity,
                    one.resource.word(),
                    one.trace_over_capacity_seconds
                )
            });
        let over: Vec<String> = over.collect();
        causes.push(format!(
            "for {trace_over_capacity} the trace itself has more in use at that moment than the cluster has ({})",
            over.join("; ")
        ));
    }
    if held_by_others > 0 {
        causes.push(format!(
            "for {held_by_others} the room is held by tasks that started late themselves or of which no start is recorded"
        ));
    }
    if no_single_host > 0 {
        causes.push(format!("for {no_single_host} there is room enough in sum, but not on any single host"));
    }
    let (late, recorded) = (fidelity.late.count, fidelity.tasks_recorded);
    format!("{late} of {recorded} recorded tasks start late: {}.", causes.join("; "))
}
