//! The order question on a pool of processors, for learners: the same decisions as the engine makes under
//! `event_order = "arrivals_first"` and `decide_after = "each_event"`, and nothing else.
//!
//! A task is picked and held until it fits (`none`); under `easy_published` those who end before its shadow time may pass it
//! meanwhile, in order of submission. Under `easy` nobody is held: at each question the first of the order is promised its
//! shadow time anew, and the first of the others that does not delay it may pass. All three are described where the engine's
//! disciplines are (`policies::order::backfilling`, `policies::order::easy_published`, `policies::order::easy`).

use policies::order::queue_features::{Queue, Releases, Weights};

pub use crate::jobs::{Jobs, PoolError};

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

/// What does not change while an episode is played.
#[derive(Clone, Copy)]
struct Table<'a> {
    jobs: &'a Jobs,
    pool_milli: u32,
    passing: Passing,
}

/// Where an episode stands.
#[derive(Default)]
struct Moment {
    now: u64,
    free: u32,
    /// How many jobs have been submitted.
    arrived: usize,
    held: Option<Held>,
}

/// Who runs on a pool in the middle of an episode, and when it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// Microseconds since the episode began.
    pub now: u64,
    /// Of each that runs: when it ends and when it ends as declared, in microseconds, and its thousandths of a processor.
    pub running: Vec<(u64, u64, u32)>,
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
        let moment = Moment { free: pool_milli, ..Moment::default() };
        self.go_on(Table { jobs, pool_milli, passing }, moment, scorer) / jobs.len().max(1) as f64
    }

    /// Plays on from the middle of an episode, in which the first `waiting` jobs wait and the others are still to come; `next`, one
    /// of those who wait, is picked first, and held until it starts. Gives the mean bounded slowdown of these jobs.
    ///
    /// # Panics
    /// When whoever runs has more than the pool.
    pub fn play_on(
        &mut self,
        jobs: &Jobs,
        [waiting, next]: [usize; 2],
        standing: &Standing,
        (pool_milli, passing): (u32, Passing),
        scorer: &mut impl PoolScorer,
    ) -> f64 {
        self.begin(jobs.len());
        self.running.extend(standing.running.iter().map(|&(end, declared_end, milli)| Running {
            end,
            milli,
            declared_end,
        }));
        self.running.sort_by_key(|one| std::cmp::Reverse(one.end));
        self.declared.extend(self.running.iter().map(|one| (one.declared_end, one.milli)));
        self.declared.sort_unstable();
        let used: u32 = self.running.iter().map(|one| one.milli).sum();
        let free = pool_milli.checked_sub(used).expect("a pool has what runs on it");
        self.waiting.extend(0..waiting as u32);
        jobs.fixed[..waiting].iter().for_each(|&fixed| self.queue.push(fixed));
        let shadow = self.shadow(jobs.milli[next], standing.now, free);
        let held = Some(Held { job: next as u32, shadow });
        let moment = Moment { now: standing.now, free, arrived: waiting, held };
        self.go_on(Table { jobs, pool_milli, passing }, moment, scorer) / jobs.len().max(1) as f64
    }

    /// Plays to the end; gives the sum of the bounded slowdowns of whoever starts.
    fn go_on(&mut self, table: Table<'_>, mut moment: Moment, scorer: &mut impl PoolScorer) -> f64 {
        let jobs = table.jobs;
        let mut sum = 0.0;
        loop {
            while !self.waiting.is_empty() {
                let next = match table.passing {
                    Passing::Easy => self.next_by_easy(table, &mut moment, scorer),
                    Passing::None | Passing::EasyPublished => self.next_by_hold(table, &mut moment, scorer),
                };
                let Some(place) = next else { break };
                moment.free -= jobs.milli[self.waiting[place] as usize];
                sum += self.start(jobs, place, moment.now);
            }
            let arrival = jobs.submit.get(moment.arrived).copied();
            match (arrival, self.running.last()) {
                (Some(submit), end) if end.is_none_or(|end| submit <= end.end) => {
                    moment.now = moment.now.max(submit);
                    self.queue.push(jobs.fixed[moment.arrived]);
                    self.waiting.push(moment.arrived as u32);
                    moment.arrived += 1;
                }
                (_, Some(&ended)) => {
                    self.running.pop();
                    let key = (ended.declared_end, ended.milli);
                    let place = self.declared.binary_search(&key).expect("who runs has a declared end");
                    self.declared.remove(place);
                    moment.now = moment.now.max(ended.end);
                    moment.free += ended.milli;
                }
                (_, None) => break,
            }
        }
        sum
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

    /// The place of whom is held, when it fits now, or of who may pass it; somebody is picked first where nobody is held.
    fn next_by_hold(
        &mut self,
        table: Table<'_>,
        moment: &mut Moment,
        scorer: &mut impl PoolScorer,
    ) -> Option<usize> {
        let held = match moment.held {
            Some(held) => held,
            None => self.pick(table, moment, scorer),
        };
        moment.held = Some(held);
        let (jobs, now, free) = (table.jobs, moment.now, moment.free);
        if jobs.milli[held.job as usize] <= free {
            moment.held = None;
            return self.waiting.iter().position(|&waiting| waiting == held.job);
        }
        let passes = |&job: &u32| {
            let job = job as usize;
            jobs.milli[job] <= free && now + jobs.estimate[job] < held.shadow
        };
        (table.passing == Passing::EasyPublished).then(|| self.waiting.iter().position(passes)).flatten()
    }

    /// The place of the first of the order (or of whom is held) when it fits, or of the first of the others that does not delay it.
    fn next_by_easy(
        &mut self,
        table: Table<'_>,
        moment: &mut Moment,
        scorer: &mut impl PoolScorer,
    ) -> Option<usize> {
        let (jobs, now, free) = (table.jobs, moment.now, moment.free);
        if self.waiting.iter().all(|&job| jobs.milli[job as usize] > free) {
            return None;
        }
        self.score(table, moment, scorer);
        let milli = |place: usize| jobs.milli[self.waiting[place] as usize];
        let all = 0..self.waiting.len();
        let held = moment.held.and_then(|held| self.waiting.iter().position(|&job| job == held.job));
        let head = held.or_else(|| self.first(jobs, all.clone()))?;
        if milli(head) <= free {
            moment.held = None;
            return Some(head);
        }
        let (shadow, spare) = self.reservation(milli(head), now, free);
        let passes = |&place: &usize| {
            let estimate = jobs.estimate[self.waiting[place] as usize];
            milli(place) <= free && (now + estimate <= shadow || milli(place) <= spare)
        };
        self.first(jobs, all.filter(passes))
    }

    fn pick(&mut self, table: Table<'_>, moment: &Moment, scorer: &mut impl PoolScorer) -> Held {
        let jobs = table.jobs;
        self.score(table, moment, scorer);
        let best = self.first(jobs, 0..self.waiting.len()).expect("somebody waits");
        let job = self.waiting[best];
        self.settle_ties(jobs);
        Held { job, shadow: self.shadow(jobs.milli[job as usize], moment.now, moment.free) }
    }

    /// Scores everyone who waits.
    fn score(&mut self, table: Table<'_>, &Moment { now, free, .. }: &Moment, scorer: &mut impl PoolScorer) {
        let processors = |milli: u32| milli as f32 / 1000.0;
        let until = |end: u64| end.saturating_sub(now) as f32 / 1e6;
        let ends = self.declared.iter().map(|&(end, milli)| (until(end), processors(milli)));
        self.releases.fill(processors(free), ends);
        for (place, &job) in self.waiting.iter().enumerate() {
            self.queue.waited[place] = (now - table.jobs.submit[job as usize]) as f32 / 1e6;
            self.queue.delay[place] = self.releases.delay(self.queue.cores[place]);
        }
        let (free, all) = (processors(free), processors(table.pool_milli));
        scorer.score(&self.queue, &self.waiting, free, all, &mut self.scores);
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
