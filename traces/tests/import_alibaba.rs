//! What the importers of Alibaba's traces make of their fixtures, field by field.

use std::path::Path;

use sim::kernel::ids::{Id, TaskId};
use sim::kernel::time::SimDuration;
use sim::workload::{DeviceDemand, Workload};
use traces::import::{self, ImportSummary};

fn read(name: &str, file: &str, options: &str) -> (Workload, ImportSummary) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(file);
    import::import(name, &path, toml::from_str(options).expect("TOML"))
        .unwrap_or_else(|error| panic!("{error}"))
}

fn dropped(summary: &ImportSummary) -> Vec<(&str, u64)> {
    summary.rows_dropped.iter().map(|(&reason, &count)| (reason, count)).collect()
}

fn facts(summary: &ImportSummary) -> Vec<(&str, u64)> {
    summary.facts.iter().map(|(&fact, &number)| (fact, number)).collect()
}

/// When each task is submitted, and for how long it runs.
fn lives(workload: &Workload) -> Vec<(f64, f64)> {
    workload.tasks().map(|task| (workload.submit(task).seconds(), workload.work(task).seconds())).collect()
}

fn names(workload: &Workload) -> Vec<&str> {
    workload.tasks().map(|task| workload.name(task).unwrap_or_default()).collect()
}

fn censored(workload: &Workload) -> Vec<usize> {
    workload.tasks().filter(|&task| workload.is_censored(task)).map(TaskId::index).collect()
}

fn recorded(workload: &Workload) -> Vec<Option<f64>> {
    workload.tasks().map(|task| workload.recorded_start(task).map(|start| start.seconds())).collect()
}

#[test]
fn batch_tasks_of_2017_run_from_their_creation_to_their_end() {
    let (workload, summary) = read("alibaba_2017", "alibaba_2017_published.csv", "");
    let reasons = ["ended_before_created", "ended_before_the_trace", "no_instances", "no_request", "waiting"];
    assert_eq!(dropped(&summary), reasons.map(|reason| (reason, 1)));
    assert_eq!(facts(&summary), [("instances_left_out", 4), ("present_at_start", 1)]);
    assert_eq!(names(&workload), ["1/2", "2/3", "3/6", "3/7", "3/8"]);
    assert_eq!(lives(&workload), [(0.0, 20.0), (10.0, 60.0), (30.0, 50.0), (40.0, 50.0), (50.0, 40.0)]);
    assert_eq!(censored(&workload), [3, 4], "those that ran when the trace ended");
    let demand = workload.demand(TaskId(1));
    assert_eq!((demand.cpu_milli, demand.memory_mib), (500, 4096), "half a core, 1/64 of 256 GiB");
    let (workload, summary) = read("alibaba_2017", "alibaba_2017_published.csv", "most_instances = 2");
    assert_eq!((workload.task_count(), facts(&summary)[0]), (8, ("instances_left_out", 1)));
    let (workload, summary) =
        read("alibaba_2017", "alibaba_2017_list.csv", "machine_memory_gib = 128\nmost_instances = 1000");
    assert_eq!((workload.task_count(), summary.span_seconds), (350, 209.0));
    assert_eq!(workload.demand(TaskId(0)).memory_mib, 1024);
    assert_eq!(summary.core_hours, (283.0 * 116.5 + 67.0 * 73.25 / 2.0) / 3600.0);
}

#[test]
fn batch_tasks_of_2018_know_what_they_follow() {
    let (workload, summary) = read("alibaba_2018", "alibaba_2018_batch.csv", "");
    assert_eq!(dropped(&summary), [("ended_before_started", 1), ("no_instances", 1), ("not_started", 1)]);
    let told = [("dependencies_unknown", 1), ("instances_left_out", 3), ("requests_unknown", 2)];
    assert_eq!(facts(&summary), told);
    assert_eq!(
        names(&workload),
        ["j_1/M1", "j_2/task_QmFzZTY0", "j_1/R2_1", "j_1/R3_2", "j_1/J5_4_3", "j_3/M4"]
    );
    let expected = [(0.0, 60.0), (20.0, 1.0), (60.0, 40.0), (100.0, 30.0), (130.0, 100.0), (200.0, 30.0)];
    assert_eq!(lives(&workload), expected);
    assert_eq!(censored(&workload), [4]);
    let mut follows = workload.dependencies().to_vec();
    follows.sort_unstable();
    let ids = [(2, 0), (3, 2), (4, 3)].map(|(task, on)| (TaskId(task), TaskId(on)));
    assert_eq!(follows, ids, "a row may stand before those that it follows");
    let (workload, _) = read("alibaba_2018", "alibaba_2018_batch.csv", "most_instances = 2");
    assert_eq!(workload.dependencies().len(), 4, "every task follows every task of the row before it");
}

#[test]
fn containers_of_2018_live_until_they_are_stopped() {
    let (alone, summary) = read("alibaba_2018", "alibaba_2018_containers.csv", "");
    assert_eq!(dropped(&summary), [("stopped_while_not_alive", 1)]);
    assert_eq!((lives(&alone), censored(&alone)), (vec![(0.0, 500.0), (100.0, 200.0)], vec![0]));
    let demand = alone.demand(TaskId(1));
    assert_eq!((demand.cpu_milli, demand.memory_mib, demand.priority), (8000, 8206, 3), "3.13 % of 256 GiB");
    assert_eq!(alone.recorded_host(TaskId(1)), Some("m_8"));
    let (folder, summary) = read("alibaba_2018", "alibaba_2018_folder", "rows = 'containers'");
    assert_eq!((&folder, facts(&summary)), (&alone, vec![("files_not_read", 2)]));
    let (folder, _) = read("alibaba_2018", "alibaba_2018_folder", "");
    assert_eq!(folder, read("alibaba_2018", "alibaba_2018_batch.csv", "").0);
}

#[test]
fn requests_for_images_take_a_gpu_each() {
    let (workload, summary) = read("alibaba_genai", "alibaba_genai_requests.csv", "");
    assert_eq!(dropped(&summary), [("unfinished", 1)]);
    assert_eq!(lives(&workload), [(0.0, 30.0), (10.0, 12.5)]);
    assert_eq!((summary.device_hours, workload.origin().seconds()), (42.5 / 3600.0, 1_704_448_800.0));
}

#[test]
fn jobs_of_the_learning_platform_are_gangs_that_were_submitted_before_they_started() {
    let gpus = |workload: &Workload| {
        let asked = |devices: &DeviceDemand| (devices.count, devices.milli_each, devices.kinds.join("|"));
        let all: Vec<_> =
            workload.tasks().map(|task| workload.demand(task).devices.as_ref().map(asked)).collect();
        all
    };
    let (workload, summary) = read("alibaba_gpu_2020", "alibaba_gpu_2020_folder", "");
    let reasons = [
        "ended_before_started",
        "job_not_submitted",
        "job_twice",
        "no_instances",
        "not_started",
        "tag_twice",
    ];
    assert_eq!(dropped(&summary), reasons.map(|reason| (reason, 1)));
    assert_eq!(facts(&summary), [("jobs_started_before_submission", 1), ("jobs_without_tasks", 1)]);
    assert_eq!(lives(&workload), [(0.0, 600.0), (0.0, 600.0), (0.0, 610.0), (219.5, 400.5)]);
    assert_eq!(recorded(&workload), [Some(20.0), Some(20.0), Some(10.0), Some(219.5)]);
    assert_eq!((workload.job_count(), workload.origin().seconds(), censored(&workload)), (2, 980.5, vec![3]));
    let share = Some((1, 500, "T4".to_owned()));
    assert_eq!(gpus(&workload), [share.clone(), share, None, Some((2, 1000, String::new()))]);
    let demand = workload.demand(TaskId(0));
    assert_eq!((demand.cpu_milli, demand.memory_mib), (6000, 29_952));

    let (workload, summary) = read("alibaba_gpu_2020", "alibaba_gpu_2020_tasks.csv", "gpu_kind = 'assigned'");
    assert_eq!((workload.origin().seconds(), facts(&summary)), (990.5, vec![("jobs_not_told", 2)]));
    assert_eq!(gpus(&workload)[3], Some((2, 1000, "V100".to_owned())));
}

#[test]
fn instances_of_recommendation_models_wait_for_their_cards() {
    let (workload, summary) = read("alibaba_gpu_2025", "alibaba_gpu_2025_instances.csv", "");
    assert_eq!(dropped(&summary), [("deleted_before_scheduled", 1), ("scheduled_before_created", 1)]);
    assert_eq!(facts(&summary), [("limited_per_node", 3), ("present_at_start", 2)]);
    let expected = [(0.0, 1260.0), (0.0, 500.0), (1000.0, 125.0), (1100.0, 160.0), (1200.0, 60.0)];
    assert_eq!((lives(&workload), censored(&workload)), (expected.to_vec(), vec![0, 3]));
    assert_eq!(recorded(&workload), [Some(0.0), Some(0.0), Some(1005.0), Some(1100.0), None]);
    assert_eq!(workload.patience(TaskId(4)), Some(SimDuration(60_000_000)), "it was never scheduled");
    assert_eq!((summary.core_hours * 3600.0).round(), 12.0 * 1260.0 + 4000.0 + 64.0 * 285.0 + 48.0 * 60.0);
}
