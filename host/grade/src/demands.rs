//! Demands of a suite that no program meets, or only programs of an unusual kind.
//!
//! Whoever writes a suite sees at once that a challenge cannot be solved, and not when the whole class
//! has failed it. The [`Reference`] knows all and answers at once: what it fails nobody passes. What
//! it does not show is what only a program with a real network and real memory meets: of that there
//! is a rule, which a test tries on the shipped solution.

use super::Verdict;
use super::run::SeedRun;
use super::suite::{Setting, Suite};
use host_check::workload::Workload;
use host_guest::Interrupt;
use host_sim::nemesis::Fault;
use host_trial::Trial;
use host_trial::reference::Reference;

/// The most operations of runs that are tried, all together. They take less than a second.
const OPERATIONS_MAX: f64 = 20_000.0;

/// A demand that a program fails although it is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// The id of the challenge.
    pub challenge: String,
    /// The name of the world, if it is one's.
    pub world: Option<String>,
    /// Who fails it, why, and what to do about it.
    pub why: String,
}

/// The demands of a suite that right programs fail. Tries the first seed of each setting, as long as
/// there are few enough operations. Empty if interrupted.
#[must_use]
pub fn unmet(suite: &Suite, interrupt: &Interrupt) -> Vec<Demand> {
    let mut left = OPERATIONS_MAX;
    let mut unmet = Vec::new();
    for setting in suite.challenges.iter().flat_map(|it| it.settings()) {
        if setting.explore().is_some() {
            continue; // few operations are tried, and no times
        }
        let why = forgotten(setting).or_else(|| {
            let options = &setting.scenario().options;
            #[expect(clippy::cast_precision_loss, reason = "seconds of a day at most")]
            let seconds = options.time_limit_ns as f64 / 1e9;
            let operations = options.rate * seconds;
            if operations > left {
                return None;
            }
            left -= operations;
            impossible(setting, interrupt)
        });
        unmet.extend(why.map(|why| Demand {
            challenge: setting.challenge.id.clone(),
            world: setting.world_name().map(str::to_owned),
            why,
        }));
    }
    unmet
}

/// Values that are acknowledged at once are lost with the memory and the disk of the node.
fn forgotten(setting: Setting<'_>) -> Option<String> {
    let scenario = setting.scenario();
    let forgets =
        scenario.workload == Workload::Broadcast && scenario.options.faults.contains(&Fault::Wipe);
    forgets.then(|| {
        "solutions/broadcast fails it, and so does every program that acknowledges a value which \
         only one node has: the fault wipe takes the memory and the disk of nodes. A program passes \
         only if it first stores the value in a service such as lin-kv, or at most other nodes. If \
         that is not what you ask for, take another fault, such as kill or power, which leave what is \
         durable"
            .to_owned()
    })
}

/// Why the program that knows all fails.
fn impossible(setting: Setting<'_>, interrupt: &Interrupt) -> Option<String> {
    let seed = *setting.seeds().first()?;
    let scenario = setting.scenario();
    // Of a workload of somebody's own nobody knows a right program.
    let workload = scenario.workload.built_in()?;
    let reference = Reference::new(workload, Some(interrupt));
    let trial = Trial {
        module: &reference,
        next_module: None,
        scenario: scenario.clone(),
    };
    let run = SeedRun::catching(|| {
        let result = trial.run(setting.run_seed(seed), Vec::new());
        (!result.is_interrupted()).then(|| SeedRun::judged(setting, &result))
    })?;
    if matches!(run.verdict, Verdict::Accepted | Verdict::Internal) {
        return None;
    }
    let first = run
        .anomaly
        .first()
        .map_or("it is not valid", String::as_str);
    Some(format!(
        "no program can pass it: with seed {seed} the reference fails, whose nodes know all at once \
         and answer without delay ({first})"
    ))
}
