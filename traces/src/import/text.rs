//! Text files, packed or not, line by line, with the line numbers of the unpacked text.

use std::io::{BufRead, BufReader, Chain, Cursor, Error, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::ImportError;

/// A text that goes on for longer without a line break is no trace, and is not read into memory.
const LONGEST_LINE: usize = 1 << 20;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The unpacked bytes of a file.
pub(super) type Unpacked = BrokenIntoLines<Box<dyn Read>>;

/// Opens a file, unpacking it when it begins as gzip files do, and says how messages name it.
pub(super) fn open(path: &Path) -> Result<(Unpacked, String), ImportError> {
    let file = path.display().to_string();
    let fail = |source| ImportError::Open { file: file.clone(), source };
    let mut packed = std::fs::File::open(path).map_err(fail)?;
    let mut start = Vec::new();
    packed.by_ref().take(GZIP_MAGIC.len() as u64).read_to_end(&mut start).map_err(fail)?;
    let is_packed = start == GZIP_MAGIC;
    let whole: Chain<Cursor<Vec<u8>>, _> = Cursor::new(start).chain(packed);
    let inner: Box<dyn Read> = if is_packed {
        Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, whole)))
    } else {
        Box::new(whole)
    };
    Ok((BrokenIntoLines { inner, since_break: 0 }, file))
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
fn unreadable(file: &str, line: u64, error: &Error) -> ImportError {
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
        let reader = BufReader::with_capacity(1 << 16, reader);
        Ok(Self { reader, buffer: Vec::new(), file, line: 0 })
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
