//! A module with its declaration and its options.

use std::fmt;
use std::sync::Arc;

use host_check::custom::{Custom, CustomChecker};
use host_check::history::History;
use host_check::linear::{Budgets, NotJudged};
use host_check::workload::{CheckOptions, Workload};
use host_guest::StartResponder;
use host_protocol::workload::{Request, Started};
use host_sim::WorkloadClient;
use host_sim::workload::{CustomWorkload, WorkloadOptions};
use serde_json::value::to_raw_value;
use serde_json::{Map, Value as Json};

use crate::LIMITS;
use crate::client::ModuleClient;
use crate::declaration::Declared;
use crate::judge::{Facts, judge};
use crate::session::Session;

/// What stands for the number of workers of a history of which it is not known: each process is a worker of its own then. It is in the
/// range of a module, whose addresses have 32 bits.
const WORKERS_UNKNOWN: usize = 0x7fff_ffff;

/// A workload in a module.
#[derive(Clone)]
pub struct ModuleWorkload {
    source: Arc<dyn StartResponder>,
    declared: Arc<Declared>,
    text: String,
    options: Map<String, Json>,
}

impl ModuleWorkload {
    /// Starts the module once, to ask what it is. `text` is what a command names it.
    ///
    /// # Errors
    /// When it fails, or its declaration is wrong.
    pub fn load(source: Arc<dyn StartResponder>, text: &str) -> Result<Self, String> {
        let declaration = Session::start(&*source, LIMITS.fuel)?.ask(&Request::Describe {})?;
        let declared = Declared::read(declaration)?;
        Ok(ModuleWorkload {
            options: declared.options(&[])?,
            source,
            declared: Arc::new(declared),
            text: text.to_owned(),
        })
    }

    /// What it is.
    #[must_use]
    pub fn declared(&self) -> &Declared {
        &self.declared
    }
}

impl fmt::Debug for ModuleWorkload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModuleWorkload")
            .field("text", &self.text)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl CustomChecker for ModuleWorkload {
    fn name(&self) -> &str {
        &self.declared.declaration.name
    }

    fn operations(&self) -> &[String] {
        &self.declared.operations
    }

    fn like(&self) -> Option<Workload> {
        self.declared.like
    }

    fn judge(
        &self,
        history: &History,
        options: &CheckOptions,
        budgets: &Budgets,
    ) -> Result<Custom, NotJudged> {
        // Of a history from elsewhere nobody knows: then each process is a worker.
        let clients = options.clients;
        let of_module = to_raw_value(&self.options);
        let facts = Facts {
            workers: clients.map_or(WORKERS_UNKNOWN, |clients| clients.workers),
            nodes: clients.map(|clients| clients.nodes),
            options: &of_module.map_err(|why| NotJudged::Failed(why.to_string()))?,
        };
        judge(&self.declared, &*self.source, history, facts, budgets)
    }
}

impl CustomWorkload for ModuleWorkload {
    fn client(&self, options: &WorkloadOptions) -> Result<Box<dyn WorkloadClient>, String> {
        let of_workload = |why: String| format!("the workload {}: {why}", self.text);
        let mut session = Session::start(&*self.source, LIMITS.fuel).map_err(of_workload)?;
        let neighbours = options.topology.neighbours(options.cluster);
        let json = |why: serde_json::Error| of_workload(why.to_string());
        let request = Request::Start {
            nodes: neighbours.keys().map(|name| name.as_str().into()).collect(),
            workers: options.concurrency,
            options: &to_raw_value(&self.options).map_err(json)?,
            topology: &to_raw_value(&neighbours).map_err(json)?,
        };
        let started: Started = session.ask(&request).map_err(of_workload)?;
        if let Some(why) = started.refused {
            return Err(format!("{}: {why}", self.name()));
        }
        let declared = Arc::clone(&self.declared);
        Ok(Box::new(ModuleClient::of(
            declared,
            session,
            options.concurrency,
        )))
    }

    fn text(&self) -> &str {
        &self.text
    }

    fn options(&self) -> Vec<String> {
        let declared = self.declared.declaration.options.iter();
        let set = declared.filter_map(|option| {
            let value = self.options.get(&option.name)?;
            (*value != option.default).then(|| match value {
                Json::String(text) => format!("{}={text}", option.name),
                value => format!("{}={value}", option.name),
            })
        });
        set.collect()
    }

    fn with_options(&self, options: &[&str]) -> Result<Arc<dyn CustomWorkload>, String> {
        Ok(Arc::new(ModuleWorkload {
            options: self.declared.options(options)?,
            ..self.clone()
        }))
    }
}
