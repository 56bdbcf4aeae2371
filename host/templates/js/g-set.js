// Challenge {{id}}: a set that only grows.
//
// handle gets the body of a request and returns the body of the answer. An error is an answer that is
// thrown: new NodeError(20, "there is no such key").
//
// This start keeps what it is told to itself, which is right for one node only.

const elements = new Set();

function handle(body) {
  switch (body.type) {
    case "add":
      elements.add(body.element);
      return { type: "add_ok" };
    case "read":
      return { type: "read_ok", value: [...elements] };
    default:
      throw new NodeError(10, "no such request");
  }
}
