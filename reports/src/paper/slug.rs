//! Names of files, from names that may hold anything.

use std::collections::BTreeSet;

/// The names that are taken.
#[derive(Default)]
pub(super) struct Slugs(BTreeSet<String>);

impl Slugs {
    /// A name of small letters, digits and hyphens that no other has: "mixed/day" becomes "mixed-day", and if that
    /// is taken "mixed-day-2".
    pub(super) fn take(&mut self, name: &str) -> String {
        let slug = slug(name);
        let numbered = (2..).map(|number| format!("{slug}-{number}"));
        let mut candidates = std::iter::once(slug.clone()).chain(numbered);
        let free = candidates.find(|candidate| !self.0.contains(candidate));
        let free = free.expect("numbers do not end");
        self.0.insert(free.clone());
        free
    }
}

/// Small letters, digits and hyphens; whatever else there is becomes one hyphen.
pub(super) fn slug(name: &str) -> String {
    let simple = |character: char| if character.is_ascii_alphanumeric() { character } else { ' ' };
    let spaced: String = name.chars().map(simple).collect::<String>().to_ascii_lowercase();
    match spaced.split_whitespace().collect::<Vec<_>>().join("-") {
        empty if empty.is_empty() => "unnamed".to_owned(),
        slug => slug,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_simple_and_differ() {
        let mut slugs = Slugs::default();
        let taken: Vec<String> =
            ["mixed/Day [pue=1.2]", "mixed day pue 1.2", "mixed-day-pue-1-2-2", "../..", "夜"]
                .iter()
                .map(|name| slugs.take(name))
                .collect();
        assert_eq!(taken[0], "mixed-day-pue-1-2");
        assert_eq!(taken[1], "mixed-day-pue-1-2-2");
        assert_eq!(taken[2], "mixed-day-pue-1-2-2-2");
        assert_eq!((taken[3].as_str(), taken[4].as_str()), ("unnamed", "unnamed-2"));
    }
}
