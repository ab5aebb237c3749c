//! The order question on a pool of processors, for learners: the same decisions as the engine makes under
//! `event_order = "arrivals_first"` and `decide_after = "each_event"`, and nothing else.
//!
//! A task is picked and held until it fits (`none`); under `easy_published` those who end before its shadow time may pass it
//! meanwhile, in order of submission. Under `easy` nobody is held: at each question the first of the order is promised its
//! shadow time anew, and the first of the others that does not delay it may pass. All three are described where the engine's
//! disciplines are (`policies::order::backfilling`, `policies::order::easy_published`, `policies::order::easy`).

use policies::order::queue_features::{Fixed, Queue, Releases, Weights};
use sim::workload::Workload;

/// Jobs of one task each, in order of submission.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Jobs {
    /// Microseconds since the episode began.
    submit: Vec<u64>,
    run: Vec<u64>,
    /// As declared.
    estimate: Vec<u64>,
    milli: Vec<u32>,
    fixed: Vec<Fixed>,
}

/// Why a workload is no queue of a pool.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// Somebody never said how long they run.
    #[error("{missing} of {total} tasks have no declared run time, and orders on a pool are learned from it")]
    NoEstimate {
        /// How many.
        missing: usize,
        /// Of how many.
        total: usize,
    },
    /// More than a pool knows.
    #[error("task {task} {what}; on a pool, a job is one task that asks for processors and nothing else")]
    NotABatchJob {
        /// Which task, counted from 0.
        task: usize,
        /// What it is or wants.
        what: &'static str,
    },
    /// Somebody is larger than the pool.
    #[error("task {task} asks for {asked_milli} thousandths of a processor, and the pool has {pool_milli}")]
    TooLarge {
        /// Which task, counted from 0.
        task: usize,
        /// What it asks for.
        asked_milli: u32,
        /// What there is.
        pool_milli: u32,
    },
}

impl Jobs {
    /// The jobs of a workload, for a pool of so many thousandths of a processor.
    ///
    /// # Errors
    /// When somebody declares no run time, asks for more than processors, has patience or use over time, is one of several
    /// tasks of a job, or is larger than the pool.
    pub fn of(workload: &Workload, pool_milli: u32) -> Result<Self, PoolError> {
        let (missing, total) = (workload.tasks_without_estimate(), workload.task_count());
        if missing > 0 {
            return Err(PoolError::NoEstimate { missing, total });
        }
        let mut jobs = Self::default();
        for (index, task) in workload.tasks().enumerate() {
            let demand = workload.demand(task);
            let odd = [
                (demand.devices.is_some(), "asks for devices"),
                (workload.patience(task).is_some(), "has patience"),
                (workload.is_censored(task), "never ends"),
                (workload.job_tasks(workload.job(task)).len() > 1, "is one of several of its job"),
            ];
            if let Some(&(_, what)) = odd.iter().find(|(is_so, _)| *is_so) {
                return Err(PoolError::NotABatchJob { task: index, what });
            }
            if demand.cpu_milli > pool_milli {
                return Err(PoolError::TooLarge { task: index, asked_milli: demand.cpu_milli, pool_milli });
            }
            let estimate = workload.estimate(task).unwrap_or_default();
            jobs.submit.push(workload.submit(task).0);
            jobs.run.push(workload.work(task).0);
            jobs.estimate.push(estimate.0);
            jobs.milli.push(demand.cpu_milli);
            jobs.fixed.push(Fixed::of(estimate.seconds() as f32, demand.cpu_milli as f32 / 1000.0));
        }
        Ok(jobs)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.submit.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.submit.is_empty()
    }

    /// Some of them, with the first one submitted at the beginning.
    ///
    /// # Panics
    /// When they do not lie within.
    pub fn window(&self, first: usize, count: usize) -> Self {
        let range = first..first + count;
        let begin = self.submit[first];
        Self {
            submit: self.submit[range.clone()].iter().map(|submit| submit - begin).collect(),
            run: self.run[range.clone()].to_vec(),
            estimate: self.estimate[range.clone()].to_vec(),
            milli: self.milli[range.clone()].to_vec(),
            fixed: self.fixed[range].to_vec(),
        }
    }

    /// The declared run time of a job in seconds, its processors, and its submission in seconds.
    pub fn facts(&self, job: usize) -> [f64; 3] {
        let seconds = |microseconds: u64| microseconds as f64 / 1e6;
        [seconds(self.estimate[job]), f64::from(self.milli[job]) / 1000.0, seconds(self.submit[job])]
    }

    /// Adds those of another list, so many microseconds after the last one here.
    pub fn append(&mut self, other: &Self, after: u64) {
        let shift = self.submit.last().map_or(0, |last| last + after);
        self.submit.extend(other.submit.iter().map(|submit| submit + shift));
        self.run.extend(&other.run);
        self.estimate.extend(&other.estimate);
        self.milli.extend(&other.milli);
        self.fixed.extend(&other.fixed);
    }

    /// Microseconds between the submissions of a job and of the one before it.
    ///
    /// # Panics
    /// For the first job.
    pub fn gap(&self, job: usize) -> u64 {
        self.submit[job] - self.submit[job - 1]
    }
}

/// Who may pass a task that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passing {
    /// Nobody.
    None,
    /// Whoever ends before its shadow time, as RLScheduler has it.
    EasyPublished,
    /// Whoever does not delay it: who ends by its shadow time, or needs no more than is to spare then.
    Easy,
}

/// Gives everyone who waits a score; the smallest is next.
pub trait PoolScorer {
    /// Scores of all, in the order of the queue.
    fn score(&mut self, queue: &Queue, jobs: &[u32], free: f32, all: f32, scores: &mut Vec<f32>);
}

impl PoolScorer for Weights {
    fn score(&mut self, queue: &Queue, _: &[u32], free: f32, all: f32, scores: &mut Vec<f32>) {
        queue.score(self, free, all, scores);
    }
}

/// A score for each job, the same at all times.
#[derive(Clone, Debug)]
pub struct FixedScores(pub Vec<f32>);

impl PoolScorer for FixedScores {
    fn score(&mut self, _: &Queue, jobs: &[u32], _: f32, _: f32, scores: &mut Vec<f32>) {
        scores.clear();
        scores.extend(jobs.iter().map(|&job| self.0[job as usize]));
    }
}

/// A running job.
#[derive(Clone, Copy, Debug)]
struct Running {
    end: u64,
    milli: u32,
    declared_end: u64,
}

/// Plays episodes; what it needs of memory it keeps.
#[derive(Clone, Debug, Default)]
pub struct PoolPlayer {
    queue: Queue,
    /// Who waits: jobs in order of submission, those of one moment in the order of the last pick.
    waiting: Vec<u32>,
    /// The next to end last; of those that end together, the first started last.
    running: Vec<Running>,
    /// Declared ends and processors, rising.
    declared: Vec<(u64, u32)>,
    releases: Releases,
    scores: Vec<f32>,
    /// When each job started.
    starts: Vec<u64>,
}

/// What is held until it fits.
#[derive(Clone, Copy)]
struct Held {
    job: u32,
    shadow: u64,
}

impl PoolPlayer {
    /// Plays an episode on a pool of so many thousandths of a processor; gives the mean bounded slowdown.
    pub fn play(
        &mut self,
        jobs: &Jobs,
        pool_milli: u32,
        passing: Passing,
        scorer: &mut impl PoolScorer,
    ) -> f64 {
        self.begin(jobs.len());
        let (mut now, mut free, mut arrived) = (0_u64, pool_milli, 0_usize);
        let mut held: Option<Held> = None;
        let mut sum = 0.0;
        loop {
            while !self.waiting.is_empty() {
                let next = match passing {
                    Passing::Easy => self.next_by_easy(jobs, now, free, pool_milli, scorer),
                    Passing::None | Passing::EasyPublished => {
                        let one = match held {
                            Some(held) => held,
                            None => self.pick(jobs, now, free, pool_milli, scorer),
                        };
                        let next = self.next_beside(jobs, one, now, free, passing);
                        held = Some(one).filter(|one| jobs.milli[one.job as usize] > free);
                        next
                    }
                };
                let Some(place) = next else { break };
                let job = self.waiting[place] as usize;
                free -= jobs.milli[job];
                sum += self.start(jobs, place, now);
            }
            let arrival = jobs.submit.get(arrived).copied();
            match (arrival, self.running.last()) {
                (Some(submit), end) if end.is_none_or(|end| submit <= end.end) => {
                    now = now.max(submit);
                    self.queue.push(jobs.fixed[arrived]);
                    self.waiting.push(arrived as u32);
                    arrived += 1;
                }
                (_, Some(&ended)) => {
                    self.running.pop();
                    let key = (ended.declared_end, ended.milli);
                    let place = self.declared.binary_search(&key).expect("who runs has a declared end");
                    self.declared.remove(place);
                    (now, free) = (ended.end, free + ended.milli);
                }
                (_, None) => break,
            }
        }
        sum / jobs.len().max(1) as f64
    }

    /// When each job of the last episode started, in microseconds.
    pub fn starts(&self) -> &[u64] {
        &self.starts
    }

    fn begin(&mut self, jobs: usize) {
        self.queue.clear();
        self.waiting.clear();
        self.running.clear();
        self.declared.clear();
        self.starts.clear();
        self.starts.resize(jobs, 0);
    }

    /// Starts who waits at a place; gives its bounded slowdown.
    fn start(&mut self, jobs: &Jobs, place: usize, now: u64) -> f64 {
        let job = self.waiting.remove(place) as usize;
        self.queue.remove(place);
        self.starts[job] = now;
        let one = Running {
            end: now + jobs.run[job],
            milli: jobs.milli[job],
            declared_end: now + jobs.estimate[job],
        };
        let place = self.running.partition_point(|other| other.end > one.end);
        self.running.insert(place, one);
        let key = (one.declared_end, one.milli);
        self.declared.insert(self.declared.partition_point(|other| *other < key), key);
        let seconds = |microseconds: u64| microseconds as f64 / 1e6;
        let turnaround = seconds(now - jobs.submit[job] + jobs.run[job]);
        (turnaround / seconds(jobs.run[job].max(10_000_000))).max(1.0)
    }

    /// The place of whom is held, when it fits now, or of who may pass it.
    fn next_beside(&self, jobs: &Jobs, held: Held, now: u64, free: u32, passing: Passing) -> Option<usize> {
        if jobs.milli[held.job as usize] <= free {
            return self.waiting.iter().position(|&waiting| waiting == held.job);
        }
        let passes = |&job: &u32| {
            let job = job as usize;
            jobs.milli[job] <= free && now + jobs.estimate[job] < held.shadow
        };
        (passing == Passing::EasyPublished).then(|| self.waiting.iter().position(passes)).flatten()
    }

    /// The place of the first of the order when it fits, or of the first of the others that does not delay it.
    fn next_by_easy(
        &mut self,
        jobs: &Jobs,
        now: u64,
        free: u32,
        pool_milli: u32,
        scorer: &mut impl PoolScorer,
    ) -> Option<usize> {
        let milli = |place: usize| jobs.milli[self.waiting[place] as usize];
        if (0..self.waiting.len()).all(|place| milli(place) > free) {
            return None;
        }
        self.score(jobs, now, free, pool_milli, scorer);
        let milli = |place: usize| jobs.milli[self.waiting[place] as usize];
        let head = self.first(jobs, 0..self.waiting.len())?;
        if milli(head) <= free {
            return Some(head);
        }
        let (shadow, spare) = self.reservation(milli(head), now, free);
        let passes = |&place: &usize| {
            let estimate = jobs.estimate[self.waiting[place] as usize];
            milli(place) <= free && (now + estimate <= shadow || milli(place) <= spare)
        };
        self.first(jobs, (0..self.waiting.len()).filter(passes))
    }

    fn pick(
        &mut self,
        jobs: &Jobs,
        now: u64,
        free: u32,
        pool_milli: u32,
        scorer: &mut impl PoolScorer,
    ) -> Held {
        self.score(jobs, now, free, pool_milli, scorer);
        let best = self.first(jobs, 0..self.waiting.len()).expect("somebody waits");
        let job = self.waiting[best];
        self.settle_ties(jobs);
        Held { job, shadow: self.shadow(jobs.milli[job as usize], now, free) }
    }

    /// Scores everyone who waits.
    fn score(&mut self, jobs: &Jobs, now: u64, free: u32, pool_milli: u32, scorer: &mut impl PoolScorer) {
        let processors = |milli: u32| milli as f32 / 1000.0;
        let until = |end: u64| end.saturating_sub(now) as f32 / 1e6;
        let ends = self.declared.iter().map(|&(end, milli)| (until(end), processors(milli)));
        self.releases.fill(processors(free), ends);
        for (place, &job) in self.waiting.iter().enumerate() {
            self.queue.waited[place] = (now - jobs.submit[job as usize]) as f32 / 1e6;
            self.queue.delay[place] = self.releases.delay(self.queue.cores[place]);
        }
        scorer.score(&self.queue, &self.waiting, processors(free), processors(pool_milli), &mut self.scores);
    }

    /// Of these places, that of the smallest score; of equal ones, of the first submitted.
    fn first(&self, jobs: &Jobs, places: impl Iterator<Item = usize>) -> Option<usize> {
        let key = |place: usize| (self.scores[place], jobs.submit[self.waiting[place] as usize]);
        let is_before = |one: (f32, u64), other: (f32, u64)| match one.0.total_cmp(&other.0) {
            std::cmp::Ordering::Equal => one.1 < other.1,
            order => order.is_lt(),
        };
        places.reduce(|best, place| if is_before(key(place), key(best)) { place } else { best })
    }

    /// Those who were submitted together stand in the order of their scores from now on, as sorting leaves them.
    fn settle_ties(&mut self, jobs: &Jobs) {
        let submit = |job: u32| jobs.submit[job as usize];
        if self.waiting.windows(2).all(|pair| submit(pair[0]) != submit(pair[1])) {
            return;
        }
        let mut order: Vec<usize> = (0..self.waiting.len()).collect();
        order.sort_by(|&one, &other| {
            let by_submission = submit(self.waiting[one]).cmp(&submit(self.waiting[other]));
            by_submission.then(self.scores[one].total_cmp(&self.scores[other]))
        });
        self.waiting = order.iter().map(|&place| self.waiting[place]).collect();
        self.queue.clear();
        self.waiting.iter().for_each(|&job| self.queue.push(jobs.fixed[job as usize]));
    }

    /// When so much would be free if whoever runs ended as declared.
    fn shadow(&self, need_milli: u32, now: u64, free: u32) -> u64 {
        let (mut free, mut shadow) = (free, now);
        for &(end, milli) in &self.declared {
            (free, shadow) = (free + milli, end);
            if free >= need_milli {
                break;
            }
        }
        shadow
    }
    /// When so much would be free if whoever runs ended as declared, and what would be left beside it then: whoever is overdue
    /// is taken to end now, and all who end at that time count.
    fn reservation(&self, need_milli: u32, now: u64, free: u32) -> (u64, u32) {
        let (mut free, mut shadow) = (free, None);
        for &(end, milli) in &self.declared {
            let end = end.max(now);
            if shadow.is_some_and(|shadow| end > shadow) {
                break;
            }
            free += milli;
            shadow = shadow.or((free >= need_milli).then_some(end));
        }
        (shadow.unwrap_or(u64::MAX), free.saturating_sub(need_milli))
    }
}
