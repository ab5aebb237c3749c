//! Worst fit: the host with the most left, by cpu, then memory, then devices, then the lowest id.
//!
//! Spreads the work evenly, at the price of fragments everywhere.

use sim::index::{Ordered, Preference};

use super::search::{Options, Search, feasible, left, place_tightly};
use crate::prelude::*;

pub(super) const HELP: &str = "the host with the most cpu left, then memory, then devices";

struct Fit {
    search: Search,
    index: Ordered,
}

impl Policy for Fit {
    fn decide(&mut self, view: ClusterView<'_>, request: Request) -> Decision {
        let Request::Place { task } = request else { return Decision::Defer };
        let host = match self.search {
            Search::Index => self.index.find(view, view.shape(task)),
            Search::Scan => feasible(view, view.shape(task)).min_by_key(|&host| (std::cmp::Reverse(left(view, host)), host)),
        };
        place_tightly(view, task, host)
    }

    fn reset(&mut self, _: Seed) {
        self.index = Ordered::new(Preference::Roomiest);
    }
}

pub(super) fn policy(options: Options) -> impl Policy {
    Fit { search: options.search, index: Ordered::new(Preference::Roomiest) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn takes_the_host_with_the_most_left() {
        let hosts = "cpu 6 memory 32 | cpu 8 memory 16 | cpu 4 memory 8";
        let choose = |task| testing::choose(policy(Options::default()), hosts, task);
        assert_eq!(choose("at 0 cpu 2"), Some(HostId(1)));
        assert_eq!(choose("at 0 cpu 3 memory 32"), Some(HostId(0)));
        assert_eq!(choose("at 0 cpu 3 memory 64"), None);
    }
}
