//! Other names for the kinds of devices that tasks insist on.

use std::collections::{BTreeMap, BTreeSet};

use sim::workload::{Demand, DeviceDemand, MixEntry, TaskSpec};

use super::{Carry, Deserialize, Seed, Serialize, Step, TransformError, Workload, refusal};

const NAME: &str = "map_device_kinds";

/// Renames the kinds of devices that tasks name, so that a trace of one cluster can be played on another:
/// `{ rename = { V100M32 = "A100", V100M16 = "A100" } }`. Kinds that are not renamed keep their names. With
/// `any_kind = true` tasks take any device of their class, whatever they named. The mix is renamed along.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapDeviceKinds {
    /// New names by old ones.
    #[serde(default)]
    pub rename: BTreeMap<String, String>,
    /// True when tasks need no longer be given what they named.
    #[serde(default)]
    pub any_kind: bool,
}

impl MapDeviceKinds {
    fn mapped(&self, mut demand: Demand) -> Demand {
        if let Some(DeviceDemand { kinds, .. }) = &mut demand.devices {
            if self.any_kind {
                kinds.clear();
            }
            for kind in kinds.iter_mut() {
                if let Some(new) = self.rename.get(kind) {
                    kind.clone_from(new);
                }
            }
            kinds.sort();
            kinds.dedup();
        }
        demand
    }

    /// Demands that became one share their shares.
    fn mix(&self, mix: &[MixEntry]) -> Vec<MixEntry> {
        let mut mapped: Vec<MixEntry> = Vec::with_capacity(mix.len());
        let mut known: BTreeMap<Demand, usize> = BTreeMap::new();
        for entry in mix {
            let demand = self.mapped(entry.demand.clone());
            match known.get(&demand) {
                Some(&index) => mapped[index].share += entry.share,
                None => {
                    known.insert(demand.clone(), mapped.len());
                    mapped.push(MixEntry { demand, share: entry.share });
                }
            }
        }
        mapped.sort_by(|one, other| other.share.total_cmp(&one.share));
        mapped
    }
}

impl Step for MapDeviceKinds {
    const HELP: &'static str = "kinds of devices that tasks name: renamed, or no longer insisted on";

    fn check(&self) -> Result<(), TransformError> {
        match (self.rename.is_empty(), self.any_kind) {
            (true, false) => Err(refusal(NAME, "rename", "nothing", "new names by old ones, or `any_kind = true`")),
            (false, true) => {
                Err(refusal(NAME, "rename", "new names beside `any_kind`", "one of both: any kind needs no name"))
            }
            _ => match self.rename.iter().find(|(_, new)| new.is_empty()) {
                Some((old, _)) => Err(refusal(NAME, "rename", format!("no name for {old}"), "names that are not empty")),
                None => Ok(()),
            },
        }
    }

    fn apply(&self, source: &Workload, _: Seed) -> Result<Workload, TransformError> {
        let kinds = |demand: &Demand| demand.devices.as_ref().map_or(Vec::new(), |devices| devices.kinds.clone());
        let of_mix = source.mix().iter().flat_map(|entry| kinds(&entry.demand));
        let known: BTreeSet<String> = source.demands().iter().flat_map(kinds).chain(of_mix).collect();
        if let Some(unknown) = self.rename.keys().find(|&kind| !known.contains(kind)) {
            let names: Vec<&str> = known.iter().map(String::as_str).collect();
            let allowed = match names.is_empty() {
                true => "a workload whose tasks name kinds: those of this one name none".to_owned(),
                false => format!("kinds that tasks name: {}", names.join(", ")),
            };
            return Err(refusal(NAME, "rename", unknown, allowed));
        }
        let mut carry = Carry::new(NAME, source, source.origin());
        carry.set_mix(self.mix(source.mix()));
        for job in source.jobs() {
            let change = |task: TaskSpec| TaskSpec { demand: self.mapped(task.demand.clone()), ..task };
            carry.add_with(job, source.job_submit(job), change)?;
        }
        Ok(carry.finish())
    }
}
