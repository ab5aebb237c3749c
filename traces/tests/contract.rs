//! What every importer and every generator of the lists keeps to, without being asked one by one.

use std::path::{Path, PathBuf};

use sim::kernel::ids::{JobId, TaskId};
use sim::kernel::rng::Seed;
use sim::kernel::time::{SimDuration, SimTime};
use sim::resources::DeviceClass;
use sim::workload::{Demand, DeviceDemand, JobSpec, Recorded, TaskSpec, UsePoint, Workload, WorkloadBuilder};
use traces::format::{self, Source};
use traces::{generate, import};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Every file of a directory, by name.
fn files(dir: &Path) -> Vec<(std::ffi::OsString, Vec<u8>)> {
    let entries = std::fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("readable"));
    let mut files: Vec<_> =
        entries.map(|entry| (entry.file_name(), std::fs::read(entry.path()).expect("a file"))).collect();
    files.sort();
    files
}

/// Writes, reads, and expects the same workload.
fn round_trip(workload: &Workload, what: &str) {
    round_trips(workload, workload, what);
}

/// Writes, reads, and expects the same workload; and the same bytes when what was made again is written.
fn round_trips(workload: &Workload, again: &Workload, what: &str) {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let dir = scratch.path().join("workload");
    let source =
        Source { file: what.to_owned(), licence: Some("none".to_owned()), importer: what.to_owned() };
    let written = format::write(workload, &dir, &source).expect("written");
    let (back, manifest) = format::read(&dir).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(&back, workload, "{what}");
    assert_eq!(manifest, written);
    assert_eq!(manifest.digest, format::digest(&back));
    assert_eq!(manifest.tasks, workload.task_count() as u64);
    let left = std::fs::read_dir(scratch.path()).expect("readable").count();
    assert_eq!(left, 1, "nothing is left beside the directory");
    let second = scratch.path().join("again");
    format::write(again, &second, &source).expect("written");
    assert!(files(&dir) == files(&second) && files(&dir).len() >= 3, "{what}: other bytes");
}

/// A fixture is a file or a folder that is named for its importer, and for the longest such name.
fn belongs_to(path: &Path, name: &str) -> bool {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let own = import::names().into_iter().map(|(name, _)| name).filter(|name| file.starts_with(name));
    own.max_by_key(|name| name.len()) == Some(name) && !file.ends_with(".mapping.toml")
}

/// The options without which a source cannot be read.
fn needed(importer: &str) -> toml::Table {
    let options = if importer == "gavel" { "other_steps_per_second = 10" } else { "" };
    toml::from_str(options).expect("TOML")
}

#[test]
fn fixtures_import_export_and_come_back_with_the_same_digest() {
    for (name, help) in import::names() {
        assert!(!help.is_empty(), "{name} has no help");
        let mut files: Vec<PathBuf> = std::fs::read_dir(fixtures())
            .expect("there are fixtures")
            .map(|entry| entry.expect("readable").path())
            .filter(|path| belongs_to(path, name))
            .collect();
        files.sort();
        assert!(!files.is_empty(), "{name} has no fixture");
        for file in files {
            let (workload, summary) =
                import::import(name, &file, needed(name)).unwrap_or_else(|error| panic!("{error}"));
            assert!(workload.task_count() > 0, "{}", file.display());
            assert_eq!(summary.importer, name);
            assert_eq!(summary.rows_read, summary.rows_kept + summary.rows_dropped.values().sum::<u64>());
            assert_eq!(import::recognisers(&file), [name], "{}", file.display());
            let keys = serde_json::to_string(&summary).expect("JSON");
            let order = ["importer", "rows_read", "rows_kept", "rows_dropped", "tasks", "span_seconds"];
            let places: Vec<_> =
                order.iter().map(|key| keys.find(&format!("\"{key}\":")).expect("a key")).collect();
            assert!(places.is_sorted() && places[0] == 1, "{keys}");
            let (again, _) = import::import(name, &file, needed(name)).expect("as before");
            round_trips(&workload, &again, name);
        }
    }
}

#[test]
fn what_is_read_beside_a_source_is_told() {
    let told = |name: &str, file: &str, options: &str| -> Vec<String> {
        let options = toml::from_str(options).expect("TOML");
        let files = import::read_beside(name, &fixtures().join(file), options).expect("such an importer");
        files.iter().map(|file| file.file_name().unwrap_or_default().to_string_lossy().into_owned()).collect()
    };
    let inline = "mapping = { take = { submit = 'when', run = 'took' } }";
    assert_eq!(told("csv", "csv_jobs.csv", ""), ["csv_jobs.csv.mapping.toml"]);
    assert_eq!(told("csv", "csv_jobs.csv", "mapping = 'x/own.toml'"), ["own.toml"]);
    assert_eq!(told("csv", "csv_jobs.csv", inline), [""; 0]);
    assert_eq!(told("opendc", "opendc_workflow/tasks.parquet", ""), ["fragments.parquet"]);
    assert_eq!(told("opendc", "opendc_workflow", ""), [""; 0], "it lies in the source");
    assert_eq!(told("swf", "swf_quirks.swf", ""), [""; 0]);
    for (name, folder, file, count) in [
        ("azure_flavor", "azure_flavor_folder", "day.txt", 3),
        ("azure_packing", "azure_packing_dumps", "vm.csv", 1),
        ("azure_functions", "azure_functions_days", "", 0),
    ] {
        let found = told(name, &format!("{folder}/{file}"), "");
        assert_eq!(found.len(), count, "{folder}/{file}: {found:?}");
    }
    let days = std::fs::read_dir(fixtures().join("azure_functions_days")).expect("a folder");
    let names = days.map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned());
    let day = names.filter(|name| name.contains("invocations")).min().expect("a day");
    assert!(!told("azure_functions", &format!("azure_functions_days/{day}"), "").is_empty(), "{day}");
}

#[test]
fn packed_and_plain_files_import_alike() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    for (name, file) in [("swf", "swf_quirks.swf"), ("openb", "openb_pods.csv")] {
        let plain = fixtures().join(file);
        let packed = scratch.path().join(format!("{file}.gz"));
        let bytes = std::fs::read(&plain).expect("a fixture");
        // Two members, as concatenated archives have.
        let mut out = std::fs::File::create(&packed).expect("created");
        for part in bytes.chunks(bytes.len() / 2 + 1) {
            let mut encoder = flate2::write::GzEncoder::new(&mut out, flate2::Compression::default());
            std::io::Write::write_all(&mut encoder, part).expect("packed");
            encoder.finish().expect("packed");
        }
        let (expected, _) = import::import(name, &plain, toml::Table::new()).expect("imports");
        let (found, _) = import::import(name, &packed, toml::Table::new()).expect("imports");
        assert_eq!(found, expected);
        assert_eq!(import::recognise(&packed), Some(name));
    }
}

#[test]
fn generators_repeat_themselves_for_a_seed_and_only_for_it() {
    for (name, help) in generate::names() {
        assert!(!help.is_empty(), "{name} has no help");
        let make = |seed| generate::generate(name, toml::Table::new(), Seed(seed)).expect("possible");
        let workload = make(1);
        assert!(workload.task_count() > 0, "{name}");
        assert_eq!(format::digest(&workload), format::digest(&make(1)), "{name}");
        assert_ne!(format::digest(&workload), format::digest(&make(2)), "{name}");
        round_trips(&workload, &make(1), name);
    }
}

#[test]
fn everything_that_a_workload_can_state_comes_back() {
    let mut builder = WorkloadBuilder::new();
    builder.set_origin(SimTime(1_535_348_017_000_000));
    let demand = |class, kinds: &[&str]| Demand {
        cpu_milli: 1500,
        memory_mib: u32::MAX,
        devices: Some(DeviceDemand {
            class,
            count: 2,
            milli_each: 1000,
            memory_mib_each: 4096,
            kinds: kinds.iter().map(ToString::to_string).collect(),
        }),
        features: vec!["fpga".to_owned(), "tee".to_owned()],
        priority: 255,
    };
    let used = |start, cpu| UsePoint { start: SimDuration(start), cpu, memory: 0.1, devices: 1.0 / 3.0 };
    let spec = TaskSpec {
        demand: demand(DeviceClass::Gpu, &["A100", "Größe 1"]),
        work: SimDuration(1 << 40),
        estimate: Some(SimDuration(0)),
        patience: Some(SimDuration(1)),
        is_censored: true,
        usage: vec![used(0, 0.25), used(7, f32::MIN_POSITIVE)],
        name: Some("first, \"quoted\"".into()),
        recorded: Some(Recorded { start: SimTime(9), host: Some("rack 3".into()) }),
    };
    let plain = TaskSpec::default();
    let other = TaskSpec { demand: demand(DeviceClass::Dpu, &[]), name: Some("x".into()), ..plain.clone() };
    let job = |submit, is_gang| JobSpec { submit: SimTime(submit), tenant: 7, is_gang };
    builder.add_job(job(0, true), [spec.clone(), other.clone()]).expect("valid");
    builder.add_job(job(5, false), [plain.clone(), spec, plain]).expect("valid");
    builder.add_dependency(3, 0).expect("both are there");
    let whole = builder.clone().finish();
    round_trip(&whole, "everything");
    assert!(whole.is_gang(JobId(0)) && whole.name(TaskId(2)) == Some(""));

    builder.set_mix(whole.mix()[..1].to_vec());
    let part = builder.finish();
    round_trip(&part, "a mix of its own");
    assert_ne!(format::digest(&part), format::digest(&whole), "the mix is content");
    round_trip(&WorkloadBuilder::new().finish(), "nothing");
}

#[test]
fn an_existing_directory_is_not_overwritten() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let workload = WorkloadBuilder::new().finish();
    let dir = scratch.path().join("a/b/workload");
    std::fs::create_dir_all(&dir).expect("created");
    format::write(&workload, &dir, &Source::default()).expect("an empty directory is filled");
    let error = format::write(&workload, &dir, &Source::default()).expect_err("occupied").to_string();
    assert!(error.contains("workload: already holds files"), "{error}");
    format::read(&dir).expect("and it is still whole");
}
