//! What to type instead of what Maelstrom's users are used to.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue};

use host_protocol::text::one_line;
use host_trial::scenario::option;

/// Options of `maelstrom test` that have another name here.
const RENAMED: [(&str, &str); 5] = [
    ("--bin", "Maelstrom's --bin FILE is --module FILE here"),
    (
        "--node",
        "nodes have no names of their own here: give --node-count N",
    ),
    (
        "-n",
        "nodes have no names of their own here: give --node-count N",
    ),
    (
        "--nodes",
        "nodes have no names of their own here: give --node-count N",
    ),
    (
        "--nodes-file",
        "nodes have no names of their own here: give --node-count N",
    ),
];

/// Options of `maelstrom test` that are about machines and logs of Jepsen.
const NEEDLESS: [&str; 8] = [
    "--leave-db-running",
    "--logging-json",
    "--username",
    "--password",
    "--ssh-private-key",
    "--no-ssh",
    "--strict-host-key-checking",
    "--tarball",
];

/// Options of `host sim` that `host explore` has none of, besides those of the table of options.
const UNEXPLORED: [(&str, &str); 19] = [
    ("--seeds", ONE_SEED),
    ("--test-count", ONE_SEED),
    ("--summary", ONE_SEED),
    (
        "--shard",
        "give each process a --seed of its own: runs with other seeds are other schedules",
    ),
    (
        "--keep-going",
        "it ends with the first failure, which is a shortest one",
    ),
    (
        "--shrink",
        "the schedule that is found to fail is a shortest one",
    ),
    (
        "--watch",
        "run it again after the build: `host sim --watch` is for runs",
    ),
    ("--schedule", "`host sim --schedule FILE` plays a schedule"),
    ("--journal", PLAY),
    ("--history", PLAY),
    ("--max-journal-mib", PLAY),
    ("--log-stderr", PLAY),
    ("--log-net-send", PLAY),
    ("--log-net-recv", PLAY),
    ("--below", "figures are those of runs: `host sim --below`"),
    ("--swap-module", "nodes do not change versions there"),
    ("--challenge", OPTIONS),
    ("--world", OPTIONS),
    ("--suite", OPTIONS),
];

const ONE_SEED: &str = "the seed decides what clients ask, and all schedules of that are tried: give \
                        --seed N, and try another seed afterwards";

const PLAY: &str = "write the schedule that fails with --write-schedule FILE, and play it with \
                    `host sim --schedule FILE`, which has this option";

const OPTIONS: &str = "give the workload with -w, and a small cluster: `host suite show ID` lists the options of \
                       a challenge";

/// What editors make of hyphens. A word that begins with one looks like a flag, and is taken for
/// the path of a module.
const DASHES: [char; 3] = ['–', '—', '−'];

/// Commands of Maelstrom.
const COMMANDS: [(&str, &str); 4] = [
    ("test", "Maelstrom's `test` is `host sim` here"),
    (
        "test-all",
        "Maelstrom's `test` is `host sim` here; `host suite run` runs a suite",
    ),
    (
        "serve",
        "a page about a run is a file here: `host sim --report DIR`",
    ),
    ("analyze", "`host check` judges a history again"),
];

/// Adds what to type instead, if we know.
pub(super) fn hinted(mut error: clap::Error) -> clap::Error {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let find = |table: &[(&str, &'static str)], word: &str| {
        let mut rows = table.iter();
        rows.find(|(name, _)| *name == word).map(|(_, hint)| *hint)
    };
    let option = text(ContextKind::InvalidArg).unwrap_or_default();
    let command = text(ContextKind::InvalidSubcommand).unwrap_or(option);
    let needless = NEEDLESS.contains(&option);
    let hint = unexplored(option)
        .or_else(|| find(&UNEXPLORED, option).filter(|_| explores()))
        .or_else(|| find(&RENAMED, option))
        .or(needless.then_some("leave it out: no machines are logged in to here"))
        .or_else(|| find(&COMMANDS, command));
    let hint = hint.map(str::to_owned).or_else(|| {
        let word = std::env::args_os()
            .map(|word| word.to_string_lossy().into_owned())
            .find(|word| word.starts_with(DASHES))?;
        Some(format!(
            "`{}` has to begin with two hyphens",
            one_line(&word)
        ))
    });
    if let Some(hint) = hint {
        error.remove(ContextKind::SuggestedArg);
        error.remove(ContextKind::SuggestedSubcommand);
        let hint = ContextValue::StyledStrs(vec![StyledStr::from(hint)]);
        error.insert(ContextKind::Suggested, hint);
    }
    error
}

/// Whether the command is `host explore`.
fn explores() -> bool {
    std::env::args_os()
        .nth(1)
        .is_some_and(|word| word == "explore")
}

/// Why `host explore` has no such option, if it is one of scenarios.
fn unexplored(flag: &str) -> Option<&'static str> {
    let mut options = option::ALL.iter();
    let option = options.find(|option| flag.strip_prefix("--") == Some(option.name))?;
    option.unexplored.filter(|_| explores())
}
