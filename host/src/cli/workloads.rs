//! Workloads that are not Maelstrom's: those of this project by name, and those in files.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use super::limits::CacheArgs;
use host_protocol::workload::OptionKind;
use host_sandbox::Sandbox;
use host_sim::workload::CustomWorkload;
use host_trial::scenario::find_workloads_with;
use host_workload::{LIMITS, ModuleWorkload};

/// Loads each file once. The cache is that of the user: flags of a command are about nodes.
#[derive(Default)]
struct Files {
    sandbox: Option<Sandbox>,
    loaded: HashMap<String, Arc<ModuleWorkload>>,
}

/// Says how workloads that are not Maelstrom's are found, before the first scenario is made.
pub(super) fn find_all() {
    let find = |text: &str| Ok(files().find(text)? as Arc<dyn CustomWorkload>);
    find_workloads_with(host_labs::NAMES, Box::new(find));
}

fn files() -> MutexGuard<'static, Files> {
    static FILES: LazyLock<Mutex<Files>> = LazyLock::new(Mutex::default);
    FILES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The options of the workload that a text names.
pub(super) fn options_of(text: &str) -> Result<Vec<OptionKind>, String> {
    let workload = files().find(text)?;
    Ok(workload.declared().declaration.options.clone())
}

/// The workload that a text names: `FILE`, or `FILE#HASH` with the SHA-256 that the file must have.
pub(super) fn load(text: &str, sandbox: &Sandbox) -> Result<ModuleWorkload, String> {
    let (path, hash) = match text.split_once('#') {
        Some((path, hash)) => (path, Some(hash)),
        None => (text, None),
    };
    let file = sandbox
        .load_workload(Path::new(path), &LIMITS)
        .map_err(|error| error.to_string())?;
    let found = &file.facts().sha256;
    if let Some(hash) = hash.filter(|hash| hash != found) {
        return Err(format!(
            "{path} has the SHA-256 {found}, not {hash}: it is another version of the workload"
        ));
    }
    ModuleWorkload::load(Arc::new(file), text)
        .map_err(|why| format!("the workload {path} cannot be used: {why}"))
}

impl Files {
    fn find(&mut self, text: &str) -> Result<Arc<ModuleWorkload>, String> {
        if let Some(known) = self.loaded.get(text) {
            return Ok(Arc::clone(known));
        }
        let workload = match host_labs::find(text) {
            Some(of_this_name) => Arc::new(of_this_name?),
            None => {
                let sandbox = match &mut self.sandbox {
                    Some(sandbox) => sandbox,
                    none => none.insert(CacheArgs::default().sandbox().map_err(|it| it.message())?),
                };
                Arc::new(load(text, sandbox)?)
            }
        };
        self.loaded.insert(text.to_owned(), Arc::clone(&workload));
        Ok(workload)
    }
}
