//! What moving a running task costs, as configs state it: a name, or a table over one.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use sim::models::dirtying::Dirtying;
use sim::models::migration::gpu_checkpoint::Store;
use sim::models::migration::pre_copy::OnStall;
use sim::models::migration::{Migration, Mode};

use crate::nearest::unknown_name;

/// What a config says; what it does not say is the preset's, and without one `send_once`, where it names a `mode` `qemu`'s.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MigrationConfig(Stated);

/// The keys of a table.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Stated {
    preset: Option<String>,
    mode: Option<Mode>,
    bandwidth_mib_per_second: Option<f64>,
    slowdown: Option<f64>,
    power_share: Option<f64>,
    resume_seconds: Option<f64>,
    work: Option<String>,
    dirty_mib_per_second: Option<f64>,
    dirty_ratio: Option<f64>,
    working_set_share: Option<f64>,
    downtime_target_seconds: Option<f64>,
    stop_below_mib: Option<f64>,
    rounds: Option<u32>,
    at_once: Option<u32>,
    traffic_limit: Option<f64>,
    on_stall: Option<OnStall>,
    throttle_start: Option<f64>,
    throttle_step: Option<f64>,
    throttle_most: Option<f64>,
    throttle_above: Option<f64>,
    state_mib: Option<f64>,
    fault_share: Option<f64>,
    round_trip_seconds: Option<f64>,
    fault_seconds: Option<f64>,
    quiesce_seconds: Option<f64>,
    device_memory_mib: Option<f64>,
    device_mib_per_second: Option<f64>,
    context_seconds: Option<f64>,
    store_write_mib_per_second: Option<f64>,
    store_read_mib_per_second: Option<f64>,
}

/// What a number may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Range {
    /// Above 0.
    Positive,
    /// 0 or more.
    NotNegative,
    /// From 0 on and below 1.
    BelowOne,
    /// From 0 to 1.
    Share,
}

impl Range {
    fn holds(self, value: f64) -> bool {
        value.is_finite()
            && match self {
                Self::Positive => (1e-3..=1e12).contains(&value),
                Self::NotNegative => (0.0..=1e6).contains(&value),
                Self::BelowOne => (0.0..1.0).contains(&value),
                Self::Share => (0.0..=1.0).contains(&value),
            }
    }

    fn said(self) -> &'static str {
        match self {
            Self::Positive => "above 0, from 1e-3 to 1e12",
            Self::NotNegative => "from 0 on, up to 1e6",
            Self::BelowOne => "from 0 on and below 1",
            Self::Share => "from 0 to 1",
        }
    }
}

/// The most rounds: more is no limit.
pub(super) const MOST_ROUNDS: u32 = 10_000;

/// A key that holds a number: its name, what was stated, what is allowed, and a line of help.
pub(super) struct Key {
    pub(super) name: &'static str,
    stated: fn(&Stated) -> Option<f64>,
    pub(super) range: Range,
    pub(super) help: &'static str,
    /// True where it counts for memory that is sent once, too.
    counts_always: bool,
}

macro_rules! keys {
    ($($name:ident, $range:ident, $counts_always:literal, $help:literal;)*) => {
        /// Every key that holds a number.
        pub(super) const KEYS: &[Key] = &[$(Key {
            name: stringify!($name),
            stated: |stated| stated.$name,
            range: Range::$range,
            help: $help,
            counts_always: $counts_always,
        }),*];
    };
}

keys! {
    bandwidth_mib_per_second, Positive, true, "what one migration gets of the network; in every mode but send_once, what either \
        end has for all that leave it, and for all that come";
    slowdown, BelowOne, true, "the share of its speed that a task loses while it is copied";
    power_share, NotNegative, true, "what either host draws more meanwhile, as a share of the difference between full and idle power";
    resume_seconds, NotNegative, false, "what stopping and resuming cost beside what is sent";
    dirty_mib_per_second, NotNegative, false, "how fast distinct pages become dirty";
    dirty_ratio, NotNegative, false, "the same as a share of the bandwidth, in the place of dirty_mib_per_second";
    working_set_share, Share, false, "the share of the memory that is ever written to";
    downtime_target_seconds, NotNegative, false, "the downtime that is aimed at";
    stop_below_mib, NotNegative, false, "the task is stopped when no more than this is left to send, whatever the target";
    traffic_limit, Positive, false, "a migration stalls once more than so many times the memory was sent";
    throttle_start, BelowOne, false, "the share of its speed that a throttled task loses at first";
    throttle_step, BelowOne, false, "by how much that rises each time";
    throttle_most, BelowOne, false, "the most that it loses";
    throttle_above, Share, false, "it rises when a round left more to send than this share of what it sent";
    state_mib, NotNegative, false, "state that is sent while a task stands still before its memory follows";
    fault_share, Share, false, "the share of the working set that is asked for over the network";
    round_trip_seconds, NotNegative, false, "the round trip of a fault";
    fault_seconds, NotNegative, false, "what handling a fault takes beside";
    quiesce_seconds, NotNegative, false, "until a task that is checkpointed has come to rest";
    device_memory_mib, NotNegative, false, "what a whole device holds of a task";
    device_mib_per_second, Positive, false, "between a device and its host";
    context_seconds, NotNegative, false, "until devices work again";
    store_write_mib_per_second, Positive, false, "how fast a checkpoint is written to a store, in the place of the network";
    store_read_mib_per_second, Positive, false, "how fast it is read from there";
}

impl MigrationConfig {
    /// What it says that cannot be: the key, and the problem.
    pub(super) fn problem(&self) -> Option<(&'static str, String)> {
        let stated = &self.0;
        let presets: Vec<&str> = Migration::PRESETS.iter().map(|preset| preset.0).collect();
        let works: Vec<&str> = Dirtying::PRESETS.iter().map(|preset| preset.0).collect();
        for (key, found, known) in [("preset", &stated.preset, &presets), ("work", &stated.work, &works)] {
            if let Some(found) = found.as_ref().filter(|found| !known.contains(&found.as_str())) {
                return Some((key, unknown_name(key, found, known)));
            }
        }
        for key in KEYS {
            if let Some(value) = (key.stated)(stated).filter(|&value| !key.range.holds(value)) {
                let allowed = key.range.said();
                return Some((key.name, format!("{value} stands there; allowed is a number {allowed}")));
            }
        }
        if let Some(rounds) = stated.rounds.filter(|rounds| !(1..=MOST_ROUNDS).contains(rounds)) {
            let problem = format!("{rounds} stands there; allowed is a whole number from 1 to {MOST_ROUNDS}");
            return Some(("rounds", problem));
        }
        if stated.at_once == Some(0) {
            return Some((
                "at_once",
                "0 stands there; allowed is a whole number from 1 on, or no such key".to_owned(),
            ));
        }
        if let Some(ratio) = stated.dirty_ratio.filter(|_| stated.dirty_mib_per_second.is_some()) {
            let problem =
                format!("{ratio} stands there beside `dirty_mib_per_second`; allowed is one of both");
            return Some(("dirty_ratio", problem));
        }
        if stated.store_write_mib_per_second.is_some() != stated.store_read_mib_per_second.is_some() {
            let (key, other) = match stated.store_write_mib_per_second {
                Some(_) => ("store_read_mib_per_second", "store_write_mib_per_second"),
                None => ("store_write_mib_per_second", "store_read_mib_per_second"),
            };
            return Some((key, format!("it is missing beside `{other}`; allowed are both or neither")));
        }
        self.idle_key().map(|key| {
            let problem = "it stands there, and memory that is sent once knows nothing of it; allowed is that with another \
                           `preset` or `mode`";
            (key, problem.to_owned())
        })
    }

    /// A key that would be read and have no effect.
    fn idle_key(&self) -> Option<&'static str> {
        let stated = &self.0;
        if self.migration().mode != Mode::SendOnce {
            return None;
        }
        let others = [
            ("work", stated.work.is_some()),
            ("rounds", stated.rounds.is_some()),
            ("at_once", stated.at_once.is_some()),
            ("on_stall", stated.on_stall.is_some()),
        ];
        let numbers = KEYS.iter().filter(|key| !key.counts_always && (key.stated)(stated).is_some());
        let others = others.into_iter().filter(|(_, is_stated)| *is_stated).map(|(key, _)| key);
        numbers.map(|key| key.name).chain(others).next()
    }

    /// As the engine takes it. The values have been checked.
    pub fn migration(&self) -> Migration {
        let stated = &self.0;
        let base = match (&stated.preset, stated.mode) {
            (None, Some(mode)) if mode != Mode::SendOnce => "qemu",
            (None, _) => "send_once",
            (Some(name), _) => name,
        };
        let mut migration = Migration::preset(base).unwrap_or_default();
        set(&mut migration.mode, stated.mode);
        migration.at_once = stated.at_once.or(migration.at_once);
        set(&mut migration.bandwidth_mib_per_second, stated.bandwidth_mib_per_second);
        set(&mut migration.slowdown, stated.slowdown);
        set(&mut migration.power_share, stated.power_share);
        set(&mut migration.resume_seconds, stated.resume_seconds);
        self.set_guest(&mut migration);
        self.set_pre_copy(&mut migration);
        let post_copy = &mut migration.post_copy;
        set(&mut post_copy.state_mib, stated.state_mib);
        set(&mut post_copy.fault_share, stated.fault_share);
        set(&mut post_copy.round_trip_seconds, stated.round_trip_seconds);
        set(&mut post_copy.fault_seconds, stated.fault_seconds);
        let checkpoint = &mut migration.checkpoint;
        set(&mut checkpoint.quiesce_seconds, stated.quiesce_seconds);
        set(&mut checkpoint.device_memory_mib, stated.device_memory_mib);
        set(&mut checkpoint.device_mib_per_second, stated.device_mib_per_second);
        set(&mut checkpoint.context_seconds, stated.context_seconds);
        let speeds = stated.store_write_mib_per_second.zip(stated.store_read_mib_per_second);
        checkpoint.store = speeds.map(|(write_mib_per_second, read_mib_per_second)| Store {
            write_mib_per_second,
            read_mib_per_second,
        });
        migration
    }

    fn set_guest(&self, migration: &mut Migration) {
        let stated = &self.0;
        set(&mut migration.dirtying, stated.work.as_deref().and_then(Dirtying::preset));
        let by_ratio = stated.dirty_ratio.map(|ratio| ratio * migration.bandwidth_mib_per_second);
        set(&mut migration.dirtying.mib_per_second, stated.dirty_mib_per_second.or(by_ratio));
        set(&mut migration.dirtying.working_set_share, stated.working_set_share);
    }

    fn set_pre_copy(&self, migration: &mut Migration) {
        let (stated, terms) = (&self.0, &mut migration.pre_copy);
        set(&mut terms.downtime_target_seconds, stated.downtime_target_seconds);
        set(&mut terms.stop_below_mib, stated.stop_below_mib);
        set(&mut terms.rounds, stated.rounds);
        terms.traffic_limit = stated.traffic_limit.or(terms.traffic_limit);
        set(&mut terms.on_stall, stated.on_stall);
        set(&mut terms.throttle.start, stated.throttle_start);
        set(&mut terms.throttle.step, stated.throttle_step);
        set(&mut terms.throttle.most, stated.throttle_most);
        set(&mut terms.throttle.above, stated.throttle_above);
    }
}

fn set<T>(value: &mut T, stated: Option<T>) {
    if let Some(stated) = stated {
        *value = stated;
    }
}

/// What results say is what the engine takes: presets may change, what was run does not. Memory that is sent once has three
/// numbers, as it had before there was anything else, so that runs keep their ids.
impl Serialize for MigrationConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let migration = self.migration();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("bandwidth_mib_per_second", &migration.bandwidth_mib_per_second)?;
        map.serialize_entry("slowdown", &migration.slowdown)?;
        map.serialize_entry("power_share", &migration.power_share)?;
        if migration.mode == Mode::SendOnce {
            return map.end();
        }
        let (terms, post_copy, checkpoint) = (migration.pre_copy, migration.post_copy, migration.checkpoint);
        map.serialize_entry("mode", &migration.mode)?;
        if let Some(at_once) = migration.at_once {
            map.serialize_entry("at_once", &at_once)?;
        }
        map.serialize_entry("resume_seconds", &migration.resume_seconds)?;
        map.serialize_entry("dirty_mib_per_second", &migration.dirtying.mib_per_second)?;
        map.serialize_entry("working_set_share", &migration.dirtying.working_set_share)?;
        map.serialize_entry("downtime_target_seconds", &terms.downtime_target_seconds)?;
        map.serialize_entry("stop_below_mib", &terms.stop_below_mib)?;
        map.serialize_entry("rounds", &terms.rounds)?;
        if let Some(limit) = terms.traffic_limit {
            map.serialize_entry("traffic_limit", &limit)?;
        }
        map.serialize_entry("on_stall", &terms.on_stall)?;
        map.serialize_entry("throttle_start", &terms.throttle.start)?;
        map.serialize_entry("throttle_step", &terms.throttle.step)?;
        map.serialize_entry("throttle_most", &terms.throttle.most)?;
        map.serialize_entry("throttle_above", &terms.throttle.above)?;
        map.serialize_entry("state_mib", &post_copy.state_mib)?;
        map.serialize_entry("fault_share", &post_copy.fault_share)?;
        map.serialize_entry("round_trip_seconds", &post_copy.round_trip_seconds)?;
        map.serialize_entry("fault_seconds", &post_copy.fault_seconds)?;
        map.serialize_entry("quiesce_seconds", &checkpoint.quiesce_seconds)?;
        map.serialize_entry("device_memory_mib", &checkpoint.device_memory_mib)?;
        map.serialize_entry("device_mib_per_second", &checkpoint.device_mib_per_second)?;
        map.serialize_entry("context_seconds", &checkpoint.context_seconds)?;
        if let Some(store) = checkpoint.store {
            map.serialize_entry("store_write_mib_per_second", &store.write_mib_per_second)?;
            map.serialize_entry("store_read_mib_per_second", &store.read_mib_per_second)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for MigrationConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrTable;

        impl<'de> Visitor<'de> for NameOrTable {
            type Value = Stated;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the name of a preset, or a table with `preset`, `mode` and others")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Stated, E> {
                let known: Vec<&str> = Migration::PRESETS.iter().map(|preset| preset.0).collect();
                match known.contains(&name) {
                    true => Ok(Stated { preset: Some(name.to_owned()), ..Stated::default() }),
                    false => Err(E::custom(unknown_name("migration", name, &known))),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Stated, A::Error> {
                Stated::deserialize(MapAccessDeserializer::new(map))
            }
        }

        deserializer.deserialize_any(NameOrTable).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> MigrationConfig {
        #[derive(Deserialize)]
        struct Rules {
            migration: MigrationConfig,
        }
        toml::from_str::<Rules>(&format!("migration = {text}")).expect("it can be read").migration
    }

    #[test]
    fn old_tables_mean_and_say_what_they_did() {
        let old = read("{ bandwidth_mib_per_second = 62.5 }");
        assert_eq!(old.migration(), Migration { bandwidth_mib_per_second: 62.5, ..Migration::default() });
        let said = serde_json::to_string(&old).expect("numbers");
        assert_eq!(said, r#"{"bandwidth_mib_per_second":62.5,"slowdown":0.1,"power_share":0.1}"#);
        assert_eq!(old.problem(), None);
    }

    /// What a record says of a migration is a config that says the same.
    #[test]
    fn what_is_said_can_be_read_again() {
        for (name, preset, _) in Migration::PRESETS {
            let stated = read(&format!("'{name}'"));
            assert_eq!(stated.migration(), *preset);
            let said = serde_json::to_string(&stated).expect("numbers");
            let again: MigrationConfig = serde_json::from_str(&said).expect("a table");
            assert_eq!((again.problem(), again.migration()), (None, *preset), "{name}: {said}");
        }
        let store = read(
            "{ preset = 'checkpoint', store_write_mib_per_second = 1e3, store_read_mib_per_second = 2e3 }",
        );
        let said = serde_json::to_string(&store).expect("numbers");
        assert_eq!(
            serde_json::from_str::<MigrationConfig>(&said).expect("a table").migration(),
            store.migration()
        );
    }

    #[test]
    fn presets_are_overridden_key_by_key() {
        let one = read("{ preset = 'hardware_assisted', work = 'database', dirty_ratio = 0.5, rounds = 7 }")
            .migration();
        let preset = Migration::preset("hardware_assisted").expect("a preset");
        let database = Dirtying::preset("database").expect("a preset");
        let mib_per_second = 0.5 * preset.bandwidth_mib_per_second;
        let mut expected = Migration { dirtying: Dirtying { mib_per_second, ..database }, ..preset };
        expected.pre_copy.rounds = 7;
        assert_eq!(one, expected);
        let plain = read("{ mode = 'hybrid' }").migration();
        assert_eq!(plain, Migration::preset("hybrid").expect("a preset"));
    }

    #[test]
    fn what_has_no_effect_is_found() {
        for text in [
            "{ rounds = 3 }",
            "{ dirty_ratio = 0.1 }",
            "{ preset = 'send_once', work = 'web' }",
            "{ on_stall = 'stop' }",
        ] {
            let problem = read(text).problem().expect("a problem");
            assert!(text.contains(problem.0) && problem.1.contains("sent once"), "{problem:?}");
        }
    }

    #[test]
    fn every_number_has_its_range() {
        for key in KEYS {
            for bad in ["-1.0", "nan", "inf"] {
                let mut text = format!("{{ mode = 'pre_copy', {} = {bad}", key.name);
                text.push_str(match key.name {
                    "store_write_mib_per_second" => ", store_read_mib_per_second = 1.0 }",
                    "store_read_mib_per_second" => ", store_write_mib_per_second = 1.0 }",
                    _ => " }",
                });
                let problem = read(&text).problem().expect("a problem");
                assert!(problem.0 == key.name && problem.1.contains("allowed is a number"), "{problem:?}");
            }
        }
    }
}
