//! How many decisions a second proximal policy optimisation makes and learns from, end to end, on the order question of a pool, with 128
//! candidates of 18 features, the scorer 18-32-16-8-1 and a value of like size (18-32, mean, 32-32-1), 16 environments, sequences of 1,024 jobs
//! of the Lublin model for 256 processors, 4 epochs and minibatches of 1,024:
//!
//! ```text
//! cargo build --release --workspace --example ppo_throughput
//! target/release/examples/ppo_throughput [iterations] [none|easy_published|easy] [fused|burn]
//! ```
//!
//! `experiments/throughput/run.sh` runs it beside another program with the same settings.

// Its lines are what an example is for.
#![allow(clippy::print_stdout)]

use std::sync::Arc;
use std::time::Instant;

use environment::order::{OrderEnvironment, OrderEpisodes};
use environment::pool::{Jobs, Passing, PoolSource};
use learners::network::Form;
use learners::ppo::{Gradients, Ppo, PpoSettings};
use sim::kernel::rng::Seed;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PROCESSORS: u32 = 256;

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

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |place: usize| arguments.get(place).map(String::as_str);
    let iterations: u64 = argument(0).map_or(4, |text| text.parse().expect("a number of iterations"));
    let passing = match argument(1).unwrap_or("none") {
        "none" => Passing::None,
        "easy_published" => Passing::EasyPublished,
        "easy" => Passing::Easy,
        other => panic!("{other:?} is no discipline; allowed are none, easy_published and easy"),
    };
    let gradients = match argument(2).unwrap_or("fused") {
        "fused" => Gradients::Fused,
        "burn" => Gradients::Burn,
        other => panic!("{other:?} takes no gradients; allowed are fused and burn"),
    };
    let sources = vec![PoolSource { jobs: jobs(), pool_milli: 1000 * PROCESSORS, share: 1.0 }];
    let episodes = Arc::new(OrderEpisodes { sources, passing, sequence_jobs: 1024, easy: 0.0 });
    let settings = PpoSettings {
        // One more than is counted, to warm up.
        iterations: iterations + 1,
        environments: 16,
        steps: 1024,
        epochs: 4,
        minibatch: 1024,
        rate: 3e-4,
        // So that no epoch is left out.
        most_divergence: f64::INFINITY,
        gradients,
        ..PpoSettings::default()
    };
    let form =
        Form { features: 18, hidden: vec![32, 16, 8], embedding: 32, has_context: false, heuristic: None };
    let decisions = settings.environments * settings.steps;
    println!("parameters: {}", form.parameter_count());
    let mut ppo = Ppo::new(settings, form);
    let mut rates = Vec::new();
    for _ in 0..=iterations {
        let begin = Instant::now();
        ppo.advance(|| OrderEnvironment::new(episodes.clone()));
        let rate = decisions as f64 / begin.elapsed().as_secs_f64();
        let point = ppo.curve().last().expect("an iteration has passed");
        println!(
            "iteration {}: {rate:.0} decisions/s, {:.1} candidates in the mean, episode reward {:.3}",
            point.iteration,
            point.candidates,
            point.episode_reward.unwrap_or(f64::NAN)
        );
        rates.push(rate);
    }
    // The harmonic mean is that of all decisions over all of the time.
    let rate = iterations as f64 / rates[1..].iter().map(|rate| 1.0 / rate).sum::<f64>();
    println!("ours ({passing:?}, {gradients:?}): {rate:.0} decisions/s");
}
