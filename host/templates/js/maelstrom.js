// What a node needs beside its own rules. It is yours to change.

// The name of this node, and those of all nodes.
let nodeId = null;
let nodeIds = [];

// An answer of type "error". After code 0, 13, and one's own from 1000 on, the request may have
// happened.
class NodeError extends Error {
  constructor(code, text) {
    super(text);
    this.code = code;
  }
}

// Sends a message to a node or a service.
function send(dest, body) {
  std.out.puts(JSON.stringify({ src: nodeId, dest, body }) + "\n");
  std.out.flush();
}

// The answer to a request, if it asks for one.
function answer(body, src) {
  let fields;
  try {
    if (body.type === "init") {
      nodeId = body.node_id;
      nodeIds = body.node_ids;
      fields = { type: "init_ok" };
    } else {
      fields = handle(body, src);
    }
  } catch (error) {
    fields = { type: "error", code: error.code ?? 13, text: error.message };
  }
  if (fields === undefined || body.msg_id === undefined) return undefined;
  return { ...fields, in_reply_to: body.msg_id };
}
