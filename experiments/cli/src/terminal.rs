//! Words to people: standard output, and a progress bar where somebody watches.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use runner::experiment::{Progress, Standing};

use crate::failure::{Failure, failed};

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
