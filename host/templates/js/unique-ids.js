// Challenge {{id}}: give out ids that no node has given out before.
//
// handle gets the body of a request and returns the body of the answer. An error is an answer that is
// thrown: new NodeError(20, "there is no such key").
//
// This start counts, which is right for one node only: two nodes that count give the same ids.

let given = 0;

function handle(body) {
  switch (body.type) {
    case "generate":
      given += 1;
      return { type: "generate_ok", id: given };
    default:
      throw new NodeError(10, "no such request");
  }
}
