//! What slows work, as configs state it: `effects` of clusters and groups of hosts, `sharing` of kinds of devices, and what
//! rules say of how work behaves.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Map;
use sim::effects::{Behaviours, HostEffects, MOST_BEHAVIOURS, Sharing};
use sim::models::behaviour::Behaviour;
use sim::models::cpu_sharing::{CpuSharing, SharingRule, Weights};
use sim::models::gpu_sharing::{NEIGHBOUR_COST, SWITCHING_LOSS};
use sim::models::interconnect::Interconnect;
use sim::models::memory_pressure::MemoryPressure;
use sim::models::numa::NumaMemory;
use sim::models::virtualisation::Virtualisation;

use super::chosen::{Chosen, Model};

/// What hosts do to the work on them. What is not stated has no effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EffectsConfig {
    /// Memory of other NUMA nodes is farther away, and links carry only so much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numa: Option<Chosen<NumaMemory>>,
    /// How devices are connected: a group is as fast as its slowest pair.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interconnect: Option<Chosen<Interconnect>>,
    /// Work runs in containers or guests, and loses something to them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtualisation: Option<Chosen<Virtualisation>>,
    /// Cpu that is asked for more than once is shared out, and who gets less takes longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_sharing: Option<Chosen<CpuSharing>>,
    /// Memory that is used beyond what is there is fetched from a disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_pressure: Option<Chosen<MemoryPressure>>,
}

impl EffectsConfig {
    /// As a topology takes them.
    pub fn host_effects(&self) -> HostEffects {
        HostEffects {
            memory: self.numa.map(|chosen| chosen.0),
            interconnect: self.interconnect.map(|chosen| chosen.0),
            virtualisation: self.virtualisation.map(|chosen| chosen.0),
            cpu_sharing: self.cpu_sharing.map(|chosen| chosen.0),
            memory_pressure: self.memory_pressure.map(|chosen| chosen.0),
            speed: None,
        }
    }
}

impl Model for NumaMemory {
    const WHAT: &'static str = "numa memory";

    fn known() -> Vec<(&'static str, Self, &'static str)> {
        Self::PRESETS.to_vec()
    }

    fn problem(&self) -> Option<(&'static str, f64, &'static str)> {
        let near = self.nodes_per_socket > 1 && self.near_ns < self.local_ns;
        let nearer = near
            .then_some(("near_ns", self.near_ns))
            .or((self.remote_ns < self.local_ns).then_some(("remote_ns", self.remote_ns)));
        self.problem()
            .map(|(key, value)| (key, value, "a number above 0"))
            .or(nearer.map(|(key, value)| (key, value, "no less than `local_ns`")))
    }
}

impl Model for Interconnect {
    const WHAT: &'static str = "interconnect";

    fn known() -> Vec<(&'static str, Self, &'static str)> {
        Self::PRESETS.to_vec()
    }

    fn problem(&self) -> Option<(&'static str, f64, &'static str)> {
        self.problem().map(|(key, value)| (key, value, "a number above 0"))
    }
}

impl Model for Virtualisation {
    const WHAT: &'static str = "virtualisation";

    fn known() -> Vec<(&'static str, Self, &'static str)> {
        Self::PRESETS.to_vec()
    }

    fn problem(&self) -> Option<(&'static str, f64, &'static str)> {
        self.problem()
    }
}

impl Model for MemoryPressure {
    const WHAT: &'static str = "memory pressure";

    fn known() -> Vec<(&'static str, Self, &'static str)> {
        Self::PRESETS.to_vec()
    }

    fn problem(&self) -> Option<(&'static str, f64, &'static str)> {
        self.problem()
    }
}

impl Model for Behaviour {
    const WHAT: &'static str = "behaviour";

    fn known() -> Vec<(&'static str, Self, &'static str)> {
        Self::PRESETS.to_vec()
    }

    fn problem(&self) -> Option<(&'static str, f64, &'static str)> {
        self.problem()
    }
}

impl Model for CpuSharing {
    const WHAT: &'static str = "cpu sharing";

    fn known() -> Vec<(&'static str, Self, &'static str)> {
        let weighted = |weights| Self { weights, rule: SharingRule::MaxMin };
        let proportional = Self { weights: Weights::Request, rule: SharingRule::Proportional };
        vec![
            ("max_min", weighted(Weights::Request), "weighted max-min, weights in proportion to requests"),
            ("max_min_equal", weighted(Weights::Equal), "max-min, everybody counts the same"),
            (
                "max_min_priority",
                weighted(Weights::Priority),
                "weighted max-min, twice for each step of priority",
            ),
            ("proportional", proportional, "everybody gets the same part of what it wants (CloudSim)"),
        ]
    }

    fn problem(&self) -> Option<(&'static str, f64, &'static str)> {
        None
    }
}

impl Model for Sharing {
    const WHAT: &'static str = "way to share a device";

    fn known() -> Vec<(&'static str, Self, &'static str)> {
        let (switching_loss, neighbour_cost) = (SWITCHING_LOSS, NEIGHBOUR_COST);
        vec![
            ("whole", Self::Whole, "a device serves one task"),
            ("parts", Self::Parts, "in thousandths, without effect on each other"),
            (
                "time_slicing",
                Self::TimeSlicing { switching_loss },
                "in thousandths, taking turns: 3 % is lost",
            ),
            (
                "spatial",
                Self::Spatial { neighbour_cost },
                "all at once (MPS): 3 % for each neighbour, and contention",
            ),
            (
                "mig",
                Self::Mig { reconfiguration_seconds: 10.0 },
                "in parts of a multi-instance GPU: 10 s to make one (assumed)",
            ),
            (
                "regions",
                Self::Regions { count: 4, reconfiguration_seconds: 0.2 },
                "in four regions of reconfigurable logic: 0.2 s to make one ready",
            ),
        ]
    }

    fn problem(&self) -> Option<(&'static str, f64, &'static str)> {
        let from_zero = |key, value: f64| {
            (!(value.is_finite() && value >= 0.0)).then_some((key, value, "a number of 0 or more"))
        };
        let ready = |seconds: f64| {
            let allowed = "a number of seconds from 0 to 1e6";
            (!(0.0..=1e6).contains(&seconds)).then_some(("reconfiguration_seconds", seconds, allowed))
        };
        match *self {
            Self::Whole | Self::Parts => None,
            Self::TimeSlicing { switching_loss } => (!(0.0..1.0).contains(&switching_loss)).then_some((
                "switching_loss",
                switching_loss,
                "a number from 0 on and below 1",
            )),
            Self::Spatial { neighbour_cost } => from_zero("neighbour_cost", neighbour_cost),
            Self::Mig { reconfiguration_seconds } => ready(reconfiguration_seconds),
            Self::Regions { count, reconfiguration_seconds } => {
                let divides = count > 0 && 1000 % count == 0;
                (!divides)
                    .then_some(("count", f64::from(count), "a divisor of 1000, such as 1, 2, 4, 5 or 8"))
                    .or(ready(reconfiguration_seconds))
            }
        }
    }
}

/// How work behaves: one kind, or several with their shares.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum BehaviourConfig {
    /// All alike.
    One(Chosen<Behaviour>),
    /// Each job is of one of these kinds, at random.
    Mix(Vec<BehaviourShare>),
}

/// A kind of behaviour, and which share of jobs is of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BehaviourShare {
    /// Of all jobs; the shares add up to 1.
    pub share: f64,
    /// The kind.
    pub behaviour: Chosen<Behaviour>,
}

impl BehaviourConfig {
    /// As the engine takes it; the seed of the draws is that of the run.
    pub fn behaviours(&self) -> Behaviours {
        match self {
            Self::One(chosen) => Behaviours::of_one(chosen.0),
            Self::Mix(mix) => {
                let mut behaviours = Behaviours::of_one(mix[0].behaviour.0);
                for (kind, one) in behaviours.kinds.iter_mut().zip(mix) {
                    *kind = (one.share, one.behaviour.0);
                }
                behaviours
            }
        }
    }

    /// What of it cannot be.
    pub(super) fn problem(&self) -> Option<String> {
        let Self::Mix(mix) = self else { return None };
        if !(1..=MOST_BEHAVIOURS).contains(&mix.len()) {
            return Some(format!("{} kinds stand there; allowed are 1 to {MOST_BEHAVIOURS}", mix.len()));
        }
        if let Some(one) = mix.iter().find(|one| !(0.0..=1.0).contains(&one.share)) {
            return Some(format!("`share` is {}; allowed is a number from 0 to 1", one.share));
        }
        let sum: f64 = mix.iter().map(|one| one.share).sum();
        ((sum - 1.0).abs() > 1e-9)
            .then(|| format!("the shares add up to {sum}; allowed are shares that add up to 1"))
    }
}

impl<'de> Deserialize<'de> for BehaviourConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMix;

        impl<'de> Visitor<'de> for OneOrMix {
            type Value = BehaviourConfig;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the name of a behaviour, a table, or a list of { share, behaviour }")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<BehaviourConfig, E> {
                Chosen::named(name).map(BehaviourConfig::One)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<BehaviourConfig, A::Error> {
                Chosen::stated(Map::deserialize(MapAccessDeserializer::new(map))?).map(BehaviourConfig::One)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<BehaviourConfig, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(seq)).map(BehaviourConfig::Mix)
            }
        }

        deserializer.deserialize_any(OneOrMix)
    }
}

impl JsonSchema for BehaviourConfig {
    fn schema_name() -> Cow<'static, str> {
        "BehaviourConfig".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<Chosen<Behaviour>>();
        let share = generator.subschema_for::<BehaviourShare>();
        json_schema!({
            "anyOf": [one, { "type": "array", "minItems": 1, "maxItems": MOST_BEHAVIOURS, "items": share }],
        })
    }
}
