//! The third question: when it is asked, and what its answers do.

use super::Engine;
use crate::cluster::{Move, Outcome, Status};
use crate::control::{Governor, Phase};
use crate::decision::{Decision, Infeasible, Occasion, Placement};
use crate::event::EventKind;
use crate::kernel::ids::{HostId, Id, TaskId};
use crate::kernel::time::{SimDuration, SimTime};
use crate::models::migration::course::Leg;
use crate::resources::{Resources, TaskShape};

/// When it is asked what to change.
#[derive(Clone, Debug)]
pub(super) struct Agenda {
    /// When the next period has passed; `SimTime::MAX` for never.
    next: SimTime,
    /// Why it is to be asked when the instant is over.
    due: Option<Occasion>,
    /// Something happened that was no answer to this question, since the last period.
    is_lively: bool,
    /// How many of the scheduled events are ends of migrations and of phases.
    pub(super) own: usize,
    /// Counts the migrations and their stages, and begins anew when there are too many to count.
    serial: u16,
}

impl Agenda {
    pub(super) const NEVER: Self =
        Self { next: SimTime::MAX, due: None, is_lively: false, own: 0, serial: 0 };
}

impl Engine {
    /// The agenda of an episode at its beginning.
    pub(super) fn begin_agenda(&mut self) {
        if let Some(rebalancing) = self.rules.rebalancing {
            self.cluster.take_control(self.rules.migration);
            self.agenda = Agenda {
                next: rebalancing.first,
                due: Some(Occasion::Start),
                is_lively: true,
                ..Agenda::NEVER
            };
        }
    }

    /// The occasion on which it is to be asked now that this is the next time at which something happens.
    pub(super) fn must_rebalance(&self, next: Option<SimTime>) -> Option<Occasion> {
        self.agenda.due.filter(|_| next.is_none_or(|next| next > self.cluster.now()))
    }

    /// Something is to be looked at when the instant is over. An earlier occasion of the list wins.
    pub(super) fn note(&mut self, occasion: Occasion) {
        let due = self.agenda.due;
        self.agenda.due = Some(due.map_or(occasion, |due| due.min(occasion)));
    }

    /// Something happened that was no answer to this question.
    pub(super) fn note_life(&mut self) {
        self.agenda.is_lively = true;
    }

    /// When the period passes next, as long as somebody is there and something else is still to come, if only the horizon,
    /// or as long as something happened since it last passed and somebody waits: a period alone keeps no episode from
    /// ending. Periods in which nobody was there are left out.
    pub(super) fn next_period(&self) -> SimTime {
        let Some(rebalancing) = self.rules.rebalancing else { return SimTime::MAX };
        let is_stuck = self.agenda.is_lively && !rebalancing.no_place && self.cluster.totals().waiting > 0;
        let totals = self.cluster.totals();
        let ends = self.rules.horizon.is_some()
            || self.scheduled.len() > self.agenda.own
            || self.is_somebody_standing();
        let lives = totals.running + totals.waiting > 0 && ends;
        if !lives && !is_stuck && self.next_arrival().is_none() {
            return SimTime::MAX;
        }
        let late = self.cluster.now().0.saturating_sub(self.agenda.next.0);
        let periods = late.div_ceil(rebalancing.period.0.max(1));
        SimTime(self.agenda.next.0.saturating_add(periods * rebalancing.period.0))
    }

    /// The time as CloudSim's clock shows it: the sum of when the period last passed and of what has passed since, which
    /// may be another double than the time itself.
    pub(crate) fn cloudsim_clock_seconds(&self) -> f64 {
        let now = self.cluster.now();
        let period = self.rules.rebalancing.map_or(SimDuration::ZERO, |rebalancing| rebalancing.period);
        match self.agenda.next.0.checked_sub(period.0).map(SimTime) {
            Some(last) if last <= now => last.seconds() + now.since(last).seconds(),
            _ => now.seconds(),
        }
    }

    /// The period has passed.
    pub(super) fn pass_period(&mut self, now: SimTime) {
        let rebalancing = self.rules.rebalancing.expect("without rules there is no period");
        self.cluster.advance(now);
        self.agenda.next = now + rebalancing.period;
        self.agenda.is_lively = false;
        self.outbox.push_back(EventKind::PeriodPassed);
        self.note(Occasion::Period);
    }

    /// The use of a host has changed from this many thousandths of a core: perhaps it crossed what is watched for.
    pub(super) fn watch_load(&mut self, host: HostId, before: u64) {
        let Some(rebalancing) = self.rules.rebalancing else { return };
        let capacity = f64::from(self.cluster.topology().physical(host).cpu_milli);
        let now = self.cluster.cpu_use(host);
        let is_over = |used: u64, share: f64| used as f64 > share * capacity;
        let has_risen =
            rebalancing.overload.is_some_and(|share| !is_over(before, share) && is_over(now, share));
        let has_fallen = rebalancing.underload.is_some_and(|share| {
            (before as f64) >= share * capacity
                && (now as f64) < share * capacity
                && !self.cluster.is_vacant(host)
        });
        if has_risen || has_fallen {
            self.note(Occasion::Load);
        }
    }

    /// Applies an answer to *what to change?*.
    pub(super) fn change(&mut self, decision: Decision) -> Result<(), Infeasible> {
        match decision {
            Decision::Defer => {
                self.agenda.due = None;
                self.open = None;
                Ok(())
            }
            Decision::Migrate(placement) => self.migrate(placement),
            Decision::CancelMigration { task } => {
                self.check_runs(task)?;
                let leg = self.leg_of(task).ok_or(Infeasible::NotOnItsWay(task))?;
                if leg == Leg::Following {
                    return Err(Infeasible::HasGoneOn(task));
                }
                self.cancel_move(task, Outcome::GivenUp);
                self.set_pace(task);
                Ok(())
            }
            Decision::Sleep { host } => self.sleep(host),
            Decision::Wake { host } => self.wake_host(host),
            Decision::Govern { host, governor } => self.govern(host, governor),
            Decision::Cap { host, watts } => self.cap(host, watts),
            Decision::Resize { task, resources } => self.resize(task, resources),
            _ => Err(Infeasible::WrongAnswer),
        }
    }

    fn check_runs(&self, task: TaskId) -> Result<(), Infeasible> {
        let is_known = task.index() < self.workload.task_count();
        let runs = is_known && self.cluster.tasks[task].status == Status::Running;
        runs.then_some(()).ok_or(Infeasible::NotRunning(task))
    }

    fn check_host(&self, host: HostId) -> Result<(), Infeasible> {
        let is_known = host.index() < self.cluster.topology().host_count();
        is_known.then_some(()).ok_or(Infeasible::NoSuchHost(host))
    }

    /// What a task holds.
    pub(super) fn held(&self, task: TaskId) -> TaskShape {
        let shape = self.shapes[self.workload.shape(task)];
        match self.cluster.resized(task) {
            None => shape,
            Some(resources) => TaskShape { resources, ..shape },
        }
    }

    fn migrate(&mut self, to: Placement) -> Result<(), Infeasible> {
        let task = to.task;
        self.check_runs(task)?;
        if self.cluster.move_of(task).is_some() {
            return Err(Infeasible::OnItsWay(task));
        }
        if self.cluster.placement(task).host == to.host {
            return Err(Infeasible::SameHost { task, host: to.host });
        }
        let shape = self.held(task);
        self.cluster.check(&shape, to)?;
        let since = self.cluster.now();
        let length = self.rules.migration.duration(shape.resources.memory_mib);
        let serial = self.next_serial();
        self.cluster.begin_move(&shape, Move { to, since, ends: since + length, serial, is_sent: false });
        self.outbox.push_back(EventKind::MigrationStarted { placement: to });
        if self.has_stages() {
            self.begin_transfer(task);
        } else {
            self.cluster.begin_sending(task);
            self.schedule_arrival(length, task, serial);
            self.set_pace(task);
        }
        Ok(())
    }

    /// A number that nothing scheduled has, or nothing that was scheduled lately.
    pub(super) fn next_serial(&mut self) -> u16 {
        self.agenda.serial = self.agenda.serial.wrapping_add(1);
        self.agenda.serial
    }

    /// A task has arrived.
    pub(super) fn end_move(&mut self, task: TaskId) {
        let moved = self.end_transfer(task, Outcome::Arrived);
        self.cluster.note_moved(task, moved);
        let (shape, usage) = (self.held(task), self.current_use(task));
        let to = self.cluster.move_of(task).expect("it is on its way").to.host;
        let before = self.cluster.cpu_use(to);
        let from = self.cluster.end_move(task, &shape, usage);
        self.outbox.push_back(EventKind::MigrationEnded { task, from, to });
        self.set_pace(task);
        self.set_pace_of_neighbours(from);
        self.watch_load(to, before);
        self.pending.on_release(from, &self.cluster, &self.shapes);
        self.is_news = true;
        self.begin_turns();
    }

    /// A task that was on its way is not any more.
    pub(super) fn cancel_move(&mut self, task: TaskId, outcome: Outcome) {
        let moved = self.end_transfer(task, outcome);
        self.cluster.note_moved(task, moved);
        let shape = self.held(task);
        let to = self.cluster.cancel_move(task, &shape);
        self.outbox.push_back(EventKind::MigrationCancelled { task, to });
        self.pending.on_release(to, &self.cluster, &self.shapes);
        self.is_news = true;
        self.begin_turns();
    }

    fn sleep(&mut self, host: HostId) -> Result<(), Infeasible> {
        self.check_host(host)?;
        let sleep =
            self.cluster.topology().model(host).operation.sleep.ok_or(Infeasible::NeverSleeps(host))?;
        if !self.cluster.is_on(host) {
            return Err(Infeasible::NotOn(host));
        }
        if !self.cluster.is_vacant(host) {
            return Err(Infeasible::NotEmpty(host));
        }
        self.enter(host, Phase::GoingDown, sleep.down);
        Ok(())
    }

    fn wake_host(&mut self, host: HostId) -> Result<(), Infeasible> {
        self.check_host(host)?;
        if self.cluster.control(host).phase != Phase::Asleep {
            return Err(Infeasible::NotAsleep(host));
        }
        let sleep = self.cluster.topology().model(host).operation.sleep.expect("it fell asleep");
        self.enter(host, Phase::Booting, sleep.boot);
        Ok(())
    }

    /// A host enters a phase that lasts so long; one that takes no time is passed through at once.
    fn enter(&mut self, host: HostId, phase: Phase, length: SimDuration) {
        self.cluster.set_phase(host, phase);
        self.outbox.push_back(EventKind::PhaseChanged { host, phase });
        if length == SimDuration::ZERO {
            return self.end_phase(host);
        }
        self.agenda.own += 1;
        self.schedule_host(length, host);
    }

    /// The phase of a host is over.
    pub(super) fn end_phase(&mut self, host: HostId) {
        let phase = match self.cluster.control(host).phase {
            Phase::GoingDown => Phase::Asleep,
            Phase::Booting => Phase::On,
            Phase::On | Phase::Asleep => unreachable!("these phases last until somebody decides"),
        };
        self.cluster.set_phase(host, phase);
        self.outbox.push_back(EventKind::PhaseChanged { host, phase });
        if phase == Phase::On {
            self.pending.on_release(host, &self.cluster, &self.shapes);
            self.is_news = true;
        }
    }

    fn govern(&mut self, host: HostId, governor: Governor) -> Result<(), Infeasible> {
        self.check_host(host)?;
        if let Governor::Step(step) = governor {
            let frequencies = &self.cluster.topology().model(host).operation.frequencies;
            frequencies.get(usize::from(step)).ok_or(Infeasible::NoFrequency(host))?;
        }
        self.cluster.set_governor(host, governor);
        self.outbox.push_back(EventKind::Governed { host });
        self.set_pace_on(host);
        Ok(())
    }

    fn cap(&mut self, host: HostId, watts: u32) -> Result<(), Infeasible> {
        self.check_host(host)?;
        let model = self.cluster.topology().model(host);
        let capacity = self.cluster.topology().physical(host).cpu_milli;
        if model.power.max_watts(capacity) <= f64::from(watts) {
            return self.govern(host, Governor::OnDemand);
        }
        let most = |&frequency: &f64| {
            let at_frequency = (f64::from(capacity) * frequency).round() as u32;
            model.power.watts_at(at_frequency, at_frequency, frequency)
        };
        let step = model.operation.frequencies.iter().position(|one| most(one) <= f64::from(watts));
        let step = step.ok_or(Infeasible::NoFrequency(host))?;
        self.govern(host, Governor::Step(step as u8))
    }

    fn resize(&mut self, task: TaskId, resources: Resources) -> Result<(), Infeasible> {
        self.check_runs(task)?;
        if self.cluster.move_of(task).is_some() {
            return Err(Infeasible::OnItsWay(task));
        }
        let Placement { host, numa, .. } = self.cluster.placement(task);
        if self.cluster.numa_free(host).len() > 1 && !numa.0.is_power_of_two() {
            return Err(Infeasible::Spans(task));
        }
        let shape = self.held(task);
        if !self.cluster.can_resize(task, &shape, resources) {
            return Err(Infeasible::Room { host, numa });
        }
        let host = self.cluster.resize(&shape, task, resources);
        self.set_pace_of_neighbours(host);
        self.outbox.push_back(EventKind::Resized { task, host });
        self.pending.on_release(host, &self.cluster, &self.shapes);
        self.is_news = true;
        Ok(())
    }
}
