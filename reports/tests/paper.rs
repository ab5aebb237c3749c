//! The folder for a paper, as it lies on disk.

#![allow(clippy::unwrap_used)] // a panic is how a test speaks

use reports::testing::{Size, invented, swept};
use reports::{Paper, ReportError, Selection};
use results::{Results, Timing};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const USUAL: Size = Size { scenarios: 2, schedulers: 3, seeds: 3, samples: 30 };

fn timings(results: &Results) -> BTreeMap<String, Timing> {
    let timing = |place: usize| Timing {
        prepare_seconds: Some(0.5),
        peak_memory_bytes: Some(4096),
        wall_seconds: 1.0 + place as f64,
        decisions_per_second: 1000.0,
        events_per_second: 3000.0,
    };
    results.runs.iter().enumerate().map(|(place, run)| (run.record.id.clone(), timing(place))).collect()
}

fn paper(results: &Results) -> Paper {
    Paper::of(results, &timings(results), &Selection::default()).unwrap()
}

fn text<'a>(paper: &'a Paper, path: &str) -> &'a str {
    let file = paper.files.iter().find(|file| file.path == path);
    std::str::from_utf8(&file.unwrap_or_else(|| panic!("{path} is not there")).bytes).unwrap()
}

fn rows(paper: &Paper, path: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text(paper, path).as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("paper-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

fn files_below(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files_below(&path)),
            false => drop(found.insert(path)),
        }
    }
    found
}

#[test]
fn every_figure_is_there_three_times() {
    let paper = paper(&invented(USUAL));
    let figures: Vec<&str> =
        paper.files.iter().filter_map(|file| file.path.strip_prefix("figures/")).collect();
    assert_eq!(figures.len(), 3 * (1 + 2 * reports::figures::FIGURES.len()), "{figures:?}");
    for name in figures.iter().filter_map(|file| file.strip_suffix(".svg")) {
        assert!(figures.contains(&format!("{name}.png").as_str()), "{name}");
        let svg = text(&paper, &format!("figures/{name}.svg"));
        assert!(svg.starts_with("<svg ") && !svg.contains("currentColor"), "{name}");
        assert!(!rows(&paper, &format!("figures/{name}.csv")).is_empty(), "{name}");
    }
    for file in paper.files.iter().filter(|file| file.path.ends_with(".png")) {
        assert!(file.bytes.starts_with(b"\x89PNG") && file.bytes.len() > 10_000, "{}", file.path);
    }
}

#[test]
fn the_same_results_give_the_same_bytes() {
    assert!(paper(&invented(USUAL)) == paper(&invented(USUAL)), "something differs from time to time");
}

#[test]
fn every_number_is_in_one_table() {
    let results = invented(USUAL);
    let paper = paper(&results);
    let header = text(&paper, "tables/all.csv").lines().next().unwrap();
    assert!(header.starts_with(
        "scenario,scheduler,metric,unit,better,seeds,mean,half_width,difference,difference_half_width,ratio,\
         ratio_half_width,verdict"
    ));
    let rows = rows(&paper, "tables/all.csv");
    assert_eq!(rows.len(), 2 * 3 * results.runs[0].record.metrics.len());
    let row = rows.iter().find(|row| row["scheduler"] == "best_fit" && row["metric"] == "wait_mean").unwrap();
    let value =
        |scheduler: usize, seed: usize| results.runs[3 * scheduler + seed].record.metrics["wait_mean"].value;
    let mean = |scheduler: usize| (0..3).map(|seed| value(scheduler, seed)).sum::<f64>() / 3.0;
    let number = |name: &str| row[name].parse::<f64>().unwrap();
    assert!((number("mean") - mean(1)).abs() < 1e-12);
    assert!((number("difference") - (mean(1) - mean(0))).abs() < 1e-12);
    assert!((number("ratio") - mean(1) / mean(0)).abs() < 1e-12);
    assert_eq!((row["verdict"].as_str(), row["baseline"].as_str()), ("better", "first_fit"));
    // Every mean over several seeds has an interval.
    let intervals =
        [("mean", "half_width"), ("difference", "difference_half_width"), ("ratio", "ratio_half_width")];
    for row in &rows {
        for (name, interval) in intervals.iter().chain(&[("interquartile_mean", "interquartile_mean_low")]) {
            assert_eq!(row[*name].is_empty(), row[*interval].is_empty(), "{row:?}");
        }
    }
}

#[test]
fn tables_for_people_say_what_their_numbers_are() {
    let paper = paper(&invented(USUAL));
    let markdown = text(&paper, "tables/gpu-burst.md");
    let lines: Vec<&str> = markdown.lines().collect();
    assert_eq!(
        lines[0],
        "gpu\\_burst: mean over 3 seeds ± half of its 95 % interval (Student's t). The best mean of each column is \
         in bold."
    );
    assert!(
        lines[2].starts_with("| scheduler | mean wait (s, lower is better) | mean bounded slowdown (lower")
    );
    assert!(markdown.contains("difference to first\\_fit, scheduler minus first\\_fit, paired by seed"));
    assert!(markdown.contains("**") && markdown.contains("\\*"), "{markdown}");
    for path in ["tables/gpu-burst.tex", "tables/overview.tex"] {
        let latex = text(&paper, path);
        for (open, close) in [("\\begin{table}", "\\end{table}"), ("\\toprule", "\\bottomrule"), ("{", "}")] {
            assert_eq!(latex.matches(open).count(), latex.matches(close).count(), "{path}: {open}");
        }
        let alignment = latex.split("\\begin{tabular}{").nth(1).unwrap().split('}').next().unwrap();
        for line in
            latex.split("\\end{tabular}").next().unwrap().lines().filter(|line| line.ends_with("\\\\"))
        {
            assert_eq!(line.matches(" & ").count() + 1, alignment.len(), "{path}: {line}");
        }
        assert!(latex.contains("\\pm") && latex.contains("\\mathbf{") && latex.contains("95~\\%"), "{latex}");
    }
    assert!(
        text(&paper, "tables/overview.md").starts_with("mean wait in s, lower is better: mean over 3 seeds")
    );
}

#[test]
fn the_readme_names_commands_and_files() {
    let results = invented(USUAL);
    let selection = Selection {
        metrics: vec!["makespan".to_owned()],
        baseline: Some("best_fit".to_owned()),
        scenario: Some("gpu*".to_owned()),
    };
    let paper = Paper::of(&results, &BTreeMap::new(), &selection).unwrap();
    let readme = text(&paper, "README.md");
    for word in [
        results.manifest.command.as_str(),
        "rackwright report RESULTS --metrics makespan --baseline best_fit --scenario 'gpu*'",
        results.manifest.version.as_str(),
        results.manifest.config_digest.as_str(),
        "scheduler minus best\\_fit",
    ] {
        assert!(readme.contains(word), "{word}: {readme}");
    }
    for file in &paper.files[1..] {
        assert!(readme.contains(&format!("({})", file.path)), "{}", file.path);
        assert!(!file.path.contains("mixed"), "{} was not asked for", file.path);
    }
    assert!(!readme.contains("timings.csv)"), "nothing was timed");
    assert!(text(&paper, "tables/gpu-burst.tex").contains("makespan"));
    assert!(!text(&paper, "tables/gpu-burst.tex").contains("mean wait"));
}

#[test]
fn what_is_not_there_is_said() {
    let paper = paper(&invented(Size { scenarios: 1, schedulers: 1, seeds: 1, samples: 0 }));
    let readme = text(&paper, "README.md");
    assert!(readme.contains("there is no scheduler but first\\_fit"), "{readme}");
    assert!(readme.contains("no run of the first seed has ended with samples"), "{readme}");
    assert!(text(&paper, "tables/mixed-small.md").contains("one seed, so without intervals"));
    assert!(!text(&paper, "tables/mixed-small.tex").contains("\\pm"));
    let mut begun = invented(USUAL);
    begun.runs.clear();
    let begun = Paper::of(&begun, &BTreeMap::new(), &Selection::default()).unwrap();
    assert!(text(&begun, "README.md").contains("0 of 18 runs so far"));
}

#[test]
fn timings_are_means_by_scheduler() {
    let paper = paper(&invented(USUAL));
    let rows = rows(&paper, "timings.csv");
    assert_eq!(rows.len(), 2 * 3);
    assert_eq!((rows[0]["wall_seconds"].as_str(), rows[0]["runs"].as_str()), ("2", "3"));
    assert_eq!(rows[0]["decisions_per_second_half_width"], "0");
}

#[test]
fn sweeps_have_a_figure_of_their_own() {
    let paper = paper(&swept("rules.usual.pue", &["1.1", "1.5"], 2, 3));
    let rows = rows(&paper, "figures/all-sweep-mixed-small-rules-usual-pue.csv");
    assert!(rows.iter().all(|row| ["1.1", "1.5"].contains(&row["rules.usual.pue"].as_str())));
    assert!(text(&paper, "README.md").contains("mixed\\_small: rules.usual.pue swept"));
}

#[test]
fn a_later_report_replaces_an_earlier_one_and_nothing_else() {
    let folder = scratch("replace");
    let both = paper(&invented(USUAL));
    let written = both.write(&folder).unwrap();
    assert_eq!(written.iter().cloned().collect::<BTreeSet<_>>(), files_below(&folder));
    assert_eq!(written.len(), both.files.len() + 1, "and the list of files");
    std::fs::write(folder.join("figures/mine.svg"), "mine").unwrap();
    let one = paper(&invented(Size { scenarios: 1, ..USUAL }));
    one.write(&folder).unwrap();
    let there = files_below(&folder);
    assert_eq!(there.len(), one.files.len() + 2);
    assert!(there.contains(&folder.join("figures/mine.svg")));
    assert!(!there.iter().any(|path| path.to_string_lossy().contains("gpu-burst")));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn folders_of_others_are_left_alone() {
    let folder = scratch("foreign");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("thesis.tex"), "mine").unwrap();
    let one = paper(&invented(Size { scenarios: 1, schedulers: 1, seeds: 1, samples: 0 }));
    let refused = one.write(&folder).unwrap_err();
    assert!(matches!(refused, ReportError::ForeignFolder { .. }), "{refused}");
    std::fs::write(folder.join("files.csv"), "file,what\n../outside.txt,theirs\n").unwrap();
    let refused = one.write(&folder).unwrap_err().to_string();
    assert!(refused.contains("`../outside.txt`"), "{refused}");
    assert_eq!(files_below(&folder).len(), 2);
    std::fs::remove_dir_all(&folder).unwrap();
}
