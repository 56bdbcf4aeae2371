// Challenge {{id}}: linearizable registers.
//
// handle gets the body of a request and returns the body of the answer. An error is an answer that is
// thrown: new NodeError(20, "there is no such key").
//
// This start keeps what it is told to itself, which is right for one node only.

const registers = new Map();

function read(key) {
  if (!registers.has(key)) throw new NodeError(20, `there is no key ${key}`);
  return registers.get(key);
}

function handle(body) {
  switch (body.type) {
    case "read":
      return { type: "read_ok", value: read(body.key) };
    case "write":
      registers.set(body.key, body.value);
      return { type: "write_ok" };
    case "cas": {
      const value = read(body.key);
      if (value !== body.from) throw new NodeError(22, `the value is ${value}, not ${body.from}`);
      registers.set(body.key, body.to);
      return { type: "cas_ok" };
    }
    default:
      throw new NodeError(10, "no such request");
  }
}
