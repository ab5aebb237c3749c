//! Lives of instances, put together from the events that Google's cell traces tell of them.
//!
//! An instance is submitted, scheduled, perhaps evicted or failed and scheduled again, and at last finishes, is killed
//! or is lost. [`Stream`] takes such events one by one and gives a task for each instance that ran.
//!
//! **Order.** Whoever was told by rising time forgets an instance as soon as it has ended: memory is needed only for
//! those that live, and for the tasks. Published tables are often not sorted: as long as the first rows do not rise in
//! time, or when the option says so, all events are held, in 48 bytes each, and sorted when all are read. Events
//! of one moment are taken in the order in which they can follow each other.
//!
//! **Attempts.** What an instance ran before it was evicted or failed was lost; the option [`Attempts`] says what
//! becomes of it.
//!
//! **Time.** 0 stands for "before the trace": such a moment becomes the first one after 0 of which an event is told.
//! Whoever still runs at the last moment of the trace is censored.

use rustc_hash::FxHashMap;
use serde::Deserialize;
use sim::kernel::time::{SimDuration, SimTime};
use sim::workload::{Demand, JobSpec, Recorded, TaskSpec};

use super::gather::{GIB, Gatherer, Place, cpu_milli_of, memory_mib_of};
use super::{ImportError, Tally};

/// An end "after the trace" is told as the largest number of 64 bits.
pub(super) const AFTER_THE_TRACE: u64 = i64::MAX as u64;
/// Later moments are none.
pub(super) const LATEST: u64 = 1 << 53;

/// What becomes of the time that an instance ran before it was evicted or failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attempts {
    /// An instance is one task, which does what its last attempt did: nothing that was lost is done.
    #[default]
    Last,
    /// An instance is one task, as long as all its attempts together.
    Sum,
    /// Each attempt is a task of its own, submitted when the instance began to wait for it.
    Each,
}

/// In which order the rows stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// By time, if the first 65,536 events do; in any order otherwise.
    #[default]
    AsFound,
    /// In any order: all events are held in memory and sorted.
    Any,
}

/// A machine to whose size requests are normalised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Machine {
    pub(super) cores: f64,
    pub(super) memory_gib: f64,
}

/// Above 0, up to a million: the size of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Size(pub f64);

impl TryFrom<f64> for Size {
    type Error = String;
    fn try_from(number: f64) -> Result<Self, String> {
        match number > 0.0 && number <= 1e6 {
            true => Ok(Self(number)),
            false => Err(format!("{number} stands there, allowed is a number above 0, up to 1000000")),
        }
    }
}

/// What an instance asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) cpu_milli: u32,
    pub(super) memory_mib: u32,
}

impl Machine {
    /// A request in parts of this machine; nothing when it is none.
    pub(super) fn parts(self, cpus: f64, memory: f64) -> Option<Asked> {
        let cpu_milli = cpu_milli_of(cpus * self.cores)?;
        Some(Asked { cpu_milli, memory_mib: memory_mib_of(memory * self.memory_gib, GIB)? })
    }
}

/// What can happen to an instance, in the order in which it can within one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// It waits.
    Submitted,
    /// It runs.
    Scheduled,
    /// It was evicted or failed, and may come back.
    Interrupted,
    /// It finished, was killed or is lost.
    Ended,
}

/// One event. Kept small: in a table that is not sorted they are all held.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    /// Microseconds; 0 before the trace.
    pub(super) time: u64,
    pub(super) collection: u64,
    /// 0 for none.
    pub(super) machine: u64,
    /// Where the source tells it.
    pub(super) asked: Option<Asked>,
    pub(super) instance: u32,
    pub(super) tenant: u32,
    pub(super) step: Step,
    pub(super) priority: u8,
}

const _: () = assert!(size_of::<Told>() == 48);

/// An instance that has not ended.
struct Life {
    /// When it was submitted; where each attempt is a task, when it began to wait for this one.
    submitted: u64,
    /// When the attempt began that is a task's recorded start.
    started: u64,
    /// When it began to run, while it runs.
    running_since: Option<u64>,
    /// What it ran before, so far as it counts.
    ran: u64,
    has_run: bool,
    machine: u64,
    asked: Option<Asked>,
    tenant: u32,
    /// Rows that told of it and are not yet counted.
    rows: u32,
    priority: u8,
}

/// Takes events, gives tasks.
pub(super) struct Stream {
    attempts: Attempts,
    /// Events that wait to be sorted: all of them while `holds_all`, otherwise those of the latest moment.
    waiting: Vec<Told>,
    holds_all: bool,
    order: Order,
    is_sorted: bool,
    latest: u64,
    /// The last moment of which any row tells.
    end: u64,
    lives: FxHashMap<(u64, u32), Life>,
    /// The first moment after 0.
    beginning: Option<u64>,
    gatherer: Gatherer,
}

impl Stream {
    /// So many events in order are taken for a table in order.
    const ENOUGH: usize = 1 << 16;

    pub(super) fn new(attempts: Attempts, order: Order) -> Self {
        Self {
            attempts,
            waiting: Vec::new(),
            holds_all: true,
            order,
            is_sorted: true,
            latest: 0,
            end: 0,
            lives: FxHashMap::default(),
            beginning: None,
            gatherer: Gatherer::new(),
        }
    }

    /// The number of a tenant, by first appearance.
    pub(super) fn tenant(&mut self, name: &str) -> u32 {
        self.gatherer.tenant(name)
    }

    /// A row tells of this moment, whatever it tells.
    pub(super) fn saw(&mut self, time: u64) {
        self.end = self.end.max(time);
    }

    /// Takes an event. Its row is counted as kept or dropped when it is known what became of its instance.
    ///
    /// # Errors
    /// When events were in order for long, and this one is not.
    pub(super) fn take(
        &mut self,
        told: Told,
        place: Place<'_>,
        tally: &mut Tally,
    ) -> Result<(), ImportError> {
        self.saw(told.time);
        if self.holds_all {
            self.is_sorted &= told.time >= self.latest;
            self.latest = self.latest.max(told.time);
            self.waiting.push(told);
            if self.waiting.len() == Self::ENOUGH && self.is_sorted && self.order == Order::AsFound {
                self.holds_all = false;
                let last = self.waiting.partition_point(|waiting| waiting.time < self.latest);
                let rest = self.waiting.split_off(last);
                self.settle(place, tally)?;
                self.waiting = rest;
            }
            return Ok(());
        }
        if told.time < self.latest {
            let problem = format!(
                "an event at {} stands behind one at {}: rows were in order of time up to here; sort them, or \
                 set the option `order = \"any\"`, which holds all events in memory",
                told.time, self.latest
            );
            return Err(ImportError::Line { file: place.file.to_owned(), line: place.line, problem });
        }
        if told.time > self.latest {
            self.settle(place, tally)?;
            self.latest = told.time;
        }
        self.waiting.push(told);
        Ok(())
    }

    /// The workload, when all events were taken.
    pub(super) fn finish(
        mut self,
        place: Place<'_>,
        tally: &mut Tally,
    ) -> Result<sim::workload::Workload, ImportError> {
        self.settle(place, tally)?;
        let mut left: Vec<_> = std::mem::take(&mut self.lives).into_iter().collect();
        left.sort_unstable_by_key(|&(key, ref life)| (life.submitted, key));
        for (key, mut life) in left {
            self.end(key, &mut life, self.end, true, place, tally)?;
        }
        self.gatherer.finish(place, tally)
    }

    /// What waits happens.
    fn settle(&mut self, place: Place<'_>, tally: &mut Tally) -> Result<(), ImportError> {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.sort_by_key(|told| (told.time, told.step));
        waiting.iter().try_for_each(|told| self.happen(told, place, tally))?;
        if !self.holds_all {
            waiting.clear();
            self.waiting = waiting;
        }
        Ok(())
    }

    fn happen(&mut self, told: &Told, place: Place<'_>, tally: &mut Tally) -> Result<(), ImportError> {
        if told.time > 0 {
            self.beginning.get_or_insert(told.time);
        }
        let key = (told.collection, told.instance);
        let Some(mut life) = self.lives.remove(&key).or_else(|| Life::begin(told)) else {
            tally.drop_row("end_without_beginning");
            return Ok(());
        };
        life.rows += 1;
        life.asked = told.asked.or(life.asked);
        let is_over = match told.step {
            Step::Submitted => {
                // Whoever comes back is still the same instance; where attempts are tasks, it waits from now on.
                if self.attempts == Attempts::Each && life.rows == 1 && life.running_since.is_none() {
                    life.submitted = told.time;
                }
                false
            }
            Step::Scheduled => {
                if life.running_since.is_some() {
                    tally.count("scheduled_while_running");
                    self.interrupt(key, &mut life, told.time, place, tally)?;
                }
                life.start(told, self.attempts);
                false
            }
            Step::Interrupted => {
                if life.running_since.is_some() {
                    tally.count("attempts_interrupted");
                    self.interrupt(key, &mut life, told.time, place, tally)?;
                }
                false
            }
            Step::Ended => true,
        };
        match is_over {
            true => self.end(key, &mut life, told.time, false, place, tally)?,
            false => drop(self.lives.insert(key, life)),
        }
        Ok(())
    }

    /// An attempt has ended, and another may follow.
    fn interrupt(
        &mut self,
        key: (u64, u32),
        life: &mut Life,
        time: u64,
        place: Place<'_>,
        tally: &mut Tally,
    ) -> Result<(), ImportError> {
        if self.attempts == Attempts::Each {
            self.end(key, life, time, false, place, tally)?;
            life.submitted = time;
        } else {
            life.stop(time, self.attempts, self.beginning);
        }
        Ok(())
    }

    /// The instance, or one attempt of it where each is a task, is over or is seen no longer.
    fn end(
        &mut self,
        key: (u64, u32),
        life: &mut Life,
        time: u64,
        is_left: bool,
        place: Place<'_>,
        tally: &mut Tally,
    ) -> Result<(), ImportError> {
        let rows = std::mem::take(&mut life.rows);
        let is_censored = is_left && life.running_since.is_some();
        let was_running = life.running_since.is_some();
        life.stop(time, self.attempts, self.beginning);
        if self.attempts == Attempts::Each && !was_running && life.has_run {
            // It came back, but was not scheduled again: its attempts are tasks already.
            (0..rows).for_each(|_| tally.keep());
            return Ok(());
        }
        if !life.has_run || (time == 0 && !is_left) {
            let reason = if life.has_run { "ended_before_the_trace" } else { "never_started" };
            (0..rows).for_each(|_| tally.drop_row(reason));
            return Ok(());
        }
        (0..rows).for_each(|_| tally.keep());
        let beginning = self.beginning.unwrap_or(0);
        if life.submitted == 0 {
            tally.count("present_at_start");
        }
        if life.asked.is_none() {
            tally.count("requests_unknown");
        }
        let Asked { cpu_milli, memory_mib } = life.asked.unwrap_or(Asked { cpu_milli: 0, memory_mib: 0 });
        let submit = SimTime(life.submitted.max(beginning));
        let started = SimTime(life.started.max(beginning));
        let task = TaskSpec {
            demand: Demand { cpu_milli, memory_mib, priority: life.priority, ..Demand::default() },
            work: SimDuration(life.ran),
            is_censored,
            name: Some(format!("{}-{}", key.0, key.1).into()),
            recorded: Some(Recorded {
                start: started,
                host: (life.machine != 0).then(|| life.machine.to_string().into()),
            }),
            ..TaskSpec::default()
        };
        self.gatherer.job(
            place,
            JobSpec { submit, tenant: life.tenant, is_gang: false },
            std::iter::once(task),
        )
    }
}

impl Life {
    /// A life that this event begins; nothing when it ends one of which nothing was told.
    fn begin(told: &Told) -> Option<Self> {
        matches!(told.step, Step::Submitted | Step::Scheduled).then_some(Self {
            submitted: told.time,
            started: told.time,
            running_since: None,
            ran: 0,
            has_run: false,
            machine: 0,
            asked: None,
            tenant: told.tenant,
            rows: 0,
            priority: told.priority,
        })
    }

    fn start(&mut self, told: &Told, attempts: Attempts) {
        if !(attempts == Attempts::Sum && self.has_run) {
            self.started = told.time;
        }
        (self.machine, self.priority) = (told.machine, told.priority);
        (self.running_since, self.has_run) = (Some(told.time), true);
    }

    /// What ran before the beginning of the trace is not seen.
    fn stop(&mut self, time: u64, attempts: Attempts, beginning: Option<u64>) {
        if let Some(since) = self.running_since.take() {
            let length = time.saturating_sub(since.max(beginning.unwrap_or(0)));
            self.ran = if attempts == Attempts::Sum { self.ran + length } else { length };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Step::{Ended, Interrupted, Scheduled, Submitted};

    fn told(time: u64, step: Step, instance: u32) -> Told {
        let asked = Some(Asked { cpu_milli: 100, memory_mib: 10 });
        Told { time, collection: 7, machine: 9, asked, instance, tenant: 0, step, priority: 2 }
    }

    fn run(
        events: &[Told],
        attempts: Attempts,
        order: Order,
    ) -> Result<(sim::workload::Workload, Tally), ImportError> {
        let (mut stream, mut tally) = (Stream::new(attempts, order), Tally::default());
        for (line, &event) in (1..).zip(events) {
            tally.read();
            stream.take(event, Place { file: "events", line }, &mut tally)?;
        }
        let workload = stream.finish(Place { file: "events", line: 1 }, &mut tally)?;
        Ok((workload, tally))
    }

    /// When each task was submitted, began and how long it ran, on the clock of the source.
    fn lives(events: &[Told], attempts: Attempts) -> Vec<(u64, u64, u64)> {
        let (workload, _) = run(events, attempts, Order::AsFound).expect("events");
        let origin = workload.origin().0;
        let start = |task| workload.recorded_start(task).expect("recorded").0 + origin;
        workload
            .tasks()
            .map(|task| (workload.submit(task).0 + origin, start(task), workload.work(task).0))
            .collect()
    }

    #[test]
    fn what_is_lost_counts_as_the_option_says() {
        let events = [
            told(10, Submitted, 0),
            told(12, Scheduled, 0),
            told(20, Interrupted, 0),
            told(21, Submitted, 0),
            told(25, Scheduled, 0),
            told(30, Ended, 0),
        ];
        assert_eq!(lives(&events, Attempts::Last), [(10, 25, 5)]);
        assert_eq!(lives(&events, Attempts::Sum), [(10, 12, 13)]);
        assert_eq!(lives(&events, Attempts::Each), [(10, 12, 8), (21, 25, 5)]);
    }

    #[test]
    fn who_was_there_before_lives_from_the_beginning_and_who_is_left_is_censored() {
        let events = [
            told(0, Submitted, 0),
            told(0, Scheduled, 0),
            told(600, Submitted, 1),
            told(650, Ended, 0),
            told(660, Scheduled, 1),
            told(700, Submitted, 2),
        ];
        let (workload, tally) = run(&events, Attempts::Last, Order::AsFound).expect("events");
        assert_eq!(lives(&events, Attempts::Last), [(600, 600, 50), (600, 660, 40)]);
        let censored: Vec<bool> = workload.tasks().map(|task| workload.is_censored(task)).collect();
        assert_eq!(censored, [false, true]);
        let summary = tally.summary("lives", &workload);
        assert_eq!(summary.facts["present_at_start"], 1);
        assert_eq!((summary.rows_kept, summary.rows_dropped["never_started"]), (5, 1));
    }

    /// More events than are looked at before an order is believed: each instance lives for 3 of 5 microseconds.
    fn many() -> Vec<Told> {
        let life = |at: u32| {
            [(0, Submitted), (1, Scheduled), (4, Ended)]
                .map(|(after, step)| told(u64::from(5 * at + 1) + after, step, at))
        };
        (0..30_000).flat_map(life).collect()
    }

    #[test]
    fn sorted_and_shuffled_events_give_the_same_tasks() {
        let sorted = many();
        let mut shuffled = sorted.clone();
        let mut stream = sim::kernel::rng::Seed(3).stream("shuffle");
        (1..shuffled.len()).for_each(|last| shuffled.swap(last, stream.below(last + 1)));
        let of = |events: &[Told], order| run(events, Attempts::Last, order).expect("events").0;
        let expected = of(&sorted, Order::Any);
        assert_eq!(expected.task_count(), 30_000);
        assert_eq!(of(&sorted, Order::AsFound), expected);
        assert_eq!(of(&shuffled, Order::AsFound), expected);
    }

    #[test]
    fn an_order_that_breaks_late_is_refused() {
        let mut events = many();
        events.push(told(3, Submitted, 40_000));
        let refused = run(&events, Attempts::Last, Order::AsFound).expect_err("refused").to_string();
        assert!(
            refused.contains("events, line 90001: an event at 3 stands behind") && refused.contains("order"),
            "{refused}"
        );
        assert!(run(&events, Attempts::Last, Order::Any).is_ok());
    }
}
