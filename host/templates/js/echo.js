// Challenge {{id}}: answer every echo with its own payload.
//
// handle gets the body of a request and returns the body of the answer. An error is an answer that is
// thrown: new NodeError(20, "there is no such key").

function handle(body) {
  switch (body.type) {
    case "echo":
      return { type: "echo_ok", echo: body.echo };
    default:
      throw new NodeError(10, "no such request");
  }
}
