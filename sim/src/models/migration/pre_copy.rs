//! Pre-copy: memory is sent while the guest runs, then what it changed meanwhile, and so on, until little enough is left to
//! stop it for (Clark et al., NSDI 2005; the geometric form: Akoush et al., MASCOTS 2010, Liu et al., HPDC 2011).
//!
//! ```text
//!  V_0 = M      t_i = V_i / R      V_{i+1} = min(D t_i, W)
//!
//!  running   |== V_0 = M ==============|== V_1 ======|= V_2 =|          downtime T_d = V_3 / R + t_r
//!  stopped                                                   |V_3|t_r|
//! ```
//!
//! The guest is stopped as soon as what is left can be sent within the downtime that is aimed at. Where that does not come
//! about, because a round is no smaller than the one before or a limit is reached, a migration *stalls*, and an option says
//! how it ends: it always ends.

use serde::{Deserialize, Serialize};

use crate::models::dirtying::Dirtying;

/// A round leaves no less than it sent when it leaves this share of it: a difference in the last digits is none.
const NO_LESS: f64 = 1.0 - 1e-9;

/// What becomes of a migration that stalls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnStall {
    /// It is given up, and the guest stays where it was.
    Abort,
    /// The guest is stopped at once, for however long it takes.
    #[default]
    Stop,
    /// The guest goes on at the other host, and what is left follows.
    PostCopy,
    /// The guest is slowed down as soon as rounds shrink too slowly; at the slowest, and at a limit, it is stopped.
    Throttle,
}

/// Why a migration stalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stall {
    /// A round left no less to send than it sent.
    NoProgress,
    /// There were as many rounds as are allowed.
    Rounds,
    /// As much was sent as is allowed.
    Traffic,
}

/// How a guest is slowed down so that its migration comes to an end (auto-converge; the numbers of QEMU's
/// `migration/options.c`).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    /// The share of its speed that it loses at first.
    pub start: f64,
    /// By how much that rises each time.
    pub step: f64,
    /// The most that it loses, below 1.
    pub most: f64,
    /// It rises when a round left more to send than this share of what it sent.
    pub above: f64,
}

impl Default for Throttle {
    fn default() -> Self {
        Self::QEMU
    }
}

impl Throttle {
    /// 20 %, 10 % more each time, 99 % at most, when more than half was changed.
    pub const QEMU: Self = Self { start: 0.2, step: 0.1, most: 0.99, above: 0.5 };

    fn rise(self, from: f64) -> f64 {
        if from == 0.0 { self.start.min(self.most) } else { (from + self.step).min(self.most) }
    }
}

/// When rounds end, and how.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreCopy {
    /// `d*`: the downtime that is aimed at, in seconds.
    pub downtime_target_seconds: f64,
    /// The guest is stopped when no more than this is left to send, too, whatever the target; in mebibytes.
    pub stop_below_mib: f64,
    /// `n_max`: the most rounds.
    pub rounds: u32,
    /// `F`: a migration stalls once more than so many times the memory was sent; `None` for no limit.
    pub traffic_limit: Option<f64>,
    /// What becomes of a migration that stalls.
    pub on_stall: OnStall,
    /// How guests are slowed down where `on_stall` says so.
    pub throttle: Throttle,
}

impl PreCopy {
    /// A downtime of 300 ms (QEMU's default), 30 rounds and three times the memory (about as Xen had it; unconfirmed).
    pub const USUAL: Self = Self {
        downtime_target_seconds: 0.3,
        stop_below_mib: 0.0,
        rounds: 30,
        traffic_limit: Some(3.0),
        on_stall: OnStall::Stop,
        throttle: Throttle::QEMU,
    };
}

impl Default for PreCopy {
    fn default() -> Self {
        Self::USUAL
    }
}

/// What a round was like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Round {
    /// `t_i`: how long it took.
    pub seconds: f64,
    /// What of the downtime is left for sending: `d* - t_r`, in seconds.
    pub stop_seconds: f64,
    /// `R`: what the network gives now, in mebibytes per second.
    pub mib_per_second: f64,
}

/// What follows a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another one.
    Round,
    /// The guest is stopped: little enough is left.
    Stop,
    /// It stalls.
    Stall(Stall),
}

/// The rounds of one migration so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rounds {
    /// How many are over.
    pub count: u32,
    /// What they sent, in mebibytes.
    pub sent_mib: f64,
    /// `V_i`: what the present one sends; after the last, what is left.
    pub volume_mib: f64,
    /// The share of its speed that the guest loses to throttling.
    pub throttle: f64,
    memory_mib: f64,
}

impl Rounds {
    /// Before the first, which sends all of the memory.
    pub fn new(memory_mib: f64) -> Self {
        Self { count: 0, sent_mib: 0.0, volume_mib: memory_mib, throttle: 0.0, memory_mib }
    }

    /// A round is over. Rounds that are not the last shrink, or the guest is slowed down further, or a limit comes nearer:
    /// there is an end.
    pub fn pass(&mut self, terms: &PreCopy, guest: Dirtying, round: Round) -> Next {
        let sent = self.volume_mib;
        self.count += 1;
        self.sent_mib += sent;
        self.volume_mib = guest.dirty_mib(self.memory_mib, round.seconds, 1.0 - self.throttle);
        let may_be_left = (round.mib_per_second * round.stop_seconds).max(terms.stop_below_mib);
        if self.volume_mib <= may_be_left.max(0.0) {
            return Next::Stop;
        }
        if self.count >= terms.rounds {
            return Next::Stall(Stall::Rounds);
        }
        if terms.traffic_limit.is_some_and(|limit| self.sent_mib > limit * self.memory_mib) {
            return Next::Stall(Stall::Traffic);
        }
        let shrinks_slowly = self.volume_mib > terms.throttle.above * sent;
        if terms.on_stall == OnStall::Throttle && shrinks_slowly && self.throttle < terms.throttle.most {
            self.throttle = terms.throttle.rise(self.throttle);
            return Next::Round;
        }
        if self.volume_mib >= NO_LESS * sent { Next::Stall(Stall::NoProgress) } else { Next::Round }
    }
}

/// What a migration costs in energy by a fit to its traffic, in joules: `0.512 J/MB V + 20.165 J` (Liu et al., HPDC 2011, on
/// their testbed; the coefficients are unconfirmed). The simulator integrates power over time; this is to check it against.
pub fn liu_joules(traffic_megabytes: f64) -> f64 {
    0.512 * traffic_megabytes + 20.165
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The volumes of all rounds and of what is left after them, and how they ended, at a constant rate.
    fn rounds(
        terms: &PreCopy,
        memory: f64,
        guest: Dirtying,
        rate: f64,
        stop_seconds: f64,
    ) -> (Vec<f64>, Next) {
        let mut rounds = Rounds::new(memory);
        let mut volumes = vec![rounds.volume_mib];
        loop {
            let seconds = rounds.volume_mib / rate;
            let next = rounds.pass(terms, guest, Round { seconds, stop_seconds, mib_per_second: rate });
            volumes.push(rounds.volume_mib);
            if next != Next::Round {
                return (volumes, next);
            }
        }
    }

    fn writes(mib_per_second: f64) -> Dirtying {
        Dirtying { mib_per_second, working_set_share: 1.0 }
    }

    #[track_caller]
    fn assert_close(got: &[f64], expected: &[f64], tolerance: f64) {
        assert_eq!(got.len(), expected.len(), "{got:?}");
        for (got, expected) in got.iter().zip(expected) {
            assert!((got - expected).abs() <= tolerance, "{got} is not {expected}");
        }
    }

    /// models 5.5, example 1: M = 4096, D = 25, R = 125, V_th = 10, no t_r.
    #[test]
    fn models_5_5_1_rounds_shrink_by_a_constant_factor() {
        let terms = PreCopy { stop_below_mib: 10.0, ..PreCopy::default() };
        let (volumes, next) = rounds(&terms, 4096.0, writes(25.0), 125.0, 0.0);
        assert_eq!(next, Next::Stop);
        assert_close(&volumes, &[4096.0, 819.2, 163.84, 32.768, 6.5536], 1e-9);
        let traffic: f64 = volumes.iter().sum();
        assert_close(&[traffic, 4096.0 * (1.0 - 0.2_f64.powi(5)) / 0.8], &[5118.3616, traffic], 1e-9);
        assert_close(&[1000.0 * 6.5536 / 125.0, traffic / 125.0], &[52.4288, 40.946_892_8], 1e-9);
    }

    /// models 5.5, example 2: M = 8192, D = 300; R = 1250 with 300 ms, and R = 12500 with 7 ms, left for sending.
    #[test]
    fn models_5_5_2_a_faster_link_moves_the_downtime_and_not_the_total() {
        let terms = PreCopy::default();
        let (slow, next) = rounds(&terms, 8192.0, writes(300.0), 1250.0, 0.3);
        assert_eq!(next, Next::Stop);
        assert_close(&slow, &[8192.0, 1966.08, 471.86, 113.25], 5e-3);
        let traffic: f64 = slow.iter().sum();
        assert_close(&[1000.0 * slow[3] / 1250.0, traffic / 1250.0], &[90.6, 8.595], 5e-2);
        assert_close(&[traffic], &[10743.2], 5e-2);
        let (fast, next) = rounds(&terms, 8192.0, writes(300.0), 12500.0, 0.007);
        assert_eq!(next, Next::Stop);
        assert_close(&fast, &[8192.0, 196.6, 4.72], 1e-2);
        let traffic: f64 = fast.iter().sum();
        // The reference divides the rounded 4.72 by the rate.
        assert_close(&[1000.0 * fast[2] / 12500.0, traffic / 12500.0], &[0.378, 0.671], 6e-4);
        assert_close(&[traffic], &[8393.3], 5e-2);
    }

    /// models 5.5, example 4: lambda = 1.2 and at most 5 rounds: no downtime is made up.
    #[test]
    fn models_5_5_4_who_dirties_faster_than_is_sent_stalls() {
        let terms = PreCopy { rounds: 5, traffic_limit: None, ..PreCopy::default() };
        let (volumes, next) = rounds(&terms, 1000.0, writes(120.0), 100.0, 0.3);
        assert_eq!(next, Next::Stall(Stall::NoProgress));
        assert_eq!(volumes, [1000.0; 2], "no more is ever dirty than there is");
        // At 1, whatever R (V / R) is rounded to.
        for rate in [1192.0929, 11920.929, 23841.858, 3.0, 7.1] {
            let (volumes, next) = rounds(&terms, 8190.0, writes(rate), rate, 0.007);
            assert_eq!((volumes.len(), next), (2, Next::Stall(Stall::NoProgress)), "{rate}");
        }
        // Just below 1 rounds shrink, too slowly for five of them.
        let (volumes, next) = rounds(&terms, 1000.0, writes(90.0), 100.0, 0.3);
        assert_eq!((volumes.len(), next), (6, Next::Stall(Stall::Rounds)));
    }

    /// models 5.1: with a working set of W the rounds end at W, whatever is written: the downtime is W / R.
    #[test]
    fn models_5_1_the_working_set_bounds_what_is_left() {
        let guest = Dirtying { mib_per_second: 120.0, working_set_share: 0.25 };
        let (volumes, next) = rounds(&PreCopy::default(), 1000.0, guest, 100.0, 0.3);
        assert_eq!((volumes.as_slice(), next), (&[1000.0, 250.0, 250.0][..], Next::Stall(Stall::NoProgress)));
    }

    /// models 5.1: from 20 % on by 10 %. At lambda = 1.2 the guest dirties all that was sent, then 0.96 of it, 0.84, 0.72, and
    /// so on down to less than half, from where nothing is taken any more.
    #[test]
    fn models_5_1_throttling_rises_until_rounds_shrink() {
        let terms = PreCopy { on_stall: OnStall::Throttle, traffic_limit: None, ..PreCopy::default() };
        let (volumes, next) = rounds(&terms, 1000.0, writes(120.0), 100.0, 0.03);
        assert_eq!(next, Next::Stop);
        let ratios: Vec<f64> = volumes.windows(2).map(|pair| pair[1] / pair[0]).collect();
        assert_close(&ratios[..6], &[1.0, 0.96, 0.84, 0.72, 0.6, 0.48], 1e-9);
        assert!(ratios[6..].iter().all(|ratio| (ratio - 0.48).abs() < 1e-9), "{ratios:?}");
        // Who writes two hundred times as fast as is sent is slowed down as far as it goes, and then stopped.
        let (volumes, next) = rounds(&terms, 1000.0, writes(20_000.0), 100.0, 0.03);
        assert_eq!((volumes, next), (vec![1000.0; 11], Next::Stall(Stall::NoProgress)));
    }

    /// models 5.1: Xen gave up rounds after three times the memory.
    #[test]
    fn models_5_1_traffic_is_limited() {
        let (volumes, next) = rounds(&PreCopy::default(), 1000.0, writes(95.0), 100.0, 0.03);
        let sent: f64 = volumes[..volumes.len() - 1].iter().sum();
        assert_eq!(next, Next::Stall(Stall::Traffic));
        assert!(sent > 3000.0 && sent - volumes[volumes.len() - 2] <= 3000.0, "{sent}");
    }

    /// models 5.1: 10743.2 MB, the traffic of example 2, cost 5.52 kJ by Liu's fit.
    #[test]
    fn models_5_1_energy_by_traffic() {
        assert!((liu_joules(10_743.2) - 5520.6834).abs() < 1e-6);
    }
}
