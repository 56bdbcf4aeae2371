// Challenge {{id}}: transactions that read and write registers.
//
// handle gets the body of a request and returns the body of the answer. An error is an answer that is
// thrown: new NodeError(20, "there is no such key").
//
// This start keeps what it is told to itself, which is right for one node only.

const registers = new Map();

function apply([kind, key, value]) {
  switch (kind) {
    case "r":
      return [kind, key, registers.get(key) ?? null];
    case "w":
      registers.set(key, value);
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
