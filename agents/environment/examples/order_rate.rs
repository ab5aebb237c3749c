//! How fast the order question is on one core, on jobs of the Lublin model for 256 processors, in sequences of 1,024:
//!
//! ```text
//! cargo build --release --workspace --example order_rate && target/release/examples/order_rate [seconds]
//! ```
//!
//! For each discipline it prints the episodes a second that `PoolPlayer` plays under Smith's rule, and the decisions a second of
//! `OrderEnvironment` with its features and mask written each time, choosing anyone, and how many candidates there were in the mean. Seconds
//! are those that it had a core, where the system says so (Linux), else those of the clock.

// Its lines are what an example is for.
#![allow(clippy::print_stdout)]

use std::sync::Arc;
use std::time::Instant;

use environment::environment::Environment;
use environment::order::{OrderEnvironment, OrderEpisodes};
use environment::pool::{Jobs, Passing, PoolPlayer, PoolSource};
use sim::kernel::rng::Seed;

const PROCESSORS: u32 = 256;
const SEQUENCE_JOBS: usize = 1024;

fn jobs() -> Jobs {
    let mut options = toml::Table::new();
    options.insert("jobs".to_owned(), 20_000.into());
    options.insert("processors".to_owned(), PROCESSORS.into());
    let workload = traces::generate::generate("lublin", options, Seed(1)).expect("valid options");
    let mut jobs = Jobs::default();
    for task in workload.tasks() {
        let run = workload.work(task).0;
        jobs.push([workload.submit(task).0, run, run], workload.demand(task).cpu_milli);
    }
    jobs
}

/// Seconds that this thread had a core.
struct Busy {
    begin: Instant,
    busy: Option<f64>,
}

fn busy() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split(' ').next()?.parse::<f64>().ok()? / 1e9)
}

impl Busy {
    fn now() -> Self {
        Self { begin: Instant::now(), busy: busy() }
    }

    fn seconds(&self) -> f64 {
        let clock = self.begin.elapsed().as_secs_f64();
        self.busy.zip(busy()).map_or(clock, |(before, after)| after - before)
    }
}

fn main() {
    let seconds = std::env::args().nth(1).map_or(2.0, |text| text.parse().expect("seconds"));
    let jobs = jobs();
    for passing in [Passing::None, Passing::EasyPublished, Passing::Easy] {
        let mut weights = [0.0; 18];
        (weights[0], weights[1]) = (2.0, 1.0);
        let (begin, mut episodes, mut slowdown) = (Busy::now(), 0, 0.0);
        let mut player = PoolPlayer::default();
        while begin.seconds() < seconds {
            let window = jobs.window(97 * episodes % (jobs.len() - SEQUENCE_JOBS), SEQUENCE_JOBS);
            slowdown += player.play(&window, 1000 * PROCESSORS, passing, &mut weights);
            episodes += 1;
        }
        let rate = episodes as f64 / begin.seconds();
        println!(
            "{passing:?}: player {rate:.0} episodes/s, bounded slowdown {:.2}",
            slowdown / episodes as f64
        );

        let sources = vec![PoolSource { jobs: jobs.clone(), pool_milli: 1000 * PROCESSORS, share: 1.0 }];
        let episodes = OrderEpisodes { sources, passing, sequence_jobs: SEQUENCE_JOBS, easy: 0.0 };
        let mut environment = OrderEnvironment::new(Arc::new(episodes));
        let spec = environment.spec();
        let (mut observation, mut mask) = (vec![0.0; spec.observation_len()], vec![false; spec.candidates]);
        let (begin, mut decisions, mut candidates, mut episode) = (Busy::now(), 0_usize, 0, 0);
        environment.reset(Seed(0));
        while begin.seconds() < seconds {
            for _ in 0..100 {
                environment.observe(&mut observation, &mut mask);
                let count = environment.candidates().len();
                candidates += count;
                // Anyone, and the next one where he may not.
                let allowed = (0..count).map(|step| (7 * decisions + step) % count).find(|&one| mask[one]);
                if environment.step(allowed.expect("somebody may be chosen")).outcome.is_end() {
                    episode += 1;
                    environment.reset(Seed(episode));
                }
                decisions += 1;
            }
        }
        let rate = decisions as f64 / begin.seconds();
        println!(
            "{passing:?}: environment {rate:.0} decisions/s, {:.1} candidates in the mean",
            candidates as f64 / decisions as f64
        );
    }
}
