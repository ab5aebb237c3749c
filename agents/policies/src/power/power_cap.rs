//! No host draws more than so much, whatever runs on it: each runs at the highest of its frequencies at which it stays below
//! with all of its cpu in use.
//!
//! That is what a cap in firmware does when a host is full; below, firmware would let it run faster. Devices are not capped. A
//! host that has no frequency low enough runs at its lowest; one that states no frequencies runs as it did.

use serde::Deserialize;
use sim::control::Governor;
use sim::decision::Occasion;

use crate::options;
use crate::prelude::*;

pub(super) const HELP: &str = "each host at the highest frequency at which it stays below a cap when full";

/// Options of the cap.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    /// The cap as a share of what a host draws at most, without its devices.
    #[serde(deserialize_with = "options::share")]
    share: f64,
    /// The cap in watts, in the place of a share.
    #[serde(deserialize_with = "options::positive")]
    watts: Option<f64>,
}

impl Default for Options {
    fn default() -> Self {
        Self { share: 0.8, watts: None }
    }
}

struct PowerCap {
    options: Options,
    next: u32,
}

impl PowerCap {
    /// How a host is to run.
    fn governor(&self, view: ClusterView<'_>, host: HostId) -> Governor {
        let model = view.topology().model(host);
        let capacity = view.topology().physical(host).cpu_milli;
        let cap_watts = self.options.watts.unwrap_or(self.options.share * model.power.max_watts(capacity));
        if model.power.max_watts(capacity) <= cap_watts {
            return Governor::OnDemand;
        }
        let frequencies = &model.operation.frequencies;
        let is_low_enough = |frequency: &f64| model.power.watts_at(capacity, capacity, *frequency) <= cap_watts;
        let step = frequencies.iter().position(is_low_enough).or(frequencies.len().checked_sub(1));
        step.map_or(Governor::OnDemand, |step| Governor::Step(step as u8))
    }
}

impl Policy for PowerCap {
    fn decide(&mut self, view: ClusterView<'_>, request: Request) -> Decision {
        if request != (Request::Rebalance { cause: Occasion::Start }) {
            return Decision::Defer;
        }
        while (self.next as usize) < view.topology().host_count() {
            let host = HostId(self.next);
            self.next += 1;
            let governor = self.governor(view, host);
            if governor != Governor::OnDemand {
                return Decision::Govern { host, governor };
            }
        }
        Decision::Defer
    }

    fn reset(&mut self, _: Seed) {
        self.next = 0;
    }
}

pub(super) fn policy(options: Options) -> impl Policy {
    PowerCap { options, next: 0 }
}
