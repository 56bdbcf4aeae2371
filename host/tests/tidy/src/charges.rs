//! Every function that a guest can call costs fuel, before it can return.
//!
//! A call that costs nothing would let a loop of calls meet the wall-clock limit, which is not
//! exact, before its fuel is used up. The check reads the calls that register functions with the
//! engine's linker, and looks for `charge` in each handler or in what the handler calls.

use std::collections::BTreeMap;

use crate::exceptions::Exception;
use crate::repository::Repository;
use crate::tokens::{Token, tokens, without_tests};

/// Where functions are registered.
const FOLDER: &str = "host/sandbox/src";

/// The engine's calls that register a function: linker.NAME(module, name, …, handler).
const REGISTERS: [&str; 3] = ["func_wrap", "func_wrap_async", "func_new"];

/// The function that takes fuel.
const CHARGE: &str = "charge";

/// The bodies of functions, by name.
type Bodies = BTreeMap<String, Vec<Token>>;

/// The functions that may return without a charge and are not among `exceptions`.
#[must_use]
pub fn problems(repository: &Repository, exceptions: &[Exception]) -> Vec<String> {
    let files: Vec<(&str, Vec<Token>, Vec<String>)> = repository
        .texts_in(FOLDER)
        .filter(|(path, _)| path.ends_with(".rs"))
        .map(|(path, text)| (path, without_tests(&tokens(text)).0, registered(text)))
        .collect();
    let mut found = Vec::new();
    let mut count = 0;
    for (path, own, names) in &files {
        let elsewhere = files.iter().filter(|(other, ..)| other != path);
        let mut bodies = Bodies::new();
        for (_, tokens, _) in elsewhere {
            bodies.extend(functions(tokens));
        }
        // A name that several files have is, in each of them, its own.
        bodies.extend(functions(own));
        let handlers = handlers(own);
        for (name, handler) in names.iter().zip(&handlers) {
            count += 1;
            let file = path
                .strip_prefix(FOLDER)
                .unwrap_or(path)
                .trim_start_matches('/');
            let finding = format!("{name} in {file}");
            match charged_from(handler, &bodies, 0) {
                Charged::Always => {}
                Charged::AfterReturn => found.push(format!("{finding}, if refused,")),
                Charged::Never => found.push(finding),
            }
        }
    }
    found.sort();
    let mut problems = Exception::sort_out(exceptions, found, "a call without a charge");
    if count == 0 {
        problems.push(format!("no function is registered below {FOLDER}"));
    }
    problems
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Charged {
    Always,
    AfterReturn,
    Never,
}

/// Names under which functions are registered, as they are written, in order.
fn registered(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for call in text.split(".func_").skip(1) {
        let Some((_, arguments)) = call.split_once('(') else {
            continue;
        };
        let mut arguments = arguments.split(',').skip(1);
        let name = arguments
            .next()
            .unwrap_or_default()
            .trim()
            .trim_matches('"');
        names.push(name.to_owned());
    }
    names
}

/// The tokens of the arguments of each registration, in order.
fn handlers(tokens: &[Token]) -> Vec<Vec<Token>> {
    let mut handlers = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let is_register = REGISTERS.iter().any(|name| token.is(name));
        if is_register && tokens.get(index + 1) == Some(&Token::Mark('(')) {
            handlers.push(block(tokens, index + 1));
        }
    }
    handlers
}

/// The tokens between the bracket at `open` and the one that closes it.
fn block(tokens: &[Token], open: usize) -> Vec<Token> {
    let mut depth = 0_usize;
    let inside = tokens[open..].iter().take_while(|token| {
        match token {
            Token::Mark('(' | '{' | '[') => depth += 1,
            Token::Mark(')' | '}' | ']') => depth -= 1,
            _ => {}
        }
        depth > 0
    });
    inside.skip(1).cloned().collect()
}

fn functions(tokens: &[Token]) -> Bodies {
    let mut bodies = Bodies::new();
    for (index, pair) in tokens.windows(2).enumerate() {
        let [before, Token::Word(name)] = pair else {
            continue;
        };
        if !before.is("fn") {
            continue;
        }
        let rest = &tokens[index..];
        let ends = |token: &Token| matches!(token, Token::Mark('{' | ';'));
        if let Some(open) = rest.iter().position(ends)
            && rest[open] == Token::Mark('{')
        {
            bodies.insert(name.clone(), block(rest, open));
        }
    }
    bodies
}

/// Whether `body` takes fuel, itself or in what it calls, before its first return.
fn charged_from(body: &[Token], bodies: &Bodies, depth: usize) -> Charged {
    const DEPTH_MAX: usize = 4;
    let mut has_returned = false;
    for token in body {
        let Token::Word(word) = token else { continue };
        has_returned |= word == "return";
        let called = match bodies.get(word) {
            _ if word == CHARGE => Charged::Always,
            Some(body) if depth < DEPTH_MAX => charged_from(body, bodies, depth + 1),
            _ => continue,
        };
        match called {
            Charged::Always if has_returned => return Charged::AfterReturn,
            Charged::Never => {}
            charged => return charged,
        }
    }
    Charged::Never
}

#[cfg(test)]
mod tests {
    use super::*;

    const WASI: &str = r#"
        fn add_to(linker: &mut Linker) {
            linker.func_wrap(MODULE, "paid", paid::<T>)?;
            linker.func_wrap_async(MODULE, "paid_below", |caller, a| { Box::new(below(caller, a)) })?;
            linker.func_wrap(MODULE, "free", |_: i32| errno::SUCCESS)?;
            linker.func_wrap(MODULE, "late", late)?;
        }
        fn paid() { charge(caller, 1)?; return 2; }
        async fn below() { let a = with_memory(caller, |space| 1)?; }
        fn with_memory() { charge_call(caller)?; }
        fn charge_call() { charge(caller, 100) }
        fn late(fd: i32) { if fd > 2 { return Ok(8); } paid() }
    "#;

    #[test]
    fn a_free_call_is_a_problem_and_so_is_a_late_charge() {
        let repository = Repository::of(&[("host/sandbox/src/wasi.rs", WASI)]);
        assert_eq!(
            problems(&repository, &[]),
            [
                "free in wasi.rs is a call without a charge",
                "late in wasi.rs, if refused, is a call without a charge",
            ]
        );
    }

    #[test]
    fn a_sandbox_without_functions_is_not_what_is_checked() {
        assert_eq!(problems(&Repository::default(), &[]).len(), 1);
    }
}
