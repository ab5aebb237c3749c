//! What the importers of learning clusters, workflows and mapped tables make of their fixtures, field by field.

use std::path::{Path, PathBuf};

use sim::kernel::ids::{JobId, TaskId};
use sim::kernel::time::{SimDuration, SimTime};
use sim::workload::Workload;
use traces::import::{self, ImportSummary};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn read(name: &str, file: &str, options: &str) -> (Workload, ImportSummary) {
    import::import(name, &fixture(file), toml::from_str(options).expect("TOML"))
        .unwrap_or_else(|error| panic!("{error}"))
}

fn refusal(name: &str, file: &str, options: &str) -> String {
    let read = import::import(name, &fixture(file), toml::from_str(options).expect("TOML"));
    read.map(|(_, summary)| summary).expect_err("refused").to_string()
}

fn dropped(summary: &ImportSummary) -> Vec<(&str, u64)> {
    summary.rows_dropped.iter().map(|(&reason, &count)| (reason, count)).collect()
}

fn gpus(workload: &Workload) -> Vec<u8> {
    workload.tasks().map(|task| workload.demand(task).devices.as_ref().map_or(0, |gpus| gpus.count)).collect()
}

fn seconds(workload: &Workload) -> Vec<f64> {
    workload.tasks().map(|task| workload.work(task).seconds()).collect()
}

fn submits(workload: &Workload) -> Vec<f64> {
    workload.tasks().map(|task| workload.submit(task).seconds()).collect()
}

#[test]
fn elasticflow_jobs_begin_when_they_are_submitted() {
    let (workload, summary) = read("elasticflow", "elasticflow.csv", "");
    assert_eq!(dropped(&summary), [("no_gpus", 1)]);
    assert_eq!(gpus(&workload), [1, 4, 8, 8, 4], "a job of 20 is a gang");
    assert!(workload.is_gang(JobId(2)) && !workload.is_gang(JobId(1)));
    assert_eq!(workload.origin().seconds(), 16_500.0);
    assert!(workload.tasks().all(|task| workload.recorded_start(task) == Some(workload.submit(task))));
    assert_eq!(summary.device_hours, (7200.5 + 4.0 * 3890.0 + 20.0 * 1200.0) / 3600.0);
    let (workload, _) = read("elasticflow", "elasticflow.csv", "gpus_per_host = 16");
    assert_eq!(gpus(&workload), [1, 4, 16, 4]);
    assert!(refusal("elasticflow", "elasticflow.csv", "gpus_per_host = 0").contains("from 1 to 16"));
}

#[test]
fn philly_jobs_are_gangs_of_the_hosts_of_their_largest_attempt() {
    let (workload, summary) = read("philly", "philly_jobs.json", "");
    let reasons =
        ["ends_before_start", "no_attempts", "no_gpus", "starts_before_submission", "unknown_times"];
    assert_eq!(dropped(&summary), reasons.map(|reason| (reason, 1)));
    assert_eq!((gpus(&workload), seconds(&workload)), (vec![2, 1], vec![3660.0, 3660.0]));
    assert_eq!(workload.recorded_start(TaskId(0)), Some(SimTime(8_000_000)));
    assert_eq!([0, 1].map(|task| workload.recorded_host(TaskId(task))), [Some("m2"), Some("m3")]);
    assert!(workload.is_gang(JobId(0)));

    let (workload, summary) = read("philly_csv", "philly_csv.csv", "");
    assert_eq!(dropped(&summary), [("no_gpus", 1)]);
    assert_eq!((gpus(&workload), seconds(&workload)), (vec![8, 8, 1], vec![2951.5, 2951.5, 66.0]));
    // 06:13:03 in summer is 13:13:03 in Greenwich.
    assert_eq!(workload.origin().seconds(), 1_507_554_783.0);
    let (workload, _) = read("philly_csv", "philly_csv.csv", "time_zone = 'UTC'");
    assert_eq!(workload.origin().seconds(), 1_507_554_783.0 - 7.0 * 3600.0);
    assert!(refusal("philly_csv", "philly_csv.csv", "time_zone = 'Mars'").contains("\"Mars\""));
}

#[test]
fn helios_and_acme_jobs_share_their_cores_out_over_their_nodes() {
    let (workload, summary) = read("helios", "helios_cluster_log.csv", "");
    let reasons =
        ["ends_before_start", "never_started", "not_ended", "nothing_requested", "starts_before_submission"];
    assert_eq!(dropped(&summary), reasons.map(|reason| (reason, 1)));
    assert_eq!(gpus(&workload), [0, 8, 8]);
    let cores: Vec<u32> = workload.tasks().map(|task| workload.demand(task).cpu_milli).collect();
    assert_eq!(cores, [8000, 16_500, 16_500]);
    assert_eq!(workload.recorded_start(TaskId(1)), Some(SimTime(65_000_000)));
    // Midnight in China is 16:00 the day before in Greenwich.
    assert_eq!(workload.origin().seconds(), 1_585_670_400.0);

    let (workload, summary) = read("acme", "acme_trace_seren.csv", "");
    assert_eq!((dropped(&summary), gpus(&workload)), (vec![("never_started", 1)], vec![1, 8]));
    assert_eq!(seconds(&workload), [20.0, 7200.0]);
    let (workload, _) = read("acme", "acme_trace_kalos.csv", "");
    // 512 GB are 488,282 MiB, rounded up.
    assert_eq!((gpus(&workload), workload.demand(TaskId(1)).memory_mib), (vec![8, 8], 488_282));
}

#[test]
fn lists_of_simulators_are_read() {
    let (workload, summary) = read("tiresias", "tiresias_jobs.csv", "");
    assert_eq!((dropped(&summary), gpus(&workload)), (vec![("no_gpus", 1)], vec![8, 4, 1]));
    let (workload, _) = read("tiresias", "tiresias_with_users.csv", "");
    let tenants: Vec<u32> = workload.jobs().map(|job| workload.tenant(job).0).collect();
    assert_eq!((tenants, submits(&workload)), (vec![1, 0], vec![0.0, 7723.0]));

    let told = refusal("gavel", "gavel_jobs.trace", "");
    assert!(told.contains("no lifetimes") && told.contains("ResNet-18") && told.contains("line 1"), "{told}");
    let rates = "steps_per_second = { A3C = 4 }\nother_steps_per_second = 10";
    let (workload, _) = read("gavel", "gavel_jobs.trace", rates);
    assert_eq!((gpus(&workload), seconds(&workload)), (vec![8, 8, 1], vec![25.0, 25.0, 300.0]));
    assert_eq!(submits(&workload), [0.0, 0.0, 3.5]);

    let (workload, summary) = read("batsim", "batsim_jobs.json", "");
    assert_eq!(dropped(&summary), [("no_processors", 1), ("profile_without_run_time", 1)]);
    assert_eq!((seconds(&workload), submits(&workload)), (vec![3.0, 10.25], vec![0.0, 10.5]));
    let estimates = [0, 1].map(|task| workload.estimate(TaskId(task)));
    assert_eq!(estimates, [None, Some(SimDuration(60_000_000))]);
    assert_eq!((workload.name(TaskId(1)), summary.facts["processors"]), (Some("w0!7"), 32));
}

#[test]
fn gaia_counts_hours_or_seconds_by_what_can_be() {
    let (workload, _) = read("gaia", "gaia_hours.csv", "");
    assert_eq!((seconds(&workload), submits(&workload)), (vec![360.0, 91_800.0], vec![0.0, 900.0]));
    assert_eq!(workload.demand(TaskId(0)).cpu_milli, 2500);
    let (workload, _) = read("gaia", "gaia_seconds.csv", "");
    assert_eq!(seconds(&workload), [6302.0, 1000.0]);
    let (workload, _) = read("gaia", "gaia_hours.csv", "time_unit = 'seconds'");
    assert_eq!(seconds(&workload), [0.1, 25.5]);
}

#[test]
fn workflows_are_independent_tasks_with_their_dependencies_recorded() {
    let (workload, summary) = read("gwf", "gwf_flows.gwf", "");
    assert_eq!(dropped(&summary), [("no_processors", 1), ("unknown_run_time", 1)]);
    assert_eq!(summary.facts["dependencies_on_nothing"], 1);
    let follows =
        |pairs: &[(u32, u32)]| pairs.iter().map(|&(a, b)| (TaskId(a), TaskId(b))).collect::<Vec<_>>();
    assert_eq!(workload.dependencies(), follows(&[(0, 1), (0, 2), (2, 1)]));
    assert_eq!(workload.demand(TaskId(1)).cpu_milli, 2000);

    let (workload, summary) = read("wfformat", "wfformat_old.json", "");
    assert_eq!(submits(&workload), [0.0, 3.5, 3.5, 8.5]);
    assert_eq!(workload.dependencies(), follows(&[(1, 0), (2, 0), (3, 1), (3, 2)]));
    assert_eq!((summary.facts["dependencies_on_nothing"], workload.demand(TaskId(0)).memory_mib), (1, 2000));
    let (workload, _) = read("wfformat", "wfformat_old.json", "submit = 'together'");
    assert_eq!(workload.last_submit(), SimTime::ZERO);
    let (workload, _) = read("wfformat", "wfformat_new.json", "");
    assert_eq!((submits(&workload), seconds(&workload)), (vec![0.0, 4.0], vec![4.0, 5.0]));
    let demand = workload.demand(TaskId(0));
    assert_eq!((demand.cpu_milli, demand.memory_mib, workload.name(TaskId(0))), (2000, 2, Some("first")));
}

#[test]
fn a_mapping_says_which_column_is_what() {
    let (workload, summary) = read("csv", "csv_jobs.csv", "");
    let reasons = ["starts_before_submission", "unknown_request", "unknown_run_time", "unknown_submission"];
    assert_eq!(dropped(&summary), reasons.map(|reason| (reason, 1)));
    assert_eq!(gpus(&workload), [8, 8, 4, 0, 1]);
    assert_eq!(seconds(&workload), [7200.0, 7200.0, 7200.0, 3600.0, 1800.0]);
    // 06:59 in Greenwich.
    assert_eq!(workload.origin().seconds(), 1_709_276_340.0);
    let first = workload.demand(TaskId(0));
    let kinds = &first.devices.as_ref().expect("GPUs").kinds;
    assert_eq!((first.cpu_milli, first.memory_mib, kinds.join(",")), (1334, 5087, "A100,H100".to_owned()));
    assert_eq!((workload.demand(TaskId(3)).cpu_milli, workload.demand(TaskId(3)).priority), (1500, 3));
    assert_eq!(workload.demand(TaskId(4)).devices.as_ref().map(|gpu| gpu.milli_each), Some(250));
    assert_eq!(workload.recorded_start(TaskId(3)), Some(SimTime(90_000_000)));
    assert_eq!(workload.recorded_host(TaskId(3)), Some("n1"));
    assert_eq!(workload.recorded_start(TaskId(4)), None);

    let inline = "mapping = { separator = ';', missing = ['', 'NA'], time_unit = 'date', take = { submit = 'when', run = 'took' } }";
    assert_eq!(read("csv", "csv_jobs.csv", inline).1.rows_kept, 5);
    for (options, told) in [
        ("mapping = { take = { run = 'took' } }", "mapping.take.submit"),
        ("mapping = { take = { submit = 'when' } }", "mapping.take.run"),
        ("mapping = { separator = ';', take = { submit = 'when', run = 'tok' } }", "no column `tok`"),
        (
            "mapping = { separator = ';', take = { submit = 'when', run = 'took' } }",
            "column when: \"2024-03-01 08:00:00\"",
        ),
        ("mapping = { takes = {} }", "takes"),
        ("mapping = 'nowhere.toml'", "nowhere.toml"),
        ("mapping = 7", "allowed is the name of a file"),
    ] {
        let refused = refusal("csv", "csv_jobs.csv", options);
        assert!(refused.contains(told), "{options}: {refused}");
    }
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let mapping = scratch.path().join("own.toml");
    std::fs::write(&mapping, "[take]\nsubmit = 'when'\n").expect("written");
    let refused = refusal("csv", "csv_jobs.csv", &format!("mapping = '{}'", mapping.display()));
    assert!(refused.contains("own.toml, line 1: key `take.run`: is missing"), "{refused}");
}
