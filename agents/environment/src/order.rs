//! The order question of a batch pool as learners see it: which of those who wait is next, or which may pass meanwhile.
//!
//! Candidates are the first [`CANDIDATES`] who wait, in order of submission, each with the features that the order `linear` weighs, scaled
//! ([`policies::order::queue_features`]). An episode is a sequence of jobs of one of the sources, drawn anew, on an empty pool.
//!
//! ```text
//!   e(t) = sum over the jobs submitted by t of  max((x + r) / max(r, 10) - 1, 0)         x seconds waited by t, r run time
//!   reward of a step from t to u  =  - (e(u) - e(t)) / (jobs * b)                       b bounded slowdown under Smith's rule, r^2 n
//! ```
//!
//! `e` is the integral of the rates at which bounded slowdowns grow, so that however an episode is cut into steps, its rewards sum to
//! `(1 - bounded slowdown) / b`. Rewards know true run times; features do not.

use std::sync::Arc;

pub use policies::order::queue_features::CANDIDATES;
use policies::order::queue_features::FEATURES;
use sim::kernel::rng::Seed;

use crate::environment::{Environment, Outcome, Spec, TimeStep};
use crate::pool::{FixedScores, Jobs, Passing, PoolPlayer, PoolSource};
use crate::pool_episode::{PoolEpisode, Question, SHORTEST_RUN, Table};

/// So often a sequence is drawn at most.
const DRAWS: usize = 50;

/// Which episodes there are.
#[derive(Clone, Debug)]
pub struct OrderEpisodes {
    /// Where sequences come from.
    pub sources: Vec<PoolSource>,
    /// Who may pass.
    pub passing: Passing,
    /// Jobs of a sequence.
    pub sequence_jobs: usize,
    /// Sequences on which Smith's rule does no worse than this are drawn again, fifty times at most.
    pub easy: f64,
}

/// Smith's rule for slowdowns of equal weight, `r^2 n`, as a score for each job.
fn smith(jobs: &Jobs) -> FixedScores {
    FixedScores(jobs.fixed.iter().map(|job| 2.0 * job.ln_estimate + job.ln_cores).collect())
}

/// See the head of the file.
#[derive(Clone, Debug)]
pub struct OrderEnvironment {
    episodes: Arc<OrderEpisodes>,
    jobs: Jobs,
    pool_milli: u32,
    episode: PoolEpisode,
    question: Question,
    /// From when on a job's bounded slowdown grows, in seconds, and how much in a second.
    growth: Vec<[f64; 2]>,
    /// What `e` was at the last question.
    excess: f64,
    smith: f64,
    player: PoolPlayer,
}

impl OrderEnvironment {
    /// Of these episodes; the first begins with `reset`.
    ///
    /// # Panics
    /// When there is no source, or one with fewer jobs than a sequence has.
    pub fn new(episodes: Arc<OrderEpisodes>) -> Self {
        let is_enough = |source: &PoolSource| source.jobs.len() >= episodes.sequence_jobs.max(1);
        assert!(!episodes.sources.is_empty() && episodes.sources.iter().all(is_enough));
        Self {
            episodes,
            jobs: Jobs::default(),
            pool_milli: 0,
            episode: PoolEpisode::default(),
            question: Question::Nothing,
            growth: Vec::new(),
            excess: 0.0,
            smith: 1.0,
            player: PoolPlayer::default(),
        }
    }

    /// Begins an episode of these jobs.
    pub fn begin(&mut self, jobs: Jobs, pool_milli: u32) {
        let passing = self.episodes.passing;
        self.smith = self.player.play(&jobs, pool_milli, passing, &mut smith(&jobs));
        (self.jobs, self.pool_milli) = (jobs, pool_milli);
        let seconds = |microseconds: u64| microseconds as f64 / 1e6;
        let growth = self.jobs.submit.iter().zip(&self.jobs.run).map(|(&submit, &run)| {
            let counted = run.max(SHORTEST_RUN);
            [seconds(submit + counted - run), 1.0 / seconds(counted)]
        });
        self.growth.clear();
        self.growth.extend(growth);
        self.excess = 0.0;
        self.episode.begin(Table { jobs: &self.jobs, pool_milli, passing });
        self.go_on();
    }

    /// When each job started, in microseconds.
    pub fn starts(&self) -> &[u64] {
        &self.episode.starts
    }

    /// The mean bounded slowdown under Smith's rule, which rewards are measured in.
    pub fn smith(&self) -> f64 {
        self.smith
    }

    /// Who waits among the candidates, as places in the order of submission.
    pub fn candidates(&self) -> &[u32] {
        &self.episode.waiting[..self.candidate_count()]
    }

    fn candidate_count(&self) -> usize {
        self.episode.waiting.len().min(CANDIDATES)
    }

    fn go_on(&mut self) {
        let Self { episodes, jobs, pool_milli, episode, question, .. } = self;
        let table = Table { jobs, pool_milli: *pool_milli, passing: episodes.passing };
        loop {
            *question = episode.go_on(table);
            if *question != Question::Pass {
                break;
            }
            // Where nobody that is seen may pass, the first of the others does.
            let first = (0..episode.waiting.len()).find(|&place| episode.may_pass(jobs, place));
            match first {
                Some(place) if place >= CANDIDATES => episode.choose(table, place),
                _ => break,
            }
        }
        let count = episode.waiting.len().min(CANDIDATES);
        episode.refresh(table, count);
    }

    /// `e` now.
    fn excess_now(&self) -> f64 {
        let now = self.episode.now() as f64 / 1e6;
        self.episode.excess_of_started() + excess(&self.growth, &self.episode.waiting, now)
    }
}

/// What bounded slowdowns of those who wait exceed 1 by, at a time in seconds.
fn excess(growth: &[[f64; 2]], waiting: &[u32], now: f64) -> f64 {
    let of = |&job: &u32| {
        let [from, rate] = growth[job as usize];
        (now - from).max(0.0) * rate
    };
    waiting.iter().map(of).sum()
}

impl Environment for OrderEnvironment {
    fn spec(&self) -> Spec {
        Spec { candidates: CANDIDATES, features: FEATURES.len() }
    }

    fn reset(&mut self, seed: Seed) {
        let mut random = seed.stream("sequence");
        let episodes = self.episodes.clone();
        for _ in 0..DRAWS {
            let (source, first) = PoolSource::draw(&episodes.sources, episodes.sequence_jobs, &mut random);
            self.begin(source.jobs.window(first, episodes.sequence_jobs), source.pool_milli);
            if self.smith > episodes.easy {
                break;
            }
        }
    }

    fn observe(&self, observation: &mut [f32], mask: &mut [bool]) {
        let (count, width) = (self.candidate_count(), FEATURES.len());
        let processors = |milli: u32| milli as f32 / 1000.0;
        let (free, all) = (processors(self.episode.free_milli()), processors(self.pool_milli));
        self.episode.queue.encode(free, all, &mut observation[..count * width]);
        observation[count * width..].fill(0.0);
        mask[count..].fill(false);
        match self.question {
            Question::Pass => {
                for (place, mask) in mask[..count].iter_mut().enumerate() {
                    *mask = self.episode.may_pass(&self.jobs, place);
                }
            }
            Question::Next | Question::Nothing => mask[..count].fill(true),
        }
    }

    /// The number of jobs that have started.
    fn progress(&self) -> Option<f64> {
        Some(self.episode.started() as f64)
    }

    fn step(&mut self, choice: usize) -> TimeStep {
        assert!(choice < self.candidate_count(), "candidate {choice} is there");
        let table = Table { jobs: &self.jobs, pool_milli: self.pool_milli, passing: self.episodes.passing };
        assert!(
            self.question == Question::Next || self.episode.may_pass(&self.jobs, choice),
            "candidate {choice} may be chosen"
        );
        self.episode.choose(table, choice);
        self.go_on();
        let excess = self.excess_now();
        let gained = excess - std::mem::replace(&mut self.excess, excess);
        let reward = -gained / (self.jobs.len() as f64 * self.smith);
        let is_over = self.question == Question::Nothing;
        let outcome = if is_over { Outcome::Terminated } else { Outcome::Continues };
        TimeStep { reward: reward as f32, outcome }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::check_environment;
    use crate::pool::PoolScorer;
    use policies::order::queue_features::{Queue, SCALES, Weights};
    use proptest::prelude::*;

    const POOL_MILLI: u32 = 16_000;

    /// Jobs of (microseconds after the one before, run time, declared beyond that, processors); nobody comes with another.
    fn jobs(of: &[(u64, u64, u64, u32)]) -> Jobs {
        let mut jobs = Jobs::default();
        let mut submit = 0;
        for &(after, run, beyond, processors) in of {
            submit += after;
            jobs.push([submit, run, run + beyond], 1000 * processors);
        }
        jobs
    }

    fn any_jobs() -> impl Strategy<Value = Jobs> {
        let one = (1_u64..4_000_000, 1_u64..40_000_000, 0_u64..9_000_000, 1_u32..=16);
        prop::collection::vec(one, 1..200).prop_map(|of| jobs(&of))
    }

    fn environment(passing: Passing, jobs: Jobs) -> OrderEnvironment {
        let sequence_jobs = jobs.len();
        let sources = vec![PoolSource { jobs, pool_milli: POOL_MILLI, share: 1.0 }];
        OrderEnvironment::new(Arc::new(OrderEpisodes { sources, passing, sequence_jobs, easy: 0.0 }))
    }

    /// A score that sees what learners see: the weighted sum of the features of the first candidates. Whoever is not seen comes last.
    struct Seen(Weights);

    impl Seen {
        fn scores(&self, rows: &[f32]) -> Vec<f32> {
            let one = |row: &[f32]| row.iter().zip(&self.0).map(|(number, weight)| number * weight).sum();
            rows.chunks(FEATURES.len()).map(one).collect()
        }
    }

    impl PoolScorer for Seen {
        fn score(&mut self, queue: &Queue, jobs: &[u32], free: f32, all: f32, scores: &mut Vec<f32>) {
            let mut rows = vec![0.0; jobs.len().min(CANDIDATES) * FEATURES.len()];
            queue.encode(free, all, &mut rows);
            *scores = self.scores(&rows);
            scores.resize(jobs.len(), f32::INFINITY);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// Every job starts at the same microsecond, and the rewards sum to the mean bounded slowdown.
        #[test]
        fn an_episode_is_that_of_the_player(jobs in any_jobs(), weights in prop::array::uniform18(-2.0_f32..2.0)) {
            for passing in [Passing::None, Passing::EasyPublished, Passing::Easy] {
                let mut player = PoolPlayer::default();
                let slowdown = player.play(&jobs, POOL_MILLI, passing, &mut Seen(weights));
                let mut environment = environment(passing, jobs.clone());
                let (mut rows, mut mask) = (vec![0.0; CANDIDATES * FEATURES.len()], vec![false; CANDIDATES]);
                environment.begin(jobs.clone(), POOL_MILLI);
                let mut sum = 0.0;
                loop {
                    environment.observe(&mut rows, &mut mask);
                    let scores = Seen(weights).scores(&rows);
                    let allowed = (0..CANDIDATES).filter(|&place| mask[place]);
                    let choice = allowed.reduce(|best, one| if scores[one] < scores[best] { one } else { best });
                    let step = environment.step(choice.expect("somebody may be chosen"));
                    sum += f64::from(step.reward);
                    if step.outcome.is_end() {
                        break;
                    }
                }
                prop_assert_eq!(player.starts(), environment.starts(), "{:?}", passing);
                let expected = (1.0 - slowdown) / environment.smith();
                prop_assert!((sum - expected).abs() < 1e-4 * (1.0 + expected.abs()), "{} is not {}", sum, expected);
            }
        }

        /// However the time is cut, the parts sum to the whole.
        #[test]
        fn slices_sum_to_the_whole(jobs in any_jobs(), cuts in prop::collection::vec(0_u64..900_000_000, 0..20)) {
            let mut environment = environment(Passing::None, jobs.clone());
            environment.begin(jobs.clone(), POOL_MILLI);
            let waiting: Vec<u32> = (0..jobs.len() as u32).collect();
            let end = 900.0;
            let at = |time: f64| excess(&environment.growth, &waiting, time);
            let mut times: Vec<f64> = cuts.iter().map(|&cut| cut as f64 / 1e6).collect();
            times.extend([0.0, end]);
            times.sort_by(f64::total_cmp);
            let parts: f64 = times.windows(2).map(|pair| at(pair[1]) - at(pair[0])).sum();
            // By the definition: (x + r) / max(r, 10) - 1, where that is not negative.
            let by_definition: f64 = (0..jobs.len())
                .map(|job| {
                    let (submit, run) = (jobs.submit[job] as f64 / 1e6, jobs.run[job] as f64 / 1e6);
                    ((end - submit + run) / run.max(10.0) - 1.0).max(0.0)
                })
                .sum();
            prop_assert!((parts - by_definition).abs() < 1e-9 * (1.0 + by_definition), "{} is not {}", parts, by_definition);
        }
    }

    #[test]
    fn the_contract_is_kept() {
        let mut random = Seed(3).stream("jobs");
        let mut draw = |most: usize| 1 + random.below(most) as u64;
        let of: Vec<_> =
            (0..400).map(|_| (draw(2_000_000), draw(40_000_000), draw(9_000_000), draw(16) as u32)).collect();
        for passing in [Passing::None, Passing::EasyPublished, Passing::Easy] {
            let sources = vec![PoolSource { jobs: jobs(&of), pool_milli: POOL_MILLI, share: 1.0 }];
            let episodes = Arc::new(OrderEpisodes { sources, passing, sequence_jobs: 200, easy: 2.0 });
            check_environment(|| OrderEnvironment::new(episodes.clone()), 3, 2 * 200 + 1);
        }
    }

    /// Two jobs of the whole pool, 20 seconds each; the second comes 5 seconds after the first and waits 15: 35 / 20. Smith's rule has no
    /// other order. What is seen first is `ln 20` of one job that fits.
    #[test]
    fn two_jobs_by_hand() {
        let jobs = jobs(&[(0, 20_000_000, 0, 16), (5_000_000, 20_000_000, 0, 16)]);
        let mut environment = environment(Passing::None, jobs);
        environment.reset(Seed(0));
        let (mut rows, mut mask) = (vec![1.0; CANDIDATES * FEATURES.len()], vec![true; CANDIDATES]);
        environment.observe(&mut rows, &mut mask);
        assert!(
            (rows[0] / SCALES[0] - libm::logf(20.0)).abs() < 1e-5 && rows[3] == 1.0 && mask[0] && !mask[1]
        );
        let steps = [environment.step(0), environment.step(0)];
        assert_eq!(environment.smith(), 1.375);
        assert_eq!(steps.map(|step| step.outcome), [Outcome::Continues, Outcome::Terminated]);
        // Nobody has waited when the second is asked for; until all is over, 0.75 has come together.
        assert_eq!(steps.map(|step| step.reward), [0.0, (-0.75 / (2.0 * 1.375)) as f32]);
    }
}
