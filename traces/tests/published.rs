//! The published files themselves, where they are at hand: RACKWRIGHT_DATA names the folder that holds `traces/`.

use std::path::PathBuf;

use sim::kernel::ids::TaskId;
use sim::kernel::rng::Seed;
use sim::resources::DeviceClass;
use sim::workload::Workload;
use traces::import::{self, ImportSummary};
use traces::transform::{self, Fill, Transform};

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

fn files(folder: &std::path::Path, is: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder of published files");
    let paths = entries.map(|entry| entry.expect("readable").path());
    let mut files: Vec<PathBuf> = paths.filter(|path| is(&path.to_string_lossy())).collect();
    files.sort();
    files
}

fn import_as(name: &str, file: &std::path::Path, options: &str) -> (Workload, ImportSummary) {
    let options = toml::from_str(options).expect("TOML");
    import::import(name, file, options).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_batch_log_imports_with_the_published_counts() {
    let Some(folder) = folder("swf") else { return };
    let counts = [
        ("CEA-Curie_sample.swf.gz", 29_998, 0),
        ("CTC-SP2-1996-3.1-cln.swf.gz", 77_222, 0),
        ("HPC2N-2002-2.2-cln.swf.gz", 202_871, 0),
        ("KTH-SP2.swf.gz", 28_489, 0),
        ("LCG.swf.gz", 188_041, 0),
        ("NASA-iPSC-1993-3.1-cln.swf.gz", 18_239, 0),
        ("alea-hpc2n.swf.gz", 3170, 25),
        ("jaros1.swf", 12, 0),
        ("lublin-aaroh.swf.gz", 10_000, 0),
        ("lublin_256.swf.gz", 10_000, 0),
        ("lublin_256_new2.swf.gz", 10_000, 0),
        ("mira.swf.gz", 22_508, 0),
        ("mira_walltime.swf.gz", 22_508, 0),
        ("opendc-sample.swf", 5, 0),
        ("wrench-NASA-head.swf", 228, 0),
    ];
    let files = files(&folder, |path| path.ends_with(".swf") || path.ends_with(".swf.gz"));
    assert_eq!(files.len(), counts.len());
    for (file, (name, rows, dropped)) in files.iter().zip(counts) {
        assert!(file.ends_with(name), "{} is expected here, not {}", name, file.display());
        assert_eq!(import::recognise(file), Some("swf"), "{name}");
        let (workload, summary) = import_as("swf", file, "");
        assert_eq!(summary.rows_read, rows, "{name}");
        assert_eq!(summary.rows_dropped.values().sum::<u64>(), dropped, "{name}: {:?}", summary.rows_dropped);
        assert_eq!(workload.task_count() as u64, rows - dropped, "{name}");
    }
}

#[test]
fn absolute_times_of_batch_logs_survive() {
    let Some(folder) = folder("swf") else { return };
    let first = |file: &str| {
        let (workload, summary) = import_as("swf", &folder.join(file), "");
        (workload.origin().seconds(), summary.span_seconds / 86_400.0, workload)
    };
    let (origin, days, _) = first("HPC2N-2002-2.2-cln.swf.gz");
    assert_eq!(origin, 342_072.0);
    assert!((days - 1264.0).abs() < 1.0, "{days}");
    let (origin, days, mira) = first("mira.swf.gz");
    assert_eq!(origin, 1_535_348_017.0);
    assert!((days - 126.0).abs() < 1.0, "{days}");
    let (_, _, walltime) = first("mira_walltime.swf.gz");
    assert_eq!(mira.demand(TaskId(0)).cpu_milli, 512_000);
    assert_eq!(walltime.demand(TaskId(0)).cpu_milli, 512_000);
    assert_eq!(walltime.estimate(TaskId(0)).map(|estimate| estimate.seconds()), Some(18_000.0));
    let (origin, _, _) = first("CEA-Curie_sample.swf.gz");
    assert_eq!(origin, 43_603_464.0);
}

#[test]
fn every_pod_list_imports_with_the_published_counts() {
    let Some(folder) = folder("alibaba-gpu-v2023") else {
        return;
    };
    let rows = |name: &str| match name {
        _ if name.ends_with("_cpu0.csv") => 7064,
        _ if name.ends_with("_cpu050.csv") => 7439,
        _ if name.ends_with("_multigpu20.csv") => 8324,
        _ if name.ends_with("_multigpu30.csv") => 8508,
        _ => 8152,
    };
    let files = files(&folder, |path| path.contains("openb_pod_list_"));
    assert_eq!(files.len(), 9);
    for file in files {
        assert_eq!(import::recognise(&file), Some("openb"));
        let (workload, summary) = import_as("openb", &file, "");
        let name = file.to_string_lossy();
        assert_eq!(summary.rows_read, rows(&name), "{name}");
        assert_eq!(summary.rows_kept, summary.rows_read, "{name}");
        assert_eq!(workload.task_count() as u64, summary.rows_kept, "{name}");
    }
}

#[test]
fn the_default_pods_have_the_published_shape_and_fill_a_cluster() {
    let Some(folder) = folder("alibaba-gpu-v2023") else {
        return;
    };
    let (workload, summary) = import_as("openb", &folder.join("openb_pod_list_default.csv"), "");
    let gpus = |task| workload.demand(task).devices.as_ref().map_or(0, |gpus| gpus.count);
    let with = |count| workload.tasks().filter(|&task| gpus(task) == count).count();
    assert_eq!([with(0), with(1), with(2), with(4), with(8)], [1088, 6989, 16, 15, 44]);
    let waiting = workload.tasks().filter(|&task| workload.patience(task).is_some()).count();
    assert_eq!(
        waiting, 896,
        "897 pods were never scheduled, one of them was deleted in the second of its creation"
    );
    assert_eq!(summary.tasks_censored, 34);
    let hours: f64 = workload
        .tasks()
        .filter(|&task| workload.patience(task).is_none())
        .filter_map(|task| workload.demand(task).devices.as_ref().map(|gpus| (task, gpus)))
        .map(|(task, gpus)| {
            workload.work(task).seconds() / 3600.0 * f64::from(gpus.count) * f64::from(gpus.milli_each)
                / 1000.0
        })
        .sum();
    assert!((hours - 51_471.0).abs() < 100.0, "{hours} GPU-hours");

    let nodes = import::read_nodes(&folder.join("openb_node_list_gpu_node.csv")).expect("nodes");
    assert_eq!(nodes.len(), 1213);
    let capacity = 1000 * nodes.iter().map(|node| u64::from(node.gpu_count)).sum::<u64>();
    assert_eq!(capacity, 6_212_000);
    assert_eq!(import::read_nodes(&folder.join("openb_node_list_all_node.csv")).expect("nodes").len(), 1523);

    let fill = Transform::Fill(Fill { device_milli_capacity: capacity, percent: 130.0 });
    let filled = transform::apply(&workload, &fill, Seed(42)).expect("possible");
    let milli = |task| match &filled.demand(task).devices {
        Some(gpus) if gpus.class == DeviceClass::Gpu => u64::from(gpus.count) * u64::from(gpus.milli_each),
        _ => 0,
    };
    let percent = filled.tasks().map(milli).sum::<u64>() as f64 / capacity as f64 * 100.0;
    assert!((129.8..130.2).contains(&percent), "{percent}");
    assert_eq!(filled.mix(), workload.mix());
}
