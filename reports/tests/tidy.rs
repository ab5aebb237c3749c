//! The house checks itself: arrows between crates point down, heavy dependencies stay where they belong, no file
//! is forgotten, every link in the documents leads somewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Folder, and which of our crates it may use.
const CRATES: &[(&str, &[&str])] = &[
    ("sim", &[]),
    ("experiments/results", &[]),
    ("traces", &["sim"]),
    ("agents/policies", &["sim"]),
    ("agents/environment", &["policies", "sim"]),
    ("agents/learners", &["environment", "policies", "sim"]),
    ("experiments/runner", &["results", "learners", "environment", "policies", "traces", "sim"]),
    ("reports", &["results"]),
    ("experiments/cli", &["reports", "runner", "results", "policies", "traces", "sim"]),
];

/// A heavy dependency, and the folders that may know it.
const HEAVY: &[(&str, &[&str])] = &[
    ("polars", &["traces", "experiments/results"]),
    ("burn", &["agents/learners"]),
    ("plotters", &["reports"]),
    ("minijinja", &["reports"]),
    ("clap", &["experiments/cli"]),
    ("indicatif", &["experiments/cli"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names under `[dependencies]` of a crate.
fn dependencies(folder: &str) -> BTreeSet<String> {
    let text = read(&root().join(folder).join("Cargo.toml"));
    let section = text.lines().skip_while(|line| line.trim() != "[dependencies]").skip(1);
    let lines = section.take_while(|line| !line.starts_with('['));
    let names = lines.filter_map(|line| line.split(['.', ' ', '=']).next());
    names.filter(|name| !name.is_empty() && !name.starts_with('#')).map(str::to_owned).collect()
}

fn files_with(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the entry can be read").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            found.extend(files_with(&path, extension));
        } else if path.extension().is_some_and(|of_file| of_file == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn arrows_point_down() {
    for (folder, allowed) in CRATES {
        for name in dependencies(folder) {
            if let Some(ours) = name.strip_prefix("rackwright-") {
                assert!(allowed.contains(&ours), "{folder} uses {ours}, which does not lie beneath it");
            }
        }
    }
}

#[test]
fn every_member_is_known_here() {
    let text = read(&root().join("Cargo.toml"));
    let members = text.lines().skip_while(|line| !line.starts_with("members")).skip(1);
    for member in members.take_while(|line| !line.starts_with(']')) {
        let member = member.trim().trim_matches([',', '"']);
        assert!(CRATES.iter().any(|(folder, _)| *folder == member), "{member} has no place in the plan");
    }
}

#[test]
fn heavy_dependencies_stay_at_the_leaves() {
    for (heavy, homes) in HEAVY {
        for (folder, _) in CRATES.iter().filter(|(folder, _)| !homes.contains(folder)) {
            assert!(
                !dependencies(folder).contains(*heavy),
                "{folder} uses {heavy}, which belongs to {homes:?}"
            );
        }
    }
}

#[test]
fn the_kernel_names_nothing_above_it() {
    for path in files_with(&root().join("sim/src/kernel"), "rs") {
        for line in read(&path).lines().filter(|line| line.contains("crate::")) {
            assert!(line.contains("crate::kernel"), "{}: {line}", path.display());
        }
    }
}

#[test]
fn the_world_does_no_input_or_output() {
    let forbidden =
        ["std::fs", "std::io", "std::thread", "std::time", "std::env", "std::net", "HashMap", "HashSet"];
    for path in files_with(&root().join("sim/src"), "rs") {
        let text = read(&path);
        for word in forbidden {
            assert!(!text.contains(word), "{} names {word}", path.display());
        }
    }
}

/// A source file counts when its parent says `mod NAME`, or a list of a family says its name.
#[test]
fn no_file_is_orphaned() {
    for (folder, _) in CRATES {
        for path in files_with(&root().join(folder).join("src"), "rs") {
            let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name in UTF-8");
            if ["lib", "main", "mod"].contains(&name) {
                continue;
            }
            let around = files_with(path.parent().expect("it lies in a folder"), "rs");
            let parent = path.parent().expect("it lies in a folder").with_extension("rs");
            let is_named =
                around.iter().chain(parent.exists().then_some(&parent)).filter(|other| **other != path).any(
                    |other| {
                        let text = read(other);
                        // A list has a word to a line, or a word and the type that it brings.
                        let in_list = |line: &str| {
                            let mut words = line.trim().trim_end_matches(',').split(' ');
                            words.next() == Some(name) && words.count() <= 1
                        };
                        let says = |line: &str| in_list(line) || line.contains(&format!("mod {name};"));
                        text.lines().any(says)
                            || text.contains(&format!("! {{ {name}"))
                            || text.contains(&format!(", {name}"))
                    },
                );
            assert!(is_named, "{} is in no module", path.display());
        }
    }
}

#[test]
fn links_in_documents_lead_somewhere() {
    let mut checked = 0;
    for path in files_with(&root(), "md") {
        let text = read(&path);
        for rest in text.split("](").skip(1) {
            let target = rest.split([')', '#']).next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let folder = path.parent().expect("a file lies in a folder");
            assert!(folder.join(target).exists(), "{} links to {target}, which is not there", path.display());
            checked += 1;
        }
    }
    assert!(checked > 0, "the README links to other documents");
}

/// Paths that the architecture names are there.
#[test]
fn the_architecture_names_what_exists() {
    let text = read(&root().join("ARCHITECTURE.md"));
    let quoted = text.split('`').skip(1).step_by(2);
    let paths: Vec<&str> = quoted.filter(|quoted| quoted.contains('/') && !quoted.contains(' ')).collect();
    assert!(paths.len() > 10, "the page names files");
    for path in paths {
        let is_there =
            ["", "agents/policies/src", "sim/src"].iter().any(|base| root().join(base).join(path).exists());
        assert!(is_there, "ARCHITECTURE.md names {path}, which is not there");
    }
}
