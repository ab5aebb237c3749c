//! Clusters as configs state them: a batch pool, a list of nodes from a trace, or groups of hosts.

use std::fmt;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use sim::effects::Sharing;
use sim::models::device_memory;
use sim::models::gpu_power::{self, GpuCurve, GpuPower};
use sim::models::power::{self, HostPower};
use sim::models::sleep::Sleep;
use sim::resources::DeviceClass;
use sim::topology::DeviceMemory;

use super::{Chosen, EffectsConfig, EmbodiedConfig, Named, schema};
use crate::nearest::unknown_name;

/// One cluster: exactly one of `named`, `file`, `pool`, `nodes` and `hosts`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClusterConfig {
    /// Another TOML file that holds these keys, relative to the file that names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// A cluster that is built in (`rackwright list clusters`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::known_clusters")]
    pub named: Option<String>,
    /// A batch pool: one host whose capacity is a number of processors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<PoolConfig>,
    /// Hosts as a published list of nodes states them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nodes: Option<NodesConfig>,
    /// Groups of equal hosts, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<HostGroupConfig>,
    /// What kinds of devices there are; those of a known model need not be stated.
    #[serde(default)]
    pub device_kinds: Named<DeviceKindConfig>,
    /// Which host wins a tie.
    #[serde(default)]
    pub host_order: HostOrder,
    /// Only so many of the hosts, the first ones in their order: a smaller cluster of the same kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_limit: Option<u32>,
    /// What all hosts do to the work on them; groups of hosts may state their own in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effects: Option<EffectsConfig>,
    /// Other curves for the powers that stand here, to see what hangs on them.
    #[serde(default, skip_serializing_if = "PowerCurvesConfig::is_default")]
    pub power_curves: PowerCurvesConfig,
}

/// Other curves between the same powers, when nothing and when everything is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PowerCurvesConfig {
    /// Of hosts without their devices.
    pub hosts: HostCurve,
    /// Of devices.
    pub devices: DeviceCurve,
}

impl PowerCurvesConfig {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// How the power of a host follows the share of its cpu in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HostCurve {
    /// As the cluster states it.
    #[default]
    Stated,
    /// Straight from one end to the other.
    Linear,
    /// With 2u - u^1.4 (Fan, Weber, Barroso, ISCA 2007).
    Fan,
    /// With the cube of the share.
    Cubic,
}

impl HostCurve {
    /// This curve between the ends of another one.
    pub(crate) fn in_place_of(self, stated: HostPower, cpu_milli: u32) -> HostPower {
        let (idle_watts, max_watts) = (stated.idle_watts(cpu_milli), stated.max_watts(cpu_milli));
        match self {
            Self::Stated => stated,
            Self::Linear => HostPower::Linear { idle_watts, max_watts },
            Self::Fan => HostPower::Fan { idle_watts, max_watts, exponent: 1.4 },
            Self::Cubic => HostPower::Cubic { idle_watts, max_watts },
        }
    }
}

/// How the power of a device follows the share of it in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceCurve {
    /// As the cluster states it, or as its model is known.
    #[default]
    Stated,
    /// Straight: work that computes.
    Linear,
    /// With log2(1 + u) (SustainCluster).
    Log,
    /// With 0.65 sqrt(u): work that waits for memory (Joulie).
    MemoryBound,
    /// All as soon as any part is in use (PWR, 2025).
    AllOrNothing,
}

impl DeviceCurve {
    /// This curve between the ends of another one.
    pub(crate) fn in_place_of(self, stated: GpuPower) -> GpuPower {
        let curve = match self {
            Self::Stated => stated.curve,
            Self::Linear => GpuCurve::Linear,
            Self::Log => GpuCurve::Log,
            Self::MemoryBound => GpuCurve::MemoryBound,
            Self::AllOrNothing => GpuCurve::AllOrNothing,
        };
        GpuPower { curve, ..stated }
    }
}

/// In which order hosts are numbered; ties between hosts go to the lowest number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HostOrder {
    /// As the config or the list has them.
    #[default]
    AsListed,
    /// One of each group of hosts in turn.
    Interleaved,
    /// In a random order for each seed (stream `hosts`): a tie goes to a host that is random, but the same
    /// for the whole run.
    Shuffled,
}

/// A batch pool: one host, on which a job is one task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PoolConfig {
    /// How many processors it has.
    pub processors: u32,
    /// Its memory in mebibytes; without it, memory limits nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u32>,
    /// What the whole pool draws; without it, as many cores of Xeon E5-2682 v4 (see [`crate::cluster`]).
    #[serde(default, deserialize_with = "some_host_power", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::host_power")]
    pub power: Option<HostPower>,
}

/// Where a published list of nodes lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodesConfig {
    /// How to read it.
    pub importer: NodesImporter,
    /// The file, relative to the data folder.
    pub path: String,
    /// How power follows what is in use.
    #[serde(default, skip_serializing_if = "NodesPower::is_default")]
    #[schemars(schema_with = "schema::nodes_power")]
    pub power: NodesPower,
    /// NUMA nodes of each, which share cpu, memory and devices evenly.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[schemars(range(min = 1, max = 8))]
    pub numa_nodes: u8,
}

/// How the power of hosts and devices of a list of nodes, which states none, follows what is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodesPower {
    /// In proportion, between the idle and the full power of each processor and device.
    #[default]
    Linear,
    /// A processor or device draws all of its power as soon as anything is on it, as the PWR scheduling plugin has it.
    Stepped,
}

impl NodesPower {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Which lists of nodes can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NodesImporter {
    /// Alibaba's GPU cluster of 2023.
    OpenbNodes,
}

/// A group of equal hosts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostGroupConfig {
    /// How many.
    pub count: u32,
    /// What they are called in reports.
    pub model: String,
    /// Cores of each; or `cpu_milli`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cores: Option<u32>,
    /// Thousandths of a core of each; or `cores`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_milli: Option<u32>,
    /// Gibibytes of each; or `memory_mib`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_gib: Option<u32>,
    /// Mebibytes of each; or `memory_gib`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u32>,
    /// NUMA nodes of each, which share cpu and memory evenly.
    #[serde(default = "one")]
    pub numa_nodes: u8,
    /// Devices of each, spread evenly over the NUMA nodes in order.
    #[serde(default)]
    pub devices: Vec<DeviceGroupConfig>,
    /// What tasks may require of them.
    #[serde(default)]
    pub features: Vec<String>,
    /// How many stand in one rack; without it, the group fills one rack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hosts_per_rack: Option<u32>,
    /// What each draws without its devices: the name of a measured server, or a curve.
    #[serde(deserialize_with = "host_power")]
    #[schemars(schema_with = "schema::host_power")]
    pub power: HostPower,
    /// How much more cpu is given out than there is: 4 gives out four times as much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1.0))]
    pub cpu_overcommit: Option<f64>,
    /// The same of memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1.0))]
    pub memory_overcommit: Option<f64>,
    /// Cores of each that network, storage and isolation take, so that work does not have them; none where a DPU (a device of
    /// that class) takes these off the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub io_cores: Option<u32>,
    /// How fast work runs on it: 1, which it is without this, is the speed at which run times are stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0))]
    pub speed: Option<f64>,
    /// What it does to the work on it; without it, what the cluster states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effects: Option<EffectsConfig>,
    /// Thousandths of cpu that one core gives, where tasks of one core may ask for more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub core_milli: Option<u32>,
    /// The shares of its full frequency at which its cpu can run, falling.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frequencies: Vec<f64>,
    /// What sleep costs: the name of a preset, or a table; without it, hosts never sleep.
    #[serde(default, deserialize_with = "some_sleep", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::sleep")]
    pub sleep: Option<Sleep>,
    /// What making each emitted, in kilograms of CO2 equivalents: a number, "server", or a table of parts; without it nothing is
    /// said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::embodied")]
    pub embodied: Option<EmbodiedConfig>,
}

fn one() -> u8 {
    1
}

fn is_one(count: &u8) -> bool {
    *count == 1
}

/// Equal devices of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceGroupConfig {
    /// Their kind: a key of `device_kinds`, or a known model.
    pub kind: String,
    /// How many.
    pub count: u8,
}

/// A kind of device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceKindConfig {
    /// What it is for; a GPU unless stated.
    #[serde(default = "gpu")]
    #[schemars(schema_with = "schema::device_class")]
    pub class: DeviceClass,
    /// True when several tasks may hold parts of one such device.
    #[serde(default)]
    pub shared: bool,
    /// How they hold parts, and what they do to each other; without it, `whole`, or `parts` where it is `shared`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharing: Option<Chosen<Sharing>>,
    /// Its own memory in mebibytes; without it, that of the model of the kind's own name, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u32>,
    /// How much more of it is given out than there is; 1 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1.0))]
    pub memory_overcommit: Option<f64>,
    /// What it draws: the name of a known model or a curve; without it, the model of the kind's own name.
    #[serde(default, deserialize_with = "some_gpu_power", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::gpu_power")]
    pub power: Option<GpuPower>,
}

impl DeviceKindConfig {
    /// Its memory; `name` is the kind's.
    pub(crate) fn memory(&self, name: &str) -> DeviceMemory {
        let known = self.memory_mib.or_else(|| device_memory::preset(name)).unwrap_or(0);
        let given = f64::from(known) * self.memory_overcommit.unwrap_or(1.0);
        DeviceMemory { physical_mib: known, given_mib: given.round() as u32 }
    }

    /// How tasks hold parts of it.
    pub(crate) fn sharing(&self) -> Sharing {
        let plain = if self.shared { Sharing::Parts } else { Sharing::Whole };
        self.sharing.map_or(plain, |chosen| chosen.0)
    }
}

fn gpu() -> DeviceClass {
    DeviceClass::Gpu
}

/// The names of measured servers.
pub fn host_power_names() -> Vec<&'static str> {
    power::PRESETS.iter().map(|preset| preset.name).collect()
}

/// The names of device models of known power.
pub fn gpu_power_names() -> Vec<&'static str> {
    gpu_power::PRESETS.iter().map(|preset| preset.0).collect()
}

/// Everything that the power of a host may be, each with a line of help: measured servers, then curves.
pub fn host_power_list() -> Vec<(&'static str, String)> {
    let measured = power::PRESETS.iter().map(|preset| {
        let [idle, .., max] = preset.watts;
        (preset.name, format!("measured, {idle} to {max} W: {}", preset.source))
    });
    let curves = [
        ("table", "eleven powers in watts, at 0 %, 10 %, ... 100 % of the cpu"),
        ("linear", "{ idle_watts, max_watts }: straight from one to the other"),
        ("sqrt", "{ idle_watts, max_watts }: with the square root of the cpu share"),
        ("square", "{ idle_watts, max_watts }: with its square"),
        ("cubic", "{ idle_watts, max_watts }: with its cube"),
        ("fan", "{ idle_watts, max_watts, exponent }: with 2u - u^exponent (Fan et al., ISCA 2007)"),
        ("asymptotic", "{ idle_watts, max_watts, tau }: bends at the share tau (GreenCloud)"),
        (
            "asymptotic_dvfs",
            "{ idle_watts, max_watts, tau }: the same with the cube of the cpu share (OpenDC)",
        ),
        (
            "dvfs",
            "{ static_watts, utilisation_watts, frequency_watts }: static + utilisation u + frequency u f (Xu et al., 2013)",
        ),
        ("exponents", "{ idle_watts, max_watts, alpha, beta }: with u^alpha f^beta (Joulie)"),
        (
            "stepped",
            "{ idle_watts_each, max_watts_each, cores_each, core_milli }: processors that draw all or nothing (PWR, 2025)",
        ),
    ];
    measured.chain(curves.map(|(name, help)| (name, help.to_owned()))).collect()
}

/// Everything that the power of a device may be, each with a line of help: known models, then curves.
pub fn gpu_power_list() -> Vec<(&'static str, String)> {
    let known = gpu_power::PRESETS
        .iter()
        .map(|&(name, idle, max, source)| (name, format!("linear, {idle} to {max} W: {source}")));
    let curves = [
        ("linear", "{ idle_watts, max_watts, curve = \"linear\" }: work that computes"),
        ("log", "{ idle_watts, max_watts, curve = \"log\" }: with log2(1 + u) (SustainCluster)"),
        ("memory_bound", "{ idle_watts, max_watts, curve = \"memory_bound\" }: with 0.65 sqrt(u) (Joulie)"),
        (
            "all_or_nothing",
            "{ idle_watts, max_watts, curve = \"all_or_nothing\" }: all as soon as any part is in use",
        ),
    ];
    known.chain(curves.map(|(name, help)| (name, help.to_owned()))).collect()
}

fn host_power<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HostPower, D::Error> {
    struct Power;

    impl<'de> Visitor<'de> for Power {
        type Value = HostPower;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(
                "the name of a measured server, or a curve such as { linear = { idle_watts = 100, max_watts = 300 } }",
            )
        }

        fn visit_str<E: Error>(self, name: &str) -> Result<HostPower, E> {
            let refuse = || E::custom(unknown_name("server", name, &host_power_names()));
            HostPower::preset(name).ok_or_else(refuse)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<HostPower, A::Error> {
            let power = HostPower::deserialize(MapAccessDeserializer::new(map))?;
            checked(power).map_err(A::Error::custom)
        }
    }

    deserializer.deserialize_any(Power)
}

fn some_sleep<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Sleep>, D::Error> {
    struct Preset;

    impl<'de> Visitor<'de> for Preset {
        type Value = Sleep;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(
                "the name of a preset, or { down_seconds, down_watts, asleep_watts, boot_seconds, boot_watts }",
            )
        }

        fn visit_str<E: Error>(self, name: &str) -> Result<Sleep, E> {
            let known: Vec<&str> = Sleep::PRESETS.iter().map(|preset| preset.0).collect();
            let found = Sleep::PRESETS.iter().find(|preset| preset.0 == name);
            found.map(|preset| preset.1).ok_or_else(|| E::custom(unknown_name("sleep", name, &known)))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Sleep, A::Error> {
            let sleep = Sleep::deserialize(MapAccessDeserializer::new(map))?;
            let watts = [
                ("down_watts", sleep.down_watts),
                ("asleep_watts", sleep.asleep_watts),
                ("boot_watts", sleep.boot_watts),
            ];
            match watts.iter().find(|(_, watts)| !(watts.is_finite() && *watts >= 0.0)) {
                Some((key, watts)) => {
                    Err(A::Error::custom(format!("`{key}` is {watts}; allowed is a number of 0 or more")))
                }
                None => Ok(sleep),
            }
        }
    }

    deserializer.deserialize_any(Preset).map(Some)
}

fn some_host_power<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<HostPower>, D::Error> {
    host_power(deserializer).map(Some)
}

fn some_gpu_power<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<GpuPower>, D::Error> {
    struct Power;

    impl<'de> Visitor<'de> for Power {
        type Value = GpuPower;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(
                "the name of a known device model, or a curve such as { idle_watts = 50, max_watts = 400 }",
            )
        }

        fn visit_str<E: Error>(self, name: &str) -> Result<GpuPower, E> {
            GpuPower::preset(name)
                .ok_or_else(|| E::custom(unknown_name("device model", name, &gpu_power_names())))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<GpuPower, A::Error> {
            let power = GpuPower::deserialize(MapAccessDeserializer::new(map))?;
            rises(power.idle_watts, power.max_watts).map_err(A::Error::custom)?;
            Ok(power)
        }
    }

    deserializer.deserialize_any(Power).map(Some)
}

/// Refuses powers that no host has.
fn checked(power: HostPower) -> Result<HostPower, String> {
    match power {
        HostPower::Table(watts) => {
            let allowed = "`table` takes eleven powers in watts, none of them negative";
            watts
                .iter()
                .all(|watts| watts.is_finite() && *watts >= 0.0)
                .then_some(())
                .ok_or_else(|| allowed.to_owned())?;
        }
        HostPower::Linear { idle_watts, max_watts }
        | HostPower::Sqrt { idle_watts, max_watts }
        | HostPower::Square { idle_watts, max_watts }
        | HostPower::Cubic { idle_watts, max_watts } => rises(idle_watts, max_watts)?,
        HostPower::Fan { idle_watts, max_watts, exponent } => {
            rises(idle_watts, max_watts)?;
            above_zero("exponent", exponent)?;
        }
        HostPower::Asymptotic { idle_watts, max_watts, tau }
        | HostPower::AsymptoticDvfs { idle_watts, max_watts, tau } => {
            rises(idle_watts, max_watts)?;
            above_zero("tau", tau)?;
        }
        HostPower::Dvfs { static_watts, utilisation_watts, frequency_watts } => {
            let keys = [
                ("static_watts", static_watts),
                ("utilisation_watts", utilisation_watts),
                ("frequency_watts", frequency_watts),
            ];
            for (key, watts) in keys {
                if !(watts.is_finite() && watts >= 0.0) {
                    return Err(format!("`{key}` is {watts}; allowed is a number of 0 or more"));
                }
            }
        }
        HostPower::Exponents { idle_watts, max_watts, alpha, beta } => {
            rises(idle_watts, max_watts)?;
            above_zero("alpha", alpha)?;
            above_zero("beta", beta)?;
        }
        HostPower::Stepped { idle_watts_each, max_watts_each, cores_each, core_milli } => {
            rises(idle_watts_each, max_watts_each)?;
            above_zero("cores_each", f64::from(cores_each))?;
            above_zero("core_milli", f64::from(core_milli))?;
        }
    }
    Ok(power)
}

fn above_zero(key: &str, value: f64) -> Result<(), String> {
    let refuse = || format!("`{key}` is {value}; allowed is a number above 0");
    (value.is_finite() && value > 0.0).then_some(()).ok_or_else(refuse)
}

fn rises(idle_watts: f64, max_watts: f64) -> Result<(), String> {
    if idle_watts.is_finite() && max_watts.is_finite() && 0.0 <= idle_watts && idle_watts <= max_watts {
        return Ok(());
    }
    Err(format!(
        "`idle_watts` is {idle_watts} and `max_watts` {max_watts}; allowed is 0 <= idle_watts <= max_watts"
    ))
}
