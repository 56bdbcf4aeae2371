// Challenge {{id}}: logs that clients send to and poll, and the offsets that they commit.
//
// handle gets the body of a request and returns the body of the answer. An error is an answer that is
// thrown: new NodeError(20, "there is no such key").
//
// This start keeps what it is told to itself, which is right for one node only.

const logs = new Map();
const committed = new Map();

// The most messages of a log in one answer.
const POLLED_MAX = 20;

function handle(body) {
  switch (body.type) {
    case "send": {
      const log = logs.get(body.key) ?? [];
      logs.set(body.key, log);
      log.push(body.msg);
      return { type: "send_ok", offset: log.length - 1 };
    }
    case "poll": {
      const msgs = {};
      for (const [key, from] of Object.entries(body.offsets)) {
        const messages = (logs.get(key) ?? []).slice(from, from + POLLED_MAX);
        msgs[key] = messages.map((message, index) => [from + index, message]);
      }
      return { type: "poll_ok", msgs };
    }
    case "commit_offsets":
      for (const [key, offset] of Object.entries(body.offsets)) {
        committed.set(key, Math.max(offset, committed.get(key) ?? 0));
      }
      return { type: "commit_offsets_ok" };
    case "list_committed_offsets": {
      const keys = body.keys.filter((key) => committed.has(key));
      const offsets = Object.fromEntries(keys.map((key) => [key, committed.get(key)]));
      return { type: "list_committed_offsets_ok", offsets };
    }
    default:
      throw new NodeError(10, "no such request");
  }
}
