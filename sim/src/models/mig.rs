//! Where the parts of a multi-instance GPU may lie.
//!
//! Such a GPU has eight slices of memory and seven of compute. A part takes a block of memory slices that begins at one of
//! a few places, and a number of compute slices; parts share nothing. What `nvidia-smi mig -lgipp` prints, and the MIG user
//! guide of NVIDIA, give the places. The table of profiles there prints one eighth of the memory for `1g.10gb`, the places
//! two; the places hold.
//!
//! ```text
//!  memory slice   0  1  2  3  4  5  6  7
//!  3g at 0 and 4  [  3g     ] [  3g     ]   6 of 7 compute slices: one is stranded
//!  1g at 0         x                        a 4g no longer fits, though 7 slices of memory are free
//! ```

use crate::resources::{DEVICE_PAGE_MIB, WHOLE_DEVICE};

/// Compute slices of a GPU.
pub const COMPUTE_SLICES: u8 = 7;

/// A part that can be made, named by its compute slices and its memory slices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// As configs name it: compute slices, and memory slices where several have as many.
    pub name: &'static str,
    /// Compute slices, of seven.
    pub compute_slices: u8,
    /// Memory slices, of eight.
    pub memory_slices: u8,
    /// Where it may begin.
    pub starts: &'static [u8],
    /// How many there may be of it, where the geometry alone allows more.
    pub most: Option<u8>,
}

/// The profiles of A100, H100 and later models of 80 GB and more, where `1g` has an eighth of the memory.
pub const PROFILES: &[Profile] = &[
    Profile { name: "1g", compute_slices: 1, memory_slices: 1, starts: &[0, 1, 2, 3, 4, 5, 6], most: None },
    // With the media engines, of which there is one set.
    Profile {
        name: "1g_me",
        compute_slices: 1,
        memory_slices: 1,
        starts: &[0, 1, 2, 3, 4, 5, 6],
        most: Some(1),
    },
    Profile { name: "1g_2m", compute_slices: 1, memory_slices: 2, starts: &[0, 2, 4, 6], most: None },
    Profile { name: "2g", compute_slices: 2, memory_slices: 2, starts: &[0, 2, 4], most: None },
    Profile { name: "3g", compute_slices: 3, memory_slices: 4, starts: &[0, 4], most: None },
    Profile { name: "4g", compute_slices: 4, memory_slices: 4, starts: &[0], most: None },
    Profile { name: "7g", compute_slices: 7, memory_slices: 8, starts: &[0], most: None },
];

impl Profile {
    /// One for each number of compute slices: without media engines or more memory than others have.
    pub const PLAIN: [&'static Self; 5] =
        [&PROFILES[0], &PROFILES[3], &PROFILES[4], &PROFILES[5], &PROFILES[6]];

    /// The profile of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        PROFILES.iter().find(|profile| profile.name == name)
    }

    /// The smallest of the plain ones, one for each number of compute slices, that gives so many thousandths of the whole:
    /// of seven, rounded down, so that a request for 142 thousandths is content with one slice.
    pub fn smallest(milli: u16) -> &'static Self {
        let [.., whole] = Self::PLAIN;
        Self::PLAIN.into_iter().find(|profile| profile.milli() >= milli).unwrap_or(whole)
    }

    /// What it has of the memory of a whole GPU: so many eighths, in whole pages.
    pub fn memory_of(&self, whole_mib: u32) -> u32 {
        let eighths = u64::from(whole_mib) * u64::from(self.memory_slices) / 8;
        (eighths / u64::from(DEVICE_PAGE_MIB)) as u32 * DEVICE_PAGE_MIB
    }

    /// Thousandths of the whole, by compute slices, rounded down.
    pub fn milli(&self) -> u16 {
        u16::from(self.compute_slices) * WHOLE_DEVICE / u16::from(COMPUTE_SLICES)
    }

    /// The memory slices that it takes when it begins there, one bit each; nothing where it may not begin.
    pub fn mask(&self, start: u8) -> Option<u8> {
        let ones = ((1_u16 << self.memory_slices) - 1) as u8;
        self.starts.contains(&start).then_some(ones << start)
    }

    /// The share of the whole GPU's throughput that it gives to work which keeps this fraction of the compute and this
    /// fraction of the memory bandwidth of a whole GPU busy: the scarcer of both decides, and never more than all.
    pub fn throughput(&self, compute_share: f64, bandwidth_share: f64) -> f64 {
        let limit = |slices: u8, of: u8, wanted: f64| match wanted > 0.0 {
            true => f64::from(slices) / f64::from(of) / wanted,
            false => f64::INFINITY,
        };
        let compute = limit(self.compute_slices, COMPUTE_SLICES, compute_share);
        compute.min(limit(self.memory_slices, 8, bandwidth_share)).min(1.0)
    }
}

/// One GPU with its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    parts: Vec<(&'static Profile, u8)>,
}

impl Layout {
    /// The parts, each with the place where it begins.
    pub fn parts(&self) -> &[(&'static Profile, u8)] {
        &self.parts
    }

    /// The memory slices in use, one bit each.
    pub fn memory_mask(&self) -> u8 {
        self.parts.iter().filter_map(|(profile, start)| profile.mask(*start)).fold(0, |all, one| all | one)
    }

    /// Compute slices in use.
    pub fn compute_slices(&self) -> u8 {
        self.parts.iter().map(|(profile, _)| profile.compute_slices).sum()
    }

    /// Where one more part of this profile may begin.
    pub fn free_starts(&self, profile: &'static Profile) -> impl Iterator<Item = u8> {
        let (taken, compute_slices) = (self.memory_mask(), self.compute_slices());
        let count = self.parts.iter().filter(|(other, _)| *other == profile).count();
        let may = compute_slices + profile.compute_slices <= COMPUTE_SLICES
            && profile.most.is_none_or(|most| count < usize::from(most));
        let fits = move |start: &u8| may && profile.mask(*start).is_some_and(|mask| mask & taken == 0);
        profile.starts.iter().copied().filter(fits)
    }

    /// Makes a part; false, and nothing is changed, where it may not be.
    pub fn create(&mut self, profile: &'static Profile, start: u8) -> bool {
        let is_free = self.free_starts(profile).any(|free| free == start);
        if is_free {
            self.parts.push((profile, start));
        }
        is_free
    }

    /// Removes the part that begins there; false where none does.
    pub fn destroy(&mut self, start: u8) -> bool {
        let place = self.parts.iter().position(|(_, other)| *other == start);
        place.map(|place| self.parts.remove(place)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn profile(name: &str) -> &'static Profile {
        Profile::named(name).expect("known")
    }

    /// A GPU with these parts, all of which must be possible.
    fn layout(parts: &[(&str, u8)]) -> Layout {
        let mut layout = Layout::default();
        for (name, start) in parts {
            assert!(layout.create(profile(name), *start), "{name} at {start} of {parts:?}");
        }
        layout
    }

    fn free(layout: &Layout, name: &str) -> Vec<u8> {
        layout.free_starts(profile(name)).collect()
    }

    #[test]
    fn plain_profiles_are_named_by_their_slices_alone() {
        assert_eq!(Profile::PLAIN.map(|profile| profile.name), ["1g", "2g", "3g", "4g", "7g"]);
    }

    #[test]
    fn models_2_3_a_two_3g_strand_a_compute_slice() {
        let layout = layout(&[("3g", 0), ("3g", 4)]);
        assert_eq!((layout.memory_mask(), layout.compute_slices()), (0xff, 6));
        assert!(PROFILES.iter().all(|profile| layout.free_starts(profile).next().is_none()));
    }

    #[test]
    fn models_2_3_b_4g_and_3g_are_full() {
        let layout = layout(&[("4g", 0), ("3g", 4)]);
        assert_eq!((layout.memory_mask(), layout.compute_slices()), (0xff, COMPUTE_SLICES));
    }

    #[test]
    fn models_2_3_c_1g_at_0_keeps_a_4g_out() {
        let layout = layout(&[("1g", 0)]);
        assert_eq!((layout.memory_mask().count_zeros(), COMPUTE_SLICES - layout.compute_slices()), (7, 6));
        assert!(free(&layout, "4g").is_empty());
    }

    #[test]
    fn models_2_3_d_1g_at_6_leaves_4g_and_2g() {
        assert_eq!(layout(&[("1g", 6), ("4g", 0), ("2g", 4)]).compute_slices(), COMPUTE_SLICES);
    }

    #[test]
    fn models_2_3_e_the_order_of_placement_matters() {
        let low = layout(&[("1g", 0), ("1g", 1)]);
        assert_eq!((free(&low, "3g"), free(&low, "4g")), (vec![4], vec![]));
        let high = layout(&[("1g", 5), ("1g", 6)]);
        assert_eq!((free(&high, "3g"), free(&high, "4g")), (vec![0], vec![0]));
    }

    #[test]
    fn models_2_3_f_seven_1g_never_reach_slice_7() {
        let layout = layout(&(0..7).map(|start| ("1g", start)).collect::<Vec<_>>());
        assert_eq!((layout.memory_mask(), layout.compute_slices()), (0x7f, 7));
        assert!(free(&layout, "1g").is_empty());
    }

    #[test]
    fn one_part_at_most_has_the_media_engines() {
        let mut layout = layout(&[("1g_me", 0)]);
        assert!(!layout.create(profile("1g_me"), 1) && layout.create(profile("1g"), 1));
        assert!(layout.destroy(0) && !layout.destroy(0) && layout.create(profile("1g_me"), 0));
    }

    #[test]
    fn the_scarcer_of_compute_and_bandwidth_decides() {
        // Work that fills a whole GPU, work bound by bandwidth alone, and work that a part is enough for.
        let third = profile("3g");
        assert_eq!(third.throughput(1.0, 1.0), 3.0 / 7.0);
        assert_eq!(third.throughput(0.0, 1.0), 0.5);
        assert_eq!(third.throughput(0.2, 0.3), 1.0);
    }

    proptest! {
        /// Whatever is asked, parts lie apart at published places, and no more compute is given than there is.
        #[test]
        fn a_layout_is_always_one_of_the_published_ones(asked in prop::collection::vec((0_usize..7, 0_u8..9), 0..30)) {
            let mut layout = Layout::default();
            for (place, start) in asked {
                let before = layout.clone();
                if start == 8 {
                    layout.destroy(before.parts().first().map_or(0, |(_, start)| *start));
                } else if !layout.create(&PROFILES[place], start) {
                    prop_assert_eq!(&layout, &before);
                }
                let slices: u32 = layout.parts().iter().map(|(profile, _)| u32::from(profile.memory_slices)).sum();
                prop_assert_eq!(layout.memory_mask().count_ones(), slices, "parts overlap");
                prop_assert!(layout.parts().iter().all(|(profile, start)| profile.starts.contains(start)));
                prop_assert!(layout.compute_slices() <= COMPUTE_SLICES);
            }
        }
    }
}
