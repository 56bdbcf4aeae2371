// Requests to a node that is alone, and the answers: node test.js
const { readFileSync } = require("fs");
const { deepStrictEqual } = require("assert");

const source = ["maelstrom.js", "node.js"].map((name) => readFileSync(name, "utf8")).join("\n");
const answer = new Function(`${source}\nreturn answer;`)();

const conversation = [
  [{ type: "init", msg_id: 1, node_id: "n0", node_ids: ["n0"] }, { type: "init_ok", in_reply_to: 1 }],
  [{ type: "send", msg_id: 2, key: "k", msg: 5 }, { type: "send_ok", offset: 0, in_reply_to: 2 }],
  [{ type: "send", msg_id: 3, key: "k", msg: 6 }, { type: "send_ok", offset: 1, in_reply_to: 3 }],
  [{ type: "poll", msg_id: 4, offsets: { k: 1, l: 0 } }, { type: "poll_ok", msgs: { k: [[1, 6]], l: [] }, in_reply_to: 4 }],
  [{ type: "commit_offsets", msg_id: 5, offsets: { k: 1 } }, { type: "commit_offsets_ok", in_reply_to: 5 }],
  [{ type: "list_committed_offsets", msg_id: 6, keys: ["k", "l"] }, { type: "list_committed_offsets_ok", offsets: { k: 1 }, in_reply_to: 6 }],
];
for (const [request, expected] of conversation) deepStrictEqual(answer(request), expected);
console.log(`${conversation.length} answers are right`);
