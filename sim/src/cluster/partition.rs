//! Devices that are given out in parts which have a place: which parts there are, and who has them.
//!
//! A part stays when its task has left, until its place is needed for another one; whoever is given a part that has to be made
//! waits for that. A part is made where the most is left possible.

use crate::kernel::ids::TaskId;
use crate::models::mig::{Layout, Profile};

/// One part of a device.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Part {
    profile: &'static Profile,
    start: u8,
    /// Nobody, when it is left over.
    task: Option<TaskId>,
}

/// The parts of one multi-instance GPU.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Parts(Vec<Part>);

impl Parts {
    /// Gives a part to a task, and says whether it had to be made.
    ///
    /// # Panics
    /// When there is no place for it: who takes has checked before.
    pub(super) fn take(&mut self, task: TaskId, profile: &'static Profile) -> bool {
        if let Some(left) = self.0.iter_mut().find(|part| part.task.is_none() && part.profile == profile) {
            left.task = Some(task);
            return false;
        }
        let held = self.held();
        let best = held.free_starts(profile).max_by_key(|&start| {
            let left_over = self.0.iter().filter(|part| part.task.is_none());
            let spoilt = left_over.filter(|part| overlaps(part, profile, start)).count();
            // The most that stays possible, then the fewest parts that are spoilt, then the lowest place.
            (possible_after(&held, profile, start), std::cmp::Reverse(spoilt), std::cmp::Reverse(start))
        });
        let start = best.expect("a checked placement has a place for its part");
        self.0.retain(|part| part.task.is_some() || !overlaps(part, profile, start));
        // Left over parts may hold the compute slices that the new one needs.
        while self.compute_slices() + profile.compute_slices > crate::models::mig::COMPUTE_SLICES {
            let left = self.0.iter().position(|part| part.task.is_none());
            self.0.remove(left.expect("held parts and the new one were checked to fit"));
        }
        self.0.push(Part { profile, start, task: Some(task) });
        true
    }

    /// Takes back the part of a task; it stays, and is nobody's.
    pub(super) fn give(&mut self, task: TaskId) {
        let held = self.0.iter_mut().find(|part| part.task == Some(task));
        held.expect("a task that holds a device has a part of it").task = None;
    }

    /// The largest part that can be given.
    pub(super) fn largest(&self) -> Option<&'static Profile> {
        let held = self.held();
        Profile::PLAIN.into_iter().rfind(|profile| held.free_starts(profile).next().is_some())
    }

    /// Thousandths of the device that tasks hold.
    pub(super) fn held_milli(&self) -> u16 {
        self.0.iter().filter(|part| part.task.is_some()).map(|part| part.profile.milli()).sum()
    }

    /// What tasks hold, without what is left over.
    pub(super) fn held(&self) -> Layout {
        let mut layout = Layout::default();
        for part in self.0.iter().filter(|part| part.task.is_some()) {
            assert!(layout.create(part.profile, part.start), "held parts lie at places that may be");
        }
        layout
    }

    fn compute_slices(&self) -> u8 {
        self.0.iter().map(|part| part.profile.compute_slices).sum()
    }
}

fn overlaps(part: &Part, profile: &Profile, start: u8) -> bool {
    let (one, other) = (part.profile.mask(part.start), profile.mask(start));
    one.zip(other).is_some_and(|(one, other)| one & other != 0)
}

/// How much is left possible beside a new part: for each profile the number of its places that are still free, by its size.
fn possible_after(held: &Layout, profile: &'static Profile, start: u8) -> u32 {
    let mut after = held.clone();
    after.create(profile, start);
    let places = |profile: &'static Profile| after.free_starts(profile).count() as u32;
    Profile::PLAIN.into_iter().map(|profile| places(profile) * u32::from(profile.milli())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn profile(name: &str) -> &'static Profile {
        Profile::named(name).expect("known")
    }

    #[test]
    fn models_2_3_e_small_parts_leave_room_for_large_ones() {
        let mut parts = Parts::default();
        for task in 0..3 {
            assert!(parts.take(TaskId(task), profile("1g")));
        }
        assert_eq!(parts.largest(), Some(profile("4g")), "they lie where no 4g can");
    }

    #[test]
    fn a_part_that_is_left_over_is_given_again_without_being_made() {
        let mut parts = Parts::default();
        assert!(parts.take(TaskId(0), profile("3g")));
        parts.give(TaskId(0));
        assert_eq!(parts.largest(), Some(profile("7g")));
        assert!(!parts.take(TaskId(1), profile("3g")));
        // The whole device is made of nothing but itself: what is left over goes.
        parts.give(TaskId(1));
        assert!(parts.take(TaskId(2), profile("7g")));
        assert_eq!((parts.0.len(), parts.largest()), (1, None));
    }

    proptest! {
        /// Whatever is taken and given back, whoever was told that a part can be given gets one, and parts lie as they may.
        #[test]
        fn what_is_said_to_be_free_can_be_taken(asked in prop::collection::vec((0_u16..=1000, any::<bool>()), 1..60)) {
            let (mut parts, mut holders) = (Parts::default(), Vec::new());
            for (task, (milli, leaves)) in asked.into_iter().enumerate() {
                if leaves && !holders.is_empty() {
                    parts.give(holders.remove(usize::from(milli) % holders.len()));
                } else if parts.largest().is_some_and(|largest| largest.milli() >= Profile::smallest(milli).milli()) {
                    let task = TaskId(task as u32);
                    parts.take(task, Profile::smallest(milli));
                    holders.push(task);
                }
                let held = parts.held();
                prop_assert_eq!(held.parts().len(), holders.len());
                // What is left over lies as it may, too.
                let mut all = Layout::default();
                for part in &parts.0 {
                    prop_assert!(all.create(part.profile, part.start));
                }
            }
        }
    }
}
