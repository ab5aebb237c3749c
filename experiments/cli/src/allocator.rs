//! The allocator of the binary: mimalloc, which counts what it hands out while somebody wants to know. Each thread
//! counts for itself, so that what one run takes is not mixed up with what runs beside it.

// Implementing `GlobalAlloc` is `unsafe` by its definition, and there is no other way to count allocations. Every
// call is passed on as it came, so that what the caller promises is promised to mimalloc.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use mimalloc::MiMalloc;
use runner::memory::{AllocationCounters, MemoryMeter};

static IS_COUNTING: AtomicBool = AtomicBool::new(false);

// Without a destructor and with a constant beginning, so that looking at them allocates nothing.
thread_local! {
    static LIVE_BYTES: Cell<i64> = const { Cell::new(0) };
    static PEAK_BYTES: Cell<i64> = const { Cell::new(0) };
}

/// Mimalloc with counters.
pub(crate) struct CountingAllocator;

/// Counts from now on. What was allocated before is not known, nor what other threads allocated: its release counts
/// as less than nothing.
pub(crate) fn start_counting() -> MemoryMeter {
    IS_COUNTING.store(true, Ordering::Relaxed);
    MemoryMeter { counters, forget_peak }
}

/// What this thread allocated since counting began.
pub(crate) fn counters() -> AllocationCounters {
    AllocationCounters { live_bytes: LIVE_BYTES.get(), peak_bytes: PEAK_BYTES.get() }
}

fn forget_peak() {
    PEAK_BYTES.set(LIVE_BYTES.get());
}

fn count(bytes: i64) {
    if IS_COUNTING.load(Ordering::Relaxed) {
        let live = LIVE_BYTES.get() + bytes;
        LIVE_BYTES.set(live);
        if live > PEAK_BYTES.get() {
            PEAK_BYTES.set(live);
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
