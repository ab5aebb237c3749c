//! Cards that take work off the cpu: when that pays, and what waits for them.

/// When work goes to a card.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offload {
    /// One call on the cpu, in seconds.
    pub cpu_seconds: f64,
    /// One call on the card.
    pub card_seconds: f64,
    /// What has to be moved for it, in bytes.
    pub bytes: f64,
    /// How fast that goes, in bytes a second.
    pub bytes_per_second: f64,
    /// Making the card ready, once.
    pub configuration_seconds: f64,
}

impl Offload {
    /// What one call saves, in seconds; negative where the card is the slower way.
    pub fn saved_seconds(&self) -> f64 {
        self.cpu_seconds - self.card_seconds - self.bytes / self.bytes_per_second
    }

    /// After how many calls the card has paid for being made ready; nothing when it never does.
    pub fn pays_after(&self) -> Option<u64> {
        let saved = self.saved_seconds();
        (saved > 0.0).then(|| (self.configuration_seconds / saved).ceil().max(1.0) as u64)
    }
}

/// How long a packet waits on average for a card that takes the same time for each, in seconds: `load / (2 rate (1 - load))`
/// (M/D/1). Without bound from a load of 1 on.
pub fn queue_seconds(load: f64, packets_per_second: f64) -> f64 {
    if load < 1.0 { load / (2.0 * packets_per_second * (1.0 - load)) } else { f64::INFINITY }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 100 ms on the cpu; 10 ms on the card and 100 MB at 12 GB/s, 8.3 ms; 200 ms to make it ready: 81.7 ms saved each time,
    /// 200 / 81.7 = 2.45.
    #[test]
    fn models_13_it_pays_after_three_calls() {
        let kernel = Offload {
            cpu_seconds: 0.1,
            card_seconds: 0.01,
            bytes: 100e6,
            bytes_per_second: 12e9,
            configuration_seconds: 0.2,
        };
        assert!((kernel.saved_seconds() - 0.0817).abs() < 5e-5);
        assert_eq!(kernel.pays_after(), Some(3));
        assert_eq!(Offload { card_seconds: 0.1, ..kernel }.pays_after(), None);
        assert_eq!(Offload { configuration_seconds: 0.0, ..kernel }.pays_after(), Some(1));
    }

    /// Half loaded, 100 million packets a second: 0.5 / (2 * 1e8 * 0.5) = 5 ns.
    #[test]
    fn models_13_packets_wait_for_each_other() {
        assert!((queue_seconds(0.5, 1e8) - 5e-9).abs() < 1e-18);
        assert_eq!(queue_seconds(1.0, 1e8), f64::INFINITY);
    }
}
