//! Orders that look beyond what a policy sees: how a config names them, and where they are refused.

use std::fs;

use runner::{Config, Plan};

const EXPERIMENT: &str = r#"
name = "x"
seeds = [0]
[clusters.pool]
pool = { processors = 16 }
[workloads.day]
source = { generator = "lublin", jobs = 40, processors = 16 }
transforms = [{ override_estimates = { factor = 1.0 } }]
[rules.hold]
backfilling = "none"
[schedulers.ahead]
order = { policy = "lookahead", samples = 2, base = "base.toml" }
[schedulers.true_times]
order = { policy = "clairvoyant", base = "sjf" }
[[scenarios]]
name = "one"
cluster = "pool"
workload = "day"
rules = "hold"
"#;

const BASE: &str = "question = 'order'\n[policy]\npolicy = 'linear'\nweights = { ln_cores = 3.0 }\n";

#[test]
fn a_base_may_stand_in_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let read = |experiment: &str, base: &str| {
        fs::write(folder.path().join("base.toml"), base).expect("written");
        fs::write(folder.path().join("x.toml"), experiment).expect("written");
        Config::read(&folder.path().join("x.toml")).map_err(|error| error.to_string())
    };
    let plan = Plan::new(&read(EXPERIMENT, BASE).expect("valid"), None, "x").expect("planned");
    let base = &plan.schedulers[0].order.options["base"];
    let weight = base.get("weights").and_then(|weights| weights.get("ln_cores"));
    assert_eq!(weight, Some(&toml::Value::Float(3.0)), "what the file says is part of the run");
    let base_of = |policy: &str| BASE.replace("policy = 'linear'\nweights = { ln_cores = 3.0 }", policy);
    for (experiment, base, expected) in [
        (EXPERIMENT.replace("base.toml", "bass.toml"), BASE.to_owned(), "cannot be read"),
        (EXPERIMENT.to_owned(), BASE.replace("'order'", "'place'"), "allowed is \"order\""),
        (EXPERIMENT.to_owned(), base_of("policy = 'sjf'"), "only \"linear\" is allowed"),
        (EXPERIMENT.replace("\"none\"", "\"skip\""), BASE.to_owned(), "the rules have another"),
        (EXPERIMENT.replace("samples = 2", "sample = 2"), BASE.to_owned(), "sample"),
        (EXPERIMENT.replace("base = \"sjf\"", "base = \"recorded\""), BASE.to_owned(), "sorts nobody"),
    ] {
        let error = read(&experiment, &base).err().unwrap_or_else(|| panic!("{expected}: not refused"));
        assert!(error.contains(expected) && !error.contains('\n'), "{error}");
    }
}
