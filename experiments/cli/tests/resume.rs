//! The same bytes, whatever the number of threads, and however often the experiment was killed.

mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use common::{content, printed, rackwright};

const EXPERIMENT: &str = r#"
name = "resume"
seeds = { from = 0, count = 8 }
series_points = 40
[[clusters.c.hosts]]
count = 60
model = "gpu_host"
cores = 96
memory_gib = 512
devices = [{ kind = "A100", count = 8 }]
power = "dl385_7763"
[clusters.c.device_kinds.A100]
shared = true
[workloads.w]
source = { generator = "bench_cluster", hosts = 60, tasks = 6000 }
[schedulers.first_fit]
place = "first_fit"
[schedulers.best_fit]
place = "best_fit"
[schedulers.fgd]
place = "fgd"
[schedulers.random]
place = "random"
[[scenarios]]
name = "s"
cluster = "c"
workload = "w"
"#;

fn finished_runs(folder: &Path) -> usize {
    let is_record = |path: &Path| path.extension().is_some_and(|extension| extension == "json");
    std::fs::read_dir(folder.join("runs"))
        .map_or(0, |entries| entries.filter_map(Result::ok).filter(|entry| is_record(&entry.path())).count())
}

#[test]
fn threads_and_kills_leave_no_trace() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("resume.toml"), EXPERIMENT).expect("written");
    let run = |out: &str, threads: &str| {
        printed(folder.path(), &["run", "resume.toml", "--out", out, "--threads", threads]);
        content(&folder.path().join(out))
    };
    let expected = run("one", "1");
    assert!(expected.keys().any(|path| path.ends_with("summary.json")));
    let differing = |other: &std::collections::BTreeMap<std::path::PathBuf, Vec<u8>>| {
        let mut paths: Vec<_> = expected.keys().chain(other.keys()).collect();
        paths.retain(|path| expected.get(*path) != other.get(*path));
        format!("{paths:?}")
    };
    assert_eq!(differing(&run("two", "2")), "[]");

    let out = folder.path().join("killed");
    let mut kills = 0;
    while kills < 2 {
        let before = finished_runs(&out);
        let mut child = rackwright()
            .current_dir(folder.path())
            .args(["run", "resume.toml", "--out", "killed", "--threads", "1"])
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("the binary starts");
        let begin = Instant::now();
        while finished_runs(&out) < before + 3 && begin.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().expect("it runs still");
        child.wait().expect("it was started");
        kills += 1;
        assert!(finished_runs(&out) > before, "it got on before it was killed");
        assert!(!out.join("summary.json").exists(), "it was killed in the middle");
    }
    assert_eq!(differing(&run("killed", "2")), "[]");
}
