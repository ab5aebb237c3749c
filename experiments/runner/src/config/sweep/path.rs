//! The path of a swept key: `schedulers.packing.place.memory_weight`, `clusters.gpu.hosts[0].count`.

use toml::{Table, Value};

use crate::nearest::unknown_name;

/// The tables whose entries can be swept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Family {
    Clusters,
    Workloads,
    Rules,
    Schedulers,
}

impl Family {
    const ALL: [Self; 4] = [Self::Clusters, Self::Workloads, Self::Rules, Self::Schedulers];

    /// As the config writes the table.
    pub(super) fn table(self) -> &'static str {
        match self {
            Self::Clusters => "clusters",
            Self::Workloads => "workloads",
            Self::Rules => "rules",
            Self::Schedulers => "schedulers",
        }
    }

    /// As a sentence calls one of them.
    pub(super) fn one(self) -> &'static str {
        match self {
            Self::Clusters => "cluster",
            Self::Workloads => "workload",
            Self::Rules => "rules",
            Self::Schedulers => "scheduler",
        }
    }
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
}

/// What is swept.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SweptKey {
    /// As it is written.
    pub(super) path: String,
    pub(super) family: Family,
    /// Which cluster, workload, rules or scheduler.
    pub(super) name: String,
    /// From there on.
    steps: Vec<Step>,
}

impl SweptKey {
    pub(super) fn read(path: &str) -> Result<Self, String> {
        let allowed = "allowed is the path of a key below `clusters.NAME`, `workloads.NAME`, `rules.NAME` or \
                       `schedulers.NAME`, in quotes, such as \"rules.usual.pue\"";
        let mut steps = steps(path).map_err(|problem| format!("{problem}; {allowed}"))?.into_iter();
        let (Some(Step::Key(table)), Some(Step::Key(name))) = (steps.next(), steps.next()) else {
            return Err(format!("`{path}` names no key; {allowed}"));
        };
        let Some(family) = Family::ALL.into_iter().find(|family| family.table() == table) else {
            let tables = Family::ALL.map(Family::table);
            return Err(format!("{}; {allowed}", unknown_name("table", &table, &tables)));
        };
        let steps: Vec<Step> = steps.collect();
        if steps.is_empty() {
            return Err(format!("`{path}` names no key; {allowed}"));
        }
        Ok(Self { path: path.to_owned(), family, name, steps })
    }

    /// The path from the cluster, workload, rules or scheduler on.
    pub(super) fn relative(&self) -> String {
        in_words(&self.steps)
    }

    /// True when it says which file a cluster is, and not what stands in it.
    pub(super) fn is_choice_of_file(&self) -> bool {
        matches!(&self.steps[..], [Step::Key(key)] if key == "file" || key == "named")
    }

    /// True when one replaces what the other replaces, or a part of it.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        (self.family, &self.name) == (other.family, &other.name)
            && (self.steps.starts_with(&other.steps) || other.steps.starts_with(&self.steps))
    }

    /// Nobody but the generator or importer itself knows its options, and it is asked only when a run begins:
    /// one that is swept must therefore stand there already.
    fn must_stand_there(&self) -> bool {
        self.family == Family::Workloads
            && self.steps.len() > 1
            && self.steps[0] == Step::Key("source".to_owned())
    }

    /// Replaces what stands at the path.
    pub(super) fn set(&self, thing: &mut Table, value: Value) -> Result<(), String> {
        let (last, before) = self.steps.split_last().expect("a swept key has at least one step");
        let mut place = Value::Table(std::mem::take(thing));
        let mut inner = &mut place;
        for (index, step) in before.iter().enumerate() {
            inner = child(inner, step, &self.steps[..index])?;
        }
        let is_there = match (&*inner, last) {
            (Value::Table(table), Step::Key(key)) => table.contains_key(key),
            _ => true,
        };
        if is_there || self.must_stand_there() {
            *child(inner, last, before)? = value;
        } else if let (Value::Table(table), Step::Key(key)) = (inner, last) {
            table.insert(key.clone(), value);
        }
        if let Value::Table(changed) = place {
            *thing = changed;
        }
        Ok(())
    }
}

/// What a step leads to.
fn child<'v>(value: &'v mut Value, step: &Step, so_far: &[Step]) -> Result<&'v mut Value, String> {
    let at = if so_far.is_empty() { String::new() } else { format!(" in `{}`", in_words(so_far)) };
    match (value, step) {
        (Value::Table(table), Step::Key(key)) => {
            let names: Vec<String> = table.keys().cloned().collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let problem = format!("{}{at}; write the key there first", unknown_name("key", key, &names));
            table.get_mut(key).ok_or(problem)
        }
        (Value::Array(items), Step::Index(index)) => {
            let problem =
                format!("there is no [{index}]{at}; there are {} entries, counted from 0", items.len());
            items.get_mut(*index).ok_or(problem)
        }
        (other, Step::Key(key)) => {
            Err(format!("`{key}` cannot be{at}, where {} stands and no table", other.type_str()))
        }
        (other, Step::Index(index)) => {
            Err(format!("[{index}] cannot be{at}, where {} stands and no list", other.type_str()))
        }
    }
}

fn in_words(steps: &[Step]) -> String {
    let mut words = String::new();
    for step in steps {
        match step {
            Step::Key(key) => {
                words.push_str(if words.is_empty() { "" } else { "." });
                words.push_str(key);
            }
            Step::Index(index) => words.push_str(&format!("[{index}]")),
        }
    }
    words
}

/// `a."b.c"[0].d` in its steps.
fn steps(path: &str) -> Result<Vec<Step>, String> {
    let refuse = || format!("`{path}` is no path");
    let mut steps = Vec::new();
    let mut rest = path.trim();
    loop {
        let key;
        if let Some(quote) = rest.chars().next().filter(|first| ['"', '\''].contains(first)) {
            (key, rest) = rest[1..].split_once(quote).ok_or_else(refuse)?;
        } else {
            (key, rest) = rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()));
        }
        if key.trim().is_empty() {
            return Err(refuse());
        }
        steps.push(Step::Key(key.trim().to_owned()));
        while let Some(inner) = rest.strip_prefix('[') {
            let (index, after) = inner.split_once(']').ok_or_else(refuse)?;
            steps.push(Step::Index(index.trim().parse().map_err(|_| refuse())?));
            rest = after;
        }
        match rest.strip_prefix('.') {
            Some(after) => rest = after,
            None if rest.is_empty() => return Ok(steps),
            None => return Err(refuse()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_keys_and_indices() {
        let key = SweptKey::read("clusters.'a.b'.hosts[1].devices[0].count").expect("a path");
        assert_eq!((key.family, key.name.as_str()), (Family::Clusters, "a.b"));
        assert_eq!(key.relative(), "hosts[1].devices[0].count");
        for wrong in
            ["", "rules", "rules.usual", "rules..pue", "rules.usual.x[a]", "rules.'usual.pue", "seeds.a.b"]
        {
            let problem = SweptKey::read(wrong).expect_err(wrong);
            assert!(problem.contains("schedulers.NAME"), "{wrong}: {problem}");
        }
    }

    #[test]
    fn a_value_is_replaced_where_the_path_leads() {
        let mut thing: Table = toml::from_str("a = [{ b = 1 }, { b = 2 }]").expect("TOML");
        let set =
            |path: &str, thing: &mut Table| SweptKey::read(path).and_then(|key| key.set(thing, 7.into()));
        set("rules.r.a[1].b", &mut thing).expect("there");
        set("rules.r.a[0].c", &mut thing).expect("a key that was left to its default");
        assert_eq!(thing, toml::from_str("a = [{ b = 1, c = 7 }, { b = 7 }]").expect("TOML"));
        let refused = |path: &str| set(path, &mut thing.clone()).expect_err(path);
        assert!(refused("rules.r.a[2].b").contains("2 entries"));
        assert!(refused("rules.r.b.c").contains("unknown key `b`"));
        assert!(refused("rules.r.a.c").contains("no table"));
        assert!(refused("rules.r.a[0].b.c").contains("no table"));
    }
}
