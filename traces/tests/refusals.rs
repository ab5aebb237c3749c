//! What is no trace, no workload and no option is refused in one sentence that says where, what and what is allowed.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use sim::kernel::rng::Seed;
use sim::workload::{JobSpec, TaskSpec, WorkloadBuilder};
use traces::format::{self, Manifest, Source};
use traces::generate::generate;
use traces::import::{import, read_nodes, recognise};
use traces::transform::{self, Compress, Fill, Limit, Transform, Window};

const GOOD_JOB: &str = "1 0 -1 10 1 -1 -1 1 60 -1 1 1 1 -1 1 -1 -1 -1\n";
const PODS: &str = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n";
const FILLING: &str = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n";

/// Imports these bytes and expects a refusal that says all of this.
fn refused(importer: &str, bytes: &[u8], told: &[&str]) {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let file = scratch.path().join("trace-file");
    std::fs::write(&file, bytes).expect("written");
    let what = String::from_utf8_lossy(&bytes[..bytes.len().min(120)]).into_owned();
    let error = match import(importer, &file, toml::Table::new()) {
        Ok((_, summary)) => panic!("{importer} takes {what:?}: {summary:?}"),
        Err(error) => error.to_string(),
    };
    assert!(error.contains("trace-file") && error.contains("line "), "{what:?}: {error}");
    assert!(!error.contains('\n'), "one sentence: {error}");
    for words in told {
        assert!(error.contains(words), "{what:?}: {error:?} does not say {words:?}");
    }
}

/// A good row with one field changed; fields are counted from 1.
fn job_with(field: usize, value: &str) -> Vec<u8> {
    let mut fields: Vec<&str> = GOOD_JOB.split_whitespace().collect();
    fields[field - 1] = value;
    format!("; a comment\n{GOOD_JOB}{}\n", fields.join(" ")).into_bytes()
}

#[test]
fn batch_logs() {
    refused("swf", b"", &["line 1", "no rows", "18 columns"]);
    refused("swf", b"; MaxProcs: 8\n;\n\n", &["no rows"]);
    refused("swf", b"id submit wait runtime\n", &["no rows"]);
    refused("swf", b"\x00\xff\xfe\x80\x81 binary", &["line 1", "UTF-8"]);
    refused("swf", &[0_u8; 5000], &["line 1"]);
    refused("swf", &vec![b'7'; 3 << 20], &["line 1", "more than 1048576 bytes"]);
    refused(
        "swf",
        format!("{GOOD_JOB}2 5 -1 10 1 -1 -1 1 60 -1 1 1 1 -1 1 -1 -1\n").as_bytes(),
        &["line 2", "17 columns", "18"],
    );
    refused("swf", PODS.as_bytes(), &["no rows"]);
    refused("swf", format!("{PODS}a,1,1,0,0,,LS,Running,0,1,0\n").as_bytes(), &["line 2", "1 columns"]);
    refused("swf", format!("{GOOD_JOB}\nid submit wait\n").as_bytes(), &["line 3"]);
    for (field, value, told) in [
        (1, "one", "job number"),
        (1, "1.5", "whole number"),
        (2, "-5", "submit time"),
        (2, "1e300", "submit time"),
        (2, "inf", "number"),
        (2, "9007199254.8", "2^53"),
        (4, "1e11", "run time"),
        (4, "--", "run time"),
        (5, "-2", "allocated processors"),
        (7, "-3", "used memory"),
        (8, "4000000000", "4294967"),
        (8, "2.5", "requested processors"),
        (9, "-7", "requested time"),
        (10, "1e300", "MiB"),
        (11, "NA", "status"),
        (12, "99999999999999999999", "user"),
        (18, "none", "think time"),
    ] {
        refused(
            "swf",
            &job_with(field, value),
            &["line 3", &format!("column {field} ("), value, told, "allowed is"],
        );
    }
    // Each of them fits, but together they are beyond the last moment.
    let late = GOOD_JOB.replacen(" 0 -1 10 ", " 9007199254 -1 100 ", 1);
    refused("swf", format!("{GOOD_JOB}{late}").as_bytes(), &["line 2", "2^53"]);
}

#[test]
fn pod_lists() {
    let row = |text: &str| format!("{PODS}a,1000,1024,0,0,,LS,Running,0,10,0\n{text}\n").into_bytes();
    let filling = |text: &str| format!("{FILLING}{text}\n").into_bytes();
    refused("openb", b"", &["line 1", "empty", "cpu_milli"]);
    refused("openb", PODS.as_bytes(), &["line 1", "rows are expected"]);
    refused("openb", b"\x00\xff\xfe\x80\x81 binary", &["line 1", "UTF-8"]);
    refused("openb", &vec![b'x'; 3 << 20], &["line 1", "more than 1048576 bytes"]);
    refused("openb", GOOD_JOB.as_bytes(), &["line 1", "unknown", "cpu_milli"]);
    refused("openb", b"name,cpu_milli,memory_mib,num_gpu\n", &["line 1", "no column `gpu_milli`"]);
    refused("openb", b"name,name,cpu_milli,memory_mib,num_gpu,gpu_milli\n", &["line 1", "twice"]);
    refused(
        "openb",
        b"name,cpu_milli,memory_mib,num_gpu,gpu_milli,creation_time\n",
        &["line 1", "no column `pod_phase`"],
    );
    refused("openb", &row("b,1000,1024"), &["line 3", "3 columns", "11"]);
    refused("openb", &row("b\u{80},1"), &["line 3"]);
    let mut latin = row("");
    latin.extend_from_slice(b"b\xe9,1000,1024,0,0,,LS,Running,0,10,0\n");
    refused("openb", &latin, &["UTF-8"]);
    for (text, told) in [
        (",1,1,0,0,,LS,Running,0,10,0", "column name"),
        ("b,-1,1,0,0,,LS,Running,0,10,0", "column cpu_milli: \"-1\""),
        ("b,1.5,1,0,0,,LS,Running,0,10,0", "column cpu_milli"),
        ("b,1,4294967296,0,0,,LS,Running,0,10,0", "column memory_mib"),
        ("b,1,1,0,0,,Gold,Running,0,10,0", "column qos: \"Gold\" stands there, allowed is one of BE"),
        ("b,1,1,0,0,,,Running,0,10,0", "column qos"),
        ("b,1,1,0,0,,LS,Sleeping,0,10,0", "column pod_phase"),
        ("b,1,1,0,0,,LS,Running,-1,10,0", "column creation_time"),
        ("b,1,1,0,0,,LS,Running,0,,0", "column deletion_time"),
        ("b,1,1,0,0,,LS,Running,0,9007199254.8,0", "column deletion_time"),
        ("b,1,1,0,0,,LS,Running,0,10,soon", "column scheduled_time: \"soon\""),
        ("b,1,1,0,0,,LS,Running,0,NaN,0", "column deletion_time"),
    ] {
        refused("openb", &row(text), &["line 3", told, "allowed is"]);
    }
    for (text, told) in [
        ("a,1,1,300,1000,", "column num_gpu: \"300\""),
        ("a,1,1,17,1000,", "0 to 16"),
        ("a,1,1,1,1500,", "column gpu_milli: \"1500\""),
        ("a,1,1,1,0,", "column gpu_milli"),
        ("a,1,1,2,500,", "1000 with several"),
        ("a,1,1,0,500,", "num_gpu is 0"),
        ("a,1,1,1,1000,A100||T4", "column gpu_spec"),
        ("a,1,1,0,0,A100", "column gpu_spec"),
    ] {
        refused("openb", &filling(text), &["line 2", told, "allowed is"]);
    }
}

#[test]
fn packed_files() {
    let pack = |text: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).expect("packed");
        encoder.finish().expect("packed")
    };
    let jobs: String = (0..5000).map(|job| GOOD_JOB.replacen('1', &job.to_string(), 1)).collect();
    let packed = pack(&jobs);
    refused("swf", &packed[..packed.len() / 2], &["packed data end"]);
    refused("swf", &packed[..5], &["line 1"]);
    refused("swf", &packed[..packed.len() - 4], &["packed data end"]);
    refused("openb", &packed[..packed.len() / 2], &["line 1"]);
    let mut damaged = packed.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 40].fill(0);
    refused("swf", &damaged, &[]);
    let bad = GOOD_JOB.replacen(" 0 -1 10 ", " 0 -1 x ", 1);
    refused("swf", &pack(&format!("{jobs}{bad}")), &["line 5001", "run time"]);
}

#[test]
fn node_lists() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    for (text, told) in [
        ("", "line 1: the file is empty"),
        ("sn,cpu_milli,memory_mib,gpu,model\n", "rows are expected"),
        ("sn,cpu_milli,memory_mib,gpu\n", "no column `model`"),
        ("sn,cpu_milli,memory_mib,gpu,model\na,0,1,0,\n", "line 2, column cpu_milli"),
        ("sn,cpu_milli,memory_mib,gpu,model\na,1,1,300,T4\n", "line 2, column gpu: \"300\""),
        ("sn,cpu_milli,memory_mib,gpu,model\na,1,1,2,\n", "line 2, column model"),
        ("sn,cpu_milli,memory_mib,gpu,model\na,1,1,0,T4\n", "line 2, column model: \"T4\""),
        ("sn,cpu_milli,memory_mib,gpu,model\n,1,1,0,\n", "line 2, column sn"),
    ] {
        let file = scratch.path().join("nodes.csv");
        std::fs::write(&file, text).expect("written");
        let error = read_nodes(&file).expect_err(text).to_string();
        assert!(error.contains("nodes.csv") && error.contains(told), "{text:?}: {error}");
    }
}

#[test]
fn names_and_options_of_importers() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/swf_quirks.swf");
    let error = |name: &str, file: &Path, options: &str| {
        import(name, file, toml::from_str(options).expect("TOML")).expect_err(options).to_string()
    };
    let unknown = error("swff", &fixture, "");
    assert!(
        unknown.starts_with("there is no importer `swff`: allowed are ") && unknown.contains("swf, openb"),
        "{unknown}"
    );
    assert!(error("swf", Path::new("nowhere.swf"), "").starts_with("nowhere.swf: cannot be opened"));
    assert!(error("swf", fixture.parent().expect("a folder"), "").contains("fixtures"));
    for (importer, options, told) in [
        ("swf", "procesors = \"requested\"", "`procesors`"),
        ("swf", "processors = \"most\"", "`processors`: unknown variant `most`, expected one of `requested`"),
        ("swf", "processors = 3", "`processors`"),
        ("swf", "estimate = \"exact\"", "`run_time_when_missing`"),
        ("swf", "zero_run_time = true", "`zero_run_time`"),
        (
            "swf",
            "unknown_run_time = \"keep\"",
            "`unknown_run_time`: \"keep\" stands there, allowed is \"drop\" or a number of seconds",
        ),
        ("swf", "unknown_run_time = -1", "-1 stands there"),
        ("openb", "sort = true", "`sort`"),
    ] {
        let told_is = error(importer, &fixture, options);
        assert!(told_is.contains(told) && told_is.contains(importer), "{options}: {told_is}");
    }
    assert_eq!(recognise(Path::new("nowhere.swf")), None);
}

#[test]
fn options_of_generators() {
    assert_eq!(
        generate("uniform", toml::Table::new(), Seed(0)).map(|_| ()).expect_err("unknown").to_string(),
        "there is no generator `uniform`: allowed are mixed_cluster, poisson, lublin, bench_cluster"
    );
    for (name, options, key) in [
        ("bench_cluster", "hosts = 3", "`hosts`: 3 is not allowed"),
        ("bench_cluster", "tasks = 0", "`tasks`: 0 is not allowed"),
        ("bench_cluster", "load = 1.5", "`load`: 1.5 is not allowed"),
        ("bench_cluster", "load = nan", "`load`"),
        ("bench_cluster", "host = 3", "`host`"),
        ("mixed_cluster", "tasks = 0", "`tasks`: 0 is not allowed"),
        ("mixed_cluster", "task = 5", "`task`"),
        ("mixed_cluster", "tasks = \"many\"", "`tasks`"),
        ("mixed_cluster", "cluster = 7", "`cluster`"),
        ("mixed_cluster", "cluster.gpu = 7", "`cluster.gpu`"),
        ("mixed_cluster", "arrivals.day_amplitude = 2", "`arrivals.day_amplitude`: 2 is not allowed"),
        ("mixed_cluster", "classes.cpu_only.gpus = [[1, 1]]", "`classes.cpu_only.gpus`"),
        ("mixed_cluster", "classes.shared_gpu.gpu_milli = []", "`classes.shared_gpu.gpu_milli`"),
        ("mixed_cluster", "gangs.hosts = [[1, 1]]", "`gangs.hosts`"),
        (
            "mixed_cluster",
            "kinds = [{ name = \"T4\", gpus_per_host = 0, weight = 1 }]",
            "`kinds[0].gpus_per_host`",
        ),
        ("mixed_cluster", "priorities.weights = [[0, -1]]", "`priorities.weights`"),
    ] {
        let table = toml::from_str(options).expect("TOML");
        let error = generate(name, table, Seed(0)).expect_err(options).to_string();
        assert!(error.contains(key) && error.contains(name), "{options}: {error}");
    }
}

#[test]
fn transforms() {
    let mut builder = WorkloadBuilder::new();
    for _ in 0..3 {
        builder.add_job(JobSpec::default(), [TaskSpec::default(), TaskSpec::default()]).expect("valid");
    }
    let workload = builder.finish();
    let window =
        |first_jobs: &[usize], count| Transform::Window(Window { first_jobs: first_jobs.to_vec(), count });
    let fill = |device_milli_capacity, percent| Transform::Fill(Fill { device_milli_capacity, percent });
    for (transform, told) in [
        (window(&[], 1), "no window for seed 0"),
        (window(&[0], 0), "`count`: 0 is not allowed"),
        (window(&[0], 4), "1 to the 3 jobs"),
        (window(&[2], 2), "`first_jobs`: 2 is not allowed"),
        (window(&[usize::MAX], 2), "`first_jobs`"),
        (fill(1000, 130.0), "no task of the workload asks for a GPU"),
        (fill(1000, -1.0), "`percent`: -1 is not allowed"),
        (fill(1000, f64::NAN), "`percent`"),
        (fill(0, 100.0), "`device_milli_capacity`: 0 is not allowed"),
        (Transform::Compress(Compress { factor: 0.0 }), "`factor`: 0 is not allowed"),
        (Transform::Compress(Compress { factor: f64::INFINITY }), "`factor`"),
        (Transform::Limit(Limit { tasks: 1 }), "`tasks`: 1 is not allowed, only 2 or more"),
    ] {
        let error = transform::apply(&workload, &transform, Seed(0)).expect_err(told).to_string();
        assert!(error.contains(told), "{transform:?}: {error}");
    }
    for (text, told) in [
        ("squeeze = { factor = 2.0 }", "squeeze"),
        ("window = { first_jobs = [0], count = 1, size = 2 }", "size"),
        ("fill = { percent = 100.0 }", "device_milli_capacity"),
        ("limit = { tasks = -1 }", "-1"),
    ] {
        let error = toml::from_str::<Transform>(text).expect_err(text).to_string();
        assert!(error.contains(told), "{text}: {error}");
    }
    let read: Transform =
        toml::from_str("fill = { device_milli_capacity = 6212000, percent = 130 }").expect("allowed");
    assert_eq!(read, fill(6_212_000, 130.0));
}

#[test]
fn huge_fills() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/openb_filling.csv");
    let (workload, _) = import("openb", &fixture, toml::Table::new()).expect("imports");
    let fill = Transform::Fill(Fill { device_milli_capacity: u64::MAX, percent: 100.0 });
    let error = transform::apply(&workload, &fill, Seed(0)).expect_err("too much").to_string();
    assert!(error.contains("`device_milli_capacity`"), "{error}");
}

/// Writes a workload, spoils it, and expects a refusal that says all of this.
fn spoiled(spoil: impl FnOnce(&Path), told: &[&str]) {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let dir = scratch.path().join("workload");
    let mut builder = WorkloadBuilder::new();
    for name in ["a", "b", "c"] {
        let task = TaskSpec { name: Some(name.into()), ..TaskSpec::default() };
        builder.add_task(JobSpec::default(), task).expect("valid");
    }
    format::write(&builder.finish(), &dir, &Source::default()).expect("written");
    spoil(&dir);
    let error = format::read(&dir).map(|_| ()).expect_err("spoiled").to_string();
    for words in told {
        assert!(error.contains(words), "{error:?} does not say {words:?}");
    }
}

fn replace(file: &'static str, from: &'static str, to: &'static str) -> impl FnOnce(&Path) {
    move |dir| {
        let text = std::fs::read_to_string(dir.join(file)).expect("readable");
        assert!(text.contains(from), "{text}");
        std::fs::write(dir.join(file), text.replace(from, to)).expect("written");
    }
}

/// States the checksum of a file as it is now.
fn restate(dir: &Path, file: &str) {
    let bytes = std::fs::read(dir.join(file)).expect("readable");
    let path = dir.join("manifest.toml");
    let mut manifest: Manifest =
        toml::from_str(&std::fs::read_to_string(&path).expect("readable")).expect("a manifest");
    let checksum = format!("{:032x}", xxhash_rust::xxh3::xxh3_128(&bytes));
    manifest.files.insert(file.to_owned(), checksum);
    std::fs::write(&path, toml::to_string(&manifest).expect("TOML")).expect("written");
}

/// Reads a table, changes it, and writes it again with its checksum.
fn change(file: &'static str, change: impl FnOnce(&mut polars::prelude::DataFrame)) -> impl FnOnce(&Path) {
    use polars::prelude::{ParquetReader, ParquetWriter, SerReader};
    move |dir| {
        let path = dir.join(file);
        let bytes = std::fs::read(&path).expect("readable");
        let mut frame = ParquetReader::new(std::io::Cursor::new(bytes)).finish().expect("Parquet");
        change(&mut frame);
        ParquetWriter::new(std::fs::File::create(&path).expect("created"))
            .finish(&mut frame)
            .expect("written");
        restate(dir, file);
    }
}

#[test]
fn directories() {
    use polars::prelude::{Column, NamedFrom, Series};
    let column = |name: &str, values: &[u32]| -> Column { Series::new(name.into(), values).into() };

    for file in ["manifest.toml", "jobs.parquet", "tasks.parquet", "mix.parquet"] {
        spoiled(|dir| std::fs::remove_file(dir.join(file)).expect("removed"), &[file, "is missing"]);
    }
    // What is stated is missed, and what is there is stated.
    spoiled(
        |dir| std::fs::remove_file(dir.join("names.parquet")).expect("removed"),
        &["names.parquet", "is missing"],
    );
    for file in ["jobs.parquet", "tasks.parquet", "mix.parquet", "names.parquet"] {
        for keep in [0, 3, 100] {
            let cut = |dir: &Path| {
                let bytes = std::fs::read(dir.join(file)).expect("readable");
                std::fs::write(dir.join(file), &bytes[..keep]).expect("written");
            };
            spoiled(cut, &[file, "checksum"]);
        }
    }
    let garbage = |dir: &Path| {
        std::fs::write(dir.join("mix.parquet"), [b'P'; 200]).expect("written");
        restate(dir, "mix.parquet");
    };
    spoiled(garbage, &["mix.parquet", "no Parquet file"]);
    let manifest = "manifest.toml";
    spoiled(replace(manifest, "\"jobs.parquet\"", "\"jobs\""), &[manifest, "`files`", "jobs.parquet"]);
    spoiled(replace(manifest, "\"names.parquet\"", "\"names\""), &[manifest, "`files`", "names.parquet"]);
    spoiled(
        replace(manifest, "schema_version = 1", "schema_version = 2"),
        &[manifest, "`schema_version`: 2"],
    );
    spoiled(replace(manifest, "schema_version = 1", ""), &[manifest, "`schema_version`", "missing"]);
    spoiled(replace(manifest, "jobs = 3", "jobs = \"three\""), &[manifest, "`jobs`"]);
    spoiled(replace(manifest, "jobs = 3", "jobs = 4"), &["jobs.parquet", "job_id", "4 rows"]);
    spoiled(replace(manifest, "tasks = 3", "tasks = 2"), &["tasks.parquet", "task_id", "2 rows"]);
    spoiled(replace(manifest, "origin_us = 0", "origin_us = 1"), &[manifest, "`digest`"]);
    spoiled(replace(manifest, "origin_us = 0", "origin_us = -1"), &[manifest, "`origin_us`"]);
    spoiled(replace(manifest, "[source]", "[sauce]"), &[manifest, "sauce"]);
    spoiled(|dir| std::fs::write(dir.join(manifest), "= = =").expect("written"), &[manifest]);

    let drop = |name: &'static str| {
        move |frame: &mut polars::prelude::DataFrame| *frame = frame.drop(name).expect("a column")
    };
    spoiled(change("tasks.parquet", drop("work_us")), &["tasks.parquet", "`work_us`", "missing"]);
    spoiled(change("jobs.parquet", drop("tenant")), &["jobs.parquet", "`tenant`", "missing"]);
    spoiled(change("mix.parquet", drop("share")), &["mix.parquet", "`share`", "missing"]);
    let with = |column: Column| {
        move |frame: &mut polars::prelude::DataFrame| {
            frame.with_column(column).expect("a column of that length");
        }
    };
    spoiled(change("tasks.parquet", with(column("work_us", &[0; 3]))), &["`work_us`", "u32", "u64"]);
    spoiled(change("tasks.parquet", with(column("wrok_us", &[0; 3]))), &["`wrok_us`", "unknown"]);
    spoiled(
        change("tasks.parquet", with(column("job_id", &[0, 1, 1]))),
        &["tasks.parquet", "row 2", "`job_id`", "1 stands"],
    );
    spoiled(change("tasks.parquet", with(column("cpu_milli", &[0, 1, 1]))), &["`digest`"]);
    spoiled(
        change("jobs.parquet", with(column("first_task", &[0, 1, 1]))),
        &["jobs.parquet", "row 2", "`first_task`"],
    );
    spoiled(change("jobs.parquet", with(column("task_count", &[1, 1, u32::MAX]))), &["`task_count`"]);
    let nulls: Column = Series::new("memory_mib".into(), [Some(1_u32), None, Some(2)]).into();
    spoiled(change("tasks.parquet", with(nulls)), &["tasks.parquet", "`memory_mib`", "null"]);
    let classes: Column = Series::new("device_class".into(), [0_u8, 9, 0]).into();
    spoiled(change("tasks.parquet", with(classes)), &["row 1", "`device_class`", "9 stands", "0 to 3"]);
    let classes: Column = Series::new("device_class".into(), [0_u8, 1, 0]).into();
    spoiled(change("tasks.parquet", with(classes)), &["row 1", "0 devices"]);
}

#[test]
fn names_that_a_table_cannot_hold() {
    use sim::workload::Demand;
    for feature in ["", "a|b"] {
        let mut builder = WorkloadBuilder::new();
        let demand = Demand { features: vec![feature.to_owned()], ..Demand::default() };
        builder.add_task(JobSpec::default(), TaskSpec { demand, ..TaskSpec::default() }).expect("valid");
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let error = format::write(&builder.finish(), &scratch.path().join("w"), &Source::default())
            .expect_err("no name");
        assert!(error.to_string().contains("row 0, column `features`"), "{error}");
        assert_eq!(
            std::fs::read_dir(scratch.path()).expect("readable").count(),
            0,
            "nothing half-made is left"
        );
    }
}
