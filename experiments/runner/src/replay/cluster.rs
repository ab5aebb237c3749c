//! The cluster of a replay: a pool of processors, GPUs in hosts, or a description in a file.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sim::effects::{HostEffects, Sharing};
use sim::kernel::ids::{HostModelId, RackId};
use sim::models::gpu_power::GpuPower;
use sim::models::power::HostPower;
use sim::resources::{DeviceClass, MAX_DEVICES_PER_HOST, Resources};
use sim::topology::{DeviceKind, DeviceMemory, DeviceSpec, HostModel, Operation, Topology};
use sim::workload::Workload;

use super::{Resource, recorded_peak};
use crate::cluster;
use crate::config::{ClusterConfig, PoolConfig};
use crate::error::RunError;
use crate::plan::in_data;

/// How much there is: a number, or what the trace has in use at its peak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// So much.
    Count(u32),
    /// The most that the recorded tasks have in use at once.
    Peak,
}

impl FromStr for Amount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(count) if (1..=u32::MAX / 1000).contains(&count) => Ok(Self::Count(count)),
            _ if text == "peak" => Ok(Self::Peak),
            _ => Err(format!("`{text}` stands there; allowed are 1 to {}, or peak", u32::MAX / 1000)),
        }
    }
}

/// On what a trace is replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayCluster {
    /// One pool.
    Processors(Amount),
    /// Hosts of so many GPUs each, with as many cores as anybody asks for.
    Gpus {
        /// All GPUs.
        count: Amount,
        /// GPUs of each host; the last one has the rest.
        per_host: u8,
    },
    /// As a file describes it.
    File {
        /// A TOML file with the keys of a cluster.
        path: PathBuf,
        /// The folder of what it names.
        data: Option<PathBuf>,
    },
}

/// Why a workload cannot be replayed on a cluster of this kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayClusterError {
    /// Devices on a pool.
    #[error(
        "{tasks} of {total} tasks ask for devices, and a pool of processors has none: state --gpus N, or describe the cluster \
         with --cluster FILE.toml"
    )]
    DevicesOnPool {
        /// Tasks that ask for devices.
        tasks: usize,
        /// All tasks.
        total: usize,
    },
    /// Kinds that nobody can guess.
    #[error(
        "tasks ask for devices of kind `{kind}`, which --gpus cannot tell from others: describe the cluster with \
         --cluster FILE.toml"
    )]
    NamedKind {
        /// The kind.
        kind: String,
    },
    /// No GPU is asked for.
    #[error("no task asks for a GPU: state --processors N, or describe the cluster with --cluster FILE.toml")]
    NoGpus,
    /// Too many of them on a host.
    #[error("--gpus-per-host: {0} stands there; allowed are 1 to {MAX_DEVICES_PER_HOST}")]
    PerHost(u8),
    /// A peak of what nobody records.
    #[error("the recorded tasks have no {0} in use at any time, so that there is no peak: state a number")]
    NoPeak(&'static str),
    /// A peak beyond what a pool holds.
    #[error("the recorded tasks have {peak} {what} in use at once: at most {} can be modelled", u32::MAX / 1000)]
    TooMany {
        /// What they have in use.
        peak: u64,
        /// Of what.
        what: &'static str,
    },
}

impl fmt::Display for ReplayCluster {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let amount = |count: &Amount| match count {
            Amount::Count(count) => count.to_string(),
            Amount::Peak => "peak".to_owned(),
        };
        match self {
            Self::Processors(count) => write!(formatter, "--processors {}", amount(count)),
            Self::Gpus { count, per_host: 8 } => write!(formatter, "--gpus {}", amount(count)),
            Self::Gpus { count, per_host } => {
                write!(formatter, "--gpus {} --gpus-per-host {per_host}", amount(count))
            }
            Self::File { path, .. } => {
                write!(formatter, "--cluster {}", path.file_name().unwrap_or_default().to_string_lossy())
            }
        }
    }
}

impl ReplayCluster {
    /// The topology on which a workload is replayed.
    ///
    /// # Errors
    /// When the file or what it names cannot be read, or the workload asks for what such a cluster cannot have.
    pub fn topology(&self, workload: &Workload) -> Result<Topology, RunError> {
        match self {
            Self::Processors(count) => pool(*count, workload),
            Self::Gpus { count, per_host } => gpus(*count, *per_host, workload),
            Self::File { path, data } => from_file(path, data.as_deref()),
        }
    }
}

fn counted(count: Amount, workload: &Workload, resource: Resource) -> Result<u32, ReplayClusterError> {
    let what = resource.word();
    match count {
        Amount::Count(count) => Ok(count),
        Amount::Peak => match recorded_peak(workload, resource) {
            0 => Err(ReplayClusterError::NoPeak(what)),
            peak => match u32::try_from(peak) {
                Ok(count) if count <= u32::MAX / 1000 => Ok(count),
                _ => Err(ReplayClusterError::TooMany { peak, what }),
            },
        },
    }
}

fn pool(count: Amount, workload: &Workload) -> Result<Topology, RunError> {
    let tasks = workload.tasks().filter(|&task| workload.demand(task).devices.is_some()).count();
    if tasks > 0 {
        return Err(ReplayClusterError::DevicesOnPool { tasks, total: workload.task_count() }.into());
    }
    let processors = counted(count, workload, Resource::Processors)?;
    let pool = PoolConfig { processors, memory_mib: None, power: None };
    cluster::topology("replay", &ClusterConfig { pool: Some(pool), ..ClusterConfig::default() }, None)
}

fn gpus(count: Amount, per_host: u8, workload: &Workload) -> Result<Topology, RunError> {
    if !(1..=MAX_DEVICES_PER_HOST).contains(&usize::from(per_host)) {
        return Err(ReplayClusterError::PerHost(per_host).into());
    }
    let devices = || workload.demands().iter().filter_map(|demand| demand.devices.as_ref());
    if let Some(kind) = devices().find_map(|devices| devices.kinds.first()) {
        return Err(ReplayClusterError::NamedKind { kind: kind.clone() }.into());
    }
    if !devices().any(|devices| devices.class == DeviceClass::Gpu) {
        return Err(ReplayClusterError::NoGpus.into());
    }
    let count = counted(count, workload, Resource::Devices)?;
    let kind = DeviceKind {
        name: "GPU".to_owned(),
        class: DeviceClass::Gpu,
        sharing: Sharing::Parts,
        memory: DeviceMemory::UNSTATED,
        power: GpuPower { idle_watts: 50.0, max_watts: 400.0, ..GpuPower::default() },
    };
    let model = |devices: u32| HostModel {
        name: format!("host of {devices} GPUs"),
        numa_nodes: vec![Resources { cpu_milli: u32::MAX, memory_mib: u32::MAX }],
        devices: vec![DeviceSpec { kind: 0, numa_node: 0 }; devices as usize],
        features: 0,
        power: HostPower::Linear { idle_watts: 300.0, max_watts: 900.0 },
        operation: Operation::default(),
        effects: HostEffects::default(),
    };
    let per_host = u32::from(per_host);
    let (full, rest) = (count / per_host, count % per_host);
    let mut hosts = vec![(HostModelId(0), RackId(0), None); full as usize];
    let mut models = vec![model(per_host)];
    if rest > 0 {
        models.push(model(rest));
        hosts.push((HostModelId(1), RackId(0), None));
    }
    Topology::new(vec![kind], Vec::new(), models.into(), hosts)
        .map_err(|source| RunError::Topology { cluster: "replay".to_owned(), source })
}

fn from_file(path: &Path, data: Option<&Path>) -> Result<Topology, RunError> {
    let config = ClusterConfig::read(path)?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let nodes = config.nodes.as_ref().map(|list| in_data(&format!("cluster `{name}`"), &list.path, data));
    cluster::topology(&name, &config, nodes.transpose()?.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::testing::workload;

    const GPUS: &str =
        "at 0 gpus 2 work 5 started 1 | at 0 gpus 8 work 5 started 5 | at 0 gpus 1 work 1 started 6";

    #[test]
    fn amounts_are_numbers_or_the_peak() {
        assert_eq!(["240".parse(), "peak".parse()], [Ok(Amount::Count(240)), Ok(Amount::Peak)]);
        for wrong in ["0", "-3", "lots", "4294968"] {
            assert!(wrong.parse::<Amount>().expect_err(wrong).contains("allowed are 1 to 4294967, or peak"));
        }
    }

    /// The first two overlap from 5 to 6, and the third begins when the first ends.
    #[test]
    fn the_peak_is_what_the_trace_has_in_use_at_once() {
        let gpus = ReplayCluster::Gpus { count: Amount::Peak, per_host: 4 };
        let topology = gpus.topology(&workload(GPUS)).expect("possible");
        assert_eq!((topology.device_count(), topology.host_count()), (10, 3));
        assert_eq!(gpus.to_string(), "--gpus peak --gpus-per-host 4");
        let pool = ReplayCluster::Processors(Amount::Peak);
        let work = workload("at 0 cpu 3 work 2 started 1 | at 0 cpu 2 work 2 started 2");
        assert_eq!(pool.topology(&work).expect("possible").total_capacity().0, 5000);
    }

    #[test]
    fn what_such_a_cluster_cannot_have_is_refused() {
        let refused = |cluster: ReplayCluster, work: &str| {
            cluster.topology(&workload(work)).expect_err("it cannot be").to_string()
        };
        let count = Amount::Count(8);
        let gpus = |per_host| ReplayCluster::Gpus { count, per_host };
        assert!(refused(ReplayCluster::Processors(count), GPUS).contains("3 of 3 tasks ask for devices"));
        assert!(refused(gpus(8), "at 0 gpus 1 kind A100").contains("kind `A100`"));
        assert!(refused(gpus(8), "at 0 cpu 1").contains("no task asks for a GPU"));
        assert!(refused(gpus(17), GPUS).contains("1 to 16"));
        assert!(refused(ReplayCluster::Processors(Amount::Peak), "at 0 cpu 1").contains("no peak"));
    }
}
