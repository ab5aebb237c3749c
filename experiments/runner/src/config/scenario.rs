//! Seeds, rules and scenarios as configs state them.

use std::borrow::Cow;
use std::fmt;

use policies::scheduler::{Backfilling, SchedulerConfig};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use sim::effects::Behaviours;
use sim::kernel::rng::Seed;
use sim::kernel::time::{SimDuration, SimTime};
use sim::metrics::Window;
use sim::models::facility::Facility;
use sim::models::topology_manager::TopologyManager;
use sim::rules::{
    Accounting, AfterEviction, CpuBound, DecideAfter, EventOrder, NumaSplit, Rebalancing, Rules, TurnedAway,
    WhenNoPlace,
};

use super::{BehaviourConfig, FacilityConfig, MigrationConfig, Named, SurroundingsConfig, schema};

/// The seeds, each once: a list, or `{ from, count }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seeds(pub Vec<u64>);

/// The most seeds that `{ from, count }` may stand for.
const MOST_SEEDS: u64 = 1_000_000;

impl<'de> Deserialize<'de> for Seeds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Range {
            from: u64,
            count: u64,
        }

        struct ListOrRange;

        impl<'de> Visitor<'de> for ListOrRange {
            type Value = Seeds;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of whole numbers, or { from = 0, count = 10 }")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Seeds, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(seq)).map(Seeds)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Seeds, A::Error> {
                let Range { from, count } = Range::deserialize(MapAccessDeserializer::new(map))?;
                let end = from.checked_add(count).filter(|_| count <= MOST_SEEDS);
                let refuse =
                    || A::Error::custom(format!("`count` is {count}; allowed are up to {MOST_SEEDS} seeds"));
                end.map(|end| Seeds((from..end).collect())).ok_or_else(refuse)
            }
        }

        deserializer.deserialize_any(ListOrRange)
    }
}

impl JsonSchema for Seeds {
    fn schema_name() -> Cow<'static, str> {
        "Seeds".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The seeds, each once: a list, or { from = 0, count = 10 }",
            "anyOf": [
                { "type": "array", "minItems": 1, "uniqueItems": true, "items": { "type": "integer", "minimum": 0 } },
                {
                    "type": "object",
                    "properties": {
                        "from": { "type": "integer", "minimum": 0, "description": "the first seed" },
                        "count": {
                            "type": "integer", "minimum": 1, "maximum": MOST_SEEDS, "description": "how many there are"
                        },
                    },
                    "required": ["from", "count"],
                    "additionalProperties": false,
                },
            ],
        })
    }
}

/// The rules of a scenario: what happens that is no scheduler's decision, and how schedulers may look past a
/// task that must wait.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RulesConfig {
    /// Which of two events of one instant takes effect first.
    #[schemars(schema_with = "schema::event_order")]
    pub event_order: EventOrder,
    /// When the engine asks.
    #[schemars(schema_with = "schema::decide_after")]
    pub decide_after: DecideAfter,
    /// What becomes of a task for which there is no place.
    #[schemars(schema_with = "schema::when_no_place")]
    pub when_no_place: WhenNoPlace,
    /// What becomes of the work that an evicted task has done.
    #[schemars(schema_with = "schema::after_eviction")]
    pub after_eviction: AfterEviction,
    /// The episode ends after so many seconds; without it, when nothing more can happen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0))]
    pub horizon_seconds: Option<f64>,
    /// Measuring begins after so many seconds; without it, when the episode begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0))]
    pub warm_up_seconds: Option<f64>,
    /// Measuring goes on for so many seconds; without it, until the episode ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0))]
    pub measure_seconds: Option<f64>,
    /// Power usage effectiveness of the building; without it, the average of the 2025 survey of the Uptime
    /// Institute, 1.54.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1.0))]
    pub pue: Option<f64>,
    /// The building where its losses follow the load, in the place of a `pue`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facility: Option<FacilityConfig>,
    /// What is around the datacenter: the weather, the carbon intensity and the price of electricity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub surroundings: Option<SurroundingsConfig>,
    /// Who may start before a task that must wait.
    pub backfilling: Backfilling,
    /// When schedulers are asked what to change of what runs; without it, never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rebalancing: Option<RebalancingConfig>,
    /// What moving a running task costs: the name of a preset, or a table. Without it, all of the memory is sent once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::migration")]
    pub migration: Option<MigrationConfig>,
    /// How much of the time of tasks waits for the cpu, 0 to 1; without it, all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub cpu_bound: Option<f64>,
    /// What the agents on hosts align, and what they turn away that was placed there; without it, tasks are given what the
    /// scheduler says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::topology_manager")]
    pub topology_manager: Option<TopologyManager>,
    /// What becomes of tasks that are turned away, or run out of the memory of their devices; without it, they wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::turned_away")]
    pub turned_away: Option<TurnedAway>,
    /// Tasks that ask for more memory than `above_memory_mib` are split evenly over the NUMA nodes of their host, all others
    /// come from one; without it, whoever places them decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::numa_split")]
    pub numa_split: Option<NumaSplit>,
    /// What work does to the machine it runs on, where hosts have effects; without it, `general`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behaviour: Option<BehaviourConfig>,
    /// The most cpu that a task may use, as a multiple of what it asks for; without it, no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0))]
    pub cpu_quota: Option<f64>,
    /// How energy and service levels are accounted for.
    #[serde(skip_serializing_if = "is_exact")]
    #[schemars(schema_with = "schema::accounting")]
    pub accounting: Accounting,
}

fn is_exact(accounting: &Accounting) -> bool {
    *accounting == Accounting::Exact
}

/// When schedulers are asked what to change. They are asked when an episode begins, too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RebalancingConfig {
    /// Every so many seconds.
    pub period_seconds: f64,
    /// After so many seconds for the first time; without it, after one period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seconds: Option<f64>,
    /// When the use of a host rises above this share of its cpu.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overload: Option<f64>,
    /// When the use of a host that holds tasks falls below this share of its cpu.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub underload: Option<f64>,
    /// When a task finds no place.
    #[serde(default)]
    pub no_place: bool,
}

impl RebalancingConfig {
    /// As the engine takes it. The values have been checked.
    fn rebalancing(&self) -> Rebalancing {
        let first = self.first_seconds.unwrap_or(self.period_seconds);
        Rebalancing {
            period: SimDuration::from_seconds(self.period_seconds).unwrap_or(SimDuration::MAX),
            first: SimTime::from_seconds(first).unwrap_or(SimTime::MAX),
            overload: self.overload,
            underload: self.underload,
            no_place: self.no_place,
        }
    }
}

impl RulesConfig {
    /// As the engine takes them under a seed. The values have been checked.
    pub fn rules(&self, seed: Seed) -> Rules {
        let behaviours = self.behaviour.as_ref().map(BehaviourConfig::behaviours).unwrap_or_default();
        Rules {
            topology_manager: self.topology_manager,
            turned_away: self.turned_away.unwrap_or_default(),
            numa_split: self.numa_split,
            behaviours: Behaviours { seed, ..behaviours },
            cpu_quota: self.cpu_quota,
            event_order: self.event_order,
            decide_after: self.decide_after,
            when_no_place: self.when_no_place,
            after_eviction: self.after_eviction,
            horizon: self.horizon_seconds.and_then(SimTime::from_seconds),
            facility: self.pue.map_or_else(Facility::default, Facility::StaticPue),
            rebalancing: self.rebalancing.as_ref().map(RebalancingConfig::rebalancing),
            migration: self.migration.as_ref().map(MigrationConfig::migration).unwrap_or_default(),
            cpu_bound: self.cpu_bound.map(CpuBound).unwrap_or_default(),
            accounting: self.accounting,
        }
    }
}

impl RulesConfig {
    /// The part of an episode that is measured. The values have been checked.
    pub fn window(&self) -> Window {
        let begin = self.warm_up_seconds.and_then(SimTime::from_seconds).unwrap_or_default();
        let length = self.measure_seconds.and_then(SimDuration::from_seconds);
        Window { begin, end: length.map(|length| begin + length) }
    }
}

/// Key, allowed values and one line of help of every rule.
pub const RULES: &[(&str, &str, &str)] = &[
    (
        "event_order",
        "releases_first (default), arrivals_first",
        "which of two events of one instant takes effect first",
    ),
    ("decide_after", "each_instant (default), each_event", "when schedulers are asked"),
    ("when_no_place", "wait (default), reject", "what becomes of a task for which there is no place"),
    (
        "after_eviction",
        "restart (default), resume",
        "whether the work that an evicted task has done is lost or kept",
    ),
    (
        "horizon_seconds",
        "a number above 0 (default: none)",
        "when the episode ends, whatever still waits or runs",
    ),
    (
        "warm_up_seconds",
        "a number from 0 on (default: 0)",
        "when measuring begins: what happens before is not counted",
    ),
    (
        "measure_seconds",
        "a number above 0 (default: none)",
        "for how long is measured; the episode itself goes on",
    ),
    ("pue", "a number of 1 or more (default: 1.54)", "power usage effectiveness of the building"),
    (
        "facility",
        "a table: ups or converters, and redundancy, rated_watts, distribution, other, cooling (default: none)",
        "the building where its losses follow the load, in the place of a pue",
    ),
    (
        "surroundings",
        "a table: calendar, weather, carbon, price, forecast_hours (default: none)",
        "what is around the datacenter: numbers, files of series, or { synthetic = { mean, daily_swing, ... } }",
    ),
    (
        "backfilling",
        "skip (default), none, easy, easy_published, conservative",
        "who may start before a task that must wait",
    ),
    (
        "rebalancing",
        "a table: period_seconds, and first_seconds, overload, underload, no_place (default: none)",
        "when schedulers are asked what to change of what runs",
    ),
    (
        "migration",
        "a name, or a table: preset, mode, bandwidth_mib_per_second, slowdown, power_share, work and others (default: send_once)",
        "what moving a running task costs",
    ),
    ("cpu_bound", "a number from 0 to 1 (default: 1)", "how much of the time of tasks waits for the cpu"),
    (
        "topology_manager",
        "a policy: none, best_effort, restricted, single_numa_node (default: tasks are given what the scheduler says)",
        "what the agents on hosts align, and what they turn away",
    ),
    (
        "turned_away",
        "a word: waits (default), leaves",
        "what becomes of tasks that are turned away, or run out of the memory of their devices",
    ),
    (
        "behaviour",
        "a name of `rackwright list models`, a table, or a list of { share, behaviour } (default: general)",
        "what work does to the machine it runs on, where hosts have effects",
    ),
    (
        "numa_split",
        "a table: above_memory_mib (default: none)",
        "which tasks are split evenly over the NUMA nodes of their host, all others coming from one",
    ),
    (
        "cpu_quota",
        "a number above 0 (default: none)",
        "the most cpu that a task may use, times what it asks for",
    ),
    ("accounting", "exact (default), cloudsim_3", "how energy and service levels are accounted for"),
];

/// One scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioConfig {
    /// As results name it.
    pub name: String,
    /// A key of `clusters`.
    pub cluster: String,
    /// A key of `workloads`.
    pub workload: String,
    /// A key of `rules`; without it, every rule is the engine's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
    /// Seeds of its own, in the place of the experiment's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeds: Option<Seeds>,
    /// Schedulers of the experiment that are others here, by their names: a policy that was learned for this scenario.
    #[serde(default, skip_serializing_if = "Named::is_empty")]
    pub schedulers: Named<SchedulerConfig>,
}

impl ScenarioConfig {
    /// What has this name here.
    pub(crate) fn scheduler<'a>(
        &'a self,
        name: &str,
        of_experiment: &'a SchedulerConfig,
    ) -> &'a SchedulerConfig {
        self.schedulers.position(name).map_or(of_experiment, |place| &self.schedulers.0[place].1)
    }
}

/// Scenarios by multiplication: every cluster with every workload under all rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioGridConfig {
    /// Keys of `clusters`.
    pub clusters: Vec<String>,
    /// Keys of `workloads`.
    pub workloads: Vec<String>,
    /// Keys of `rules`; without them, every rule is the engine's own.
    #[serde(default)]
    pub rules: Vec<String>,
    /// How results name each: a text with `{cluster}`, `{workload}` and `{rules}` in it.
    pub name: String,
}

/// What `{rules}` stands for where a scenario names none.
pub const OWN_RULES: &str = "default";

impl ScenarioGridConfig {
    /// The scenarios, the last list running fastest.
    pub fn scenarios(&self) -> Vec<ScenarioConfig> {
        let rules: Vec<Option<&String>> =
            if self.rules.is_empty() { vec![None] } else { self.rules.iter().map(Some).collect() };
        let mut scenarios = Vec::new();
        for cluster in &self.clusters {
            for workload in &self.workloads {
                for &rules in &rules {
                    let name = self.name.replace("{cluster}", cluster).replace("{workload}", workload);
                    let name = name.replace("{rules}", rules.map_or(OWN_RULES, String::as_str));
                    let (cluster, workload) = (cluster.clone(), workload.clone());
                    let (rules, schedulers) = (rules.cloned(), Named::default());
                    scenarios.push(ScenarioConfig {
                        name,
                        cluster,
                        workload,
                        rules,
                        seeds: None,
                        schedulers,
                    });
                }
            }
        }
        scenarios
    }

    /// A placeholder in the name that stands for nothing.
    pub(crate) fn unknown_placeholder(&self) -> Option<&str> {
        let placeholders =
            self.name.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(inner, _)| inner));
        placeholders.into_iter().find(|inner| !["cluster", "workload", "rules"].contains(inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_rules_is_what_the_reader_takes() {
        for (key, allowed, _) in RULES.iter().filter(|rule| !rule.1.starts_with("a ")) {
            for value in allowed.replace(" (default)", "").split(", ") {
                let rules = toml::from_str::<RulesConfig>(&format!("{key} = '{value}'"));
                assert!(rules.is_ok(), "{key} = {value}: {rules:?}");
            }
            let first = allowed.split(" (default)").next().unwrap_or_default();
            let stated: RulesConfig = toml::from_str(&format!("{key} = '{first}'")).expect("just read");
            assert_eq!(stated, RulesConfig::default(), "{key}");
        }
        let keys: Vec<&str> = RULES.iter().map(|rule| rule.0).collect();
        let unknown = toml::from_str::<RulesConfig>("nothing = 1").expect_err("unknown").to_string();
        assert!(keys.iter().all(|key| unknown.contains(key)), "{unknown}");
        assert_eq!(unknown.matches('`').count() / 2, keys.len() + 1, "{unknown}");
    }

    #[test]
    fn seeds_are_a_list_or_a_range() {
        let seeds = |text: &str| toml::from_str::<std::collections::BTreeMap<String, Seeds>>(text);
        assert_eq!(seeds("s = [3, 1]").expect("a list")["s"].0, [3, 1]);
        assert_eq!(seeds("s = { from = 42, count = 3 }").expect("a range")["s"].0, [42, 43, 44]);
        assert!(
            seeds("s = { from = 1, count = 10_000_000 }").expect_err("many").to_string().contains("count")
        );
    }

    #[test]
    fn a_grid_multiplies_with_the_last_list_running_fastest() {
        let grid = ScenarioGridConfig {
            clusters: vec!["c".into()],
            workloads: vec!["v".into(), "w".into()],
            rules: vec!["r".into(), "s".into()],
            name: "{cluster}/{workload}/{rules}".into(),
        };
        let names: Vec<String> = grid.scenarios().into_iter().map(|scenario| scenario.name).collect();
        assert_eq!(names, ["c/v/r", "c/v/s", "c/w/r", "c/w/s"]);
        let plain = ScenarioGridConfig { rules: Vec::new(), ..grid };
        assert_eq!(plain.scenarios()[0].name, "c/v/default");
        assert_eq!(ScenarioGridConfig { name: "{rule}".into(), ..plain }.unknown_placeholder(), Some("rule"));
    }
}
