//! Options in TOML, read into the typed options of one importer or generator.

use serde::de::DeserializeOwned;

/// An option that is not allowed: the key, what stood there and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("option `{key}`: {problem}")]
pub struct OptionError {
    /// The key, with dots between the levels.
    pub key: String,
    /// What stood there and what is allowed.
    pub problem: String,
}

impl OptionError {
    /// A value that was read but is out of its range.
    pub(crate) fn out_of_range(key: &str, value: impl std::fmt::Display, allowed: &str) -> Self {
        Self { key: key.to_owned(), problem: format!("{value} is not allowed, only {allowed}") }
    }
}

/// Reads typed options; an unknown key or a wrong value is refused.
pub(crate) fn parse<T: DeserializeOwned>(table: toml::Table) -> Result<T, OptionError> {
    serde_path_to_error::deserialize(toml::Value::Table(table)).map_err(|error| OptionError {
        key: one_line(&error.path().to_string()),
        problem: one_line(error.inner().message().trim()),
    })
}

/// A message in which a line break that somebody wrote into a key or a value is shown as such.
pub(crate) fn one_line(message: &str) -> String {
    let mut line = String::with_capacity(message.len());
    for letter in message.chars() {
        match letter.is_control() {
            true => line.extend(letter.escape_default()),
            false => line.push(letter),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Example {
        count: u8,
    }

    impl Default for Example {
        fn default() -> Self {
            Self { count: 7 }
        }
    }

    #[test]
    fn the_key_and_what_stood_there_are_named() {
        let read = |text: &str| parse::<Example>(toml::from_str(text).expect("TOML"));
        assert_eq!(read("").expect("valid").count, 7);
        let wrong = read("count = \"many\"").expect_err("no number");
        assert!(wrong.key == "count" && wrong.problem.contains("\"many\""), "{wrong}");
        let unknown = read("cuont = 3").expect_err("unknown");
        let broken = read("\"co\\nunt\" = 3").expect_err("unknown").to_string();
        assert!(broken.contains(r"co\nunt") && !broken.contains('\n'), "{broken}");
        assert!(unknown.to_string().contains("cuont") && unknown.problem.contains("`count`"), "{unknown}");
    }
}
