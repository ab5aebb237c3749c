//! Round robin: the next host with room after the one that was chosen last.

use super::search::place_tightly;
use crate::prelude::*;

pub(super) const HELP: &str = "the next host with room after the last one";

#[derive(Default)]
struct Next {
    after: usize,
}

impl Policy for Next {
    fn decide(&mut self, view: ClusterView<'_>, request: Request) -> Decision {
        let Request::Place { task } = request else { return Decision::Defer };
        let count = view.topology().host_count();
        let mut hosts = (self.after..count).chain(0..self.after.min(count)).map(|index| HostId(index as u32));
        let host = hosts.find(|&host| view.fits(view.shape(task), host));
        if let Some(host) = host {
            self.after = host.0 as usize + 1;
        }
        place_tightly(view, task, host)
    }

    fn reset(&mut self, _: Seed) {
        self.after = 0;
    }
}

pub(super) fn policy(_: NoOptions) -> impl Policy {
    Next::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn goes_round() {
        let hosts = testing::hosts_used(policy(NoOptions {}), "cpu 4 | cpu 4 | cpu 4", "at 0 cpu 1 work 9 gang 5");
        assert_eq!(hosts, [0, 1, 2, 0, 1].map(HostId));
    }
}
