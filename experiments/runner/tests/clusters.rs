//! Every cluster that is built in can be built.
#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

use std::path::PathBuf;

use runner::cluster::{Summary, topology};
use runner::config::{ClusterConfig, cluster_file, cluster_names};

#[test]
fn every_known_cluster_is_a_topology() {
    let data = std::env::var_os("RACKWRIGHT_DATA").map(PathBuf::from);
    for name in cluster_names() {
        let config: ClusterConfig = toml::from_str(cluster_file(name).expect("listed")).expect(name);
        let nodes = config.nodes.as_ref().map(|nodes| &nodes.path);
        let nodes = match (nodes, &data) {
            (None, _) => None,
            (Some(path), Some(data)) => Some(data.join(path)),
            (Some(_), None) => {
                println!("skipped: {name} needs RACKWRIGHT_DATA");
                continue;
            }
        };
        let topology = topology(name, &config, nodes.as_deref()).unwrap_or_else(|error| panic!("{error}"));
        let summary = Summary::of(&topology);
        assert!(summary.hosts > 0 && summary.cores > 0.0, "{name}: {summary:?}");
        assert!(0.0 < summary.idle_watts && summary.idle_watts < summary.full_watts, "{name}: {summary:?}");
        println!("{name}: {summary:?}");
    }
}

/// 302 nodes of 128 cores and 8 GPUs; a node draws 127 to 619 W and a GPU 58 to 400 W.
#[test]
fn a_summary_by_hand() {
    let config: ClusterConfig =
        toml::from_str(cluster_file("a100_training").expect("listed")).expect("valid");
    let summary = Summary::of(&topology("c", &config, None).expect("possible"));
    assert_eq!((summary.hosts, summary.cores, summary.devices), (302, 302.0 * 128.0, 2416));
    assert_eq!(summary.idle_watts, 302.0 * (127.0 + 8.0 * 58.0));
    assert_eq!(summary.full_watts, 302.0 * (619.0 + 8.0 * 400.0));
}
