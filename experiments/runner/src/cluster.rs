//! From a cluster as a config states it to a topology.
//!
//! Hosts of node lists state no power. Their cpu is taken for Xeon E5-2682 v4 as the PWR scheduling plugin
//! (CCGrid 2025) does: two virtual cpus are one core, sixteen cores are one processor, which draws 15 W idle and
//! 120 W when all of it works. Between the two it is linear here, or stepped where the config says so. Their GPUs draw what the plugin states for
//! their model ([`GpuPower::preset`]). A pool of `n` processors without a stated power draws what `n` such cores do.

use std::collections::BTreeMap;
use std::path::Path;

use sim::effects::{HostEffects, Sharing};
use sim::kernel::ids::{HostModelId, IdVec, RackId};
use sim::models::device_memory;
use sim::models::gpu_power::{self, GpuCurve, GpuPower};
use sim::models::power::HostPower;
use sim::resources::{DeviceClass, Resources};
use sim::topology::{DeviceKind, DeviceMemory, DeviceSpec, HostModel, Operation, Topology};
use traces::import::openb::{NodeRow, read_nodes};

use crate::config::{
    ClusterConfig, DeviceKindConfig, EffectsConfig, HostGroupConfig, HostOrder, Named, NodesConfig,
    NodesPower, PoolConfig, PowerCurvesConfig,
};
use crate::error::RunError;

const CORES_PER_CPU: u32 = 16;
const CPU_IDLE_WATTS: f64 = 15.0;
const CPU_MAX_WATTS: f64 = 120.0;
/// Two virtual cpus of 1000 thousandths each are one core.
const VIRTUAL_MILLI_PER_CORE: u32 = 2000;

type Hosts = Vec<(HostModelId, RackId, Option<Box<str>>)>;

/// Builds the topology of a cluster; `nodes` is the list that it names, if it names one.
///
/// # Errors
/// When the list cannot be read, or the cluster is impossible.
pub fn topology(name: &str, config: &ClusterConfig, nodes: Option<&Path>) -> Result<Topology, RunError> {
    let stated = as_stated(name, config, nodes)?;
    let PowerCurvesConfig { hosts, devices } = config.power_curves;
    Ok(stated.with_power(
        |model| hosts.in_place_of(model.power, model.physical().cpu_milli),
        |kind| devices.in_place_of(kind.power),
    ))
}

/// With the powers that it states.
fn as_stated(name: &str, config: &ClusterConfig, nodes: Option<&Path>) -> Result<Topology, RunError> {
    let impossible = |source| RunError::Topology { cluster: name.to_owned(), source };
    if let Some(pool) = &config.pool {
        return pool_topology(pool).map_err(impossible);
    }
    if let (Some(path), Some(nodes)) = (nodes, &config.nodes) {
        let rows = read_nodes(path)
            .map_err(|source| RunError::Nodes { cluster: name.to_owned(), source: Box::new(source) })?;
        return nodes_topology(name, config, nodes, &rows);
    }
    let used =
        config.hosts.iter().flat_map(|group| group.devices.iter().map(|devices| devices.kind.as_str()));
    let kinds = kinds(name, &config.device_kinds, used, Sharing::Whole)?;
    let mut features: Vec<String> = config.hosts.iter().flat_map(|group| group.features.clone()).collect();
    features.sort();
    features.dedup();
    let mut models = IdVec::new();
    let mut hosts = Hosts::new();
    let mut racks = 0;
    for group in &config.hosts {
        let mut model = host_model(group, &kinds, &features);
        let stated = effects(group.effects.as_ref().or(config.effects.as_ref()));
        model.effects = HostEffects { speed: group.speed, ..stated };
        let model = models.push(model);
        let hosts_per_rack = group.hosts_per_rack.unwrap_or(group.count);
        hosts.extend((0..group.count).map(|index| (model, RackId(racks + index / hosts_per_rack), None)));
        racks += group.count.div_ceil(hosts_per_rack);
    }
    if config.host_order == HostOrder::Interleaved {
        interleave(&mut hosts);
    }
    Topology::new(kinds, features, models, hosts).map_err(impossible)
}

/// A topology in five numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Hosts.
    pub hosts: usize,
    /// Cores of all hosts.
    pub cores: f64,
    /// Devices of all hosts.
    pub devices: usize,
    /// Power of everything when nothing runs, in watts.
    pub idle_watts: f64,
    /// Power of everything when all of it is in use, in watts.
    pub full_watts: f64,
}

impl Summary {
    /// What there is, and what it draws.
    pub fn of(topology: &Topology) -> Self {
        let power = |share: u32, milli: u16| -> f64 {
            topology
                .hosts()
                .map(|host| {
                    let model = topology.model(host);
                    let device =
                        |spec: &DeviceSpec| topology.kinds()[usize::from(spec.kind)].power.watts(milli);
                    let cpu_milli = topology.physical(host).cpu_milli;
                    model.power.watts(share * cpu_milli, cpu_milli)
                        + model.devices.iter().map(device).sum::<f64>()
                })
                .sum()
        };
        Self {
            hosts: topology.host_count(),
            cores: topology.total_capacity().0 as f64 / 1000.0,
            devices: topology.device_count(),
            idle_watts: power(0, 0),
            full_watts: power(1, 1000),
        }
    }
}

fn pool_topology(pool: &PoolConfig) -> Result<Topology, sim::topology::TopologyError> {
    let cores = f64::from(pool.processors) / f64::from(CORES_PER_CPU);
    let power = pool.power.unwrap_or(HostPower::Linear {
        idle_watts: CPU_IDLE_WATTS * cores,
        max_watts: CPU_MAX_WATTS * cores,
    });
    let model = HostModel {
        name: "pool".to_owned(),
        numa_nodes: vec![Resources {
            cpu_milli: 1000 * pool.processors,
            memory_mib: pool.memory_mib.unwrap_or(u32::MAX),
        }],
        devices: Vec::new(),
        features: 0,
        power,
        operation: Operation::default(),
        effects: HostEffects::default(),
    };
    let hosts = vec![(HostModelId(0), RackId(0), None)];
    Topology::new(Vec::new(), Vec::new(), vec![model].into(), hosts)
}

/// Kinds in order of their names: those that are stated, and of those that are only used the known models.
fn kinds<'a>(
    cluster: &str,
    stated: &Named<DeviceKindConfig>,
    used: impl Iterator<Item = &'a str>,
    sharing: Sharing,
) -> Result<Vec<DeviceKind>, RunError> {
    let unknown =
        |model: &str| RunError::UnknownModel { cluster: cluster.to_owned(), model: model.to_owned() };
    let mut kinds = BTreeMap::new();
    for (name, kind) in &stated.0 {
        let power = kind.power.or_else(|| GpuPower::preset(name)).ok_or_else(|| unknown(name))?;
        let (sharing, memory) = (kind.sharing(), kind.memory(name));
        let kind = DeviceKind { name: name.clone(), class: kind.class, sharing, memory, power };
        kinds.insert(name.as_str(), kind);
    }
    for name in used {
        if !kinds.contains_key(name) {
            let power = GpuPower::preset(name).ok_or_else(|| unknown(name))?;
            let known = device_memory::preset(name).unwrap_or(0);
            let memory = DeviceMemory { physical_mib: known, given_mib: known };
            kinds.insert(
                name,
                DeviceKind { name: name.to_owned(), class: gpu_power::class(name), sharing, memory, power },
            );
        }
    }
    Ok(kinds.into_values().collect())
}

fn kind_index(kinds: &[DeviceKind], name: &str) -> u8 {
    let index = kinds.iter().position(|kind| kind.name == name).expect("every kind in use is listed");
    u8::try_from(index).expect("a topology refuses more kinds than a byte counts")
}

fn host_model(group: &HostGroupConfig, kinds: &[DeviceKind], features: &[String]) -> HostModel {
    let numa_nodes = usize::from(group.numa_nodes);
    let all_milli = group.cpu_milli.or(group.cores.map(|cores| 1000 * cores)).unwrap_or_default();
    let has_dpu = group
        .devices
        .iter()
        .any(|devices| kinds[usize::from(kind_index(kinds, &devices.kind))].class == DeviceClass::Dpu);
    // What a card does is not done by the host.
    let io_milli = if has_dpu { 0 } else { 1000 * group.io_cores.unwrap_or(0) };
    let cpu_milli = all_milli - io_milli;
    let memory_mib = group.memory_mib.or(group.memory_gib.map(|gib| 1024 * gib)).unwrap_or_default();
    let of_group = |devices: &crate::config::DeviceGroupConfig| {
        std::iter::repeat_n(kind_index(kinds, &devices.kind), usize::from(devices.count))
    };
    let devices: Vec<u8> = group.devices.iter().flat_map(of_group).collect();
    let mask = |mask, feature: &String| match features.binary_search(feature) {
        Ok(bit) if bit < 32 => mask | 1 << bit,
        _ => mask,
    };
    HostModel {
        name: group.model.clone(),
        numa_nodes: (0..group.numa_nodes)
            .map(|node| Resources {
                cpu_milli: share(given_out(cpu_milli, group.cpu_overcommit), group.numa_nodes, node),
                memory_mib: share(given_out(memory_mib, group.memory_overcommit), group.numa_nodes, node),
            })
            .collect(),
        devices: devices
            .iter()
            .enumerate()
            .map(|(index, &kind)| DeviceSpec { kind, numa_node: (index * numa_nodes / devices.len()) as u8 })
            .collect(),
        features: group.features.iter().fold(0, mask),
        power: group.power,
        operation: Operation {
            physical: Some(Resources { cpu_milli, memory_mib }),
            core_milli: group.core_milli,
            frequencies: group.frequencies.clone(),
            sleep: group.sleep,
            embodied_kilograms: group
                .embodied
                .as_ref()
                .map_or(0.0, |embodied| embodied.kilograms(memory_mib, devices.len() as u32)),
        },
        effects: HostEffects::default(),
    }
}

fn effects(config: Option<&EffectsConfig>) -> HostEffects {
    config.map(EffectsConfig::host_effects).unwrap_or_default()
}

/// One host of each model in turn, as long as there are any.
fn interleave(hosts: &mut Hosts) {
    let mut seen: BTreeMap<HostModelId, usize> = BTreeMap::new();
    let mut turn = |model: HostModelId| {
        let count = seen.entry(model).or_default();
        *count += 1;
        *count
    };
    let mut turns: Vec<_> = hosts.drain(..).map(|host| (turn(host.0), host)).collect();
    turns.sort_by_key(|&(turn, (model, ..))| (turn, model));
    hosts.extend(turns.into_iter().map(|(_, host)| host));
}

/// So much more of an amount is given out than there is.
fn given_out(amount: u32, overcommit: Option<f64>) -> u32 {
    (f64::from(amount) * overcommit.unwrap_or(1.0)).round() as u32
}

/// What one of `parts` gets when `total` is shared evenly, the rest going to the first ones.
fn share(total: u32, parts: u8, part: u8) -> u32 {
    let (parts, part) = (u32::from(parts), u32::from(part));
    total / parts + u32::from(part < total % parts)
}

/// Hosts as a node list states them, those alike being of one model. All stand in one rack.
fn nodes_topology(
    name: &str,
    config: &ClusterConfig,
    nodes: &NodesConfig,
    rows: &[NodeRow],
) -> Result<Topology, RunError> {
    let power = nodes.power;
    let used = rows.iter().filter_map(|row| row.gpu_model.as_deref());
    let mut kinds = kinds(name, &config.device_kinds, used, Sharing::Parts)?;
    if power == NodesPower::Stepped {
        let unstated = kinds.iter_mut().filter(|kind| config.device_kinds.position(&kind.name).is_none());
        unstated.for_each(|kind| kind.power.curve = GpuCurve::AllOrNothing);
    }
    let mut models = IdVec::new();
    let mut known = BTreeMap::new();
    let mut hosts = Hosts::new();
    for row in rows {
        let key = (row.gpu_model.as_deref(), row.gpu_count, row.cpu_milli, row.memory_mib);
        let effects = effects(config.effects.as_ref());
        let model = || HostModel { effects, ..node_model(row, nodes, &kinds) };
        let model = *known.entry(key).or_insert_with(|| models.push(model()));
        hosts.push((model, RackId(0), Some(row.name.as_str().into())));
    }
    Topology::new(kinds, Vec::new(), models, hosts)
        .map_err(|source| RunError::Topology { cluster: name.to_owned(), source })
}

fn node_model(row: &NodeRow, nodes: &NodesConfig, kinds: &[DeviceKind]) -> HostModel {
    let cores = row.cpu_milli.div_ceil(VIRTUAL_MILLI_PER_CORE);
    let cpus = f64::from(cores.div_ceil(CORES_PER_CPU));
    let power = match nodes.power {
        NodesPower::Linear => {
            HostPower::Linear { idle_watts: CPU_IDLE_WATTS * cpus, max_watts: CPU_MAX_WATTS * cpus }
        }
        NodesPower::Stepped => HostPower::Stepped {
            idle_watts_each: CPU_IDLE_WATTS,
            max_watts_each: CPU_MAX_WATTS,
            cores_each: CORES_PER_CPU,
            core_milli: VIRTUAL_MILLI_PER_CORE,
        },
    };
    let kind = row.gpu_model.as_deref().map(|model| kind_index(kinds, model));
    let gpus = row.gpu_model.as_deref().map_or(String::new(), |model| format!("-{}x{model}", row.gpu_count));
    HostModel {
        name: format!("{}-vcpu-{}-mib{gpus}", f64::from(row.cpu_milli) / 1000.0, row.memory_mib),
        numa_nodes: (0..nodes.numa_nodes)
            .map(|node| Resources {
                cpu_milli: share(row.cpu_milli, nodes.numa_nodes, node),
                memory_mib: share(row.memory_mib, nodes.numa_nodes, node),
            })
            .collect(),
        devices: kind
            .into_iter()
            .flat_map(|kind| {
                let (count, nodes) = (usize::from(row.gpu_count), usize::from(nodes.numa_nodes));
                (0..count).map(move |index| DeviceSpec { kind, numa_node: (index * nodes / count) as u8 })
            })
            .collect(),
        features: 0,
        power,
        operation: Operation::default(),
        effects: HostEffects::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::kernel::ids::{DeviceId, HostId};

    fn config(text: &str) -> ClusterConfig {
        toml::from_str(text).expect("valid")
    }

    #[test]
    fn a_pool_is_one_host_without_limit_of_memory() {
        let topology = topology("pool", &config("pool = { processors = 240 }"), None).expect("possible");
        let host = HostId(0);
        assert_eq!((topology.host_count(), topology.capacity(host).cpu_milli), (1, 240_000));
        assert_eq!(topology.capacity(host).memory_mib, u32::MAX);
        // 240 cores are 15 processors of 16: 225 W idle, 1800 W busy.
        assert_eq!(topology.model(host).power, HostPower::Linear { idle_watts: 225.0, max_watts: 1800.0 });
    }

    #[test]
    fn another_curve_keeps_both_ends() {
        let text = "
            hosts = [{ count = 1, model = 'm', cores = 2, memory_gib = 2, devices = [{ kind = 'A100', count = 1 }],
                       power = 'sr665_7763' }]
            power_curves = { hosts = 'linear', devices = 'all_or_nothing' }";
        let topology = topology("c", &config(text), None).expect("possible");
        let power = topology.model(HostId(0)).power;
        assert_eq!([0, 1000, 2000].map(|used| power.watts(used, 2000)), [79.3, (79.3 + 454.0) / 2.0, 454.0]);
        assert_eq!([0, 1, 1000].map(|used| topology.kinds()[0].power.watts(used)), [50.0, 400.0, 400.0]);
    }

    #[test]
    fn groups_of_hosts_stand_in_racks_and_share_their_numa_nodes() {
        let text = "
            hosts = [
              { count = 3, model = 'gpu', cores = 5, memory_gib = 2, numa_nodes = 2, hosts_per_rack = 2,
                devices = [{ kind = 'A100', count = 2 }, { kind = 'own', count = 2 }], features = ['tee'],
                power = { linear = { idle_watts = 10, max_watts = 20 } } },
              { count = 2, model = 'cpu', cpu_milli = 1500, memory_mib = 7, power = 'sr665_7763' },
            ]
            device_kinds.own = { class = 'fpga', shared = true, power = { idle_watts = 1, max_watts = 2 } }";
        let topology = topology("c", &config(text), None).expect("possible");
        let racks: Vec<u32> = topology.hosts().map(|host| topology.rack(host).0).collect();
        assert_eq!(racks, [0, 0, 1, 2, 2]);
        let model = topology.model(HostId(0));
        assert_eq!(model.numa_nodes[0], Resources { cpu_milli: 2500, memory_mib: 1024 });
        assert_eq!(model.devices.iter().map(|device| device.numa_node).collect::<Vec<_>>(), [0, 0, 1, 1]);
        assert_eq!((model.features, topology.model(HostId(4)).features), (1, 0));
        let kinds: Vec<(&str, Sharing)> =
            topology.kinds().iter().map(|kind| (&*kind.name, kind.sharing)).collect();
        assert_eq!(kinds, [("A100", Sharing::Whole), ("own", Sharing::Parts)]);
        assert_eq!(topology.device_kind(DeviceId(2)), 1);
        assert_eq!(topology.capacity(HostId(4)), Resources { cpu_milli: 1500, memory_mib: 7 });
    }

    fn list(power: NodesPower) -> NodesConfig {
        let (importer, path) = (crate::config::NodesImporter::OpenbNodes, String::new());
        NodesConfig { importer, path, power, numa_nodes: 1 }
    }

    #[test]
    fn nodes_of_a_list_have_the_power_of_their_processors_and_gpus() {
        let row = |name: &str, cpu_milli, gpu_count, model: Option<&str>| NodeRow {
            name: name.into(),
            cpu_milli,
            memory_mib: 4096,
            gpu_count,
            gpu_model: model.map(Into::into),
        };
        let rows =
            [row("a", 96_000, 2, Some("T4")), row("b", 32_000, 0, None), row("c", 96_000, 2, Some("T4"))];
        let topology = nodes_topology("c", &ClusterConfig::default(), &list(NodesPower::Linear), &rows)
            .expect("possible");
        assert_eq!((topology.host_count(), topology.models().len(), topology.device_count()), (3, 2, 4));
        assert_eq!(topology.host_name(HostId(2)), Some("c"));
        // 96 virtual cpus are 48 cores are 3 processors; 32 are one.
        assert_eq!(topology.model(HostId(0)).power, HostPower::Linear { idle_watts: 45.0, max_watts: 360.0 });
        assert_eq!(topology.model(HostId(1)).power, HostPower::Linear { idle_watts: 15.0, max_watts: 120.0 });
        assert!(topology.kinds()[0].sharing.is_shared() && topology.kinds()[0].power.max_watts == 70.0);
        let stepped = nodes_topology("c", &ClusterConfig::default(), &list(NodesPower::Stepped), &rows)
            .expect("possible");
        assert_eq!(stepped.model(HostId(0)).power.watts(1, 96_000), 15.0 + 15.0 + 120.0);
        assert_eq!(stepped.kinds()[0].power.watts(1), 70.0);
        let unknown = nodes_topology(
            "c",
            &ClusterConfig::default(),
            &list(NodesPower::Linear),
            &[row("a", 1000, 1, Some("X9"))],
        );
        assert!(unknown.expect_err("unknown").to_string().contains("device_kinds.X9"));
    }
}
