// Time: step, run, pause, finish; back and forth. And the keys, which do everything that the pointer does.

const SPEEDS = [[1, "1×", "1"], [10, "10×", "2"], [null, "as fast as it goes", "3"]];

function makeControls(session) {
  // What has happened already does not happen again: there a step leads to the next event, and a run goes on at the head.
  const runUntil = (until, speed) => {
    session.current?.goToHead();
    return session.act({ kind: "run", until, speed }, true);
  };
  const run = (speed) => runUntil({}, speed);
  const stepOn = () => session.current && !session.current.isAtHead ? move(1)() : session.act({ kind: "step" });
  const step = act("Step", stepOn, { key: "s" });
  const runs = SPEEDS.map(([speed, text, key]) => act(`Run ${text}`, () => run(speed), { key }));
  const pause = act("Pause", () => session.act({ kind: "pause_run" }, true), { key: "p", name: "pause-run" });
  const end = () => {
    session.act({ kind: "finish" });
    return session.act({ kind: "run", until: { end: true }, speed: null }, true);
  };
  const finish = act("Finish", end, { key: "e" });
  finish.title = "Clients begin nothing more, faults end, the cluster recovers, and the run is judged. Key: e";
  const healAll = act("Heal all links", () => session.act({ kind: "heal" }), { key: "h" });
  const move = (by) => () => {
    session.current?.settle();
    session.current?.travel?.step(by);
  };
  const back = act("◀ Back", move(-1), { key: "[" });
  const forth = act("Forth ▶", move(1), { key: "]" });
  const head = act("To the head ▶|", () => session.current?.goToHead(), { key: "g" });
  const where = el("p", { class: "now", "data-key": "where" });
  const element = el("div", {},
    el("div", { class: "controls", role: "group", "aria-label": "Time" }, step, runs, pause, back, forth, head, finish, healAll), where);

  return {
    element, end, runUntil, step: stepOn, back: move(-1), forth: move(1),
    toggle: () => session.current?.now.running ? session.act({ kind: "pause_run" }, true) : run(1),
    run,
    paint(branch, view) {
      const { now, model } = branch;
      for (const [it, isOff] of [[pause, !now.running], [head, view.isHead], [back, branch.cursor <= 0], [forth, view.isHead]]) {
        // What has the focus keeps it: it is said to be of no use, and does nothing.
        it.setAttribute("aria-disabled", String(isOff));
      }
      const at = model.entries.length ? `Event ${grouped(branch.moment)} of ${grouped(model.entries.length)}, ${seconds(view.at)}` : "Nothing has happened yet";
      const state = !view.isHead ? "looking back: what you do now begins a branch" : now.running ? "running" : now.ended ? "" : now.idle ? "nothing is left to happen unless you do something" : "stopped";
      const why = view.isHead && !now.running && now.why ? `. ${now.why}` : "";
      text(where, `${at}: ${view.entry ? model.words(view.entry) : ""} (${[view.isHead ? phaseOf(now.phase) : "", state].filter(Boolean).join(", ")})${why}`);
    },
  };
}

// The phases of a run, in words.
const PHASES = { init: "nodes start", setup: "nodes are set up", main: "main phase", recovery: "recovery", last: "last operations", inspection: "inspection", over: "over" };
function phaseOf(phase) {
  return PHASES[String(phase).toLowerCase()] ?? String(phase);
}

const KEYS = [
  ["Time", [
    ["s", "step: let the next event happen"], ["p", "run, or pause"], ["1", "run as fast as the clock"], ["2", "run ten times as fast"], ["3", "run as fast as it goes"],
    ["n", "run to the next message at the chosen node"], ["[", "one event back"], ["]", "one event forth"], ["{", "to the first event"], ["g", "to the head of the branch"], ["e", "finish: end, recover, judge"]]],
  ["The chosen message", [["d", "deliver it"], ["x", "lose it"], ["c", "deliver a copy of it"]]],
  ["The chosen node", [["k", "kill it, or start it again"], ["u", "pause or resume it"]]],
  ["The stage", [["a", "go to the stage; there arrow keys lead from item to item, Enter to what can be done"], ["v", "go to what can be done to what is chosen"], ["h", "heal all links"]]],
  ["Forms and parts", [["o", "client operation"], ["m", "raw message"], ["t", "breakpoints"], ["l", "the diagram: there arrow keys step, + and − zoom, f follows a request"]]],
  ["Branches", [["b", "the next branch"], ["B", "the branch before"], ["w", "compare with the branch that this one left"]]],
  ["Help", [["?", "this list"]]],
];

// The list of keys. Single keys can be turned off, for who speaks to the machine.
function makeHelp() {
  const isOn = el("input", { type: "checkbox", checked: true });
  const dialog = el("dialog", { "aria-labelledby": "help-title" },
    el("h2", { id: "help-title" }, "Keys"),
    el("p", {}, "Keys do not work while you type into a field."),
    KEYS.map(([title, keys]) => el("div", {}, el("h3", {}, title), el("dl", {}, keys.map(([key, does]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, does)])))),
    el("p", {}, el("label", {}, isOn, " single keys do something")),
    el("form", { method: "dialog" }, el("button", {}, "Close")));
  return { dialog, show: () => dialog.showModal(), isOn: () => isOn.checked };
}

// Listens to keys: `on` has a function for each.
function listenToKeys(on, help) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || event.isComposing) return;
    if (help.dialog.open || !help.isOn()) return;
    // A dialog that has just closed keeps the focus in its own fields until the next frame.
    if (event.target.closest?.("input, select, textarea, [contenteditable]") && !help.dialog.contains(event.target)) return;
    const does = on[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  });
}
