//! Lines of text and beginnings of files, for what in this crate reads other things than workloads.

use std::path::Path;

use super::text::{self, Lines};
use super::{Head, ImportError};

/// The lines of a file, packed or not.
pub(crate) struct TextLines(Lines);

impl TextLines {
    /// Opens a file, unpacking what is packed.
    pub(crate) fn open(path: &Path) -> Result<Self, ImportError> {
        Lines::open(path).map(Self)
    }

    /// The next line and its number, without its end and without white space around it.
    pub(crate) fn next_line(&mut self) -> Result<Option<(u64, &[u8])>, ImportError> {
        self.0.next_line()
    }

    /// How messages name the file.
    pub(crate) fn file(&self) -> &str {
        self.0.file()
    }
}

/// What stood there, cut short.
pub(crate) fn excerpt(text: &str) -> String {
    text::excerpt(text)
}

/// The beginning of a file; nothing when it cannot be opened.
pub(crate) fn head(path: &Path) -> Option<Head> {
    Head::read(path)
}
