// Challenge {{id}}: transactions that read lists and append to them.
//
// handle gets the body of a request and returns the body of the answer. An error is an answer that is
// thrown: new NodeError(20, "there is no such key").
//
// This start keeps what it is told to itself, which is right for one node only.

const lists = new Map();

function apply([kind, key, value]) {
  switch (kind) {
    case "r":
      return [kind, key, lists.has(key) ? [...lists.get(key)] : null];
    case "append":
      lists.set(key, [...(lists.get(key) ?? []), value]);
      return [kind, key, value];
    default:
      throw new NodeError(10, "no such operation");
  }
}

function handle(body) {
  switch (body.type) {
    case "txn":
      return { type: "txn_ok", txn: body.txn.map(apply) };
    default:
      throw new NodeError(10, "no such request");
  }
}
