//! Words to people: standard output, and a progress bar where somebody watches.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use runner::experiment::{Progress, Standing};

use crate::failure::{Failure, bad_input, failed};

/// Prints a text with a newline at its end. A reader who has seen enough and left is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    let mut out = io::stdout().lock();
    match write!(out, "{text}{newline}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(failed(anyhow::Error::new(error).context("cannot write to standard output")))
        }
        _ => Ok(()),
    }
}

/// Looks, before any work is done, whether a file can be written afterwards: it is no folder and none of the files that are read; the
/// folder for it is made.
pub(crate) fn claim(out: &Path, inputs: &[&Path]) -> Result<(), Failure> {
    let refuse = |problem: &str| {
        Err(bad_input(anyhow::anyhow!("{} {problem}; allowed is the name of another file", out.display())))
    };
    if out.is_dir() {
        return refuse("is a folder");
    }
    let whole = |path: &Path| path.canonicalize().ok();
    if whole(out).is_some_and(|own| inputs.iter().any(|input| whole(input).as_ref() == Some(&own))) {
        return refuse("is read from");
    }
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    let made = folder.map_or(Ok(()), std::fs::create_dir_all);
    made.map_err(|error| failed(anyhow::Error::new(error).context(format!("cannot write {}", out.display()))))
}

/// A bar with an estimate of the time left; nothing where standard error is no terminal.
pub(crate) struct Bar(Option<ProgressBar>);

impl Bar {
    pub(crate) fn new() -> Self {
        Self(io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
            let template = "{bar:32} {pos} of {len} runs, {eta} left, {msg}";
            bar.set_style(ProgressStyle::with_template(template).expect("the template is well-formed"));
            bar
        }))
    }
}

impl Progress for Bar {
    fn advance(&self, standing: Standing) {
        let Some(bar) = &self.0 else { return };
        if standing.done == standing.resumed {
            bar.set_length(standing.total as u64);
            bar.set_position(standing.done as u64);
            bar.reset_eta();
            return;
        }
        bar.set_position(standing.done as u64);
        bar.set_message(format!("{:.0} decisions/s", standing.decisions_per_second));
        if standing.done == standing.total {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// A bar that shows how much of a file was read, in a thread of its own; nothing where standard error is no terminal, and nothing
/// in the first second, in which most files are done.
pub(crate) struct Reading {
    bytes_read: Arc<AtomicU64>,
    is_done: Arc<AtomicBool>,
    shows: Option<JoinHandle<()>>,
}

impl Reading {
    /// Of a file, or of all files below a folder.
    pub(crate) fn of(path: &Path) -> Self {
        let (bytes_read, is_done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let shows = io::stderr().is_terminal().then(|| {
            let (bytes_read, is_done, total) = (Arc::clone(&bytes_read), Arc::clone(&is_done), size(path));
            std::thread::spawn(move || show(&bytes_read, &is_done, total))
        });
        Self { bytes_read, is_done, shows }
    }

    /// What the reader counts in.
    pub(crate) fn bytes_read(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.bytes_read)
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.is_done.store(true, Ordering::Relaxed);
        if let Some(shows) = self.shows.take() {
            // Whoever only draws has nothing to tell of its end.
            let _ = shows.join();
        }
    }
}

fn show(bytes_read: &AtomicU64, is_done: &AtomicBool, total: u64) {
    const TICK: Duration = Duration::from_millis(50);
    for _ in 0..20 {
        if is_done.load(Ordering::Relaxed) {
            return;
        }
        std::thread::sleep(TICK);
    }
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(8));
    let template = "{bar:32} {bytes} of {total_bytes} read, {eta} left";
    bar.set_style(ProgressStyle::with_template(template).expect("the template is well-formed"));
    while !is_done.load(Ordering::Relaxed) {
        bar.set_position(bytes_read.load(Ordering::Relaxed).min(total));
        std::thread::sleep(TICK);
    }
    bar.finish_and_clear();
}

/// Bytes of a file, or of all files below a folder.
fn size(path: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(path) else {
        return std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    };
    entries.flatten().map(|entry| size(&entry.path())).sum()
}

/// Says what is being worked on; nothing where standard error is no terminal.
pub(crate) struct Steps(Option<ProgressBar>);

impl Steps {
    pub(crate) fn new() -> Self {
        Self(io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
            bar.set_style(ProgressStyle::with_template("{pos} {msg}").expect("the template is well-formed"));
            bar
        }))
    }

    pub(crate) fn begin(&self, what: &str) {
        if let Some(bar) = &self.0 {
            bar.inc(1);
            bar.set_message(what.to_owned());
        }
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
