//! A folder of results is written, killed, resumed, damaged and read back.

#![allow(clippy::unwrap_used)] // a panic is how a test speaks

use results::{
    Better, ByTenant, DominantShare, EnergyShare, ExperimentManifest, MetricValue, Payer, PlannedRun,
    Results, ResultsError, RunRecord, Savings, SeriesPoint, Store, Timing, read_timings,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

const TIMING: Timing = Timing {
    wall_seconds: 0.25,
    decisions_per_second: 1e6,
    events_per_second: 2.5e6,
    prepare_seconds: Some(0.5),
    peak_memory_bytes: Some(1 << 20),
};

/// A folder of its own for one test, gone when the test ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("results-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir(&path).unwrap();
        Scratch(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Two scenarios x two schedulers x two seeds.
fn manifest() -> ExperimentManifest {
    let mut runs = Vec::new();
    for (scenario, digit) in [("small", 'a'), ("large", 'b')] {
        for (scheduler, other) in [("first_fit", '1'), ("best_fit", '2')] {
            for seed in [7, u64::MAX] {
                let id = format!("{digit}{other}{:x}", seed % 16);
                runs.push(PlannedRun { id, scenario: scenario.into(), scheduler: scheduler.into(), seed });
            }
        }
    }
    ExperimentManifest {
        experiment: "packing".into(),
        version: "0.1.0".into(),
        config_digest: "00ff".into(),
        runs,
        command: "rackwright run packing.toml".into(),
        savings: None,
        claim: None,
    }
}

fn record(run: &PlannedRun) -> RunRecord {
    let wait = 0.1 + f64::from(u32::from(run.id.as_bytes()[2])) / 3.0;
    let metric = |value, unit: &str, better| MetricValue { value, unit: unit.into(), better };
    RunRecord {
        id: run.id.clone(),
        experiment: "packing".into(),
        scenario: run.scenario.clone(),
        scheduler: run.scheduler.clone(),
        seed: run.seed,
        version: "0.1.0".into(),
        config: serde_json::json!({"hosts": 3, "load": 0.1, "scheduler": run.scheduler}),
        digest: format!("d{}", run.id),
        events: 12,
        decisions: 5,
        metrics: BTreeMap::from([
            ("wait_mean".to_owned(), metric(wait, "s", Better::Lower)),
            ("cpu_utilisation".to_owned(), metric(1.0 / 3.0, "%", Better::Higher)),
            ("makespan".to_owned(), metric(-0.0, "s", Better::Neither)),
        ]),
        by_tenant: (run.seed == 1).then(|| ByTenant {
            energy: [Payer::Tenant(7), Payer::Idle, Payer::Boot]
                .map(|payer| EnergyShare {
                    payer,
                    it_kwh: 0.1 + 0.2,
                    facility_kwh: 1.0 / 3.0,
                    carbon_kilograms: (payer != Payer::Boot).then_some(0.7),
                })
                .to_vec(),
            dominant_shares: vec![DominantShare { tenant: 7, resource: "cpu".into(), share: 2.0 / 3.0 }],
        }),
    }
}

fn series(run: &PlannedRun) -> Vec<SeriesPoint> {
    let count = if run.scheduler == "best_fit" && run.scenario == "large" { 0 } else { 5 };
    (0..count)
        .map(|step| SeriesPoint {
            time_seconds: f64::from(step) * 0.1,
            cpu_allocation: f64::from(step) / 7.0,
            memory_allocation: 1.0,
            device_allocation: 0.0,
            tasks_waiting: step,
            tasks_running: u32::MAX - step,
            it_power_watts: 1e5 / 3.0,
            facility_power_watts: 1.2e5 / 3.0,
            // Of some runs nobody says it, of others always, or for a while.
            outside_celsius: (run.scenario == "large").then_some(f64::from(step) / 3.0 - 1.0),
            carbon_grams_per_kwh: (step > 1).then_some(400.0),
            price_per_mwh: None,
        })
        .collect()
}

fn put(store: &Store, run: &PlannedRun) {
    store.record(&record(run), &series(run), &TIMING).unwrap();
}

/// Every file but the timings, by its path inside the folder.
fn bytes(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if !path.ends_with("timings.jsonl") {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// The whole experiment in one go, in plan order, on one thread.
fn in_one_go(folder: &Path) -> Results {
    let plan = manifest();
    let store = Store::create_or_open(folder, &plan).unwrap();
    plan.runs.iter().for_each(|run| put(&store, run));
    store.finish().unwrap()
}

#[test]
fn what_was_written_is_read_back_to_the_bit() {
    let folder = Scratch::new();
    let finished = in_one_go(folder.path());
    let loaded = Results::load(folder.path()).unwrap();
    assert_eq!(loaded, finished);
    assert!(loaded.is_complete() && loaded.finished_count() == 8);
    assert_eq!(loaded.manifest, manifest());
    for (run, planned) in loaded.runs.iter().zip(&manifest().runs) {
        assert_eq!(run.record, record(planned));
        assert_eq!(run.series, series(planned));
        assert!(run.record.metrics["makespan"].value.is_sign_negative(), "even the sign of zero");
    }
    let timings = read_timings(folder.path()).unwrap();
    assert_eq!(timings.len(), 8);
    assert!(timings.values().all(|timing| *timing == TIMING));
    let names: Vec<String> =
        bytes(folder.path()).into_keys().filter(|name| !name.starts_with("runs")).collect();
    assert_eq!(names, ["experiment.json", "metrics.parquet", "series.parquet", "summary.json"]);
}

#[test]
fn the_summary_says_everything_in_plan_order() {
    let folder = Scratch::new();
    in_one_go(folder.path());
    let text = fs::read_to_string(folder.path().join("summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(summary["experiment"], "packing");
    let runs = summary["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 8);
    assert_eq!(runs[3]["scenario"], "small");
    assert_eq!(runs[3]["scheduler"], "best_fit");
    assert_eq!(runs[3]["seed"], u64::MAX);
    assert_eq!(runs[3]["digest"], "da2f");
    let metric = &runs[3]["metrics"]["cpu_utilisation"];
    assert_eq!(metric, &serde_json::json!({"value": 1.0 / 3.0, "unit": "%", "better": "higher"}));
    assert!(text.contains("\n  \"runs\": ["), "it is printed for people");
}

#[test]
fn neither_order_nor_threads_change_a_byte() {
    let (straight, threaded) = (Scratch::new(), Scratch::new());
    in_one_go(straight.path());
    let plan = manifest();
    let store = Store::create_or_open(threaded.path(), &plan).unwrap();
    std::thread::scope(|scope| {
        for part in plan.runs.rchunks(3) {
            let store = &store;
            scope.spawn(move || part.iter().rev().for_each(|run| put(store, run)));
        }
    });
    store.finish().unwrap();
    assert_eq!(bytes(straight.path()), bytes(threaded.path()));
}

#[test]
fn killed_and_resumed_leaves_the_same_bytes_as_in_one_go() {
    let (straight, killed) = (Scratch::new(), Scratch::new());
    in_one_go(straight.path());
    let plan = manifest();
    let folder = killed.path();
    for count in 0..plan.runs.len() {
        let store = Store::create_or_open(folder, &plan).unwrap();
        assert_eq!(store.finished().len(), count);
        assert!(!store.finished().contains(&plan.runs[count].id));
        let refused = store.finish().unwrap_err().to_string();
        assert!(refused.contains(&format!("{count} of 8 runs")), "{refused}");
        let so_far = Results::load(folder).unwrap();
        assert_eq!((so_far.finished_count(), so_far.is_complete()), (count, false));
        put(&store, &plan.runs[count]);
        drop(store);
        // What a process that dies while it writes leaves behind.
        fs::write(folder.join(format!("runs/.rackwright-{}.json.tmp", plan.runs[7].id)), b"{\"id").unwrap();
        fs::write(folder.join(format!("series/.rackwright-{}.parquet.tmp", plan.runs[7].id)), b"PAR")
            .unwrap();
        fs::write(folder.join(".rackwright-summary.json.tmp"), b"{").unwrap();
        let mut timings = fs::read(folder.join("timings.jsonl")).unwrap();
        timings.extend_from_slice(b"{\"id\":\"half");
        fs::write(folder.join("timings.jsonl"), timings).unwrap();
    }
    Store::create_or_open(folder, &plan).unwrap().finish().unwrap();
    assert_eq!(bytes(straight.path()), bytes(folder));
    assert_eq!(read_timings(folder).unwrap().len(), 8);
    // And once more: a finished experiment is only read.
    let store = Store::create_or_open(folder, &plan).unwrap();
    assert_eq!(store.finished().len(), 8);
    store.finish().unwrap();
    assert_eq!(bytes(straight.path()), bytes(folder));
}

#[test]
fn a_series_without_its_record_runs_again() {
    let (straight, killed) = (Scratch::new(), Scratch::new());
    in_one_go(straight.path());
    let plan = manifest();
    let store = Store::create_or_open(killed.path(), &plan).unwrap();
    plan.runs.iter().for_each(|run| put(&store, run));
    fs::remove_file(killed.path().join(format!("runs/{}.json", plan.runs[2].id))).unwrap();
    let store = Store::create_or_open(killed.path(), &plan).unwrap();
    assert_eq!(store.finished().len(), 7);
    put(&store, &plan.runs[2]);
    store.finish().unwrap();
    assert_eq!(bytes(straight.path()), bytes(killed.path()));
}

#[test]
fn a_killed_finish_is_finished_again() {
    let (straight, killed) = (Scratch::new(), Scratch::new());
    in_one_go(straight.path());
    let plan = manifest();
    let store = Store::create_or_open(killed.path(), &plan).unwrap();
    plan.runs.iter().for_each(|run| put(&store, run));
    fs::write(
        killed.path().join("metrics.parquet"),
        fs::read(straight.path().join("metrics.parquet")).unwrap(),
    )
    .unwrap();
    Store::create_or_open(killed.path(), &plan).unwrap().finish().unwrap();
    assert_eq!(bytes(straight.path()), bytes(killed.path()));
}

#[test]
fn a_foreign_folder_is_refused_and_not_touched() {
    let folder = Scratch::new();
    fs::write(folder.path().join("thesis.txt"), "precious").unwrap();
    for opened in
        [Store::create_or_open(folder.path(), &manifest()), Store::replace(folder.path(), &manifest())]
    {
        let error = opened.unwrap_err();
        assert!(matches!(error, ResultsError::ForeignFolder { .. }));
        assert!(error.to_string().contains("--out"), "{error}");
    }
    assert_eq!(bytes(folder.path()).len(), 1);
    assert!(matches!(Results::load(folder.path()), Err(ResultsError::NoExperiment { .. })));
}

#[test]
fn another_experiment_is_refused_until_it_is_replaced() {
    let folder = Scratch::new();
    in_one_go(folder.path());
    let before = bytes(folder.path());
    let mut renamed = manifest();
    renamed.experiment = "cooling".into();
    let error = Store::create_or_open(folder.path(), &renamed).unwrap_err();
    assert!(matches!(error, ResultsError::OtherExperiment { .. }));
    assert!(error.to_string().contains("--force"), "{error}");
    let mut changed = manifest();
    changed.runs[0].id = "ffff".into();
    let error = Store::create_or_open(folder.path(), &changed).unwrap_err();
    assert!(matches!(error, ResultsError::OtherPlan { unknown: 1, planned: 8, wanted: 8, .. }), "{error}");
    assert_eq!(bytes(folder.path()), before);

    fs::write(folder.path().join("notes.txt"), "keep").unwrap();
    fs::write(folder.path().join(results::REPORT_FILE), "old").unwrap();
    let store = Store::replace(folder.path(), &changed).unwrap();
    assert!(store.finished().is_empty());
    assert_eq!(bytes(folder.path()).into_keys().collect::<Vec<_>>(), ["experiment.json", "notes.txt"]);
    assert_eq!(Results::load(folder.path()).unwrap().manifest, changed);
}

#[test]
fn damaged_files_are_refused_by_name() {
    let damages: [(&str, &[u8]); 5] = [
        ("experiment.json", b"{\"schema_version\": 1, \"experiment\": 3}"),
        ("experiment.json", b"{}"),
        ("runs/a17.json", b"{\"id\": \"a17\""),
        ("runs/a17.json", b""),
        ("series.parquet", b"PAR1 not a table"),
    ];
    for (name, damage) in damages {
        let folder = Scratch::new();
        in_one_go(folder.path());
        fs::write(folder.path().join(name), damage).unwrap();
        let error = Results::load(folder.path()).unwrap_err();
        assert!(matches!(error, ResultsError::Corrupt { .. }), "{error}");
        assert!(error.to_string().contains(name), "{error}");
        if name != "series.parquet" {
            let error = Store::create_or_open(folder.path(), &manifest()).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}

#[test]
fn records_that_do_not_fit_the_plan_are_refused_by_name() {
    let folder = Scratch::new();
    in_one_go(folder.path());
    let record = folder.path().join("runs/a17.json");
    let whole = fs::read_to_string(&record).unwrap();
    fs::write(&record, whole.replace("\"seed\": 7", "\"seed\": 8")).unwrap();
    let error = Results::load(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("a17.json") && error.contains("its seed is `8`, and the plan says `7`"),
        "{error}"
    );
    fs::remove_file(&record).unwrap();
    let error = Results::load(folder.path()).unwrap_err().to_string();
    assert!(error.contains("a17.json") && error.contains("missing"), "{error}");
    fs::write(&record, whole).unwrap();
    fs::write(folder.path().join("runs/beef.json"), "{}").unwrap();
    let error = Results::load(folder.path()).unwrap_err().to_string();
    assert!(error.contains("beef.json"), "{error}");
}

#[test]
fn a_later_schema_is_named() {
    let folder = Scratch::new();
    in_one_go(folder.path());
    let path = folder.path().join("experiment.json");
    let text = fs::read_to_string(&path).unwrap().replace("\"schema_version\": 1", "\"schema_version\": 2");
    fs::write(&path, text).unwrap();
    let error = Results::load(folder.path()).unwrap_err();
    assert!(matches!(error, ResultsError::SchemaVersion { found: 2, supported: 1, .. }), "{error}");
}

#[test]
fn numbers_that_are_none_are_refused() {
    let folder = Scratch::new();
    let plan = manifest();
    let store = Store::create_or_open(folder.path(), &plan).unwrap();
    let run = &plan.runs[0];
    let refusal = |record: &RunRecord, series: &[SeriesPoint], timing: &Timing| {
        store.record(record, series, timing).unwrap_err().to_string()
    };
    let mut wrong = record(run);
    wrong.metrics.get_mut("wait_mean").unwrap().value = f64::NAN;
    let said = refusal(&wrong, &[], &TIMING);
    assert!(said.contains("`wait_mean` is NaN"), "{said}");
    let mut points = series(run);
    points[2].it_power_watts = f64::INFINITY;
    let said = refusal(&record(run), &points, &TIMING);
    assert!(said.contains("it_power_watts of point 2") && said.contains("inf"), "{said}");
    let mut points = series(run);
    points[4].time_seconds = 0.2;
    assert!(refusal(&record(run), &points, &TIMING).contains("before the point"));
    let said = refusal(&record(run), &series(run), &Timing { events_per_second: f64::NAN, ..TIMING });
    assert!(said.contains("events_per_second"), "{said}");
    assert!(store.finished().is_empty());
    assert!(Results::load(folder.path()).unwrap().runs.is_empty(), "nothing of it reached the disk");
}

#[test]
fn a_run_is_recorded_once_and_only_if_planned() {
    let folder = Scratch::new();
    let plan = manifest();
    let store = Store::create_or_open(folder.path(), &plan).unwrap();
    put(&store, &plan.runs[0]);
    let again = store.record(&record(&plan.runs[0]), &[], &TIMING).unwrap_err().to_string();
    assert!(again.contains("never overwritten"), "{again}");
    let mut stranger = record(&plan.runs[1]);
    stranger.id = "0123".into();
    let unplanned = store.record(&stranger, &[], &TIMING).unwrap_err().to_string();
    assert!(unplanned.contains("`0123`") && unplanned.contains("no run of this id"), "{unplanned}");
    let mut other = record(&plan.runs[1]);
    other.scheduler = "worst_fit".into();
    let mismatch = store.record(&other, &[], &TIMING).unwrap_err().to_string();
    assert!(mismatch.contains("its scheduler is `worst_fit`"), "{mismatch}");
}

#[test]
fn plans_that_cannot_be_kept_apart_are_refused() {
    let folder = Scratch::new();
    let refusal = |change: fn(&mut ExperimentManifest)| {
        let mut plan = manifest();
        change(&mut plan);
        Store::create_or_open(folder.path(), &plan).unwrap_err().to_string()
    };
    assert!(refusal(|plan| plan.runs[0].id = "../up".into()).contains("`../up`"));
    assert!(refusal(|plan| plan.runs[0].id = String::new()).contains("hexadecimal"));
    assert!(refusal(|plan| plan.runs[0].id = plan.runs[1].id.clone()).contains("stands there twice"));
    assert!(refusal(|plan| plan.runs[0].seed = u64::MAX).contains("stands there twice"));
}

#[test]
fn an_experiment_without_runs_is_finished_at_once() {
    let folder = Scratch::new();
    let plan = ExperimentManifest { runs: Vec::new(), ..manifest() };
    let results = Store::create_or_open(folder.path(), &plan).unwrap().finish().unwrap();
    assert!(results.is_complete() && results.runs.is_empty());
    assert_eq!(Results::load(folder.path()).unwrap(), results);
}

#[test]
fn a_claim_is_read_back() {
    let folder = Scratch::new();
    let claim = results::Claim {
        says: "nobody waits".into(),
        metric: "wait_mean".into(),
        bound: results::Bound::AtMost(0.1),
        limits: None,
    };
    let plan = ExperimentManifest { claim: Some(claim), ..manifest() };
    Store::create_or_open(folder.path(), &plan).unwrap();
    assert_eq!(Results::load(folder.path()).unwrap().manifest, plan);
}

/// Of the wait of first_fit on average: each run's own saving, and none before the last run has ended.
#[test]
fn savings_compare_with_the_mean_of_the_baseline() {
    let folder = Scratch::new();
    let metrics = BTreeMap::from([("saved".to_owned(), "wait_mean".to_owned())]);
    let plan =
        ExperimentManifest { savings: Some(Savings { baseline: "first_fit".into(), metrics }), ..manifest() };
    let store = Store::create_or_open(folder.path(), &plan).unwrap();
    for run in &plan.runs {
        assert!(
            Results::load(folder.path())
                .unwrap()
                .runs
                .iter()
                .all(|run| !run.record.metrics.contains_key("saved"))
        );
        store.record(&record(run), &[], &TIMING).unwrap();
    }
    let results = store.finish().unwrap();
    let wait = |index: usize| results.runs[index].record.metrics["wait_mean"].value;
    let mean = (wait(0) + wait(1)) / 2.0;
    for index in 0..4 {
        let saved = &results.runs[index].record.metrics["saved"];
        assert_eq!(saved.value, 100.0 * (mean - wait(index)) / mean);
        assert_eq!((saved.unit.as_str(), saved.better), ("%", Better::Higher));
    }
    assert_eq!(Results::load(folder.path()).unwrap(), results, "what was finished is read back the same");
}
