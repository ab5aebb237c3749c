//! A number that changes from time to time, exactly.

use sim::kernel::time::SimTime;

/// At each moment, the value from then on; zero before the first. Moments rise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Steps(Vec<(SimTime, u64)>);

impl Steps {
    /// The value from this moment on, which is no earlier than the last one.
    pub(super) fn set(&mut self, time: SimTime, value: u64) {
        match self.0.last_mut() {
            Some(last) if last.0 == time => last.1 = value,
            Some(last) if last.1 == value => {}
            _ => self.0.push((time, value)),
        }
    }

    /// The running sum of changes, which come in any order. What begins and ends in one moment is never seen.
    pub(super) fn of_changes(mut changes: Vec<(SimTime, i64)>) -> Self {
        changes.sort_unstable();
        let (mut steps, mut sum) = (Self::default(), 0);
        for moment in changes.chunk_by(|one, other| one.0 == other.0) {
            sum += moment.iter().map(|change| change.1).sum::<i64>();
            steps.set(moment[0].0, u64::try_from(sum).expect("nobody gives back more than was taken"));
        }
        steps
    }

    /// The value at a moment, when everything of that moment has happened.
    pub(super) fn at(&self, time: SimTime) -> u64 {
        let after = self.0.partition_point(|step| step.0 <= time);
        after.checked_sub(1).map_or(0, |last| self.0[last].1)
    }

    /// The largest value.
    pub(super) fn peak(&self) -> u64 {
        self.0.iter().map(|step| step.1).max().unwrap_or_default()
    }

    /// Moments and values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (SimTime, u64)> {
        self.0.iter().copied()
    }

    /// Hands over every span of time from the beginning to `end` over which both values stand still: its microseconds,
    /// and both.
    pub(super) fn beside(&self, other: &Self, end: SimTime, mut take: impl FnMut(u64, u64, u64)) {
        let (mut mine, mut its) = (self.0.iter().peekable(), other.0.iter().peekable());
        let (mut now, mut value, mut other_value) = (SimTime::ZERO, 0, 0);
        loop {
            let next = [mine.peek(), its.peek()].into_iter().flatten().map(|step| step.0).min();
            let until = next.unwrap_or(SimTime::MAX).min(end);
            if until > now {
                take(until.since(now).0, value, other_value);
                now = until;
            }
            let Some(next) = next.filter(|&next| next < end) else { return };
            if let Some(step) = mine.next_if(|step| step.0 == next) {
                value = step.1;
            }
            if let Some(step) = its.next_if(|step| step.0 == next) {
                other_value = step.1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_sum_up_and_what_takes_no_time_is_not_seen() {
        let at = SimTime;
        let steps = Steps::of_changes(vec![
            (at(5), -2),
            (at(1), 2),
            (at(3), 9),
            (at(3), -9),
            (at(3), 1),
            (at(9), -1),
        ]);
        assert_eq!(steps, Steps(vec![(at(1), 2), (at(3), 3), (at(5), 1), (at(9), 0)]));
        assert_eq!([0, 1, 2, 4, 5, 100].map(|time| steps.at(at(time))), [0, 2, 2, 3, 1, 0]);
        assert_eq!(steps.peak(), 3);
    }

    #[test]
    fn two_are_read_side_by_side_until_the_end() {
        let at = SimTime;
        let one = Steps(vec![(at(1), 2), (at(4), 0)]);
        let other = Steps(vec![(at(2), 7)]);
        let spans = |end| {
            let mut spans = Vec::new();
            one.beside(&other, at(end), |length, one, other| spans.push((length, one, other)));
            spans
        };
        assert_eq!(spans(6), [(1, 0, 0), (1, 2, 0), (2, 2, 7), (2, 0, 7)]);
        assert_eq!(spans(3), [(1, 0, 0), (1, 2, 0), (1, 2, 7)]);
        assert_eq!(spans(0), []);
    }
}
