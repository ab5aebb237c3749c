//! Importers of virtual machines and of what OpenDC and its kin write: their fixtures, field by field.

use std::path::{Path, PathBuf};

use sim::kernel::ids::{JobId, TaskId};
use sim::kernel::time::{SimDuration, SimTime};
use sim::workload::{UsePoint, Workload};
use traces::import::{ImportSummary, import};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn imported(importer: &str, name: &str, options: &str) -> (Workload, ImportSummary) {
    let options = toml::from_str(options).expect("TOML");
    import(importer, &fixture(name), options).unwrap_or_else(|error| panic!("{error}"))
}

fn refusal(importer: &str, path: &Path, options: &str) -> String {
    let options = toml::from_str(options).expect("TOML");
    match import(importer, path, options) {
        Ok((_, summary)) => panic!("{importer} takes {}: {summary:?}", path.display()),
        Err(error) => error.to_string(),
    }
}

fn dropped(summary: &ImportSummary) -> Vec<(&str, u64)> {
    summary.rows_dropped.iter().map(|(&reason, &count)| (reason, count)).collect()
}

fn seconds(workload: &Workload) -> Vec<(f64, f64)> {
    workload.tasks().map(|task| (workload.submit(task).seconds(), workload.work(task).seconds())).collect()
}

fn names(workload: &Workload) -> Vec<&str> {
    workload.tasks().map(|task| workload.name(task).unwrap_or_default()).collect()
}

fn point(start: f64, cpu: f32, memory: f32, devices: f32) -> UsePoint {
    UsePoint { start: SimDuration::from_seconds(start).expect("a length"), cpu, memory, devices }
}

/// Copies a fixture, with one file of it written anew.
fn changed(folder: &str, file: &str, text: &str) -> tempfile::TempDir {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    for entry in std::fs::read_dir(fixture(folder)).expect("a fixture") {
        let path = entry.expect("readable").path();
        std::fs::copy(&path, scratch.path().join(path.file_name().expect("a name"))).expect("copied");
    }
    std::fs::write(scratch.path().join(file), text).expect("written");
    scratch
}

#[cfg(feature = "tables")]
#[test]
fn opendc_tasks_have_fragments_and_parents() {
    let (workload, summary) = imported("opendc", "opendc_workflow", "");
    assert_eq!((summary.rows_read, summary.rows_kept), (4 + 9, 4 + 6));
    assert_eq!(
        dropped(&summary),
        [("fragment_of_no_length", 1), ("fragment_of_no_task", 1), ("fragment_without_capacity", 1)]
    );
    // Task 3 asks for 20 GPUs: three hosts of 8, 8 and 4 GPUs, with 4 cores and 4096 MiB between them.
    assert_eq!(names(&workload), ["3", "3", "3", "7", "9", "4"]);
    assert_eq!(summary.facts["tasks_split_over_hosts"], 1);
    assert!(workload.is_gang(JobId(0)) && !workload.is_gang(JobId(1)));
    let shapes: Vec<_> = workload
        .tasks()
        .map(|task| workload.demand(task))
        .map(|demand| {
            (demand.cpu_milli, demand.memory_mib, demand.devices.as_ref().map_or(0, |gpus| gpus.count))
        })
        .collect();
    assert_eq!(shapes[..4], [(1600, 1639, 8), (1600, 1639, 8), (800, 820, 4), (2000, 2048, 0)]);
    assert_eq!(workload.origin(), SimTime(1_700_000_000_000_000));
    assert_eq!(seconds(&workload)[2..], [(0.0, 100.0), (2.0, 60.0), (5.0, 30.0), (5.0, 30.0)]);
    assert_eq!(workload.usage(TaskId(3)), [point(0.0, 0.5, 1.0, 1.0), point(20.0, 0.25, 1.0, 1.0)]);
    assert_eq!(workload.usage(TaskId(0)), [point(0.0, 1.0, 1.0, 0.5), point(50.0, 0.25, 1.0, 0.5)]);
    let follows: Vec<_> = workload.dependencies().iter().map(|(task, on)| (task.0, on.0)).collect();
    assert_eq!(follows, [(3, 0), (3, 1), (3, 2), (4, 0), (4, 1), (4, 2), (4, 3)]);
    let (alike, _) = imported("opendc", "opendc_workflow/fragments.parquet", "");
    assert_eq!(alike, workload);
}

#[cfg(feature = "tables")]
#[test]
fn opendc_of_the_first_format_has_moments() {
    let (workload, summary) = imported("opendc", "opendc_old", "memory_unit = \"kib\"");
    assert_eq!((summary.rows_read, summary.rows_kept, summary.tasks_recorded), (6, 6, 2));
    assert_eq!(names(&workload), ["11", "12"]);
    assert_eq!(seconds(&workload), [(0.0, 1200.0), (300.0, 600.0)]);
    assert_eq!(workload.origin().seconds(), 1_376_312_400.0);
    assert_eq!(workload.recorded_start(TaskId(1)), Some(SimTime(300_000_000)));
    assert_eq!((workload.demand(TaskId(0)).cpu_milli, workload.demand(TaskId(0)).memory_mib), (2000, 2));
    // The second fragment ends 1200 s after the start and is 600 s long: there is a gap before it.
    assert_eq!(workload.usage(TaskId(0)), [point(0.0, 0.1, 1.0, 1.0), point(600.0, 1.0, 1.0, 1.0)]);
}

#[cfg(feature = "tables")]
#[test]
fn opendc_without_a_partner_or_with_other_columns_is_refused() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let tasks = scratch.path().join("tasks.parquet");
    std::fs::copy(fixture("opendc_workflow/tasks.parquet"), &tasks).expect("copied");
    assert!(refusal("opendc", &tasks, "").contains("no fragments.parquet"));
    std::fs::copy(fixture("opendc_workflow/tasks.parquet"), scratch.path().join("fragments.parquet"))
        .expect("copied");
    let told = refusal("opendc", &tasks, "");
    assert!(told.contains("fragments.parquet") && told.contains("`cpu_usage`"), "{told}");
    assert!(refusal("opendc", scratch.path(), "time_unit = \"min\"").contains("time_unit"));
    std::fs::write(&tasks, "PAR1 not really PAR1").expect("written");
    assert!(refusal("opendc", &tasks, "").contains("Parquet"));
}

#[test]
fn flavours_have_lifetimes_in_their_bins() {
    let (workload, summary) = imported("azure_flavor", "azure_flavor_folder", "");
    assert_eq!((summary.rows_read, summary.rows_kept, summary.jobs, summary.tasks_censored), (6, 6, 4, 2));
    assert_eq!(summary.facts["files_without_lifetimes"], 1);
    assert_eq!(summary.origin_seconds, 600.0);
    let cpus: Vec<_> = workload.tasks().map(|task| workload.demand(task).cpu_milli).collect();
    assert_eq!(cpus, [1000, 1000, 16_000, 1000, 1000, 16_000]);
    // 1.75 GB of 2^30 bytes are 1792 MiB.
    assert_eq!(workload.demand(TaskId(0)).memory_mib, 1792);
    let found = seconds(&workload);
    assert_eq!(found.iter().map(|life| life.0).collect::<Vec<_>>(), [0.0, 0.0, 0.0, 600.0, 600.0, 900.0]);
    // U0, U1, C3 (1200 s before the end), C2 (600 s before it), U1, U0.
    let bins = [(0.0, 300.0), (300.0, 600.0), (1200.0, 1200.1), (600.0, 600.1), (300.0, 600.0), (0.0, 300.0)];
    for ((_, work), (from, to)) in found.iter().zip(bins) {
        assert!((from..to).contains(work), "{work} is in the bin from {from} to {to}");
    }
    assert_eq!(workload.job_tasks(JobId(1)).len(), 2);
    assert!(!workload.is_gang(JobId(1)));
    let (alone, _) = imported("azure_flavor", "azure_flavor_folder/day.txt", "");
    assert_eq!(alone, workload);
    let (other, _) = imported("azure_flavor", "azure_flavor_folder", "seed = 1");
    assert_ne!(other, workload, "another seed draws other lifetimes");
}

#[test]
fn flavours_that_do_not_fit_together_are_refused() {
    let lonely = fixture("azure_flavor_folder/earlier.txt");
    let told = refusal("azure_flavor", &lonely, "");
    assert!(told.contains("no lifetimes") && told.contains("earlier.cSECONDS.txt"), "{told}");
    for (file, text, words) in [
        ("day.txt", "600 s,|,s,x,|,\n1200 s,s,|,\n\n1500 big,|,\n", vec!["day.txt", "line 1", "\"x\""]),
        ("day.txt", "600 s,|,s,big,|,\n1300 s,s,|,\n\n1500 big,|,\n", vec!["line 2", "1300"]),
        ("day.txt", "600 s,|,s,big,|,\n1200 s,s,|,\n", vec!["line 2", "ends before its partner"]),
        (
            "day.c1800.txt",
            "600 U0,|,U1,C3,|,\n1200 C1,U1,|,\n\n1500 U0,|,\n",
            vec!["line 2", "\"C1\"", "600 seconds"],
        ),
        ("day.c1800.txt", "600 U0,|,U9,C3,|,\n1200 C2,U1,|,\n\n1500 U0,|,\n", vec!["line 1", "\"U9\""]),
        ("day.c1800.txt", "600 U0,|,U1,C3,U1,|,\n1200 C2,U1,|,\n\n1500 U0,|,\n", vec!["line 1", "word 5"]),
        ("day.interval_map.txt", "0 0\n300 1\n900 2\n", vec!["line 3", "even steps"]),
        ("flav_map.txt", "1 s\n", vec!["line 1", "cores and GB"]),
        ("a.interval_map.txt", "", vec!["several files"]),
    ] {
        let scratch = changed("azure_flavor_folder", file, text);
        let told = refusal("azure_flavor", scratch.path(), "");
        for word in words {
            assert!(told.contains(word), "{told:?} does not say {word:?}");
        }
    }
}

#[test]
fn azure_tables_have_buckets_and_lives_that_were_cut_off() {
    let (workload, summary) = imported("azure_public", "azure_public_buckets.csv", "");
    assert_eq!((summary.rows_read, summary.tasks, summary.tasks_censored), (5, 4, 1));
    assert_eq!(dropped(&summary), [("deleted_before_created", 1)]);
    assert_eq!(summary.facts["present_at_start"], 2);
    assert_eq!(names(&workload), ["vm/a+1=", "vm/b==", "vm/c", "vm/e"]);
    assert_eq!(seconds(&workload), [(0.0, 2_591_700.0), (0.0, 600.0), (300.0, 0.0), (1200.0, 1500.0)]);
    let demand = |task| workload.demand(TaskId(task));
    assert_eq!((demand(0).cpu_milli, demand(0).memory_mib, demand(0).priority), (1000, 1792, 0));
    // More than 24 cores are 30, more than 64 GB are 70.
    assert_eq!((demand(3).cpu_milli, demand(3).memory_mib, demand(3).priority), (30_000, 71_680, 2));
    assert_eq!(demand(2).priority, 1);
    let tenants: Vec<u32> = workload.jobs().map(|job| workload.tenant(job).0).collect();
    assert_eq!(tenants, [0, 1, 0, 2]);
    assert_eq!(workload.usage(TaskId(3)), [point(0.0, 0.25, 1.0, 1.0)]);
    assert_eq!(workload.recorded_start(TaskId(3)), Some(SimTime(1_200_000_000)));
    let (bare, _) =
        imported("azure_public", "azure_public_buckets.csv", "usage = \"none\"\nend_seconds = 600");
    assert!(!bare.has_usage() && bare.is_censored(TaskId(1)) && !bare.is_censored(TaskId(2)));
}

#[test]
fn azure_readings_are_use_over_time() {
    let (workload, summary) = imported("azure_public", "azure_public_folder", "usage = \"readings\"");
    assert_eq!((summary.rows_read, summary.rows_kept, summary.tasks), (3 + 10, 3 + 6, 3));
    assert_eq!(
        dropped(&summary),
        [
            ("reading_after_deletion", 1),
            ("reading_before_creation", 1),
            ("reading_of_unknown_machine", 1),
            ("reading_twice", 1),
        ]
    );
    assert!(workload.usage(TaskId(0)).is_empty());
    assert_eq!(workload.usage(TaskId(1)), [point(0.0, 0.1, 1.0, 1.0), point(600.0, 0.3, 1.0, 1.0)]);
    let expected = [point(0.0, 0.4, 1.0, 1.0), point(300.0, 0.2, 1.0, 1.0), point(900.0, 1.0, 1.0, 1.0)];
    assert_eq!(workload.usage(TaskId(2)), expected);
    let told = refusal("azure_public", &fixture("azure_public_buckets.csv"), "usage = \"readings\"");
    assert!(told.contains("vm_cpu_readings"), "{told}");
    for (row, words) in [
        ("a,s,d,-1,5,1,1,1,Unknown,1,1\n", "vmcreated"),
        ("a,s,d,0,5,1,1,1,Batch,1,1\n", "Delay-insensitive"),
        ("a,s,d,0,5,1,1,1,Unknown,>30,1\n", ">24"),
        (",s,d,0,5,1,1,1,Unknown,1,1\n", "vmid"),
        ("a,s,d,0,5,1,NaN,1,Unknown,1,1\n", "avgcpu"),
    ] {
        let file = tempfile::NamedTempFile::new().expect("a scratch file");
        std::fs::write(file.path(), row).expect("written");
        let told = refusal("azure_public", file.path(), "");
        assert!(told.contains("line 1") && told.contains(words), "{told}");
    }
}

#[test]
fn huawei_machines_come_and_leave() {
    let (workload, summary) = imported("huawei_east_1", "huawei_east_1_header.csv", "");
    assert_eq!((summary.rows_read, summary.rows_kept, summary.tasks), (11, 9, 5));
    assert_eq!(dropped(&summary), [("created_while_alive", 1), ("deleted_while_not_alive", 1)]);
    assert_eq!(names(&workload), ["a", "b", "b", "c", "d"]);
    // The last machine is never deleted: it is seen from 90 s to the last row, at 100 s.
    assert_eq!(seconds(&workload), [(0.0, 65.0), (0.0, 30.0), (60.0, 5.0), (70.0, 20.0), (80.0, 10.0)]);
    assert_eq!(
        workload.tasks().map(|task| workload.is_censored(task)).collect::<Vec<_>>(),
        [false, false, false, false, true]
    );
    assert_eq!(
        (workload.demand(TaskId(2)).cpu_milli, workload.demand(TaskId(2)).memory_mib),
        (16_000, 65_536)
    );
    assert_eq!((summary.origin_seconds, summary.tasks_recorded), (10.0, 5));
    let (bare, summary) = imported("huawei_east_1", "huawei_east_1_bare.csv", "");
    assert_eq!((bare.task_count(), summary.tasks_censored), (2, 1));
}

#[test]
fn planetlab_machines_use_what_their_lines_say() {
    let (workload, summary) = imported("planetlab", "planetlab_days", "cores = 0.5\nmemory_mib = 613");
    assert_eq!(
        (summary.rows_read, summary.rows_kept, summary.tasks, summary.tasks_censored),
        (579, 579, 3, 3)
    );
    assert_eq!((summary.facts["files_of_other_length"], summary.facts["files_without_rows"]), (1, 1));
    assert_eq!(names(&workload), ["first_machine_edu", "second_machine_org_slice", "first_machine_edu"]);
    assert_eq!(seconds(&workload), [(0.0, 86_400.0), (0.0, 86_400.0), (86_400.0, 900.0)]);
    // 3 March 2011, 0:00 UTC.
    assert_eq!(summary.origin_seconds, 1_299_110_400.0);
    assert_eq!((workload.demand(TaskId(0)).cpu_milli, workload.demand(TaskId(0)).memory_mib), (500, 613));
    assert_eq!(workload.usage(TaskId(0)), [point(0.0, 0.1, 1.0, 1.0), point(3600.0, 0.35, 1.0, 1.0)]);
    assert_eq!(workload.usage(TaskId(1)).len(), 288);
    assert_eq!(workload.usage(TaskId(2)), [point(0.0, 0.5, 1.0, 1.0), point(600.0, 0.07, 1.0, 1.0)]);
    let file = tempfile::NamedTempFile::new().expect("a scratch file");
    std::fs::write(file.path(), "5\n101\n").expect("written");
    let told = refusal("planetlab", file.path(), "");
    assert!(told.contains("line 2") && told.contains("\"101\"") && told.contains("0 to 100"), "{told}");
    assert!(refusal("planetlab", file.path(), "cores = 0").contains("cores"));
}

#[test]
fn bitbrains_seconds_are_no_milliseconds() {
    let (workload, summary) = imported("bitbrains", "bitbrains_folder", "");
    assert_eq!((summary.rows_read, summary.rows_kept, summary.tasks), (7, 5, 2));
    assert_eq!(dropped(&summary), [("machine_without_cores", 1), ("timestamp_not_later", 1)]);
    assert_eq!(names(&workload), ["1", "2"]);
    assert_eq!(summary.origin_seconds, 1_376_314_546.0);
    // One row is in milliseconds; both begin 300 s before their first row.
    assert_eq!(seconds(&workload), [(0.0, 1500.0), (300.0, 600.0)]);
    assert_eq!((workload.is_censored(TaskId(0)), workload.is_censored(TaskId(1))), (true, false));
    assert_eq!(summary.facts["present_at_start"], 2);
    let demand = |task| (workload.demand(TaskId(task)).cpu_milli, workload.demand(TaskId(task)).memory_mib);
    assert_eq!([demand(0), demand(1)], [(2000, 2048), (4000, 2)]);
    assert_eq!(workload.usage(TaskId(0)), [point(0.0, 0.05, 0.5, 1.0), point(600.0, 1.0, 0.25, 1.0)]);
    assert_eq!(workload.usage(TaskId(1)), [point(0.0, 0.0, 0.0, 1.0), point(300.0, 0.1, 0.5, 1.0)]);
    assert_eq!(imported("bitbrains", "bitbrains_one.csv", "").0.task_count(), 1);
}

#[cfg(feature = "tables")]
#[test]
fn packing_traces_are_fractions_of_one_machine() {
    let (workload, summary) = imported("azure_packing", "azure_packing_zone.sqlite", "");
    assert_eq!((summary.rows_read, summary.rows_kept, summary.tasks), (6 + 5, 3 + 2, 3));
    assert_eq!(
        dropped(&summary),
        [
            ("cannot_run_on_machine", 1),
            ("ended_before_started", 1),
            ("ended_before_trace", 1),
            ("type_of_other_machine", 3),
        ]
    );
    assert_eq!((summary.facts["machine"], summary.facts["present_at_start"]), (0, 1));
    assert_eq!(names(&workload), ["0", "1", "2"]);
    // 64 cores and 512 GiB; the second machine has no end and was seen until day 90.
    assert_eq!(seconds(&workload), [(0.0, 86_400.0), (21_600.0, 7_754_400.0), (43_200.0, 21_600.0)]);
    let of = |task| workload.demand(TaskId(task));
    assert_eq!((of(0).cpu_milli, of(0).memory_mib, of(0).priority), (16_000, 65_536, 1));
    assert_eq!((of(1).cpu_milli, of(1).memory_mib, of(1).priority), (4000, 131_072, 0));
    assert!(workload.is_censored(TaskId(1)) && !workload.is_censored(TaskId(0)));
    let tenants: Vec<u32> = workload.jobs().map(|job| workload.tenant(job).0).collect();
    assert_eq!(tenants, [0, 1, 0]);
    for name in ["azure_packing_dumps", "azure_packing_dumps/vm.csv"] {
        assert_eq!(imported("azure_packing", name, "").0, workload, "{name}");
    }
    let (other, _) =
        imported("azure_packing", "azure_packing_zone.sqlite", "machine = 3\nmachine_cores = 32");
    assert_eq!((other.demand(TaskId(0)).cpu_milli, other.demand(TaskId(1)).cpu_milli), (16_000, 1000));
}

#[cfg(feature = "tables")]
#[test]
fn packing_dumps_may_have_no_header_and_need_sizes() {
    let scratch = changed("azure_packing_dumps", "vm.csv", "5,7,-1.5,0.5\n6,8,0.25,\n");
    let (workload, _) = import("azure_packing", scratch.path(), toml::Table::new()).expect("imports");
    assert_eq!(seconds(&workload), [(0.0, 43_200.0), (21_600.0, 7_754_400.0)]);
    assert_eq!(workload.demand(TaskId(0)).priority, 0);
    std::fs::remove_file(scratch.path().join("vmType.csv")).expect("removed");
    let told = refusal("azure_packing", &scratch.path().join("vm.csv"), "");
    assert!(told.contains("no sizes"), "{told}");
    for (file, text, words) in [
        ("vm.csv", "1,2,3\n", "a header with"),
        ("vm.csv", "5,7,soon,0.5\n", "starttime"),
        ("vmType.csv", "vmTypeId,machineId,core,memory\n7,0,2,0.5\n", "from 0 to 1"),
        ("vmType.csv", "vmTypeId,machineId,core,memory\n7,0,1,0.5\n7,0,1,0.5\n", "line 3"),
    ] {
        let scratch = changed("azure_packing_dumps", file, text);
        let told = refusal("azure_packing", scratch.path(), "");
        assert!(told.contains(words), "{told}");
    }
    assert!(refusal("azure_packing", &fixture("azure_packing_dumps"), "end_days = 0").contains("end_days"));
    let database = tempfile::NamedTempFile::new().expect("a scratch file");
    std::fs::write(database.path(), "SQLite format 3\0 and no more").expect("written");
    assert!(refusal("azure_packing", database.path(), "").contains("no database"));
}

#[cfg(feature = "tables")]
#[test]
fn workflow_tasks_follow_their_parents() {
    let (workload, summary) = imported("wtf", "wtf_trace", "memory_unit = \"kib\"");
    assert_eq!((summary.rows_read, summary.tasks), (4, 3));
    assert_eq!(dropped(&summary), [("no_runtime", 1)]);
    assert_eq!(summary.facts["parents_unknown"], 1);
    assert_eq!(names(&workload), ["1/10", "2/20", "1/11"]);
    assert_eq!(seconds(&workload), [(0.0, 5.0), (2.0, 1.0), (3.0, 2.5)]);
    let cpus: Vec<_> = workload.tasks().map(|task| workload.demand(task).cpu_milli).collect();
    assert_eq!(cpus, [2000, 500, 1000]);
    assert_eq!(workload.demand(TaskId(2)).memory_mib, 2);
    let follows: Vec<_> = workload.dependencies().iter().map(|(task, on)| (task.0, on.0)).collect();
    assert_eq!(follows, [(1, 0), (1, 2), (2, 0)]);
    let starts: Vec<_> = workload.tasks().map(|task| workload.recorded_start(task)).collect();
    assert_eq!(starts, [None, Some(SimTime(2_000_000)), Some(SimTime(3_500_000))]);
    assert!(refusal("wtf", &fixture("opendc_old"), "").contains("tasks/schema-1.0"));
}

#[test]
fn requests_are_gathered_by_their_tokens() {
    let (workload, summary) = imported("azure_llm", "azure_llm_requests.csv", "cores_per_gpu = 8");
    assert_eq!((summary.rows_read, summary.rows_kept, summary.jobs), (4, 4, 3));
    // 300,000 context and 15,000 generated tokens: (60 + 30) / 60 = 1.5 GPUs.
    let asked: Vec<_> = workload
        .tasks()
        .map(|task| workload.demand(task))
        .map(|demand| (demand.devices.as_ref().expect("a GPU").milli_each, demand.cpu_milli))
        .collect();
    // The third bin: (0.8 + 0.02) / 60 = 0.0137 GPUs. A request of no tokens still asks for a thousandth.
    assert_eq!(asked, [(1000, 8000), (500, 4000), (1, 8), (14, 112)]);
    assert_eq!(names(&workload), ["2 requests", "2 requests", "1 requests", "1 requests"]);
    assert_eq!(seconds(&workload), [(0.0, 60.0), (0.0, 60.0), (60.0, 60.0), (120.0, 60.0)]);
    // 16 November 2023, 18:17:00 UTC.
    assert_eq!(summary.origin_seconds, 1_700_158_620.0);
    let path = fixture("azure_llm_requests.csv");
    assert!(refusal("azure_llm", &path, "bin_seconds = 0").contains("bin_seconds"));
    assert!(refusal("azure_llm", &path, "generated_tokens_per_second = 0.001").contains("100000 GPUs"));
}

#[test]
fn functions_are_gathered_by_minutes() {
    let (workload, summary) = imported("azure_functions", "azure_functions_days", "");
    assert_eq!((summary.rows_read, summary.rows_kept, summary.tasks), (5 + 5 + 1, 3 + 4 + 1, 5));
    assert_eq!(dropped(&summary), [("never_invoked", 1), ("no_duration", 1), ("stated_twice", 1)]);
    assert_eq!(summary.facts["functions_without_memory"], 1);
    assert_eq!(
        seconds(&workload),
        [(0.0, 60.0), (60.0, 60.0), (120.0, 60.0), (86_340.0, 60.0), (86_400.0, 60.0)]
    );
    let asked: Vec<_> = workload
        .tasks()
        .map(|task| workload.demand(task))
        .map(|demand| (demand.cpu_milli, demand.memory_mib, demand.priority))
        .collect();
    // 30 invocations of 4 s keep two instances of 150.5 MiB busy, 15 of them one; one of 30 ms half a thousandth.
    assert_eq!(asked, [(2000, 301, 1), (1000, 151, 1), (1, 151, 0), (67, 151, 1), (50, 0, 1)]);
    let (hours, _) = imported("azure_functions", "azure_functions_days", "bin_minutes = 60");
    assert_eq!(hours.task_count(), 4);
    let file = "azure_functions_days/invocations_per_function_md.anon.d02.csv";
    let scratch = changed(
        "azure_functions_days",
        "app_memory_percentiles.anon.d02.csv",
        "HashOwner,HashApp,AverageAllocatedMb\n",
    );
    let day = scratch.path().join("invocations_per_function_md.anon.d02.csv");
    let (workload, _) = import("azure_functions", &day, toml::Table::new()).expect("one day imports");
    assert_eq!((workload.task_count(), workload.origin().seconds()), (1, 86_400.0));
    assert!(refusal("azure_functions", &fixture(file), "bin_minutes = 0").contains("bin_minutes"));
}

#[test]
fn functions_of_2021_are_single_invocations() {
    let (workload, summary) = imported("azure_functions", "azure_functions_2021.csv", "cores = 0.5");
    assert_eq!((summary.rows_read, summary.tasks, summary.facts["present_at_start"]), (3, 3, 1));
    assert_eq!(seconds(&workload), [(0.0, 0.5), (10.0, 0.25), (10.0, 2.0)]);
    assert_eq!(workload.demand(TaskId(0)).cpu_milli, 500);
    let tenants: Vec<u32> = workload.jobs().map(|job| workload.tenant(job).0).collect();
    assert_eq!(tenants, [0, 0, 1]);
}
