// What can be done to what is chosen: a message, a node, a client, a service. And the forms for what has no place on
// the stage.

const DELAY_MS = 100;

// `go` is told an event, `runTo` a node to whose next message to run, `begin` a worker that is to begin an operation.
function makeActions(session, { go, runTo, begin }) {
  const element = el("div", { class: "card chosen-card" });
  const does = (what, isHead = false) => session.act(what, isHead);
  let signature = "";

  // Shows the actions for a thing, if there is anything new to show.
  function paint(branch, view, chosen) {
    const facts = factsOf(branch, view, chosen);
    if (facts.signature === signature) return;
    signature = facts.signature;
    renew(element, facts.make());
  }

  function title(...text) {
    return el("h3", { tabindex: "-1", "data-key": "title" }, text);
  }

  function factsOf(branch, view, chosen) {
    const key = (...parts) => JSON.stringify([branch.id, chosen, ...parts]);
    if (chosen?.kind === "message") {
      const flight = view.flights.find(({ id }) => id === chosen.id), message = branch.model.messageById(chosen.id);
      if (message) return { signature: key(Boolean(flight), flight?.due, flight?.isHeld, message.ends.length), make: () => messageActions(branch, message, flight) };
    }
    const node = chosen?.kind === "node" && view.nodes.find(({ name }) => name === chosen.name);
    if (node) return { signature: key(statusOf(node), node.timers, [...view.cuts], view.isHead && branch.now.position), make: () => nodeActions(branch, view, node) };
    if (chosen?.kind === "client") {
      const worker = view.workers.find(({ client }) => client === chosen.name);
      return { signature: key(worker), make: () => clientActions(chosen.name, worker) };
    }
    if (chosen?.kind === "service") return { signature: key(), make: () => [title("Service ", chosen.name), el("p", {}, "A service of Maelstrom. Nodes call it; it never fails by itself.")] };
    return { signature: key(), make: () => [title("Nothing is chosen"), el("p", {}, "Choose a node or a message on the stage to see what can be done to it. Draw across links with the mouse to cut them.")] };
  }

  function messageActions(branch, message, flight) {
    const { id } = message, { names, entries } = branch.model;
    const ms = el("input", { type: "number", min: 1, max: 600000, value: DELAY_MS, "data-key": "delay-ms", name: "delay", "aria-label": "Milliseconds" });
    const ended = message.ends.at(-1);
    const where = flight ? flight.isHeld ? "held until it is delivered by hand" : flight.due == null ? "on its way" : `due at ${seconds(flight.due)}`
      : ended != null ? `${message.isLost ? "lost" : "arrived"} at ${seconds(entries[ended].at)}` : "not on its way here";
    return [
      title(`Message ${id}: ${message.type}`),
      el("p", {}, `${names[message.src]} → ${names[message.dest]}, ${where}`),
      flight ? el("div", { class: "controls" },
        act("Deliver", () => does({ kind: "deliver", message: id }), { key: "d" }),
        act("Lose", () => does({ kind: "lose", message: id }), { key: "x" }),
        act("Duplicate", () => does({ kind: "copy", message: id }), { key: "c" })) : null,
      flight ? el("form", { class: "controls", onsubmit: (event) => { event.preventDefault(); does({ kind: "delay", message: id, by_ms: Number(ms.value) }); } },
        el("button", { "data-key": "delay" }, "Delay"), el("label", {}, "by ", ms, " ms")) : null,
      message.sent >= 0 ? act("To where it was sent", () => go(message.sent)) : null,
      showBody(message.body),
    ];
  }

  function nodeActions(branch, view, node) {
    const { name, up, paused, timers, known } = node;
    const keeps = el("select", { name: "keeps", "data-key": "keeps" }, [["none", "nothing that is not synced"], ["all", "all that was written"], ["torn", "a part of the last write"]].map(([value, words]) => el("option", { value }, words)));
    const others = view.nodes.filter((other) => other.name !== name).map((other) => other.name);
    const peer = el("select", { name: "peer", "data-key": "peer" }, others.map((other) => el("option", { value: other }, other)));
    return [
      title("Node ", name, el("span", { class: "quiet" }, ` ${statusOf(node)}`)),
      el("div", { class: "controls" },
        up ? act("Kill", () => does({ kind: "kill", node: name }), { key: "k", name: "kill" }) : act("Start", () => does({ kind: "start", node: name }), { key: "k", name: "kill" }),
        up && !paused ? act("Pause", () => does({ kind: "pause", node: name }), { key: "u", name: "pause" }) : null,
        up && paused ? act("Resume", () => does({ kind: "resume", node: name }), { key: "u", name: "pause" }) : null,
        act("Run to its next message", () => runTo(name), { key: "n" })),
      up ? el("div", { class: "controls" }, act("Power off", () => does({ kind: "power", node: name, keeps: keeps.value })), el("label", {}, "its disk keeps ", keeps)) : null,
      others.length ? el("div", { class: "controls", role: "group", "aria-label": `Links of ${name}` },
        el("label", {}, "Link with ", peer),
        act("Cut", () => does({ kind: "cut", between: [name, peer.value] })),
        act(`Cut so that ${name} does not hear it`, () => does({ kind: "cut", dest: name, src: peer.value }), { name: "cut-one" }),
        act("Heal", () => does({ kind: "heal", between: [name, peer.value] }))) : null,
      timers.length ? el("ul", { class: "plain", "aria-label": `Timers of ${name}` }, timers.slice(0, 20).map(([timer, due]) => el("li", {},
        act(`Fire timer ${timer}`, () => does({ kind: "fire", node: name, timer })), ` due at ${seconds(due)}`)),
        timers.length > 20 ? el("li", { class: "quiet" }, `and ${timers.length - 20} more`) : null) : null,
      known ? el("details", { "data-key": "state", open: true }, el("summary", {}, "State"), snapshotOf(known), diskOf(known)) : null,
    ];
  }

  function clientActions(name, worker) {
    return [
      title("Client ", name),
      el("p", {}, worker ? `Worker ${worker.worker}, talks to ${worker.node}. ${worker.doing ? `It waits for an answer to ${worker.doing}.` : "It does nothing at the moment."}` : "What it does is only known at the head of a branch."),
      worker?.doing ? act("Time out", () => does({ kind: "time_out", worker: worker.worker })) : null,
      worker && !worker.doing ? act("Begin an operation", () => begin(worker.worker)) : null,
    ];
  }

  return { element, paint, focus: () => (element.querySelector(".controls button") ?? element.querySelector("h3"))?.focus() };
}

// The forms for operations of clients and for raw messages. `workers` are kept up to date by `paint`.
function makeForms(session) {
  const { operations, messages, nodes } = session.about;
  const workers = el("select", { name: "worker" });
  const what = el("select", { name: "operation", onchange: () => suggest() }, operations.map(({ f }, at) => el("option", { value: at }, f)));
  const value = el("input", { name: "value", autocomplete: "off", spellcheck: "false", size: 18 });
  const hint = el("span", { class: "quiet", id: "value-hint" });
  value.setAttribute("aria-describedby", "value-hint");
  const suggest = () => {
    const chosen = operations[Number(what.value)];
    value.value = chosen?.value ?? "";
    hint.textContent = fit(chosen?.hint ?? "");
  };
  suggest();
  const invoke = (event) => {
    event.preventDefault();
    const worker = workers.value === "" ? null : Number(workers.value);
    session.act({ kind: "invoke", worker, f: operations[Number(what.value)].f, value: value.value });
  };

  const node = el("select", { name: "to" }, nodes.map((name) => el("option", { value: name }, name)));
  const body = el("textarea", { name: "body", rows: 4, spellcheck: "false", "aria-label": "Body of the message, as JSON" });
  const type = el("select", { name: "message-type", onchange: () => fill() }, messages.map((message, at) => el("option", { value: at }, message.type)));
  const fill = () => { body.value = JSON.stringify(messages[Number(type.value)]?.body ?? { type: "" }, null, 1).replace(/\n\s*/g, " "); };
  fill();
  const send = (event) => {
    event.preventDefault();
    let parsed;
    try {
      parsed = JSON.parse(body.value);
    } catch (error) {
      complain(`The body of the message is not JSON: ${error.message}. Correct it and send it again.`);
      body.focus();
      return;
    }
    session.act({ kind: "send", node: node.value, body: parsed });
  };

  const operation = el("form", { class: "form", onsubmit: invoke }, el("h3", {}, "Client operation"),
    el("label", {}, "operation ", what), el("label", {}, "value (EDN) ", value), hint, el("label", {}, "by ", workers), el("button", {}, "Begin it"));
  const raw = el("form", { class: "form", onsubmit: send }, el("h3", {}, "Raw message"),
    el("label", {}, "to ", node), el("label", {}, "like ", type), body, el("button", {}, "Send it"));

  let listed = "";
  return {
    operation, raw,
    // Lists the workers of a view.
    paint(view) {
      const list = view.workers.map(({ worker, node: at, doing }) => [String(worker), `worker ${worker} at ${at}${doing ? ", busy" : ""}`]);
      const key = JSON.stringify(list);
      if (key === listed) return;
      listed = key;
      const chosen = workers.value;
      refill(workers, el("option", { value: "" }, "any free worker"), list.map(([at, words]) => el("option", { value: at }, words)));
      if (list.some(([at]) => at === chosen)) workers.value = chosen;
    },
    chooseWorker(at) {
      workers.value = String(at);
    },
  };
}
