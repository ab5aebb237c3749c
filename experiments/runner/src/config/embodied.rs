//! What making a host emitted, as configs state it: kilograms, or the parts that count.

use std::fmt;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use sim::models::carbon::ServerParts;

/// The name of a server with the usual parts.
const SERVER: &str = "server";
const BYTES_PER_MIB: f64 = 1_048_576.0;
const BYTES_PER_GIGABYTE: f64 = 1e9;

/// What making a host emitted.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum EmbodiedConfig {
    /// Kilograms of CO2 equivalents.
    Kilograms(f64),
    /// By parts; memory and devices are those of the host.
    Parts(PartsConfig),
}

/// Parts of a server beside its memory and devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PartsConfig {
    /// Processors; 2 unless stated.
    pub processors: u32,
    /// Solid-state disks; 2 unless stated.
    pub solid_state_disks: u32,
    /// Hard disks; none unless stated.
    pub hard_disks: u32,
}

impl Default for PartsConfig {
    fn default() -> Self {
        Self { processors: 2, solid_state_disks: 2, hard_disks: 0 }
    }
}

impl EmbodiedConfig {
    /// What is wrong.
    pub(super) fn problem(&self) -> Option<String> {
        match self {
            Self::Kilograms(kilograms) if !(kilograms.is_finite() && *kilograms >= 0.0) => Some(format!(
                "{kilograms} stands there; allowed is 0 kilograms or more, \"{SERVER}\", or a table of parts"
            )),
            _ => None,
        }
    }

    /// Kilograms of a host of so many mebibytes and devices.
    pub(crate) fn kilograms(&self, memory_mib: u32, devices: u32) -> f64 {
        match *self {
            Self::Kilograms(kilograms) => kilograms,
            Self::Parts(PartsConfig { processors, solid_state_disks, hard_disks }) => {
                let memory_gigabytes = f64::from(memory_mib) * BYTES_PER_MIB / BYTES_PER_GIGABYTE;
                ServerParts { processors, memory_gigabytes, solid_state_disks, hard_disks, devices }
                    .kilograms()
            }
        }
    }
}

impl<'de> Deserialize<'de> for EmbodiedConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;

        impl<'de> Visitor<'de> for Written {
            type Value = EmbodiedConfig;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(
                    formatter,
                    "kilograms, \"{SERVER}\", or {{ processors, solid_state_disks, hard_disks }}"
                )
            }

            fn visit_f64<E: Error>(self, kilograms: f64) -> Result<EmbodiedConfig, E> {
                Ok(EmbodiedConfig::Kilograms(kilograms))
            }

            fn visit_i64<E: Error>(self, kilograms: i64) -> Result<EmbodiedConfig, E> {
                Ok(EmbodiedConfig::Kilograms(kilograms as f64))
            }

            fn visit_u64<E: Error>(self, kilograms: u64) -> Result<EmbodiedConfig, E> {
                Ok(EmbodiedConfig::Kilograms(kilograms as f64))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<EmbodiedConfig, E> {
                match name {
                    SERVER => Ok(EmbodiedConfig::Parts(PartsConfig::default())),
                    other => Err(E::custom(format!("{other:?} stands there; allowed is \"{SERVER}\""))),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<EmbodiedConfig, A::Error> {
                PartsConfig::deserialize(MapAccessDeserializer::new(map)).map(EmbodiedConfig::Parts)
            }
        }

        deserializer.deserialize_any(Written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 512 GB are 488,281 MiB: the server of models 7, 1988.46 kg, and two cards of 150 kg.
    #[test]
    fn models_7_a_server_by_name() {
        let server = EmbodiedConfig::Parts(PartsConfig::default());
        assert!((server.kilograms(488_281, 0) - 1988.46).abs() < 0.01);
        assert!((server.kilograms(488_281, 2) - 2288.46).abs() < 0.01);
        assert_eq!(EmbodiedConfig::Kilograms(1500.0).kilograms(1, 1), 1500.0);
    }
}
