//! First fit: the lowest host with room.
//!
//! Fills hosts from the front and leaves the back of the datacenter empty.

use sim::index::FirstFit;

use super::search::{Options, Search, feasible, place_tightly};
use crate::prelude::*;

pub(super) const HELP: &str = "the lowest host with room";

struct Lowest {
    search: Search,
    index: FirstFit,
}

impl Policy for Lowest {
    fn decide(&mut self, view: ClusterView<'_>, request: Request) -> Decision {
        let Request::Place { task } = request else { return Decision::Defer };
        let host = match self.search {
            Search::Index => self.index.find(view, view.shape(task)),
            Search::Scan => feasible(view, view.shape(task)).next(),
        };
        place_tightly(view, task, host)
    }

    fn reset(&mut self, _: Seed) {
        self.index = FirstFit::default();
    }
}

pub(super) fn policy(options: Options) -> impl Policy {
    Lowest { search: options.search, index: FirstFit::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn takes_the_first_host_with_room() {
        let choose = |task| testing::choose(policy(Options::default()), "cpu 2 | cpu 8 | cpu 4", task);
        assert_eq!(choose("at 0 cpu 2"), Some(HostId(0)));
        assert_eq!(choose("at 0 cpu 3"), Some(HostId(1)));
        assert_eq!(choose("at 0 cpu 9"), None);
    }
}
