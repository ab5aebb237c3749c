//! The page for newcomers, followed literally: what stands in its blocks of commands is run, from top to bottom.

use std::path::Path;
use std::process::Command;

const PAGE: &str = include_str!("../../../docs/first_experiment.md");

/// The blocks of commands of the page, in order; the one that builds the program is another kind.
fn blocks() -> Vec<&'static str> {
    let ends = |block: &'static str| block.split_once("```\n").expect("a block ends").0;
    PAGE.split("```sh\n").skip(1).map(ends).collect()
}

/// The commands that are named in the text.
fn named() -> Vec<&'static str> {
    let commands = PAGE.split("`rackwright ").skip(1);
    commands.map(|command| command.split_once('`').expect("it ends").0).collect()
}

#[test]
fn every_command_of_the_page_works_and_leaves_what_it_says() {
    if !Command::new("awk").arg("BEGIN {}").status().is_ok_and(|status| status.success()) {
        #[expect(clippy::print_stdout, reason = "a skipped test says so")]
        {
            println!("skipped: there is no awk");
        }
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let program = Path::new(env!("CARGO_BIN_EXE_rackwright")).parent().expect("it lies in a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let said = |script: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("set -e\n{script}")]).current_dir(folder.path()).env("PATH", &path);
        let output = shell.output().expect("a shell");
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(named().len() >= 3);
    named().into_iter().for_each(|command| drop(said(&format!("rackwright {command}"))));
    let said: Vec<String> = blocks().into_iter().map(said).collect();
    let [_, _, inspected, _, planned, ran, reported] = &said[..] else { panic!("{} blocks", said.len()) };
    for told in ["1500", "1495", "unknown_run_time      5"] {
        assert!(inspected.contains(told), "{told}: {inspected}");
    }
    assert!(planned.contains("30"), "{planned}");
    for told in ["first_fit", "best_fit", "shortest_first", "scale_load.factor=1.5", "±"] {
        assert!(ran.contains(told), "{told}: {ran}");
    }
    assert!(reported.contains("paper"), "{reported}");
    for left in ["results/report.html", "results/paper/README.md", "results/paper/tables/all.csv"] {
        assert!(folder.path().join(left).is_file(), "{left}");
    }
    let figures = std::fs::read_dir(folder.path().join("results/paper/figures")).expect("figures");
    let names: Vec<_> =
        figures.map(|entry| entry.expect("one").file_name().to_string_lossy().into_owned()).collect();
    assert!(names.iter().any(|name| name.contains("sweep") && name.ends_with(".svg")), "{names:?}");
}
