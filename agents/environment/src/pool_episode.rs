//! An episode on a pool, cut open where somebody is to be chosen: it goes on by itself to the next question, and whoever holds it
//! answers. [`crate::pool::PoolPlayer`] answers with scores, [`crate::order::OrderEnvironment`] with what a learner chooses.
//!
//! ```text
//!   go_on: jobs come and end, who is held starts or is passed  --->  Question  --->  choose  --.
//!      ^                                                                                       |
//!      `---------------------------------------------------------------------------------------'
//! ```

use policies::order::queue_features::{Queue, Releases};

use crate::jobs::Jobs;
use crate::pool::{Passing, Standing};

/// What does not change while an episode is played.
#[derive(Clone, Copy)]
pub(crate) struct Table<'a> {
    pub(crate) jobs: &'a Jobs,
    pub(crate) pool_milli: u32,
    pub(crate) passing: Passing,
}

/// What an episode asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Question {
    /// Who is next, of everyone who waits: it starts, or is held or promised its shadow time.
    Next,
    /// Who starts meanwhile, of those that do not delay whom was promised something ([`PoolEpisode::may_pass`]).
    Pass,
    /// Nothing any more.
    #[default]
    Nothing,
}

/// A running job.
#[derive(Clone, Copy, Debug)]
struct Running {
    end: u64,
    milli: u32,
    declared_end: u64,
}

/// What is held until it fits.
#[derive(Clone, Copy, Debug)]
struct Held {
    job: u32,
    shadow: u64,
}

/// When somebody is to start, and what is to spare beside it then.
#[derive(Clone, Copy, Debug)]
struct Promise {
    shadow: u64,
    spare: u32,
}

/// An episode; what it needs of memory it keeps for the next one.
#[derive(Clone, Debug, Default)]
pub(crate) struct PoolEpisode {
    pub(crate) queue: Queue,
    /// Who waits: jobs in order of submission, those of one moment in the order of the last pick.
    pub(crate) waiting: Vec<u32>,
    /// The next to end last; of those that end together, the first started last.
    running: Vec<Running>,
    /// Declared ends and processors, rising.
    declared: Vec<(u64, u32)>,
    releases: Releases,
    /// When each job started.
    pub(crate) starts: Vec<u64>,
    now: u64,
    free: u32,
    /// How many jobs have been submitted.
    arrived: usize,
    held: Option<Held>,
    /// Of whom was chosen under `easy` and does not fit, at this moment.
    promise: Option<Promise>,
    /// The sum of the bounded slowdowns of whoever started.
    slowdowns: f64,
}

impl PoolEpisode {
    /// Begins anew.
    pub(crate) fn begin(&mut self, table: Table<'_>) {
        self.queue.clear();
        self.waiting.clear();
        self.running.clear();
        self.declared.clear();
        self.starts.clear();
        self.starts.resize(table.jobs.len(), 0);
        (self.now, self.free, self.arrived) = (0, table.pool_milli, 0);
        (self.held, self.promise, self.slowdowns) = (None, None, 0.0);
    }

    /// Begins in the middle: the first `waiting` jobs wait, and `next`, one of them, is held.
    ///
    /// # Panics
    /// When whoever runs has more than the pool.
    pub(crate) fn begin_amid(&mut self, table: Table<'_>, [waiting, next]: [usize; 2], standing: &Standing) {
        self.begin(table);
        let jobs = table.jobs;
        self.running.extend(standing.running.iter().map(|&(end, declared_end, milli)| Running {
            end,
            milli,
            declared_end,
        }));
        self.running.sort_by_key(|one| std::cmp::Reverse(one.end));
        self.declared.extend(self.running.iter().map(|one| (one.declared_end, one.milli)));
        self.declared.sort_unstable();
        let used: u32 = self.running.iter().map(|one| one.milli).sum();
        self.free = table.pool_milli.checked_sub(used).expect("a pool has what runs on it");
        (self.now, self.arrived) = (standing.now, waiting);
        self.waiting.extend(0..waiting as u32);
        jobs.fixed[..waiting].iter().for_each(|&fixed| self.queue.push(fixed));
        self.hold(jobs, next);
    }

    /// Microseconds since the episode began.
    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// Thousandths of a processor that nobody has.
    pub(crate) fn free_milli(&self) -> u32 {
        self.free
    }

    /// The sum of the bounded slowdowns of whoever started.
    pub(crate) fn slowdowns(&self) -> f64 {
        self.slowdowns
    }

    /// What they exceed 1 by.
    pub(crate) fn excess_of_started(&self) -> f64 {
        self.slowdowns - self.started() as f64
    }

    /// How many have started.
    pub(crate) fn started(&self) -> usize {
        self.arrived - self.waiting.len()
    }

    /// Goes on to the next question.
    #[inline]
    pub(crate) fn go_on(&mut self, table: Table<'_>) -> Question {
        loop {
            while !self.waiting.is_empty() {
                let asked = match table.passing {
                    Passing::Easy => self.ask_by_easy(table.jobs),
                    Passing::None | Passing::EasyPublished => self.ask_by_hold(table),
                };
                match asked {
                    Some(Question::Nothing) => break,
                    Some(question) => return question,
                    None => {}
                }
            }
            let arrival = table.jobs.submit.get(self.arrived).copied();
            match (arrival, self.running.last()) {
                (Some(submit), end) if end.is_none_or(|end| submit <= end.end) => {
                    self.now = self.now.max(submit);
                    self.queue.push(table.jobs.fixed[self.arrived]);
                    self.waiting.push(self.arrived as u32);
                    self.arrived += 1;
                }
                (_, Some(&ended)) => {
                    self.running.pop();
                    let key = (ended.declared_end, ended.milli);
                    let place = self.declared.binary_search(&key).expect("who runs has a declared end");
                    self.declared.remove(place);
                    self.now = self.now.max(ended.end);
                    self.free += ended.milli;
                }
                (_, None) => return Question::Nothing,
            }
        }
    }

    /// Answers the last question with the place of who waits there.
    #[inline]
    pub(crate) fn choose(&mut self, table: Table<'_>, place: usize) {
        let jobs = table.jobs;
        match table.passing {
            Passing::Easy if self.promise.take().is_some() => self.start(jobs, place),
            Passing::Easy => self.start_or_promise(jobs, place),
            Passing::None | Passing::EasyPublished => self.hold(jobs, self.waiting[place] as usize),
        }
    }

    /// True when who waits at a place does not delay whom was promised something.
    #[inline]
    pub(crate) fn may_pass(&self, jobs: &Jobs, place: usize) -> bool {
        let job = self.waiting[place] as usize;
        let milli = jobs.milli[job];
        milli <= self.free
            && self.promise.is_some_and(|promise| {
                self.now + jobs.estimate[job] <= promise.shadow || milli <= promise.spare
            })
    }

    /// Says of the first so many how long they have waited, and until when they would have to if whoever runs ended as declared.
    #[inline]
    pub(crate) fn refresh(&mut self, table: Table<'_>, count: usize) {
        let (now, free) = (self.now, self.free);
        let processors = |milli: u32| milli as f32 / 1000.0;
        let until = |end: u64| end.saturating_sub(now) as f32 / 1e6;
        let ends = self.declared.iter().map(|&(end, milli)| (until(end), processors(milli)));
        self.releases.fill(processors(free), ends);
        for (waited, &job) in self.queue.waited.iter_mut().zip(&self.waiting[..count]) {
            *waited = (now - table.jobs.submit[job as usize]) as f32 / 1e6;
        }
        let Queue { cores, delay, .. } = &mut self.queue;
        self.releases.delays(processors(table.pool_milli), &cores[..count], &mut delay[..count]);
    }

    /// Those who were submitted together stand in the order of their scores from now on, as sorting leaves them.
    pub(crate) fn settle_ties(&mut self, jobs: &Jobs, scores: &[f32]) {
        let submit = |job: u32| jobs.submit[job as usize];
        if self.waiting.windows(2).all(|pair| submit(pair[0]) != submit(pair[1])) {
            return;
        }
        let mut order: Vec<usize> = (0..self.waiting.len()).collect();
        order.sort_by(|&one, &other| {
            let by_submission = submit(self.waiting[one]).cmp(&submit(self.waiting[other]));
            by_submission.then(scores[one].total_cmp(&scores[other]))
        });
        self.waiting = order.iter().map(|&place| self.waiting[place]).collect();
        self.queue.clear();
        self.waiting.iter().for_each(|&job| self.queue.push(jobs.fixed[job as usize]));
    }

    /// Starts whom is held when it fits now, or who may pass it. Nothing when somebody was started; else what is to be asked, or that
    /// something must happen first.
    fn ask_by_hold(&mut self, table: Table<'_>) -> Option<Question> {
        let jobs = table.jobs;
        let Some(held) = self.held else { return Some(Question::Next) };
        let (now, free) = (self.now, self.free);
        let mut place = None;
        if jobs.milli[held.job as usize] <= free {
            self.held = None;
            place = self.waiting.iter().position(|&waiting| waiting == held.job);
        } else if table.passing == Passing::EasyPublished {
            let passes = |&job: &u32| {
                let job = job as usize;
                jobs.milli[job] <= free && now + jobs.estimate[job] < held.shadow
            };
            place = self.waiting.iter().position(passes);
        }
        match place {
            Some(place) => {
                self.start(jobs, place);
                None
            }
            None => Some(Question::Nothing),
        }
    }

    /// As above, where nobody is held and the first is promised its shadow time at each moment anew.
    fn ask_by_easy(&mut self, jobs: &Jobs) -> Option<Question> {
        if self.promise.is_some() {
            let is_there = (0..self.waiting.len()).any(|place| self.may_pass(jobs, place));
            if !is_there {
                self.promise = None;
            }
            return Some(if is_there { Question::Pass } else { Question::Nothing });
        }
        if self.waiting.iter().all(|&job| jobs.milli[job as usize] > self.free) {
            return Some(Question::Nothing);
        }
        let held = self.held.and_then(|held| self.waiting.iter().position(|&job| job == held.job));
        match held {
            Some(place) => {
                self.start_or_promise(jobs, place);
                None
            }
            None => Some(Question::Next),
        }
    }

    fn start_or_promise(&mut self, jobs: &Jobs, place: usize) {
        let milli = jobs.milli[self.waiting[place] as usize];
        if milli <= self.free {
            self.held = None;
            self.start(jobs, place);
        } else {
            self.promise = Some(self.reservation(milli));
        }
    }

    fn hold(&mut self, jobs: &Jobs, job: usize) {
        self.held = Some(Held { job: job as u32, shadow: self.shadow(jobs.milli[job]) });
    }

    /// Starts who waits at a place.
    fn start(&mut self, jobs: &Jobs, place: usize) {
        let job = self.waiting.remove(place) as usize;
        self.queue.remove(place);
        let now = self.now;
        self.free -= jobs.milli[job];
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
        self.slowdowns += (turnaround / seconds(jobs.run[job].max(SHORTEST_RUN))).max(1.0);
    }

    /// When so much would be free if whoever runs ended as declared.
    fn shadow(&self, need_milli: u32) -> u64 {
        let (mut free, mut shadow) = (self.free, self.now);
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
    fn reservation(&self, need_milli: u32) -> Promise {
        let (mut free, mut shadow) = (self.free, None);
        for &(end, milli) in &self.declared {
            let end = end.max(self.now);
            if shadow.is_some_and(|shadow| end > shadow) {
                break;
            }
            free += milli;
            shadow = shadow.or((free >= need_milli).then_some(end));
        }
        Promise { shadow: shadow.unwrap_or(u64::MAX), spare: free.saturating_sub(need_milli) }
    }
}

/// Microseconds that count for shorter runs in the bounded slowdown.
pub(crate) const SHORTEST_RUN: u64 = 10_000_000;
