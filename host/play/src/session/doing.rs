//! What a page asks a branch to do, and what that is to its run.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value as Json;

use super::branch::Known;
use super::breakpoint::type_of;
use super::words::in_words;
use host_check::edn;
use host_sim::nemesis::Grudges;
use host_sim::ranges::TIME_LIMIT_NS_MAX;
use host_sim::{MS, MessageRef, Moment, MoveKind, Operation, Survival, TouchKind, short_seconds};
use host_trial::Scenario;

/// What a branch is asked to do.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Do {
    /// Let one event happen.
    Step,
    /// Go on, at so many virtual seconds a second; as fast as possible if that is null.
    Run {
        #[serde(default)]
        until: Until,
        #[serde(default)]
        speed: Option<f64>,
    },
    /// Stand still.
    PauseRun,
    Deliver {
        message: u64,
    },
    Lose {
        message: u64,
    },
    Copy {
        message: u64,
    },
    Delay {
        message: u64,
        by_ms: u64,
    },
    Fire {
        node: String,
        timer: u64,
    },
    TimeOut {
        worker: usize,
    },
    Kill {
        node: String,
    },
    Power {
        node: String,
        keeps: Keeps,
    },
    Start {
        node: String,
    },
    Pause {
        node: String,
    },
    Resume {
        node: String,
    },
    Cut {
        #[serde(default)]
        dest: Option<String>,
        #[serde(default)]
        src: Option<String>,
        #[serde(default)]
        between: Option<[String; 2]>,
    },
    Heal {
        #[serde(default)]
        between: Option<[String; 2]>,
    },
    Invoke {
        #[serde(default)]
        worker: Option<usize>,
        f: String,
        value: String,
    },
    Send {
        node: String,
        body: Json,
    },
    Finish,
}

/// How far a run goes. Without anything, until it is stopped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Until {
    /// To the next event of this node.
    #[serde(default)]
    pub(crate) node: Option<String>,
    /// To this virtual time.
    #[serde(default)]
    pub(crate) at_ns: Option<u64>,
    /// To this many entries.
    #[serde(default)]
    pub(crate) position: Option<usize>,
    /// To its end, with a verdict.
    #[serde(default)]
    pub(crate) end: bool,
}

/// What survives a power loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Keeps {
    /// Only what was synced.
    None,
    /// All that was written.
    All,
    /// The first half of what was written, and half of the write after that.
    Torn,
}

/// The longest delay, in milliseconds of virtual time: a day.
const DELAY_MS_MAX: u64 = TIME_LIMIT_NS_MAX / MS;

/// The slowest and the fastest speed.
const SPEEDS: (f64, f64) = (0.001, 1e6);

impl Do {
    /// Checks what is the same at each moment.
    ///
    /// # Errors
    /// What is wrong.
    pub(crate) fn verify(&self, scenario: &Scenario) -> Result<(), String> {
        match self {
            Do::Run { until, speed } => {
                if let Some(node) = &until.node {
                    number_of(node, scenario)?;
                }
                let (slowest, fastest) = SPEEDS;
                match speed {
                    Some(speed) if !(slowest..=fastest).contains(speed) => Err(format!(
                        "a speed of {speed} is none: from {slowest} to {fastest} virtual seconds a second"
                    )),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

/// What is done to a run at a moment, and in words.
///
/// # Errors
/// Why it is not possible.
pub(super) fn touch_of(
    what: &Do,
    moment: &Moment<'_>,
    known: &Known,
) -> Result<(TouchKind, String), String> {
    let scenario = &known.base.scenario;
    let node = |name: &str| number_of(name, scenario);
    let message = |id: u64| message_of(id, moment, known);
    let touch = match what {
        Do::Step | Do::Run { .. } | Do::PauseRun => {
            return Err("this lets the run go on, and does nothing to it".to_owned());
        }
        Do::Cut { dest, src, between } => {
            let links = (dest.as_deref(), src.as_deref(), between.as_ref());
            return cut(links, moment, scenario);
        }
        Do::Heal {
            between: Some(between),
        } => return heal(between, moment, scenario),
        Do::Deliver { message: id } => {
            let message = message(*id)?;
            TouchKind::Move(MoveKind::Deliver { message })
        }
        Do::Lose { message: id } => {
            let message = message(*id)?;
            TouchKind::Move(MoveKind::Lose { message })
        }
        Do::Copy { message: id } => {
            let message = message(*id)?;
            TouchKind::Move(MoveKind::Copy { message })
        }
        Do::Delay { message: id, by_ms } => {
            if *by_ms > DELAY_MS_MAX {
                return Err(format!(
                    "{by_ms} ms are more than a day: at most {DELAY_MS_MAX} ms"
                ));
            }
            let (message, by_ns) = (message(*id)?, by_ms * MS);
            TouchKind::Delay { message, by_ns }
        }
        Do::Fire { node: name, timer } => {
            let (node, timer) = (node(name)?, *timer);
            TouchKind::Move(MoveKind::Fire { node, timer })
        }
        Do::TimeOut { worker } => {
            let worker = *worker;
            TouchKind::Move(MoveKind::TimeOut { worker })
        }
        Do::Kill { node: name } => {
            let node = node(name)?;
            TouchKind::Move(MoveKind::Kill { node })
        }
        Do::Power { node: name, keeps } => {
            let node = node(name)?;
            let survival = match keeps {
                Keeps::None => Survival::None,
                Keeps::All => Survival::All,
                Keeps::Torn => Survival::Prefix {
                    permille: 500,
                    torn_permille: 500,
                },
            };
            TouchKind::Move(MoveKind::Power { node, survival })
        }
        Do::Start { node: name } => {
            let node = node(name)?;
            TouchKind::Move(MoveKind::Start { node })
        }
        Do::Pause { node: name } => {
            let node = node(name)?;
            TouchKind::Pause { node }
        }
        Do::Resume { node: name } => {
            let node = node(name)?;
            TouchKind::Resume { node }
        }
        Do::Heal { between: None } => TouchKind::Move(MoveKind::Heal),
        Do::Invoke { worker, f, value } => invoke(*worker, f, value, moment, scenario)?,
        Do::Send { node: name, body } => {
            let node = node(name)?;
            let kind = body.get("type").and_then(Json::as_str);
            kind.ok_or("the body has to be an object with a `type` that is a text")?;
            let body = body.to_string();
            TouchKind::Send { node, body }
        }
        Do::Finish => TouchKind::Finish,
    };
    let words = in_words(&touch, scenario.options.cluster, &known.record);
    Ok((touch, words))
}

fn number_of(name: &str, scenario: &Scenario) -> Result<usize, String> {
    let cluster = scenario.options.cluster;
    cluster.find_node(name).ok_or_else(|| {
        let names = cluster.node_names();
        let (first, last) = (&names[0], &names[names.len() - 1]);
        format!("there is no node {name:?}, only {first} to {last}")
    })
}

/// A message on its way.
fn message_of(id: u64, moment: &Moment<'_>, known: &Known) -> Result<MessageRef, String> {
    let in_flight = moment.in_flight().into_iter().find(|it| it.id == id);
    in_flight
        .map(|it| it.message)
        .ok_or_else(|| match known.record.message(id) {
            Some(it) => format!(
                "message {id}, {} from {} to {}, is not on its way at {} s: go back to a moment when it is",
                type_of(it.body),
                it.src,
                it.dest,
                short_seconds(moment.at_ns)
            ),
            None => format!("there is no message {id} yet"),
        })
}

/// The links that are cut, by receiver and sender, as a touch; that heals if there are none.
fn cuts(links: &BTreeSet<(usize, usize)>, nodes: usize) -> MoveKind {
    if links.is_empty() {
        return MoveKind::Heal;
    }
    let mut deaf_to = vec![Vec::new(); nodes];
    for (dest, src) in links {
        deaf_to[*dest].push(*src);
    }
    MoveKind::Cut {
        grudges: Grudges::new(deaf_to),
    }
}

fn cut(
    (dest, src, between): (Option<&str>, Option<&str>, Option<&[String; 2]>),
    moment: &Moment<'_>,
    scenario: &Scenario,
) -> Result<(TouchKind, String), String> {
    let mut links: BTreeSet<(usize, usize)> = moment.cuts().into_iter().collect();
    let words = match (dest, src, between) {
        (Some(dest), Some(src), None) => {
            let (to, from) = (number_of(dest, scenario)?, number_of(src, scenario)?);
            apart(to, from)?;
            links.insert((to, from));
            format!("cut the link from {src} to {dest}")
        }
        (None, None, Some([one, other])) => {
            let (a, b) = (number_of(one, scenario)?, number_of(other, scenario)?);
            apart(a, b)?;
            links.extend([(a, b), (b, a)]);
            format!("cut {one} and {other} off from each other")
        }
        _ => {
            return Err(
                "a cut is {\"dest\", \"src\"} in one direction, or {\"between\": [\"n1\", \"n2\"]}"
                    .to_owned(),
            );
        }
    };
    let nodes = scenario.options.cluster.count;
    Ok((TouchKind::Move(cuts(&links, nodes)), words))
}

fn heal(
    [one, other]: &[String; 2],
    moment: &Moment<'_>,
    scenario: &Scenario,
) -> Result<(TouchKind, String), String> {
    let (a, b) = (number_of(one, scenario)?, number_of(other, scenario)?);
    let mut links: BTreeSet<(usize, usize)> = moment.cuts().into_iter().collect();
    let [there, back] = [links.remove(&(a, b)), links.remove(&(b, a))];
    if !there && !back {
        return Err(format!("the links between {one} and {other} are not cut"));
    }
    let nodes = scenario.options.cluster.count;
    let words = format!("heal the links between {one} and {other}");
    Ok((TouchKind::Move(cuts(&links, nodes)), words))
}

fn apart(one: usize, other: usize) -> Result<(), String> {
    match one == other {
        true => Err("a node always hears itself: a link has two nodes".to_owned()),
        false => Ok(()),
    }
}

fn invoke(
    worker: Option<usize>,
    f: &str,
    value: &str,
    moment: &Moment<'_>,
    scenario: &Scenario,
) -> Result<TouchKind, String> {
    let workload = &scenario.workload;
    let known = workload.operations();
    if !known.contains(&f) {
        let known = known.join(", ");
        let name = workload.name();
        return Err(format!("{name} has the operations {known}, not {f:?}"));
    }
    let read = edn::read(value.as_bytes());
    let value = read.map_err(|error| format!("the value is no EDN: {error}"))?;
    let workers = moment.workers();
    let worker = match worker {
        Some(worker) => worker,
        None => {
            let free = workers.iter().position(|it| it.doing.is_none());
            free.ok_or("all workers wait for answers: let the run go on, or let one time out")?
        }
    };
    if worker >= workers.len() {
        return Err(match workers.len() {
            0 => "clients begin nothing yet: wait for the main phase".to_owned(),
            count => format!("there is no worker {worker}, only 0 to {}", count - 1),
        });
    }
    let operation = Operation::new(&f.into(), value);
    Ok(TouchKind::Move(MoveKind::Invoke { worker, operation }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Do {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_pages_ask_for_is_read() {
        assert_eq!(read(r#"{"kind":"step"}"#), Do::Step);
        let run = read(r#"{"kind":"run","until":{"node":"n1"},"speed":null}"#);
        let until = Until {
            node: Some("n1".to_owned()),
            ..Until::default()
        };
        assert_eq!(run, Do::Run { until, speed: None });
        let power = read(r#"{"kind":"power","node":"n1","keeps":"torn"}"#);
        assert_eq!(
            power,
            Do::Power {
                node: "n1".to_owned(),
                keeps: Keeps::Torn
            }
        );
        assert_eq!(read(r#"{"kind":"heal"}"#), Do::Heal { between: None });
        let unknown = serde_json::from_str::<Do>(r#"{"kind":"kill","node":"n1","now":true}"#);
        assert!(unknown.unwrap_err().to_string().contains("now"));
    }
}
