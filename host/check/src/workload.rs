//! The whole result of a run: the checks of every run, and the checker of its workload.

use serde::Serialize;
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use super::answers::Answers;
use super::availability::{Availability, Goal, availability_of};
use super::clients::Clients;
use super::convergence::convergence;
use super::counter::{Counter, counter};
use super::custom::{Custom, CustomChecker};
use super::echo::{Echo, echo};
use super::exceptions::{Exceptions, exceptions};
use super::floors::floors;
use super::history::{History, Op};
use super::kafka::{Kafka, kafka_of};
use super::linear::{Budgets, LinKv, NotJudged, lin_kv};
use super::names::UnknownName;
use super::net::NetResult;
use super::pace::{Pace, pace};
use super::progress::progress;
use super::set_full::{SetFull, set_full};
use super::shortfalls::Shortfalls;
use super::stats::{Stats, StatsRules, stats};
use super::txn::model::Model;
use super::txn::{Transactions, list_append, rw_register};
use super::unexpected::UnexpectedOperation;
use super::unique_ids::{UniqueIds, unique_ids};
use super::validity::{Checks, Validity};

/// Maelstrom's workloads, under its names.
#[derive(
    Clone, Copy, Debug, Display, EnumString, Eq, Hash, IntoStaticStr, PartialEq, VariantArray,
)]
#[strum(serialize_all = "kebab-case", parse_err_ty = UnknownName, parse_err_fn = unknown)]
pub enum Workload {
    /// Nodes send each request back.
    Echo,
    /// Nodes generate ids that must be unique.
    UniqueIds,
    /// Nodes pass messages on until every node has them.
    Broadcast,
    /// A set that only grows.
    GSet,
    /// A counter that only grows.
    GCounter,
    /// A counter that grows and shrinks.
    PnCounter,
    /// Logs that clients send to and poll from.
    Kafka,
    /// Transactions that append to lists and read them.
    TxnListAppend,
    /// Transactions that write registers and read them.
    TxnRwRegister,
    /// A register for each key.
    LinKv,
}

impl Workload {
    /// All of them.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Its name, as in `-w`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The operations of its clients, by `:f`.
    #[must_use]
    pub fn operations(self) -> &'static [&'static str] {
        match self {
            Self::Echo => &["echo"],
            Self::UniqueIds => &["generate"],
            Self::Broadcast => &["broadcast", "read"],
            Self::GSet | Self::GCounter | Self::PnCounter => &["add", "read"],
            Self::Kafka => &[
                "assign",
                "crash",
                "debug-topic-partitions",
                "poll",
                "send",
                "subscribe",
                "txn",
            ],
            Self::TxnListAppend | Self::TxnRwRegister => &["txn"],
            Self::LinKv => &["read", "write", "cas"],
        }
    }

    /// Whether an operation is one of the inspection at the end, which Maelstrom does not have. It
    /// does not count in the figures.
    #[must_use]
    pub fn is_inspection(self, op: &Op) -> bool {
        let inspects = matches!(
            self,
            Self::Kafka | Self::TxnListAppend | Self::TxnRwRegister | Self::LinKv
        );
        inspects && op.is_final()
    }

    /// The operation of a workload that has only one: what an operation without `:f` is.
    #[must_use]
    pub fn only_operation(self) -> Option<&'static str> {
        match self.operations() {
            [only] => Some(only),
            _ => None,
        }
    }
}

fn unknown(name: &str) -> UnknownName {
    UnknownName::of("a workload", Workload::ALL, name)
}

/// Options of a check.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckOptions {
    /// The availability to reach, if any: `--availability`.
    pub availability: Option<Goal>,
    /// Whose rules decide: `--checks`.
    pub checks: Checks,
    /// The consistency models that transactions must satisfy: `--consistency-models`. Without any,
    /// nothing is known of transactions.
    pub consistency_models: Vec<Model>,
    /// Who asked whom, if that is known.
    pub clients: Option<Clients>,
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self {
            availability: None,
            checks: Checks::default(),
            consistency_models: vec![Model::StrictSerializable],
            clients: None,
        }
    }
}

/// The result of a run. Its JSON has the shape of Maelstrom's `results.edn`, less the plots.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CheckResult {
    /// The worst verdict of all parts.
    #[serde(rename = "valid?")]
    pub valid: Validity,
    /// How many operations ended in which way.
    pub stats: Stats,
    /// The fraction of operations that succeeded.
    pub availability: Availability,
    /// Exceptions that clients met.
    pub exceptions: Exceptions,
    /// Counts of messages. Absent if the run's messages are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub net: Option<NetResult>,
    /// The workload's own result.
    pub workload: WorkloadResult,
    /// What the system owes besides right answers. Nothing under [`Checks::Maelstrom`].
    #[serde(flatten)]
    pub shortfalls: Shortfalls,
    /// What clients got instead of what they asked for. Not in JSON, which has the exceptions.
    #[serde(skip)]
    pub answers: Answers,
    /// The targets of a challenge that the run misses, a sentence each. A run is judged by them after
    /// it is checked. Not in JSON.
    #[serde(skip)]
    pub missed_targets: Vec<String>,
    /// What else is known of a run that is not valid, a sentence each. Not in JSON.
    #[serde(skip)]
    pub notes: Vec<String>,
    /// How fast clients were served. Not in JSON.
    #[serde(skip)]
    pub pace: Pace,
    /// The name of the workload. Not in JSON, as in Maelstrom.
    #[serde(skip)]
    pub name: String,
}

impl CheckResult {
    /// Whether nothing is wrong and the run is unknown only because some kind of operation was too
    /// rare to know if it should have succeeded. That is chance, and not what the system did.
    #[must_use]
    pub fn has_too_few_samples(&self) -> bool {
        let others = [
            self.availability.valid,
            self.exceptions.valid,
            self.workload.valid(),
            Validity::from(self.shortfalls.is_empty()),
        ];
        self.stats.valid == Validity::Unknown
            && self.stats.counts.ok_count > 0
            && Validity::worst(others) == Validity::True
    }
}

/// What a workload's own checker found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum WorkloadResult {
    /// Of echo.
    Echo(Echo),
    /// Of unique-ids.
    UniqueIds(UniqueIds),
    /// Of broadcast and g-set.
    Set(Box<SetFull>),
    /// Of the counters.
    Counter(Counter),
    /// Of kafka.
    Kafka(Box<Kafka>),
    /// Of txn-list-append and txn-rw-register.
    Transactions(Box<Transactions>),
    /// Of lin-kv.
    LinKv(LinKv),
    /// Of a workload that is not built in.
    Custom(Box<Custom>),
}

impl WorkloadResult {
    /// Its verdict.
    #[must_use]
    pub fn valid(&self) -> Validity {
        match self {
            Self::Echo(echo) => echo.valid,
            Self::UniqueIds(ids) => ids.valid,
            Self::Set(set) => set.valid,
            Self::Counter(counter) => counter.valid,
            Self::Kafka(kafka) => kafka.valid,
            Self::Transactions(transactions) => transactions.valid,
            Self::LinKv(kv) => kv.valid,
            Self::Custom(custom) => custom.valid,
        }
    }
}

/// Judges a history as one of a workload. `net` is what the simulator's journal says of the
/// messages, if there is one.
///
/// Strictly, a run of which no operation succeeded is unknown at best.
///
/// # Errors
/// The history has an operation, or a value, that the workload does not have.
pub fn check(
    workload: Workload,
    history: &History,
    net: Option<NetResult>,
    options: &CheckOptions,
) -> Result<CheckResult, UnexpectedOperation> {
    check_within(workload, history, net, options, &Budgets::default())
}

/// The same, with what the search for a linearization may cost.
///
/// # Errors
/// As for [`check`].
pub fn check_within(
    workload: Workload,
    history: &History,
    net: Option<NetResult>,
    options: &CheckOptions,
    budgets: &Budgets,
) -> Result<CheckResult, UnexpectedOperation> {
    has_only(history, workload.name(), workload.operations())?;
    let result = result(workload, history, options, budgets)?;
    let parts = Parts {
        name: workload.name(),
        like: Some(workload),
        result,
    };
    Ok(parts.judged(history, net, options))
}

/// Checks that a history has no operations but these, which are those of a workload.
fn has_only(history: &History, name: &str, known: &[&str]) -> Result<(), UnexpectedOperation> {
    let foreign = |op: &Op| !known.contains(&&*op.f);
    match history.client_ops().find(|(_, op)| foreign(op)) {
        None => Ok(()),
        Some((_, op)) => {
            let known = known.join(" and ");
            let what = format!(
                "expected the operations of {name} ({known}), found {}",
                op.f
            );
            Err(UnexpectedOperation::new(op, what))
        }
    }
}

/// What a workload's own checker finds.
fn result(
    workload: Workload,
    history: &History,
    options: &CheckOptions,
    budgets: &Budgets,
) -> Result<WorkloadResult, UnexpectedOperation> {
    let checks = options.checks;
    let models = &options.consistency_models;
    Ok(match workload {
        Workload::Echo => WorkloadResult::Echo(echo(history)),
        Workload::UniqueIds => WorkloadResult::UniqueIds(unique_ids(history)),
        Workload::Broadcast => {
            WorkloadResult::Set(Box::new(set_full(history, "broadcast", checks)?))
        }
        Workload::GSet => WorkloadResult::Set(Box::new(set_full(history, "add", checks)?)),
        Workload::GCounter | Workload::PnCounter => {
            WorkloadResult::Counter(counter(history, checks)?)
        }
        Workload::Kafka => {
            WorkloadResult::Kafka(Box::new(kafka_of(history, checks, options.clients)?))
        }
        Workload::TxnListAppend => {
            WorkloadResult::Transactions(Box::new(list_append(history, models, checks)?))
        }
        Workload::TxnRwRegister => {
            WorkloadResult::Transactions(Box::new(rw_register(history, models, checks)?))
        }
        Workload::LinKv => WorkloadResult::LinKv(lin_kv(history, checks, budgets)?),
    })
}

/// A workload, built in or not.
#[derive(Clone, Copy, Debug)]
pub enum WorkloadRef<'a> {
    /// One of Maelstrom's.
    BuiltIn(Workload),
    /// Somebody else's.
    Custom(&'a dyn CustomChecker),
}

impl From<Workload> for WorkloadRef<'_> {
    fn from(workload: Workload) -> Self {
        WorkloadRef::BuiltIn(workload)
    }
}

/// Judges a history as one of any workload.
///
/// # Errors
/// When there is no verdict.
pub fn check_any(
    workload: WorkloadRef<'_>,
    history: &History,
    net: Option<NetResult>,
    options: &CheckOptions,
    budgets: &Budgets,
) -> Result<CheckResult, NotJudged> {
    let custom = match workload {
        WorkloadRef::BuiltIn(workload) => {
            return check_within(workload, history, net, options, budgets)
                .map_err(NotJudged::Unexpected);
        }
        WorkloadRef::Custom(custom) => custom,
    };
    let known: Vec<&str> = custom.operations().iter().map(String::as_str).collect();
    has_only(history, custom.name(), &known).map_err(NotJudged::Unexpected)?;
    let mut found = custom.judge(history, options, budgets)?;
    let like = custom.like();
    let result = match like {
        None => WorkloadResult::Custom(Box::new(found)),
        Some(like) => {
            let result = result(like, history, options, budgets).map_err(NotJudged::Unexpected)?;
            match found == Custom::default() {
                true => result,
                false => {
                    found.add(result);
                    WorkloadResult::Custom(Box::new(found))
                }
            }
        }
    };
    let parts = Parts {
        name: custom.name(),
        like,
        result,
    };
    Ok(parts.judged(history, net, options))
}

/// What is judged of a run.
struct Parts<'a> {
    name: &'a str,
    /// The built-in workload whose rules count.
    like: Option<Workload>,
    result: WorkloadResult,
}

impl Parts<'_> {
    fn judged(
        self,
        history: &History,
        net: Option<NetResult>,
        options: &CheckOptions,
    ) -> CheckResult {
        let Parts { name, like, result } = self;
        let checks = options.checks;
        let mut shortfalls = Shortfalls::default();
        let mut seldom = Vec::new();
        if let (Checks::Strict, Some(like)) = (checks, like) {
            seldom = floors(history, like, options.clients, &mut shortfalls);
            progress(history, like, options.clients, &mut shortfalls);
            if like == Workload::TxnRwRegister {
                convergence(history, options.clients, &mut shortfalls);
            }
        }
        let rules = StatsRules {
            checks,
            workload: like,
            seldom: &seldom,
        };
        let stats = stats(history, &rules);
        let availability = availability_of(history, options.availability, checks, |op| {
            checks == Checks::Maelstrom || !like.is_some_and(|like| like.is_inspection(op))
        });
        let exceptions = exceptions(history, checks);
        let nothing_succeeded = checks == Checks::Strict && stats.counts.ok_count == 0;
        let valid = Validity::worst([
            stats.valid,
            availability.valid,
            exceptions.valid,
            result.valid(),
            Validity::from(shortfalls.is_empty()),
            if nothing_succeeded {
                Validity::Unknown
            } else {
                Validity::True
            },
        ]);
        CheckResult {
            valid,
            stats,
            availability,
            exceptions,
            net,
            workload: result,
            shortfalls,
            answers: Answers::of(history, options.clients),
            missed_targets: Vec::new(),
            notes: Vec::new(),
            pace: pace(history),
            name: name.to_owned(),
        }
    }
}
