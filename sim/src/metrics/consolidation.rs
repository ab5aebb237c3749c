//! What dynamic consolidation is judged by (Beloglazov and Buyya, CCPE 24(13), 2012): how long hosts gave less than was
//! asked of them, and what was lost by migrations. Watched where the rules let somebody ask *what to change?*.
//!
//! Two accountings, by the rules:
//!
//! * *exact*: everything is integrated from event to event. A host is full when all of its cpu is in use, short when more is
//!   asked of it than that or a task on it is slowed down by its migration; a task loses the slowdown while it is moved.
//! * *CloudSim 3*: as that program accounts in its PlanetLab examples. All hosts are looked at when a period passes and when
//!   migrations end; a host's energy between two looks is the mean of its power at both, nothing if it was empty at the
//!   first; what comes to a host is asked of it in full while a tenth is given; nothing is counted before the first look
//!   and after the last. Between the points of a trace use is a straight line.
//!
//! And two definitions of the same words: the program divides sums over all hosts (tasks), the paper takes the mean of
//! ratios, counts only hosts that are full, and takes a tenth of the use while a task is moved.

use crate::cluster::Status;
use crate::control::Governor;
use crate::event::{Event, EventKind};
use crate::kernel::ids::{HostId, IdVec, TaskId};
use crate::kernel::time::SimTime;
use crate::models::cloudsim::{self, Standing};
use crate::rules::Accounting;
use crate::view::ClusterView;

use super::window::Window;

/// What the paper takes of the use of a task for lost while it is moved.
const LOST_BY_MIGRATION: f64 = 0.1;

/// The sums at the end of an episode.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// Energy of all hosts, in joules, under the accounting of the rules.
    pub energy_joules: f64,
    /// Time short over time active, sums over hosts: a fraction.
    pub slatah: f64,
    /// The mean over hosts of time full over time active.
    pub slatah_paper: f64,
    /// What tasks lacked while they were moved, over what they asked for, sums over tasks.
    pub pdm: f64,
    /// The mean over tasks of a tenth of what they asked for while they were moved, over what they asked for.
    pub pdm_paper: f64,
    /// What tasks lacked over what they asked for.
    pub shortage: f64,
    /// What tasks were given over the cpu of hosts in the time in which they were active: a fraction.
    pub use_active: f64,
    /// How often a host went from holding tasks to holding none; all count as holding some before the first look.
    pub host_shutdowns: u64,
}

/// A host between two looks.
#[derive(Clone, Debug)]
struct HostBook {
    /// Who is on it or comes to it, in the program's order.
    list: Vec<TaskId>,
    since: SimTime,
    is_recorded: bool,
    used_before: f64,
    used: f64,
    is_active: bool,
    was_active: bool,
    is_short: bool,
    is_full: bool,
    active_seconds: f64,
    short_seconds: f64,
    full_seconds: f64,
    shutdowns: u64,
    /// What its tasks ask for beyond what it has; counted where everything is integrated from event to event.
    lacked: f64,
    lacked_sum: f64,
}

impl HostBook {
    const EMPTY: Self = Self {
        list: Vec::new(),
        since: SimTime::ZERO,
        is_recorded: false,
        used_before: 0.0,
        used: 0.0,
        is_active: false,
        was_active: true,
        is_short: false,
        is_full: false,
        active_seconds: 0.0,
        short_seconds: 0.0,
        full_seconds: 0.0,
        shutdowns: 0,
        lacked: 0.0,
        lacked_sum: 0.0,
    };

    /// What held since the last record has held until now.
    fn pass(&mut self, now: SimTime) {
        let seconds = now.since(self.since).seconds();
        self.since = now;
        self.lacked_sum += self.lacked * seconds;
        if self.is_recorded && seconds > 0.0 {
            self.shutdowns += u64::from(self.was_active && !self.is_active);
            self.was_active = self.is_active;
            if self.is_active {
                self.active_seconds += seconds;
                self.short_seconds += if self.is_short { seconds } else { 0.0 };
                self.full_seconds += if self.is_full { seconds } else { 0.0 };
            }
        }
    }
}

/// A task between two looks.
#[derive(Clone, Copy, Debug, Default)]
struct TaskBook {
    since: SimTime,
    is_recorded: bool,
    demanded: f64,
    given: f64,
    is_moved: bool,
    demanded_sum: f64,
    given_sum: f64,
    lacked_when_moved: f64,
    demanded_when_moved: f64,
}

impl TaskBook {
    fn pass(&mut self, now: SimTime) {
        let seconds = now.since(self.since).seconds();
        self.since = now;
        if self.is_recorded {
            self.demanded_sum += self.demanded * seconds;
            self.given_sum += self.given * seconds;
            if self.is_moved {
                self.demanded_when_moved += self.demanded * seconds;
                self.lacked_when_moved += (self.demanded - self.given).max(0.0) * seconds;
            }
        }
    }

    fn record(&mut self, now: SimTime, demanded: f64, given: f64, is_moved: bool) {
        self.pass(now);
        (self.demanded, self.given, self.is_moved, self.is_recorded) = (demanded, given, is_moved, true);
    }
}

/// What tasks asked for, what they were given of it, and what hosts had while they were active, all in thousandths of a core
/// times seconds, from the beginning of an episode until some moment.
#[derive(Clone, Copy, Debug, Default)]
struct Flow {
    demanded: f64,
    given: f64,
    /// Given where a host had no more to give.
    lacked: f64,
    active: f64,
}

/// Watches an episode.
#[derive(Clone, Debug)]
pub(super) struct Consolidation {
    accounting: Accounting,
    /// What of it is measured where that can be told apart: what was asked for and given.
    window: Window,
    begin: Option<Flow>,
    end: Option<Flow>,
    hosts: IdVec<HostId, HostBook>,
    tasks: IdVec<TaskId, TaskBook>,
    /// Where tasks that are on their way come from, and what tasks asked for at the last look.
    sources: IdVec<TaskId, Option<HostId>>,
    demands: IdVec<TaskId, f64>,
    /// Hosts to which a task is on its way beside the one where it will arrive.
    also_to: Vec<(TaskId, HostId)>,
    /// When all hosts were last looked at.
    looked: SimTime,
    energy_joules: f64,
    asked: Vec<(f64, Standing)>,
    given: Vec<f64>,
}

impl Consolidation {
    /// Of an episode at its beginning, where there is something to watch.
    pub(super) fn new(window: Window, view: ClusterView<'_>) -> Option<Box<Self>> {
        let rules = view.rules();
        let accounting = rules.accounting;
        (rules.rebalancing.is_some() || accounting != Accounting::Exact).then(|| {
            Box::new(Self {
                accounting,
                window,
                begin: None,
                end: None,
                hosts: IdVec::filled(HostBook::EMPTY, view.topology().host_count()),
                tasks: IdVec::filled(TaskBook::default(), view.task_count()),
                sources: IdVec::filled(None, view.task_count()),
                demands: IdVec::filled(0.0, view.task_count()),
                also_to: Vec::new(),
                looked: SimTime::ZERO,
                energy_joules: 0.0,
                asked: Vec::new(),
                given: Vec::new(),
            })
        })
    }

    pub(super) fn on_event(&mut self, event: &Event, view: ClusterView<'_>) {
        self.pass_borders(view.now(), view);
        match self.accounting {
            Accounting::Exact => self.on_event_exact(event, view),
            Accounting::Cloudsim3 => self.on_event_cloudsim(event, view),
        }
    }

    /// Takes the borders of the window at or before `reached`, as nothing has changed since the last event.
    fn pass_borders(&mut self, reached: SimTime, view: ClusterView<'_>) {
        let Window { begin, end } = self.window;
        if begin > SimTime::ZERO && self.begin.is_none() && begin <= reached {
            self.begin = Some(self.flow(begin, view));
        }
        if let Some(end) = end.filter(|&end| self.end.is_none() && end <= reached) {
            self.end = Some(self.flow(end, view));
        }
    }

    /// What was asked for and given until a moment since which nothing has changed. Under CloudSim's accounting nothing is
    /// counted after the last look.
    fn flow(&self, until: SimTime, view: ClusterView<'_>) -> Flow {
        let is_exact = self.accounting == Accounting::Exact;
        let mut flow = Flow::default();
        for task in self.tasks.iter() {
            let mut book = *task;
            if is_exact {
                book.pass(until);
            }
            flow.demanded += book.demanded_sum;
            flow.given += book.given_sum;
        }
        for (host, book) in self.hosts.ids().zip(self.hosts.iter()) {
            let seconds = if is_exact && book.is_recorded { until.since(book.since).seconds() } else { 0.0 };
            let active = book.active_seconds + if book.is_active { seconds } else { 0.0 };
            flow.lacked += book.lacked_sum + book.lacked * seconds;
            flow.active += active * f64::from(view.topology().physical(host).cpu_milli);
        }
        flow
    }

    // Exact.

    fn on_event_exact(&mut self, event: &Event, view: ClusterView<'_>) {
        let (task, hosts) = match event.kind {
            EventKind::TaskStarted { placement } => (Some(placement.task), [Some(placement.host), None]),
            EventKind::TaskFinished { task, host }
            | EventKind::TaskEvicted { task, host, .. }
            | EventKind::UseChanged { task, host } => (Some(task), [Some(host), None]),
            EventKind::MigrationEnded { task, from, to } => (Some(task), [Some(from), Some(to)]),
            EventKind::MigrationStarted { placement } => {
                (Some(placement.task), [Some(view.placement(placement.task).host), None])
            }
            EventKind::MigrationCancelled { task, .. } | EventKind::MigrationWentOn { task, .. } => {
                (Some(task), [Some(view.placement(task).host), None])
            }
            EventKind::PhaseChanged { host, .. } => (None, [Some(host), None]),
            EventKind::TaskSubmitted { .. }
            | EventKind::TaskRejected { .. }
            | EventKind::Governed { .. }
            | EventKind::Resized { .. }
            | EventKind::TurnedAway { .. }
            | EventKind::OutOfMemory { .. }
            | EventKind::PeriodPassed => (None, [None, None]),
        };
        let now = view.now();
        if let Some(task) = task {
            self.tasks[task].pass(now);
            let (runs, is_moved) = (view.status(task) == Status::Running, view.move_of(task).is_some());
            let demanded = if runs { view.cpu_demand_milli(task) } else { 0.0 };
            let given = demanded * view.pace_on_the_way(task);
            self.tasks[task].record(now, demanded, given, is_moved);
        }
        for host in hosts.into_iter().flatten() {
            let book = &mut self.hosts[host];
            book.pass(now);
            let (used, capacity) =
                (view.cpu_use_milli(host), u64::from(view.topology().physical(host).cpu_milli));
            let is_slowed =
                || view.has_moves(host) && view.hosted(host).any(|task| view.pace_on_the_way(task) < 1.0);
            book.is_recorded = true;
            book.lacked = used.saturating_sub(capacity) as f64;
            book.is_active = !view.is_vacant(host);
            book.is_full = used >= capacity && capacity > 0;
            book.is_short = used > capacity || is_slowed();
        }
    }

    // CloudSim 3.

    fn on_event_cloudsim(&mut self, event: &Event, view: ClusterView<'_>) {
        match event.kind {
            EventKind::TaskStarted { placement } => self.hosts[placement.host].list.push(placement.task),
            EventKind::TaskFinished { task, host } | EventKind::TaskEvicted { task, host, .. } => {
                self.tasks[task].pass(view.now());
                self.tasks[task].is_recorded = false;
                self.sources[task] = None;
                self.leave(host, task);
            }
            EventKind::PeriodPassed => self.look(view),
            EventKind::MigrationStarted { placement } => {
                let from = view.placement(placement.task).host;
                self.sources[placement.task] = Some(from);
                self.hosts[placement.host].list.push(placement.task);
                self.refresh(placement.host, view);
                self.refresh(from, view);
            }
            EventKind::MigrationEnded { task, from, to } => {
                if view.now() > self.looked {
                    self.look(view);
                }
                self.sources[task] = None;
                self.leave(from, task);
                self.give_up_others(view, Some(task));
                // It is created there: it comes last.
                self.leave(to, task);
                self.hosts[to].list.push(task);
                self.refresh(from, view);
                self.refresh(to, view);
            }
            // Who is sent on before setting out is on its way to both hosts in the program, until it arrives at the last.
            EventKind::MigrationCancelled { task, to } => {
                self.sources[task] = None;
                self.also_to.push((task, to));
            }
            EventKind::TaskSubmitted { .. }
            | EventKind::TaskRejected { .. }
            | EventKind::UseChanged { .. }
            | EventKind::MigrationWentOn { .. }
            | EventKind::PhaseChanged { .. }
            | EventKind::Governed { .. }
            | EventKind::TurnedAway { .. }
            | EventKind::OutOfMemory { .. }
            | EventKind::Resized { .. } => {}
        }
    }

    fn leave(&mut self, host: HostId, task: TaskId) {
        self.hosts[host].list.retain(|&one| one != task);
    }

    /// Hosts to which nobody is on the way any more, or not this one.
    fn give_up_others(&mut self, view: ClusterView<'_>, arrived: Option<TaskId>) {
        let Self { sources, also_to, .. } = self;
        let is_over = |task: TaskId| arrived == Some(task) || sources[task].is_none();
        let given_up: Vec<_> = also_to.extract_if(.., |(task, _)| is_over(*task)).collect();
        for (task, host) in given_up {
            self.leave(host, task);
            self.refresh(host, view);
        }
    }

    /// All hosts are looked at.
    fn look(&mut self, view: ClusterView<'_>) {
        self.give_up_others(view, None);
        // In the order in which they lie in memory.
        for task in self.tasks.ids().filter(|&task| view.status(task) == Status::Running) {
            self.demands[task] = view.cpu_demand_milli(task);
        }
        for host in view.topology().hosts() {
            self.refresh(host, view);
        }
        let seconds = view.now().since(self.looked).seconds();
        self.looked = view.now();
        for host in view.topology().hosts() {
            let book = &self.hosts[host];
            let power = &view.topology().model(host).power;
            let capacity = view.topology().physical(host).cpu_milli;
            let watts =
                |used| cloudsim::watts(power, cloudsim::utilisation(used, f64::from(capacity)), capacity);
            self.energy_joules += if view.governor(host) == Governor::Full {
                power.max_watts(capacity) * seconds
            } else if book.used_before == 0.0 {
                0.0
            } else {
                let before = watts(book.used_before);
                (before + (watts(book.used) - before) / 2.0) * seconds
            };
        }
    }

    /// One host is looked at, in an instant in which all were.
    fn refresh(&mut self, host: HostId, view: ClusterView<'_>) {
        let now = view.now();
        let Self { hosts, tasks, sources, demands, asked, given, .. } = self;
        let book = &mut hosts[host];
        let standing = |task: TaskId| match sources[task] {
            Some(from) if from == host => Standing::Leaves,
            Some(_) => Standing::Comes,
            None => Standing::Stays,
        };
        asked.clear();
        asked.extend(book.list.iter().map(|&task| (demands[task], standing(task))));
        let model = view.topology().model(host);
        let total = f64::from(view.topology().physical(host).cpu_milli);
        let core = model.operation.core_milli.map_or(f64::INFINITY, f64::from);
        let shared = cloudsim::share(total, core, asked, given);
        for ((&task, &(demanded, standing)), &given) in book.list.iter().zip(asked.iter()).zip(given.iter()) {
            if standing != Standing::Comes {
                tasks[task].record(now, demanded, given, standing == Standing::Leaves);
            }
        }
        book.pass(now);
        book.is_recorded = true;
        book.used_before = book.used;
        book.used = shared.used;
        book.is_active = shared.used > 0.0;
        book.is_short = shared.used < shared.demanded;
        book.is_full = shared.demanded >= total;
    }

    /// The sums, when the episode has ended.
    pub(super) fn sums(&self, view: ClusterView<'_>) -> Sums {
        let mut books = self.clone();
        let is_exact = self.accounting == Accounting::Exact;
        books.pass_borders(view.now(), view);
        if is_exact {
            books.hosts.iter_mut().for_each(|book| book.pass(view.now()));
            books.tasks.iter_mut().for_each(|book| book.pass(view.now()));
        }
        // What the last look found lasts no time, but a host that it found empty has been left.
        books.hosts.iter_mut().for_each(|book| {
            book.shutdowns += u64::from(book.is_recorded && book.was_active && !book.is_active);
        });
        let short = |book: &HostBook| (book.short_seconds, book.active_seconds);
        let full = |book: &HostBook| (book.full_seconds, book.active_seconds);
        let lost = |book: &TaskBook| (LOST_BY_MIGRATION * book.demanded_when_moved, book.demanded_sum);
        let (hosts, tasks) = (&books.hosts, &books.tasks);
        let sum_tasks = |of: fn(&TaskBook) -> f64| tasks.iter().map(of).sum::<f64>();
        let begin = match books.begin {
            Some(begin) => begin,
            None if self.window.begin == SimTime::ZERO => Flow::default(),
            None => books.flow(view.now(), view),
        };
        let end = books.end.unwrap_or_else(|| books.flow(view.now(), view));
        let demanded = end.demanded - begin.demanded;
        let (given, lacked) = (end.given - begin.given, end.lacked - begin.lacked);
        Sums {
            use_active: over(given - lacked, end.active - begin.active),
            energy_joules: if is_exact { view.it_energy_joules() } else { books.energy_joules },
            slatah: ratio_of_sums(hosts.iter().map(short)),
            slatah_paper: mean_of_ratios(hosts.iter().map(full)),
            pdm: over(sum_tasks(|book| book.lacked_when_moved), sum_tasks(|book| book.demanded_sum)),
            pdm_paper: mean_of_ratios(tasks.iter().map(lost)),
            shortage: over(demanded - given + lacked, demanded),
            host_shutdowns: hosts.iter().map(|book| book.shutdowns).sum(),
        }
    }
}

fn over(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// As the program has it: all parts over all wholes.
fn ratio_of_sums(pairs: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (parts, wholes) =
        pairs.fold((0.0, 0.0), |(parts, wholes), (part, whole)| (parts + part, wholes + whole));
    over(parts, wholes)
}

/// As the paper has it: the mean of the ratios, of those that have a whole.
fn mean_of_ratios(pairs: impl Iterator<Item = (f64, f64)>) -> f64 {
    let ratios = pairs.filter(|(_, whole)| *whole > 0.0).map(|(part, whole)| part / whole);
    let (sum, count) = ratios.fold((0.0, 0.0), |(sum, count), ratio| (sum + ratio, count + 1.0));
    over(sum, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hosts that were overloaded for 10 of 100 hours and for 3 of 10: the mean of ratios, and that of pooled hours.
    #[test]
    fn models_12_slatah_of_the_paper_and_of_the_program() {
        let hosts = [(10.0, 100.0), (3.0, 10.0)];
        assert!((mean_of_ratios(hosts.into_iter()) - 0.20).abs() < 1e-15);
        assert!((ratio_of_sums(hosts.into_iter()) - 13.0 / 110.0).abs() < 1e-15, "0.118");
        assert_eq!((mean_of_ratios([(0.0, 0.0)].into_iter()), ratio_of_sums(std::iter::empty())), (0.0, 0.0));
    }
}
