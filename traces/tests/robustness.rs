//! Whatever the bytes are: importers and the reader of directories answer, and do not panic.

use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::*;
use sim::kernel::rng::Seed;
use traces::format::{self, Source};
use traces::generate::generate;
use traces::import::{import, names, read_nodes, recognise};

/// Options under which an importer reads on for as long as it can.
fn options(importer: &str) -> toml::Table {
    let options = match importer {
        "csv" => "mapping = { take = { submit = 'submit_time', run = 'duration', gpus = 'num_gpu' } }",
        "gavel" => "other_steps_per_second = 10",
        _ => "",
    };
    toml::from_str(options).expect("TOML")
}

/// Imports these bytes as everything there is.
fn import_all(bytes: &[u8]) {
    let file = tempfile::NamedTempFile::new().expect("a scratch file");
    std::fs::write(file.path(), bytes).expect("written");
    let name = file.path().display().to_string();
    for (importer, _) in names() {
        if let Err(error) = import(importer, file.path(), options(importer)) {
            let error = error.to_string();
            assert!(error.contains(&name) && !error.contains('\n'), "{importer}: {error}");
        }
    }
    let _ = read_nodes(file.path());
    let _ = recognise(file.path());
}

/// Every fixture that is a file.
fn fixtures() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let entries = std::fs::read_dir(folder).expect("there are fixtures");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.retain(|file| file.is_file());
    files.sort();
    files.iter().map(|file| std::fs::read(file).expect("a fixture")).collect()
}

/// Values that are likely to be taken the wrong way.
const TRICKY: [&str; 14] = [
    "",
    "-1",
    "0",
    "1e308",
    "-1e308",
    "9007199254740993",
    "18446744073709551616",
    "NaN",
    "inf",
    "\n",
    ",",
    "\"",
    ";",
    "\t",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(bytes in vec(any::<u8>(), 0..400)) {
        import_all(&bytes);
    }

    #[test]
    fn bytes_that_look_packed(bytes in vec(any::<u8>(), 0..200)) {
        import_all(&[&[0x1f, 0x8b, 8, 0], bytes.as_slice()].concat());
    }

    #[test]
    fn changed_fixtures(which in any::<prop::sample::Index>(), changes in vec((any::<prop::sample::Index>(), 0..20_usize, any::<u8>()), 1..6)) {
        let mut fixtures = fixtures();
        let mut bytes = fixtures.swap_remove(which.index(fixtures.len()));
        for (place, length, value) in changes {
            let start = place.index(bytes.len());
            let end = (start + length).min(bytes.len());
            let tricky = TRICKY[usize::from(value) % TRICKY.len()];
            let new = if value < 128 { tricky.as_bytes().to_vec() } else { vec![value] };
            bytes.splice(start..end, new);
            bytes.push(b' ');
        }
        import_all(&bytes);
    }
}

/// Every published file that some importer takes for its own, and that is read in a moment.
fn published(folder: &Path, found: &mut Vec<(&'static str, PathBuf)>) {
    const LARGEST: u64 = 2_000_000;
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("readable").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            published(&path, found);
        } else if path.metadata().is_ok_and(|data| data.len() <= LARGEST)
            && let Some(importer) = recognise(&path)
        {
            found.push((importer, path));
        }
    }
}

#[test]
fn a_hundred_mutated_published_files_import_or_are_refused_with_a_place() {
    let Some(data) = std::env::var_os("RACKWRIGHT_DATA") else {
        #[expect(clippy::print_stdout, reason = "a skipped test says so")]
        {
            println!("skipped: RACKWRIGHT_DATA is not set");
        }
        return;
    };
    let mut found = Vec::new();
    published(&PathBuf::from(data).join("traces"), &mut found);
    let mut stream = Seed(2026).stream("mutations");
    let scratch = tempfile::tempdir().expect("a scratch folder");
    // Partners of a file are missing there: then it is the folder that is named.
    let folder = scratch.path().display().to_string();
    // Each importer in turn, and each of its files.
    let mut importers: Vec<&str> = found.iter().map(|&(importer, _)| importer).collect();
    importers.sort_unstable();
    importers.dedup();
    assert!(importers.len() >= 20, "{importers:?}");
    let (mut taken, mut refused) = (0, 0);
    for case in 0..100 {
        let importer = importers[case % importers.len()];
        let files: Vec<&PathBuf> =
            found.iter().filter(|(name, _)| *name == importer).map(|(_, path)| path).collect();
        let path = files[stream.below(files.len())];
        let mut bytes = std::fs::read(path).expect("a published file");
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        // Text is changed as text, now and then as it lies there.
        if bytes.starts_with(&[0x1f, 0x8b]) && stream.below(4) > 0 {
            let mut text = Vec::new();
            let mut packed = flate2::read::MultiGzDecoder::new(bytes.as_slice());
            std::io::Read::read_to_end(&mut packed, &mut text).expect("a whole file");
            bytes = text;
        }
        for _ in 0..=stream.below(4) {
            let start = stream.below(bytes.len());
            let end = (start + stream.below(12)).min(bytes.len());
            let tricky = TRICKY[stream.below(TRICKY.len())].as_bytes();
            bytes.splice(start..end, tricky.iter().copied());
        }
        if stream.below(5) == 0 {
            bytes.truncate(1 + stream.below(bytes.len()));
        }
        let changed = scratch.path().join(&name);
        std::fs::write(&changed, &bytes).expect("written");
        match import(importer, &changed, options(importer)) {
            Ok((workload, summary)) => {
                taken += 1;
                assert_eq!(summary.tasks, workload.task_count() as u64);
            }
            Err(error) => {
                refused += 1;
                let told = error.to_string();
                let says_where =
                    told.contains(", line ") || told.contains(", row ") || told.contains("cannot be opened");
                assert!(told.contains(&folder) && says_where && !told.contains('\n'), "{importer}: {told}");
            }
        }
    }
    assert!(taken >= 10 && refused >= 10, "{taken} were taken and {refused} refused");
}

#[test]
fn damaged_tables() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let dir = scratch.path().join("workload");
    let options = toml::from_str("tasks = 50").expect("TOML");
    let workload = generate("bench_cluster", options, Seed(1)).expect("possible");
    format::write(&workload, &dir, &Source::default()).expect("written");
    let mut stream = Seed(9).stream("damage");
    for file in ["tasks.parquet", "jobs.parquet"] {
        let whole = std::fs::read(dir.join(file)).expect("readable");
        for _ in 0..400 {
            let mut bytes = whole.clone();
            bytes[stream.below(whole.len())] ^= 1 << stream.below(8);
            std::fs::write(dir.join(file), &bytes).expect("written");
            let error = format::read(&dir).map(|_| ()).expect_err("one bit is another").to_string();
            assert!(error.contains(file) && error.contains("checksum"), "{error}");
        }
        std::fs::write(dir.join(file), &whole).expect("written");
    }
}
