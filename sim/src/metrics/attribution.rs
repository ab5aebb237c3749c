//! Energy by tenant: who is behind what a host draws.
//!
//! The rule, one of several that are possible; tenants, `idle` and `boot` add up to the meters:
//!
//! ```text
//!  host that is on   above idle            by the cpu that each task uses
//!                    idle                  by the share that each task reserves: the larger of cpu and memory; the rest: idle
//!                    each device, idle     by the part of it that is reserved; the rest: idle
//!                    each device, above    by the part of it that each task uses
//!                    migrations            to the task that is on its way
//!  host that sleeps                        idle
//!  host on its way to sleep, or booting    boot
//!  losses and cooling                      in proportion to the power of hosts at each moment
//!  carbon                                  with that energy, at the intensity of each moment
//! ```
//!
//! Where tasks reserve more than there is (one all of the cpu, another all of the memory; overcommitted hosts), the idle
//! power is split by their shares of the sum.

use std::collections::BTreeMap;

use crate::control::Phase;
use crate::event::{Event, EventKind};
use crate::kernel::ids::{HostId, IdVec, TaskId, TenantId};
use crate::kernel::time::SimTime;
use crate::metrics::Window;
use crate::models::carbon::operational_grams;
use crate::models::migration::course::Leg;
use crate::observe::Observer;
use crate::resources::WHOLE_DEVICE;
use crate::surroundings::Conditions;
use crate::view::ClusterView;

/// Who is behind energy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Payer {
    /// Whoever submitted.
    Tenant(TenantId),
    /// Nobody: what is on, or asleep, and not reserved.
    Idle,
    /// Going to sleep and coming back.
    Boot,
}

/// Energy, and what it emitted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Attributed {
    /// Of hosts and devices, in joules.
    pub it_joules: f64,
    /// With its part of losses and cooling, in joules.
    pub facility_joules: f64,
    /// Of the latter, in grams of CO2 equivalents.
    pub carbon_grams: f64,
}

/// What the facility adds for each watt of its hosts, integrated over time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct PerWatt {
    /// The facility's power over that of its hosts, in seconds.
    facility_seconds: f64,
    /// Grams.
    carbon_grams: f64,
}

/// What a host draws now, and for whom.
#[derive(Clone, Debug, Default)]
struct HostShares {
    /// Since when.
    since: SimTime,
    /// [`EnergyByTenant::per_watt`] at that moment.
    per_watt: PerWatt,
    /// Watts of each; they add up to the power of the host.
    watts: Vec<(Payer, f64)>,
}

impl HostShares {
    fn add(&mut self, payer: Payer, watts: f64) {
        if watts == 0.0 {
            return;
        }
        match self.watts.iter_mut().find(|(known, _)| *known == payer) {
            Some((_, sum)) => *sum += watts,
            None => self.watts.push((payer, watts)),
        }
    }
}

/// Watches who is behind the energy of an episode, or of a window of it. Each event costs what the tasks on its hosts do.
#[derive(Clone, Debug)]
pub struct EnergyByTenant {
    window: Window,
    now: SimTime,
    per_watt: PerWatt,
    /// What all hosts have drawn since the last event.
    it_watts: f64,
    hosts: IdVec<HostId, HostShares>,
    energy: BTreeMap<Payer, Attributed>,
}

impl EnergyByTenant {
    /// Of an episode at its beginning.
    pub fn new(window: Window, view: ClusterView<'_>) -> Self {
        let mut watched = Self {
            window,
            now: SimTime::ZERO,
            per_watt: PerWatt::default(),
            it_watts: view.totals().power_watts,
            hosts: IdVec::filled(HostShares::default(), view.topology().host_count()),
            energy: BTreeMap::new(),
        };
        view.topology().hosts().for_each(|host| watched.look(host, view));
        watched
    }

    /// Who is behind how much, at the end of the episode: tenants in order, then `idle` and `boot`.
    pub fn finish(mut self, view: ClusterView<'_>) -> Vec<(Payer, Attributed)> {
        self.pass(view.now(), view);
        self.settle_all();
        for payer in [Payer::Idle, Payer::Boot] {
            self.energy.entry(payer).or_default();
        }
        self.energy.into_iter().collect()
    }

    /// Time passes, with a halt at the borders of the window.
    fn pass(&mut self, to: SimTime, view: ClusterView<'_>) {
        let begin = self.window.begin;
        if self.now < begin && begin <= to {
            self.pass_without_border(begin, view);
            self.settle_all();
            self.energy.clear();
        }
        // After the end of the window time stands still.
        self.pass_without_border(self.window.end.map_or(to, |end| to.min(end)), view);
    }

    fn pass_without_border(&mut self, to: SimTime, view: ClusterView<'_>) {
        if to <= self.now {
            return;
        }
        match view.surroundings() {
            None => self.pass_under(to.since(self.now).seconds(), &Conditions::default(), view),
            Some(surroundings) => {
                for (passed, conditions) in surroundings.between(self.now, to) {
                    self.pass_under(passed.seconds(), conditions, view);
                }
            }
        }
        self.now = to;
    }

    /// Time passes in which nothing outside changes. What a facility draws while its hosts draw nothing is nobody's.
    fn pass_under(&mut self, seconds: f64, conditions: &Conditions, view: ClusterView<'_>) {
        let facility_watts = view.rules().facility.power_watts(self.it_watts, conditions.outside());
        let grams_per_kwh = conditions.carbon_grams_per_kwh.unwrap_or(0.0);
        if self.it_watts > 0.0 {
            let facility_seconds = facility_watts / self.it_watts * seconds;
            self.per_watt.facility_seconds += facility_seconds;
            self.per_watt.carbon_grams += operational_grams(facility_seconds, grams_per_kwh);
        } else if facility_watts > 0.0 {
            let idle = self.energy.entry(Payer::Idle).or_default();
            idle.facility_joules += facility_watts * seconds;
            idle.carbon_grams += operational_grams(facility_watts * seconds, grams_per_kwh);
        }
    }

    fn settle_all(&mut self) {
        self.hosts.ids().for_each(|host| self.settle(host));
    }

    /// Adds up what a host has drawn until now.
    fn settle(&mut self, host: HostId) {
        let shares = &mut self.hosts[host];
        let seconds = self.now.since(shares.since).seconds();
        let facility_seconds = self.per_watt.facility_seconds - shares.per_watt.facility_seconds;
        let carbon_grams = self.per_watt.carbon_grams - shares.per_watt.carbon_grams;
        (shares.since, shares.per_watt) = (self.now, self.per_watt);
        for &(payer, watts) in &shares.watts {
            let energy = self.energy.entry(payer).or_default();
            energy.it_joules += watts * seconds;
            energy.facility_joules += watts * facility_seconds;
            energy.carbon_grams += watts * carbon_grams;
        }
    }

    fn refresh(&mut self, host: HostId, view: ClusterView<'_>) {
        self.settle(host);
        self.look(host, view);
    }

    /// Splits what a host draws from now on.
    fn look(&mut self, host: HostId, view: ClusterView<'_>) {
        let shares = &mut self.hosts[host];
        shares.watts.clear();
        let watts = view.power_watts(host);
        match view.phase(host) {
            Phase::Asleep => shares.add(Payer::Idle, watts),
            Phase::GoingDown | Phase::Booting => shares.add(Payer::Boot, watts),
            Phase::On => Split { host, view, shares }.split(watts),
        }
    }
}

impl Observer for EnergyByTenant {
    fn on_event(&mut self, event: &Event, view: ClusterView<'_>) {
        self.pass(event.time, view);
        match event.kind {
            EventKind::TaskStarted { placement } => self.refresh(placement.host, view),
            EventKind::TaskFinished { host, .. }
            | EventKind::TaskEvicted { host, .. }
            | EventKind::UseChanged { host, .. }
            | EventKind::PhaseChanged { host, .. }
            | EventKind::Governed { host }
            | EventKind::Resized { host, .. } => self.refresh(host, view),
            EventKind::MigrationStarted { placement } => {
                self.refresh(placement.host, view);
                self.refresh(view.placement(placement.task).host, view);
            }
            EventKind::MigrationEnded { from, to, .. } => {
                self.refresh(from, view);
                self.refresh(to, view);
            }
            EventKind::MigrationCancelled { task, to } => {
                self.refresh(to, view);
                self.refresh(view.placement(task).host, view);
            }
            // Whoever waits for its turn draws nothing yet; from then on all legs are the same.
            EventKind::MigrationWentOn { task, .. } => {
                let ends = view.move_of(task).map(|one| [view.placement(task).host, one.to.host]);
                ends.into_iter().flatten().for_each(|host| self.refresh(host, view));
            }
            EventKind::TaskSubmitted { .. }
            | EventKind::TaskRejected { .. }
            | EventKind::TurnedAway { .. }
            | EventKind::OutOfMemory { .. }
            | EventKind::PeriodPassed => {}
        }
        self.it_watts = view.totals().power_watts;
    }
}

/// The power of a host that is on, being split.
struct Split<'a, 'v> {
    host: HostId,
    view: ClusterView<'v>,
    shares: &'a mut HostShares,
}

impl Split<'_, '_> {
    fn split(mut self, watts: f64) {
        let Self { host, view, .. } = self;
        let topology = view.topology();
        let cpu_milli = topology.physical(host).cpu_milli;
        let power = &topology.model(host).power;
        let at_work: Vec<TaskId> = view.hosted(host).collect();
        let moving: Vec<TaskId> = match view.has_moves(host) {
            true => view.moves().map(|(task, _)| task).filter(|&task| self.takes_part(task)).collect(),
            false => Vec::new(),
        };
        let move_watts =
            view.rules().migration.power_share * (power.max_watts(cpu_milli) - power.idle_watts(cpu_milli));
        let sent: Vec<TaskId> =
            moving.iter().copied().filter(|&task| view.leg_of(task) != Some(Leg::Waiting)).collect();
        sent.iter().for_each(|&task| self.shares.add(self.payer(task), move_watts));
        let device_watts = self.devices(&at_work, &moving);
        let cpu_watts = watts - device_watts - move_watts * sent.len() as f64;
        let idle_watts = power.idle_watts(cpu_milli).min(cpu_watts);
        self.reserved(idle_watts, &at_work, &moving);
        self.used(cpu_watts - idle_watts, &at_work);
    }

    fn payer(&self, task: TaskId) -> Payer {
        Payer::Tenant(self.view.tenant(task))
    }

    /// True when a task that is on its way comes from this host, or to it.
    fn takes_part(&self, task: TaskId) -> bool {
        self.view.placement(task).host == self.host
            || self.view.move_of(task).is_some_and(|one| one.to.host == self.host)
    }

    /// The idle power, by what is reserved. Who is on the way to a host reserves there, too.
    fn reserved(&mut self, watts: f64, at_work: &[TaskId], moving: &[TaskId]) {
        let (host, view) = (self.host, self.view);
        let capacity = view.topology().capacity(host);
        let share_of = |task: TaskId| {
            let held = view.held(task);
            let share =
                |part: u32, whole: u32| if whole == 0 { 0.0 } else { f64::from(part) / f64::from(whole) };
            share(held.cpu_milli, capacity.cpu_milli).max(share(held.memory_mib, capacity.memory_mib))
        };
        let coming = moving.iter().filter(|&&task| view.placement(task).host != host);
        let tasks: Vec<(TaskId, f64)> =
            at_work.iter().chain(coming).map(|&task| (task, share_of(task))).collect();
        let sum: f64 = tasks.iter().map(|(_, share)| share).sum();
        let whole = sum.max(1.0);
        for (task, share) in tasks {
            self.shares.add(self.payer(task), watts * share / whole);
        }
        self.shares.add(Payer::Idle, watts * (1.0 - sum / whole));
    }

    /// Power above idle, by what is used. A host that runs at full power whatever is in use may have no user.
    fn used(&mut self, watts: f64, at_work: &[TaskId]) {
        let uses: Vec<f64> = at_work.iter().map(|&task| self.view.use_of(task).cpu_milli as f64).collect();
        let sum: f64 = uses.iter().sum();
        if sum == 0.0 {
            return self.shares.add(Payer::Idle, watts);
        }
        for (&task, used) in at_work.iter().zip(uses) {
            self.shares.add(self.payer(task), watts * used / sum);
        }
    }

    /// The power of devices; gives what they draw together.
    fn devices(&mut self, at_work: &[TaskId], moving: &[TaskId]) -> f64 {
        let (host, view) = (self.host, self.view);
        let topology = view.topology();
        let (free, used) = (view.devices_free(host), view.device_use(host));
        let mut all_watts = 0.0;
        for (position, &kind) in view.device_kinds(host).iter().enumerate() {
            let power = &topology.kinds()[usize::from(kind)].power;
            let in_use = used[position].min(u32::from(WHOLE_DEVICE)) as u16;
            let watts = power.watts(in_use);
            all_watts += watts;
            let (whole, idle_watts) = (f64::from(WHOLE_DEVICE), power.idle_watts);
            let unreserved = view.device_unreserved(host, position);
            self.shares.add(Payer::Idle, idle_watts * f64::from(unreserved) / whole);
            if free[position] == WHOLE_DEVICE {
                continue;
            }
            let here = at_work.iter().map(|&task| (task, view.placement(task)));
            let coming = moving.iter().filter_map(|&task| Some((task, view.move_of(task)?.to)));
            for (task, placement) in here.chain(coming.filter(|(_, to)| to.host == host)) {
                if !placement.devices.has(position) {
                    continue;
                }
                let taken = view.taken_of(kind, view.shape(task).devices);
                self.shares.add(self.payer(task), idle_watts * f64::from(taken) / whole);
                if view.placement(task).host == host && used[position] > 0 {
                    let part = f64::from(view.use_of(task).device_milli_each) / f64::from(used[position]);
                    self.shares.add(self.payer(task), (watts - idle_watts) * part);
                }
            }
        }
        all_watts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rules;
    use crate::testing;

    fn watched(hosts: &str, work: &str, window: Window) -> Vec<(Payer, f64, f64)> {
        let mut engine = testing::engine_with(hosts, work, Rules::default());
        let mut watched = EnergyByTenant::new(window, engine.view());
        testing::run_first_fit(&mut engine, &mut watched);
        let all = watched.finish(engine.view());
        all.into_iter().map(|(payer, energy)| (payer, energy.it_joules, energy.facility_joules)).collect()
    }

    /// Models 7, the rule by hand. A host of 4 cores and 8 GiB draws 100 W idle, 200 W at work. One task holds one core and
    /// half of the memory for 10 s: 50 W of the idle power and all of the 25 W above it; 50 W are nobody's. With a PUE of
    /// 1.54.
    #[test]
    fn models_7_idle_power_follows_reservations_and_the_rest_use() {
        let all = watched("cpu 4 memory 8", "at 0 cpu 1 memory 4 work 10", Window::default());
        let expected = [(Payer::Tenant(TenantId(0)), 750.0), (Payer::Idle, 500.0), (Payer::Boot, 0.0)];
        for ((payer, it, facility), (expected_payer, joules)) in all.into_iter().zip(expected) {
            assert_eq!(payer, expected_payer);
            assert!(
                (it - joules).abs() < 1e-9 && (facility - 1.54 * joules).abs() < 1e-9,
                "{payer:?}: {it} J"
            );
        }
    }

    /// Two tasks that reserve 3/4 of a host each, one of the cpu, one of the memory, share its idle power evenly, and what
    /// is above by their use: 3 cores and 1.
    #[test]
    fn more_than_all_is_split_by_shares_of_the_sum() {
        let work = "at 0 cpu 3 memory 1 work 10 tenant 1 | at 0 cpu 1 memory 3 work 10 tenant 2";
        let joules: Vec<f64> =
            watched("cpu 4 memory 4", work, Window::default()).into_iter().map(|one| one.1).collect();
        assert_eq!(joules, [1250.0, 750.0, 0.0, 0.0]);
    }

    /// Two devices of 10 to 110 W: one task holds 300 thousandths of one and uses half of that, 3 W and 15 W; the rest of
    /// both is nobody's idle power. It holds no cpu.
    #[test]
    fn devices_are_split_by_what_is_held_and_used() {
        let all = watched("cpu 1 memory 1 gpus 2", "at 0 share 300 use 0:50 work 10", Window::default());
        let power = testing::topology("gpus 1").kinds()[0].power;
        let (idle, above) = (power.idle_watts, power.watts(150) - power.idle_watts);
        assert!((all[0].1 - 10.0 * (0.3 * idle + above)).abs() < 1e-9, "{all:?}");
        assert!((all[1].1 - 10.0 * (100.0 + 1.7 * idle)).abs() < 1e-9, "{all:?}");
    }

    #[test]
    fn only_the_window_counts() {
        let (begin, end) = (SimTime(2_000_000), Some(SimTime(6_000_000)));
        let all = watched("cpu 4 memory 8", "at 0 cpu 1 memory 4 work 10", Window { begin, end });
        assert!((all[0].1 - 300.0).abs() < 1e-9 && (all[1].1 - 200.0).abs() < 1e-9, "{all:?}");
    }
}
