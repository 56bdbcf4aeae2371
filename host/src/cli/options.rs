//! Flags for the options of a scenario, made from the table of options.

use std::ffi::OsStr;
use std::io;
use std::marker::PhantomData;
use std::path::Path;

use clap::builder::{
    PossibleValue, PossibleValuesParser, RangedI64ValueParser, RangedU64ValueParser,
    TypedValueParser,
};
use clap::error::{ContextKind, ContextValue};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::input::read;
use super::{Exit, Failure};
use host_trial::Scenario;
use host_trial::scenario::option::{self, Choice, Group, OptionError, ScenarioOption, Values};

/// The groups of options that a command has.
pub(super) trait Part {
    /// The groups.
    const GROUPS: &'static [Group];

    /// Whether it has an option of these groups.
    fn has(_option: &ScenarioOption) -> bool {
        true
    }
}

/// All options but limits.
#[derive(Debug)]
pub(super) struct Circumstances;

impl Part for Circumstances {
    const GROUPS: &'static [Group] = &[
        Group::Cluster,
        Group::Clients,
        Group::Network,
        Group::Faults,
        Group::Checks,
    ];
}

/// What explorations of all schedules have of them.
#[derive(Debug)]
pub(super) struct Explorable;

impl Part for Explorable {
    const GROUPS: &'static [Group] = Circumstances::GROUPS;

    fn has(option: &ScenarioOption) -> bool {
        option.unexplored.is_none()
    }
}

/// All limits.
#[derive(Debug)]
pub(super) struct AllLimits;

impl Part for AllLimits {
    const GROUPS: &'static [Group] = &[Group::GuestLimits, Group::RunLimits];
}

/// How a history is judged.
#[derive(Debug)]
pub(super) struct Judging;

impl Part for Judging {
    const GROUPS: &'static [Group] = &[Group::Checks];
}

/// How much a guest may use.
#[derive(Debug)]
pub(super) struct GuestLimits;

impl Part for GuestLimits {
    const GROUPS: &'static [Group] = &[Group::GuestLimits];
}

/// The options of a part of the table, as they were given or are by default.
#[derive(Debug)]
pub(super) struct OptionArgs<P> {
    all: Vec<Given>,
    part: PhantomData<P>,
}

/// An option and its value.
#[derive(Debug)]
struct Given {
    option: &'static ScenarioOption,
    text: String,
    is_default: bool,
}

impl<P: Part> OptionArgs<P> {
    /// A scenario with these options.
    pub(super) fn scenario(&self) -> Result<Scenario, Failure> {
        let mut scenario = Scenario::default();
        self.apply(&mut scenario)?;
        Ok(scenario)
    }

    /// Sets the options. Limits of the run that are not given stay as they are: they depend on the nodes.
    pub(super) fn apply(&self, scenario: &mut Scenario) -> Result<(), Failure> {
        let stays = |it: &Given| it.is_default && it.option.group == Group::RunLimits;
        for Given { option, text, .. } in self.all.iter().filter(|it| !stays(it)) {
            option.set(scenario, text).map_err(|error| {
                Failure::new(Exit::Usage, format!("--{}: {error}", option.name))
            })?;
        }
        Ok(())
    }

    /// Those that the command line has.
    pub(super) fn given(&self) -> Vec<(&'static ScenarioOption, String)> {
        let given = self.all.iter().filter(|it| !it.is_default);
        given.map(|it| (it.option, it.text.clone())).collect()
    }

    fn options() -> impl Iterator<Item = &'static ScenarioOption> {
        let options = option::ALL.iter().copied();
        options.filter(|option| P::GROUPS.contains(&option.group) && P::has(option))
    }
}

impl<P: Part> Args for OptionArgs<P> {
    /// In the order of the groups, which is that of the headings in the help.
    fn augment_args(command: Command) -> Command {
        let groups = P::GROUPS.iter();
        command.args(groups.flat_map(|group| {
            let options = Self::options().filter(move |option| option.group == *group);
            options.map(arg)
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<P: Part> FromArgMatches for OptionArgs<P> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let all = Self::options().filter_map(|option| {
            let texts: Vec<&str> = matches
                .get_many::<String>(option.name)?
                .map(String::as_str)
                .collect();
            Some(Given {
                option,
                text: texts.join(","),
                is_default: matches.value_source(option.name) == Some(ValueSource::DefaultValue),
            })
        });
        Ok(OptionArgs {
            all: all.collect(),
            part: PhantomData,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The flag of an option. Its values are checked by themselves when the command line is parsed,
/// and stay texts.
fn arg(option: &'static ScenarioOption) -> Arg {
    let mut arg = Arg::new(option.name)
        .long(option.name)
        .value_name(option.value_name)
        .help(option.help);
    if let Some(letter) = option.short {
        arg = arg.short(letter);
    }
    if let Some(default) = option.default {
        arg = arg.default_value(default);
    }
    if !option.more.is_empty() {
        arg = arg.long_help(format!("{}\n\n{}", option.help, option.more));
    }
    arg = arg
        .help_heading(option.group.heading())
        .hide_short_help(option.group.is_limits());
    match option.values {
        Values::Whole(least, most) => match (i64::try_from(least), i64::try_from(most)) {
            (Ok(least), Ok(most)) => {
                let range = RangedI64ValueParser::<i64>::new().range(least..=most);
                arg.value_parser(range.map(|number| number.to_string()))
            }
            _ => {
                let range = RangedU64ValueParser::<u64>::new().range(least..);
                arg.value_parser(range.map(|number| number.to_string()))
            }
        },
        Values::Decimal(least, most) => {
            let number = move |text: &str| match option.values.check(text) {
                Ok(()) => Ok(text.to_owned()),
                Err(_) => Err(format!("expected a number from {least} to {most}")),
            };
            arg.allow_negative_numbers(true).value_parser(number)
        }
        Values::Names { choices, check } => arg.value_parser(NamesParser {
            names: names(choices()),
            check,
        }),
        Values::Text { check } | Values::NumberOrText { check, .. } => {
            arg.value_parser(move |text: &str| check(text).map(|()| text.to_owned()))
        }
        Values::TextOrFile { check } => {
            arg.value_parser(move |text: &str| text_or_file(check, text))
        }
        Values::List { check } => arg
            .action(ArgAction::Append)
            .value_delimiter(',')
            .value_parser(move |text: &str| check(text).map(|()| text.to_owned())),
    }
}

/// Takes names, and whatever else the option reads; what it does not read is told with the names.
#[derive(Clone)]
struct NamesParser {
    names: PossibleValuesParser,
    check: fn(&str) -> Result<(), OptionError>,
}

impl TypedValueParser for NamesParser {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        match value.to_str() {
            Some(text) if (self.check)(text).is_ok() => Ok(text.to_owned()),
            text => {
                let parsed = self.names.parse_ref(command, arg, value);
                let is_workload = arg.is_some_and(|arg| arg.get_id() == option::WORKLOAD.name);
                parsed.map_err(|error| match text.filter(|_| is_workload) {
                    Some(name) => with_ending(error, name),
                    None => error,
                })
            }
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        self.names.possible_values()
    }
}

/// An error about the name of a workload, which may be that of a file, but for its ending: then it says so.
fn with_ending(mut error: clap::Error, name: &str) -> clap::Error {
    let file = format!("{name}.wasm");
    if Path::new(&file).is_file() {
        let hint = format!("there is a file {file}: name it with its ending");
        let hint = ContextValue::StyledStrs(vec![hint.into()]);
        error.insert(ContextKind::Suggested, hint);
    }
    error
}

/// The most bytes of a file that an option is in.
const TEXT_BYTES_MAX: u64 = 1 << 20;

/// A text that can be read, or that of the file with this name.
fn text_or_file(check: fn(&str) -> Result<(), OptionError>, text: &str) -> Result<String, String> {
    let wrong = match check(text) {
        Ok(()) => return Ok(text.to_owned()),
        Err(wrong) => wrong,
    };
    if text.contains([';', '\n']) {
        return Err(wrong.to_string()); // no name of a file that anybody gives
    }
    let bytes = read(Path::new(text), "it", TEXT_BYTES_MAX);
    let read = bytes.and_then(|bytes| {
        String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    });
    let read = read.map_err(|error| format!("{wrong}; as a file: {error}"))?;
    check(&read).map_err(|error| error.to_string())?;
    Ok(read)
}

/// The parser of a workload's name.
pub(super) fn workload_parser() -> impl TypedValueParser<Value = String> {
    match option::WORKLOAD.values {
        Values::Names { choices, check } => NamesParser {
            names: names(choices()),
            check,
        },
        _ => unreachable!("a workload is named"),
    }
}

fn names(choices: Vec<Choice>) -> PossibleValuesParser {
    PossibleValuesParser::new(choices.into_iter().map(|choice| {
        let value = PossibleValue::new(choice.name);
        match choice.help {
            "" => value,
            help => value.help(help),
        }
    }))
}
