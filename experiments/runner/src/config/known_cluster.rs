//! Clusters that are built in: one file in `experiments/configs/clusters`, and its name said once, here.

macro_rules! clusters {
    ($($name:ident),* $(,)?) => {
        /// Name and file of every cluster that is built in.
        const CLUSTERS: &[(&str, &str)] = &[$((
            stringify!($name),
            include_str!(concat!("../../../configs/clusters/", stringify!($name), ".toml")),
        )),*];
    };
}

clusters! {
    epyc_fleet,
    legacy_fleet,
    a100_training,
    h100_training,
    edge_site,
    inference_fleet,
    google_cell,
    azure_vm_fleet,
    hpc2n_pool,
    openb,
}

/// The names of all clusters that are built in.
pub fn cluster_names() -> Vec<&'static str> {
    CLUSTERS.iter().map(|&(name, _)| name).collect()
}

/// The file of a cluster that is built in.
pub fn cluster_file(name: &str) -> Option<&'static str> {
    CLUSTERS.iter().find(|(known, _)| *known == name).map(|&(_, file)| file)
}

/// What a cluster that is built in is, in the first sentence of its file.
pub fn cluster_help(name: &str) -> Option<String> {
    let comment = cluster_file(name)?.lines().map_while(|line| line.strip_prefix('#'));
    let paragraph: Vec<&str> = comment.map(str::trim).take_while(|line| !line.is_empty()).collect();
    let paragraph = paragraph.join(" ");
    let sentence = paragraph.split(". ").next().unwrap_or_default();
    Some(sentence.trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_built_in_and_has_its_sources() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../configs/clusters");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .expect("the folder is there")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().replace(".toml", ""))
            .collect();
        let mut names = cluster_names();
        names.sort_unstable();
        files.sort();
        assert_eq!(files, names);
        assert!(names.len() >= 9, "{names:?}");
        for name in names {
            let file = cluster_file(name).expect("listed");
            assert!(
                file.starts_with("# ") && file.lines().next().is_some_and(|line| line.len() > 40),
                "{name}"
            );
            assert!(cluster_help(name).is_some_and(|help| help.len() > 20), "{name}");
        }
    }
}
