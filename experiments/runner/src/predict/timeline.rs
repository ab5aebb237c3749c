//! A trace as predictors see it: submissions, beginnings and ends, in order of time.
//!
//! A task begins when the trace says so, and where it says nothing when it is submitted. At one moment ends come first, then
//! what is said of those who are submitted, then beginnings.

use policies::predict::pinball::{censored_pinball, pinball};
use policies::predict::{Case, Predictor};
use sim::kernel::ids::{Id, TaskId};
use sim::kernel::time::SimTime;
use sim::workload::Workload;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Ended,
    Submitted,
    Began,
}

/// Everything that happens, in order.
pub(super) struct Timeline<'a> {
    workload: &'a Workload,
    cases: Vec<Case>,
    events: Vec<(SimTime, Kind, TaskId)>,
    /// When the trace stopped watching; infinite where it tells of every end.
    end_seconds: f64,
}

/// Which predictions count, and how much is known of what became of their tasks.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Those made from here on,
    pub from_seconds: f64,
    /// and before this.
    pub to_seconds: f64,
    /// Until then tasks were watched.
    pub known_until_seconds: f64,
    /// None for longer than this.
    pub horizon_seconds: f64,
}

/// What a predictor lost, task by task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Losses {
    /// Of each task the mean over the quantiles, in seconds.
    pub seconds: Vec<f64>,
    /// At the median alone, in seconds; at the quantile that is closest to it where it is not asked for.
    pub of_median: Vec<f64>,
    /// Of `ln(1 + life)`, the mean over the quantiles.
    pub logs: Vec<f64>,
    /// For each quantile, how many were watched for longer than was foretold, and of how many of them the life was no longer.
    pub below: Vec<(u64, u64)>,
    /// Whose end was not seen.
    pub cut_off: u64,
}

impl Losses {
    /// The mean over tasks, in seconds.
    pub fn mean_seconds(&self) -> f64 {
        self.seconds.iter().sum::<f64>() / self.seconds.len().max(1) as f64
    }
}

impl<'a> Timeline<'a> {
    pub(super) fn new(workload: &'a Workload) -> Self {
        let mut events = Vec::with_capacity(3 * workload.task_count());
        let mut end = None;
        for task in workload.tasks() {
            let submit = workload.submit(task);
            let begin = workload.recorded_start(task).unwrap_or(submit).max(submit);
            events.push((submit, Kind::Submitted, task));
            events.push((begin, Kind::Began, task));
            match workload.is_censored(task) {
                true => end = end.max(Some(begin + workload.work(task))),
                false => events.push((begin + workload.work(task), Kind::Ended, task)),
            }
        }
        // Who ends at the moment of his beginning has begun first.
        let order = |&(time, kind, task): &(SimTime, Kind, TaskId)| {
            let is_at_once = kind == Kind::Ended && workload.work(task).0 == 0;
            (time, if is_at_once { 3 } else { kind as u8 }, task)
        };
        events.sort_unstable_by_key(order);
        let cases = workload.tasks().map(|task| Case::of(workload, task)).collect();
        Self { workload, cases, events, end_seconds: end.map_or(f64::INFINITY, SimTime::seconds) }
    }

    pub(super) fn end_seconds(&self) -> f64 {
        self.end_seconds
    }

    /// What a predictor loses on what is submitted in a span. What happens after the span is not looked at.
    pub(super) fn losses(&self, predictor: &mut dyn Predictor, span: Span, shares: &[f64]) -> Losses {
        let mut losses = Losses { below: vec![(0, 0); shares.len()], ..Losses::default() };
        let distance = |share: f64| (share - 0.5).abs();
        let middle = (0..shares.len()).min_by(|&a, &b| distance(shares[a]).total_cmp(&distance(shares[b])));
        for &(time, kind, task) in &self.events {
            let seconds = time.seconds();
            if seconds >= span.to_seconds {
                break;
            }
            let (case, life) = (&self.cases[task.index()], self.workload.work(task).seconds());
            match kind {
                Kind::Ended => predictor.ended(task, case, life),
                Kind::Began => predictor.began(task, case, time),
                Kind::Submitted if seconds >= span.from_seconds => {
                    let begin =
                        self.workload.recorded_start(task).map_or(seconds, SimTime::seconds).max(seconds);
                    let watched = (span.known_until_seconds - begin).min(span.horizon_seconds);
                    if watched <= 0.0 {
                        continue;
                    }
                    losses.cut_off += u64::from(life >= watched);
                    let (mut sum, mut logs) = (0.0, 0.0);
                    for (place, (&share, below)) in shares.iter().zip(&mut losses.below).enumerate() {
                        let foretold = predictor.life_seconds(case, 0.0, time, share);
                        let loss = censored_pinball(life, foretold, watched, share);
                        sum += loss;
                        let log = |seconds: f64| seconds.min(watched).ln_1p();
                        logs += pinball(log(life), log(foretold), share);
                        if middle == Some(place) {
                            losses.of_median.push(loss);
                        }
                        if watched > foretold {
                            *below = (below.0 + 1, below.1 + u64::from(life <= foretold));
                        }
                    }
                    losses.seconds.push(sum / shares.len() as f64);
                    losses.logs.push(logs / shares.len() as f64);
                }
                Kind::Submitted => {}
            }
        }
        losses
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use policies::predict::{NAMES, predictor};
    use sim::testing::workload;

    const ALL: Span = Span {
        from_seconds: 0.0,
        to_seconds: f64::INFINITY,
        known_until_seconds: f64::INFINITY,
        horizon_seconds: f64::INFINITY,
    };

    fn losses(choice: &str, work: &str, span: Span, shares: &[f64]) -> Losses {
        let workload = workload(work);
        let mut made = predictor(&toml::from_str(choice).expect("TOML")).expect("valid");
        Timeline::new(&workload).losses(&mut *made, span, shares)
    }

    /// Lives of 10, 20 and 40 s, each submitted when the one before it has ended. The first costs nothing that counts; of the second
    /// 10 s are foretold and of the third 20, so that a half of 10 and of 20 are lost.
    #[test]
    fn losses_by_hand() {
        let work = "at 0 cpu 1 work 10 | at 10 cpu 1 work 20 | at 30 cpu 1 work 40";
        let late = Span { from_seconds: 5.0, ..ALL };
        let last = losses("policy = 'last'", work, late, &[0.5]);
        assert_eq!((last.seconds.as_slice(), last.mean_seconds()), (&[5.0, 10.0][..], 7.5));
        // At 0.2 and at 0.8 a half on the mean, too.
        assert_eq!(losses("policy = 'last'", work, late, &[0.2, 0.8]).seconds, [5.0, 10.0]);
        // Watched for 15 s, of the second 5 are seen to be missing, and of the third nothing.
        let short = Span { horizon_seconds: 15.0, ..late };
        let cut = losses("policy = 'last'", work, short, &[0.5]);
        assert_eq!((cut.seconds.as_slice(), cut.cut_off), (&[2.5, 0.0][..], 2));
        assert_eq!(cut.below, [(1, 0)], "of the third nobody knows");
    }

    #[test]
    fn what_has_not_ended_is_not_known() {
        let work = "at 0 cpu 1 work 100 | at 10 cpu 1 work 20 | at 99 cpu 1 work 5 | at 100 cpu 1 work 1";
        let late = Span { from_seconds: 98.0, ..ALL };
        // At 99 s only the 20 s are known, at 100 s the 100 s are.
        assert_eq!(losses("policy = 'last'", work, late, &[0.5]).seconds, [7.5, 49.5]);
    }

    /// What is cut off after a moment changes nothing that was said before it.
    #[test]
    fn nobody_looks_into_the_future() {
        let task = |n: u64| format!("at {} cpu {} work {}", n * 7, 1 + n % 3, 1 + n * n % 90);
        let tasks: Vec<String> = (0..60).map(task).collect();
        for (name, _) in NAMES {
            let choice = format!("policy = {name:?}");
            let all = losses(&choice, &tasks.join(" | "), ALL, &[0.1, 0.5, 0.9]);
            for kept in [1, 2, 17, 40, 59] {
                let part = losses(&choice, &tasks[..kept].join(" | "), ALL, &[0.1, 0.5, 0.9]);
                assert_eq!(part.seconds, all.seconds[..kept], "{name}, the first {kept}");
            }
            let until = Span { to_seconds: 70.0, ..ALL };
            let part = losses(&choice, &tasks.join(" | "), until, &[0.1, 0.5, 0.9]);
            assert_eq!(part.seconds, all.seconds[..10], "{name}, before 70 s");
        }
    }
}
