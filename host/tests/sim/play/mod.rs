//! `host play`, asked as its page asks it.

use serde_json::{Value as Json, json};
use test_support::{Dir, Playing, built, json_lines, sim};

mod acts;
mod command;
mod page;
mod pictures;
mod safety;
mod stops;
mod tours;

/// A small cluster with operations, gossip and timers.
const SMALL: &str = "-w broadcast --node-count 3 --time-limit 1 --rate 5 --seed 1";

/// A session with the module of a package. After `--` are the guest's arguments.
fn play(dir: &Dir, module: &str, args: &str) -> Playing {
    let module = built(module);
    let args = format!("--no-cache --module {} {args}", module.display());
    Playing::start(dir.host(), &args)
}

/// All of a branch so far.
fn whole(playing: &Playing, branch: u64) -> Json {
    playing.get(&format!("api/branches/{branch}?from=0"))
}

fn position(delta: &Json) -> u64 {
    delta["now"]["position"].as_u64().unwrap()
}

fn branch(delta: &Json) -> u64 {
    delta["branch"].as_u64().unwrap()
}

/// Lets a branch go on, and waits until it stands still.
fn run(playing: &Playing, branch: u64, until: &Json) -> Json {
    let mut events = playing.events();
    let at = position(&whole(playing, branch));
    let what = json!({"kind": "run", "until": until, "speed": null});
    let delta = playing.act(branch, at, &what);
    let stands = |delta: &Json| delta["branch"] == branch && delta["now"]["running"] == false;
    match stands(&delta) {
        true => delta,
        false => events.wait_for("delta", stands),
    };
    whole(playing, branch)
}

/// The journal that a whole delta shows, as `--journal` writes it; values of faults and what is said of disks
/// apart.
fn journal(delta: &Json) -> Vec<Json> {
    let name =
        |index: &Json| delta["names"][usize::try_from(index.as_u64().unwrap()).unwrap()].clone();
    let index = |index: &Json| usize::try_from(index.as_u64().unwrap()).unwrap();
    let mut at_ns = 0;
    let mut entries = Vec::new();
    for entry in delta["entries"].as_array().unwrap() {
        at_ns += entry[0].as_u64().unwrap();
        let kind = entry[1].as_u64().unwrap();
        let mut line = match kind {
            0..=2 => {
                let message = &delta["messages"][index(&entry[2])];
                let event = ["send", "recv", "drop"][index(&entry[1])];
                let (src, dest) = (name(&message[1]), name(&message[2]));
                let mut line = json!({"event": event, "id": message[0], "src": src, "dest": dest});
                if kind == 0 {
                    line["body"] = serde_json::from_str(message[3].as_str().unwrap()).unwrap();
                }
                if kind == 2 {
                    line["why"] = entry[3].clone();
                }
                line
            }
            3 => json!({"event": "timer", "node": name(&entry[2]), "id": entry[3]}),
            4 => json!({"event": "fault", "f": delta["faults"][index(&entry[2])][1]}),
            _ => {
                let (node, level, text) = (name(&entry[2]), &entry[3], &entry[4]);
                match level == "disk" {
                    true => json!({"event": "disk", "node": node}),
                    false => json!({"event": "log", "node": node, "level": level, "text": text}),
                }
            }
        };
        line["at_ns"] = at_ns.into();
        entries.push(line);
    }
    entries
}

/// The journal in a file that `--journal` has written.
fn written(text: &str) -> Vec<Json> {
    let mut entries = json_lines(text);
    for entry in &mut entries {
        let event = entry["event"].clone();
        let fields = entry.as_object_mut().unwrap();
        fields.retain(|name, _| match event.as_str() {
            Some("fault") => name != "value",
            Some("disk") => ["at_ns", "event", "node"].contains(&name.as_str()),
            _ => true,
        });
    }
    entries
}

/// The journal of a run of `host sim`, and its exit code.
fn simulated(dir: &Dir, module: &str, args: &str) -> (Vec<Json>, Option<i32>) {
    let path = dir.path("journal.jsonl");
    let ended = sim(module, args, &["--journal", path.to_str().unwrap()]);
    assert_eq!(ended.stderr, "");
    (written(&dir.read("journal.jsonl")), ended.code())
}

/// The journal of a schedule in `host sim`, and its exit code.
fn scheduled(dir: &Dir, module: &str, schedule: &str) -> (Vec<Json>, Option<i32>) {
    let path = dir.write("schedule.json", schedule);
    simulated(dir, module, &format!("--schedule {}", path.display()))
}
