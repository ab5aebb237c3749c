//! `rackwright completions` and `rackwright man`: the command line, told to shells and to `man`.

use std::fs;
use std::io;

use anyhow::Context;
use clap::CommandFactory;

use crate::args::{Cli, CompletionsArgs, ManArgs};
use crate::failure::{Failure, failed};
use crate::terminal::print;

const NAME: &str = "rackwright";

/// Prints a script by which a shell completes.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), NAME, &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// Prints the page of the whole command, or writes the page of each.
pub(crate) fn man(args: &ManArgs) -> Result<(), Failure> {
    let Some(folder) = &args.out else {
        return page(Cli::command()).map_err(failed).and_then(|page| print(&page));
    };
    let write = || -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let mut command = Cli::command().disable_help_subcommand(true);
        command.build();
        write_pages(&command, NAME, folder)
    };
    write().with_context(|| format!("cannot write manual pages into {}", folder.display())).map_err(failed)
}

/// `rackwright.1`, `rackwright-run.1`, `rackwright-trace-import.1` and so on.
fn write_pages(command: &clap::Command, name: &str, folder: &std::path::Path) -> io::Result<()> {
    fs::write(folder.join(format!("{name}.1")), page(command.clone())?)?;
    for inner in command.get_subcommands() {
        write_pages(inner, &format!("{name}-{}", inner.get_name()), folder)?;
    }
    Ok(())
}

fn page(command: clap::Command) -> io::Result<String> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
