//! Where the source says that the task ran: on the host of that name. For replaying what was decided then.
//!
//! Only the host is recorded; of its devices and NUMA nodes the tightest are taken, as fit policies do. Where the log
//! cannot be followed, because it records no host, none of the cluster bears that name, or the host has no room, the
//! options say what else.

use std::collections::BTreeMap;

use serde::Deserialize;
use sim::index::FirstFit;

use super::search::place_tightly;
use crate::prelude::*;

pub(super) const HELP: &str = "as the trace records it: the host of the recorded name";

/// What becomes of a task whose host is not recorded, or not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Otherwise {
    /// It goes to the lowest host with room.
    #[default]
    FirstFit,
    /// It leaves.
    Reject,
}

/// What becomes of a task whose host has no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WhenFull {
    /// It goes to the lowest host with room.
    #[default]
    FirstFit,
    /// It waits. The engine holds that tasks of one shape fit or fail together: all of its shape wait with it until
    /// something is released that one of them could use.
    Wait,
}

/// Options of the policy.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    otherwise: Otherwise,
    when_full: WhenFull,
}

struct Recorded {
    options: Options,
    index: FirstFit,
    /// Of the topology of this episode; made when it is first needed.
    by_name: Option<BTreeMap<Box<str>, HostId>>,
}

impl Recorded {
    /// The recorded host; nothing when none is recorded, or none of the cluster's is named so.
    fn host(&mut self, view: ClusterView<'_>, task: TaskId) -> Option<HostId> {
        let name = view.recorded_host(task)?;
        let topology = view.topology();
        let named = || topology.hosts().filter_map(|host| Some((topology.host_name(host)?.into(), host)));
        // Of several hosts of one name, the lowest.
        self.by_name.get_or_insert_with(|| named().rev().collect()).get(name).copied()
    }
}

impl Policy for Recorded {
    fn decide(&mut self, view: ClusterView<'_>, request: Request) -> Decision {
        let Request::Place { task } = request else { return Decision::Defer };
        let shape = view.shape(task);
        let host = match self.host(view, task) {
            Some(host) if view.fits(shape, host) => Some(host),
            Some(_) if self.options.when_full == WhenFull::Wait => None,
            None if self.options.otherwise == Otherwise::Reject => return Decision::Reject,
            _ => self.index.find(view, shape),
        };
        place_tightly(view, task, host)
    }

    fn reset(&mut self, _: Seed) {
        self.index = FirstFit::default();
        self.by_name = None;
    }
}

pub(super) fn policy(options: Options) -> impl Policy {
    Recorded { options, index: FirstFit::default(), by_name: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    const HOSTS: &str = "cpu 4 name left | cpu 4 name right | cpu 4 name right";

    fn choose(options: Options, running: &[(&str, u32)], task: &str) -> Option<HostId> {
        testing::choose_after(policy(options), HOSTS, running, task).map(|placement| placement.host)
    }

    #[test]
    fn takes_the_host_of_the_recorded_name() {
        let choose = |task| choose(Options::default(), &[], task);
        assert_eq!(choose("at 0 cpu 2 started 0 on right"), Some(HostId(1)));
        assert_eq!(choose("at 0 cpu 2 started 0 on left"), Some(HostId(0)));
        assert_eq!(choose("at 0 cpu 2 started 0 on middle"), Some(HostId(0)), "it is not known");
        assert_eq!(choose("at 0 cpu 2"), Some(HostId(0)), "none is recorded");
    }

    #[test]
    fn what_cannot_be_followed_goes_elsewhere_waits_or_leaves() {
        let running = [("at 0 cpu 3 work 9", 1)];
        let full = "at 0 cpu 2 started 0 on right";
        assert_eq!(choose(Options::default(), &running, full), Some(HostId(0)));
        let waits = Options { when_full: WhenFull::Wait, ..Options::default() };
        assert_eq!(choose(waits, &running, full), None);
        let rejects = Options { otherwise: Otherwise::Reject, ..Options::default() };
        assert_eq!(choose(rejects, &running, full), Some(HostId(0)));
        assert_eq!(choose(rejects, &[], "at 0 cpu 2 started 0 on middle"), None);
    }
}
