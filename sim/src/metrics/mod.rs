//! Numbers about one episode. One metric, one file; to add one, write the file and put its name into the
//! list below: results, reports and `rackwright list` then know it, and the contract test at the end runs on it.
//! Metrics that differ in a number alone are a family, in one file: the list names each with its type.

use crate::event::{Event, EventKind};
use crate::kernel::ids::TaskId;
use crate::observe::Observer;
use crate::view::ClusterView;

/// Joules in one kilowatt-hour.
pub const JOULES_PER_KWH: f64 = 3.6e6;
/// Grams in one kilogram.
const GRAMS_PER_KILOGRAM: f64 = 1000.0;

pub mod attribution;
pub mod consolidation;
pub mod fairness;
mod filling;
mod sample;
mod service_levels;
mod window;

pub use window::{Measured, Subject, Window};

use consolidation::Consolidation;
use window::Borders;

/// Which direction is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// It describes, and does not judge.
    Neither,
}

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricInfo {
    /// As results name it: the name of its file.
    pub name: &'static str,
    /// Unit of its value; "1" for a ratio.
    pub unit: &'static str,
    /// Which direction is good.
    pub better: Better,
    /// What it says, in one line.
    pub help: &'static str,
}

/// A number about one episode. It is told what it wants to hear of, after that has taken effect.
pub trait Metric: Default {
    /// Unit of the value; "1" for a ratio.
    const UNIT: &'static str;
    /// Which direction is good.
    const BETTER: Better;
    /// What it says, in one line.
    const HELP: &'static str;
    /// What it speaks of, and so which events it is told when only a window of the episode is measured.
    const SUBJECT: Subject = Subject::Moments;

    /// A task came and waits.
    #[inline]
    fn on_submitted(&mut self, _task: TaskId, _view: ClusterView<'_>) {}

    /// A task began to run.
    #[inline]
    fn on_started(&mut self, _task: TaskId, _view: ClusterView<'_>) {}

    /// A task has done its work.
    #[inline]
    fn on_finished(&mut self, _task: TaskId, _view: ClusterView<'_>) {}

    /// A running task was thrown out and waits again.
    #[inline]
    fn on_evicted(&mut self, _task: TaskId, _view: ClusterView<'_>) {}

    /// A running task is on its way to another host.
    #[inline]
    fn on_migration_started(&mut self, _task: TaskId, _view: ClusterView<'_>) {}

    /// A task has arrived where it was sent.
    #[inline]
    fn on_migrated(&mut self, _task: TaskId, _view: ClusterView<'_>) {}

    /// A task that was on its way is not any more, and has not arrived.
    #[inline]
    fn on_migration_cancelled(&mut self, _task: TaskId, _view: ClusterView<'_>) {}

    /// The agent on a host turned a task away.
    #[inline]
    fn on_turned_away(&mut self, _task: TaskId, _view: ClusterView<'_>) {}

    /// A task wanted to touch more memory of its devices than was left.
    #[inline]
    fn on_out_of_memory(&mut self, _task: TaskId, _view: ClusterView<'_>) {}

    /// A task left without having finished.
    #[inline]
    fn on_rejected(&mut self, _task: TaskId, _view: ClusterView<'_>) {}

    /// The value when the episode has ended; `measured` is the part of it that counts. Finite always, zero on an
    /// empty episode.
    fn value(&self, measured: &Measured<'_>) -> f64;
}

/// Whom an event concerns.
#[derive(Clone, Copy)]
struct Told {
    moments: bool,
    tasks: bool,
}

impl Told {
    const EVERYONE: Self = Self { moments: true, tasks: true };

    fn of(window: Window, event: &Event, view: ClusterView<'_>) -> Self {
        let task = match event.kind {
            EventKind::TaskStarted { placement } => placement.task,
            EventKind::TaskSubmitted { task }
            | EventKind::TaskFinished { task, .. }
            | EventKind::TaskEvicted { task, .. }
            | EventKind::TaskRejected { task, .. }
            | EventKind::UseChanged { task, .. }
            | EventKind::MigrationEnded { task, .. }
            | EventKind::MigrationCancelled { task, .. }
            | EventKind::TurnedAway { task, .. }
            | EventKind::OutOfMemory { task, .. }
            | EventKind::MigrationWentOn { task, .. }
            | EventKind::Resized { task, .. } => task,
            EventKind::MigrationStarted { placement } => placement.task,
            EventKind::PhaseChanged { .. } | EventKind::Governed { .. } | EventKind::PeriodPassed => {
                return Self { moments: window.holds(event.time), tasks: false };
            }
        };
        Self { moments: window.holds(event.time), tasks: window.holds(view.submit(task)) }
    }

    fn concerns(self, subject: Subject) -> bool {
        match subject {
            Subject::Moments => self.moments,
            Subject::Tasks => self.tasks,
        }
    }
}

/// The type that watches a metric: of its own file, or of the family that is named.
macro_rules! watch {
    ($name:ident) => {
        $name::Watch
    };
    ($name:ident $watch:ty) => {
        $watch
    };
}

/// The file of a metric, unless a family is named.
macro_rules! file {
    ($name:ident) => {
        mod $name;
    };
    ($name:ident $watch:ty) => {};
}

macro_rules! metrics {
    ($($name:ident $(: $watch:ty)?,)*) => {
        $(file! { $name $($watch)? })*

        /// Every metric there is, watching one episode or a window of it.
        #[derive(Default)]
        pub struct MetricSet {
            /// Nothing when the whole episode is measured.
            borders: Option<Borders>,
            /// Nothing where it is never asked what to change.
            consolidation: Option<Box<Consolidation>>,
            $($name: watch!($name $($watch)?),)*
        }

        impl MetricSet {
            /// What there is, in the order of [`MetricSet::values`].
            pub const INFOS: &'static [MetricInfo] = &[$(MetricInfo {
                name: stringify!($name),
                unit: <watch!($name $($watch)?)>::UNIT,
                better: <watch!($name $($watch)?)>::BETTER,
                help: <watch!($name $($watch)?)>::HELP,
            }),*];

            /// Those that measure a window of an episode, which is at its beginning now.
            pub fn over(window: Window, view: ClusterView<'_>) -> Self {
                let borders = (window != Window::default()).then(|| Borders::new(window, view));
                Self { borders, consolidation: Consolidation::new(window, view), ..Self::default() }
            }

            /// The part of an episode that was measured, when the episode has ended.
            pub fn measured<'a>(&self, view: ClusterView<'a>) -> Measured<'a> {
                let consolidation = self.consolidation.as_ref().map(|watched| watched.sums(view));
                let measured = match self.borders {
                    None => Measured::whole(view),
                    Some(borders) => Measured::within(borders, view),
                };
                measured.with(consolidation)
            }

            /// The values at the end of the episode.
            pub fn values(&self, view: ClusterView<'_>) -> Vec<f64> {
                let measured = self.measured(view);
                vec![$(self.$name.value(&measured)),*]
            }

            /// Tells the metrics of an event; with a window, those to whom it speaks.
            #[inline(always)]
            fn tell<const HAS_WINDOW: bool>(&mut self, told: Told, kind: EventKind, view: ClusterView<'_>) {
                macro_rules! tell {
                    ($method:ident, $task:expr) => {{$(
                        if !HAS_WINDOW || told.concerns(<watch!($name $($watch)?)>::SUBJECT) {
                            self.$name.$method($task, view);
                        }
                    )*}};
                }
                match kind {
                    EventKind::TaskSubmitted { task } => tell!(on_submitted, task),
                    EventKind::TaskStarted { placement } => tell!(on_started, placement.task),
                    EventKind::TaskFinished { task, .. } => tell!(on_finished, task),
                    EventKind::TaskEvicted { task, .. } => tell!(on_evicted, task),
                    EventKind::TaskRejected { task, .. } => tell!(on_rejected, task),
                    EventKind::MigrationStarted { placement } => tell!(on_migration_started, placement.task),
                    EventKind::MigrationEnded { task, .. } => tell!(on_migrated, task),
                    EventKind::TurnedAway { task, .. } => tell!(on_turned_away, task),
                    EventKind::OutOfMemory { task, .. } => tell!(on_out_of_memory, task),
                    EventKind::MigrationCancelled { task, .. } => tell!(on_migration_cancelled, task),
                    EventKind::UseChanged { .. }
                    | EventKind::MigrationWentOn { .. }
                    | EventKind::PhaseChanged { .. }
                    | EventKind::Governed { .. }
                    | EventKind::Resized { .. }
                    | EventKind::PeriodPassed => {}
                }
            }
        }

        impl Observer for MetricSet {
            // One function beside the metrics, so that they are inlined into it.
            #[inline(never)]
            fn on_event(&mut self, event: &Event, view: ClusterView<'_>) {
                if let Some(consolidation) = &mut self.consolidation {
                    consolidation.on_event(event, view);
                }
                match &mut self.borders {
                    None => self.tell::<false>(Told::EVERYONE, event.kind, view),
                    Some(borders) => {
                        borders.pass(view);
                        let told = Told::of(borders.window(), event, view);
                        self.tell::<true>(told, event.kind, view);
                    }
                }
            }
        }
    };
}

metrics! {
    bounded_slowdown_mean,
    slowdown_jain,
    wait_mean,
    wait_p95,
    wait_p99,
    wait_max,
    turnaround_mean,
    stretch_mean,
    stretch_p99,
    makespan,
    queue_length_mean,
    cpu_utilisation,
    cpu_utilisation_on,
    cpu_granted,
    cpu_steal,
    memory_utilisation,
    gpu_utilisation,
    device_memory_given,
    device_memory_touched,
    out_of_memory,
    occupied_hosts_mean,
    empty_host_hours,
    stranded_gpu,
    hosts_on_mean,
    utilisation_published,
    energy_it,
    energy_facility,
    energy_losses,
    energy_cooling,
    pue,
    water,
    wue,
    free_cooling_hours,
    carbon_operational,
    carbon_embodied,
    cue,
    energy_cost,
    power_mean,
    tasks_finished,
    tasks_rejected,
    tasks_left_waiting,
    evictions,
    turned_away,
    tasks_unaligned,
    migrations: service_levels::Migrations,
    migrations_failed,
    migration_time_mean,
    migration_downtime_mean,
    migration_downtime_p99,
    migration_traffic,
    migration_energy,
    energy_kwh: service_levels::Energy,
    slatah_percent: service_levels::Slatah,
    slatah_paper_percent: service_levels::SlatahPaper,
    pdm_percent: service_levels::Pdm,
    pdm_paper_percent: service_levels::PdmPaper,
    slav: service_levels::Slav,
    slav_paper: service_levels::SlavPaper,
    esv: service_levels::Esv,
    esv_paper: service_levels::EsvPaper,
    cpu_shortage_percent: service_levels::Shortage,
    cpu_use_occupied_percent: service_levels::UseOccupied,
    host_shutdowns: service_levels::HostShutdowns,
    replay_start_error_mean,
    replay_start_error_max,
    gpu_allocation_ratio_at_100: filling::AllocationRatio<100>,
    gpu_allocation_ratio_at_130: filling::AllocationRatio<130>,
    fragmentation_at_100: filling::Fragmentation<100>,
    fragmentation_at_130: filling::Fragmentation<130>,
    failed_tasks_at_130: filling::FailedTasks<130>,
    filling_power_at_10: filling::Power<10>,
    filling_power_at_20: filling::Power<20>,
    filling_power_at_30: filling::Power<30>,
    filling_power_at_40: filling::Power<40>,
    filling_power_at_50: filling::Power<50>,
    filling_power_at_60: filling::Power<60>,
    filling_power_at_70: filling::Power<70>,
    filling_power_at_80: filling::Power<80>,
    filling_power_at_90: filling::Power<90>,
    filling_power_at_100: filling::Power<100>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Engine, Step};
    use crate::rules::Rules;
    use crate::testing;
    use std::sync::Arc;

    #[test]
    fn every_metric_is_described_and_zero_on_an_empty_episode() {
        let topology = testing::topology("cpu 8 memory 16 gpus 2");
        let mut engine = Engine::new(Arc::new(topology), Arc::default(), Rules::default());
        assert_eq!(engine.step(), Step::Ended);
        let values = MetricSet::default().values(engine.view());
        for (info, value) in MetricSet::INFOS.iter().zip(values) {
            assert_eq!(value, 0.0, "{}", info.name);
            assert!(!info.unit.is_empty() && !info.help.is_empty(), "{}", info.name);
        }
    }

    /// Hosts of 8 cores and two GPUs; tasks with GPUs take 8 cores for two, so 4 for each.
    #[test]
    fn gpus_without_cpu_are_stranded() {
        let work = "at 0 cpu 6 gpus 1 work 9 | at 1 cpu 2 gpus 1 work 90 | at 20 cpu 8 work 9";
        let mut engine = testing::engine("cpu 8 gpus 2 | cpu 8 gpus 2", work);
        let mut metrics = MetricSet::default();
        testing::run_first_fit(&mut engine, &mut metrics);
        let values = metrics.values(engine.view());
        let place =
            MetricSet::INFOS.iter().position(|info| info.name == "stranded_gpu").expect("it is there");
        // First 2 cores for one GPU: half of it; the empty host has cpu enough for two. Then no GPU is free on the first host; at
        // last 6 cores for one GPU there, and two GPUs without cpu on the second.
        let expected = [0.5 / 4.0, 0.0, 2.0 / 4.0];
        assert!(
            (values[place] - 100.0 * expected.iter().sum::<f64>() / 3.0).abs() < 1e-9,
            "{}",
            values[place]
        );
    }

    /// Started at 0 and 4 s where 0 and 1 s are recorded, and once where nothing is.
    #[test]
    fn starts_are_compared_with_recorded_ones() {
        let work = "at 0 cpu 1 work 4 started 0 | at 0 cpu 1 work 2 started 1 | at 9 cpu 1 work 1";
        let mut engine = testing::engine("cpu 1", work);
        let mut metrics = MetricSet::default();
        testing::run_first_fit(&mut engine, &mut metrics);
        let values = metrics.values(engine.view());
        let value =
            |name: &str| values[MetricSet::INFOS.iter().position(|info| info.name == name).expect(name)];
        assert_eq!([value("replay_start_error_mean"), value("replay_start_error_max")], [1.5, 3.0]);
    }

    #[test]
    fn every_metric_is_finite_when_everything_happens_at_once() {
        let topology = testing::topology("cpu 8 memory 16 gpus 2 | cpu 4 memory 4");
        let workload = testing::workload("at 0 cpu 1 work 0 | at 0 cpu 2 work 0 gpus 1");
        let mut engine = Engine::new(Arc::new(topology), Arc::new(workload), Rules::default());
        let mut metrics = MetricSet::default();
        testing::run_first_fit(&mut engine, &mut metrics);
        assert!(metrics.values(engine.view()).into_iter().all(f64::is_finite));
    }
}
