//! The part of an episode that is measured: after a warm-up, and for a while.
//!
//! The method is the usual one for a steady state (Law, Simulation Modeling and Analysis, chapter 9: replication and
//! deletion): what the empty beginning of an episode distorts is left out. The episode itself goes its way as
//! without a window, event for event:
//!
//! * what is averaged or summed over time (utilisation, queue length, power, energy) and what is counted when it
//!   happens (ends, evictions) counts from the window's begin, included, to its end, not included;
//! * what is said of tasks (waits, slowdowns, turnarounds) is said of the tasks that were *submitted* in the
//!   window, whenever they start and end: else a window would favour a scheduler that lets tasks wait beyond it;
//! * what is true at an end (tasks that still wait) is true at the end of the window.

use super::consolidation::Sums;
use crate::cluster::{Integrals, Totals};
use crate::kernel::time::SimTime;
use crate::models::facility::{Facility, Overhead};
use crate::rules::Rules;
use crate::surroundings::Footprint;
use crate::topology::Topology;
use crate::view::ClusterView;

/// From when until when an episode is measured. Without an end, until the episode ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The first moment that counts.
    pub begin: SimTime,
    /// The first moment that no longer counts.
    pub end: Option<SimTime>,
}

impl Window {
    /// True when this moment counts.
    pub fn holds(self, moment: SimTime) -> bool {
        self.begin <= moment && self.end.is_none_or(|end| moment < end)
    }
}

/// What a metric speaks of, and so which events it is told when there is a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// What happens in the window, whoever it happens to.
    Moments,
    /// Tasks that were submitted in the window, whenever something happens to them.
    Tasks,
}

/// Sums as they stand at one moment.
#[derive(Clone, Copy, Debug, Default)]
struct Snapshot {
    time: SimTime,
    integrals: Integrals,
    it_energy_joules: f64,
    /// What migrations drew of it.
    move_joules: f64,
    /// Of the facility.
    footprint: Footprint,
    totals: Totals,
}

impl Snapshot {
    fn now(view: ClusterView<'_>) -> Self {
        Self {
            time: view.now(),
            integrals: *view.integrals(),
            it_energy_joules: view.it_energy_joules(),
            move_joules: view.move_joules(),
            footprint: view.footprint(),
            totals: *view.totals(),
        }
    }

    /// The sums at an earlier moment, since which these totals held.
    fn earlier(view: ClusterView<'_>, time: SimTime, held: Totals) -> Self {
        let passed = view.now().since(time);
        let less = |sum: u128, total: u64| sum - u128::from(total) * u128::from(passed.0);
        let now = view.integrals();
        Self {
            time,
            integrals: Integrals {
                cpu_milli: less(now.cpu_milli, held.cpu_milli),
                memory_mib: less(now.memory_mib, held.memory_mib),
                device_milli: less(now.device_milli, held.device_milli),
                device_memory_mib: less(now.device_memory_mib, held.device_memory_mib),
                device_memory_touched_mib: less(
                    now.device_memory_touched_mib,
                    held.device_memory_touched_mib,
                ),
                waiting: less(now.waiting, held.waiting),
                running: less(now.running, held.running),
                occupied_hosts: less(now.occupied_hosts, held.occupied_hosts),
                hosts_on: less(now.hosts_on, held.hosts_on),
                cpu_milli_on: less(now.cpu_milli_on, held.cpu_milli_on),
                cpu_wanted_milli: less(now.cpu_wanted_milli, held.cpu_wanted_milli),
                cpu_granted_milli: less(now.cpu_granted_milli, held.cpu_granted_milli),
            },
            it_energy_joules: view.it_energy_joules() - held.power_watts * passed.seconds(),
            move_joules: view.move_joules() - held.move_watts * passed.seconds(),
            footprint: view.footprint().minus(view.footprint_since(time, held.power_watts)),
            totals: held,
        }
    }
}

/// Watches the borders of a window go by. Between two events everything stays as it is, so that the sums at a
/// border follow from those at the next event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Borders {
    window: Window,
    /// What has held since the last event.
    held: Totals,
    begin: Option<Snapshot>,
    end: Option<Snapshot>,
}

impl Borders {
    /// Of an episode at its beginning.
    pub(super) fn new(window: Window, view: ClusterView<'_>) -> Self {
        let begin = (window.begin == SimTime::ZERO).then(Snapshot::default);
        Self { window, held: *view.totals(), begin, end: None }
    }

    pub(super) fn window(&self) -> Window {
        self.window
    }

    /// Called at every event, before anything is counted.
    pub(super) fn pass(&mut self, view: ClusterView<'_>) {
        self.pass_until(view.now(), view);
        self.held = *view.totals();
    }

    /// Takes the borders at or before `reached`.
    fn pass_until(&mut self, reached: SimTime, view: ClusterView<'_>) {
        let held = self.held;
        let taken = |time: SimTime| (time <= reached).then(|| Snapshot::earlier(view, time, held));
        self.begin = self.begin.or_else(|| taken(self.window.begin));
        self.end = self.end.or_else(|| self.window.end.and_then(taken));
    }
}

/// What metrics are asked about when the episode has ended: its measured part.
#[derive(Clone, Copy)]
pub struct Measured<'a> {
    view: ClusterView<'a>,
    begin: Snapshot,
    end: Snapshot,
    consolidation: Option<Sums>,
}

impl<'a> Measured<'a> {
    /// The same with what was watched of the whole episode.
    pub(super) fn with(self, consolidation: Option<Sums>) -> Self {
        Self { consolidation, ..self }
    }

    /// What consolidation is judged by, over the whole episode, but for shortage and use, which are of the measured part; nothing
    /// where it was never asked what to change.
    pub fn consolidation(&self) -> Option<Sums> {
        self.consolidation
    }

    /// The whole of an episode that has ended.
    pub fn whole(view: ClusterView<'a>) -> Self {
        Self { view, begin: Snapshot::default(), end: Snapshot::now(view), consolidation: None }
    }

    /// The part within the borders. When the episode ended before the window began, nothing of it.
    pub(super) fn within(mut borders: Borders, view: ClusterView<'a>) -> Self {
        borders.pass_until(view.now(), view);
        let end = borders.end.unwrap_or_else(|| Snapshot::now(view));
        Self { view, begin: borders.begin.unwrap_or(end), end, consolidation: None }
    }

    /// How long it is, in microseconds.
    pub fn microseconds(&self) -> u64 {
        self.end.time.since(self.begin.time).0
    }

    /// How long it is, in seconds.
    pub fn seconds(&self) -> f64 {
        self.end.time.since(self.begin.time).seconds()
    }

    /// Sums over its time.
    pub fn integrals(&self) -> Integrals {
        let (begin, end) = (&self.begin.integrals, &self.end.integrals);
        Integrals {
            cpu_milli: end.cpu_milli - begin.cpu_milli,
            memory_mib: end.memory_mib - begin.memory_mib,
            device_milli: end.device_milli - begin.device_milli,
            device_memory_mib: end.device_memory_mib - begin.device_memory_mib,
            device_memory_touched_mib: end.device_memory_touched_mib - begin.device_memory_touched_mib,
            waiting: end.waiting - begin.waiting,
            running: end.running - begin.running,
            occupied_hosts: end.occupied_hosts - begin.occupied_hosts,
            hosts_on: end.hosts_on - begin.hosts_on,
            cpu_milli_on: end.cpu_milli_on - begin.cpu_milli_on,
            cpu_wanted_milli: end.cpu_wanted_milli - begin.cpu_wanted_milli,
            cpu_granted_milli: end.cpu_granted_milli - begin.cpu_granted_milli,
        }
    }

    /// Energy of all hosts during it, in joules.
    pub fn it_energy_joules(&self) -> f64 {
        self.end.it_energy_joules - self.begin.it_energy_joules
    }

    /// What migrations drew of that beyond what hosts would have drawn without them, in joules.
    pub fn move_joules(&self) -> f64 {
        self.end.move_joules - self.begin.move_joules
    }

    /// What the facility drew during it beyond its hosts, in joules.
    pub fn overhead_joules(&self) -> Overhead {
        self.footprint().overhead
    }

    /// What the facility took during it.
    pub fn footprint(&self) -> Footprint {
        self.end.footprint.minus(self.begin.footprint)
    }

    /// Energy of the whole facility during it, in joules.
    pub fn facility_energy_joules(&self) -> f64 {
        match self.rules().facility {
            Facility::StaticPue(pue) => self.it_energy_joules() * pue,
            Facility::Electrical(_) => self.it_energy_joules() + self.overhead_joules().sum(),
        }
    }

    /// Sums over the cluster at its end.
    pub fn totals(&self) -> &Totals {
        &self.end.totals
    }

    /// The places.
    pub fn topology(&self) -> &'a Topology {
        self.view.topology()
    }

    /// The rules of the scenario.
    pub fn rules(&self) -> &'a Rules {
        self.view.rules()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::MetricSet;
    use crate::models::cooling::Cooling;
    use crate::models::facility::{Delivery, Electrical, UpsCurve};
    use crate::testing;
    use std::fmt::Write;
    use std::sync::Arc;

    /// Two hosts, one with GPUs, and more work than they hold: tasks wait, some lose patience.
    const CLUSTER: &str = "cpu 8 memory 64 gpus 2 embodied 1900 | cpu 4 memory 32 embodied 1100";

    /// Borders that are those of no window, of some, and of some events.
    const SURROUNDINGS: &str =
        "celsius 0:10,30:24,61:31,95:36,150:18 | carbon 0:400,20:100,100:700 | price 0:40,33:-10,120:90";

    fn in_weather() -> Rules {
        let (_, curve, _) = UpsCurve::PRESETS[1];
        let electrical = Electrical {
            delivery: Delivery::Ups { curve, count: 2 },
            rated_watts: 2000.0,
            distribution: 0.02,
            other: 0.01,
            cooling: Cooling::preset("economiser_water", 2400.0).expect("a preset"),
        };
        Rules { facility: Facility::Electrical(electrical), ..Rules::default() }
    }

    fn workload() -> String {
        let mut text = String::new();
        for index in 0..60_u32 {
            let separator = if index == 0 { "" } else { " | " };
            let (at, cpu, work) = (index * 3, 1 + index * 7 % 5, 5 + index * 11 % 40);
            write!(text, "{separator}at {at} cpu {cpu} memory 3 work {work} estimate {work}").expect("text");
            text.push_str(["", " gpus 1", " share 300", ""][index as usize % 4]);
            text.push_str(if index % 9 == 0 { " patience 20" } else { "" });
        }
        text
    }

    /// The values over a window; over the whole episode by the way that knows no windows when there is none.
    fn values(window: Option<Window>) -> Vec<f64> {
        let mut engine = testing::engine_with(CLUSTER, &workload(), in_weather());
        engine = engine.with_surroundings(Arc::new(testing::surroundings(SURROUNDINGS)));
        let mut metrics = match window {
            Some(window) => MetricSet::over(window, engine.view()),
            None => MetricSet::default(),
        };
        testing::run_first_fit(&mut engine, &mut metrics);
        metrics.values(engine.view())
    }

    fn seconds(begin: u64, end: u64) -> Option<Window> {
        Some(Window { begin: SimTime(begin * 1_000_000), end: Some(SimTime(end * 1_000_000)) })
    }

    fn value(values: &[f64], name: &str) -> f64 {
        let position = MetricSet::INFOS.iter().position(|info| info.name == name);
        values[position.unwrap_or_else(|| panic!("there is no metric {name}"))]
    }

    /// Sums over the window.
    const SUMS: &[&str] = &[
        "makespan",
        "energy_it",
        "energy_kwh",
        "energy_facility",
        "energy_losses",
        "energy_cooling",
        "water",
        "carbon_operational",
        "carbon_embodied",
        "energy_cost",
        "free_cooling_hours",
        "tasks_finished",
        "tasks_rejected",
        "evictions",
        "turned_away",
        "out_of_memory",
        "migrations",
        "migrations_failed",
        "migration_traffic",
        "migration_energy",
        "empty_host_hours",
    ];
    /// Averages over the time of the window.
    const AVERAGES: &[&str] = &[
        "queue_length_mean",
        "cpu_utilisation",
        "cpu_utilisation_on",
        "cpu_granted",
        "hosts_on_mean",
        "memory_utilisation",
        "gpu_utilisation",
        "device_memory_given",
        "device_memory_touched",
        "occupied_hosts_mean",
        "power_mean",
    ];
    /// Said of tasks, or true at the end, or of moments that are rare.
    const OTHERS: &[&str] = &[
        "pue",
        "migration_time_mean",
        "migration_downtime_mean",
        "migration_downtime_p99",
        "wue",
        "cue",
        "bounded_slowdown_mean",
        "slowdown_jain",
        "wait_mean",
        "wait_p95",
        "wait_p99",
        "wait_max",
        "turnaround_mean",
        "stretch_mean",
        "stretch_p99",
        "tasks_unaligned",
        "cpu_steal",
        "utilisation_published",
        "tasks_left_waiting",
        "stranded_gpu",
        "gpu_allocation_ratio_at_100",
        "gpu_allocation_ratio_at_130",
        "replay_start_error_max",
        "replay_start_error_mean",
        "fragmentation_at_100",
        "fragmentation_at_130",
        "failed_tasks_at_130",
        "filling_power_at_10",
        "filling_power_at_20",
        "filling_power_at_30",
        "filling_power_at_40",
        "filling_power_at_50",
        "filling_power_at_60",
        "filling_power_at_70",
        "filling_power_at_80",
        "filling_power_at_90",
        "filling_power_at_100",
        "slatah_percent",
        "slatah_paper_percent",
        "pdm_percent",
        "pdm_paper_percent",
        "slav",
        "slav_paper",
        "esv",
        "esv_paper",
        "cpu_shortage_percent",
        "cpu_use_occupied_percent",
        "host_shutdowns",
    ];

    #[test]
    fn a_window_over_the_whole_episode_changes_no_bit() {
        let bits = |window| values(window).into_iter().map(f64::to_bits).collect::<Vec<_>>();
        let expected = bits(None);
        assert_eq!(bits(Some(Window::default())), expected);
        assert_eq!(bits(seconds(0, 1_000_000)), expected);
    }

    #[test]
    fn adjacent_windows_sum_up() {
        let mut known: Vec<&str> = [SUMS, AVERAGES, OTHERS].concat();
        let mut there: Vec<&str> = MetricSet::INFOS.iter().map(|info| info.name).collect();
        known.sort_unstable();
        there.sort_unstable();
        assert_eq!(known, there, "each metric stands in one list");

        let whole = values(None);
        let end = value(&whole, "makespan");
        // Borders at events, between them, and at their very instant.
        for border in [1, 30, 61, 100, 101, 177] {
            let rest = Some(Window { begin: SimTime(border * 1_000_000), end: None });
            let (first, second) = (values(seconds(0, border)), values(rest));
            let border = border as f64;
            for name in SUMS {
                let (sum, all) = (value(&first, name) + value(&second, name), value(&whole, name));
                assert!((sum - all).abs() <= 1e-9 * all.abs(), "{name} at {border}: {sum} is not {all}");
            }
            for name in AVERAGES {
                let sum = value(&first, name) * border + value(&second, name) * (end - border);
                let all = value(&whole, name) * end;
                assert!((sum - all).abs() <= 1e-9 * all.abs(), "{name} at {border}: {sum} is not {all}");
            }
        }
    }

    /// Three tasks that need the whole host, 10 s each, at 0, 5 and 20 s: they run from 0, 10 and 20 s and wait 0, 5
    /// and 0 s. From 5 s to 15 s one task is submitted, one ends, one waits for half of the time and all of the
    /// host is taken.
    #[test]
    fn a_window_by_hand() {
        let work = "at 0 cpu 4 work 10 | at 5 cpu 4 work 10 | at 20 cpu 4 work 10";
        let mut engine = testing::engine("cpu 4", work);
        let window = Window { begin: SimTime(5_000_000), end: Some(SimTime(15_000_000)) };
        let mut metrics = MetricSet::over(window, engine.view());
        testing::run_first_fit(&mut engine, &mut metrics);
        let values = metrics.values(engine.view());
        for (name, expected) in [
            ("makespan", 10.0),
            ("wait_mean", 5.0),
            ("turnaround_mean", 15.0),
            ("tasks_finished", 1.0),
            ("queue_length_mean", 0.5),
            ("cpu_utilisation", 1.0),
            ("power_mean", 0.2),
            ("empty_host_hours", 0.0),
        ] {
            let got = value(&values, name);
            assert!((got - expected).abs() < 1e-12, "{name}: {got} is not {expected}");
        }
    }

    #[test]
    fn nothing_is_measured_after_the_end() {
        let values = values(seconds(1_000_000, 2_000_000));
        assert_eq!((value(&values, "makespan"), value(&values, "wait_mean")), (0.0, 0.0));
        assert!(values.iter().all(|value| value.is_finite()));
    }

    #[test]
    fn idle_hosts_draw_power_before_anything_happens() {
        let mut engine = testing::engine("cpu 4", "at 100 cpu 1 work 10");
        let window = Window { begin: SimTime(20_000_000), end: Some(SimTime(70_000_000)) };
        let mut metrics = MetricSet::over(window, engine.view());
        testing::run_first_fit(&mut engine, &mut metrics);
        assert!((value(&metrics.values(engine.view()), "empty_host_hours") - 50.0 / 3600.0).abs() < 1e-12);
        // 100 W idle for 50 s.
        assert!((value(&metrics.values(engine.view()), "energy_it") - 100.0 * 50.0 / 3.6e6).abs() < 1e-12);
    }
}
