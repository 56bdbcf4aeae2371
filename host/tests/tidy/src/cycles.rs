//! Inside a crate, at most two modules depend on each other.
//!
//! A module depends on another if a `use` or a path in it leads there: to something declared there
//! or in it, re-exports followed. A re-export alone (`pub use part::Name` in a module that does
//! not use `Name` itself) is no dependency, and neither is what tests use.

use std::collections::{BTreeMap, BTreeSet};

use crate::exceptions::Exception;
use crate::manifest;
use crate::repository::Repository;
use crate::tokens::{Token, tokens, without_tests};

/// More modules than this that depend on each other are a problem.
const MODULES_MAX: usize = 2;

/// The parts of a module's path, from the crate's root.
type Module = Vec<String>;

/// A path as it is written.
type Path = Vec<String>;

/// What a module says of others.
#[derive(Default)]
struct Source {
    /// Names that `use` brings in, and whether that makes a dependency.
    names: BTreeMap<String, (Path, bool)>,
    /// Paths that lead to all names of a module, and others in the text.
    paths: Vec<Path>,
}

/// The cycles of all crates that are not among `exceptions`, and the exceptions without a cycle.
#[must_use]
pub fn problems(repository: &Repository, exceptions: &[Exception]) -> Vec<String> {
    let mut found = Vec::new();
    for package in manifest::packages(repository).values() {
        for cycle in cycles(repository, &format!("{}/src", package.folder)) {
            found.push(format!("{}: {}", package.name, cycle.join(", ")));
        }
    }
    Exception::sort_out(exceptions, found, "a cycle of modules")
}

/// The groups of more than two modules below `folder` that depend on each other.
fn cycles(repository: &Repository, folder: &str) -> Vec<Vec<String>> {
    let sources = sources(repository, folder);
    let mut edges: BTreeMap<&Module, BTreeSet<&Module>> = BTreeMap::new();
    for (module, source) in &sources {
        let used = source.names.values().filter(|(_, is_used)| *is_used);
        let paths = used.map(|(path, _)| path).chain(&source.paths);
        let targets = paths.filter_map(|path| resolve(&sources, module, path, 0));
        let targets = targets.filter_map(|target| sources.get_key_value(&target));
        let targets = targets
            .map(|(target, _)| target)
            .filter(|target| *target != module);
        edges.insert(module, targets.collect());
    }
    let mut groups = Vec::new();
    let mut grouped = BTreeSet::new();
    for module in sources.keys() {
        if grouped.contains(module) {
            continue;
        }
        let mut group: Vec<&Module> = reachable(&edges, module)
            .into_iter()
            .filter(|other| reachable(&edges, other).contains(module))
            .collect();
        group.sort_unstable();
        grouped.extend(group.iter().copied());
        if group.len() > MODULES_MAX {
            groups.push(group.into_iter().map(name).collect());
        }
    }
    groups
}

fn name(module: &Module) -> String {
    match module.is_empty() {
        true => "the root".to_owned(),
        false => module.join("::"),
    }
}

/// All modules that `module` depends on, in however many steps.
fn reachable<'a>(
    edges: &BTreeMap<&'a Module, BTreeSet<&'a Module>>,
    module: &Module,
) -> BTreeSet<&'a Module> {
    let mut seen = BTreeSet::new();
    let mut waiting: Vec<&Module> = edges[module].iter().copied().collect();
    while let Some(next) = waiting.pop() {
        if seen.insert(next) {
            waiting.extend(&edges[next]);
        }
    }
    seen
}

/// The modules below `folder`, a file each.
fn sources(repository: &Repository, folder: &str) -> BTreeMap<Module, Source> {
    let mut files: BTreeMap<Module, Vec<Token>> = BTreeMap::new();
    let mut of_tests = Vec::new();
    for (path, text) in repository.texts_in(folder) {
        let Some(module) = module_of(&path[folder.len() + 1..]) else {
            continue;
        };
        let (kept, names) = without_tests(&tokens(text));
        let children = names.into_iter().map(|name| child(&module, &name));
        of_tests.extend(children);
        files.insert(module, kept);
    }
    files.retain(|module, _| !of_tests.iter().any(|test| module.starts_with(test)));
    let children = |module: &Module| -> BTreeSet<String> {
        let below = files.keys().filter(|it| it.len() == module.len() + 1);
        let below = below.filter(|it| it.starts_with(module));
        below.filter_map(|it| it.last().cloned()).collect()
    };
    let read = |(module, tokens): (&Module, &Vec<Token>)| {
        (module.clone(), Source::read(tokens, &children(module)))
    };
    files.iter().map(read).collect()
}

/// The module in the file at `path` below `src`.
fn module_of(path: &str) -> Option<Module> {
    let path = path.strip_suffix(".rs")?;
    if path.starts_with("bin/") {
        return None;
    }
    let mut module: Module = path.split('/').map(str::to_owned).collect();
    let is_folder = module.last().is_some_and(|last| last == "mod");
    let is_root = module.len() == 1 && matches!(module[0].as_str(), "lib" | "main");
    if is_folder || is_root {
        module.pop();
    }
    Some(module)
}

fn child(module: &Module, name: &str) -> Module {
    let mut module = module.clone();
    module.push(name.to_owned());
    module
}

/// The module that a path, as it is written in `module`, leads to.
fn resolve(
    sources: &BTreeMap<Module, Source>,
    module: &Module,
    path: &[String],
    depth: usize,
) -> Option<Module> {
    const DEPTH_MAX: usize = 16;
    if depth > DEPTH_MAX {
        return None;
    }
    let mut at = module.clone();
    let mut rest = path;
    let mut is_rooted = false;
    while let Some((first, others)) = rest.split_first() {
        match first.as_str() {
            "crate" => at.clear(),
            "super" => {
                at.pop()?;
            }
            "self" => {}
            _ => break,
        }
        is_rooted = true;
        rest = others;
    }
    let is_child = rest
        .first()
        .is_some_and(|first| sources.contains_key(&child(&at, first)));
    if !is_rooted && !is_child {
        return None;
    }
    while let Some((first, others)) = rest.split_first() {
        let below = child(&at, first);
        if sources.contains_key(&below) {
            at = below;
        } else if let Some((path, _)) = sources.get(&at)?.names.get(first) {
            // A name from another crate leads nowhere.
            at = resolve(sources, &at, path, depth + 1)?;
        } else {
            break;
        }
        rest = others;
    }
    Some(at)
}

impl Source {
    fn read(tokens: &[Token], children: &BTreeSet<String>) -> Self {
        let mut source = Source::default();
        let mut uses = Vec::new();
        let mut text = Vec::new();
        let mut index = 0;
        while index < tokens.len() {
            if !tokens[index].is("use") {
                text.push(tokens[index].clone());
                index += 1;
                continue;
            }
            let is_public = text.last().is_some_and(|last| last.is("pub"))
                || text.last() == Some(&Token::Mark(')'));
            let rest = &tokens[index + 1..];
            let length = rest
                .iter()
                .take_while(|token| **token != Token::Mark(';'))
                .count();
            let mut found = Vec::new();
            tree(&rest[..length], &mut 0, &Path::new(), &mut found);
            uses.extend(
                found
                    .into_iter()
                    .map(|(path, name)| (path, name, is_public)),
            );
            index += 1 + length;
        }
        source.paths = paths(&text, children);
        for (path, name, is_public) in uses {
            match name {
                Some(name) => {
                    let is_used = !is_public || text.iter().any(|token| token.is(&name));
                    source.names.insert(name, (path, is_used));
                }
                None if is_public => {}
                None => source.paths.push(path),
            }
        }
        source
    }
}

/// The paths of a tree of a `use`, each with the name that it brings in, or none for all names.
fn tree(
    tokens: &[Token],
    index: &mut usize,
    prefix: &Path,
    found: &mut Vec<(Path, Option<String>)>,
) {
    let mut path = prefix.clone();
    let mut alias = None;
    while let Some(token) = tokens.get(*index) {
        *index += 1;
        match token {
            Token::Word(word) if word == "as" => {
                if let Some(Token::Word(name)) = tokens.get(*index) {
                    alias = Some(name.clone());
                    *index += 1;
                }
            }
            Token::Word(word) => path.push(word.clone()),
            Token::Mark(':') => {}
            Token::Mark('*') => {
                found.push((path, None));
                return;
            }
            Token::Mark('{') => {
                while tokens
                    .get(*index)
                    .is_some_and(|token| *token != Token::Mark('}'))
                {
                    tree(tokens, index, &path, found);
                    if tokens.get(*index) == Some(&Token::Mark(',')) {
                        *index += 1;
                    }
                }
                *index += 1;
                return;
            }
            Token::Mark(_) => {
                *index -= 1;
                break;
            }
        }
    }
    if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
        path.pop();
    }
    if let Some(last) = path.last().cloned() {
        found.push((path, Some(alias.unwrap_or(last))));
    }
}

/// Paths in the text that lead into the crate.
fn paths(text: &[Token], children: &BTreeSet<String>) -> Vec<Path> {
    let mut paths = Vec::new();
    let mut index = 0;
    while index < text.len() {
        let start = index;
        index += 1;
        let Token::Word(first) = &text[start] else {
            continue;
        };
        let leads_in = matches!(first.as_str(), "crate" | "super" | "self")
            || children.contains(first.as_str());
        let before = start.checked_sub(1).map(|before| &text[before]);
        let is_inner = matches!(before, Some(Token::Mark(':' | '.')))
            || before.is_some_and(|before| before.is("in"));
        let mut path = vec![first.clone()];
        while let (Some(Token::Mark(':')), Some(Token::Word(word))) =
            (text.get(index), text.get(index + 1))
        {
            path.push(word.clone());
            index += 2;
        }
        if leads_in && !is_inner && path.len() > 1 {
            paths.push(path);
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[(&str, &str)]) -> Vec<String> {
        let mut all = vec![("a/Cargo.toml", "[package]\nname = \"a\"\n")];
        all.extend(files);
        problems(&Repository::of(&all), &[])
    }

    #[test]
    fn three_modules_in_a_ring_are_a_problem() {
        let found = of(&[
            ("a/src/lib.rs", "mod b; mod c; mod d;"),
            ("a/src/b.rs", "use crate::c::C;"),
            ("a/src/c.rs", "use super::d::{self, D};"),
            ("a/src/d/mod.rs", "fn d() { super::b::b() }"),
        ]);
        assert_eq!(found, ["a: b, c, d is a cycle of modules"]);
    }

    #[test]
    fn two_modules_may_belong_together() {
        let found = of(&[
            ("a/src/lib.rs", "mod b; mod c; pub use b::B;"),
            ("a/src/b.rs", "use crate::c::C;"),
            ("a/src/c.rs", "use crate::b::B;"),
        ]);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn a_re_export_is_followed_and_is_no_dependency_itself() {
        let found = of(&[
            (
                "a/src/lib.rs",
                "mod b; mod c; mod d; pub use b::B; pub(crate) use self::c::C;",
            ),
            ("a/src/b.rs", "use crate::C;"),
            ("a/src/c.rs", "use crate::d::D;"),
            ("a/src/d.rs", "use super::B;"),
        ]);
        assert_eq!(found, ["a: b, c, d is a cycle of modules"]);
        let found = of(&[
            ("a/src/lib.rs", "mod b; mod c; pub use b::B; pub use c::C;"),
            ("a/src/b.rs", "use crate::C;"),
            ("a/src/c.rs", "pub struct C;"),
        ]);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn a_parent_that_uses_what_uses_it_is_in_the_cycle() {
        let found = of(&[
            ("a/src/lib.rs", "mod b;"),
            ("a/src/b.rs", "mod c; mod d; use c::C; struct B(d::D);"),
            ("a/src/b/c.rs", "use super::B;"),
            ("a/src/b/d.rs", "use super::B;"),
        ]);
        assert_eq!(found, ["a: b, b::c, b::d is a cycle of modules"]);
    }

    #[test]
    fn what_tests_use_does_not_count() {
        let found = of(&[
            ("a/src/lib.rs", "mod b; mod c; mod d;"),
            ("a/src/b.rs", "use crate::c::C; #[cfg(test)] mod tests;"),
            ("a/src/b/tests.rs", "use crate::d::D;"),
            ("a/src/c.rs", "use crate::d::D;"),
            ("a/src/d.rs", "#[cfg(test)] mod tests { use crate::b::B; }"),
        ]);
        assert_eq!(found, [""; 0]);
    }
}
