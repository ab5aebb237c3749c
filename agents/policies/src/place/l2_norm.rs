//! L2 norm of what is left (Panigrahy et al., 2011): `sum_i w_i (f_i - d_i)^2` lowest, with demand and free
//! capacity as fractions of the largest host.

use super::dot_product::Options;
use crate::prelude::*;

pub(super) const HELP: &str = "the smallest norm of what would be left";

struct L2Norm(Options);

impl Score for L2Norm {
    fn score(&self, task: &TaskShape, host: &HostState, context: &Context) -> f64 {
        -self.0.weighted(task, host, context, |demand, free| (free - demand) * (free - demand))
    }
}

pub(super) fn policy(options: Options) -> impl Policy {
    Greedy::new(L2Norm(options))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn leaves_as_little_as_it_can() {
        // Left of (8 cores, 32 MiB): host 0 (0.25, 0.75), host 1 (0.75, 0.25), host 2 (0.5, 0.5).
        let hosts = "cpu 4 memory 32 | cpu 8 memory 16 | cpu 6 memory 24";
        let choose = |task| testing::choose(policy(Options::default()), hosts, task);
        assert_eq!(choose("at 0 cpu 2 memory 8"), Some(HostId(2)));
        assert_eq!(choose("at 0 cpu 4 memory 1"), Some(HostId(1)));
    }
}
