//! The beginning of a source, by which importers recognise their format.

use std::path::Path;

use super::text;

/// The beginning of a source.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// The name of the file or folder, without `.gz` and `.zst`.
    pub file_name: String,
    /// The first lines of the unpacked text, without what is no UTF-8; of a folder or an archive, those of its first
    /// text.
    pub text: String,
    /// The names of the files of a folder or an archive, relative to it and without `.gz` and `.zst`; empty for a file.
    pub entries: Vec<String>,
    /// The names of the columns, where the source is a Parquet file.
    pub columns: Vec<String>,
    /// True when a mapping for the importer `csv` lies beside the file.
    pub has_mapping: bool,
}

impl Head {
    const ENOUGH_BYTES: u64 = 64 * 1024;
    const ENOUGH_NAMES: usize = 4096;

    /// Reads the beginning; nothing when there is no such file or folder.
    pub fn read(path: &Path) -> Option<Self> {
        if !path.exists() {
            return None;
        }
        let (entries, bytes) = text::contents(path, Self::ENOUGH_NAMES, Self::ENOUGH_BYTES);
        let file_name = text::member_name(&path.file_name()?.to_string_lossy());
        let columns = if bytes.starts_with(b"PAR1") { columns(path) } else { Vec::new() };
        let has_mapping = super::csv::mapping_beside(path).is_file();
        Some(Self {
            file_name,
            text: String::from_utf8_lossy(&bytes).into_owned(),
            entries,
            columns,
            has_mapping,
        })
    }

    /// True when the first line names all these columns, with commas between them.
    pub fn has_columns(&self, columns: &[&str]) -> bool {
        self.entries.is_empty() && super::table::has_columns(&self.text, ',', columns)
    }

    /// True when some file of the folder or archive has a name, without the folders before it, of which this holds.
    pub fn has_entry(&self, is_it: impl Fn(&str) -> bool) -> bool {
        self.entries.iter().any(|entry| is_it(entry.rsplit('/').next().unwrap_or(entry)))
    }
}

#[cfg(feature = "tables")]
fn columns(path: &Path) -> Vec<String> {
    super::frame::column_names(path).unwrap_or_default()
}

#[cfg(not(feature = "tables"))]
fn columns(_: &Path) -> Vec<String> {
    Vec::new()
}
