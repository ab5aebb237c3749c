//! The course of one migration: what it needs at each stage, and what follows. It knows nothing of time; whoever plays it
//! says how long each stage took and what the network gives.
//!
//! ```text
//!  pre_copy    Round* ------------------------------> Last -> Resume -> there
//!                 \ stalls: given up, or Last, or State
//!  hybrid      Round ----+
//!  post_copy   ----------+-> State -> Switch -> Rest -----------------> there
//!  checkpoint  Save -> Ship, or Store -> Load ------------------------> there
//! ```

use super::gpu_checkpoint::DeviceLoad;
use super::pre_copy::{Next, OnStall, Round, Rounds, Stall};
use super::{Migration, Mode};

/// What a migration has to take along.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// Memory of the task, in mebibytes.
    pub memory_mib: u32,
    /// What it has on devices; a task that has some is always checkpointed.
    pub devices: DeviceLoad,
}

impl Load {
    /// Memory alone.
    pub fn memory(memory_mib: u32) -> Self {
        Self { memory_mib, devices: DeviceLoad::default() }
    }
}

/// How a task that is on its way gets on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    /// It runs as if it were not on its way, until it is its turn.
    Waiting,
    /// It runs where it was, slower.
    Copying,
    /// It stands still.
    Standing,
    /// It has gone on at the other host, and stalls for pages that have not come yet.
    Following,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Sends what the round before left.
    Round,
    /// Sends what the last round left.
    Last,
    /// Starts the guest at the other host, with everything there.
    Resume,
    /// Sends the state of processors and devices.
    State,
    /// Starts the guest at the other host, with next to nothing there.
    Switch,
    /// Sends what is not there yet.
    Rest,
    /// Stops the task and copies its devices into the memory of the host.
    Save,
    /// Sends that over the network.
    Ship,
    /// Writes it to a store and reads it again.
    Store,
    /// Copies it to the other devices.
    Load,
}

/// What a stage needs to be over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Need {
    /// So many mebibytes of the network.
    Send(f64),
    /// So many seconds.
    Wait(f64),
}

/// What follows a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    /// Another one.
    Stage,
    /// The task is there.
    Arrived,
    /// The migration is given up: the task stays where it was.
    Failed(Stall),
}

/// Where a migration stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Course {
    stage: Stage,
    load: Load,
    rounds: Rounds,
    /// What stages that are over have sent, in mebibytes.
    sent_mib: f64,
    /// What follows a guest that has switched, in mebibytes.
    rest_mib: f64,
    stall: Option<Stall>,
}

impl Course {
    /// At its beginning.
    pub fn new(migration: &Migration, load: Load) -> Self {
        let memory_mib = f64::from(load.memory_mib);
        let stage = match migration.mode {
            _ if load.devices.count > 0 => Stage::Save,
            Mode::SendOnce | Mode::PreCopy | Mode::Hybrid => Stage::Round,
            Mode::PostCopy => Stage::State,
            Mode::Checkpoint => Stage::Save,
        };
        Self {
            stage,
            load,
            rounds: Rounds::new(memory_mib),
            sent_mib: 0.0,
            rest_mib: memory_mib,
            stall: None,
        }
    }

    /// How the task gets on.
    pub fn leg(&self) -> Leg {
        match self.stage {
            Stage::Round => Leg::Copying,
            Stage::Rest => Leg::Following,
            _ => Leg::Standing,
        }
    }

    /// What stages that are over have sent, in mebibytes.
    pub fn sent_mib(&self) -> f64 {
        self.sent_mib
    }

    /// How many rounds are over.
    pub fn rounds(&self) -> u32 {
        self.rounds.count
    }

    /// Why it stalled, if it did.
    pub fn stall(&self) -> Option<Stall> {
        self.stall
    }

    /// What the present stage needs.
    pub fn need(&self, migration: &Migration) -> Need {
        let checkpoint = &migration.checkpoint;
        match self.stage {
            Stage::Round | Stage::Last => Need::Send(self.rounds.volume_mib),
            Stage::Rest => Need::Send(self.rest_mib),
            Stage::State => Need::Send(migration.post_copy.state_mib),
            Stage::Resume | Stage::Switch => Need::Wait(migration.resume_seconds),
            Stage::Save => Need::Wait(checkpoint.save_seconds(self.load.devices)),
            Stage::Load => Need::Wait(checkpoint.load_seconds(self.load.devices)),
            Stage::Ship => Need::Send(self.saved_mib(migration)),
            Stage::Store => {
                Need::Wait(checkpoint.store.map_or(0.0, |store| store.seconds(self.saved_mib(migration))))
            }
        }
    }

    fn saved_mib(&self, migration: &Migration) -> f64 {
        f64::from(self.load.memory_mib) + migration.checkpoint.device_mib(self.load.devices)
    }

    /// The share of its speed that the task has when the network gives it this rate.
    pub fn pace(&self, migration: &Migration, mib_per_second: f64) -> f64 {
        match self.stage {
            Stage::Round => (1.0 - migration.slowdown) * (1.0 - self.rounds.throttle),
            Stage::Rest => {
                let working_set_mib = migration.dirtying.working_set_share * f64::from(self.load.memory_mib);
                1.0 - migration.post_copy.stall_share(working_set_mib, self.rest_mib, mib_per_second)
            }
            _ => 0.0,
        }
    }

    /// The present stage took so many seconds, and the network gives this rate, in mebibytes per second.
    pub fn pass(&mut self, migration: &Migration, seconds: f64, mib_per_second: f64) -> Passed {
        if let Need::Send(mib) = self.need(migration) {
            self.sent_mib += mib;
        }
        self.stage = match self.stage {
            Stage::Round => match self.pass_round(migration, seconds, mib_per_second) {
                Ok(stage) => stage,
                Err(stall) => return Passed::Failed(stall),
            },
            Stage::Last => Stage::Resume,
            Stage::State => Stage::Switch,
            Stage::Switch => Stage::Rest,
            Stage::Save if migration.checkpoint.store.is_some() => Stage::Store,
            Stage::Save => Stage::Ship,
            Stage::Ship | Stage::Store => Stage::Load,
            Stage::Resume | Stage::Rest | Stage::Load => return Passed::Arrived,
        };
        Passed::Stage
    }

    fn pass_round(
        &mut self,
        migration: &Migration,
        seconds: f64,
        mib_per_second: f64,
    ) -> Result<Stage, Stall> {
        let terms = &migration.pre_copy;
        let stop_seconds = terms.downtime_target_seconds - migration.resume_seconds;
        let next =
            self.rounds.pass(terms, migration.dirtying, Round { seconds, stop_seconds, mib_per_second });
        self.rest_mib = self.rounds.volume_mib;
        if migration.mode == Mode::Hybrid {
            return Ok(Stage::State);
        }
        let Next::Stall(stall) = next else {
            return Ok(if next == Next::Stop { Stage::Last } else { Stage::Round });
        };
        self.stall = Some(stall);
        match terms.on_stall {
            OnStall::Abort => Err(stall),
            OnStall::Stop | OnStall::Throttle => Ok(Stage::Last),
            OnStall::PostCopy => Ok(Stage::State),
        }
    }
}

/// How a migration goes that has the network for itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// From the decision until the task is there, or the migration is given up, in seconds.
    pub total_seconds: f64,
    /// For how long the task stands still, in seconds.
    pub downtime_seconds: f64,
    /// What is sent, in mebibytes.
    pub sent_mib: f64,
    /// How many rounds there are.
    pub rounds: u32,
    /// Why it stalls, if it does.
    pub stall: Option<Stall>,
    /// False when it is given up.
    pub arrives: bool,
}

/// The whole of a course at a constant rate.
pub(super) fn alone(migration: &Migration, load: Load) -> Forecast {
    let rate = migration.bandwidth_mib_per_second;
    let mut course = Course::new(migration, load);
    let (mut total_seconds, mut downtime_seconds) = (0.0, 0.0);
    loop {
        let seconds = match course.need(migration) {
            Need::Send(mib) => mib / rate,
            Need::Wait(seconds) => seconds,
        };
        total_seconds += seconds;
        downtime_seconds += if course.leg() == Leg::Standing { seconds } else { 0.0 };
        let passed = course.pass(migration, seconds, rate);
        if passed != Passed::Stage {
            return Forecast {
                total_seconds,
                downtime_seconds,
                sent_mib: course.sent_mib,
                rounds: course.rounds.count,
                stall: course.stall.or(match passed {
                    Passed::Failed(stall) => Some(stall),
                    _ => None,
                }),
                arrives: passed == Passed::Arrived,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::dirtying::Dirtying;
    use crate::models::migration::pre_copy::{PreCopy, Throttle};
    use proptest::prelude::*;

    fn live(mode: Mode, rate: f64, dirty: f64) -> Migration {
        Migration {
            bandwidth_mib_per_second: rate,
            mode,
            dirtying: Dirtying { mib_per_second: dirty, working_set_share: 1.0 },
            ..Migration::default()
        }
    }

    /// models 5.3: with t_r = 3 ms, 10 ms let through 8.75 MB at 10 Gb/s, 21.9 at 25, 87.5 at 100, 175 at 200. A guest that
    /// leaves just less than that stands still for 10 ms; one that leaves more is sent another round of it.
    #[test]
    fn models_5_3_what_ten_milliseconds_let_through() {
        for (rate, megabytes) in [(1250.0, 8.75), (3125.0, 21.875), (12_500.0, 87.5), (25_000.0, 175.0)] {
            let pre_copy = PreCopy { downtime_target_seconds: 0.01, ..PreCopy::default() };
            // The first round of 8192 leaves D * 8192 / R.
            let rounds = |factor: f64| {
                let migration = Migration {
                    resume_seconds: 0.003,
                    pre_copy,
                    ..live(Mode::PreCopy, rate, factor * megabytes * rate / 8192.0)
                };
                let forecast = migration.forecast(Load::memory(8192));
                assert!(forecast.arrives && forecast.downtime_seconds <= 0.01);
                (forecast.rounds, forecast.downtime_seconds)
            };
            let (count, downtime) = rounds(0.999_999);
            assert_eq!(count, 1, "{rate}");
            assert!((downtime - 0.01).abs() < 1e-7, "{downtime}");
            assert_eq!(rounds(1.000_001).0, 2, "{rate}");
        }
    }

    /// models 5.5, example 2 (b), with its t_r: 0.378 ms and 3 ms of downtime, 0.671 s and 3 ms in all.
    #[test]
    fn models_5_5_2_with_what_stopping_costs() {
        let migration = Migration {
            resume_seconds: 0.003,
            pre_copy: PreCopy { downtime_target_seconds: 0.01, ..PreCopy::default() },
            ..live(Mode::PreCopy, 12_500.0, 300.0)
        };
        let forecast = migration.forecast(Load::memory(8192));
        assert!((forecast.downtime_seconds - 0.003_377_5).abs() < 5e-7, "{forecast:?}");
        assert!((forecast.total_seconds - 0.674_46).abs() < 5e-5, "{forecast:?}");
        assert_eq!((forecast.rounds, forecast.stall, forecast.arrives), (2, None, true));
    }

    /// models 5.2: 12 MiB of state at 1000 MiB/s and 30 ms stop the guest for 42 ms, 1000 MiB follow in 1 s. Hybrid: a round
    /// of 1 s at D = 100 leaves 100 MiB, which follow in 0.1 s.
    #[test]
    fn models_5_2_memory_follows_once() {
        let of = |mode| {
            let mut migration = live(mode, 1000.0, 100.0);
            migration.post_copy.state_mib = 12.0;
            migration.forecast(Load::memory(1000))
        };
        let near =
            |got: f64, expected: f64| assert!((got - expected).abs() < 1e-9, "{got} is not {expected}");
        for (mode, total, sent) in [(Mode::PostCopy, 1.042, 1012.0), (Mode::Hybrid, 1.142, 1112.0)] {
            let forecast = of(mode);
            near(forecast.downtime_seconds, 0.042);
            near(forecast.total_seconds, total);
            near(forecast.sent_mib, sent);
        }
    }

    /// models 5.4, over the network: 1 s and 2 s, 50,000 MiB at 1000 MiB/s, 2 s and 5 s, all of which the task stands still.
    #[test]
    fn models_5_4_a_checkpoint_stands_still_all_the_way() {
        let mut migration = live(Mode::PreCopy, 1000.0, 100.0);
        migration.checkpoint.device_memory_mib = 40_000.0;
        migration.checkpoint.device_mib_per_second = 20_000.0;
        let devices = DeviceLoad { count: 1, share: 1.0 };
        let forecast = migration.forecast(Load { memory_mib: 10_000, devices });
        assert_eq!((forecast.total_seconds, forecast.downtime_seconds), (60.0, 60.0));
        assert_eq!(forecast.sent_mib, 50_000.0);
        // Without devices only the memory is saved and sent: 1 s, 10 s, 5 s.
        let migration = Migration { mode: Mode::Checkpoint, ..migration };
        assert_eq!(migration.forecast(Load::memory(10_000)).total_seconds, 16.0);
    }

    /// models 5.1: what stalls ends by its option.
    #[test]
    fn models_5_1_the_four_ways_to_end_a_stall() {
        let of = |on_stall| {
            let mut migration = live(Mode::PreCopy, 100.0, 120.0);
            migration.pre_copy = PreCopy { on_stall, traffic_limit: None, ..PreCopy::default() };
            migration.forecast(Load::memory(1000))
        };
        let aborted = of(OnStall::Abort);
        assert_eq!((aborted.arrives, aborted.total_seconds, aborted.downtime_seconds), (false, 10.0, 0.0));
        assert_eq!(aborted.stall, Some(Stall::NoProgress));
        // All of the memory once more while it stands still, and 30 ms.
        let stopped = of(OnStall::Stop);
        assert!(stopped.arrives && (stopped.downtime_seconds - 10.03).abs() < 1e-12, "{stopped:?}");
        let followed = of(OnStall::PostCopy);
        assert!(
            followed.arrives && followed.downtime_seconds < 0.2 && followed.total_seconds > 20.0,
            "{followed:?}"
        );
        let throttled = of(OnStall::Throttle);
        assert!(throttled.stall.is_none() && throttled.downtime_seconds <= 0.3, "{throttled:?}");
    }

    fn any_migration() -> impl Strategy<Value = Migration> {
        let stall =
            prop::sample::select(vec![OnStall::Abort, OnStall::Stop, OnStall::PostCopy, OnStall::Throttle]);
        let mode = prop::sample::select(vec![Mode::PreCopy, Mode::PostCopy, Mode::Hybrid, Mode::Checkpoint]);
        let sizes = (1.0_f64..30_000.0, 0.0_f64..2.0, 0.0_f64..=1.0, 0.0_f64..0.5, 0.0_f64..0.1);
        let limits = (1_u32..200, prop::option::of(0.5_f64..10.0), 0.0_f64..0.99);
        (stall, mode, sizes, limits).prop_map(|(on_stall, mode, sizes, (rounds, traffic_limit, most))| {
            let (rate, ratio, working_set_share, downtime_target_seconds, resume_seconds) = sizes;
            Migration {
                bandwidth_mib_per_second: rate,
                mode,
                resume_seconds,
                dirtying: Dirtying { mib_per_second: ratio * rate, working_set_share },
                pre_copy: PreCopy {
                    downtime_target_seconds,
                    rounds,
                    traffic_limit,
                    on_stall,
                    throttle: Throttle { most, ..Throttle::default() },
                    ..PreCopy::default()
                },
                ..Migration::default()
            }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// It ends, by its option; what arrives was sent at least once; who was stopped in time stands still no longer than
        /// was aimed at.
        #[test]
        fn whatever_is_asked_for_a_migration_ends(migration in any_migration(), memory_mib in 0_u32..100_000) {
            let forecast = migration.forecast(Load::memory(memory_mib));
            prop_assert!(forecast.total_seconds.is_finite() && forecast.downtime_seconds <= forecast.total_seconds);
            prop_assert!(forecast.rounds <= migration.pre_copy.rounds);
            let is_aborted = forecast.stall.is_some() && migration.pre_copy.on_stall == OnStall::Abort;
            prop_assert_eq!(forecast.arrives, !is_aborted, "{:?}", forecast);
            if forecast.arrives {
                prop_assert!(forecast.sent_mib >= f64::from(memory_mib));
            }
            let aim = migration.pre_copy.downtime_target_seconds.max(migration.resume_seconds);
            if migration.mode == Mode::PreCopy && forecast.stall.is_none() {
                prop_assert!(forecast.downtime_seconds <= aim + 1e-12, "{:?}", forecast);
            }
        }

        /// Where both come to an end in time, a faster network never takes longer and never sends more.
        #[test]
        fn a_faster_network_is_never_slower(migration in any_migration(), memory_mib in 1_u32..100_000, times in 1.0_f64..20.0) {
            let migration = Migration { mode: Mode::PreCopy, ..migration };
            prop_assume!(migration.pre_copy.on_stall != OnStall::Throttle);
            let rate = times * migration.bandwidth_mib_per_second;
            let faster = Migration { bandwidth_mib_per_second: rate, ..migration };
            let [slow, fast] = [migration, faster].map(|one| one.forecast(Load::memory(memory_mib)));
            if slow.stall.is_none() && fast.stall.is_none() {
                prop_assert!(fast.total_seconds <= slow.total_seconds * (1.0 + 1e-12));
                prop_assert!(fast.sent_mib <= slow.sent_mib * (1.0 + 1e-12));
            }
        }
    }
}
