//! The schema accepts what the reader accepts, and refuses what an editor should mark.

use std::path::{Path, PathBuf};

use jsonschema::Validator;
use runner::config::schema;
use serde_json::Value;

fn configs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs")
}

fn validator(schema: &Value) -> Validator {
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    jsonschema::draft202012::meta::validate(schema).expect("it is a schema");
    jsonschema::draft202012::new(schema).expect("it can be compiled")
}

fn as_json(toml: &str) -> Value {
    toml::from_str(toml).expect("TOML")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => files.extend(self::files(&path)),
            false => files.push(path),
        }
    }
    files
}

#[test]
fn every_config_is_valid() {
    let (experiment, cluster) = (validator(&schema::experiment()), validator(&schema::cluster()));
    let training = validator(&schema::training());
    let prediction = validator(&schema::prediction());
    let mut count = 0;
    for path in
        files(&configs()).into_iter().filter(|path| path.extension().is_some_and(|found| found == "toml"))
    {
        let text = std::fs::read_to_string(&path).expect("readable");
        let lies_in = |name: &str| path.parent().is_some_and(|folder| folder.ends_with(name));
        let validator = match () {
            () if lies_in("clusters") => &cluster,
            () if lies_in("train") => &training,
            () if lies_in("predict") => &prediction,
            () => &experiment,
        };
        if let Err(error) = validator.validate(&as_json(&text)) {
            panic!("{}: {error} at {}", path.display(), error.instance_path());
        }
        count += 1;
    }
    assert!(count >= 16, "only {count} configs were found");
    experiment.validate(&as_json(include_str!("../src/config/example.toml"))).expect("the example is valid");
    experiment.validate(&as_json(VALID)).expect("what the broken ones start from is valid");
    runner::Config::parse("x.toml", VALID).expect("the reader takes it too");
}

const VALID: &str = r#"name = "x"
seeds = { from = 0, count = 2 }
metrics = ["wait_mean"]
claim = { says = "nobody waits", metric = "wait_mean", at_most = 0 }
[clusters.known]
named = "edge_site"
[clusters.hosts]
host_order = "shuffled"
[[clusters.hosts.hosts]]
count = 4
model = "small"
cores = 16
memory_gib = 64
embodied = { processors = 2, hard_disks = 4 }
devices = [{ kind = "own", count = 2 }]
power = { fan = { idle_watts = 100, max_watts = 200, exponent = 1.4 } }
effects = { numa = { preset = "ice_lake", remote_ns = 200 }, virtualisation = "tuned_vm", cpu_sharing = { weights = "equal" } }
[clusters.hosts.device_kinds.own]
class = "gpu"
power = { idle_watts = 5, max_watts = 10, curve = "log" }
sharing = { mig = { reconfiguration_seconds = 5 } }
[workloads.day]
source = { generator = "mixed_cluster", tasks = 10 }
transforms = [{ compress = { factor = 2.0 } }]
[rules.warm]
facility = { ups = "modern", cooling = "economiser_air" }
[rules.warm.surroundings]
calendar = "2022-07-01 00:00 America/Los_Angeles"
weather = { path = "weather/x.epw.gz", format = "epw", year = 2022, gaps = "hold", wrap = "year" }
carbon = { synthetic = { mean = 400, daily_swing = 100, hottest_hour = 19 } }
price = -5
forecast_hours = 12
[rules.warmer]
facility = { ups = "eco", cooling = { preset = "chiller_20c", supply_celsius = 25, fan_share = 0.05 } }
[rules.usual]
pue = 1.3
event_order = "arrivals_first"
backfilling = "easy"
topology_manager = "restricted"
turned_away = "leaves"
behaviour = [{ share = 0.5, behaviour = "web" }, { share = 0.5, behaviour = { preset = "graph", page_walk = 0.1 } }]
migration = { preset = "xen", rounds = 9 }
[schedulers.best]
order = "fcfs"
place = { policy = "best_fit", search = "scan" }
evict = "never"
[scenarios_grid]
clusters = ["hosts"]
workloads = ["day"]
rules = ["usual"]
name = "{workload}/{rules}"
[sweep]
"rules.usual.pue" = { from = 1.0, to = 2.0, steps = 3, scale = "log" }
"#;

/// What is replaced by what.
const BROKEN: &[(&str, &str)] = &[
    ("name = \"x\"", "nmae = \"x\""),
    ("name = \"x\"", "name = 3"),
    ("name = \"x\"", "name = \"x\"\ncolour = \"red\""),
    ("seeds = { from = 0, count = 2 }", "seeds = []"),
    ("seeds = { from = 0, count = 2 }", "seeds = [-1]"),
    ("seeds = { from = 0, count = 2 }", "seeds = { from = 0 }"),
    ("[\"wait_mean\"]", "[\"wait_maen\"]"),
    ("metric = \"wait_mean\"", "metric = \"wait_maen\""),
    ("at_most = 0", "at_least = 1, at_most = 0"),
    (", at_most = 0", ""),
    ("\"nobody waits\"", "\"\""),
    ("says =", "said ="),
    ("\"edge_site\"", "\"edge_sight\""),
    ("\"shuffled\"", "\"shufled\""),
    ("count = 4", "count = -4"),
    ("model = \"small\"\n", ""),
    ("cores = 16", "cores = \"many\""),
    ("{ fan = { idle_watts = 100, max_watts = 200, exponent = 1.4 } }", "\"sr655_7763\""),
    ("exponent = 1.4", "exponnet = 1.4"),
    ("{ fan =", "{ fun ="),
    ("class = \"gpu\"", "class = \"gpus\""),
    ("curve = \"log\"", "curve = \"logarithm\""),
    ("\"ice_lake\"", "\"ice_cube\""),
    ("remote_ns = 200", "remote = 200"),
    ("virtualisation = \"tuned_vm\"", "virtualization = \"tuned_vm\""),
    ("\"tuned_vm\"", "\"untuned_vm\""),
    ("weights = \"equal\"", "weight = \"equal\""),
    ("{ mig =", "{ gim ="),
    ("\"restricted\"", "\"strict\""),
    ("turned_away = \"leaves\"", "turned_away = \"left\""),
    ("behaviour = \"web\"", "behaviour = \"wep\""),
    ("page_walk = 0.1", "page_wolk = 0.1"),
    ("generator = \"mixed_cluster\"", "generator = \"mixed\""),
    ("generator = \"mixed_cluster\"", "importer = \"swf\""),
    ("generator = \"mixed_cluster\"", "importer = \"sfw\", path = \"x\""),
    ("generator = \"mixed_cluster\", tasks = 10", "canonical = \"x\", tasks = 10"),
    ("{ compress =", "{ compres ="),
    ("hard_disks = 4", "disks = 4"),
    ("\"economiser_air\"", "\"economizer_air\""),
    ("supply_celsius = 25", "supply_kelvin = 25"),
    ("format = \"epw\"", "format = \"epv\""),
    ("gaps = \"hold\"", "gaps = \"fill\""),
    ("{ synthetic = {", "{ synthetics = {"),
    ("daily_swing = 100", "daily_wave = 100"),
    ("hottest_hour = 19", "hottest_hour = 25"),
    ("price = -5", "price = \"low\""),
    ("forecast_hours = 12", "forecast_hours = -1"),
    ("pue = 1.3", "pue = 0.9"),
    ("pue = 1.3", "pue = \"low\""),
    ("\"arrivals_first\"", "\"arrival_first\""),
    ("backfilling = \"easy\"", "backfilling = \"eazy\""),
    ("{ preset = \"xen\", rounds = 9 }", "\"zen\""),
    ("preset = \"xen\"", "preset = \"zen\""),
    ("rounds = 9", "rounds = 0"),
    ("rounds = 9", "runds = 9"),
    ("rounds = 9", "slowdown = 1"),
    ("rounds = 9", "on_stall = \"wait\""),
    ("order = \"fcfs\"", "order = \"fcsf\""),
    ("policy = \"best_fit\"", "policy = \"best_fitt\""),
    ("place = { policy = \"best_fit\", search = \"scan\" }", "place = \"best_fitt\""),
    ("place = { policy = \"best_fit\", search = \"scan\" }", "palce = \"best_fit\""),
    ("evict = \"never\"", "evict = \"sometimes\""),
    ("clusters = [\"hosts\"]", "clusters = \"hosts\""),
    ("steps = 3", "step = 1, steps = 3"),
    ("scale = \"log\"", "scale = \"cubic\""),
];

const VALID_TRAINING: &str = r#"name = "x"
question = "order"
seeds = [0]
backfilling = "easy"
sequence_jobs = 40
[workloads.jobs]
source = { generator = "lublin", jobs = 400, processors = 16 }
transforms = [{ override_estimates = { factor = 1.0 } }]
[[training]]
workload = "jobs"
processors = 16
[[validation]]
workload = "jobs"
processors = 16
[ppo]
iterations = 10
hidden = [16, 8]
baseline = "same_sequence"
group = 4
rate = 1e-3
start = { ln_estimate = 2, ln_cores = 1.0 }
"#;

const BROKEN_TRAINING: &[(&str, &str)] = &[
    ("[ppo]", "[cma_es]\ngenerations = 3\n[ppo]"),
    ("[ppo]", "[pop]"),
    ("iterations = 10", "generations = 10"),
    ("iterations = 10", "iterations = -10"),
    ("hidden = [16, 8]", "hidden = 16"),
    ("hidden = [16, 8]", "hidden = [16, \"8\"]"),
    ("\"same_sequence\"", "\"same_sequences\""),
    ("group = 4", "group = \"4\""),
    ("rate = 1e-3", "rate = \"slow\""),
    ("ln_cores", "ln_cors"),
    ("ln_cores = 1.0", "ln_cores = \"one\""),
    ("{ ln_estimate = 2, ln_cores = 1.0 }", "[2, 1]"),
];

#[test]
fn trainings_are_valid_or_broken_as_their_reader_has_them() {
    let validator = validator(&schema::training());
    let folder = tempfile::tempdir().expect("a folder");
    let read = |text: &str| {
        let path = folder.path().join("x.toml");
        std::fs::write(&path, text).expect("written");
        runner::train::Training::read(&path, None).map(|_| ())
    };
    let of_file = VALID_TRAINING.replace("{ ln_estimate = 2, ln_cores = 1.0 }", "\"order.toml\"");
    for valid in [VALID_TRAINING, &of_file] {
        validator.validate(&as_json(valid)).expect("valid");
    }
    read(VALID_TRAINING).expect("the reader takes it too");
    for (found, wrong) in BROKEN_TRAINING {
        assert_eq!(VALID_TRAINING.matches(found).count(), 1, "`{found}` stands there once");
        let text = VALID_TRAINING.replace(found, wrong);
        assert!(!validator.is_valid(&as_json(&text)), "`{wrong}` is valid");
        assert!(read(&text).is_err(), "`{wrong}` is not refused by the reader");
    }
}

#[test]
fn what_is_broken_is_not_valid() {
    let validator = validator(&schema::experiment());
    for (found, wrong) in BROKEN {
        assert_eq!(VALID.matches(found).count(), 1, "`{found}` stands there once");
        let text = VALID.replace(found, wrong);
        assert!(!validator.is_valid(&as_json(&text)), "`{wrong}` is valid");
        assert!(runner::Config::parse("x.toml", &text).is_err(), "`{wrong}` is not refused by the reader");
    }
}

#[test]
fn every_name_is_there_with_a_description() {
    let schema = schema::experiment().to_string();
    for (name, help) in traces::import::names().into_iter().chain(traces::generate::names()) {
        assert!(schema.contains(&format!("\"const\":\"{name}\"")) && schema.contains(help), "{name}");
    }
    for (family, name, help) in policies::catalogue() {
        assert!(schema.contains(&format!("\"{name}\"")), "{family} {name}");
        assert!(["backfilling", "evict"].contains(&family) || schema.contains(help), "{family} {name}");
    }
    for info in sim::metrics::MetricSet::INFOS {
        assert!(schema.contains(info.help), "{}", info.name);
    }
}
