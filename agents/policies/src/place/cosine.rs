//! Cosine: the host whose free capacity points most nearly in the direction of the demand, whatever its size.

use super::dot_product::Options;
use crate::prelude::*;

pub(super) const HELP: &str = "free capacity in the same proportions as the demand";

struct Cosine(Options);

impl Score for Cosine {
    fn score(&self, task: &TaskShape, host: &HostState, context: &Context) -> f64 {
        let product = self.0.weighted(task, host, context, |demand, free| demand * free);
        let length = self.0.weighted(task, host, context, |_, free| free * free).sqrt();
        if length == 0.0 { 0.0 } else { product / length }
    }
}

pub(super) fn policy(options: Options) -> impl Policy {
    Greedy::new(Cosine(options))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn proportions_count_and_size_does_not() {
        let hosts = "cpu 8 memory 8 | cpu 2 memory 8";
        let choose = |task| testing::choose(policy(Options::default()), hosts, task);
        assert_eq!(choose("at 0 cpu 1 memory 4"), Some(HostId(1)));
        assert_eq!(choose("at 0 cpu 2 memory 2"), Some(HostId(0)));
    }
}
