// Breakpoints: what a run stops at.

const BREAKPOINTS = [
  ["message", "a message arrives", ["type", "node"]], ["node", "a node handles anything", ["at"]], ["field", "a field of a node's state changes, or is …", ["node", "path", "is"]],
  ["invariant", "the verdict becomes invalid", []], ["acknowledged", "an operation is acknowledged", []], ["two", "a field has one value at two nodes at once", ["path", "value"]],
];

function makeBreakpoints(session, about) {
  let list = about.breakpoints ?? [], hit = null;
  const any = (name, words) => el("select", { name }, el("option", { value: "" }, words), about.nodes.map((node) => el("option", { value: node }, node)));
  const fields = {
    type: el("label", {}, "of type ", el("input", { name: "break-type", size: 12, placeholder: "any", list: "break-types" }), el("datalist", { id: "break-types" }, about.messages.map(({ type }) => el("option", { value: type })))),
    node: el("label", {}, "at ", any("break-node", "any node")),
    at: el("label", {}, "node ", el("select", { name: "break-at" }, about.nodes.map((node) => el("option", { value: node }, node)))),
    path: el("label", {}, "field ", el("input", { name: "break-path", size: 16, placeholder: "/node/term", spellcheck: "false", list: "break-paths" }), el("datalist", { id: "break-paths" })),
    is: el("label", {}, "is (JSON; empty: it changes) ", el("input", { name: "break-is", size: 10, spellcheck: "false" })),
    value: el("label", {}, "value (JSON) ", el("input", { name: "break-value", size: 10, spellcheck: "false" })),
  };
  const kind = el("select", { name: "break-kind", onchange: () => choose() }, BREAKPOINTS.map(([name, words]) => el("option", { value: name }, words)));
  const choose = () => {
    const [, , wanted] = BREAKPOINTS.find(([name]) => name === kind.value);
    for (const [name, field] of Object.entries(fields)) field.hidden = !wanted.includes(name);
  };
  const valueOf = (name) => fields[name].querySelector("input, select").value.trim();

  async function put(next) {
    await ask("PUT", "breakpoints", next);
    list = next;
    paint(null, true);
  }

  function add(event) {
    event.preventDefault();
    const json = (name) => {
      const typed = valueOf(name);
      if (!typed) return null;
      try {
        return JSON.parse(typed);
      } catch {
        return typed; // a word is a text
      }
    };
    const made = {
      message: () => ({ kind: "message", type: valueOf("type") || null, node: valueOf("node") || null }), node: () => ({ kind: "node", node: valueOf("at") }),
      field: () => ({ kind: "field", node: valueOf("node") || null, path: valueOf("path"), is: json("is") }), invariant: () => ({ kind: "invariant" }), acknowledged: () => ({ kind: "acknowledged" }),
      two: () => ({ kind: "two", path: valueOf("path"), is: json("value") }),
    }[kind.value]();
    put([...list, made]).then(() => say(`The run stops when ${wordsOf(made)}.`), complain);
  }

  const listed = el("ul", { class: "plain" });
  const element = el("div", {}, listed, el("form", { class: "form", onsubmit: add }, el("label", {}, "stop when ", kind), Object.values(fields), el("button", {}, "Add")));
  choose();

  function paint(branch, isAll = false) {
    const now = branch?.now.hit ?? null;
    if (!isAll && JSON.stringify(now) === JSON.stringify(hit)) return;
    if (branch) hit = now;
    if (branch && now) say(`A breakpoint is hit: ${now.words}`);
    renew(listed, list.length ? null : el("li", { class: "quiet" }, "There are none."), list.map((it, at) => el("li", { class: hit?.breakpoint === at ? "hit" : null },
      wordsOf(it), hit?.breakpoint === at ? el("strong", {}, ` hit: ${hit.words}`) : null, " ",
      el("button", { type: "button", "data-key": `remove ${at}`, "aria-label": `Remove: ${wordsOf(it)}`, onclick: () => put(list.filter((_, other) => other !== at)).catch(complain) }, "Remove"))));
  }
  paint(null, true);

  return {
    element, paint, focus: () => kind.focus(),
    // Suggests fields of states.
    suggest: (paths) => refill(fields.path.querySelector("datalist"), paths.map((path) => el("option", { value: path }))),
  };
}

function wordsOf({ kind, type, node, path, is }) {
  switch (kind) {
    case "message": return `${type ? `a message of type ${type}` : "any message"} arrives at ${node ?? "any node"}`;
    case "node": return `${node} handles anything`;
    case "field": return is == null ? `${path} of ${node ?? "any node"} changes` : `${path} of ${node ?? "any node"} is ${JSON.stringify(is)}`;
    case "invariant": return "the verdict becomes invalid";
    case "acknowledged": return "an operation is acknowledged";
    default: return `${path} is ${JSON.stringify(is)} at two nodes at once`;
  }
}
