//! A guided tour.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::{NO_MODULE, PlayArgs, of_server, sandbox_for, tell};
use crate::cli::{Exit, Failure, interrupt};
use host_guest::Interrupt;
use host_play::tour::{TOUR_BYTES_MAX, TourFile};
use host_play::{About, Module, Programs, Server, Session};
use host_protocol::text::{one_line, shell_quoted};
use host_trial::Scenario;
use host_trial::scenario::option::Group;

pub(super) fn run(args: &PlayArgs, named: &OsStr) -> Result<Exit, Failure> {
    let name = one_line(&named.to_string_lossy()).into_owned();
    let text = text(named)?;
    let wrong = |what: &dyn std::fmt::Display| Failure::new(Exit::Usage, format!("{name}, {what}"));
    let mut file = TourFile::read(&text).map_err(|error| wrong(&error))?;
    limit(args, &mut file, &name)?;
    let server = Server::bind(args.port.unwrap_or(0)).map_err(of_server)?;
    let interrupt = interrupt::on_signal()?;
    let module = module(args, &file, &interrupt, &name)?;
    let tour = file.walk(&*module).map_err(|error| wrong(&error))?;
    let programs = Programs {
        module,
        next_module: None,
    };
    let session = Session::begin_tour(about(args, &file, &name), programs, &tour, &name);
    let session = session.map_err(|why| Failure::new(Exit::GuestFailed, why))?;
    if interrupt.is_requested() {
        return Ok(Exit::Interrupted);
    }
    tell(&one_line(&file.title), server.address(), args.open)?;
    server
        .serve(&Arc::new(session), &interrupt)
        .map_err(of_server)?;
    Ok(Exit::Interrupted)
}

/// The text of a tour of the host, or of a file.
fn text(named: &OsStr) -> Result<String, Failure> {
    if let Some(text) = named.to_str().and_then(host_tours::tour) {
        return Ok(text.to_owned());
    }
    let shown = one_line(&named.to_string_lossy()).into_owned();
    let file = File::open(named).map_err(|error| {
        let tours: Vec<&str> = host_tours::tours().collect();
        Failure::new(
            Exit::Usage,
            format!(
                "cannot read the tour {shown}: {error}; the host has the tours {}",
                tours.join(", ")
            ),
        )
    })?;
    let mut text = String::new();
    let read = file
        .take(TOUR_BYTES_MAX as u64 + 1)
        .read_to_string(&mut text);
    read.map_err(|error| Failure::new(Exit::Usage, format!("cannot read {shown}: {error}")))?;
    Ok(text)
}

/// Gives its nodes the limits of the command.
fn limit(args: &PlayArgs, file: &mut TourFile, name: &str) -> Result<(), Failure> {
    let given = args.limits.given();
    let of_guests = given
        .iter()
        .find(|(option, _)| option.group == Group::GuestLimits);
    if let (None, Some((option, _))) = (args.given(), of_guests) {
        let what = format!(
            "--{} is for modules, and the nodes of the tour {name} are the host's own: leave it out, or give --module FILE",
            option.name
        );
        return Err(Failure::new(Exit::Usage, what));
    }
    let base = file.base_mut();
    let mut scenario = Scenario::clone(&base.scenario);
    args.limits.apply(&mut scenario)?;
    base.scenario = Arc::new(scenario);
    Ok(())
}

/// The module that was given, or else the node that the tour names.
fn module(
    args: &PlayArgs,
    file: &TourFile,
    interrupt: &Interrupt,
    name: &str,
) -> Result<Module, Failure> {
    if let Some(path) = args.given() {
        let options = &file.base().scenario.options;
        let sandbox = sandbox_for(options.cluster, &args.cache, &args.modules, interrupt)?;
        let module = sandbox.load(path, &options.limits)?;
        return Ok(Arc::new(module.mounted(&args.mounts.read()?)?));
    }
    let usage = |why: String| Failure::new(Exit::Usage, format!("{name}: {why}"));
    let node = file.node.as_deref().ok_or_else(|| {
        usage("the tour names no `node` of the host, so it needs --module FILE".to_owned())
    })?;
    let mut module = None;
    for arguments in file.arguments() {
        module = Some(host_tours::node(node, arguments).map_err(|why| usage(why.to_string()))?);
    }
    module
        .map(Module::from)
        .ok_or_else(|| usage("the tour has no run".to_owned()))
}

fn about(args: &PlayArgs, file: &TourFile, name: &str) -> About {
    let path = args.given().unwrap_or(Path::new(NO_MODULE)).to_owned();
    let module = args.given().and_then(Path::file_name);
    let module = module.map(|it| it.to_string_lossy().into_owned());
    let module = module.or(file.node.clone()).unwrap_or_default();
    let replay = format!("host play --tour {}", shell_quoted(name));
    super::about(path, &module, file.base().scenario.workload.name(), replay)
}
