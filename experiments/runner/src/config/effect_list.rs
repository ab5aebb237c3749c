//! Every effect that can be switched on, with what its numbers mean: unit, default, and models that are known by name.

use serde_json::Value;
use sim::effects::Sharing;
use sim::models::behaviour::Behaviour;
use sim::models::cpu_sharing::CpuSharing;
use sim::models::interconnect::Interconnect;
use sim::models::memory_pressure::MemoryPressure;
use sim::models::numa::NumaMemory;
use sim::models::topology_manager::TopologyManager;
use sim::models::virtualisation::Virtualisation;

use super::chosen::Model;

/// One effect.
#[derive(Clone, Debug)]
pub struct EffectHelp {
    /// Where configs state it.
    pub key: &'static str,
    /// What it does when it is switched on.
    pub help: &'static str,
    /// What is known by name, each with a line of help.
    pub presets: Vec<(&'static str, &'static str)>,
    /// Its numbers.
    pub parameters: Vec<ParameterHelp>,
}

/// One number of an effect.
#[derive(Clone, Debug)]
pub struct ParameterHelp {
    /// As configs name it.
    pub key: &'static str,
    /// Its unit; "1" for a ratio or a share.
    pub unit: &'static str,
    /// What it is in the first of the presets.
    pub default: Value,
    /// What it means.
    pub help: &'static str,
}

/// Key, unit and meaning.
type Parameter = (&'static str, &'static str, &'static str);

const NUMA: &[Parameter] = &[
    ("local_ns", "ns", "to memory of the own node"),
    (
        "near_ns",
        "ns",
        "to memory of another node of the same socket; where a socket is one node, of no account",
    ),
    ("remote_ns", "ns", "to memory of another socket"),
    ("nodes_per_socket", "1", "how many nodes a socket has"),
    ("local_gb_per_second", "GB/s", "what the memory of one node carries"),
    ("remote_gb_per_second", "GB/s", "what goes between sockets, all links of a host together"),
    ("line_local_ns", "ns", "a cache line from core to core within a socket"),
    ("line_remote_ns", "ns", "a cache line from core to core between sockets"),
];

const INTERCONNECT: &[Parameter] = &[
    ("link_gb_per_second", "GB/s", "between devices with links of their own, in one direction"),
    ("linked_devices", "1", "how many devices in a row have links among each other; 0 for none"),
    ("pcie_gb_per_second", "GB/s", "of PCIe; through a root 0.9 of it, between sockets 0.6"),
    ("devices_per_switch", "1", "how many devices in a row hang on one PCIe switch; 0 for none"),
];

const VIRTUALISATION: &[Parameter] = &[
    ("cpu", "1", "a share of the time, lost whatever the work does"),
    ("walk_cost", "1", "how many times as long a walk through page tables takes as without a guest"),
    ("exits_per_operation", "1", "how often an operation of input or output leaves the guest"),
    ("exit_us", "us", "how long that takes"),
];

const CPU_SHARING: &[Parameter] = &[
    ("weights", "word", "who counts how much: request, equal, priority"),
    ("rule", "word", "max_min, or proportional as CloudSim has it"),
];

const MEMORY_PRESSURE: &[Parameter] = &[
    ("fetch_us", "us", "how long it takes to fetch a page of 4 KiB"),
    ("balloon_efficiency", "1", "the part of what guests do not use that a balloon gets back"),
    ("balloon_mib_per_second", "MiB/s", "how fast it does"),
    ("merged", "1", "the part of the memory in use that is alike in several guests and kept once"),
];

const BEHAVIOUR: &[Parameter] = &[
    ("memory_bound", "1", "the share of its time that work waits for memory when that is local"),
    ("memory_gb_per_second_per_core", "GB/s", "what one busy core reads and writes"),
    ("page_walk", "1", "the share of its time that it walks page tables without a guest"),
    ("operations_per_second_per_core", "1/s", "input and output of one busy core"),
    ("pages_per_second", "1/s", "how many different pages of 4 KiB it touches"),
    (
        "device_demand",
        "1",
        "what it keeps busy of a device for each part of it that it uses: multiprocessors, memory bandwidth, cache, PCIe",
    ),
    (
        "device_memory_touched",
        "1",
        "which part of the device memory that it asks for it touches: least and most",
    ),
    ("exchange", "1", "the share of its time in which its devices exchange data with each other"),
];

const SHARING: &[Parameter] = &[
    (
        "time_slicing.switching_loss",
        "1",
        "the share of the time that is lost to switching where several take turns",
    ),
    ("spatial.neighbour_cost", "1", "what each neighbour costs beyond what is contended for"),
    ("mig.reconfiguration_seconds", "s", "how long it takes to make a part of a multi-instance GPU"),
    ("regions.count", "1", "how many equal regions: a divisor of 1000"),
    ("regions.reconfiguration_seconds", "s", "how long it takes to make a region ready"),
];

/// Every effect that this build knows.
pub fn effect_list() -> Vec<EffectHelp> {
    vec![
        of::<NumaMemory>(
            "effects.numa",
            "work whose memory lies on other NUMA nodes waits longer for it, and links and memory carry only so much",
            NUMA,
        ),
        of::<Interconnect>(
            "effects.interconnect",
            "devices of one task that are far apart exchange data more slowly, and far from its cores they are fed more slowly",
            INTERCONNECT,
        ),
        of::<Virtualisation>("effects.virtualisation", "guests lose time to what runs them", VIRTUALISATION),
        of::<CpuSharing>(
            "effects.cpu_sharing",
            "cpu that is wanted more than once is shared out, and whoever gets less takes longer",
            CPU_SHARING,
        ),
        of::<MemoryPressure>(
            "effects.memory_pressure",
            "memory that is used beyond what there is has to be fetched, which slows everybody on the host",
            MEMORY_PRESSURE,
        ),
        of::<Sharing>(
            "device_kinds.NAME.sharing",
            "how tasks hold parts of one device, and what they do to each other",
            SHARING,
        ),
        of::<Behaviour>(
            "rules.NAME.behaviour",
            "what work does to the machine it runs on: all effects rest on it",
            BEHAVIOUR,
        ),
        EffectHelp {
            key: "rules.NAME.topology_manager",
            help: "the agent on a host aligns cores, memory and devices, or turns away what it cannot align",
            presets: TopologyManager::NAMES.iter().map(|&(name, _, help)| (name, help)).collect(),
            parameters: vec![ParameterHelp {
                key: "turned_away",
                unit: "word",
                default: "waits".into(),
                help: "whether tasks that are turned away wait or leave",
            }],
        },
        EffectHelp {
            key: "rules.NAME.cpu_quota",
            help: "no task uses more cpu than so many times what it asks for: the limit of a container",
            presets: Vec::new(),
            parameters: vec![ParameterHelp {
                key: "cpu_quota",
                unit: "1",
                default: Value::Null,
                help: "a multiple of the request; no limit without it",
            }],
        },
    ]
}

fn of<T: Model>(key: &'static str, help: &'static str, parameters: &[Parameter]) -> EffectHelp {
    let known = T::known();
    let all: Vec<Value> = known
        .iter()
        .map(|one| serde_json::to_value(one.1).expect("models hold text and finite numbers"))
        .collect();
    // The first preset that has the key: models of several kinds have each its own.
    let default = |key: &str| {
        let pointer = format!("/{}", key.replace('.', "/"));
        all.iter().find_map(|model| model.pointer(&pointer)).cloned().unwrap_or(Value::Null)
    };
    EffectHelp {
        key,
        help,
        presets: known.iter().map(|one| (one.0, one.2)).collect(),
        parameters: parameters
            .iter()
            .map(|&(key, unit, help)| ParameterHelp { key, unit, default: default(key), help })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The keys of a model, those of tables in it behind a dot.
    fn keys<T: Model>() -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        for (_, model, _) in T::known() {
            let Value::Object(table) = serde_json::to_value(model).expect("a value") else { continue };
            for (key, value) in table {
                match value {
                    Value::Object(inner) => keys.extend(inner.keys().map(|inner| format!("{key}.{inner}"))),
                    _ => drop(keys.insert(key)),
                }
            }
        }
        keys
    }

    fn stated(parameters: &[Parameter]) -> BTreeSet<String> {
        parameters.iter().map(|parameter| parameter.0.to_owned()).collect()
    }

    #[test]
    fn every_key_of_every_model_is_explained() {
        assert_eq!(stated(NUMA), keys::<NumaMemory>());
        assert_eq!(stated(INTERCONNECT), keys::<Interconnect>());
        assert_eq!(stated(VIRTUALISATION), keys::<Virtualisation>());
        assert_eq!(stated(CPU_SHARING), keys::<CpuSharing>());
        assert_eq!(stated(MEMORY_PRESSURE), keys::<MemoryPressure>());
        assert_eq!(stated(BEHAVIOUR), keys::<Behaviour>());
        assert_eq!(stated(SHARING), keys::<Sharing>());
    }

    #[test]
    fn defaults_are_those_of_the_first_preset() {
        let list = effect_list();
        let numa = list.iter().find(|effect| effect.key == "effects.numa").expect("it is in the list");
        let remote = numa.parameters.iter().find(|parameter| parameter.key == "remote_ns").expect("there");
        assert_eq!((remote.unit, remote.default.as_f64()), ("ns", Some(140.4)));
        let sharing =
            list.iter().find(|effect| effect.key.ends_with("sharing") && effect.key.starts_with("device"));
        let loss = &sharing.expect("it is in the list").parameters[0];
        assert_eq!(loss.default.as_f64(), Some(0.03));
    }
}
