//! Nothing is ever clocked down: every host draws all of its power whatever runs on it.
//!
//! What the literature calls non power aware (NPA): the row that others are compared with.

use sim::control::Governor;
use sim::decision::Occasion;

use crate::prelude::*;

pub(super) const HELP: &str = "every host at full power whatever runs on it (non power aware)";

struct FullPower {
    next: u32,
}

impl Policy for FullPower {
    fn decide(&mut self, view: ClusterView<'_>, request: Request) -> Decision {
        let host = HostId(self.next);
        if request != (Request::Rebalance { cause: Occasion::Start })
            || self.next as usize == view.topology().host_count()
        {
            return Decision::Defer;
        }
        self.next += 1;
        Decision::Govern { host, governor: Governor::Full }
    }

    fn reset(&mut self, _: Seed) {
        self.next = 0;
    }
}

pub(super) fn policy(_: NoOptions) -> impl Policy {
    FullPower { next: 0 }
}
