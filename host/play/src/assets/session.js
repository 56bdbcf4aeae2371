// The branches of a session, as far as the page has them.

// How many acts may wait for their turn.
const ACTS_MAX = 50;

// `told` has `changed`, called after each change of what is shown, and `left`, called when there is another branch.
function makeSession(told) {
  const branches = new Map();
  const session = { about: null, branches, current: null, generation: 0, load, open, act, list, take, remove, rename, changed: told.changed, watched: null, notice: null };
  let turn = Promise.resolve(), waiting = 0;

  async function load() {
    const about = session.about = await ask("GET", "session");
    session.generation = about.generation;
    session.notice = about.notice;
    for (const branch of branches.values()) branch.drop();
    branches.clear();
    about.branches.forEach(note);
    const wanted = branches.get(session.current?.id) ?? [...branches.values()].at(-1);
    if (wanted) await open(wanted.id);
  }

  // Takes what the server says of a branch, without its entries.
  function note({ id, parent, at, name, now, opens_at: opensAt = null }) {
    const known = branches.get(id);
    if (known) {
      Object.assign(known, { parent, at, name, opensAt });
      known.hear(now);
    } else {
      branches.set(id, makeBranch(session, { id, parent, at, name, now, opensAt }));
    }
    return branches.get(id);
  }

  async function list(all = null) {
    all ??= await ask("GET", "branches");
    const ids = new Set(all.map(({ id }) => id));
    for (const id of [...branches.keys()].filter((id) => !ids.has(id))) {
      branches.get(id).drop();
      branches.delete(id);
    }
    all.forEach(note);
    if (session.current && !branches.has(session.current.id) && branches.size) await open([...branches.keys()][0]);
    told.changed();
  }

  // Shows a branch, at a moment if one is named.
  async function open(id, at = null) {
    const branch = branches.get(id);
    if (!branch) return;
    if (!branch.model) take(await ask("GET", `branches/${id}?from=0`));
    session.current = branch;
    told.left();
    if (at != null) branch.go(at - 1);
    told.changed();
  }

  // Takes what is new in a branch.
  function take(delta, parent = null) {
    if (delta.generation < session.generation) return null;
    let branch = branches.get(delta.branch);
    if (!branch) {
      branch = note({ id: delta.branch, parent: parent?.id ?? null, at: parent ? delta.from : 0, name: delta.name ?? `branch ${delta.branch}`, now: delta.now });
      list().catch(complain); // it has its name from the server
    }
    branch.take(delta, parent);
    told.changed();
    return branch;
  }

  // Does something at the moment that is looked at: in this branch at its head, in a new one in its past. One act
  // after the other.
  function act(what, isHead = false) {
    if (waiting >= ACTS_MAX) return turn;
    waiting++;
    turn = turn.then(() => actNow(what, isHead)).catch(complain).finally(() => waiting--);
    return turn;
  }

  async function actNow(what, isHead) {
    const branch = session.current;
    if (!branch) return;
    const post = (what) => ask("POST", `branches/${branch.id}/act`, { at: isHead || branch.isAtHead ? branch.now.position : branch.moment, do: what });
    // What happens on its own would make this the past before it arrives.
    if (branch.now.running && branch.isAtHead && !["pause_run", "run"].includes(what.kind)) take(await post({ kind: "pause_run" }));
    const delta = await post(what), same = delta.branch === branch.id;
    const acted = take(delta, branch);
    if (!acted) return;
    complain(null);
    if (same) {
      if (!isHead) branch.goToHead();
      return;
    }
    await open(acted.id);
    acted.goToHead();
    say(`This is a branch of its own now: ${acted.name}, from event ${grouped(delta.from)} of ${branch.name} on.`);
  }

  async function remove(branch) {
    await ask("DELETE", `branches/${branch.id}`);
    await list();
  }

  async function rename(branch, name) {
    await ask("POST", `branches/${branch.id}/name`, { name });
    await list();
  }

  listenTo();

  function listenTo() {
    session.lost = listen({
      delta: (delta) => {
        if (branches.get(delta.branch)?.model) {
          const branch = take(delta);
          if (branch?.isBehind) catchUp(branch);
        } else if (branches.has(delta.branch)) {
          branches.get(delta.branch).hear(delta.now);
          told.changed();
        }
      },
      verdict: ({ branch, verdict }) => {
        const known = branches.get(branch);
        if (known?.now) known.now.verdict = verdict;
        told.changed();
      },
      branches: (all) => {
        list(all).catch(complain);
        if (session.about?.watch) ask("GET", "session").then(({ notice }) => { session.notice = notice; told.changed(); }, complain);
      },
      generation: (news) => again(typeof news === "number" ? news : news?.generation),
      again: () => again(null),
    });
  }

  // Asks for what a branch lacks, once at a time.
  async function catchUp(branch) {
    if (branch.isCatchingUp) return;
    branch.isCatchingUp = true;
    try {
      take(await ask("GET", `branches/${branch.id}?from=${branch.model.entries.length}`));
    } catch (error) {
      complain(error);
    } finally {
      branch.isCatchingUp = false;
    }
  }

  // Everything anew: the server was lost, or has played all branches with another module.
  async function again(generation) {
    try {
      const before = session.generation;
      await load();
      if (session.generation !== before || generation != null) {
        session.watched = "The module was built anew. All branches were played again with it.";
        say(session.watched);
      } else {
        say("The connection is back.");
      }
      told.changed();
    } catch (error) {
      complain(error);
    }
  }

  return session;
}

// A branch: its model and where in it the reader is.
function makeBranch(session, { id, parent, at, name, now, opensAt }) {
  const branch = {
    id, parent, at, name, now, opensAt, model: null, travel: null, isBehind: false, hear, take, settle, go, goToHead, drop,
    // The entry that is looked at, and the moment after it.
    get cursor() { return grown?.isFollowing ? branch.model.entries.length - 1 : branch.travel?.cursor ?? -1; },
    get moment() { return branch.model.entries.length ? branch.cursor + 1 : branch.now.position; },
    get isAtHead() { return !branch.model?.entries.length || branch.cursor >= branch.model.entries.length - 1; },
  };
  const homes = new Map();
  // What the views have not been told yet: the first new entry, and whether the cursor goes with the head.
  let grown = null, seen = 0;

  // Takes how the branch is now, unless that is known better: an answer may be older than one that came before it.
  function hear(now) {
    if (now && !(now.revision < branch.now?.revision)) branch.now = now;
  }

  function take(delta, from) {
    if (!branch.model) {
      const { nodes, concurrency } = session.about;
      branch.model = from?.model && delta.from > 0 ? from.model.fork(delta.from) : runModel({ nodes, concurrency });
      if (delta.from > branch.model.entries.length) { branch.isBehind = true; return; }
      branch.model.opening = () => Math.max(0, branch.model.entries.length - 1);
      branch.model.append(delta);
      branch.now = delta.now;
      learn();
      // A run that fails is shown where that is seen first.
      const last = Math.max(0, branch.model.entries.length - 1);
      const options = { cursor: branch.opensAt == null ? last : clamp(branch.now.verdict?.first?.position ?? branch.opensAt - 1, 0, last), isLazy: true, ongo: () => session.changed() };
      branch.travel = makeTravel(branch.model, options);
      branch.travel.update();
      return;
    }
    const { model } = branch;
    branch.isBehind = delta.from > model.entries.length;
    if (branch.isBehind) return;
    const wasAtHead = branch.isAtHead;
    const grownFrom = model.append(delta);
    branch.hear(delta.now);
    learn();
    if (grownFrom < model.entries.length) grown ??= { from: grownFrom, isFollowing: wasAtHead };
  }

  // Tells the views what is new: once for a frame.
  function settle() {
    if (!grown) return;
    const { from, isFollowing } = grown;
    grown = null;
    branch.travel.grown(from, isFollowing);
  }

  function go(index) {
    settle();
    if (branch.model?.entries.length) branch.travel.go(clamp(index, 0, branch.model.entries.length - 1));
  }

  function goToHead() {
    go(Infinity);
  }

  function drop() {
    branch.model = branch.travel = grown = null;
    homes.clear();
    seen = 0;
  }

  // Clients stay near the node that they talk to.
  function learn() {
    const { messages, isClient, isNode } = branch.model;
    for (; seen < messages.length; seen++) {
      const { src, dest } = messages[seen];
      if (isClient[src] && isNode[dest] && !homes.has(src)) homes.set(src, dest);
      if (isClient[dest] && isNode[src] && !homes.has(dest)) homes.set(dest, src);
    }
  }
  // The services that something was sent to.
  Object.defineProperty(branch, "services", { get: () => branch.model.columns.list.filter(({ kind }) => kind === "service").map(({ label }) => label) });
  branch.homeOf = (who) => homes.get(who) ?? -1;

  return branch;
}
