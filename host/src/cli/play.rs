//! `host play`: a run in the browser, to be acted on by hand.

mod open;
mod toured;

use std::ffi::OsString;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use clap::Args;

use open::in_browser;

use super::limits::{CacheArgs, ModuleArgs};
use super::mounts::MountArgs;
use super::new::example_bodies;
use super::options::{AllLimits, OptionArgs};
use super::output::print;
use super::sim::args::{SEEDS, in_schedules, read_schedule, schedule_of};
use super::sim::setting::SettingArgs;
use super::sim::watch::{Version, next_version};
use super::{Exit, Failure, interrupt};
use host_guest::Interrupt;
use host_node::ModuleFile;
use host_play::{
    About, Address, Base, Module, Opening, PlayError, Programs, Server, Session, is_link, linked,
};
use host_protocol::text::one_line;
use host_sandbox::{GuestModule, Sandbox, guests_max};
use host_sim::Cluster;
use host_trial::Scenario;
use host_trial::scenario::option::{self, Group};
use host_trial::scenario::play_command;
use host_trial::schedule::Schedule;

/// Act on a run by hand in the browser: deliver, lose, kill, cut, go back, and try another way
///
/// Serves one page on this machine and prints its address, which has a token: whoever has the address can act on the run.
/// docs/play.md explains the page.
#[derive(Debug, Args)]
#[command(after_help = SHORT_END, after_long_help = LONG_END)]
#[command(mut_arg(option::WORKLOAD.name, |arg| arg.required_unless_present_any(SOURCES)))]
pub(crate) struct PlayArgs {
    /// The same as --module.
    #[arg(value_name = "MODULE", conflicts_with = "module")]
    path: Option<PathBuf>,
    /// Arguments of every node, after `--`.
    #[arg(last = true, value_name = "GUEST_ARGS")]
    guest_args: Vec<String>,
    /// WebAssembly module that every node runs.
    #[arg(long, short, value_name = "FILE", required_unless_present_any = ["path", "tour"], help_heading = Group::Cluster.heading())]
    module: Option<PathBuf>,
    /// Version that --swap-at and --nemesis swap change nodes to [default: the same module].
    #[arg(long, value_name = "FILE", help_heading = Group::Cluster.heading())]
    swap_module: Option<PathBuf>,
    #[command(flatten)]
    setting: SettingArgs,
    /// Seed of the run [default: random]. If that run is invalid, the page opens where it shows.
    #[arg(long, value_name = "N", help_heading = SEEDS)]
    seed: Option<u64>,
    /// Play the run in this file, or in a link that begins with `play:`. If it is invalid, the page opens where it shows.
    #[arg(long, value_name = "FILE|LINK", conflicts_with_all = of_schedules(), help_heading = SEEDS)]
    schedule: Option<OsString>,
    /// Take a guided tour: one that comes with the host, or a Markdown file of your own (docs/tours.md).
    ///
    /// The host has lost-message, partition, raft-election, stale-read and power-loss, which need no module.
    #[arg(long, value_name = "NAME|FILE", conflicts_with_all = of_tours(), help_heading = PAGE)]
    tour: Option<OsString>,
    /// When the module's file changes, load it and do the same to each branch again.
    #[arg(long, help_heading = PAGE)]
    watch: bool,
    /// Open the page in the browser.
    #[arg(long, help_heading = PAGE)]
    open: bool,
    /// Port of this machine that the page is served on [default: a free one].
    #[arg(long, value_name = "N", help_heading = PAGE)]
    port: Option<u16>,
    #[command(flatten)]
    mounts: MountArgs,
    #[command(flatten)]
    modules: ModuleArgs,
    #[command(flatten)]
    limits: OptionArgs<AllLimits>,
    #[command(flatten)]
    cache: CacheArgs,
}

/// The heading of options about the page.
const PAGE: &str = "Page";

/// The end of the short help.
const SHORT_END: &str = "\
Ends with Ctrl-C. Exit codes: 3 not loaded, 130 interrupted, 254 usage, 255 bug.
`host play --help` says more of each option, and has limits and examples.";

/// The end of the long help.
const LONG_END: &str = "\
Examples:
  Act on a cluster of three nodes:
    host play -w broadcast --node-count 3 my.wasm --open
  See where the run fails that `host sim` has found, and try another way:
    host play --challenge 3c my.wasm --seed 7 --open
  Take a tour, which needs no module:
    host play --tour raft-election --open
  Open the shortest run that fails, and do the same again after each build:
    host play --schedule short.json my.wasm --watch

Exit codes:
  3    the module cannot be loaded
  130  interrupted, as it ends
  254  invalid usage, or a file that cannot be read, or a port that is taken
  255  internal error";

/// What says what is played, instead of a workload.
const SOURCES: [&str; 5] = ["schedule", "tour", "challenge", "world", "suite"];

/// The flags of what a schedule decides.
fn of_schedules() -> Vec<&'static str> {
    let is_none = |flag: &&str| !["seeds", "test_count"].contains(flag);
    in_schedules().into_iter().filter(is_none).collect()
}

/// The flags of what a tour decides.
fn of_tours() -> Vec<&'static str> {
    let mut flags = of_schedules();
    flags.extend(["schedule", "watch", "guest_args"]);
    flags
}

/// How many branches have guests at a time, with a run that is made once more.
const RUNS: usize = 6;

/// What stands in commands for a module that is not known.
pub(super) const NO_MODULE: &str = "MODULE.wasm";

/// What is played.
struct Played {
    scenario: Scenario,
    seed: u64,
    schedule: Option<Schedule>,
    opening: Opening,
    replay: Replayed,
}

/// How the command says what is played.
enum Replayed {
    Seed(Vec<String>),
    Schedule(OsString),
}

pub(super) fn run(args: PlayArgs) -> Result<Exit, Failure> {
    args.setting.refuse_targets()?;
    if let Some(named) = &args.tour {
        return toured::run(&args, named);
    }
    let played = args.played()?;
    // A port that is taken is known before a module is compiled.
    let server = Server::bind(args.port.unwrap_or(0)).map_err(of_server)?;
    let interrupt = interrupt::on_signal()?;
    let cluster = played.scenario.options.cluster;
    let sandbox = sandbox_for(cluster, &args.cache, &args.modules, &interrupt)?;
    let limits = played.scenario.options.limits;
    let mounts = args.mounts.read()?;
    let load = |path: &Path| -> Result<GuestModule, Failure> {
        Ok(sandbox.load(path, &limits)?.mounted(&mounts)?)
    };
    let file = ModuleFile {
        path: args.module().to_owned(),
        bytes_max: sandbox.module_bytes_max(),
    };
    let known = Version::of(&file, file.signature());
    let module = load(args.module())?;
    let next_module = args.swap_module.as_deref().map(load).transpose()?;
    let about = args.about(&played, &module);
    let programs = Programs {
        module: Arc::new(module),
        next_module: next_module.map(|module| Arc::new(module) as Module),
    };
    let title = format!(
        "Play {} with seed {}",
        played.scenario.workload.name(),
        played.seed
    );
    let base = Base {
        seed: played.seed,
        scenario: Arc::new(played.scenario),
        script: played.schedule.map(|schedule| Arc::new(schedule.script)),
    };
    let session = Session::begin(about, programs, base, played.opening);
    if interrupt.is_requested() {
        return Ok(Exit::Interrupted);
    }
    let session = session.map_err(|why| Failure::new(Exit::GuestFailed, why))?;
    let session = Arc::new(session);
    tell(&title, server.address(), args.open)?;
    thread::scope(|scope| {
        if args.watch {
            let (session, interrupt) = (&session, &interrupt);
            let load = || load(args.module());
            scope.spawn(move || watch(&file, known, interrupt, session, load));
        }
        let served = server.serve(&session, &interrupt).map_err(of_server);
        // Whatever has ended the server ends the rest.
        interrupt.request();
        served
    })?;
    Ok(Exit::Interrupted)
}

/// What loads the modules of a session with such a cluster.
pub(super) fn sandbox_for(
    cluster: Cluster,
    cache: &CacheArgs,
    modules: &ModuleArgs,
    interrupt: &Interrupt,
) -> Result<Sandbox, Failure> {
    let guests = cluster.guests_max();
    // Of a large cluster as many runs as the system has room for, and one in any case.
    let guests = (RUNS * guests).min(guests_max().max(guests));
    let sandbox = cache.sandbox_for(guests, interrupt)?;
    Ok(sandbox.limited_to(modules.limits()))
}

/// What a page says of a run of a workload, whose commands name the module at `path`.
pub(super) fn about(path: PathBuf, name: &str, workload: &str, replay: String) -> About {
    About {
        module: one_line(name).into_owned(),
        replay,
        messages: example_bodies(workload),
        program: None,
        watch: false,
        play: Box::new(move |schedule| play_command(&path, Path::new(schedule))),
    }
}

/// Says where a page is, and opens it if that is asked for.
pub(super) fn tell(title: &str, address: &Address, opens: bool) -> Result<(), Failure> {
    let address = address.to_string();
    print(&format!("{title}: {address}\n"))?;
    if opens {
        in_browser(&address);
    }
    Ok(())
}

/// A server that cannot be.
pub(crate) fn of_server(error: PlayError) -> Failure {
    match error {
        PlayError::Port { .. } => Failure::usage(error),
        _ => Failure::new(Exit::Internal, error),
    }
}

/// Has the session play each new version of the module.
fn watch(
    file: &ModuleFile,
    mut known: Version,
    interrupt: &Interrupt,
    session: &Session,
    load: impl Fn() -> Result<GuestModule, Failure>,
) {
    let name = one_line(&file.path.display().to_string()).into_owned();
    while let Some(version) = next_version(file, &known, interrupt, &name) {
        known = version;
        match load() {
            Ok(module) => {
                session.replace(Arc::new(module));
                interrupt::tell(&format!(
                    "{name} has changed: all branches were played again"
                ));
            }
            Err(_) if interrupt.is_requested() => return,
            Err(failure) => {
                let why = failure.message();
                // The page first: who reads the log finds it told there.
                session.tell(format!(
                    "the new version of {name} cannot be loaded, so this is the one before: {why}"
                ));
                interrupt::tell(&format!("error: {why}"));
            }
        }
    }
}

impl PlayArgs {
    /// What is played, whose options fit together.
    fn played(&self) -> Result<Played, Failure> {
        let usage = |error| Failure::new(Exit::Usage, error);
        let played = match &self.schedule {
            Some(named) => {
                let mut schedule = schedule_named(named)?;
                self.limits.apply(&mut schedule.scenario)?;
                Played {
                    scenario: schedule.scenario.clone(),
                    seed: schedule.seed,
                    schedule: Some(schedule),
                    opening: Opening::AtFailure,
                    replay: Replayed::Schedule(named.clone()),
                }
            }
            None => {
                let setting = self
                    .setting
                    .read(&self.limits, &self.guest_args, self.module())?;
                // Small enough to be typed again.
                let any = || RandomState::new().hash_one(0_u8) % 1_000_000;
                Played {
                    scenario: setting.scenario,
                    seed: self.seed.unwrap_or_else(any),
                    schedule: None,
                    opening: match self.seed {
                        Some(_) => Opening::AtFailure,
                        None => Opening::AtMain,
                    },
                    replay: Replayed::Seed(setting.limit_flags),
                }
            }
        };
        played.scenario.verify().map_err(usage)?;
        Ok(played)
    }

    /// The module that every node runs.
    fn module(&self) -> &Path {
        self.given().unwrap_or(Path::new("")) // clap asks for one of them
    }

    /// The same, if there is one: a tour may do without.
    fn given(&self) -> Option<&Path> {
        self.module.as_deref().or(self.path.as_deref())
    }

    /// What the page says of the run.
    fn about(&self, played: &Played, module: &GuestModule) -> About {
        let path = self.module().to_owned();
        let name = path.file_name().unwrap_or(path.as_os_str());
        let replay = match &played.replay {
            Replayed::Seed(flags) => played.scenario.command(&path, played.seed, flags),
            Replayed::Schedule(named) => {
                play_command(&path, Path::new(named)) // a link, too
            }
        };
        About {
            program: module.is_program().then(|| path.clone()),
            watch: self.watch,
            ..about(
                path.clone(),
                &name.to_string_lossy(),
                played.scenario.workload.name(),
                replay,
            )
        }
    }
}

/// The schedule in a link or a file.
fn schedule_named(named: &OsString) -> Result<Schedule, Failure> {
    match named.to_str().filter(|text| is_link(text)) {
        Some(link) => {
            let text = linked(link).map_err(|error| {
                Failure::new(Exit::Usage, format!("cannot play the link: {error}"))
            })?;
            schedule_of(&text, "the link")
        }
        None => read_schedule(Path::new(named)),
    }
}
