//! How memory is counted: by the binary's allocator, which the runner knows only as two functions.

/// What an allocator has counted on this thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AllocationCounters {
    /// Bytes that are allocated now.
    pub live_bytes: i64,
    /// The most that were allocated at once since the peak was last forgotten.
    pub peak_bytes: i64,
}

/// Reads the counters of an allocator.
#[derive(Clone, Copy, Debug)]
pub struct MemoryMeter {
    /// The counters of this thread.
    pub counters: fn() -> AllocationCounters,
    /// Makes what is allocated now the peak of this thread.
    pub forget_peak: fn(),
}

impl MemoryMeter {
    /// What is allocated now, in bytes; the peak begins there.
    pub(crate) fn begin(self) -> i64 {
        (self.forget_peak)();
        (self.counters)().live_bytes
    }

    /// How many bytes more than at the beginning were allocated at once on this thread.
    pub(crate) fn peak_since(self, begin: i64) -> u64 {
        u64::try_from((self.counters)().peak_bytes - begin).unwrap_or(0)
    }

    /// How many bytes more than at the beginning are allocated now.
    pub(crate) fn kept_since(self, begin: i64) -> u64 {
        u64::try_from((self.counters)().live_bytes - begin).unwrap_or(0)
    }
}
