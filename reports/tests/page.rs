//! The page as a reader's browser gets it.

#![allow(clippy::unwrap_used)] // a panic is how a test speaks

use reports::testing::{Size, invented};
use reports::{page, write};
use results::{Results, Store, Timing};
use std::path::Path;

const USUAL: Size = Size { scenarios: 2, schedulers: 3, seeds: 3, samples: 60 };

/// Every tag that opens is closed, in order; text that is not escaped would break this.
fn check_nesting(page: &str) {
    let mut open: Vec<&str> = Vec::new();
    let body = page.split_once("</style>").unwrap().1;
    let body = body.strip_suffix("</html>").unwrap_or(body);
    for piece in body.split('<').skip(1) {
        let (tag, _) = piece.split_once('>').expect("every tag ends");
        let name = tag.split([' ', '\n']).next().unwrap();
        match name.strip_prefix('/') {
            Some("head") => {}
            Some(closed) => assert_eq!(open.pop(), Some(closed), "<{tag}>"),
            None if tag.ends_with('/') => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "still open: {open:?}");
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    let page = page(&invented(USUAL)).unwrap();
    for word in ["http", "//", "<script", "<link", "<img", "src=", "@import", "url("] {
        assert!(!page.contains(word), "{word}");
    }
    check_nesting(page.trim_end());
}

#[test]
fn everything_that_was_run_is_on_the_page() {
    let results = invented(USUAL);
    let page = page(&results).unwrap();
    for run in &results.runs {
        let record = &run.record;
        for word in [&record.scenario, &record.scheduler, &record.id, &record.digest] {
            assert!(page.contains(word.as_str()), "{word}");
        }
        assert!(record.metrics.keys().all(|name| page.contains(name)));
    }
    let command = results.manifest.command.replace('/', "&#x2f;"); // escaping turns slashes into entities
    assert!(page.contains(&command) && page.contains(&results.manifest.version));
    assert!(page.contains("9 runs") && page.contains("18 runs"));
    assert_eq!(page.matches("<svg ").count(), 2 * reports::figures::FIGURES.len() + 1, "and the overview");
    assert!(
        page.contains("class=\"better\"")
            && page.contains("class=\"worse\"")
            && page.contains("times first_fit")
    );
}

#[test]
fn the_same_results_give_the_same_bytes() {
    assert_eq!(page(&invented(USUAL)).unwrap(), page(&invented(USUAL)).unwrap());
}

#[test]
fn names_from_outside_are_escaped() {
    let mut results = invented(USUAL);
    let evil = "<b onload=\"x('y')\">&amp;";
    results.manifest.experiment = evil.to_owned();
    results.manifest.command = evil.to_owned();
    for run in &mut results.manifest.runs {
        run.scenario = format!("{evil}{}", run.scenario);
        run.scheduler = format!("{evil}{}", run.scheduler);
    }
    for run in &mut results.runs {
        run.record.scenario = format!("{evil}{}", run.record.scenario);
        run.record.scheduler = format!("{evil}{}", run.record.scheduler);
        run.record.digest = evil.to_owned();
        let wait = run.record.metrics["wait_mean"].clone();
        run.record.metrics.insert(evil.to_owned(), results::MetricValue { unit: evil.to_owned(), ..wait });
    }
    let page = page(&results).unwrap();
    assert!(!page.contains("<b ") && page.contains("&lt;b onload="));
    check_nesting(page.trim_end());
}

#[test]
fn a_claim_stands_at_the_top() {
    let mut results = invented(USUAL);
    assert!(!page(&results).unwrap().contains("The claim"));
    results.manifest.claim = Some(results::Claim {
        says: "<b>nobody</b> waits".to_owned(),
        metric: "wait_mean".to_owned(),
        bound: results::Bound::AtMost(1.0),
        limits: Some("how it feels".to_owned()),
    });
    let page = page(&results).unwrap();
    let (claim, run) = (page.find("The claim").unwrap(), page.find("What was run").unwrap());
    assert!(claim < run && !page.contains("<b>nobody"));
    assert!(page.contains("it holds in 0 of 6 settings") && page.contains("Beyond the model: how it feels"));
    check_nesting(page.trim_end());
}

#[test]
fn one_run_and_one_seed_claim_nothing() {
    let page = page(&invented(Size { scenarios: 1, schedulers: 1, seeds: 1, samples: 10 })).unwrap();
    assert!(page.contains("one seed, so no interval"));
    for verdict in ["better", "worse", "unclear"] {
        assert!(!page.contains(&format!("class=\"{verdict}\"")), "{verdict}");
    }
    check_nesting(page.trim_end());
}

#[test]
fn unfinished_experiments_say_so() {
    let mut results = invented(USUAL);
    results.runs.truncate(4);
    let some = page(&results).unwrap();
    assert!(some.contains("4 of 18 runs so far") && some.contains("4 of 9 runs so far"));
    assert!(some.contains("No run of this scenario has ended yet."));
    check_nesting(some.trim_end());
    results.runs.clear();
    check_nesting(page(&results).unwrap().trim_end());
    results.manifest.runs.clear();
    check_nesting(page(&results).unwrap().trim_end());
}

#[test]
fn the_page_lands_in_the_folder_of_its_experiment() {
    let invented = invented(USUAL);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("page-{}", std::process::id()));
    let store = Store::create_or_open(&folder, &invented.manifest).unwrap();
    let timing =
        Timing { wall_seconds: 1.0, decisions_per_second: 2.0, events_per_second: 3.0, ..Timing::default() };
    for run in &invented.runs {
        store.record(&run.record, &run.series, &timing).unwrap();
    }
    let finished = store.finish().unwrap();
    assert_eq!(finished, invented);
    let path = write(&folder, &finished).unwrap();
    assert_eq!(path, folder.join("report.html"));
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        written,
        page(&Results::load(&folder).unwrap()).unwrap(),
        "what was read back gives the same page"
    );
    std::fs::remove_dir_all(&folder).unwrap();
}
