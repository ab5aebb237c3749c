//! A whole experiment: every run of a plan, on as many threads as wished, recorded as each one ends.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use results::{Results, Store};

use crate::assets::Assets;
use crate::error::RunError;
use crate::evaluate::evaluate;
use crate::memory::MemoryMeter;
use crate::plan::{Plan, Run};
use crate::selection::select;

/// How an experiment is to be run; nothing here changes its results.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Threads; `None` for one per core.
    pub threads: Option<NonZeroUsize>,
    /// Replaces what an earlier run of an experiment left in the folder.
    pub force: bool,
    /// Patterns of the runs that are wanted (see [`crate::selection`]); none for all of them.
    pub only: Vec<String>,
    /// Measures the memory of each run.
    pub meter: Option<MemoryMeter>,
}

impl Options {
    /// How many threads a number of runs gets.
    pub fn threads_for(&self, runs: usize) -> usize {
        let all = self.threads.or_else(|| std::thread::available_parallelism().ok());
        all.map_or(1, NonZeroUsize::get).min(runs).max(1)
    }
}

/// How far an experiment is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// Runs that have ended, those of an earlier, interrupted attempt among them.
    pub done: usize,
    /// All runs that are wanted or have ended.
    pub total: usize,
    /// Runs that had ended before this attempt began.
    pub resumed: usize,
    /// Decisions of this attempt per second of wall time, over all threads.
    pub decisions_per_second: f64,
}

/// Is told how far an experiment is, from any thread, one call at a time.
pub trait Progress: Sync {
    /// Called when it begins, and after each run.
    fn advance(&self, standing: Standing);
}

/// Tells nobody.
impl Progress for () {
    fn advance(&self, _: Standing) {}
}

/// Runs what is wanted and has not been run yet. When every run of the plan is there, the experiment is brought to
/// its end; otherwise the results are those so far, and a later attempt goes on from there.
///
/// # Errors
/// When a pattern fits no run; when a run fails, the first one in order of the plan, or results cannot be
/// written. What has ended by then stays on disk, and the next attempt goes on from there.
pub fn run(
    plan: &Plan,
    folder: &Path,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Results, RunError> {
    let wanted = select(plan, &options.only)?;
    let store = match options.force {
        true => Store::replace(folder, &plan.manifest)?,
        false => Store::create_or_open(folder, &plan.manifest)?,
    };
    let finished = store.finished();
    let left: Vec<&Run> = wanted.into_iter().filter(|run| !finished.contains(&run.id)).collect();
    let attempt = Attempt {
        plan,
        store: &store,
        assets: Assets::new(plan, left.iter().copied()),
        progress,
        meter: options.meter,
        tally: Mutex::new(Tally {
            standing: Standing {
                done: finished.len(),
                total: finished.len() + left.len(),
                resumed: finished.len(),
                decisions_per_second: 0.0,
            },
            decisions: 0,
            begin: Instant::now(),
        }),
    };
    attempt.tell(0, 0);
    attempt.all(&left, options.threads_for(left.len()))?;
    match store.finished().len() == plan.runs.len() {
        true => Ok(store.finish()?),
        false => Ok(Results::load(folder)?),
    }
}

/// One attempt to bring an experiment to its end.
struct Attempt<'a> {
    plan: &'a Plan,
    store: &'a Store,
    assets: Assets<'a>,
    progress: &'a dyn Progress,
    meter: Option<MemoryMeter>,
    tally: Mutex<Tally>,
}

struct Tally {
    standing: Standing,
    decisions: u64,
    begin: Instant,
}

impl Attempt<'_> {
    /// Each thread takes the next run of the plan until there is none. These are plain threads and no pool that
    /// steals work: one that waits for a file to be read must not begin another run that needs the same file.
    fn all(&self, runs: &[&Run], threads: usize) -> Result<(), RunError> {
        let next = AtomicUsize::new(0);
        let failures = Mutex::new(BTreeMap::new());
        let work = || {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(run) = runs.get(index) else { return };
                if let Err(error) = self.one(run) {
                    // Nothing new is begun after a failure.
                    next.store(runs.len(), Ordering::Relaxed);
                    failures.lock().unwrap_or_else(PoisonError::into_inner).insert(index, error);
                }
            }
        };
        std::thread::scope(|scope| {
            let others = 1..threads;
            others.for_each(|_| drop(scope.spawn(work)));
            work();
        });
        let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
        failures.into_values().next().map_or(Ok(()), Err)
    }

    fn one(&self, run: &Run) -> Result<(), RunError> {
        let outcome = evaluate(self.plan, run, &self.assets, self.meter);
        self.assets.release(run);
        let outcome = outcome?;
        self.store.record(&outcome.record, &outcome.series, &outcome.timing)?;
        self.tell(1, outcome.record.decisions);
        Ok(())
    }

    fn tell(&self, runs: usize, decisions: u64) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.decisions += decisions;
        tally.standing.done += runs;
        tally.standing.decisions_per_second =
            tally.decisions as f64 / tally.begin.elapsed().as_secs_f64().max(1e-9);
        self.progress.advance(tally.standing);
    }
}
