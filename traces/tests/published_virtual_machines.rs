//! The published traces of virtual machines, of OpenDC and of Azure's requests, where they are at hand:
//! RACKWRIGHT_DATA names the folder that holds `traces/`. The counts are those of independent programs.

use std::path::{Path, PathBuf};

use sim::workload::Workload;
use traces::import::{ImportSummary, import, recognise};

/// The folder, or nothing but a word that the test was skipped.
fn folder(name: &str) -> Option<PathBuf> {
    match std::env::var_os("RACKWRIGHT_DATA") {
        Some(data) => Some(PathBuf::from(data).join("traces").join(name)),
        None => {
            #[expect(clippy::print_stdout, reason = "a skipped test says so")]
            {
                println!("skipped: RACKWRIGHT_DATA is not set");
            }
            None
        }
    }
}

fn imported(importer: &str, path: &Path, options: &str) -> (Workload, ImportSummary) {
    assert_eq!(recognise(path), Some(importer), "{}", path.display());
    let options = toml::from_str(options).expect("TOML");
    import(importer, path, options).unwrap_or_else(|error| panic!("{error}"))
}

fn refusal(importer: &str, path: &Path) -> String {
    import(importer, path, toml::Table::new()).map(|(_, summary)| summary).expect_err("refused").to_string()
}

#[cfg(feature = "tables")]
#[test]
fn opendc() {
    let Some(folder) = folder("opendc") else { return };
    // Tasks, fragments, days from the first submission to the last, core-hours.
    for (name, options, tasks, fragments, days, core_hours) in [
        ("bitbrains-small", "memory_unit = \"kib\"", 50, 276_979, 22.76, 136_127.8),
        ("bitbrains-small-v1", "", 50, 276_979, 22.76, 136_127.8),
        ("surf_week", "", 6295, 2_323_475, 7.0, 309_796.67),
        ("workflow_example", "", 4, 4, 0.0, 4.0),
    ] {
        let (workload, summary) = imported("opendc", &folder.join(name), options);
        assert_eq!((summary.rows_read, summary.rows_kept), (tasks + fragments, tasks + fragments), "{name}");
        assert_eq!(summary.tasks, tasks);
        assert!((summary.span_seconds / 86_400.0 - days).abs() < 0.01, "{name}: {}", summary.span_seconds);
        assert!((summary.core_hours - core_hours).abs() < 0.05, "{name}: {}", summary.core_hours);
        assert_eq!(workload.dependencies().len(), if tasks == 4 { 4 } else { 0 });
        assert!(workload.has_usage());
    }
    let told = refusal("opendc", &folder.join("small_gpu"));
    assert!(told.contains("1704067200") && told.contains("time_unit"), "{told}");
    let (_, summary) = imported("opendc", &folder.join("small_gpu"), "time_unit = \"s\"");
    assert_eq!((summary.rows_read, summary.tasks), (504_025, 25 * 7), "50 GPUs are seven hosts");
    assert!((summary.device_hours - 25.0 * 50.0 * 336.0).abs() < 1.0, "{}", summary.device_hours);
}

#[test]
fn azure_flavours() {
    let Some(folder) = folder("azure-v1-flavor-huawei") else { return };
    let (workload, summary) = imported("azure_flavor", &folder.join("v1.dev.txt.gz"), "");
    assert_eq!((summary.tasks, summary.jobs, summary.tasks_censored), (259_159, 53_109, 14_317));
    assert_eq!((summary.origin_seconds, summary.span_seconds), (1_800_000.0, 299_700.0));
    let cores: u64 = workload.tasks().map(|task| u64::from(workload.demand(task).cpu_milli)).sum();
    let mean = cores as f64 / 259_159_000.0;
    assert!((mean - 2.15).abs() < 0.01, "{mean} cores");
    let seen = workload.tasks().filter(|&task| !workload.is_censored(task));
    let mut lives: Vec<f64> = seen.map(|task| workload.work(task).seconds()).collect();
    lives.sort_by(f64::total_cmp);
    // Of lives that ended, the bins of the median and of the ninth tenth begin at 1500 s and at 21,900 s.
    assert!((1500.0..1800.0).contains(&lives[lives.len() / 2]), "{}", lives[lives.len() / 2]);
    assert!((21_900.0..25_500.0).contains(&lives[lives.len() * 9 / 10]), "{}", lives[lives.len() * 9 / 10]);
    assert!(refusal("azure_flavor", &folder.join("v1.train.txt.gz")).contains("no lifetimes"));
    assert!(refusal("azure_flavor", &folder.join("v1.dev.c2100000.txt.gz")).contains("holds the lifetimes"));
}

#[test]
fn azure_public_sample() {
    let Some(folder) = folder("azure-v1-opendc-sample") else { return };
    let (_, summary) = imported("azure_public", &folder.join("vmtable/vmtable.csv.gz"), "");
    assert_eq!((summary.rows_read, summary.tasks), (10, 10));
    let (workload, summary) = imported("azure_public", &folder, "usage = \"readings\"");
    assert_eq!((summary.rows_read, summary.tasks), (110, 10), "{summary:?}");
    assert!(summary.rows_kept >= 10 && workload.task_count() == 10);
}

#[test]
fn planetlab_days() {
    let Some(folder) = folder("planetlab") else { return };
    for (day, machines) in [("20110303", 1052), ("20110322", 1516), ("20110411", 1233)] {
        let (workload, summary) = imported("planetlab", &folder.join(format!("planetlab-{day}.tar.gz")), "");
        assert_eq!((summary.rows_read, summary.tasks), (machines * 288, machines), "{day}");
        assert_eq!(summary.core_hours, machines as f64 * 24.0);
        let used: f64 = workload.tasks().map(|task| mean_use(&workload, task)).sum::<f64>() / machines as f64;
        assert!((0.08..0.14).contains(&used), "{day}: {used}");
        if day == "20110303" {
            assert!((used - 0.123).abs() < 0.0005, "{used}");
        }
    }
}

/// The mean fraction of its cpu that a task uses.
fn mean_use(workload: &Workload, task: sim::kernel::ids::TaskId) -> f64 {
    let (points, end) = (workload.usage(task), workload.work(task).seconds());
    let ends = points.iter().skip(1).map(|point| point.start.seconds()).chain([end]);
    let used = points.iter().zip(ends).map(|(point, to)| f64::from(point.cpu) * (to - point.start.seconds()));
    used.sum::<f64>() / end
}

#[test]
fn bitbrains_machine() {
    let Some(folder) = folder("bitbrains") else { return };
    let (workload, summary) = imported("bitbrains", &folder.join("bitbrains.csv.gz"), "");
    assert_eq!((summary.rows_read, summary.rows_kept, summary.tasks), (8619, 8619, 1));
    assert_eq!(summary.origin_seconds, 1_376_314_546.0);
    assert!((workload.work(sim::kernel::ids::TaskId(0)).seconds() / 86_400.0 - 30.0).abs() < 0.1);
}

#[cfg(feature = "tables")]
#[test]
fn workflows_of_shell() {
    let Some(folder) = folder("wtf-shell") else { return };
    let (workload, summary) = imported("wtf", &folder, "");
    assert_eq!((summary.rows_read, summary.tasks), (10_208, 10_208));
    // The description of the workload states 89,229.863 resource-seconds of tasks of one core.
    assert!((summary.core_hours * 3600.0 - 89_229.863).abs() < 0.001, "{}", summary.core_hours * 3600.0);
    assert!(workload.dependencies().len() > 6000, "{}", workload.dependencies().len());
}

#[test]
fn requests_of_azure() {
    let Some(llm) = folder("azure-llm-2023") else { return };
    let (workload, summary) = imported("azure_llm", &llm.join("AzureLLMInferenceTrace_code.csv"), "");
    assert_eq!((summary.rows_read, summary.rows_kept), (8819, 8819));
    assert!(summary.jobs <= 59 && workload.task_count() > 59, "{} bins", summary.jobs);
    let Some(functions) = folder("azure-functions-2019-invitro") else { return };
    let (_, summary) = imported("azure_functions", &functions, "");
    assert_eq!((summary.rows_read, summary.rows_kept), (12, 12));
    assert!(summary.tasks > 1440, "{}", summary.tasks);
    let Some(functions) = folder("azure-functions-2021-invitro") else { return };
    let (_, summary) = imported("azure_functions", &functions.join("Azure2021_200.csv"), "");
    assert_eq!((summary.rows_read, summary.tasks), (199, 199));
}
