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
    /// What it is where it is not stated; nothing where it has no default.
    pub default: Value,
    /// The preset of which that is the number, where it is not that of all.
    pub of_preset: Option<&'static str>,
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
            None,
            "effects.numa",
            "work whose memory lies on other NUMA nodes waits longer for it, and links and memory carry only so much",
            NUMA,
        ),
        of(
            Some(Interconnect::default()),
            "effects.interconnect",
            "devices of one task that are far apart exchange data more slowly, and far from its cores they are fed more slowly",
            INTERCONNECT,
        ),
        of(
            Some(Virtualisation::default()),
            "effects.virtualisation",
            "guests lose time to what runs them",
            VIRTUALISATION,
        ),
        of(
            Some(CpuSharing::default()),
            "effects.cpu_sharing",
            "cpu that is wanted more than once is shared out, and whoever gets less takes longer",
            CPU_SHARING,
        ),
        of(
            Some(MemoryPressure::default()),
            "effects.memory_pressure",
            "memory that is used beyond what there is has to be fetched, which slows everybody on the host",
            MEMORY_PRESSURE,
        ),
        of::<Sharing>(
            None,
            "device_kinds.NAME.sharing",
            "how tasks hold parts of one device, and what they do to each other",
            SHARING,
        ),
        of(
            Some(Behaviour::default()),
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
                of_preset: None,
                help: "whether tasks that are turned away, or run out of the memory of their devices, wait or leave",
            }],
        },
        EffectHelp {
            key: "rules.NAME.migration",
            help: "moving a running task takes rounds, traffic and a stop; `rackwright list models` has its presets as `migration`",
            presets: Vec::new(),
            parameters: written(MIGRATION),
        },
        EffectHelp {
            key: "rules.NAME.facility.cooling",
            help: "what carries the heat out follows load and weather; the ways stand under `cooling`",
            presets: Vec::new(),
            parameters: written(COOLING),
        },
        EffectHelp {
            key: "rules.NAME.surroundings",
            help: "weather, carbon intensity and price around the datacenter, on a calendar",
            presets: Vec::new(),
            parameters: written(SURROUNDINGS),
        },
        EffectHelp {
            key: "rules.NAME.cpu_quota",
            help: "no task uses more cpu than so many times what it asks for: the limit of a container",
            presets: Vec::new(),
            parameters: vec![ParameterHelp {
                key: "cpu_quota",
                unit: "1",
                default: Value::Null,
                of_preset: None,
                help: "a multiple of the request; no limit without it",
            }],
        },
    ]
}

/// An effect whose numbers are those of a model; where it has no default, those of the first preset that has the key.
fn of<T: Model>(
    default: Option<T>,
    key: &'static str,
    help: &'static str,
    parameters: &[Parameter],
) -> EffectHelp {
    let known = T::known();
    let as_value = |model: &T| serde_json::to_value(model).expect("models hold text and finite numbers");
    let own = default.as_ref().map(as_value);
    let number = |key: &str| {
        let pointer = format!("/{}", key.replace('.', "/"));
        let stated = own.as_ref().and_then(|model| model.pointer(&pointer).cloned());
        match stated {
            Some(number) => (number, None),
            None => known
                .iter()
                .find_map(|(name, model, _)| Some((as_value(model).pointer(&pointer)?.clone(), Some(*name))))
                .unwrap_or((Value::Null, None)),
        }
    };
    let explained = |&(key, unit, help): &Parameter| {
        let (default, of_preset) = number(key);
        ParameterHelp { key, unit, default, of_preset, help }
    };
    EffectHelp {
        key,
        help,
        presets: known.iter().map(|one| (one.0, one.2)).collect(),
        parameters: parameters.iter().map(explained).collect(),
    }
}

/// Key, unit, default (nothing where there is none), the preset of which it is, and meaning.
type Written = (&'static str, &'static str, Option<f64>, Option<&'static str>, &'static str);

const COOLING: &[Written] = &[
    (
        "supply_celsius",
        "°C",
        Some(24.0),
        Some("economiser_water"),
        "what the hosts are supplied with; 20 for chiller_20c",
    ),
    ("rated_cop", "1", Some(3.0), Some("chiller"), "heat over power of the chiller at design conditions"),
    (
        "capacity_watts",
        "W",
        None,
        None,
        "the heat that the chiller removes: that of hosts and losses at the rated power",
    ),
    (
        "approach_kelvin",
        "K",
        Some(4.0),
        Some("economiser_water"),
        "tower water above the wet bulb; let in air above outside air 2",
    ),
    (
        "span_kelvin",
        "K",
        Some(10.0),
        Some("economiser_water"),
        "from all of the heat to none of it an economiser takes so many",
    ),
    (
        "fans_and_pumps",
        "W/W",
        Some(0.02),
        Some("economiser_water"),
        "of an economiser for its heat; 0.03 with air",
    ),
    ("litres_per_kwh", "L/kWh", Some(1.8), Some("economiser_water"), "what a tower evaporates"),
    ("liquid_share", "1", Some(0.9), Some("liquid"), "the share of the heat that liquid takes"),
    ("liquid_pumps", "W/W", Some(0.015), Some("liquid"), "pumps for the liquid's heat"),
    (
        "fan_share",
        "W/W",
        None,
        None,
        "fans of the room at full flow, for the heat of the rated power; none without it",
    ),
];

const SURROUNDINGS: &[Written] = &[
    ("weather", "°C", None, None, "outside temperature: a number, a file, or { synthetic }"),
    ("carbon", "g/kWh", None, None, "carbon intensity of the grid: a number, a file, or { synthetic }"),
    (
        "price",
        "per MWh",
        None,
        None,
        "of electricity, which may be negative: a number, a file, or { synthetic }",
    ),
    ("forecast_hours", "h", Some(24.0), None, "how far policies may look ahead"),
    ("synthetic.daily_swing", "as it", Some(0.0), None, "from the lowest to the highest hour of a day"),
    ("synthetic.yearly_swing", "as it", Some(0.0), None, "from the lowest to the highest day of a year"),
    ("synthetic.hottest_hour", "h", Some(15.0), None, "the local hour of the highest value"),
    ("synthetic.hottest_day", "d", Some(201.0), None, "the day of the year of the highest value"),
];

const MIGRATION: &[Written] = &[
    (
        "bandwidth_mib_per_second",
        "MiB/s",
        Some(953.674_316_406_25),
        Some("qemu"),
        "of either direction of a host; of a migration for send_once",
    ),
    ("slowdown", "1", Some(0.1), Some("qemu"), "speed that a task loses while it is copied"),
    ("power_share", "1", Some(0.1), Some("qemu"), "of full less idle power, drawn more on both ends"),
    ("resume_seconds", "s", Some(0.03), Some("qemu"), "what stopping and resuming cost"),
    ("working_set_share", "1", Some(0.1), Some("qemu"), "of the memory, ever written to"),
    ("downtime_target_seconds", "s", Some(0.3), Some("qemu"), "the downtime that is aimed at"),
    ("stop_below_mib", "MiB", Some(0.0), Some("qemu"), "stopped when no more than this is left, too"),
    (
        "throttle_start",
        "1",
        Some(0.2),
        Some("qemu"),
        "the share of its speed that a throttled task loses at first",
    ),
    ("throttle_step", "1", Some(0.1), Some("qemu"), "by how much that rises each time"),
    ("throttle_most", "1", Some(0.99), Some("qemu"), "the most that it loses"),
    (
        "throttle_above",
        "1",
        Some(0.5),
        Some("qemu"),
        "it rises when a round left more than this share of what it sent",
    ),
    (
        "traffic_limit",
        "1",
        None,
        None,
        "a migration stalls once more than so many times the memory was sent; no limit without it",
    ),
    (
        "dirty_mib_per_second",
        "MiB/s",
        Some(33.378_601_074_218_75),
        Some("qemu"),
        "how fast distinct pages become dirty (work = web)",
    ),
    ("dirty_ratio", "1", None, None, "the same as a share of the bandwidth"),
    (
        "state_mib",
        "MiB",
        Some(11.920_928_955_078_125),
        Some("post_copy"),
        "sent while it stands still, before its memory follows",
    ),
    ("fault_share", "1", Some(0.21), Some("post_copy"), "of the working set, asked for over the network"),
    ("round_trip_seconds", "s", Some(50e-6), Some("post_copy"), "of a fault"),
    ("fault_seconds", "s", Some(20e-6), Some("post_copy"), "what handling a fault takes beside"),
    (
        "quiesce_seconds",
        "s",
        Some(1.0),
        Some("checkpoint"),
        "until a task that is checkpointed has come to rest",
    ),
    ("context_seconds", "s", Some(5.0), Some("checkpoint"), "until devices work again"),
    (
        "device_memory_mib",
        "MiB",
        Some(76_293.945_312_5),
        Some("checkpoint"),
        "what a whole device holds of a task",
    ),
    (
        "device_mib_per_second",
        "MiB/s",
        Some(23_841.857_910_156_25),
        Some("checkpoint"),
        "between a device and its host",
    ),
    (
        "store_write_mib_per_second",
        "MiB/s",
        None,
        None,
        "how fast a checkpoint is written to a store; the network without it",
    ),
    ("store_read_mib_per_second", "MiB/s", None, None, "how fast it is read from there"),
];

fn written(all: &[Written]) -> Vec<ParameterHelp> {
    let one = |&(key, unit, default, of_preset, help): &Written| ParameterHelp {
        key,
        unit,
        default: default.map_or(Value::Null, Value::from),
        of_preset,
        help,
    };
    all.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::migration;
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

    /// Stating a default changes nothing.
    #[test]
    fn written_defaults_are_the_real_ones() {
        let rules = |text: &str| toml::from_str::<crate::config::RulesConfig>(text).expect(text);
        let named: BTreeSet<&str> = MIGRATION.iter().map(|one| one.0).collect();
        assert_eq!(named, migration::KEYS.iter().map(|key| key.name).collect(), "every number is explained");
        for (key, _, default, preset, _) in MIGRATION.iter().filter(|one| one.2.is_some()) {
            let stated = rules(&format!(
                "migration = {{ preset = '{}', {key} = {} }}",
                preset.expect("all have one"),
                default.expect("all have one")
            ));
            let plain = rules(&format!("migration = '{}'", preset.expect("all have one")));
            let seed = sim::kernel::rng::Seed(0);
            assert_eq!(stated.rules(seed).migration, plain.rules(seed).migration, "{key}");
        }
        for (key, _, default, preset, _) in COOLING {
            let (Some(default), Some(preset)) = (default, preset) else { continue };
            let facility = |cooling: &str| {
                let rules = rules(&format!("facility = {{ ups = 'eco', cooling = {cooling} }}"));
                rules.facility.expect("it is stated").electrical(1, 1000.0)
            };
            let stated = facility(&format!("{{ preset = '{preset}', {key} = {default} }}"));
            assert_eq!(stated, facility(&format!("'{preset}'")), "{key}");
        }
        let surroundings = rules(
            "surroundings = { calendar = '2024-01-01T00:00Z', weather = { synthetic = { mean = 1 } } }",
        );
        let stated = rules(
            "surroundings = { calendar = '2024-01-01T00:00Z', forecast_hours = 24, weather = { synthetic = { mean = 1,
             daily_swing = 0, yearly_swing = 0, hottest_hour = 15, hottest_day = 201 } } }".replace('\n', " ").as_str(),
        );
        assert_eq!(stated, surroundings);
    }

    #[test]
    fn defaults_are_said_to_be_whose_they_are() {
        let list = effect_list();
        let numa = list.iter().find(|effect| effect.key == "effects.numa").expect("it is in the list");
        let remote = numa.parameters.iter().find(|parameter| parameter.key == "remote_ns").expect("there");
        assert_eq!((remote.unit, remote.default.as_f64()), ("ns", Some(140.4)));
        assert_eq!(remote.of_preset, Some("cascade_lake"), "numa memory has no default");
        let links = list.iter().find(|effect| effect.key == "effects.interconnect").expect("there");
        assert_eq!((links.parameters[0].default.as_f64(), links.parameters[0].of_preset), (Some(0.0), None));
        let sharing =
            list.iter().find(|effect| effect.key.ends_with("sharing") && effect.key.starts_with("device"));
        let loss = &sharing.expect("it is in the list").parameters[0];
        assert_eq!(loss.default.as_f64(), Some(0.03));
    }
}
