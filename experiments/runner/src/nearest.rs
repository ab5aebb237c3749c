//! The nearest valid name, for refusals.

/// The candidate that was most likely meant, if one is near enough.
pub fn nearest<'a>(found: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |name: &str| strsim::damerau_levenshtein(&found.to_lowercase(), &name.to_lowercase());
    let (distance, name) = candidates.into_iter().map(|name| (distance(name), name)).min()?;
    let length = found.chars().count().max(name.chars().count());
    // Two letters in five, and one letter in two.
    (distance * 5 <= length * 2 || (distance == 1 && length > 1)).then_some(name)
}

/// `unknown WHAT `found`; allowed are `a`, `b`; did you mean `a`?`
pub fn unknown_name(what: &str, found: &str, allowed: &[&str]) -> String {
    let names: Vec<String> = allowed.iter().map(|name| format!("`{name}`")).collect();
    let list = if names.is_empty() {
        "none is defined".to_owned()
    } else {
        format!("allowed are {}", names.join(", "))
    };
    match nearest(found, allowed.iter().copied()) {
        Some(name) => format!("unknown {what} `{found}`; {list}; did you mean `{name}`?"),
        None => format!("unknown {what} `{found}`; {list}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_names_are_offered() {
        let names = ["best_fit", "first_fit", "fgd"];
        assert_eq!(nearest("bestfit", names), Some("best_fit"));
        assert_eq!(nearest("fdg", names), Some("fgd"));
        assert_eq!(nearest("random", names), None);
        assert_eq!(nearest("a", []), None);
    }
}
