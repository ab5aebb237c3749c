//! Best fit: the host with the least left, by cpu, then memory, then devices, then the lowest id.
//!
//! Packs tightly and keeps whole hosts free for large tasks, at the price of contention.

use sim::index::Preference;

use super::search::{Fit, Options};
use crate::prelude::*;

pub(super) const HELP: &str = "the host with the least cpu left, then memory, then devices";

pub(super) fn policy(options: Options) -> impl Policy {
    Fit::new(Preference::Tightest, options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn takes_the_host_with_the_least_left() {
        let hosts = "cpu 6 memory 32 | cpu 8 memory 16 | cpu 4 memory 8";
        let choose = |task| testing::choose(policy(Options::default()), hosts, task);
        assert_eq!(choose("at 0 cpu 2"), Some(HostId(2)));
        assert_eq!(choose("at 0 cpu 3 memory 16"), Some(HostId(0)));
        assert_eq!(choose("at 0 cpu 7 memory 16"), Some(HostId(1)));
        assert_eq!(choose("at 0 cpu 3 memory 64"), None);
    }
}
