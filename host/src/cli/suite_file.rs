//! The suite that a command is about: a file or the built-in one, and the challenges asked for.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::input;
use super::{Exit, Failure};
use host_grade::demands::{Demand, unmet};
use host_grade::suite::read::{SUITE_BYTES_MAX, read};
use host_grade::{Challenge, Setting, Suite};
use host_guest::Interrupt;

/// The name of the second suite that is built in. A file of this name is `./labs`.
const LABS: &str = "labs";

/// Which suite.
#[derive(Debug, Args)]
pub(super) struct SuiteFile {
    /// Read the suite from this TOML file; `labs` is one that is built in [default: the Gossip Glomers challenges].
    #[arg(long, value_name = "FILE")]
    pub(super) suite: Option<PathBuf>,
}

/// Reads a suite from a file, or takes the built-in one.
pub(super) fn open(path: Option<&Path>) -> Result<Suite, Failure> {
    let Some(path) = path else {
        return Suite::built_in().map_err(|error| Failure::new(Exit::Internal, error));
    };
    if path == Path::new(LABS) {
        return Ok(Suite::labs()?);
    }
    let name = path.display().to_string();
    let text = input::read(path, "a suite", SUITE_BYTES_MAX);
    let text = text.and_then(|text| String::from_utf8(text).map_err(io::Error::other));
    let text = text.context(name.clone()).map_err(Failure::usage)?;
    let mut suite = read(&name, &text)?;
    for sentence in suite.read_runtimes()? {
        tracing::warn!("mounts of a runtime: {sentence}");
    }
    Ok(suite)
}

/// Warns of challenges that right programs fail.
pub(super) fn warn_of_unmet(suite: &Suite, interrupt: &Interrupt) {
    for Demand {
        challenge,
        world,
        why,
    } in unmet(suite, interrupt)
    {
        let world = world.map_or_else(String::new, |name| format!(" in the world {name}"));
        tracing::warn!("challenge {challenge}{world}: {why}");
    }
}

/// Removes the challenges that are not asked for; keeps all of them if none is.
pub(super) fn keep(suite: &mut Suite, ids: &[String]) -> Result<(), Failure> {
    for id in ids {
        find(suite, id)?;
    }
    suite
        .challenges
        .retain(|challenge| ids.is_empty() || ids.contains(&challenge.id));
    Ok(())
}

/// The challenge with this id.
pub(super) fn find<'a>(suite: &'a Suite, id: &str) -> Result<&'a Challenge, Failure> {
    let found = suite.challenges.iter().find(|it| it.id == id);
    found.ok_or_else(|| {
        let ids: Vec<&str> = suite.challenges.iter().map(|it| it.id.as_str()).collect();
        let text = format!(
            "the suite has no challenge {id:?}; it has {}",
            ids.join(", ")
        );
        Failure::new(Exit::Usage, text)
    })
}

/// The official options of a challenge, or the world with this name.
pub(super) fn setting<'a>(
    challenge: &'a Challenge,
    world: Option<&str>,
) -> Result<Setting<'a>, Failure> {
    let Some(name) = world else {
        return Ok(challenge.official());
    };
    challenge.world(name).ok_or_else(|| {
        let id = &challenge.id;
        let names: Vec<&str> = challenge.worlds.iter().map(|it| it.name.as_str()).collect();
        let text = match names.as_slice() {
            [] => format!("challenge {id} has no worlds, only its official options"),
            names => format!(
                "challenge {id} has no world {name:?}; it has {}",
                names.join(", ")
            ),
        };
        Failure::new(Exit::Usage, text)
    })
}
