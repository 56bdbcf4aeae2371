// The page of `host play`.

// The most often that what is slow to draw is drawn while a run goes on, in milliseconds.
const SLOW_MS = 400;

async function begin() {
  const told = { changed: () => {}, left: () => {} };
  const session = makeSession(told);
  document.body.append(el("main", {}, el("h1", {}, "Play"), said, wrong, session.lost));
  try {
    await session.load();
  } catch (error) {
    complain(error);
    return;
  }
  compose(session, told);
}

function compose(session, told) {
  const { about } = session;
  let chosen = null, field = null, marks = new Set(), compared = null, isDue = false, slow = 0, travelOf = null;

  const choose = (thing) => {
    chosen = thing;
    const { current } = session;
    current?.travel?.choose(thing?.kind === "node" ? current.model.names.indexOf(thing.name) : -1);
    told.changed();
  };
  const go = (index) => session.current?.go(index);
  const cut = async (pairs) => {
    for (const between of pairs) await session.act({ kind: "cut", between });
    say(`Cut: ${pairs.map((pair) => pair.join("–")).join(", ")}`);
  };
  const help = makeHelp();
  const stage = makeStage({ choose, open: () => requestAnimationFrame(() => actions.focus()), cut: (pairs) => cut(pairs).catch(complain) });
  const forms = makeForms(session);
  const actions = makeActions(session, { go, runTo: (node) => controls.runUntil({ node }, null), begin: (worker) => { forms.chooseWorker(worker); openPart("forms", "select[name=operation]"); } });
  const controls = makeControls(session);
  const branches = makeBranches(session, { compare });
  const comparison = makeComparison(session, { leave: () => compare(null) });
  const breakpoints = makeBreakpoints(session, about);
  const out = makeOut(session);
  const tour = about.tour ? makeTour(session, about.tour, { moved: lookAt }) : null;
  if (about.tour?.show.length) field = about.tour.show.join(" ");
  if (tour) marks = new Set(tour.marks);

  // The header: what is run, and what is known of its verdict.
  const title = el("h1", {}), problems = el("div", {}), watched = el("p", { class: "note" });
  watched.hidden = true;
  const header = el("header", {},
    el("div", { class: "bar" }, title, act("Keys", help.show, { key: "?" })),
    el("details", { class: "quiet" }, el("summary", {}, `${about.module}, seed ${about.seed}`), el("p", {}, about.options.map(([name, value]) => `${name} ${value}`).join(", ")), el("p", { class: "replay" }, "Run it again: ", el("code", { tabindex: "0" }, about.replay))),
    problems, watched, said, wrong, session.lost);

  // The stage and what is beside it.
  const cutting = el("button", { type: "button", "aria-pressed": "false", title: "With a finger: draw across links to cut them. With a mouse that is always so.", onclick: () => {
    const isOn = cutting.getAttribute("aria-pressed") !== "true";
    cutting.setAttribute("aria-pressed", String(isOn));
    stage.isCutting = isOn;
  } }, "Cut by drawing");
  const shownField = el("select", { name: "field", onchange: () => { field = shownField.value || null; told.changed(); } }, el("option", { value: "" }, "nothing"));
  const part = (id, summary, ...children) => el("details", { class: "card", id, open: innerWidth > 800 && id !== "out" && id !== "breakpoints" }, el("summary", {}, el("h2", {}, summary)), children);
  const desk = el("section", { id: "desk", "aria-labelledby": "desk-title" },
    el("h2", { id: "desk-title", class: "unseen" }, "Stage"),
    el("div", { class: tour ? "desk touring" : "desk" }, tour?.element ?? null,
      el("div", { class: "on-stage" }, controls.element, stage.svg, el("div", { class: "controls" }, el("label", {}, "Show at nodes ", shownField), cutting),
        el("p", { class: "legend", "aria-hidden": "true" }, [["client", "◆ client"], ["node", "● node, and between nodes"], ["service", "■ service"], ["bad", "✗ cut"]].map(([name, words]) => el("span", { class: `key ${name}` }, words)))),
      el("div", { class: "beside" }, el("section", { "aria-labelledby": "chosen-title" }, el("h2", { id: "chosen-title", class: "unseen" }, "What is chosen"), actions.element),
        part("branches", "Branches", branches.element), part("forms", "Operations and messages", forms.operation, forms.raw),
        part("breakpoints", "Breakpoints", breakpoints.element), part("out", "Keep and pass on", out.element))));
  const below = el("div", {}), comparing = el("div", {});
  let operations = null;
  const history = el("details", { class: "history", ontoggle: () => told.changed() }, el("summary", {}, "History of the operations"), el("div", {}));
  document.body.replaceChildren(
    el("a", { class: "skip", href: "#desk" }, "Skip to the stage"), header,
    el("main", {}, desk, comparing, below, history), help.dialog);

  function openPart(id, selector) {
    const found = document.getElementById(id);
    found.open = true;
    found.querySelector(selector)?.focus();
  }

  async function compare(branch) {
    try {
      if (branch && !branch.model) session.take(await ask("GET", `branches/${branch.id}?from=0`));
    } catch (error) {
      complain(error);
      return;
    }
    compared = branch;
    if (!branch) {
      comparison.stop();
      refill(comparing);
    } else {
      refill(comparing, comparison.element);
      comparison.show(branch, session.current);
      comparison.element.scrollIntoView({ block: "nearest" });
    }
    told.changed();
  }

  // A step of a tour marks what it is about; the state of the first marked node is shown.
  function lookAt(all) {
    marks = new Set(all);
    const node = all.find((name) => !name.startsWith("message "));
    choose(node ? { kind: "node", name: node } : null);
    told.changed();
  }

  told.changed = session.changed = () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      paint();
    });
  };
  told.left = () => {
    chosen = null;
    if (compared) compare(compared === session.current ? null : compared);
  };

  function paint() {
    const branch = session.current;
    if (!branch?.model) return;
    if (travelOf !== branch.travel) {
      travelOf = branch.travel;
      operations = null;
      refill(below, branch.travel.element);
      branch.travel.update();
    }
    branch.settle();
    const view = viewOf(branch);
    stage.paint(branch, view, { chosen, field, marks });
    controls.paint(branch, view);
    forms.paint(view);
    actions.paint(branch, view, chosen);
    breakpoints.paint(branch);
    out.paint(branch);
    paintVerdict(branch);
    if (!slow) {
      paintSlow(branch, view);
      slow = setTimeout(() => {
        slow = 0;
        if (session.current?.model) paintSlow(session.current, viewOf(session.current));
      }, SLOW_MS);
    }
    document.documentElement.dataset.ready = String(Math.round(performance.now()));
  }

  // What may lag behind.
  function paintSlow(branch, view) {
    branches.paint(branch, compared);
    if (compared) comparison.paint();
    const paths = fieldsOf(view), key = paths.join("\n");
    if (shownField.dataset.key !== key && paths.length) {
      shownField.dataset.key = key;
      refill(shownField, el("option", { value: "" }, "nothing"), [field && !paths.includes(field) ? field : null, ...paths].filter(Boolean).map((path) => el("option", { value: path, selected: path === field }, path)));
      breakpoints.suggest(paths);
    }
    if (!history.open) return;
    if (operations) {
      if (operations.key !== branch.model.entries.length) operations.view.update();
    } else {
      operations = { view: operationsView(branch.model, { go: seeEvent, fs: about.operations.map(({ f }) => f) }) };
      refill(history.lastElementChild, operations.view.element);
    }
    operations.key = branch.model.entries.length;
  }

  function seeEvent(index) {
    go(index);
    below.scrollIntoView({ block: "nearest" });
  }

  let judged = "";
  function paintVerdict(branch) {
    const { verdict: found } = branch.now, key = JSON.stringify([found, branch.name, session.watched, session.notice, branch.model.entries.length > 0]);
    if (key === judged) return;
    judged = key;
    const notice = session.notice ?? session.watched;
    watched.hidden = !notice;
    text(watched, notice ?? "");
    refill(title, verdict(found?.valid ?? "unknown"), found?.so_far ? " so far: " : " ", `${about.workload}, ${branch.name}`);
    const lines = causes(found?.problems ?? ""), seen = new Set();
    const violated = found?.first ? el("p", {}, el("strong", {}, "First violated: "), jumpTo(branch, found.first)) : null;
    const list = el("ul", { class: "plain problems" }, lines.map(({ text: line, isHead }) => el("li", { class: isHead ? "head" : null }, linked(branch.model, line, seen, seeEvent))));
    renew(problems, violated, lines.length ? el("details", { "data-key": "problems" }, el("summary", {}, `What is wrong: ${count(lines.length, "line")}`), list) : null);
  }

  function jumpTo(branch, { position, words }) {
    const index = clamp(position, 0, branch.model.entries.length - 1);
    return branch.model.entries[index] ? jump(branch.model, words, index, seeEvent) : words;
  }

  const ofMessage = (kind) => () => chosen?.kind === "message" ? session.act({ kind, message: chosen.id }) : say("Choose a message first: a goes to the stage.");
  const ofNode = (does) => () => {
    const node = chosen?.kind === "node" && session.current && viewOf(session.current).nodes.find(({ name }) => name === chosen.name);
    if (node) does(node);
    else say("Choose a node first: a goes to the stage.");
  };
  const turn = (by) => () => {
    const all = [...session.branches.keys()], at = all.indexOf(session.current?.id);
    session.open(all[(at + by + all.length) % all.length]).catch(complain);
  };
  listenToKeys({
    s: controls.step, p: controls.toggle, 1: () => controls.run(1), 2: () => controls.run(10), 3: () => controls.run(null),
    n: ofNode(({ name }) => controls.runUntil({ node: name }, null)),
    "[": () => controls.back(), "]": () => controls.forth(), "{": () => go(0), g: () => session.current?.goToHead(),
    e: controls.end, d: ofMessage("deliver"), x: ofMessage("lose"), c: ofMessage("copy"),
    k: ofNode(({ name, up }) => session.act({ kind: up ? "kill" : "start", node: name })), u: ofNode(({ name, paused }) => session.act({ kind: paused ? "resume" : "pause", node: name })),
    a: stage.focus, v: actions.focus, h: () => session.act({ kind: "heal" }), o: () => openPart("forms", "select[name=operation]"), m: () => openPart("forms", "textarea"),
    t: () => openPart("breakpoints", "select"), l: () => travelOf?.diagram.box.focus(), b: turn(1), B: turn(-1),
    w: () => { const parent = session.branches.get(session.current?.parent); compare(compared || !parent ? null : parent); }, "?": help.show,
  }, help);

  told.changed();
  tour?.show().catch(complain);
}

begin();
