//! Text files, packed or not, line by line, with the line numbers of the unpacked text; and folders and archives of
//! such files.

use std::cell::RefCell;
use std::fs::File;
use std::io::{BufRead, BufReader, Chain, Cursor, Error, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

use super::ImportError;

/// A text that goes on for longer without a line break is no trace, and is not read into memory.
const LONGEST_LINE: usize = 1 << 20;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// A tar archive says so here.
const TAR_MAGIC: (usize, &[u8]) = (257, b"ustar");
/// A .zst that asks for a larger window than 128 MiB is refused instead of being given the memory.
const LARGEST_ZSTD_WINDOW_LOG: u32 = 27;

/// The unpacked bytes of a file.
pub(super) type Unpacked = BrokenIntoLines<Box<dyn Read>>;

thread_local! {
    static WATCHED: RefCell<Option<Arc<AtomicU64>>> = const { RefCell::new(None) };
}

/// Counts in `counter` the bytes that `work` reads from disk on this thread, packed as they lie there.
pub(super) fn watched<T>(counter: Arc<AtomicU64>, work: impl FnOnce() -> T) -> T {
    let before = WATCHED.replace(Some(counter));
    let result = work();
    WATCHED.replace(before);
    result
}

/// A file whose bytes are counted for whoever watches.
struct Counted {
    file: File,
    counter: Option<Arc<AtomicU64>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read(buffer)?;
        if let Some(counter) = &self.counter {
            counter.fetch_add(count as u64, Ordering::Relaxed);
        }
        Ok(count)
    }
}

fn open_failed(file: &str) -> impl Fn(Error) -> ImportError + use<> {
    let file = file.to_owned();
    move |source| ImportError::Open { file: file.clone(), source }
}

/// Opens a file and unpacks it when it begins as gzip or zstd files do.
fn open_packed(path: &Path) -> Result<Box<dyn Read>, ImportError> {
    let fail = open_failed(&path.display().to_string());
    let mut packed =
        Counted { file: File::open(path).map_err(&fail)?, counter: WATCHED.with_borrow(Clone::clone) };
    let mut start = Vec::new();
    packed.by_ref().take(ZSTD_MAGIC.len() as u64).read_to_end(&mut start).map_err(&fail)?;
    let (is_gzip, is_zstd) = (start.starts_with(&GZIP_MAGIC), start == ZSTD_MAGIC);
    let whole: Chain<Cursor<Vec<u8>>, _> = Cursor::new(start).chain(packed);
    if is_gzip {
        return Ok(Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, whole))));
    }
    if is_zstd {
        let mut decoder = zstd::Decoder::new(whole).map_err(&fail)?;
        decoder.window_log_max(LARGEST_ZSTD_WINDOW_LOG).map_err(&fail)?;
        return Ok(Box::new(decoder));
    }
    Ok(Box::new(BufReader::with_capacity(1 << 16, whole)))
}

/// Opens a file, unpacking it when it begins as gzip or zstd files do, and says how messages name it.
pub(super) fn open(path: &Path) -> Result<(Unpacked, String), ImportError> {
    Ok((BrokenIntoLines { inner: open_packed(path)?, since_break: 0 }, path.display().to_string()))
}

/// Opens a file that is no text, or one text without lines: a whole document.
pub(super) fn open_document(path: &Path) -> Result<(Box<dyn Read>, String), ImportError> {
    Ok((open_packed(path)?, path.display().to_string()))
}

/// True when the unpacked file begins as tar archives do.
fn is_archive(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = open_packed(path).is_ok_and(|reader| reader.take(512).read_to_end(&mut start).is_ok());
    let (offset, magic) = TAR_MAGIC;
    read && start.get(offset..).is_some_and(|rest| rest.starts_with(magic))
}

/// One text of a source: its name below the path, and its lines.
pub(super) struct Member<'a> {
    /// Relative to the folder or archive, without `.gz` and `.zst`; of a single file its own name.
    pub(super) name: &'a str,
    /// The text.
    pub(super) lines: Lines,
}

/// Reads every text of a source that is wanted by its name: the file itself, all files below a folder in order of
/// their names, or the members of a (packed) tar archive in their order. What macOS adds to archives (`._` members)
/// is never wanted.
///
/// # Errors
/// What `read` refuses, a folder or archive that cannot be read, and a source in which nothing is wanted.
pub(super) fn for_each_text(
    path: &Path,
    wanted: impl Fn(&str) -> bool,
    mut read: impl FnMut(Member<'_>) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let mut is_any = false;
    if path.is_dir() {
        for file in files_below(path)? {
            let name = member_name(&relative(&file, path));
            if wanted(&name) {
                is_any = true;
                read(Member { name: &name, lines: Lines::open(&file)? })?;
            }
        }
    } else if is_archive(path) {
        is_any = for_each_archived(path, &wanted, &mut read)?;
    } else {
        is_any = true;
        let name = member_name(&path.file_name().unwrap_or_default().to_string_lossy());
        read(Member { name: &name, lines: Lines::open(path)? })?;
    }
    match is_any {
        true => Ok(()),
        false => Err(ImportError::Line {
            file: path.display().to_string(),
            line: 1,
            problem: "holds no file of this format".to_owned(),
        }),
    }
}

fn for_each_archived(
    path: &Path,
    wanted: &impl Fn(&str) -> bool,
    read: &mut impl FnMut(Member<'_>) -> Result<(), ImportError>,
) -> Result<bool, ImportError> {
    let file = path.display().to_string();
    let broken = |error: Error| ImportError::Line {
        file: file.clone(),
        line: 1,
        problem: format!("the archive cannot be read on: {error}"),
    };
    let mut archive = tar::Archive::new(open_packed(path)?);
    let mut is_any = false;
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = entry.path().map_err(broken)?.to_string_lossy().into_owned();
        let is_shadow = name.rsplit('/').next().is_some_and(|name| name.starts_with("._"));
        let name = member_name(&name);
        if entry.header().entry_type().is_file() && !is_shadow && wanted(&name) {
            is_any = true;
            // A member lives only as long as the archive stands still; traces in archives are small.
            let mut bytes = Vec::new();
            entry.by_ref().take(LARGEST_MEMBER).read_to_end(&mut bytes).map_err(broken)?;
            if bytes.len() as u64 == LARGEST_MEMBER {
                let problem =
                    format!("{name} is larger than {LARGEST_MEMBER} bytes: unpack the archive first");
                return Err(ImportError::Line { file: file.clone(), line: 1, problem });
            }
            let inner: Box<dyn Read> = match bytes.starts_with(&GZIP_MAGIC) {
                true => Box::new(MultiGzDecoder::new(Cursor::new(bytes))),
                false => Box::new(Cursor::new(bytes)),
            };
            let reader = BrokenIntoLines { inner, since_break: 0 };
            read(Member { name: &name, lines: Lines::new(reader, format!("{file}:{name}")) })?;
        }
    }
    Ok(is_any)
}

/// Members of archives are held in memory one at a time.
const LARGEST_MEMBER: u64 = 1 << 30;

/// All files below a folder, in order of their paths.
///
/// # Errors
/// When a folder cannot be listed.
pub(super) fn files_below(folder: &Path) -> Result<Vec<PathBuf>, ImportError> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let fail = open_failed(&next.display().to_string());
        for entry in std::fs::read_dir(&next).map_err(&fail)? {
            let entry = entry.map_err(&fail)?;
            match entry.file_type().map_err(&fail)? {
                kind if kind.is_dir() => folders.push(entry.path()),
                _ => files.push(entry.path()),
            }
        }
    }
    files.retain(|file| !file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("._")));
    files.sort();
    Ok(files)
}

/// A path below a folder, with `/` between its parts.
pub(super) fn relative(file: &Path, folder: &Path) -> String {
    let parts = file.strip_prefix(folder).unwrap_or(file).components();
    parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// A name without the ending of its packing.
pub(super) fn member_name(name: &str) -> String {
    let name = name.strip_prefix("./").unwrap_or(name);
    name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(name).to_owned()
}

/// The names of all texts of a source, as [`for_each_text`] gives them, and the beginning of the first one.
pub(super) fn contents(path: &Path, most_names: usize, enough: u64) -> (Vec<String>, Vec<u8>) {
    let mut bytes = Vec::new();
    let begin = |file: &Path, bytes: &mut Vec<u8>| {
        if let Ok((reader, _)) = open(file) {
            // What could be unpacked before an error is still a beginning.
            let _ = reader.take(enough).read_to_end(bytes);
        }
    };
    if path.is_dir() {
        let files = files_below(path).unwrap_or_default();
        let names = files.iter().take(most_names).map(|file| member_name(&relative(file, path))).collect();
        if let Some(first) = files.first() {
            begin(first, &mut bytes);
        }
        return (names, bytes);
    }
    if !is_archive(path) {
        begin(path, &mut bytes);
        return (Vec::new(), bytes);
    }
    let mut names = Vec::new();
    if let Ok(reader) = open_packed(path)
        && let Ok(entries) = tar::Archive::new(reader).entries()
    {
        for entry in entries.take(most_names) {
            let Ok(entry) = entry else { break };
            let Ok(name) = entry.path().map(|name| name.to_string_lossy().into_owned()) else { break };
            if !entry.header().entry_type().is_file()
                || name.rsplit('/').next().is_some_and(|name| name.starts_with("._"))
            {
                continue;
            }
            names.push(member_name(&name));
            if bytes.is_empty() {
                let _ = entry.take(enough).read_to_end(&mut bytes);
            }
        }
    }
    (names, bytes)
}

/// Refuses to go on when no line ends.
pub(super) struct BrokenIntoLines<R> {
    inner: R,
    since_break: usize,
}

impl<R: Read> Read for BrokenIntoLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        match buffer[..count].iter().rposition(|&byte| byte == b'\n') {
            Some(last) => self.since_break = count - last - 1,
            None => self.since_break += count,
        }
        if self.since_break > LONGEST_LINE {
            return Err(Error::other(format!(
                "a line of more than {LONGEST_LINE} bytes is no line of a trace"
            )));
        }
        Ok(count)
    }
}

/// What a failed read means, in words.
pub(super) fn unreadable(file: &str, line: u64, error: &Error) -> ImportError {
    let problem = match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "the packed data end before the text does".to_owned(),
        _ => format!("cannot be read on: {error}"),
    };
    ImportError::Line { file: file.to_owned(), line, problem }
}

/// What stood there, cut short.
pub(super) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}...", &text[..cut]),
        None => text.to_owned(),
    }
}

/// The lines of a file.
pub(super) struct Lines {
    reader: BufReader<Unpacked>,
    buffer: Vec<u8>,
    file: String,
    line: u64,
}

impl Lines {
    pub(super) fn open(path: &Path) -> Result<Self, ImportError> {
        let (reader, file) = open(path)?;
        Ok(Self::new(reader, file))
    }

    fn new(reader: Unpacked, file: String) -> Self {
        let reader = BufReader::with_capacity(1 << 16, reader);
        Self { reader, buffer: Vec::new(), file, line: 0 }
    }

    /// The next line and its number, without its end and without white space around it.
    pub(super) fn next_line(&mut self) -> Result<Option<(u64, &[u8])>, ImportError> {
        self.buffer.clear();
        let count = self
            .reader
            .read_until(b'\n', &mut self.buffer)
            .map_err(|error| unreadable(&self.file, self.line + 1, &error))?;
        if count == 0 {
            return Ok(None);
        }
        self.line += 1;
        let line = self.buffer.as_slice();
        let line = if self.line == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        Ok(Some((self.line, line.trim_ascii())))
    }

    /// How messages name the file.
    pub(super) fn file(&self) -> &str {
        &self.file
    }
}
