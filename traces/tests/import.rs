//! What the importers make of the fixtures, field by field.

use std::path::{Path, PathBuf};

use sim::kernel::ids::{JobId, TaskId};
use sim::kernel::time::{SimDuration, SimTime};
use sim::workload::Workload;
use traces::import::{self, ImportSummary};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn swf(options: &str) -> (Workload, ImportSummary) {
    import::import("swf", &fixture("swf_quirks.swf"), toml::from_str(options).expect("TOML"))
        .expect("imports")
}

fn names(workload: &Workload) -> Vec<&str> {
    workload.tasks().map(|task| workload.name(task).expect("a name")).collect()
}

fn seconds(value: f64) -> SimDuration {
    SimDuration::from_seconds(value).expect("a time")
}

#[test]
fn swf_rows_become_tasks() {
    let (workload, summary) = swf("");
    assert_eq!(names(&workload), ["7001", "7002", "7003", "7005", "7009"]);
    assert_eq!((summary.rows_read, summary.rows_kept), (9, 5));
    let dropped: Vec<_> = summary.rows_dropped.into_iter().collect();
    let reasons = ["cancelled_before_start", "no_processors", "partial_execution", "unknown_run_time"];
    assert_eq!(dropped, reasons.map(|reason| (reason, 1)));
    assert_eq!(summary.facts["max_nodes"], 16);
    assert_eq!(summary.facts["unix_start_time"], 1_000_000_000);

    assert_eq!(workload.origin().seconds(), 500_000.0);
    assert_eq!(workload.submit(TaskId(2)), SimTime(60_500_000));
    let cpus: Vec<u32> = workload.tasks().map(|task| workload.demand(task).cpu_milli).collect();
    assert_eq!(cpus, [16_000, 2000, 4000, 1000, 3000], "requested, else allocated");
    let memory: Vec<u32> = workload.tasks().map(|task| workload.demand(task).memory_mib).collect();
    // 16 x 4096 KB requested; nothing known; 4 x 2048 KB used; nothing known; 3 x 1500 KB rounded up.
    assert_eq!(memory, [64, 0, 8, 0, 5]);
    let tenants: Vec<u32> = workload.jobs().map(|job| workload.tenant(job).0).collect();
    assert_eq!(tenants, [0, 0, 1, 2, 2], "-1 is a tenant of its own");
    assert_eq!(workload.work(TaskId(1)), seconds(100.5));
    assert_eq!(workload.estimate(TaskId(1)), Some(seconds(60.0)), "a run above the requested time is kept");
    assert_eq!(workload.estimate(TaskId(2)), None);
}

#[test]
fn swf_options_choose_among_what_logs_state() {
    let (workload, _) = swf("processors = \"allocated\"\nestimate = \"run_time_when_missing\"");
    assert_eq!(workload.demand(TaskId(0)).cpu_milli, 8000);
    assert_eq!(workload.estimate(TaskId(2)), Some(seconds(120.0)));
    let (workload, _) = swf("processors = \"larger\"");
    assert_eq!(workload.demand(TaskId(0)).cpu_milli, 16_000);
    let (workload, summary) = swf("zero_run_time = \"drop\"");
    assert_eq!(names(&workload), ["7001", "7002", "7003", "7009"]);
    assert_eq!(summary.rows_dropped["zero_run_time"], 1);
    let (workload, _) = swf("unknown_run_time = 10");
    assert_eq!(names(&workload), ["7001", "7002", "7003", "7005", "7007", "7009"]);
    assert_eq!(workload.work(TaskId(4)), seconds(10.0));
}

#[test]
fn swf_column_names_without_a_semicolon_are_no_row() {
    let (workload, summary) =
        import::import("swf", &fixture("swf_plain_header.swf"), toml::Table::new()).expect("imports");
    assert_eq!((summary.rows_read, summary.tasks, summary.span_seconds), (3, 3, 5.0));
    assert_eq!(workload.demand(TaskId(1)).memory_mib, 20);
}

#[test]
fn openb_pods_become_tasks() {
    let (workload, summary) =
        import::import("openb", &fixture("openb_pods.csv"), toml::Table::new()).expect("imports");
    assert_eq!(names(&workload), ["pod-a", "pod-b", "pod-c", "pod-d", "pod-e", "pod-f"]);
    assert_eq!(summary.rows_dropped.values().sum::<u64>(), 3);
    assert_eq!(workload.origin().seconds(), 1000.0);
    let work: Vec<f64> = workload.tasks().map(|task| workload.work(task).seconds()).collect();
    assert_eq!(work, [490.0, 88_940.0, 600.0, 94.0, 0.0, 88_600.0]);
    let patience: Vec<_> = workload.tasks().map(|task| workload.patience(task)).collect();
    assert_eq!(patience, [None, None, None, Some(seconds(94.0)), None, None]);
    let censored: Vec<bool> = workload.tasks().map(|task| workload.is_censored(task)).collect();
    assert_eq!(censored, [false, true, false, false, false, false], "the last one succeeded");
    let priorities: Vec<u8> = workload.tasks().map(|task| workload.demand(task).priority).collect();
    assert_eq!(priorities, [0, 3, 2, 1, 0, 3]);
    let first = workload.demand(TaskId(0)).devices.clone().expect("a GPU");
    assert_eq!(
        (first.count, first.milli_each, first.kinds),
        (1, 1000, vec!["V100M16".into(), "V100M32".into()])
    );
    assert!(workload.demand(TaskId(2)).devices.is_none());
    assert_eq!(workload.tasks_without_estimate(), 6);
}

#[test]
fn openb_lists_without_times_fill_a_cluster() {
    let (workload, summary) =
        import::import("openb", &fixture("openb_filling.csv"), toml::Table::new()).expect("imports");
    assert_eq!(names(&workload), ["pod-1", "pod-0", "pod-2"]);
    assert_eq!(workload.job_submit(JobId(2)), SimTime(2_000_000));
    assert!(
        workload.tasks().all(|task| workload.is_censored(task) && workload.work(task) == SimDuration::ZERO)
    );
    assert_eq!(summary.tasks_censored, 3);
}

#[test]
fn openb_nodes_are_read_in_order() {
    let nodes = import::read_nodes(&fixture("nodes_openb.csv")).expect("nodes");
    assert_eq!(nodes.len(), 3);
    assert_eq!((nodes[0].gpu_count, nodes[0].gpu_model.as_deref()), (0, None));
    assert_eq!(
        (nodes[1].gpu_count, nodes[1].gpu_model.as_deref(), nodes[1].cpu_milli),
        (8, Some("G2"), 96_000)
    );
}
