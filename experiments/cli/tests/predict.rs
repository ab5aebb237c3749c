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
    std::fs::write(folder.path().join("small.toml"), tuned).expect("written");
    printed(folder.path(), &["predict", "small.toml", "--tune", "tuned.toml"]);
    let file = std::fs::read_to_string(folder.path().join("tuned.toml")).expect("written");
    assert!(file.contains("question = \"predict\"") && file.contains("tuned_on_seconds"), "{file}");
}
