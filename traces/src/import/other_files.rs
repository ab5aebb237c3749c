//! Files that lie beside traces and are no workloads: what they are, and what they lack. A refusal that says so is
//! worth more than one that says "not recognised".

use std::path::Path;

use super::Head;

/// What a file is, and why no workload can be made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherFile {
    /// What it is.
    pub what: &'static str,
    /// What is missing.
    pub why: &'static str,
}

/// What a known file that is no workload is; nothing for files that are not known.
pub fn other_file(path: &Path) -> Option<OtherFile> {
    let head = Head::read(path)?;
    let name = head.file_name.to_lowercase();
    let by_name =
        BY_NAME.iter().find(|(is_it, ..)| is_it(&name)).map(|&(_, what, why)| OtherFile { what, why });
    let has = |columns: &[&str]| {
        columns.iter().all(|column| head.text.lines().next().is_some_and(|line| line.contains(column)))
    };
    let by_columns =
        BY_COLUMNS.iter().find(|(columns, ..)| has(columns)).map(|&(_, what, why)| OtherFile { what, why });
    by_name.or(by_columns).or_else(|| by_content(&head))
}

type ByName = (fn(&str) -> bool, &'static str, &'static str);

const NO_TASKS: &str = "it holds text, no tasks";
const NO_ARRIVALS: &str = "no arrival times and no lifetimes";

const BY_NAME: &[ByName] = &[
    (|name| name.starts_with("license") || name.starts_with("licences"), "a licence", NO_TASKS),
    (|name| name.ends_with(".md"), "a description of the folder's files", NO_TASKS),
    (|name| name == "sha256sums", "checksums", NO_TASKS),
    (|name| name.starts_with("schema."), "the description of a layout", NO_TASKS),
    (|name| name.ends_with(".header"), "the header of a table that has none", NO_TASKS),
    (|name| name.ends_with(".swf.machines"), "the machines of a batch log", NO_ARRIVALS),
    (|name| name == "flav_map.txt", "the cores and memory of flavors, read with their trace", NO_ARRIVALS),
    (
        |name| name.ends_with(".interval_map.txt"),
        "the bounds of lifetime bins, read with their trace",
        NO_ARRIVALS,
    ),
    (|name| name.ends_with(".pkl"), "a cumulative distribution of power, a Python pickle", NO_ARRIVALS),
    (|name| name.starts_with("pai_machine_spec"), "a list of machines", NO_ARRIVALS),
    (
        |name| name.starts_with("codecarbon") || name.starts_with("ccf-") || name.starts_with("gpu_tdp"),
        "a table of what hardware draws",
        NO_ARRIVALS,
    ),
    (|name| name.starts_with("specpower"), "a table of what servers draw", NO_ARRIVALS),
    (
        |name| name.ends_with("transmission_cost_matrix.csv"),
        "what it costs to move data between regions",
        NO_ARRIVALS,
    ),
    (|name| name == "generic_information.json", "the statistics of a workload in the WTF format", NO_TASKS),
];

const BY_COLUMNS: &[(&[&str], &str, &str)] = &[
    (&["sn", "cpu_milli", "model"], "a list of nodes (a cluster's `nodes` reads it)", NO_ARRIVALS),
    (
        &["timestamp_anon", "value", "request_type"],
        "requests a second, sampled by container",
        "no tasks: sums of requests",
    ),
    (
        &["start time of the measurement period", "mean CPU usage rate"],
        "what the tasks of Google's cell of 2011 used",
        "no arrival times: read the events of the tasks",
    ),
    (
        &["Machine ID", "Event type (0-ADD", "Platform ID"],
        "the machines of Google's cell of 2011",
        NO_ARRIVALS,
    ),
    (&["DSW", "PSW", "ASW"], "the network of a cluster: hosts and their switches", NO_ARRIVALS),
    (&["gpu_capacity_num", "node_name"], "a list of nodes", NO_ARRIVALS),
    (&["machineId", "number of GPUs"], "a list of machines", NO_ARRIVALS),
    (&["num_switch", "num_gpu_p_node"], "the description of a cluster", NO_ARRIVALS),
    (
        &["name", "application", "num_replicas"],
        "jobs that state an application and a batch size",
        "no lifetimes: they follow from throughputs that are not told",
    ),
    (
        &["cpu_util", "mem_util"],
        "what a whole datacentre uses every 300 s",
        "no tasks: a sum over all machines",
    ),
    (
        &["task_id", "instances_num", "start_time", "end_time", "submit_time"],
        "a made-up example of dependent tasks",
        "no trace: two rows made up by its authors",
    ),
];

fn by_content(head: &Head) -> Option<OtherFile> {
    let first = head.text.lines().next().unwrap_or_default();
    let columns: Vec<&str> = first.split('\t').collect();
    if columns.len() == 6
        && columns[0].starts_with("job")
        && columns[1..].iter().all(|field| field.parse::<f64>().is_ok())
    {
        let (what, why) =
            ("Hadoop jobs of the SWIM project: arrivals and bytes", "no lifetimes: only bytes are told");
        return Some(OtherFile { what, why });
    }
    let words: Vec<&str> = first.split_whitespace().collect();
    if words.len() == 21 && words[19] == "vm" && words[0].parse::<f64>().is_ok() {
        return Some(OtherFile {
            what: "an example of what one machine used, by libvirt",
            why: "no arrival times and no lifetimes",
        });
    }
    if first.trim() == "duration" {
        return Some(OtherFile { what: "a list of durations", why: "no arrival times" });
    }
    None
}
