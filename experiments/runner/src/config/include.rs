//! Clusters that stand in a file of their own, or are built in.

use std::path::Path;

use super::document::Document;
use super::known_cluster::{cluster_file, cluster_names};
use super::{ClusterConfig, ConfigError, check};
use crate::nearest::unknown_name;

/// A cluster with what its file says in place of the file's name. `at` is where it stands in the document.
pub(super) fn resolved(
    cluster: &ClusterConfig,
    document: &Document,
    folder: &Path,
    at: &[&str],
) -> Result<ClusterConfig, ConfigError> {
    let Some(included) = included(cluster, document, folder, at)? else {
        check::cluster(cluster, document, at)?;
        return Ok(cluster.clone());
    };
    let cluster: ClusterConfig = included.parse()?;
    check::cluster(&cluster, &included, &[])?;
    Ok(cluster)
}

/// The file that a cluster names, if it names one.
pub(super) fn included(
    cluster: &ClusterConfig,
    document: &Document,
    folder: &Path,
    at: &[&str],
) -> Result<Option<Document>, ConfigError> {
    let refuse = |key, problem: String| Err(document.refuse(&[at, &[key]].concat(), problem));
    let (file, named) = (cluster.file.clone(), cluster.named.clone());
    let key = if file.is_some() { "file" } else { "named" };
    if file.is_none() && named.is_none() {
        return Ok(None);
    }
    if file.is_some() && named.is_some()
        || *cluster != (ClusterConfig { file, named, ..ClusterConfig::default() })
    {
        return refuse(key, format!("`{key}` stands alone: what it names holds all other keys"));
    }
    let included = match (&cluster.file, &cluster.named) {
        (Some(file), _) => match Document::read(&folder.join(file)) {
            Ok(included) => included,
            Err(ConfigError::Open { file, source }) => {
                return refuse("file", format!("{file} cannot be read: {source}"));
            }
            Err(other) => return Err(other),
        },
        (None, named) => {
            let name = named.as_deref().unwrap_or_default();
            match cluster_file(name) {
                Some(text) => Document::new(&format!("{name}.toml"), text.to_owned()),
                None => return refuse("named", unknown_name("cluster", name, &cluster_names())),
            }
        }
    };
    let inner: ClusterConfig = included.parse()?;
    match inner.file.is_some() || inner.named.is_some() {
        true => Err(included.refuse(&["file"], "a file that is included includes no other")),
        false => Ok(Some(included)),
    }
}
