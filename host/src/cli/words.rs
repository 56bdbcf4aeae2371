//! The words of the command line. The options of a workload that `-w` names are flags there: `-w bank --accounts 5` is
//! `-w bank --option accounts=5`. Everything behind this knows the latter alone, and so do commands that are printed,
//! schedules and suites.

use std::ffi::{OsStr, OsString};
use std::sync::OnceLock;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};
use serde_json::Value as Json;

use super::workloads;
use host_protocol::text::one_line;
use host_protocol::workload::OptionKind;
use host_trial::scenario::option;
use host_trial::scenario::{is_workload_file, other_workloads};

/// The words after the program, once they have been looked at.
static WORDS: OnceLock<Vec<OsString>> = OnceLock::new();

/// The words after the program.
pub(super) fn words() -> Vec<OsString> {
    WORDS.get().cloned().unwrap_or_else(given)
}

fn given() -> Vec<OsString> {
    std::env::args_os().skip(1).collect()
}

/// The options of the command's workload that are flags.
pub(super) struct WorkloadFlags {
    /// What `-w` says.
    workload: String,
    options: Vec<OptionKind>,
}

/// The whole program with the flags of the workload that this command line names, and those flags. From now on
/// [`words`] has no such flag any more.
pub(super) fn with_workload(program: Command) -> (Command, Option<WorkloadFlags>) {
    let given = given();
    let found = given.first().and_then(|name| {
        let command = program.find_subcommand(name)?;
        let flags = WorkloadFlags::find(command, &given[1..])?;
        Some((command.get_name().to_owned(), flags))
    });
    let Some((name, flags)) = found else {
        return (program, None);
    };
    // Nobody has set it before.
    let _ = WORDS.set(flags.as_options(&given));
    let program = program.mut_subcommand(name, |command| command.args(flags.args()));
    (program, Some(flags))
}

impl WorkloadFlags {
    /// Those of a command with these words, if it has any that only a workload may know. A workload that cannot be
    /// loaded is told of later.
    fn find(command: &Command, words: &[OsString]) -> Option<Self> {
        flag_of(command, option::OPTION.name)?;
        let words = own(words);
        let is_asked_for = |word: &OsString| {
            let name = flag(word).map(|(name, _)| name);
            word == "-h" || name.is_some_and(|name| flag_of(command, name).is_none())
        };
        if !words.iter().any(is_asked_for) {
            return None;
        }
        let workload = workload_in(words)?;
        if !is_workload_file(&workload) && !other_workloads().contains(&workload.as_str()) {
            return None;
        }
        let mut options = workloads::options_of(&workload).ok()?;
        options.retain(|kind| flag_of(command, &kind.name).is_none() && !is_general(&kind.name));
        Some(WorkloadFlags { workload, options })
    }

    /// As flags, for the help text and for errors.
    fn args(&self) -> impl Iterator<Item = Arg> {
        self.options.iter().map(|kind| {
            let value = match &kind.default {
                Json::String(text) => one_line(text).into_owned(),
                value => value.to_string(),
            };
            let value_name = match &kind.default {
                Json::Bool(_) => "BOOL",
                Json::Number(_) => "N",
                _ => "TEXT",
            };
            let help = format!("{} [default: {value}]", one_line(&kind.help));
            Arg::new(format!("option {}", kind.name))
                .long(kind.name.clone())
                .value_name(value_name)
                .allow_negative_numbers(true)
                .help(help.trim_start().to_owned())
                .help_heading(format!("Options of {}", one_line(&self.workload)))
        })
    }

    /// The words with `--option` for each of these flags that has a value.
    fn as_options(&self, words: &[OsString]) -> Vec<OsString> {
        let (own, of_guests) = words.split_at(own(words).len());
        let mut own = own.iter().peekable();
        let mut result = Vec::new();
        while let Some(word) = own.next() {
            let found = flag(word).filter(|(name, _)| self.has(name));
            let value = match found {
                Some((_, None)) => own.next_if(|next| flag(next).is_none()).map(|it| &**it),
                Some((_, value)) => value.map(OsStr::new),
                None => None,
            };
            match (found, value) {
                (Some((name, _)), Some(value)) => {
                    let mut option = OsString::from(format!("{name}="));
                    option.push(value);
                    result.push(format!("--{}", option::OPTION.name).into());
                    result.push(option);
                }
                _ => result.push(word.clone()),
            }
        }
        result.extend_from_slice(of_guests);
        result
    }

    fn has(&self, name: &str) -> bool {
        self.options.iter().any(|kind| kind.name == name)
    }

    /// An error about a flag that nobody knows, with those of the workload.
    pub(super) fn hinted(&self, mut error: clap::Error) -> clap::Error {
        let is_unknown = error.kind() == ErrorKind::UnknownArgument;
        if !is_unknown || error.get(ContextKind::SuggestedArg).is_some() {
            return error;
        }
        let flags: Vec<String> = (self.options.iter())
            .map(|kind| format!("--{}", kind.name))
            .collect();
        let workload = one_line(&self.workload);
        let hint = match flags.is_empty() {
            true => format!("{workload} has no options"),
            false => format!("the options of {workload} are {}", flags.join(", ")),
        };
        let hint = ContextValue::StyledStrs(vec![hint.into()]);
        error.insert(ContextKind::Suggested, hint);
        error
    }
}

/// The words that are not for guests.
fn own(words: &[OsString]) -> &[OsString] {
    let end = words.iter().position(|word| word == "--");
    &words[..end.unwrap_or(words.len())]
}

/// The name and the value of a long flag.
fn flag(word: &OsString) -> Option<(&str, Option<&str>)> {
    let text = word.to_str()?.strip_prefix("--")?;
    Some(match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    })
}

fn flag_of<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    let mut args = command.get_arguments();
    args.find(|arg| arg.get_long() == Some(name))
}

/// Flags that clap adds to each command.
fn is_general(name: &str) -> bool {
    matches!(name, "help" | "version")
}

/// What `-w` says, in any of its forms.
fn workload_in(words: &[OsString]) -> Option<String> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let value = match flag(word) {
            Some((name, value)) if name == option::WORKLOAD.name => Some(value),
            Some(_) => None,
            None => word.to_str().and_then(short),
        };
        match value {
            Some(Some(value)) => return Some(value.to_owned()),
            Some(None) => return words.next()?.to_str().map(str::to_owned),
            None => {}
        }
    }
    None
}

/// The value of the short flag, if the word is that: `-wNAME`, `-w=NAME`, or none.
fn short(word: &str) -> Option<Option<&str>> {
    let value = word
        .strip_prefix('-')?
        .strip_prefix(option::WORKLOAD.short?)?;
    let value = value.strip_prefix('=').unwrap_or(value);
    Some((!value.is_empty()).then_some(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn os(words: &str) -> Vec<OsString> {
        words.split_whitespace().map(OsString::from).collect()
    }

    fn flags() -> WorkloadFlags {
        let kind = |name: &str| OptionKind {
            name: name.to_owned(),
            default: json!(1),
            help: String::new(),
        };
        WorkloadFlags {
            workload: "bank".to_owned(),
            options: vec![kind("accounts"), kind("least")],
        }
    }

    #[test]
    fn flags_of_a_workload_are_options_to_all_else() {
        for (given, expected) in [
            (
                "sim -w bank --accounts 5 -m x.wasm",
                "sim -w bank --option accounts=5 -m x.wasm",
            ),
            ("sim --least=-3", "sim --option least=-3"),
            ("sim --least -3 --rate 5", "sim --option least=-3 --rate 5"),
            // What it lacks is told by clap.
            ("sim --least", "sim --least"),
            ("sim --least --rate 5", "sim --least --rate 5"),
            ("sim --accountz 5", "sim --accountz 5"),
            (
                "sim -- --accounts 5 --least 3",
                "sim -- --accounts 5 --least 3",
            ),
        ] {
            assert_eq!(flags().as_options(&os(given)), os(expected));
        }
    }

    #[test]
    fn a_workload_is_found_in_all_its_forms() {
        for words in [
            "-w bank",
            "-wbank",
            "-w=bank",
            "--rate 3 --workload bank",
            "--workload=bank -w x",
        ] {
            assert_eq!(workload_in(&os(words)).as_deref(), Some("bank"), "{words}");
        }
        for words in ["", "-w", "--workloads bank", "bank"] {
            assert_eq!(workload_in(&os(words)), None, "{words}");
        }
    }
}
