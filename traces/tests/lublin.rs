//! The `lublin` generator against a log that the authors' own program made, where it is at hand: RACKWRIGHT_DATA names
//! the folder that holds `traces/`.

use std::path::PathBuf;

use sim::kernel::rng::Seed;
use sim::workload::Workload;
use traces::fit::{Sample, distance_at_5_percent};
use traces::{generate, import};

/// The log of 10,000 jobs on 256 processors, or nothing but a word that the test was skipped.
fn log() -> Option<Workload> {
    let Some(data) = std::env::var_os("RACKWRIGHT_DATA") else {
        #[expect(clippy::print_stdout, reason = "a skipped test says so")]
        {
            println!("skipped: RACKWRIGHT_DATA is not set");
        }
        return None;
    };
    let file = PathBuf::from(data).join("traces/swf/lublin_256.swf.gz");
    Some(import::import("swf", &file, toml::Table::new()).unwrap_or_else(|error| panic!("{error}")).0)
}

fn made(options: &str, seed: u64) -> Workload {
    let options = toml::from_str(options).expect("TOML");
    generate::generate("lublin", options, Seed(seed)).expect("possible")
}

/// Logarithms of sizes, and of run times.
fn logs(workload: &Workload) -> [Sample; 2] {
    let size = |task| f64::from(workload.demand(task).cpu_milli) / 1000.0;
    let sample = |numbers: Vec<f64>| Sample::new(numbers.into_iter().map(f64::ln)).expect("tasks");
    [
        sample(workload.tasks().map(size).collect()),
        sample(workload.tasks().map(|task| workload.work(task).seconds()).collect()),
    ]
}

#[test]
fn sizes_and_run_times_are_those_of_the_authors_program() {
    let Some(log) = log() else { return };
    let bound = distance_at_5_percent(1e4, 1e4);
    let of_log = logs(&log);
    for seed in 0..3 {
        let found = logs(&made("processors = 256", seed));
        let distances = [0, 1].map(|index| found[index].distance(&of_log[index]));
        assert!(
            distances.iter().all(|&distance| distance < bound),
            "seed {seed}: {distances:?}, allowed {bound}"
        );
    }
}

#[test]
fn other_readings_of_the_description_are_refused() {
    let Some(log) = log() else { return };
    let bound = distance_at_5_percent(1e4, 1e4);
    let of_log = logs(&log);
    let distance = |options: &str| logs(&made(options, 0))[0].distance(&of_log[0]);
    // The medium value of 128 processors on 256.
    assert!(distance("processors = 256\nsize.medium = 4.5") > 5.0 * bound);
    // 0.576 of the parallel jobs rounded, which is 0.435 of all: a sixth of the jobs of 4 and 8 processors is missing.
    let small = |workload: &Workload| {
        let is_small = |&task: &_| [4000, 8000].contains(&workload.demand(task).cpu_milli);
        workload.tasks().filter(is_small).count() as f64 / workload.task_count() as f64
    };
    let (of_log, found) = (small(&log), small(&made("processors = 256", 0)));
    let other = small(&made("processors = 256\nsize.power_of_two_share = 0.435", 0));
    // The standard deviation of such a share is 0.004.
    assert!((found - of_log).abs() < 0.016 && of_log - other > 0.025, "{of_log} {found} {other}");
}

#[test]
fn arrivals_have_the_mean_and_the_day_of_the_log() {
    let Some(log) = log() else { return };
    let gap = |workload: &Workload| workload.last_submit().seconds() / (workload.task_count() - 1) as f64;
    let (of_log, mut found) = (gap(&log), Vec::new());
    let mut by_hour = [0.0; 24];
    for seed in 0..5 {
        let workload = made("processors = 256", seed);
        found.push(gap(&workload));
        workload
            .tasks()
            .for_each(|task| by_hour[(workload.submit(task).seconds() / 3600.0) as usize % 24] += 1.0);
    }
    let mean = found.iter().sum::<f64>() / 5.0;
    assert!((mean / of_log - 1.0).abs() < 0.1, "{of_log} s in the log, {found:?} here");
    let mut of_log = [0.0; 24];
    let hour = |task| ((log.origin().seconds() + log.submit(task).seconds()) / 3600.0) as usize % 24;
    log.tasks().for_each(|task| of_log[hour(task)] += 1.0);
    let peak = |hours: &[f64; 24]| (0..24).max_by(|&a, &b| hours[a].total_cmp(&hours[b])).expect("hours");
    assert!((11..=15).contains(&peak(&by_hour)) && (11..=15).contains(&peak(&of_log)));
}
