// The stage: nodes in a circle, services within it, clients outside, messages as dots on their way.
//
// Everything on it is a button. One of them is in the order of the tab key; arrow keys lead to the others.

const STAGE = { width: 720, height: 572, radius: 195 };
const DOTS_MAX = 300, LABELS_MAX = 30, CLIENTS_MAX = 50;
const FULL_NODES_MAX = 12;
// Links of few nodes are all drawn.
const LINKS_NODES_MAX = 9;

// How far from the middle of a participant a message is drawn at least, in pixels: beyond what stands below a node.
const CLEAR = 62;

// `choose` is told what is chosen, `open` also that its actions are wanted, `cut` which links a line was drawn across.
function makeStage({ choose, open, cut }) {
  const cuttable = { isOn: false };
  const layers = ["links", "stroke", "others", "nodes", "dots"].map((name) => draw("g", { class: `layer-${name}` }));
  const [links, stroke, others, circles, dots] = layers;
  const svg = draw("svg", { class: "stage", viewBox: `0 0 ${STAGE.width} ${STAGE.height}`, role: "group", "aria-label": "Stage" }, layers);
  const shownItems = new Map();
  let places = new Map(), active = null, nodes = [];

  // An item of the stage by its key: a button with a shape, and texts, which are a part of its name. `make` makes
  // both if it is new.
  function item(layer, key, thing, make) {
    let found = shownItems.get(key);
    if (!found) {
      const [shapes, texts] = make();
      const shape = draw("g", { role: "button", tabindex: "-1", onclick: () => pick(found), onkeydown: (event) => move(event, found), onfocus: () => enter(found) }, shapes);
      const element = draw("g", { class: "item" }, shape, draw("g", { "aria-hidden": "true" }, texts));
      found = { key, thing, element, shape, texts };
      shownItems.set(key, found);
      layer.append(element);
    }
    found.thing = thing;
    found.isFresh = true;
    return found;
  }

  function pick(found) {
    choose(found.thing);
    found.shape.focus({ preventScroll: true });
  }

  function enter(found) {
    if (active?.element.isConnected) active.shape.setAttribute("tabindex", "-1");
    active = found;
    found.shape.setAttribute("tabindex", "0");
  }

  function move(event, found) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const all = layers.flatMap((layer) => [...layer.querySelectorAll("[role=button]")]);
    if (by) {
      const next = all[(all.indexOf(found.shape) + by + all.length) % all.length];
      next.focus();
    } else if (event.key === "Enter" || event.key === " ") {
      choose(found.thing);
      open();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  function place(element, [x, y]) {
    element.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
  }

  // Where everything is. Nodes begin at the top.
  function lay(view, branch) {
    const { width, height, radius } = STAGE, [cx, cy] = [width / 2, height / 2];
    const many = view.nodes.length, far = many === 1 ? 0 : radius;
    const on = (at, r) => [cx + r * Math.sin((2 * Math.PI * at) / many), cy - r * Math.cos((2 * Math.PI * at) / many)];
    places = new Map(view.nodes.map(({ name }, at) => [name, on(at, far)]));
    const services = branch.services;
    services.forEach((name, at) => places.set(name, [cx + (at - (services.length - 1) / 2) * 90, many === 1 ? cy - 130 : cy]));
    const around = new Map();
    for (const { name, node } of clientsOf(view, branch)) {
      const home = Math.max(0, view.nodes.findIndex((it) => it.name === node));
      const nth = around.get(home) ?? 0;
      around.set(home, nth + 1);
      const side = (nth % 2 ? 1 : -1) * Math.ceil(nth / 2);
      places.set(name, many === 1 ? [cx + side * 60, cy + 130] : on(home + side * Math.min(0.42, 34 / radius * many / 6.3), radius + 62));
    }
  }

  // The clients that are drawn: those of workers, and others that messages come from or go to.
  function clientsOf(view, branch) {
    const clients = new Map(view.workers.filter(({ client, doing }) => client && (doing != null || view.workers.length <= CLIENTS_MAX)).map((worker) => [worker.client, { ...worker, name: worker.client }]));
    const { names, isClient } = branch.model;
    for (const { message } of view.flights) {
      for (const who of [message.src, message.dest]) {
        if (isClient[who] && !clients.has(names[who])) clients.set(names[who], { name: names[who], node: names[branch.homeOf(who)], doing: null, worker: null });
      }
    }
    return [...clients.values()].slice(0, CLIENTS_MAX);
  }

  function paint(branch, view, { chosen, field, marks }) {
    for (const found of shownItems.values()) found.isFresh = false;
    ({ nodes } = view);
    lay(view, branch);
    const small = nodes.length > FULL_NODES_MAX, r = small ? 18 : 27;
    const isChosen = (kind, name) => chosen?.kind === kind && chosen.name === name;
    const finish = (found, name, label, classes) => {
      place(found.element, places.get(name) ?? [0, 0]);
      const isMarked = marks.has(name);
      setOnce(found.element, "class", ["item", ...classes, isMarked && "marked"].filter(Boolean).join(" "));
      setOnce(found.shape, "aria-label", isMarked ? `${label}, marked by the tour` : label);
    };
    for (const node of nodes) {
      const { name, isChanged } = node, status = statusOf(node), timers = small ? [] : node.timers;
      const found = item(circles, `node ${name}`, { kind: "node", name }, () => [
        [draw("circle", { r: r + 5, class: "ring" }), draw("circle", { r, class: "body" })],
        [draw("text", { class: "name", y: 4 }), draw("text", { class: "status", y: r + 17 }), draw("text", { class: "badge", x: r - 3, y: 6 - r })]]);
      // A tour may show several fields, with spaces between their paths.
      const paths = field && node.known ? field.split(/ (?=\/)/) : [];
      const values = paths.map((path) => [path.split("/").at(-1), valueAt(node.known.value, path)]).filter(([, value]) => value !== undefined);
      const about = values.map(([, value]) => typeof value === "string" ? value : short(value)).join(", ");
      const under = status !== "running" ? status : about || (!timers.length ? "" : count(timers.length, "timer"));
      const [label, line, badge] = found.texts;
      text(label, name);
      text(line, under.length > 20 ? `${under.slice(0, 19)}…` : under);
      text(badge, isChanged ? "Δ" : "");
      const field_ = values.map(([name_, value]) => `${name_} ${short(value)}`).join(", ");
      finish(found, name, [`node ${name}`, status, isChanged && "has just changed", field_, timers.length > 0 && count(timers.length, "timer")].filter(Boolean).join(", "), [status, "node", isChanged && "changed", isChosen("node", name) && "chosen"]);
    }
    for (const name of branch.services) {
      const found = item(others, `service ${name}`, { kind: "service", name }, () => [[draw("rect", { class: "body", x: -38, y: -15, width: 76, height: 30, rx: 4 })], [draw("text", { class: "name", y: 4 })]]);
      text(found.texts[0], name);
      finish(found, name, `service ${name}`, ["service", isChosen("service", name) && "chosen"]);
    }
    for (const client of clientsOf(view, branch)) {
      const { name, doing } = client;
      const found = item(others, `client ${name}`, { kind: "client", name }, () => [[draw("path", { class: "body", d: "M0 -12L12 0L0 12L-12 0z" })], [draw("text", { class: "name", y: 24 })]]);
      text(found.texts[0], doing && !small ? `${name} ${doing}` : small ? "" : name);
      finish(found, name, `client ${name} of ${client.node}${doing ? `, does ${doing}` : ""}`, ["client", doing && "busy", isChosen("client", name) && "chosen"]);
    }
    paintDots(view, branch, chosen, marks);
    paintLinks(view, small);
    for (const [key, found] of shownItems) {
      if (found.isFresh) continue;
      const hadFocus = found.shape === document.activeElement;
      found.element.remove();
      shownItems.delete(key);
      if (hadFocus) shownItems.get(`node ${nodes[0].name}`)?.shape.focus({ preventScroll: true });
    }
    if (!active?.element.isConnected) {
      active = shownItems.get(`node ${nodes[0]?.name}`);
      active?.shape.setAttribute("tabindex", "0");
    }
    const down = nodes.filter((node) => statusOf(node) !== "running").length;
    setOnce(svg, "aria-label", `Stage at ${seconds(view.at)}: ${count(nodes.length, "node")}${down ? `, ${down} of them not running` : ""}, ${count(view.flights.length, "message")} on their way, ${count(view.cuts.size, "cut")}. Arrow keys lead from one to the next, Enter to what can be done.`);
  }

  function paintDots(view, branch, chosen, marks) {
    const { isNode, isClient } = branch.model, on = new Map();
    const isLabelled = view.flights.length <= LABELS_MAX;
    svg.classList.toggle("crowded", !isLabelled);
    for (const flight of [...view.ended, ...view.flights.slice(0, DOTS_MAX)]) {
      const { id, src, dest, message, part, isHeld, how } = flight;
      const [from, to] = [places.get(src), places.get(dest)];
      if (!from || !to) continue;
      const found = item(dots, `message ${id}`, { kind: "message", id, name: id }, () => [[draw("circle", { class: "ring", r: 11 }), draw("circle", { class: "body", r: 7 })], [draw("text", { class: "name", x: 10, y: 4 })]]);
      // Several on one link stand beside each other.
      const link = `${src} ${dest}`, nth = on.get(link) ?? 0;
      on.set(link, nth + 1);
      const long = Math.hypot(to[0] - from[0], to[1] - from[1]) || 1, end = Math.min(0.5, CLEAR / long);
      const along = clamp(part + (nth % 5) * 0.07 * (part > 0.5 ? -1 : 1), end, 1 - end), off = 7 + 14 * Math.floor(nth / 5);
      place(found.element, [from[0] + (to[0] - from[0]) * along - ((to[1] - from[1]) / long) * off, from[1] + (to[1] - from[1]) * along + ((to[0] - from[0]) / long) * off]);
      // Its name is on the side to which it goes, away from those that go to the other.
      const isLeftwards = to[0] < from[0];
      setOnce(found.texts[0], "x", isLeftwards ? -10 : 10);
      setOnce(found.texts[0], "class", isLeftwards ? "name leftwards" : "name");
      text(found.texts[0], isLabelled ? `${how === "lost" ? "✗ " : ""}${message.type.slice(0, 24)}` : "");
      const kind = isClient[message.src] || isClient[message.dest] ? "client" : isNode[message.src] && isNode[message.dest] ? "node" : "service";
      setOnce(found.element, "class", `item dot of-${kind}${isHeld ? " held" : ""}${how ? ` ${how}` : ""}${chosen?.kind === "message" && chosen.id === id ? " chosen" : ""}${marks.has(`message ${id}`) ? " marked" : ""}`);
      setOnce(found.shape, "aria-label", `message ${id}, ${message.type} from ${src} to ${dest}${isHeld ? ", held" : ""}${how ? `, has just ${how === "lost" ? "been lost" : "arrived"}` : ""}`);
    }
  }

  // Links that are cut; of few nodes also the others. A link is cut in one direction where it has an arrow.
  function paintLinks(view, small) {
    const lines = [];
    for (let one = 0; one < nodes.length; one++) {
      for (let other = one + 1; other < nodes.length; other++) {
        const [a, b] = [nodes[one].name, nodes[other].name];
        const [deafA, deafB] = [view.cuts.has(`${a} ${b}`), view.cuts.has(`${b} ${a}`)];
        if (!deafA && !deafB && nodes.length > LINKS_NODES_MAX) continue;
        const [[x1, y1], [x2, y2]] = [places.get(a), places.get(b)];
        lines.push(draw("path", { class: deafA || deafB ? "link cut" : "link", d: `M${x1} ${y1}L${x2} ${y2}` }));
        if (!deafA && !deafB) continue;
        const at = deafA && deafB ? 0.5 : deafA ? 0.28 : 0.72, size = small ? 5 : 8;
        const [x, y] = [x1 + (x2 - x1) * at, y1 + (y2 - y1) * at];
        lines.push(draw("path", { class: "cross", d: `M${x - size} ${y - size}l${2 * size} ${2 * size}m0 ${-2 * size}l${-2 * size} ${2 * size}` }));
      }
    }
    const key = lines.map((line) => line.getAttribute("d") + line.getAttribute("class")).join();
    if (links.dataset.key === key) return;
    links.dataset.key = key;
    refill(links, lines);
  }

  // Drawing across links. A finger scrolls the page unless cutting is on.
  let drawn = null;
  const at = (event) => {
    const box = svg.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * STAGE.width, ((event.clientY - box.top) / box.height) * STAGE.height];
  };
  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest(".item") || (event.pointerType !== "mouse" && !cuttable.isOn)) return;
    drawn = [at(event)];
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener("pointermove", (event) => {
    if (!drawn) return;
    drawn.push(at(event));
    const crossed = crossedBy(drawn);
    refill(stroke, draw("path", { class: "knife", d: `M${drawn.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}` }),
      crossed.map(([a, b]) => draw("path", { class: "link crossed", d: `M${places.get(a).join(" ")}L${places.get(b).join(" ")}` })));
  });
  const end = (event) => {
    if (!drawn) return;
    const crossed = event.type === "pointerup" ? crossedBy(drawn) : [];
    drawn = null;
    refill(stroke);
    if (crossed.length) cut(crossed);
  };
  svg.addEventListener("pointerup", end);
  svg.addEventListener("pointercancel", end);

  // The pairs of nodes between which a line goes.
  function crossedBy(line) {
    const found = [];
    for (let one = 0; one < nodes.length; one++) {
      for (let other = one + 1; other < nodes.length; other++) {
        const [a, b] = [places.get(nodes[one].name), places.get(nodes[other].name)];
        if (line.some((point, index) => index > 0 && isCrossing(line[index - 1], point, a, b))) found.push([nodes[one].name, nodes[other].name]);
      }
    }
    return found;
  }

  return {
    svg, paint,
    set isCutting(isOn) {
      cuttable.isOn = isOn;
      svg.classList.toggle("cutting", isOn);
    },
    focus: () => active?.shape.focus(),
  };
}

// Whether two stretches of lines cross.
function isCrossing(a, b, c, d) {
  const side = ([x1, y1], [x2, y2], [x, y]) => Math.sign((x2 - x1) * (y - y1) - (y2 - y1) * (x - x1));
  return side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b);
}

function setOnce(element, name, value) {
  if (element.getAttribute(name) !== fit(value)) element.setAttribute(name, fit(value));
}

function text(element, value) {
  const fitting = fit(value);
  if (element.textContent !== fitting) element.textContent = fitting;
}
