//! `rackwright predict`: a table, JSON, and a policy file.

mod common;

use common::{printed, refusal};

const CONFIG: &str = r#"
name = "small"
test_from_seconds = 200000
baselines = ["median"]
[workload.source]
generator = "lublin"
jobs = 1000
processors = 16
[predictors]
median = "median"
survival = "survival"
"#;

#[test]
fn lives_are_foretold_from_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("small.toml"), CONFIG).expect("written");
    let table = printed(folder.path(), &["predict", "small.toml"]);
    for part in ["small:", "predictor", "to median", "survival", "50 blocks"] {
        assert!(table.contains(part), "{part} is not in {table}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&printed(folder.path(), &["predict", "small.toml", "--json"])).expect("JSON");
    assert_eq!(
        (&json["prediction"], &json["predictors"][1]["predictor"]),
        (&"small".into(), &"survival".into())
    );
    assert!(printed(folder.path(), &["list", "predictors"]).contains("survival"));
    assert!(printed(folder.path(), &["schema", "prediction"]).contains("test_from_seconds"));

    let refused = refusal(folder.path(), &["predict", "small.toml", "--tune", "tuned.toml"]);
    assert!(refused.contains("it has no table `tune`"), "{refused}");
    let tuned = format!("{CONFIG}[tune]\npredictor = \"survival\"\ngenerations = 1\npopulation = 4\n");
    std::fs::write(folder.path().join("small.toml"), &tuned).expect("written");
    // Whoever states no numbers has none to be tuned.
    let refused = refusal(folder.path(), &["predict", "small.toml", "--tune", "tuned.toml"]);
    assert!(refused.contains("key `tune.predictor`: survival states no `strength`"), "{refused}");
    let own = "survival = { policy = \"survival\", levels = [{ strength = 1.0, memory = 100.0 }] }";
    let tuned = tuned.replace("survival = \"survival\"", own);
    std::fs::write(folder.path().join("small.toml"), tuned).expect("written");
    // Nothing that is read is written over, and no folder is a file.
    for (out, why) in [("small.toml", "is read from"), (".", "is a folder")] {
        let refused = refusal(folder.path(), &["predict", "small.toml", "--tune", out]);
        assert!(refused.contains(why), "{refused}");
    }
    let said = printed(folder.path(), &["predict", "small.toml", "--tune", "tuned.toml", "--json"]);
    let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert!(said["loss_seconds"].as_f64().is_some_and(|loss| loss > 0.0), "{said}");
    let file = std::fs::read_to_string(folder.path().join("tuned.toml")).expect("written");
    assert!(file.contains("question = \"predict\"") && file.contains("tuned_on_seconds"), "{file}");
}
