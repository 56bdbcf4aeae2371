// Requests to a node that is alone, and the answers: node test.js
const { readFileSync } = require("fs");
const { deepStrictEqual } = require("assert");

const source = ["maelstrom.js", "node.js"].map((name) => readFileSync(name, "utf8")).join("\n");
const answer = new Function(`${source}\nreturn answer;`)();

const conversation = [
  [{ type: "init", msg_id: 1, node_id: "n0", node_ids: ["n0"] }, { type: "init_ok", in_reply_to: 1 }],
  [{ type: "read", msg_id: 2, key: 0 }, { type: "error", code: 20, text: "there is no key 0", in_reply_to: 2 }],
  [{ type: "write", msg_id: 3, key: 0, value: 3 }, { type: "write_ok", in_reply_to: 3 }],
  [{ type: "cas", msg_id: 4, key: 0, from: 3, to: 4 }, { type: "cas_ok", in_reply_to: 4 }],
  [{ type: "cas", msg_id: 5, key: 0, from: 1, to: 2 }, { type: "error", code: 22, text: "the value is 4, not 1", in_reply_to: 5 }],
  [{ type: "read", msg_id: 6, key: 0 }, { type: "read_ok", value: 4, in_reply_to: 6 }],
];
for (const [request, expected] of conversation) deepStrictEqual(answer(request), expected);
console.log(`${conversation.length} answers are right`);
