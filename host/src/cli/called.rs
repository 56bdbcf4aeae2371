//! The names of this program. `host` is a DNS tool, too, so packages install the program under a second
//! name. Help, usage, completions and the manual have the name that it was called by.

use std::path::Path;

use clap::builder::StyledStr;
use clap::{Arg, Command};

/// The names that packages install, the first of which the source has.
const NAMES: [&str; 2] = ["host", "maelstrom-wasm"];

/// The name that the program was called by; the first if it is none of its names.
pub(super) fn name() -> &'static str {
    let called = std::env::args_os().next();
    let stem = called.as_deref().map(Path::new).and_then(Path::file_stem);
    let mut names = NAMES.into_iter();
    let found = names.find(|name| stem == Some(name.as_ref()));
    found.unwrap_or(NAMES[0])
}

/// `command`, which is the whole program, under the name that it was called by.
pub(super) fn named(command: Command) -> Command {
    let name = name();
    if name == NAMES[0] {
        return command;
    }
    // Those of its commands follow from its name.
    let usage = command.clone().render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
    let usage = replaced(usage, name);
    renamed(command, name).name(name).override_usage(usage)
}

/// `command`, whose texts have `name` wherever they have the first.
fn renamed(mut command: Command, name: &str) -> Command {
    type Get = fn(&Command) -> Option<&StyledStr>;
    type Set = fn(Command, StyledStr) -> Command;
    let texts: [(Get, Set); 4] = [
        (Command::get_about, |it, text| it.about(text)),
        (Command::get_long_about, |it, text| it.long_about(text)),
        (Command::get_after_help, |it, text| it.after_help(text)),
        (Command::get_after_long_help, |it, text| {
            it.after_long_help(text)
        }),
    ];
    for (get, set) in texts {
        if let Some(text) = get(&command).map(|text| in_text(text, name)) {
            command = set(command, text);
        }
    }
    command
        .mut_args(|arg| renamed_arg(arg, name))
        .mut_subcommands(|command| renamed(command, name))
}

fn renamed_arg(mut arg: Arg, name: &str) -> Arg {
    if let Some(text) = arg.get_help().map(|text| in_text(text, name)) {
        arg = arg.help(text);
    }
    match arg.get_long_help().map(|text| in_text(text, name)) {
        Some(text) => arg.long_help(text),
        None => arg,
    }
}

fn in_text(text: &StyledStr, name: &str) -> StyledStr {
    replaced(&text.ansi().to_string(), name).into()
}

/// `text` with `name` for each word that is the first name.
fn replaced(text: &str, name: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(NAMES[0]) {
        let (before, after) = (&rest[..at], &rest[at + NAMES[0].len()..]);
        let is_end = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
        let is_word = is_end(before.chars().next_back()) && is_end(after.chars().next());
        result += before;
        result += if is_word { name } else { NAMES[0] };
        rest = after;
    }
    result + rest
}
