//! The binary as people meet it: help, refusals, lists, traces, the main job.

mod common;

use common::{configs, printed, refusal};
use serde_json::Value;

const SMALL: &str = r#"
name = "small"
seeds = [1, 2]
series_points = 20
[[clusters.c.hosts]]
count = 12
model = "host"
cores = 64
memory_gib = 512
devices = [{ kind = "T4", count = 4 }]
power = "sr665_7763"
[clusters.c.device_kinds.T4]
shared = true
[workloads.w]
source = { generator = "bench_cluster", hosts = 12, tasks = 400 }
[schedulers.first_fit]
[schedulers.best_fit]
place = "best_fit"
[[scenarios]]
name = "s"
cluster = "c"
workload = "w"
"#;

const TWO_JOBS: &str = "; MaxProcs: 8\n1 0 0 100 4 -1 -1 4 200 -1 1 1 1 1 1 1 -1 -1\n2 5 0 0 2 -1 -1 2 50 -1 1 1 1 1 1 1 -1 -1\n";

fn folder_with_small() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("small.toml"), SMALL).expect("written");
    folder
}

#[test]
fn every_verb_has_help_with_examples() {
    let folder = tempfile::tempdir().expect("a folder");
    let verbs: &[&[&str]] = &[
        &[],
        &["run"],
        &["trace"],
        &["trace", "import"],
        &["trace", "inspect"],
        &["trace", "replay"],
        &["trace", "generate"],
        &["trace", "survey"],
        &["trace", "fit"],
        &["trace", "transform"],
        &["list"],
        &["bench"],
        &["report"],
        &["rivals"],
        &["predict"],
        &["train"],
        &["schema"],
        &["completions"],
        &["man"],
    ];
    for verb in verbs {
        let help = printed(folder.path(), &[verb, &["--help"][..]].concat());
        assert!(help.contains("Usage: rackwright") && help.contains("Examples:\n"), "{verb:?}: {help}");
    }
    assert!(printed(folder.path(), &["--version"]).starts_with("rackwright "));
}

#[test]
fn the_examples_of_generating_and_listing_work() {
    let folder = tempfile::tempdir().expect("a folder");
    let help: String =
        [&["trace", "--help"][..], &["trace", "generate", "--help"], &["list", "--help"], &["--help"]]
            .iter()
            .map(|args| printed(folder.path(), args))
            .collect();
    let mut examples: Vec<&str> = help
        .lines()
        .filter_map(|line| line.strip_prefix("  rackwright "))
        .map(|example| example.split("   ").next().unwrap_or_default())
        .filter(|example| example.starts_with("trace generate") || example.starts_with("list"))
        .collect();
    examples.sort_unstable();
    examples.dedup();
    assert!(examples.len() >= 5, "{examples:?}");
    for (index, example) in examples.iter().enumerate() {
        let out = format!("w{index}");
        let args: Vec<&str> = example.split_whitespace().collect();
        let args: Vec<&str> = args
            .iter()
            .map(|&word| if word.starts_with("workloads/") { out.as_str() } else { word })
            .collect();
        printed(folder.path(), &args);
    }
}

#[test]
fn wrong_arguments_are_refused_in_one_line() {
    let folder = folder_with_small();
    std::fs::write(folder.path().join("text.txt"), "nothing\n").expect("written");
    std::fs::write(folder.path().join("short.swf"), TWO_JOBS).expect("written");
    std::fs::write(folder.path().join("wrong.toml"), SMALL.replace("best_fit", "best_fitt"))
        .expect("written");
    let late = SMALL.to_owned() + "rules = \"r\"\n[rules.r]\nwarm_up_seconds = 1e9\n";
    std::fs::write(folder.path().join("late.toml"), late).expect("written");
    let needs_data = SMALL.replace(
        "generator = \"bench_cluster\", hosts = 12, tasks = 400",
        "importer = \"swf\", path = \"log.swf\"",
    );
    std::fs::write(folder.path().join("data.toml"), needs_data).expect("written");
    let cases: &[(&[&str], &[&str])] = &[
        (&["rnu"], &["`rnu`", "did you mean `run`?"]),
        (&["trace", "imprt"], &["`imprt`", "did you mean `import`?"]),
        (&["trace"], &["import"]),
        (&["run", "small.toml"], &["--out"]),
        (&["run", "small.toml", "--out", "o", "--treads", "2"], &["--treads", "--threads"]),
        (&["run", "small.toml", "--out", "o", "--threads", "0"], &["0", "--threads"]),
        (&["run", "nowhere.toml", "--out", "o"], &["nowhere.toml", "cannot be read"]),
        (&["run", "wrong.toml", "--out", "o"], &["wrong.toml, line ", "best_fitt", "best_fit"]),
        (&["run", "data.toml", "--out", "o"], &["log.swf", "--data", "RACKWRIGHT_DATA"]),
        (&["run", "data.toml", "--out", "o", "--data", "nowhere"], &["data folder nowhere"]),
        (&["run", "data.toml", "--out", "o", "--data", "."], &["log.swf", "cannot be read"]),
        (&["trace", "inspect", "nowhere.swf"], &["nowhere.swf", "cannot be opened"]),
        (&["trace", "inspect", "text.txt"], &["text.txt", "--format", "swf"]),
        (&["trace", "inspect", "text.txt", "--format", "swf"], &["text.txt, line 1"]),
        (&["trace", "inspect", "text.txt", "--format", "sfw"], &["`sfw`", "did you mean `swf`?"]),
        (
            &["trace", "import", "text.txt", "--format", "swf", "--out", "w", "-o", "x"],
            &["-o x", "KEY=VALUE"],
        ),
        (&["trace", "generate", "mixed", "--seed", "1", "--out", "w"], &["`mixed`", "mixed_cluster"]),
        (&["trace", "generate", "mixed_cluster", "--seed", "1", "--out", "w", "-o", "taks=1"], &["taks"]),
        (
            &["trace", "generate", "poisson", "--seed", "1", "--out", "w", "--options", "small.toml"],
            &["small.toml", "poisson"],
        ),
        (
            &["trace", "generate", "poisson", "--seed", "1", "--out", "w", "--options", "no.toml"],
            &["no.toml", "cannot be read"],
        ),
        (&["trace", "fit", "nowhere.swf"], &["nowhere.swf", "cannot be opened"]),
        (&["trace", "fit", "short.swf"], &["2 jobs", "20 or more"]),
        (&["trace", "transform", "short.swf", "--out", "w"], &["sample", "--merge"]),
        (
            &["trace", "transform", "short.swf", "--out", "w", "smaple = {}"],
            &["`smaple`", "did you mean `sample`?"],
        ),
        (&["trace", "transform", "short.swf", "--out", "w", "sample"], &["NAME = { KEY = VALUE }"]),
        (&["trace", "transform", "short.swf", "--out", "w", "sample = { share = 2 }"], &["`share`: 2"]),
        (&["trace", "transform", "short.swf", "--out", "w", "sample = { sahre = 1 }"], &["sahre", "share"]),
        (
            &[
                "trace",
                "transform",
                "short.swf",
                "--out",
                "w",
                "window = { first_jobs = [0], count = 1 }",
                "--seed",
                "1",
            ],
            &["seed 1"],
        ),
        (&["list", "polices"], &["polices", "policies"]),
        (&["bench", "--hosts", "3"], &["hosts"]),
        (&["bench", "--scheduler", "best"], &["best", "best_fit"]),
        (&["report", "."], &["experiment.json"]),
        (&["run", "small.toml", "--out", "."], &["not empty"]),
        (&["run", "small.toml", "--dry-run", "--out", "."], &["."]),
        (&["run", "small.toml", "--dry-run", "--only", "t"], &["--only t", "the scenarios are `s`"]),
        (&["run", "small.toml", "--out", "o", "--only", "s:best_fir"], &["did you mean `s:best_fit`?"]),
        (&["run", "small.toml", "--out", "o", "--only", "seed=3"], &["seed=3", "the seeds are 1, 2"]),
        (&["run", "small.toml", "--out", "o", "--only", "s", "--force"], &["--only", "--force"]),
        (&["run", "late.toml", "--out", "o"], &["warm_up_seconds", "ended after"]),
        (&["schema", "clusters"], &["clusters", "cluster"]),
        (&["completions", "bahs"], &["bahs", "bash"]),
    ];
    for (args, expected) in cases {
        let line = refusal(folder.path(), args);
        for part in *expected {
            assert!(line.contains(part), "{args:?} is refused without `{part}`: {line}");
        }
    }
}

#[test]
fn a_run_leaves_a_report_and_is_shown_again() {
    let folder = folder_with_small();
    let run = ["run", "small.toml", "--out", "o"];
    let first = printed(folder.path(), &run);
    assert!(
        first.contains("first_fit") && first.contains("best_fit") && first.contains("report.html"),
        "{first}"
    );
    let before = common::content(&folder.path().join("o"));
    assert_eq!(printed(folder.path(), &run), first);
    assert_eq!(common::content(&folder.path().join("o")), before);
    std::fs::remove_file(folder.path().join("o/report.html")).expect("it was written");
    assert!(printed(folder.path(), &["report", "o"]).contains("report.html"));
    assert!(folder.path().join("o/report.html").exists());

    let summary =
        printed(folder.path(), &["run", "small.toml", "--out", "o", "--force", "--no-report", "--json"]);
    let summary: Value = serde_json::from_str(&summary).expect("JSON");
    assert_eq!(summary["runs"].as_array().map(Vec::len), Some(4));
    assert!(!folder.path().join("o/report.html").exists());

    std::fs::write(folder.path().join("small.toml"), SMALL.replace("count = 12", "count = 13"))
        .expect("written");
    assert!(refusal(folder.path(), &run).contains("--force"));
}

#[test]
fn a_report_writes_what_a_paper_needs() {
    let folder = folder_with_small();
    printed(folder.path(), &["run", "small.toml", "--out", "o"]);
    assert!(!folder.path().join("o/paper").exists(), "a run writes the page only");
    let text = printed(folder.path(), &["report", "o"]);
    assert!(text.contains("best_fit") && text.contains("report.html") && text.contains("o/paper"), "{text}");
    let readme = std::fs::read_to_string(folder.path().join("o/paper/README.md")).expect("written");
    assert!(readme.contains("`rackwright run small.toml`") && readme.contains("`rackwright report RESULTS`"));
    let page = std::fs::read_to_string(folder.path().join("o/report.html")).expect("written");
    assert!(
        page.contains("paper/README.md") || page.contains("paper&#x2f;README.md"),
        "the page leads there"
    );
    let before = common::content(&folder.path().join("o"));
    assert!(before.keys().any(|path| path.ends_with("figures/s-side-by-side.png")));
    assert!(before.keys().any(|path| path.ends_with("paper/timings.csv")));
    printed(folder.path(), &["report", "o"]);
    printed(folder.path(), &["run", "small.toml", "--out", "o"]);
    assert_eq!(common::content(&folder.path().join("o")), before, "the same bytes each time");

    let chosen = ["--metrics", "makespan,wait_mean", "--baseline", "best_fit", "--scenario", "s*"];
    let out = ["report", "o", "--out", "elsewhere/figures", "--json"];
    let written: Value =
        serde_json::from_str(&printed(folder.path(), &[&out[..], &chosen].concat())).expect("JSON");
    let written = written["files"].as_array().expect("a list");
    assert!(written.len() > 20);
    for path in written {
        assert!(folder.path().join(path.as_str().expect("a path")).is_file(), "{path}");
    }
    let table =
        std::fs::read_to_string(folder.path().join("elsewhere/figures/tables/s.md")).expect("written");
    assert!(
        table.contains("| scheduler | makespan") && table.contains("difference to best\\_fit"),
        "{table}"
    );

    for (args, expected) in [
        (["--metrics", "wait_men"], "wait_mean"),
        (["--baseline", "random"], "first_fit, best_fit"),
        (["--scenario", "t*"], "no scenario fits `t*`"),
        (["--out", "."], "not empty"),
    ] {
        let line = refusal(folder.path(), &[&["report", "o"][..], &args].concat());
        assert!(line.contains(expected), "{args:?}: {line}");
    }
}

#[test]
fn a_claim_stands_in_every_report() {
    let folder = folder_with_small();
    let claim = "metrics = [\"cpu_utilisation\"]\n[claim]\nsays = \"hosts are full\"\nmetric = \"cpu_utilisation\"\n\
                 at_least = 2\nlimits = \"what is full\"\n[[clusters.c.hosts]]";
    let text = SMALL.replace("[[clusters.c.hosts]]", claim);
    std::fs::write(folder.path().join("small.toml"), text).expect("written");
    let said =
        "\"hosts are full\", that is, cpu utilisation at least 2: it holds in 0 of 2 settings, does not in 2";
    let on_one_line = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let run = on_one_line(printed(folder.path(), &["run", "small.toml", "--out", "o"]));
    assert!(run.contains(said) && run.contains("s with first_fit and best_fit: no, "), "{run}");
    let report = printed(folder.path(), &["report", "o", "--metrics", "wait_mean"]);
    assert!(on_one_line(report).contains(said));
    let page = std::fs::read_to_string(folder.path().join("o/report.html")).expect("written");
    assert!(page.contains("cpu utilisation at least 2") && page.contains("Beyond the model: what is full"));
    let paper = std::fs::read_to_string(folder.path().join("o/paper/claim.txt")).expect("written");
    assert!(
        paper.starts_with(&format!("The claim {said}")) && paper.ends_with("model: what is full.\n"),
        "{paper}"
    );
    for args in [&["run", "small.toml", "--out", "o", "--json"][..], &["report", "o", "--json"]] {
        let found: Value = serde_json::from_str(&printed(folder.path(), args)).expect("JSON");
        let claim = &found["claim"];
        assert_eq!(claim["settings"].as_array().map(Vec::len), Some(2), "{claim}");
        assert_eq!((&claim["does_not"], &claim["bound"]["at_least"]), (&2.into(), &2.0.into()));
    }
}

#[test]
fn the_list_has_every_family() {
    let folder = tempfile::tempdir().expect("a folder");
    let all = printed(folder.path(), &["list"]);
    for name in [
        "fcfs",
        "best_fit",
        "easy",
        "wait_mean",
        "swf",
        "mixed_cluster",
        "lublin",
        "poisson",
        "time_window",
        "sr665_7763",
        "A100",
        "epyc_fleet",
        "when_no_place",
        "effects.numa",
        "ice_lake",
        "[ns; cascade_lake: 140.4]",
        "[1/s; default: 10000.0]",
        "rules.NAME.surroundings",
        "restricted",
    ] {
        assert!(all.contains(name), "{name} is not in the list");
    }
    for family in
        ["policies", "metrics", "formats", "generators", "transforms", "models", "clusters", "rules"]
    {
        let entries: Value =
            serde_json::from_str(&printed(folder.path(), &["list", family, "--json"])).expect("JSON");
        let entries = entries.as_array().expect("a list");
        assert!(!entries.is_empty(), "{family}");
        assert!(
            entries.iter().all(|entry| entry["name"].is_string() && entry["help"].is_string()),
            "{family}"
        );
    }
}

#[test]
fn a_generated_workload_can_be_inspected_and_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let generate = ["trace", "generate", "mixed_cluster", "--seed", "7", "--out", "w"];
    // So few tasks reach no share of the cluster that is worth stating.
    let few = ["-o", "tasks=300", "-o", "cluster.peak_gpu_share=0", "-o", "cluster.peak_cpu_share=0"];
    printed(folder.path(), &[&generate[..], &few].concat());
    let summary: Value =
        serde_json::from_str(&printed(folder.path(), &["trace", "inspect", "w", "--json"])).expect("JSON");
    for key in ["importer", "rows_read", "rows_kept", "rows_dropped", "tasks", "span_seconds"] {
        assert!(!summary[key].is_null(), "{key}: {summary}");
    }
    assert_eq!(summary["tasks"], 300);
    let text = SMALL.replace("generator = \"bench_cluster\", hosts = 12, tasks = 400", "canonical = \"w\"");
    std::fs::write(folder.path().join("canonical.toml"), text).expect("written");
    printed(folder.path(), &["run", "canonical.toml", "--out", "o", "--no-report"]);
    assert!(refusal(folder.path(), &generate).contains("not overwritten"));
}

#[test]
fn a_swf_log_is_imported_and_inspected() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("log.swf"), TWO_JOBS).expect("written");
    let text = printed(folder.path(), &["trace", "inspect", "log.swf"]);
    assert!(text.contains("rows read               2") && text.contains("max_procs"), "{text}");
    let args = ["trace", "import", "log.swf", "--format", "swf", "--out", "w", "-o", "zero_run_time=drop"];
    assert!(printed(folder.path(), &args).contains("rows dropped            1"));
    assert!(printed(folder.path(), &["trace", "inspect", "w"]).contains("tasks                   1"));
}

#[test]
fn a_fit_is_generated_and_run_as_it_stands() {
    let folder = tempfile::tempdir().expect("a folder");
    printed(folder.path(), &["trace", "generate", "lublin", "--seed", "1", "--out", "w", "-o", "jobs=600"]);
    let told = printed(folder.path(), &["trace", "fit", "w", "--out", "f", "--seed", "3"]);
    assert!(told.contains("run time") && told.contains("fit: f"), "{told}");
    for name in ["fitted.toml", "fit.json", "fit.md", "comparison.csv", "comparison.svg", "comparison.png"] {
        assert!(folder.path().join("f").join(name).metadata().is_ok_and(|file| file.len() > 200), "{name}");
    }
    let read = |name: &str| std::fs::read_to_string(folder.path().join("f").join(name)).expect("text");
    let report: Value = serde_json::from_str(&read("fit.json")).expect("JSON");
    assert!(report["quantities"].as_array().is_some_and(|all| all.len() >= 4), "{report}");
    assert!(report["classes"][0]["candidates"][0]["aic"].is_number(), "{report}");
    let fitted = read("fitted.toml");
    let example = fitted.lines().find_map(|line| line.strip_prefix("# rackwright ")).expect("a command");
    let args: Vec<&str> =
        example.split_whitespace().map(|word| if word == "workloads/fitted" { "g" } else { word }).collect();
    assert!(printed(folder.path(), &args).contains("600 jobs"), "{args:?}");
    printed(folder.path(), &[&args[..5], &["--seed", "3", "--out", "h", "-o", "jobs=50"]].concat()[..]);
    // A part of an experiment as it stands.
    let start = SMALL.find("[workloads.w]").expect("there");
    let end = SMALL.find("[schedulers.first_fit]").expect("there");
    let text = [&SMALL[..start], &SMALL[end..], &fitted]
        .concat()
        .replace("workload = \"w\"", "workload = \"fitted\"");
    std::fs::write(folder.path().join("fitted.toml"), text).expect("written");
    printed(folder.path(), &["run", "fitted.toml", "--out", "o", "--no-report"]);
    assert!(refusal(folder.path(), &["trace", "fit", "w", "--out", "f"]).contains("not overwritten"));
}

#[test]
fn steps_and_merging_are_told_of_and_written_down() {
    let folder = tempfile::tempdir().expect("a folder");
    printed(folder.path(), &["trace", "generate", "poisson", "--seed", "1", "--out", "w", "-o", "jobs=400"]);
    let split = |part: &str, out: &str| {
        let step = format!("split = {{ part = '{part}', train = 0.5, validation = 0.25, test = 0.25 }}");
        printed(folder.path(), &["trace", "transform", "w", "--out", out, &step])
    };
    let told: Vec<String> =
        [("train", "a"), ("validation", "b"), ("test", "c")].map(|(part, out)| split(part, out)).into();
    assert!(told.iter().all(|one| one.contains("read                400 jobs")), "{told:?}");
    let merge =
        ["trace", "transform", "a", "--merge", "b", "--merge", "c", "--align", "origin", "--out", "m"];
    assert!(printed(folder.path(), &merge).contains("merge               400 jobs"));
    let sampled = [
        "trace",
        "transform",
        "m",
        "--out",
        "s",
        "--seed",
        "5",
        "sample = { share = 0.5 }",
        "limit = { tasks = 90 }",
    ];
    assert!(printed(folder.path(), &sampled).contains("limit               90 jobs"));
    let manifest = std::fs::read_to_string(folder.path().join("s/manifest.toml")).expect("text");
    assert!(manifest.contains("m; sample = { share = 0.5 }; limit = { tasks = 90 }; seed 5"), "{manifest}");
}

#[test]
fn the_bench_measures_speed_and_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = ["bench", "--hosts", "50", "--tasks", "3000", "--scheduler", "best_fit", "--json"];
    let report: Value = serde_json::from_str(&printed(folder.path(), &args)).expect("JSON");
    for key in [
        "events_per_second",
        "decisions_per_second",
        "scan_decisions_per_second",
        "peak_memory_bytes",
        "bytes_per_task",
        "bytes_per_host",
    ] {
        assert!(report[key].as_f64().is_some_and(|value| value > 0.0), "{key}: {report}");
    }
    assert_eq!(
        (&report["hosts"], &report["tasks"], &report["scheduler"]),
        (&50.into(), &3000.into(), &"best_fit".into())
    );
    let text = printed(folder.path(), &["bench", "--hosts", "20", "--tasks", "500", "--scheduler", "random"]);
    assert!(text.contains("bytes per task") && text.contains("no scan"), "{text}");
}

#[test]
fn a_dry_run_shows_the_plan_and_writes_nothing() {
    let folder = folder_with_small();
    let text = printed(folder.path(), &["run", "small.toml", "--dry-run"]);
    assert!(text.contains("1 scenarios x 2 schedulers x 2 seeds = 4 runs"), "{text}");
    assert!(text.contains("estimate: ") && text.contains("MiB") && text.contains("how: "), "{text}");
    let args = ["run", "small.toml", "--out", "o", "--dry-run", "--json", "--only", "*:best_fit"];
    let plan: Value = serde_json::from_str(&printed(folder.path(), &args)).expect("JSON");
    assert_eq!((&plan["runs"], &plan["wanted"], &plan["left"]), (&4.into(), &2.into(), &2.into()));
    assert_eq!((&plan["parts"][0]["tasks"], &plan["parts"][0]["hosts"]), (&400.into(), &12.into()));
    assert!(plan["peak_memory_bytes"].as_u64().is_some_and(|bytes| bytes > 400 * 90), "{plan}");
    assert!(!folder.path().join("o").exists());
}

#[test]
fn runs_one_by_one_leave_the_bytes_of_all_at_once() {
    let folder = folder_with_small();
    printed(folder.path(), &["run", "small.toml", "--out", "whole"]);
    let parts: [&[&str]; 3] = [&["s:best_fit", "seed=2"], &["*:f*t"], &["s"]];
    for (only, done) in parts.iter().zip(["1 of 4", "3 of 4", "report.html"]) {
        let mut args = vec!["run", "small.toml", "--out", "parts"];
        only.iter().for_each(|pattern| args.extend(["--only", pattern]));
        let text = printed(folder.path(), &args);
        assert!(text.contains(done), "{text}");
        assert_eq!(folder.path().join("parts/summary.json").exists(), done == "report.html");
    }
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    assert_eq!(common::content(&whole), common::content(&parts));
    for timing in std::fs::read_to_string(parts.join("timings.jsonl")).expect("readable").lines() {
        let timing: Value = serde_json::from_str(timing).expect("JSON");
        assert!(timing["prepare_seconds"].is_f64(), "{timing}");
        assert!(timing["peak_memory_bytes"].as_u64().is_some_and(|bytes| bytes > 10_000), "{timing}");
    }
}

#[test]
fn a_sweep_runs_and_its_values_are_in_the_records() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = SMALL.to_owned()
        + "[sweep]\n'workloads.w.source.tasks' = [100, 200]\n'schedulers.best_fit.place' = ['fgd', 'best_fit']\n";
    std::fs::write(folder.path().join("sweep.toml"), text).expect("written");
    let text = printed(folder.path(), &["run", "sweep.toml", "--out", "o"]);
    assert!(text.contains("best_fit[place=fgd]"), "{text}");
    let summary = std::fs::read_to_string(folder.path().join("o/summary.json")).expect("readable");
    let summary: Value = serde_json::from_str(&summary).expect("JSON");
    assert_eq!(summary["runs"].as_array().map(Vec::len), Some(12));
    let last = &summary["runs"][11];
    assert_eq!(last["scenario"], "s [source.tasks=200]");
    // In the record of every run of the swept scheduler.
    let records = std::fs::read_dir(folder.path().join("o/runs")).expect("a folder");
    let records = records.map(|record| std::fs::read(record.expect("an entry").path()).expect("readable"));
    let swept = records.map(|record| serde_json::from_slice::<Value>(&record).expect("JSON"));
    let swept = swept.filter(|record| record["config"]["sweep"]["schedulers.best_fit.place"] == "best_fit");
    assert_eq!(swept.count(), 4, "two seeds of two loads");
}

#[test]
fn a_schema_completions_and_manual_pages_are_written() {
    let folder = tempfile::tempdir().expect("a folder");
    printed(folder.path(), &["schema", "--out", "schema.json"]);
    let file = std::fs::read_to_string(folder.path().join("schema.json")).expect("written");
    assert_eq!(file, printed(folder.path(), &["schema"]));
    let schema: Value = serde_json::from_str(&file).expect("JSON");
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(printed(folder.path(), &["schema", "cluster"]).contains("hosts_per_rack"));
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(printed(folder.path(), &["completions", shell]).contains("dry-run"), "{shell}");
    }
    assert!(printed(folder.path(), &["man"]).contains(".TH rackwright 1"));
    printed(folder.path(), &["man", "--out", "man"]);
    for page in ["rackwright.1", "rackwright-run.1", "rackwright-trace-import.1"] {
        let page = std::fs::read_to_string(folder.path().join("man").join(page)).expect(page);
        assert!(page.contains("rackwright"), "{page}");
    }
}

/// Every config plans; where it names data, empty files stand for it.
#[test]
fn every_config_plans() {
    let mut folders = vec![configs()];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && !["clusters", "train", "predict"].iter().any(|name| path.ends_with(name)) {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                count += 1;
                let config = runner::Config::read(&path).unwrap_or_else(|error| panic!("{error}"));
                let data = tempfile::tempdir().expect("a folder");
                let text = std::fs::read_to_string(&path).expect("readable")
                    + &std::fs::read_to_string(configs().join("clusters/openb.toml")).expect("readable");
                for file in text.split('"').filter(|part| part.starts_with("traces/")) {
                    let file = data.path().join(file);
                    std::fs::create_dir_all(file.parent().expect("in a folder")).expect("made");
                    std::fs::write(file, "").expect("written");
                }
                let plan = runner::Plan::new(&config, Some(data.path()), "x")
                    .unwrap_or_else(|error| panic!("{error}"));
                assert!(!plan.runs.is_empty(), "{}", path.display());
            }
        }
    }
    assert!(count >= 6, "only {count} configs were found");
}
