//! One fuzz target for every parser of text: the importers of workloads, those of series, and the list of nodes.
//!
//! The variable `PARSER` says which; without it the names of all are printed. New importers are in it by being in their
//! list. Where the variable `SEEDS` names a folder, the fixtures of the parser are written into it first. `run`, beside
//! this folder, does all of it.
//!
//! An input is one file; or several, each of which begins with a line `==> NAME <==`: they are laid into a folder, which
//! is what the parser is given. Whatever the bytes are, the answer is a workload (a series) or one line that names the file.

#![no_main]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use traces::{import, series};

const SERIES: &str = "series_";
const NODES: &str = "nodes_openb";

/// The parser under test and where its files are laid.
struct Bench {
    parser: String,
    options: toml::Table,
    folder: PathBuf,
}

static BENCH: OnceLock<Bench> = OnceLock::new();

fuzz_target!(
    init: set_up(),
    |bytes: &[u8]| -> Corpus { run(bytes) }
);

fn parsers() -> Vec<String> {
    let importers = import::names().into_iter().map(|(name, _)| name.to_owned());
    let of_series = series::names().into_iter().map(|(name, _)| format!("{SERIES}{name}"));
    importers.chain(of_series.filter(|name| !name.contains("opendc"))).chain([NODES.to_owned()]).collect()
}

#[expect(clippy::print_stdout, reason = "the list is what was asked for")]
fn set_up() {
    let Ok(parser) = std::env::var("PARSER") else {
        println!("{}", parsers().join("\n"));
        std::process::exit(0);
    };
    assert!(parsers().contains(&parser), "there is no parser {parser}");
    let folder = std::env::temp_dir().join(format!("rackwright-fuzz-{parser}-{}", std::process::id()));
    let mut options = toml::Table::new();
    for (name, seed) in seeds(&parser) {
        if name.ends_with(".toml") && parser.starts_with(SERIES) {
            options = toml::from_str(&String::from_utf8_lossy(&seed)).expect("options");
        } else if let Ok(seeds) = std::env::var("SEEDS") {
            fs::create_dir_all(&seeds).expect("a folder of seeds");
            fs::write(Path::new(&seeds).join(name), seed).expect("a seed");
        }
    }
    if parser == "gavel" {
        options.insert("other_steps_per_second".to_owned(), 10.into());
    }
    assert!(BENCH.set(Bench { parser, options, folder }).is_ok());
}

/// The fixtures of a parser: files as they are, folders as one input, and a table with its mapping as one too.
fn seeds(parser: &str) -> Vec<(String, Vec<u8>)> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let mut names = parsers();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let mut seeds = Vec::new();
    for entry in fs::read_dir(fixtures).expect("fixtures") {
        let path = entry.expect("a fixture").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if names.iter().find(|parser| name.starts_with(parser.as_str())).is_none_or(|own| own != parser) {
            continue;
        }
        let mapping = path.with_file_name(format!("{name}.mapping.toml"));
        if path.is_dir() {
            let mut input = Vec::new();
            lay_out(&path, &path, &mut input);
            seeds.push((name, input));
        } else if mapping.is_file() {
            let mut input = Vec::new();
            add(&mut input, "table.csv", &path);
            add(&mut input, "table.csv.mapping.toml", &mapping);
            seeds.push((name, input));
        } else if !name.ends_with(".mapping.toml") {
            seeds.push((name, fs::read(&path).expect("a fixture")));
        }
    }
    seeds
}

fn add(input: &mut Vec<u8>, name: &str, path: &Path) {
    input.extend_from_slice(format!("==> {name} <==\n").as_bytes());
    input.extend_from_slice(&fs::read(path).expect("a fixture"));
}

fn lay_out(top: &Path, folder: &Path, input: &mut Vec<u8>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a fixture").path();
        if path.is_dir() {
            lay_out(top, &path, input);
        } else {
            add(input, &path.strip_prefix(top).expect("below it").to_string_lossy(), &path);
        }
    }
}

/// The files of an input, by name; nothing when a name is none that may be written.
fn files(bytes: &[u8]) -> Option<Vec<(&str, &[u8])>> {
    let mark = b"==> ";
    if !bytes.starts_with(mark) {
        return Some(vec![("input", bytes)]);
    }
    let mut files: Vec<(&str, &[u8])> = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let end = rest.iter().position(|&byte| byte == b'\n')?;
        let name = str::from_utf8(&rest[..end]).ok()?.strip_prefix("==> ")?.strip_suffix(" <==")?;
        let is_plain =
            |part: &str| !part.is_empty() && part.trim_matches('.') == part && !part.contains('\0');
        if name.len() > 100 || name.split('/').count() > 3 || !name.split('/').all(is_plain) {
            return None;
        }
        rest = &rest[end + 1..];
        let starts = |at: usize| rest[at..].starts_with(mark) && (at == 0 || rest[at - 1] == b'\n');
        let end = (0..rest.len()).find(|&at| starts(at)).unwrap_or(rest.len());
        files.push((name, &rest[..end]));
        rest = &rest[end..];
    }
    (files.len() <= 8).then_some(files)
}

fn run(bytes: &[u8]) -> Corpus {
    let bench = BENCH.get().expect("set up");
    let Some(files) = files(bytes) else { return Corpus::Reject };
    let is_one = files.len() == 1 || bench.parser == "csv";
    if !is_one {
        let _ = fs::remove_dir_all(&bench.folder);
    }
    for (name, text) in &files {
        let path = bench.folder.join(name);
        let made = fs::create_dir_all(path.parent().expect("it is below the folder"));
        if made.is_err() || fs::write(&path, text).is_err() {
            return Corpus::Reject;
        }
    }
    let path = if is_one { bench.folder.join(files[0].0) } else { bench.folder.clone() };
    parse(bench, &path);
    Corpus::Keep
}

fn parse(bench: &Bench, path: &Path) {
    let options = bench.options.clone();
    let refusal = if bench.parser == NODES {
        import::read_nodes(path).err().map(|error| error.to_string())
    } else if let Some(name) = bench.parser.strip_prefix(SERIES) {
        series::import(name, path, options).err().map(|error| error.to_string())
    } else {
        let answer = import::import(&bench.parser, path, options);
        if let Ok((workload, summary)) = &answer {
            let dropped: u64 = summary.rows_dropped.values().sum();
            assert_eq!(summary.rows_read, summary.rows_kept + dropped);
            assert_eq!(summary.tasks, workload.task_count() as u64);
        }
        let _ = import::recognise(path);
        answer.err().map(|error| error.to_string())
    };
    if let Some(refusal) = refusal {
        assert!(!refusal.contains('\n'), "{refusal:?} is more than a line");
        assert!(refusal.contains("rackwright-fuzz-"), "{refusal:?} does not say which file");
    }
}
