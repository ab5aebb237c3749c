//! Training on an experiment: what is refused, that an interrupted one ends with the same bits, that what it leaves can be run and is
//! better than what it began with.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use runner::train::Training;
use runner::{Config, Plan};

/// Two kinds of hosts, of which one draws four times as much for the same work; tasks come as long as hosts have room.
const EXPERIMENT: &str = r#"
name = "two_kinds"
seeds = [0]
series_points = 0
[clusters.two_kinds]
hosts = [
  { model = "thirsty", count = 6, cores = 16, memory_gib = 64, power = { linear = { idle_watts = 100, max_watts = 500 } } },
  { model = "frugal", count = 6, cores = 16, memory_gib = 64, power = { linear = { idle_watts = 25, max_watts = 125 } } },
]
[workloads.day]
source = { generator = "lublin", jobs = 120, processors = 16 }
[schedulers.first]
order = "fcfs"
place = "first_fit"
[schedulers.learned]
order = "fcfs"
place = { policy = "linear", weights = { cpu_left = -0.1 } }
[[scenarios]]
name = "day"
cluster = "two_kinds"
workload = "day"
"#;

const TRAINING: &str = r#"
name = "frugal"
question = "place"
seeds = [0, 1]
experiment = "two_kinds.toml"
scheduler = "learned"
baseline = "first"
training_seeds = { from = 100, count = 4 }
validation_seeds = { from = 200, count = 2 }
test_seeds = { from = 0, count = 10 }
episodes = 2
features = ["power", "cpu_left"]
[[objective]]
metric = "energy_it"
relative = true
[[objective]]
metric = "tasks_rejected"
weight = 10.0
up_to = 0.0
[cma_es]
generations = 6
population = 6
validate_every = 2
"#;

fn training(folder: &Path, text: &str) -> Result<Training, String> {
    fs::write(folder.join("two_kinds.toml"), EXPERIMENT).expect("written");
    let path = folder.join("frugal.toml");
    fs::write(&path, text).expect("written");
    Training::read(&path, None).map_err(|error| error.to_string())
}

#[test]
fn an_interrupted_training_ends_with_the_same_bits_and_a_policy_that_can_be_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let training = training(folder.path(), TRAINING).expect("valid");
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    let trained = training.run(&whole, |_| ControlFlow::Continue(())).expect("trained");
    for generations in [3, 1, 6] {
        let mut seen = 0;
        let stopped = training.run(&parts, |_| {
            seen += 1;
            if seen < generations { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        assert!(stopped.expect("stopped").len() < 2);
    }
    training.run(&parts, |_| ControlFlow::Continue(())).expect("trained");
    for file in
        ["policy.toml", "seed_0/state.json", "seed_0/curve.csv", "seed_1/state.json", "seed_1/policy.toml"]
    {
        let read = |folder: &Path| fs::read_to_string(folder.join(file)).expect(file);
        assert_eq!(read(&whole), read(&parts), "{file}");
    }
    // First fit fills the thirsty hosts; a placement that sees power does not, at up to three quarters less for what is in use.
    for one in &trained {
        assert!(one.validation < -10.0, "seed {}: {}", one.seed, one.validation);
    }
    let experiment = EXPERIMENT.replace(
        "place = { policy = \"linear\", weights = { cpu_left = -0.1 } }",
        "place = \"whole/policy.toml\"",
    );
    let path = folder.path().join("run.toml");
    fs::write(&path, experiment).expect("written");
    let plan = Plan::new(&Config::read(&path).expect("valid"), None, "run").expect("planned");
    let weights = plan.schedulers[1].place.options["weights"].as_table().expect("a table");
    assert!(weights["power"].as_float().expect("a number") < 0.0, "{weights}");
}

#[test]
fn what_cannot_be_trained_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for (found, wrong, expected) in [
        ("from = 200", "from = 300", ""),
        ("from = 200", "from = 103", "key `validation_seeds`: seed 103 is one of `training_seeds` too"),
        ("from = 100", "from = 9", "key `training_seeds`: seed 9 is one of the test"),
        ("scheduler = \"learned\"", "scheduler = \"lerned\"", "did you mean `learned`"),
        ("baseline = \"first\"", "baseline = \"last\"", "key `baseline`"),
        ("question = \"place\"", "question = \"power\"", "answers no question \"power\""),
        ("question = \"place\"", "question = \"order\"", "policy \"fcfs\" has no features"),
        ("\"power\", \"cpu_left\"", "\"powr\"", "key `features[0]`: unknown feature `powr`"),
        ("episodes = 2", "episodes = 5", "allowed is 1 to the 4 training seeds"),
        ("\"energy_it\"", "\"energy_id\"", "did you mean `energy_it`"),
        ("\"energy_it\"", "\"makespan\"", ""),
        ("weight = 10.0", "weight = 0.0", "key `objective[1].weight`: 0 stands there"),
        ("up_to = 0.0", "up_to = inf", "key `objective[1].up_to`: inf stands there"),
        ("population = 6", "population = 3", "key `cma_es.population`: 3 stands there"),
        ("episodes = 2", "groups = [\"by_lode\"]", "did you mean `by_load`"),
        ("episodes = 2", "scenarios = [\"night\"]", "key `scenarios[0]`"),
        ("episodes = 2", "parameters = [{ key = \"a.b.c\" }]", "allowed is OPTION or TABLE.OPTION"),
        ("episodes = 2", "parameters = [{ key = \"a\", step = 0.0 }]", "key `parameters[0].step`"),
        ("episodes = 2", "parameters = [{ key = \"a\", within = [1, 0] }]", "allowed are two rising numbers"),
        ("\"two_kinds.toml\"", "\"three_kinds.toml\"", "three_kinds.toml: cannot be read"),
    ] {
        assert_eq!(TRAINING.matches(found).count(), 1, "{found}");
        match training(folder.path(), &TRAINING.replace(found, wrong)) {
            Ok(_) => assert!(expected.is_empty(), "{wrong} is not refused"),
            Err(error) => {
                assert!(!expected.is_empty() && error.contains(expected) && !error.contains('\n'), "{error}")
            }
        }
    }
}
