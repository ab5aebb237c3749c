//! Which share of started tasks has its cores, or its devices, on several NUMA nodes.

use super::sample::Mean;
use super::{Better, Measured, Metric, Subject};
use crate::decision::Placement;
use crate::kernel::ids::TaskId;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(Mean);

impl Metric for Watch {
    const UNIT: &'static str = "1";
    const BETTER: Better = Better::Lower;
    const SUBJECT: Subject = Subject::Tasks;
    const HELP: &'static str = "share of starts on hosts of several NUMA nodes whose cores or devices were not all on one node";

    fn on_started(&mut self, task: TaskId, view: ClusterView<'_>) {
        let Placement { host, numa, devices, .. } = view.placement(task);
        let model = view.topology().model(host);
        if model.numa_nodes.len() > 1 {
            let on_devices = devices.iter().map(|position| 1_u8 << model.devices[position].numa_node);
            let nodes = on_devices.fold(numa.0, |nodes, node| nodes | node);
            self.0.add(f64::from(u8::from(!nodes.is_power_of_two())));
        }
    }

    fn value(&self, _: &Measured<'_>) -> f64 {
        self.0.value()
    }
}
