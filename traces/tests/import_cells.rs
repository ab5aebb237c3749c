//! What the importers of clusters told by events and tables make of the fixtures, field by field.

use std::path::{Path, PathBuf};

use sim::kernel::ids::TaskId;
use sim::workload::Workload;
use traces::import::{self, ImportSummary};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn imported(importer: &str, file: &str, options: &str) -> (Workload, ImportSummary) {
    let options = toml::from_str(options).expect("TOML");
    import::import(importer, &fixture(file), options).unwrap_or_else(|error| panic!("{error}"))
}

/// What is told when this text is imported.
fn refusal(importer: &str, file: &str, text: &str) -> String {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let path = scratch.path().join(file);
    std::fs::write(&path, text).expect("written");
    let result = import::import(importer, &path, toml::Table::new());
    result.map(|(_, summary)| summary).expect_err("refused").to_string()
}

fn bad_option(importer: &str, file: &str, options: &str) -> String {
    let options = toml::from_str(options).expect("TOML");
    import::import(importer, &fixture(file), options).map(|_| ()).expect_err("refused").to_string()
}

/// A task as one line: name, seconds of submission and recorded start on the source's clock, seconds of work, cores,
/// MiB, priority, tenant, host, and `...` when it outlasted the trace.
fn lines(workload: &Workload) -> Vec<String> {
    let origin = workload.origin().seconds();
    let line = |task: TaskId| {
        let demand = workload.demand(task);
        let start = workload
            .recorded_start(task)
            .map_or("-".to_owned(), |start| (start.seconds() + origin).to_string());
        format!(
            "{} {} {start} {} | {} {} | {} {} | {}{}",
            workload.name(task).unwrap_or_default(),
            workload.submit(task).seconds() + origin,
            workload.work(task).seconds(),
            f64::from(demand.cpu_milli) / 1000.0,
            demand.memory_mib,
            demand.priority,
            workload.tenant(workload.job(task)).0,
            workload.recorded_host(task).unwrap_or("-"),
            if workload.is_censored(task) { " ..." } else { "" },
        )
    };
    workload.tasks().map(line).collect()
}

fn dropped(summary: &ImportSummary) -> Vec<(&str, u64)> {
    summary.rows_dropped.iter().map(|(&reason, &rows)| (reason, rows)).collect()
}

#[test]
fn google_2019_instances_become_tasks() {
    let (workload, summary) = imported("google_2019", "google_2019_shards", "");
    assert_eq!(
        lines(&workload),
        [
            "380000000001-3 600 720 30 | 0.671 782 | 1 1 | 78",
            "500-0 600 600 200 | 16 131072 | 3 0 | 9007199254740993 ...",
            "700-0 605 606 194 | 8 32768 | 4 0 | - ...",
        ]
    );
    assert_eq!((summary.rows_read, summary.rows_kept), (23, 13));
    assert_eq!(
        dropped(&summary),
        [
            ("after_the_trace", 1),
            ("collection_state", 1),
            ("end_without_beginning", 1),
            ("inside_alloc", 3),
            ("never_started", 2),
            ("queue_or_enable", 1),
            ("update", 1),
        ]
    );
    let facts: Vec<_> = summary.facts.iter().map(|(&fact, &number)| (fact, number)).collect();
    assert_eq!(facts, [("attempts_interrupted", 1), ("files_not_read", 1), ("present_at_start", 1)]);

    let (workload, summary) = imported(
        "google_2019",
        "google_2019_shards",
        "allocs = \"instances\"\nattempts = \"each\"\nmachine_cores = 32",
    );
    assert_eq!(
        lines(&workload),
        [
            "380000000001-3 600 700 10 | 0.335 782 | 1 1 | 77",
            "500-0 600 600 200 | 8 131072 | 3 0 | 9007199254740993 ...",
            "800-0 607 608 192 | 2 16384 | 0 2 | 79",
            "380000000001-3 710 720 30 | 0.335 782 | 1 1 | 78",
        ]
    );
    assert_eq!(summary.rows_dropped["alloc_reservation"], 2);
}

#[test]
fn google_2019_flattened_tables_are_read() {
    let (workload, summary) = imported("google_2019", "google_2019_flat.csv", "");
    assert_eq!(lines(&workload), ["11-0 600 601 3.5 | 8 65536 | 2 0 | 5", "12-1 602 603 2 | 2 0 | 0 1 | 5"]);
    assert_eq!((summary.rows_read, summary.rows_kept), (6, 6));
    let (workload, _) = imported("google_2019", "google_2019_one.json", "");
    assert_eq!(lines(&workload), ["1-0 600 600.000001 0 | 32 131072 | 4 0 | 4 ..."]);
}

#[test]
fn google_2019_refuses_what_is_no_event() {
    let told = |row: &str| refusal("google_2019", "events.json", row);
    let event = r#"{"time":"1","type":"11","collection_id":"1","instance_index":"0"}"#;
    assert!(told(event).contains("line 1, column type: \"11\" stands there"), "{}", told(event));
    let early = r#"{"time":"-1","type":"0","collection_id":"1","instance_index":"0"}"#;
    assert!(told(early).contains("column time: \"-1\""), "{}", told(early));
    let usage = r#"{"start_time":"1","collection_id":"1","instance_index":"0"}"#;
    assert!(told(usage).contains("missing field `time`"), "{}", told(usage));
    let huge =
        r#"{"time":"1","type":"0","collection_id":"1","instance_index":"0","resource_request":{"cpus":1e9}}"#;
    assert!(told(huge).contains("column resource_request"), "{}", told(huge));
    let told = bad_option("google_2019", "google_2019_one.json", "machine_cores = 0");
    assert!(told.contains("machine_cores") && told.contains("above 0"), "{told}");
}

#[test]
fn tasks_of_2011_have_events_of_their_own_numbers() {
    let (workload, summary) = imported("google_2011", "google_2011_sample.csv", "");
    let reasons = [("after_the_trace", 1), ("end_without_beginning", 1), ("never_started", 2), ("update", 1)];
    assert_eq!(summary.rows_dropped.into_iter().collect::<Vec<_>>(), reasons);
    let facts = [("attempts_interrupted", 1), ("different_machines_asked", 6), ("present_at_start", 1)];
    assert_eq!(summary.facts.into_iter().collect::<Vec<_>>(), facts);
    let told = |index| {
        let task = TaskId(index);
        let start = workload.recorded_start(task).map(|start| start.seconds());
        let work = workload.work(task).seconds();
        (workload.name(task), workload.submit(task).seconds(), start, workload.recorded_host(task), work)
    };
    assert_eq!(told(0), (Some("71-0"), 0.0, Some(20.0), Some("13"), 30.0), "its last attempt");
    assert_eq!(
        told(1),
        (Some("70-0"), 0.0, Some(0.0), Some("11"), 80.0),
        "until the last moment of the trace"
    );
    assert!(workload.is_censored(TaskId(1)) && !workload.is_censored(TaskId(0)));
    let demand = workload.demand(TaskId(0));
    assert_eq!((demand.cpu_milli, demand.memory_mib, demand.priority), (8000, 8192, 2));
    assert_eq!(workload.origin().seconds(), 600.0);
    let (parts, summary) = imported("google_2011", "google_2011_parts", "");
    assert_eq!((parts.task_count(), summary.facts["files_not_read"]), (2, 1));
    assert_eq!(parts.work(TaskId(1)).seconds(), 44.0, "an update does not end it");
}
