//! From a configuration to how well lives are foretold.

use std::path::PathBuf;

use runner::predict::Prediction;
use runner::{Config, Plan};

const VALID: &str = r#"
name = "small"
test_from_seconds = 200000
quantiles = [0.1, 0.5, 0.9]
blocks = 10
baselines = ["median"]
[workload.source]
generator = "lublin"
jobs = 1000
processors = 16
[predictors]
median = "median"
own = { policy = "history", alike = [["shape"]], window = 50 }
[predictors.survival]
policy = "survival"
levels = [{ strength = 1.0, memory = 100.0 }, { alike = ["shape"], strength = 10.0, memory = 100.0 }]
[tune]
predictor = "survival"
from_seconds = 2000
generations = 2
population = 4
"#;

fn read(text: &str) -> Result<Prediction, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path: PathBuf = folder.path().join("small.toml");
    std::fs::write(&path, text).expect("written");
    Prediction::read(&path, None).map_err(|error| error.to_string())
}

#[test]
fn predictors_are_compared_with_baselines() {
    let prediction = read(VALID).expect("valid");
    let report = prediction.compare();
    assert!(report.tasks > 500, "{}", report.tasks);
    let names: Vec<&str> = report.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["median", "own", "survival"]);
    assert!(report.rows[0].ratios.is_empty(), "nobody is compared with himself");
    for row in &report.rows {
        assert!(row.loss_seconds > 0.0 && row.loss_log > 0.0 && row.below.len() == 3, "{row:?}");
        for ratio in &row.ratios {
            assert!(ratio.ends[0] <= ratio.value && ratio.value <= ratio.ends[1], "{ratio:?}");
        }
    }
    assert_eq!(report, read(VALID).expect("valid").compare(), "another time the same");
    let json = report.as_json("small");
    assert_eq!(json["predictors"][2]["ratios"][0]["baseline"], "median");
}

/// What a search finds is no worse on what it was tuned on, and stands in a comparison as a file.
#[test]
fn what_was_tuned_is_a_policy_file() {
    let prediction = read(VALID).expect("valid");
    let mut seen = Vec::new();
    let file = prediction.tune(|generation, loss| seen.push((generation, loss))).expect("it says what");
    assert_eq!(seen.len(), 2);
    assert!(seen[1].1 <= seen[0].1);
    assert_eq!((file.question.as_str(), file.policy.policy.as_str()), ("predict", "survival"));
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("tuned.toml"), toml::to_string(&file).expect("TOML")).expect("written");
    let path = folder.path().join("small.toml");
    let text = VALID.replace("median = \"median\"", "median = \"median\"\ntuned = \"tuned.toml\"");
    std::fs::write(&path, text).expect("written");
    let report = Prediction::read(&path, None).expect("valid").compare();
    assert_eq!(report.rows.iter().filter(|row| row.name == "tuned").count(), 1);
    // It stands where a placement names a predictor, and no file of another question does.
    let experiment = "
        name = \"x\"
        seeds = [0]
        [clusters.pool]
        pool = { processors = 16 }
        [workloads.jobs]
        source = { generator = \"lublin\", jobs = 50, processors = 16 }
        [schedulers.lives]
        place = { policy = \"lifetime_aware\", predictor = \"tuned.toml\" }
        [[scenarios]]
        name = \"one\"
        cluster = \"pool\"
        workload = \"jobs\"
    ";
    std::fs::write(&path, experiment).expect("written");
    let plan = Plan::new(&Config::read(&path).expect("valid"), None, "").expect("planned");
    let predictor = &plan.schedulers[0].place.options["predictor"];
    assert_eq!(predictor["policy"].as_str(), Some("survival"), "what the file says is part of the run");
    let other = toml::to_string(&file).expect("TOML").replace("\"predict\"", "\"order\"");
    std::fs::write(folder.path().join("tuned.toml"), other).expect("written");
    let error = Config::read(&path).expect_err("of another question").to_string();
    assert!(error.contains("\"order\" stands there; allowed is \"predict\""), "{error}");
    let untuned = VALID.split("[tune]").next().expect("text");
    assert!(read(untuned).expect("valid").tune(|_, _| {}).is_err());
}

#[test]
fn what_is_wrong_is_refused_with_its_place() {
    let refusals = [
        ("test_from_seconds = 200000", "test_from_seconds = -1", "-1 stands there; allowed is 0 or more"),
        ("test_from_seconds = 200000", "test_from_seconds = 1e9", "nothing would be tested"),
        ("[0.1, 0.5, 0.9]", "[0.5, 0.1]", "allowed are numbers above 0 and below 1, rising"),
        ("blocks = 10", "blocks = 1", "1 stands there; allowed is 2 or more"),
        ("baselines = [\"median\"]", "baselines = [\"medean\"]", "did you mean"),
        ("median = \"median\"", "median = \"medean\"", "did you mean \\\"median\\\""),
        ("strength = 1.0", "strength = 0.0", "0 stands there; allowed is a number above 0"),
        (
            "from_seconds = 2000\n",
            "from_seconds = 300000\n",
            "allowed is 0 or more, and below test_from_seconds",
        ),
        ("generations = 2", "generations = 0", "0 stands there; allowed is 1 or more"),
        ("predictor = \"survival\"", "predictor = \"own\"", "own states no `strength` and no `memory`"),
        ("window = 50", "window = 0", "0 stands there; allowed is 1 or more"),
        ("population = 4", "population = 2", "2 stands there; allowed is 4 or more"),
    ];
    for (found, wrong, said) in refusals {
        assert_eq!(VALID.matches(found).count(), 1, "`{found}` stands there once");
        let error = read(&VALID.replace(found, wrong)).err().unwrap_or_else(|| panic!("`{wrong}` is valid"));
        assert!(error.contains("small.toml"), "{error}");
        assert!(error.contains(&said.replace("\\\"", "\"")), "`{wrong}`: {error}");
    }
}
