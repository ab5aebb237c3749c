//! `rackwright schema`: by which editors complete and check configs.

use std::fs;

use anyhow::Context;
use runner::config::schema;

use crate::args::{SchemaArgs, SchemaOf};
use crate::failure::{Failure, failed};
use crate::terminal::print;

pub(crate) fn schema(args: &SchemaArgs) -> Result<(), Failure> {
    let schema = match args.what {
        SchemaOf::Experiment => schema::experiment(),
        SchemaOf::Cluster => schema::cluster(),
        SchemaOf::Training => schema::training(),
        SchemaOf::Prediction => schema::prediction(),
    };
    let text = serde_json::to_string_pretty(&schema).map_err(failed)? + "\n";
    match &args.out {
        None => print(&text),
        Some(path) => {
            fs::write(path, text).with_context(|| format!("cannot write {}", path.display())).map_err(failed)
        }
    }
}
