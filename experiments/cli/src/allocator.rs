//! The allocator of the binary: mimalloc, which counts what it hands out while somebody wants to know.

// Implementing `GlobalAlloc` is `unsafe` by its definition, and there is no other way to count allocations. Every
// call is passed on as it came, so that what the caller promises is promised to mimalloc.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use mimalloc::MiMalloc;
use runner::bench::AllocationCounters;

static IS_COUNTING: AtomicBool = AtomicBool::new(false);
static LIVE_BYTES: AtomicI64 = AtomicI64::new(0);
static PEAK_BYTES: AtomicI64 = AtomicI64::new(0);

/// Mimalloc with counters.
pub(crate) struct CountingAllocator;

/// Counts from now on. What was allocated before is not known, and its release counts as less than nothing.
pub(crate) fn start_counting() {
    IS_COUNTING.store(true, Ordering::Relaxed);
}

/// What was allocated since counting began.
pub(crate) fn counters() -> AllocationCounters {
    AllocationCounters {
        live_bytes: LIVE_BYTES.load(Ordering::Relaxed),
        peak_bytes: PEAK_BYTES.load(Ordering::Relaxed),
    }
}

fn count(bytes: i64) {
    if IS_COUNTING.load(Ordering::Relaxed) {
        let live = LIVE_BYTES.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if live > PEAK_BYTES.load(Ordering::Relaxed) {
            PEAK_BYTES.fetch_max(live, Ordering::Relaxed);
        }
    }
}

// SAFETY: each method passes its arguments unchanged to the same method of mimalloc and returns what that returns.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: the caller's promises are those that mimalloc asks for.
        unsafe { MiMalloc.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: as above.
        unsafe { MiMalloc.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as i64));
        // SAFETY: as above; the pointer came from mimalloc.
        unsafe { MiMalloc.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size as i64 - layout.size() as i64);
        // SAFETY: as above; the pointer came from mimalloc.
        unsafe { MiMalloc.realloc(pointer, layout, new_size) }
    }
}
