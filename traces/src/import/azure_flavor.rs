//! Virtual machines of Azure's public trace of 2017 as lists of arrivals and lifetimes (Bergsma et al., SOSP 2021).
//!
//! Four texts belong together:
//!
//! * the arrivals (`v1.dev.txt`): a line for each step of time, the seconds since the trace began and then, with commas
//!   between them, the flavour of each machine that arrived; `|` ends a batch, which is of one tenant;
//! * the lifetimes (`v1.dev.c2100000.txt`), line by line and word by word the same: `U` and the number of a bin, or `C` and
//!   the bin of what was seen when the trace ended, at the second that the name of the file tells;
//! * the bins (`v1.interval_map.txt`): lengths in seconds, rising in even steps, and the bin of each;
//! * the flavours (`flav_map.txt`): cores and GB (of 2^30 bytes, as Azure counts), and the word for them.
//!
//! The last three are looked for beside the arrivals, or named by the options `lifetimes`, `intervals` and `flavors`. The
//! source may also be the folder that holds them; arrivals in it that have no lifetimes are counted
//! (`files_without_lifetimes`) and passed over. Arrivals alone are refused: they have no lifetimes.
//!
//! A length in the map stands for the step that begins with it, so that a bin reaches from its first length to the first
//! of the next bin (the last one: to a step after its last length). The lifetime of a `U` is drawn uniformly in its bin,
//! from the stream `azure_flavor.lifetime` of the seed in the options, one draw for each in the order of the file. A `C`
//! outlasted the trace: it is censored, and what was seen of it are the seconds from its arrival to the end.
//!
//! A row is a machine. A batch is a job, and a tenant of its own, since tenants are not named; its tasks need not start
//! together. No row is dropped: what does not fit is refused.

use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;
use serde::Deserialize;
use sim::kernel::rng::{Seed, Stream};
use sim::kernel::time::{SimDuration, SimTime};
use sim::workload::{Demand, JobSpec, TaskSpec, Workload};

use super::gather::{GIB, Gatherer, Place, cpu_milli_of, memory_mib_of};
use super::table::Table;
use super::text::{Lines, excerpt, member_name};
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "arrivals and lifetimes of Azure's machines of 2017 in bins (v1.dev.txt and its partners)";

const INTERVALS: &str = "interval_map.txt";
const FLAVORS: &str = "flav_map.txt";

/// Where the parts lie, and which lifetimes are drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Seed of the lifetimes inside of their bins.
    pub seed: u64,
    /// The file of lifetimes; without it the one beside the arrivals (`NAME.cSECONDS.txt` for `NAME.txt`).
    pub lifetimes: Option<PathBuf>,
    /// The map of bins; without it the one file beside the arrivals whose name ends with `interval_map.txt`.
    pub intervals: Option<PathBuf>,
    /// The map of flavours; without it the one file beside the arrivals whose name ends with `flav_map.txt`.
    pub flavors: Option<PathBuf>,
}

/// The importer.
pub fn importer(options: Options) -> impl Importer {
    AzureFlavor(options)
}

/// True for a list of arrivals or of lifetimes, and for a folder that holds them.
pub fn recognises(head: &Head) -> bool {
    if !head.entries.is_empty() {
        return head.has_entry(|name| end_of_trace(name).is_some()) && head.has_entry(|name| name.ends_with(INTERVALS));
    }
    let first = head.text.lines().next().unwrap_or_default();
    let Some((time, words)) = first.split_once(' ') else { return false };
    let is_flavor = |word: &str| word.len() <= 2 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    // The first line may have been cut off in its last word.
    let mut words = words.trim_end().split(',').take(8).filter(|word| !word.is_empty() && *word != "|").peekable();
    let is_any = words.peek().is_some();
    is_any && time.parse::<u64>().is_ok() && words.all(|word| is_flavor(word) || Life::parse(word).is_some())
}

/// The second at which the lives of a file of lifetimes are cut off, by its name.
fn end_of_trace(name: &str) -> Option<u64> {
    let (_, end) = name.strip_suffix(".txt").unwrap_or(name).rsplit_once(".c")?;
    end.parse().ok()
}

struct AzureFlavor(Options);

impl Importer for AzureFlavor {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
        let (pairs, without) = self.pairs(path, folder)?;
        (0..without).for_each(|_| tally.count("files_without_lifetimes"));
        let [intervals, flavors] = self.maps(path, folder);
        let bins = Bins::read(&intervals?)?;
        let flavors = read_flavors(&flavors?)?;
        let stream = Seed(self.0.seed).stream("azure_flavor.lifetime");
        let mut reader = Reader { bins, flavors, stream, batches: 0, gatherer: Gatherer::new() };
        let mut last = (String::new(), 1);
        for (arrivals, lifetimes) in pairs {
            last = reader.read(&arrivals, &lifetimes, tally)?;
        }
        reader.gatherer.finish(Place { file: &last.0, line: last.1 }, tally)
    }

    fn reads_beside(&self, path: &Path) -> Vec<PathBuf> {
        let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
        // What is missing is told by the reading.
        let lifetimes = self.pairs(path, folder).map(|(pairs, _)| pairs).unwrap_or_default();
        let lifetimes = lifetimes.into_iter().map(|(_, lifetimes)| lifetimes);
        lifetimes.chain(self.maps(path, folder).into_iter().flatten()).collect()
    }
}

fn refuse_whole(path: &Path, problem: String) -> ImportError {
    ImportError::Line { file: path.display().to_string(), line: 1, problem }
}

/// The texts directly in a folder, with their unpacked names.
fn texts_in(folder: &Path) -> Result<Vec<(String, PathBuf)>, ImportError> {
    let fail = |source| ImportError::Open { file: folder.display().to_string(), source };
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_file() && !name.starts_with("._") {
            texts.push((member_name(&name), path));
        }
    }
    texts.sort();
    Ok(texts)
}

/// The one file of a folder whose name ends so.
fn only_file(asked: &Path, folder: &Path, ending: &str) -> Result<PathBuf, ImportError> {
    let mut found = texts_in(folder)?.into_iter().filter(|(name, _)| name.ends_with(ending));
    match (found.next(), found.next()) {
        (Some((_, path)), None) => Ok(path),
        (None, _) => Err(refuse_whole(asked, format!("beside it there is no {ending}: put it there, or name it in the options"))),
        _ => Err(refuse_whole(asked, format!("beside it there are several files that end with {ending}: name one in the options"))),
    }
}

impl AzureFlavor {
    /// The maps of bins and of flavours.
    fn maps(&self, path: &Path, folder: &Path) -> [Result<PathBuf, ImportError>; 2] {
        [(&self.0.intervals, INTERVALS), (&self.0.flavors, FLAVORS)].map(|(stated, ending)| match stated {
            Some(path) => Ok(path.clone()),
            None => only_file(path, folder, ending),
        })
    }

    /// The files of arrivals with those of their lifetimes, and how many have none.
    fn pairs(&self, path: &Path, folder: &Path) -> Result<(Vec<(PathBuf, PathBuf)>, usize), ImportError> {
        let texts = texts_in(folder)?;
        let partner = |name: &str| {
            let stem = format!("{}.c", name.strip_suffix(".txt").unwrap_or(name));
            let is = |known: &str| known.starts_with(&stem) && end_of_trace(known).is_some();
            texts.iter().find(|(known, _)| is(known)).map(|(_, path)| path.clone())
        };
        if !path.is_dir() {
            let name = member_name(&path.file_name().unwrap_or_default().to_string_lossy());
            if end_of_trace(&name).is_some() {
                let problem = "holds the lifetimes: the file of arrivals, whose name has no `.cSECONDS`, is expected";
                return Err(refuse_whole(path, problem.to_owned()));
            }
            let lifetimes = self.0.lifetimes.clone().or_else(|| partner(&name));
            let missing = || {
                let stem = name.strip_suffix(".txt").unwrap_or(&name);
                refuse_whole(path, format!("no lifetimes: beside it there is no {stem}.cSECONDS.txt, and the options name none"))
            };
            return Ok((vec![(path.to_owned(), lifetimes.ok_or_else(missing)?)], 0));
        }
        let is_arrivals = |name: &str| {
            let is_other = name.ends_with(INTERVALS) || name.ends_with(FLAVORS) || end_of_trace(name).is_some();
            name.ends_with(".txt") && !is_other
        };
        let arrivals: Vec<_> = texts.iter().filter(|(name, _)| is_arrivals(name)).collect();
        let pairs: Vec<_> =
            arrivals.iter().filter_map(|(name, path)| Some((path.clone(), partner(name)?))).collect();
        if pairs.is_empty() {
            return Err(refuse_whole(path, "no lifetimes: it holds no NAME.txt with a NAME.cSECONDS.txt".to_owned()));
        }
        let without = arrivals.len() - pairs.len();
        Ok((pairs, without))
    }
}

/// What the word of a flavour asks for.
fn read_flavors(path: &Path) -> Result<FxHashMap<Box<str>, Demand>, ImportError> {
    let mut table = Table::without_header(Lines::open(path)?, ' ', &["cores,memory", "flavor"]);
    let mut flavors = FxHashMap::default();
    while table.next_row()? {
        let size = table.text("cores,memory").split_once(',');
        let number = |text: &str| text.trim().parse::<f64>().ok();
        let demand = size.and_then(|(cores, memory)| {
            let memory_mib = memory_mib_of(number(memory)?, GIB)?;
            Some(Demand { cpu_milli: cpu_milli_of(number(cores)?)?, memory_mib, ..Demand::default() })
        });
        let demand = demand.ok_or_else(|| table.wrong("cores,memory", "cores and GB with a comma between them"))?;
        let word = table.text("flavor");
        if word.is_empty() || flavors.insert(word.into(), demand).is_some() {
            return Err(table.wrong("flavor", "a word that no flavour before it has"));
        }
    }
    Ok(flavors)
}

/// From where to where a lifetime of each bin is, in seconds.
struct Bins(Vec<(u64, u64)>);

impl Bins {
    fn read(path: &Path) -> Result<Self, ImportError> {
        let mut table = Table::without_header(Lines::open(path)?, ' ', &["seconds", "bin"]);
        // The first length of each bin.
        let mut starts: Vec<u64> = Vec::new();
        let (mut length, mut step) = (0, 0);
        while table.next_row()? {
            let seconds = table.whole("seconds", 0..=1_000_000_000_u64)?;
            let bin = table.whole("bin", 0..=10_000_usize)?;
            if starts.is_empty() {
                if seconds != 0 {
                    return Err(table.wrong("seconds", "0 in the first line"));
                }
            } else {
                step = if step == 0 { seconds } else { step };
                if step == 0 || seconds != length + step {
                    return Err(table.wrong("seconds", "lengths that rise in even steps"));
                }
            }
            length = seconds;
            if bin == starts.len() {
                starts.push(seconds);
            } else if bin + 1 != starts.len() {
                return Err(table.wrong("bin", "the bin of the line before it, or the next one"));
            }
        }
        if step == 0 {
            return Err(table.refuse(1, "holds no lengths: at least two lines are expected".to_owned()));
        }
        let ends = starts.iter().skip(1).copied().chain([length + step]);
        Ok(Self(starts.iter().copied().zip(ends).collect()))
    }
}

/// How the life of a machine ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    /// In a bin.
    Ended(usize),
    /// After the trace, when it was in a bin.
    Unseen(usize),
}

impl Life {
    fn parse(word: &str) -> Option<Self> {
        let bin = |text: &str| text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        match word.split_at_checked(1)? {
            ("U", rest) => bin(rest).map(Self::Ended),
            ("C", rest) => bin(rest).map(Self::Unseen),
            _ => None,
        }
    }
}

/// Two files that are read side by side.
struct Pair {
    file: String,
    lives_file: String,
    /// The second at which the trace ended.
    end: u64,
    line: u64,
}

impl Pair {
    fn wrong(&self, file: &str, number: usize, value: &str, allowed: &str) -> ImportError {
        ImportError::Value {
            file: file.to_owned(),
            line: self.line,
            column: format!("word {number} after the time"),
            value: excerpt(value),
            allowed: allowed.to_owned(),
        }
    }

    fn refuse(&self, file: &str, problem: &str) -> ImportError {
        ImportError::Line { file: file.to_owned(), line: self.line.max(1), problem: problem.to_owned() }
    }

    fn text<'a>(&self, file: &str, bytes: &'a [u8]) -> Result<&'a str, ImportError> {
        std::str::from_utf8(bytes)
            .map_err(|_| self.refuse(file, "there are bytes that are no UTF-8: text is expected"))
    }
}

struct Reader {
    bins: Bins,
    flavors: FxHashMap<Box<str>, Demand>,
    stream: Stream,
    batches: u32,
    gatherer: Gatherer,
}

impl Reader {
    /// Reads a pair of files side by side; answers with the file and its last line.
    fn read(&mut self, arrivals: &Path, lifetimes: &Path, tally: &mut Tally) -> Result<(String, u64), ImportError> {
        let lifetimes_name = member_name(&lifetimes.file_name().unwrap_or_default().to_string_lossy());
        let Some(end) = end_of_trace(&lifetimes_name) else {
            let problem = "its name does not say when the trace ended: it must end with .cSECONDS.txt".to_owned();
            return Err(refuse_whole(lifetimes, problem));
        };
        let (mut arrivals, mut lifetimes) = (Lines::open(arrivals)?, Lines::open(lifetimes)?);
        let mut pair =
            Pair { file: arrivals.file().to_owned(), lives_file: lifetimes.file().to_owned(), end, line: 0 };
        loop {
            let (flavors, lives) = match (arrivals.next_line()?, lifetimes.next_line()?) {
                (None, None) => return Ok((pair.file, pair.line)),
                (Some((line, flavors)), Some((_, lives))) => {
                    pair.line = line;
                    (pair.text(&pair.file, flavors)?, pair.text(&pair.lives_file, lives)?)
                }
                (flavors, _) => {
                    let shorter = if flavors.is_some() { &pair.lives_file } else { &pair.file };
                    return Err(pair.refuse(shorter, "ends before its partner does: both have the same lines"));
                }
            };
            if !flavors.is_empty() || !lives.is_empty() {
                self.read_line(&pair, flavors, lives, tally)?;
            }
        }
    }

    fn read_line(&mut self, pair: &Pair, flavors: &str, lives: &str, tally: &mut Tally) -> Result<(), ImportError> {
        let parts = |file: &str, line| {
            let (time, words) = str::split_once(line, ' ').unwrap_or((line, ""));
            let time: Option<u64> = time.parse().ok().filter(|time| *time <= pair.end);
            let words = words.trim();
            let time = time.ok_or_else(|| pair.refuse(file, "begins with no seconds before the end of the trace"))?;
            Ok::<_, ImportError>((time, words))
        };
        let (time, flavors) = parts(&pair.file, flavors)?;
        let (lives_time, lives) = parts(&pair.lives_file, lives)?;
        if time != lives_time {
            let problem = format!("begins with {lives_time}, where the arrivals have {time}");
            return Err(pair.refuse(&pair.lives_file, &problem));
        }
        let (mut flavors, mut lives) = (flavors.split(','), lives.split(','));
        let mut batch = Vec::new();
        for number in 1.. {
            match (flavors.next(), lives.next()) {
                (None, None) => break,
                (Some(""), Some("")) => {}
                (Some("|"), Some("|")) => self.end_batch(pair, time, &mut batch)?,
                (Some(flavor), Some(life)) => {
                    tally.read();
                    batch.push(self.machine(pair, number, time, [flavor, life])?);
                    tally.keep();
                }
                (flavor, life) => {
                    let (file, found) = if flavor.is_none() { (&pair.file, life) } else { (&pair.lives_file, flavor) };
                    let allowed = "a word in both files";
                    return Err(pair.wrong(file, number, found.unwrap_or_default(), allowed));
                }
            }
        }
        self.end_batch(pair, time, &mut batch)
    }

    fn machine(&mut self, pair: &Pair, number: usize, time: u64, words: [&str; 2]) -> Result<TaskSpec, ImportError> {
        let [flavor, life] = words;
        let demand = self.flavors.get(flavor);
        let demand =
            demand.ok_or_else(|| pair.wrong(&pair.file, number, flavor, "a word of the map of flavours, or `|`"))?;
        let wrong_life = |allowed: &str| pair.wrong(&pair.lives_file, number, life, allowed);
        let parsed = Life::parse(life).ok_or_else(|| wrong_life("U or C and the number of a bin, or `|`"))?;
        let (Life::Ended(bin) | Life::Unseen(bin)) = parsed;
        let (from, to) = *self.bins.0.get(bin).ok_or_else(|| wrong_life("a bin of the map of bins"))?;
        let (seconds, is_censored) = match parsed {
            Life::Ended(_) => (from as f64 + self.stream.unit() * (to - from) as f64, false),
            Life::Unseen(_) if (from..to).contains(&(pair.end - time)) => ((pair.end - time) as f64, true),
            Life::Unseen(_) => {
                let seen = pair.end - time;
                return Err(wrong_life(&format!("the bin of the {seen} seconds from the arrival to the end of the trace")));
            }
        };
        let work = SimDuration::from_seconds(seconds).ok_or_else(|| wrong_life("a bin below 2^53 microseconds"))?;
        Ok(TaskSpec { demand: demand.clone(), work, is_censored, ..TaskSpec::default() })
    }

    fn end_batch(&mut self, pair: &Pair, time: u64, batch: &mut Vec<TaskSpec>) -> Result<(), ImportError> {
        if batch.is_empty() {
            return Ok(());
        }
        let submit = SimTime::from_seconds(time as f64);
        let submit = submit.ok_or_else(|| pair.refuse(&pair.file, "begins with a time beyond 2^53 microseconds"))?;
        let job = JobSpec { submit, tenant: self.batches, is_gang: false };
        self.batches += 1;
        self.gatherer.job(Place { file: &pair.file, line: pair.line }, job, batch.drain(..))
    }
}
