//! Training: what is refused, that an interrupted one ends with the same bits, and that its policy can be run.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use runner::train::{TrainStanding, Training};
use runner::{Config, Plan};

const TRAINING: &str = r#"
name = "small"
question = "order"
seeds = [0, 1]
backfilling = "easy_published"
sequence_jobs = 40
test = ["later"]
[workloads.before]
source = { generator = "lublin", jobs = 400, processors = 16 }
transforms = [{ override_estimates = { factor = 1.0 } }, { window = { first_jobs = [0], count = 300 } }]
[workloads.later]
source = { generator = "lublin", jobs = 400, processors = 16 }
transforms = [{ override_estimates = { factor = 1.0 } }, { window = { first_jobs = [300], count = 100 } }]
[[training]]
workload = "before"
processors = 16
bootstrap = { jobs = 500, block_jobs = [4, 20] }
[[validation]]
workload = "before"
processors = 16
[cma_es]
generations = 6
population = 6
sequences = 4
validation_sequences = 4
validate_every = 2
"#;

/// In the place of the search.
const PPO: &str = r#"
[ppo]
iterations = 5
environments = 4
steps = 30
epochs = 2
minibatch = 40
discount = 0.99
trace = 0.9
clip = 0.2
entropy = 0.01
value_weight = 0.5
rate = 0.003
gradient_length = 0.5
most_divergence = 0.1
hidden = [8, 4]
embedding = 4
has_context = true
validation_sequences = 4
validate_every = 2
baseline = "value"
group = 4
start = { ln_estimate = 2, ln_cores = 1.0 }
sharpness = 0.5
"#;

fn with_ppo() -> String {
    TRAINING[..TRAINING.find("[cma_es]").expect("it is there")].to_owned() + PPO
}

fn training(folder: &Path, text: &str) -> Result<Training, String> {
    let path = folder.join("small.toml");
    fs::write(&path, text).expect("written");
    Training::read(&path, None).map_err(|error| error.to_string())
}

/// Goes on until so many generations have passed in all.
fn until(generations: usize) -> impl FnMut(TrainStanding) -> ControlFlow<()> {
    let mut seen = 0;
    move |_| {
        seen += 1;
        if seen < generations { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

#[test]
fn an_interrupted_training_ends_with_the_same_bits() {
    let folder = tempfile::tempdir().expect("a folder");
    let training = training(folder.path(), TRAINING).expect("valid");
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    let trained = training.run(&whole, until(1000)).expect("trained");
    assert_eq!(trained.iter().map(|one| one.seed).collect::<Vec<_>>(), [0, 1]);
    // Cut off between two looks, at one, and in the second seed.
    for generations in [3, 1, 6] {
        assert!(training.run(&parts, until(generations)).expect("stopped").len() < 2);
    }
    training.run(&parts, until(1000)).expect("trained");
    for file in
        ["policy.toml", "seed_0/state.json", "seed_0/curve.csv", "seed_1/state.json", "seed_1/policy.toml"]
    {
        let read = |folder: &Path| fs::read_to_string(folder.join(file)).expect(file);
        assert_eq!(read(&whole), read(&parts), "{file}");
    }
    for file in ["curves.parquet", "seed_0/events.out.tfevents.0.rackwright"] {
        let read = |folder: &Path| fs::read(folder.join(file)).expect(file);
        assert_eq!(read(&whole), read(&parts), "{file}");
    }
    let other = TRAINING.replace("population = 6", "population = 8");
    let error =
        self::training(folder.path(), &other).expect("valid").run(&whole, until(1)).expect_err("refused");
    assert!(error.to_string().contains("another training"), "{error}");
}

/// Policy optimisation too, held against values and against copies: with the same bits, what is kept is never worse than the start, and a
/// start that a file holds is the same training as its weights.
#[test]
fn an_interrupted_policy_optimisation_ends_with_the_same_bits() {
    let folder = tempfile::tempdir().expect("a folder");
    for text in [with_ppo(), with_ppo().replace("baseline = \"value\"", "baseline = \"same_sequence\"")] {
        let training = training(folder.path(), &text).expect("valid");
        let name = if text == with_ppo() { "value" } else { "same_sequence" };
        let [whole, parts] = ["whole", "parts"].map(|part| folder.path().join(format!("{name}_{part}")));
        let trained = training.run(&whole, until(1000)).expect("trained");
        for generations in [3, 1, 6] {
            assert!(training.run(&parts, until(generations)).expect("stopped").len() < 2);
        }
        training.run(&parts, until(1000)).expect("trained");
        for file in
            ["policy.toml", "seed_0/state.json", "seed_0/curve.csv", "seed_1/state.json", "training.json"]
        {
            let read = |folder: &Path| fs::read_to_string(folder.join(file)).expect(file);
            assert_eq!(read(&whole), read(&parts), "{file}");
        }
        let curve = fs::read_to_string(whole.join("seed_0/curve.csv")).expect("a curve");
        let rows: Vec<Vec<&str>> = curve.lines().skip(1).map(|line| line.split(',').collect()).collect();
        assert_eq!(rows.iter().map(|row| row[0]).collect::<Vec<_>>(), ["0", "1", "2", "3", "4", "5"]);
        let looks: Vec<f64> = rows.iter().filter_map(|row| row[2].parse().ok()).collect();
        assert_eq!(looks.len(), 4, "before the first, after the second, the fourth and the last: {curve}");
        assert_eq!(Some(trained[0].validation), looks.iter().copied().reduce(f64::min));
        let record = fs::read_to_string(whole.join("training.json")).expect("a record");
        assert!(record.contains("\"ppo\"") && !record.contains("cma_es"), "{record}");
    }
    let smith = "question = \"order\"\n[policy]\npolicy = \"linear\"\n";
    fs::write(folder.path().join("smith.toml"), smith).expect("written");
    let of_file = with_ppo().replace("{ ln_estimate = 2, ln_cores = 1.0 }", "\"smith.toml\"");
    let training = training(folder.path(), &of_file).expect("valid");
    training.run(&folder.path().join("value_whole"), until(1)).expect("it is the same training");
}

/// Learning by choosing is worth something: from choices that are all alike to well below what they are worth.
#[test]
fn policy_optimisation_learns() {
    let folder = tempfile::tempdir().expect("a folder");
    let text =
        with_ppo().replace("seeds = [0, 1]", "seeds = [0]").replace("iterations = 5", "iterations = 30");
    for baseline in ["value", "same_sequence"] {
        let text = text
            .replace("start = { ln_estimate = 2, ln_cores = 1.0 }\n", "")
            .replace("\"value\"", &format!("{baseline:?}"));
        let training = training(folder.path(), &text).expect("valid");
        let out = folder.path().join(baseline);
        let trained = training.run(&out, until(1000)).expect("trained");
        let curve = fs::read_to_string(out.join("seed_0/curve.csv")).expect("a curve");
        let start: f64 =
            curve.lines().nth(1).and_then(|row| row.split(',').nth(2)?.parse().ok()).expect("a look");
        assert!(trained[0].validation < 0.9 * start, "{baseline}: {start}, {}", trained[0].validation);
    }
}

#[test]
fn what_policy_optimisation_cannot_be_told_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let sjf = "question = \"order\"\n[policy]\npolicy = \"sjf\"\n";
    fs::write(folder.path().join("sjf.toml"), sjf).expect("written");
    let start = "start = { ln_estimate = 2, ln_cores = 1.0 }";
    for (found, wrong, expected) in [
        ("[ppo]", "[cma_es]\n[ppo]", "key `ppo`: it stands beside `cma_es`; allowed is one way to learn"),
        (
            "seeds = [0, 1]",
            "seeds = [0, 1]\nfeatures = [\"ln_cores\"]",
            "key `features`: it stands beside `ppo`",
        ),
        ("iterations = 5", "iterations = 0", "key `ppo.iterations`: 0 stands there; allowed is 1 or more"),
        ("environments = 4", "environments = 0", "key `ppo.environments`: 0 stands there"),
        ("steps = 30", "steps = 0", "key `ppo.steps`: 0 stands there"),
        ("epochs = 2", "epochs = 0", "key `ppo.epochs`: 0 stands there"),
        ("minibatch = 40", "minibatch = 0", "key `ppo.minibatch`: 0 stands there"),
        (
            "discount = 0.99",
            "discount = 1.01",
            "key `ppo.discount`: 1.01 stands there; allowed is a number from 0 to 1",
        ),
        ("trace = 0.9", "trace = nan", "key `ppo.trace`: NaN stands there"),
        ("clip = 0.2", "clip = 0.0", "key `ppo.clip`: 0 stands there; allowed is a number above 0"),
        (
            "entropy = 0.01",
            "entropy = -1",
            "key `ppo.entropy`: -1 stands there; allowed is a number of 0 or more",
        ),
        ("value_weight = 0.5", "value_weight = inf", "key `ppo.value_weight`: inf stands there"),
        ("rate = 0.003", "rate = 1e-60", "key `ppo.rate`: 0.0000"),
        ("gradient_length = 0.5", "gradient_length = -0.5", "key `ppo.gradient_length`: -0.5 stands there"),
        ("most_divergence = 0.1", "most_divergence = 0", "key `ppo.most_divergence`: 0 stands there"),
        ("hidden = [8, 4]", "hidden = [8, 0]", "key `ppo.hidden[1]`: 0 stands there"),
        ("hidden = [8, 4]", "hidden = [8, 4]\nwidth = 4", "unknown key `width`"),
        ("embedding = 4", "embedding = 0", "key `ppo.embedding`: 0 stands there"),
        ("\"easy_published\"", "\"easy\"", "key `ppo.has_context`: true stands there"),
        (
            "validation_sequences = 4",
            "validation_sequences = 0",
            "key `ppo.validation_sequences`: 0 stands there",
        ),
        (
            "validate_every = 2",
            "validate_every = 6",
            "`ppo.validate_every`: 6 stands there; allowed is up to the 5 iterations",
        ),
        ("\"value\"", "\"values\"", "unknown variant `values`"),
        (
            "\"value\"\ngroup = 4",
            "\"same_sequence\"\ngroup = 3",
            "key `ppo.group`: 3 stands there; allowed are 2 or more",
        ),
        ("\"value\"\ngroup = 4", "\"same_sequence\"\ngroup = 1", "key `ppo.group`: 1 stands there"),
        (start, "start = { ln_cors = 1.0 }", "key `ppo.start`"),
        (start, "start = { ln_cores = inf }", "allowed are finite numbers"),
        (start, "start = { ln_cores = 2e38 }", "key `ppo.start`: times 0.5, a weight is too large a number"),
        (start, "start = 3", "expected a table of weights by feature, or the path of a policy file"),
        (start, "start = \"nowhere.toml\"", "nowhere.toml cannot be read"),
        (start, "start = \"sjf.toml\"", "\"sjf\" stands where only \"linear\" is allowed"),
        ("sharpness = 0.5", "sharpness = 0", "key `ppo.sharpness`: 0 stands there"),
    ] {
        let text = with_ppo();
        assert_eq!(text.matches(found).count(), 1, "{found}");
        match training(folder.path(), &text.replace(found, wrong)) {
            Ok(_) => panic!("{wrong} is not refused"),
            Err(error) => assert!(error.contains(expected) && !error.contains('\n'), "{wrong}: {error}"),
        }
    }
}

#[test]
fn a_trained_policy_stands_where_a_name_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let training = training(folder.path(), TRAINING).expect("valid");
    training.run(&folder.path().join("trained"), until(1000)).expect("trained");
    let network = self::training(folder.path(), &with_ppo()).expect("valid");
    network.run(&folder.path().join("network"), until(1000)).expect("trained");
    let experiment = r#"
name = "x"
seeds = [0]
[clusters.pool]
pool = { processors = 16 }
[workloads.day]
source = { generator = "lublin", jobs = 40, processors = 16 }
transforms = [{ override_estimates = { factor = 1.0 } }]
[schedulers.smith]
order = "linear"
[schedulers.learned]
order = "trained/policy.toml"
[schedulers.network]
order = "network/policy.toml"
[[scenarios]]
name = "one"
cluster = "pool"
workload = "day"
"#;
    let path = folder.path().join("x.toml");
    fs::write(&path, experiment).expect("written");
    let plan = Plan::new(&Config::read(&path).expect("valid"), None, "x").expect("planned");
    let orders: Vec<&str> = plan.schedulers.iter().map(|scheduler| scheduler.order.policy.as_str()).collect();
    assert_eq!(orders, ["linear", "linear", "neural"]);
    assert!(
        plan.schedulers[1].order.options.contains_key("weights"),
        "what the file says is part of the run"
    );
    for (wrong, expected) in [
        ("order = \"trained/polici.toml\"", "cannot be read"),
        ("place = \"trained/policy.toml\"", "allowed is \"place\""),
        ("order = { policy = \"trained/policy.toml\", weights = {} }", "the file alone"),
    ] {
        fs::write(&path, experiment.replace("order = \"trained/policy.toml\"", wrong)).expect("written");
        let error = Config::read(&path).expect_err(wrong).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn what_cannot_be_trained_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for (found, wrong, expected) in [
        ("count = 100", "count = 90", ""),
        (
            "first_jobs = [300], count = 100",
            "first_jobs = [250], count = 100",
            "50 of its jobs stand in a test",
        ),
        ("test = [\"later\"]", "test = [\"latter\"]", "did you mean `later`"),
        ("sequence_jobs = 40", "sequence_jobs = 400", "it has 300 jobs; a sequence takes 400"),
        ("validate_every = 2", "validate_every = 7", "key `cma_es.validate_every`: 7 stands there"),
        ("[cma_es]\n", "[cma_es]\nsigma = 0.0\n", "key `cma_es.sigma`: 0 stands there"),
        ("test = [\"later\"]", "features = [\"ln_cors\"]", "did you mean `ln_cores`"),
        ("block_jobs = [4, 20]", "block_jobs = [4, 2000]", "allowed are fewer"),
        ("processors = 16\nbootstrap", "processors = 4\nbootstrap", "and the pool has 4000"),
        ("seeds = [0, 1]", "seeds = [1, 1]", "seed 1 stands there twice"),
        ("jobs = 500, block_jobs", "jobs = 30, block_jobs", "`training[0].bootstrap.jobs`"),
        ("question = \"order\"", "question = \"place\"", "`question`"),
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

#[test]
fn where_nobody_waits_there_is_nothing_to_learn() {
    let folder = tempfile::tempdir().expect("a folder");
    let idle = TRAINING.replace("processors = 16\n", "processors = 4000\n");
    let training = training(folder.path(), &idle).expect("valid");
    let error = training.run(&folder.path().join("out"), until(1)).expect_err("nothing to learn").to_string();
    assert!(error.contains("there is nothing to learn at such a load") && !error.contains('\n'), "{error}");
}

#[test]
fn a_trained_order_becomes_a_formula_that_is_an_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let training = training(folder.path(), TRAINING).expect("valid");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("written");
        path
    };
    // Four features and a product of two: nothing that a formula of five terms could not say.
    let weights = "weights = { ln_estimate = 2.0, ln_cores = 1.0, ln_delay = 0.5, queue_ln_estimate = 0.3 }";
    let trained =
        file("trained.toml", &format!("question = \"order\"\n[policy]\npolicy = \"linear\"\n{weights}\n"));
    let found = training.distil(&trained, 5, 0).expect("distilled");
    assert_eq!(found, training.distil(&trained, 5, 0).expect("distilled"), "the same again");
    assert_eq!(found.formulas.iter().map(|one| one.formula.0.len()).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    let best = found.best().expect("five");
    assert!(found.formulas.iter().all(|one| best.value <= one.value));
    assert!(
        found.formulas[4].agreement > 0.8,
        "{}: {}",
        found.formulas[4].formula,
        found.formulas[4].agreement
    );
    let out = folder.path().join("formula.toml");
    training.write_formula(best, &trained, &out).expect("written");
    let experiment = "
        name = \"formula\"
        seeds = [0]
        [clusters.pool]
        pool = { processors = 16 }
        [workloads.jobs]
        source = { generator = \"lublin\", jobs = 50, processors = 16 }
        transforms = [{ override_estimates = { factor = 1.0 } }]
        [rules.none]
        [schedulers.formula]
        order = \"formula.toml\"
        [scenarios_grid]
        clusters = [\"pool\"]
        workloads = [\"jobs\"]
        rules = [\"none\"]
        name = \"{workload}\"
    ";
    let config = Config::read(&file("experiment.toml", experiment)).expect("a configuration");
    Plan::new(&config, None, "").expect("a formula is an order");

    let place = file("place.toml", "question = \"place\"\n[policy]\npolicy = \"linear\"\n");
    let refused = training.distil(&place, 3, 0).expect_err("no order").to_string();
    assert!(refused.contains("\"place\" stands there; allowed is \"order\""), "{refused}");
    let other = file("sjf.toml", "question = \"order\"\n[policy]\npolicy = \"sjf\"\n");
    let refused = training.distil(&other, 3, 0).expect_err("not linear").to_string();
    assert!(
        refused.contains("sjf.toml: key `policy`: \"sjf\" stands there; allowed is \"linear\""),
        "{refused}"
    );
}
